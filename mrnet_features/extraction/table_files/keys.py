"""Keys of the metadata and of the provenance of feature tables, and texts of hashes in them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

FORMAT = 2
"""Version of the provenance and of the column names; tables of format 1 hold no number."""

METADATA_KEY = b"mrnet_features"
"""Key of the provenance in the metadata of a parquet file."""

CHECKSUM_KEY = b"mrnet_features_checksum"
"""Key of the checksum of ids, column names and values in the metadata of a parquet file."""

SEAL_KEY = b"mrnet_features_seal"
"""Key of the checksums of parts in the metadata of a parquet file; see `Seal`."""

FINGERPRINTS = "fingerprints"
"""Key of the provenance: one hash per exam, of its pixels; as one text, since pandas copies lists
in ``attrs`` with every operation. Tables of older versions hold a list."""

FILE_STATES = "file_states"
"""Key of the provenance: one hash per exam, of the sizes and times of its files; as one text."""

SCALES = "scales"
"""Key of the provenance: pixel size, size and percentiles of stacks of a known pixel size, as from
DICOM and NIfTI, each that occurs; only where an exam has such files. Grey levels of arrays are not
scaled by the percentiles."""

REQUEST = "key"
"""Key of the provenance: hash of the recipe, the device, the versions and the code, with that of
families of your own."""

SKIPPED = "skipped"
"""Key of the provenance: ids of the exams that were asked for but could not be described."""

MISSING = "missing"
"""Key of the provenance: ids of the exams that lack a series and have NaN in its columns, by
series; only where an exam lacks one."""

IF_MISSING = "if_missing"
"""Key of the provenance: "nan" if exams may lack a series; not there if that is an error."""

SIDES = "sides"
"""Key of the provenance: number of exams by how their side was found (given, tag, position); only
if the recipe has known or guessed sides."""

IDS_DIGEST = "ids_digest"
"""Key of the provenance: hash of the exam ids, in the order of the rows; not there if exams have
none. It tells a table of the same exams from one of as many others."""

OF_EXAMS = (FINGERPRINTS, "data_fingerprint", IDS_DIGEST, FILE_STATES, SKIPPED, MISSING, SIDES)
"""Keys of the provenance of what holds for just these exams; a table of others has not these."""

ADVICE = "Extract the features again."
"""Last sentence of the errors of `read_features`."""

DELETE = "Delete it and extract the features again."
"""Last sentence of the error of a damaged table: `extract_features` does not replace it."""


def join_hashes(hashes: Iterable[str]) -> str:
    """Hashes of all exams as one text.

    Parameters
    ----------
    hashes : iterable of str
        One per exam; empty if an exam has none.

    Returns
    -------
    str

    Examples
    --------
    >>> join_hashes(["ab", "", "cd"]), split_hashes("ab - cd")
    ('ab - cd', ['ab', '', 'cd'])
    """
    return " ".join(text or "-" for text in hashes)


def split_hashes(joined: str | Sequence[str]) -> list[str]:
    """Hashes from the text of `join_hashes`, or from the list that older tables hold.

    Parameters
    ----------
    joined : str or sequence of str

    Returns
    -------
    list of str
    """
    texts = joined.split() if isinstance(joined, str) else joined
    return ["" if text == "-" else text for text in texts]


def hash_texts(texts: Sequence[str]) -> str:
    """BLAKE2 hash of several texts, 32 hexadecimal digits.

    Parameters
    ----------
    texts : sequence of str

    Returns
    -------
    str

    Examples
    --------
    >>> hash_texts(["a", "b"]) == hash_texts(["b", "a"])
    False
    """
    return hashlib.blake2b("\n".join(texts).encode(), digest_size=16).hexdigest()
