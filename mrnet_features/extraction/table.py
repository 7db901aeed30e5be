"""Feature tables on disk: parquet files that carry their provenance."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mrnet_features.arrays import Device
from mrnet_features.extraction.recipe import Recipe
from mrnet_features.files import replace_file

FORMAT = 2
"""Version of the provenance and of the column names; tables of format 1 hold no number."""

METADATA_KEY = b"mrnet_features"
"""Key of the provenance in the metadata of a parquet file."""

FINGERPRINTS = "fingerprints"
"""Key of the provenance: one hash per exam, of its pixels."""

REQUEST = "key"
"""Key of the provenance: hash of everything that `extract_features` was asked for."""

ADVICE = "Extract the features again."
"""Last sentence of the errors of `read_features`."""


def write_features(features: pd.DataFrame, path: str | Path) -> None:
    """Write a feature table to a parquet file, atomically.

    Parameters
    ----------
    features : DataFrame of shape (n_exams, n_features)
        ``attrs["provenance"]``, if present, is written too. It loses the hash by which
        `extract_features` recognises its own table, since the table may have been changed.
    path : path
    """
    provenance = dict(features.attrs.get("provenance", {}))
    provenance.pop(REQUEST, None)
    write_table(features, Path(path), provenance)


def write_table(features: pd.DataFrame, path: Path, provenance: dict[str, Any]) -> None:
    """Write a feature table to a parquet file, atomically, with the given provenance.

    Parameters
    ----------
    features : DataFrame of shape (n_exams, n_features)
    path : Path
    provenance : dict
        In plain types; may be empty.
    """
    bare = features.copy(deep=False)
    bare.attrs.pop("provenance", None)
    table = pa.Table.from_pandas(bare)
    table = table.replace_schema_metadata(
        {**(table.schema.metadata or {}), METADATA_KEY: json.dumps(provenance).encode()}
    )
    with replace_file(path) as partial:
        pq.write_table(table, partial)


def read_features(path: str | Path) -> pd.DataFrame:
    """Feature table from a parquet file.

    Parameters
    ----------
    path : path

    Returns
    -------
    DataFrame of shape (n_exams, n_features)
        The index holds the exam ids as text. ``attrs["provenance"]`` is a dict of recipe, versions
        and data, or empty if the table is from another tool.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a parquet file, or was written by another version of this library whose
        columns have other names.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"There is no file '{path}'. Write it with `mrnet-features extract` or "
            "`extract_features`."
        )
    try:
        table = pq.read_table(path)
    except pa.ArrowInvalid as error:
        raise ValueError(f"'{path}' can't be read as parquet ({error}). {ADVICE}") from error
    provenance = _read_provenance(table.schema.metadata or {}, path)
    frame: pd.DataFrame = table.to_pandas()
    frame.attrs = {"provenance": provenance}
    return frame


def describe_provenance(
    recipe: Recipe, fingerprints: Sequence[str], device: Device = "cpu"
) -> dict[str, Any]:
    """Provenance of a table: format, recipe, device, versions and data, in plain types.

    Parameters
    ----------
    recipe : Recipe
    fingerprints : sequence of str
        One per exam, in the order of the table.
    device : {"cpu", "cuda"}, default "cpu"
        Device that computed the features.

    Returns
    -------
    dict
        Keys format, recipe, recipe_digest, device, versions, data_fingerprint, n_exams and
        fingerprints.
    """
    return {
        "format": FORMAT,
        "recipe": recipe.as_dict(),
        "recipe_digest": recipe.digest,
        "device": device,
        "versions": list_versions(device),
        "data_fingerprint": hash_texts(fingerprints),
        "n_exams": len(fingerprints),
        FINGERPRINTS: list(fingerprints),
    }


def list_versions(device: Device) -> dict[str, str]:
    """Versions of the packages that the features depend on.

    Parameters
    ----------
    device : {"cpu", "cuda"}
        CuPy is listed for "cuda" only.

    Returns
    -------
    dict of str to str
    """
    packages = ("mrnet-features", "numpy", "numba", "scipy", "pandas")
    versions = {name: importlib.metadata.version(name) for name in packages}
    if device == "cuda":
        import cupy  # its distribution has another name for each version of CUDA

        versions["cupy"] = cupy.__version__
    return versions


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
    try:
        provenance = json.loads(metadata.get(METADATA_KEY, b"{}"))
    except ValueError as error:
        raise ValueError(f"The provenance in '{path}' can't be read ({error}). {ADVICE}") from error
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
