"""Feature tables on disk: parquet files that carry their provenance."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mrnet_features.exam_ids import (
    find_id_problem,
    index_by_id,
    is_id_name,
    require_unique_ids,
)
from mrnet_features.files import explain_errors, replace_file
from mrnet_features.messages import name_some, quote
from mrnet_features.parquet_files import PARQUET, read_parquet

FORMAT = 2
"""Version of the provenance and of the column names; tables of format 1 hold no number."""

METADATA_KEY = b"mrnet_features"
"""Key of the provenance in the metadata of a parquet file."""

CHECKSUM_KEY = b"mrnet_features_checksum"
"""Key of the checksum of ids, column names and values in the metadata of a parquet file."""

FINGERPRINTS = "fingerprints"
"""Key of the provenance: one hash per exam, of its pixels."""

FILE_STATES = "file_states"
"""Key of the provenance: one hash per exam, of the sizes and times of its files; as one text, since
pandas copies lists in ``attrs`` with every operation."""

SCALES = "scales"
"""Key of the provenance: pixel size, size and percentiles of stacks of a known pixel size, as from
DICOM and NIfTI, each that occurs; only where an exam has such files. Grey levels of arrays are not
scaled by the percentiles."""

REQUEST = "key"
"""Key of the provenance: hash of the recipe, the device, the versions and the code."""

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

ADVICE = "Extract the features again."
"""Last sentence of the errors of `read_features`."""


def write_features(features: pd.DataFrame, path: str | Path) -> None:
    """Write a feature table to a parquet file, atomically.

    Parameters
    ----------
    features : DataFrame of shape (n_exams, n_features)
        Numbers, indexed by exam id as text. ``attrs["provenance"]``, if present, is written too. It
        loses the hash by which `extract_features` recognises its own table, since the table may
        have been changed.
    path : path
        It must end in ``.parquet`` or ``.pq``.

    Raises
    ------
    ValueError
        If `path` ends otherwise; the index is not exam ids as text, each once; or a column is not
        numeric, occurs twice or has the name of an id column.

    Examples
    --------
    Exams in memory have no ids, so their table needs them before it is written:

    >>> import tempfile
    >>> from mrnet_features import FeatureExtractor
    >>> stack = np.random.default_rng(0).integers(0, 256, (3, 64, 64), np.uint8)
    >>> extractor = FeatureExtractor("minimal", planes=("axial",))
    >>> table = extractor.fit_transform([{"axial": stack}])
    >>> table.index = ["0042"]
    >>> write_features(table, Path(tempfile.mkdtemp(), "table.parquet"))
    """
    path = Path(path)
    if path.suffix.lower() not in PARQUET:
        raise ValueError(
            f"`path` must end in '.parquet', since a parquet file is written, got "
            f"{quote(str(path))}. For a CSV use `features.to_csv(path)`."
        )
    provenance = dict(features.attrs.get("provenance", {}))
    for key in (REQUEST, FILE_STATES, SKIPPED):
        provenance.pop(key, None)
    write_table(features, path, provenance)


def write_table(features: pd.DataFrame, path: Path, provenance: dict[str, Any]) -> None:
    """Write a feature table to a parquet file, atomically, with the given provenance.

    Parameters
    ----------
    features : DataFrame of shape (n_exams, n_features)
        As for `write_features`.
    path : Path
    provenance : dict
        In plain types; may be empty.

    Raises
    ------
    ValueError
        As `write_features`.
    """
    _check_ids(features.index)
    _check_columns("`features`", features)
    bare = features.set_axis(_make_index(features.index))
    bare.attrs = {name: value for name, value in features.attrs.items() if name != "provenance"}
    table = pa.Table.from_pandas(bare)
    table = table.replace_schema_metadata(
        {
            **(table.schema.metadata or {}),
            METADATA_KEY: json.dumps(provenance).encode(),
            CHECKSUM_KEY: hash_values(bare).encode(),
        }
    )
    with replace_file(path) as partial:
        pq.write_table(table, partial)


def read_features(path: str | Path, *, id_width: int | None = None) -> pd.DataFrame:
    """Feature table from a parquet file.

    Exam ids are read from the column or index level with a known name (exam, exam_id, id, case or
    study) or from an index of text. Row numbers are never taken for exam ids.

    Parameters
    ----------
    path : path
    id_width : int, optional
        Digits of an exam id, to restore leading zeros that another tool has lost: 4 for MRNet.

    Returns
    -------
    DataFrame of shape (n_exams, n_features)
        Numbers; the index, named "exam", holds the exam ids as text. ``attrs["provenance"]`` is a
        dict of recipe, versions and data, or empty if the table is from another tool.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    OSError
        If it is a folder, a pipe or a device.
    ValueError
        If it is not a parquet file of numbers with exam ids, each once; was written by another
        version of this library whose columns have other names; or was written by this library and
        changed or damaged since. The checksum guards against accidents, not against attackers.
    """
    path = Path(path)
    try:
        frame, metadata = read_parquet(path, ADVICE)
    except FileNotFoundError:
        raise FileNotFoundError(
            f"There is no file '{path}'. Write it with `mrnet-features extract` or "
            "`extract_features`."
        ) from None
    provenance = _read_provenance(metadata, path)
    checksum = metadata.get(CHECKSUM_KEY, b"").decode(errors="replace")
    # ids of our own tables are complete; in those of other tools zeros may be lost
    frame = index_by_id(frame, f"'{path}'", 1 if checksum and id_width is None else id_width)
    require_unique_ids(f"'{path}'", frame.index)
    _check_columns(f"'{path}'", frame)
    if checksum and checksum != hash_values(frame):
        raise ValueError(
            f"'{path}' was changed or damaged after it was written: its checksum does not match. "
            f"{ADVICE}"
        )
    nullable = [name for name, kind in frame.dtypes.items() if not isinstance(kind, np.dtype)]
    if nullable:
        frame = frame.astype(dict.fromkeys(nullable, np.float64))
    frame = frame.set_axis(_make_index(frame.index))
    frame.attrs = {"provenance": provenance}
    return frame


def hash_values(features: pd.DataFrame) -> str:
    """Checksum of the exam ids, the column names and the values of a table.

    Parameters
    ----------
    features : DataFrame of shape (n_exams, n_features)
        Numbers.

    Returns
    -------
    str
        BLAKE2 hash, 32 hexadecimal digits. All kinds of NaN are the same, as in a parquet file.
    """
    digest = hashlib.blake2b(digest_size=16)
    digest.update(json.dumps([list(features.index), list(features.columns)]).encode())
    n_rows = max(1, 2**22 // max(1, features.shape[1]))
    for start in range(0, len(features), n_rows):
        block = features.iloc[start : start + n_rows].to_numpy(np.float64, na_value=np.nan)
        digest.update(np.ascontiguousarray(np.where(np.isnan(block), np.nan, block)))
    return digest.hexdigest()


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


def _read_provenance(metadata: dict[bytes, bytes], path: Path) -> dict[str, Any]:
    """Provenance in the metadata of a parquet file, checked; empty for a table of another tool."""
    with explain_errors(path, "a table with provenance", ADVICE):
        provenance = json.loads(metadata.get(METADATA_KEY, b"{}"))
    if not isinstance(provenance, dict):
        raise ValueError(  # noqa: TRY004 (the file is wrong, not the type of an argument)
            f"The provenance in '{path}' must be a JSON object, got "
            f"{type(provenance).__name__}. {ADVICE}"
        )
    written = provenance.get("format", 1)
    if "recipe" in provenance and written != FORMAT:
        raise ValueError(
            f"'{path}' was written by {'an older' if written == 1 else 'another'} version of "
            f"mrnet_features, whose columns have other names. {ADVICE}"
        )
    return provenance


def _make_index(ids: Iterable[str]) -> pd.Index[Any]:
    """Index of exam ids, with the type that this version of pandas has for text."""
    return pd.Index(list(ids), name="exam", dtype=pd.Index(["0042"]).dtype)


def _check_ids(index: pd.Index[Any]) -> None:
    """Raise unless an index is exam ids as text, each once."""
    for label in index:
        problem = find_id_problem(label) if isinstance(label, str) else "is not text"
        if problem:
            got = quote(label) if isinstance(label, str | int | float) else type(label).__name__
            raise ValueError(
                f"`features` must be indexed by exam ids as text, but {got} {problem}. A file "
                "can't tell other labels from row numbers. Set the ids: `features.index = ids`."
            )
    require_unique_ids("`features`", index)


def _check_columns(where: str, features: pd.DataFrame) -> None:
    """Raise unless all columns are numbers with distinct names that are not names of ids."""
    names = list(features.columns)
    problems = {
        "must have names of text as columns, got": [n for n in names if not isinstance(n, str)],
        "must have each column once, got twice": list(
            features.columns[features.columns.duplicated()].unique()
        ),
        "must not have a feature with the name of an id column, got": [
            name for name in names if is_id_name(name)
        ],
        "must hold numbers only, got other values in": [
            name
            for name, kind in zip(names, features.dtypes, strict=True)
            if not pd.api.types.is_numeric_dtype(kind)
        ],
    }
    for problem, wrong in problems.items():
        if wrong:
            raise ValueError(
                f"{where} {problem} {name_some(list(map(str, wrong)))}. Drop or rename the columns "
                "that are not features."
            )
