"""A table on disk: parquet with its provenance, written shard by shard so that work can resume."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.metadata
import itertools
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from mrnet_features.arrays import Device
from mrnet_features.data.exam import Exam
from mrnet_features.extraction.describe import Row, read_exam
from mrnet_features.extraction.extractor import FeatureExtractor, check_exams, frame_of
from mrnet_features.extraction.recipe import Recipe
from mrnet_features.files import replace_file
from mrnet_features.jobs import show_progress

SHARD_SIZE = 32  # exams; lost at most when a run is stopped, beside those that are under way
KEY = b"mrnet_features"
FINGERPRINTS = "fingerprints"
REQUEST = "key"  # of the provenance: what exactly was asked of `extract_features`


def extract_features(
    exams: Sequence[Exam],
    path: str | Path,
    *,
    extractor: FeatureExtractor | None = None,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Table of the exams' features, written to a parquet file; a stopped run goes on.

    Finished exams are kept in ``<path>.shards/`` until the table is whole. A shard, or the whole
    table, is used again only where recipe, versions, this package's sources and the exams' files
    are the same. Where code or some files have changed, or the device is another, the table is
    made again. One of another recipe or of other exams is not written over.

    Parameters
    ----------
    exams : sequence of Exam
    path : path
        The parquet file; where it holds this very table, it is read.
    extractor : FeatureExtractor, optional
        Default: ``FeatureExtractor()``.
    progress : bool, optional
        Show a bar. None shows one where the error output is a terminal.

    Returns
    -------
    DataFrame of shape (n_exams, n_features), float32
        As ``extractor.transform(exams)``, with ``attrs["provenance"]``.

    Raises
    ------
    FileExistsError
        If `path` holds anything but a table of these exams by this recipe: other ids, or the same
        with other pixels in all of them; or one that was changed and written again.
    IsADirectoryError
        If `path` is a folder.
    ValueError
        If `path` does not end in ``.parquet``.
    TypeError
        If an exam is a mapping of stacks in memory.
    """
    path = Path(path)
    if path.suffix != ".parquet":
        raise ValueError(f"`path` must end in '.parquet', got '{path}'.")
    check_exams(exams)
    if not all(isinstance(exam, Exam) for exam in exams):
        raise TypeError(
            "`exams` must hold Exam, whose files tell whether a shard is still good, got mappings. "
            "Use `FeatureExtractor.transform` and `write_features` for stacks in memory."
        )
    extractor = (extractor or FeatureExtractor()).fit(exams)
    recipe = extractor.recipe()
    parts = [exams[start : start + SHARD_SIZE] for start in range(0, len(exams), SHARD_SIZE)]
    keys = [_shard_key(part, recipe, extractor.device_) for part in parts]
    if path.exists():
        table = _read_found(path)
        if table.attrs["provenance"].get(REQUEST) == _hash(keys):
            return table
        _refuse_other(table, path, exams, recipe)
    folder = path.with_name(path.name + ".shards")
    folder.mkdir(parents=True, exist_ok=True)
    shards = [folder / f"{key}.parquet" for key in keys]
    missing = [pair for pair in zip(parts, shards, strict=True) if not pair[1].is_file()]
    to_describe = [exam for part, _ in missing for exam in part]
    with show_progress(len(exams), "extract", "exam", progress) as bar:
        bar.update(len(exams) - len(to_describe))
        if missing:
            # one run through all, so that what is read ahead does not end with a shard
            with contextlib.closing(extractor.iterate(to_describe)) as rows:
                for part, shard in missing:
                    _write_shard(part, rows, extractor, shard, bar)
    frames = [read_features(shard) for shard in shards]
    fingerprints = [f for frame in frames for f in frame.attrs["provenance"][FINGERPRINTS]]
    for frame in frames:
        frame.attrs = {}  # pandas compares them on concatenation
    table = pd.concat(frames)
    table.attrs["provenance"] = {
        **describe_provenance(recipe, fingerprints, extractor.device_),
        REQUEST: _hash(keys),
    }
    _write_table(table, path, table.attrs["provenance"])
    shutil.rmtree(folder)
    return table


def write_features(features: pd.DataFrame, path: str | Path) -> None:
    """Write a table to a parquet file in one step, so that no half file can be left behind.

    Parameters
    ----------
    features : DataFrame of shape (n_exams, n_features)
        ``attrs["provenance"]``, where present, is kept in the file, but for the mark of a table as
        `extract_features` made it: you may have changed it.
    path : path
    """
    provenance = dict(features.attrs.get("provenance", {}))
    provenance.pop(REQUEST, None)
    _write_table(features, Path(path), provenance)


def _write_table(features: pd.DataFrame, path: Path, provenance: dict[str, Any]) -> None:
    bare = features.copy(deep=False)
    bare.attrs.pop("provenance", None)
    table = pa.Table.from_pandas(bare)
    table = table.replace_schema_metadata(
        {**(table.schema.metadata or {}), KEY: json.dumps(provenance).encode()}
    )
    with replace_file(path) as partial:
        pq.write_table(table, partial)


def read_features(path: str | Path) -> pd.DataFrame:
    """Table of a parquet file.

    Parameters
    ----------
    path : path

    Returns
    -------
    DataFrame of shape (n_exams, n_features)
        Index: exam ids as text. ``attrs["provenance"]`` is a dict with recipe, versions and data
        where this library wrote the file, else empty.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a parquet file.
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
        raise ValueError(
            f"'{path}' can't be read as parquet ({error}). Extract the features again."
        ) from error
    frame: pd.DataFrame = table.to_pandas()
    frame.attrs = {"provenance": json.loads((table.schema.metadata or {}).get(KEY, b"{}"))}
    return frame


def describe_provenance(
    recipe: Recipe, fingerprints: Sequence[str], device: Device = "cpu"
) -> dict[str, Any]:
    """Where a table comes from: recipe, device, versions and data, in plain types.

    Parameters
    ----------
    recipe : Recipe
    fingerprints : sequence of str
        One an exam, in the table's order.
    device : {"cpu", "cuda"}, default "cpu"
        Where it was counted.

    Returns
    -------
    dict
        Keys recipe, recipe_digest, device, versions, data_fingerprint, n_exams.
    """
    return {
        "recipe": recipe.as_dict(),
        "recipe_digest": recipe.digest,
        "device": device,
        "versions": _list_versions(device),
        "data_fingerprint": _hash(fingerprints),
        "n_exams": len(fingerprints),
        FINGERPRINTS: list(fingerprints),
    }


def _read_found(path: Path) -> pd.DataFrame:
    """Table that lies where one is to be written."""
    if path.is_dir():
        raise IsADirectoryError(f"`path` must be a file to write, got the folder '{path}'.")
    try:
        return read_features(path)
    except ValueError as error:
        raise FileExistsError(
            f"'{path}' is no parquet file. Choose another file, or delete this one."
        ) from error


def _refuse_other(table: pd.DataFrame, path: Path, exams: Sequence[Exam], recipe: Recipe) -> None:
    """Raise unless a table holds the same exams by the same recipe."""
    provenance, ids = table.attrs["provenance"], [exam.id for exam in exams]
    other = ""
    if REQUEST not in provenance:
        other = "that was not extracted, or changed since"
    elif provenance["recipe_digest"] != recipe.digest:
        other = f"of another recipe ({_tell_difference(provenance['recipe'], recipe.as_dict())})"
    elif list(table.index) != ids:
        other = f"of other exams ({_tell_exams(list(table.index), ids)})"
    elif not any(  # of one folder the first exam will do, unless it is the one that changed
        read_exam(exam, place, recipe.planes).fingerprint == provenance[FINGERPRINTS][place]
        for place, exam in enumerate(exams)
    ):
        other = "of other exams (the same ids, but other pixels in each)"
    if other:
        raise FileExistsError(
            f"'{path}' holds a table {other}. Choose another file, or delete this one."
        )


def _tell_difference(there: dict[str, Any], asked: dict[str, Any]) -> str:
    """What differs between two recipes, the families by name."""
    names = [", ".join(family["name"] for family in each["families"]) for each in (there, asked)]
    if names[0] != names[1]:
        return f"families {names[0]}, asked for {names[1]}"
    different = [key for key in asked if there.get(key) != asked[key]]
    return f"with other {' and '.join(different)}"


def _tell_exams(there: Sequence[str], asked: Sequence[str]) -> str:
    """What differs between two lists of exam ids."""
    if sorted(there) == sorted(asked):
        return "the same ones in another order"
    different = sorted(set(there) ^ set(asked))
    shown = ", ".join(different[:3]) + (" ..." if len(different) > 3 else "")
    return f"{len(there)}, asked for {len(asked)}; in one of both alone: {shown}"


def _write_shard(
    exams: Sequence[Exam],
    rows: Iterator[Row],
    extractor: FeatureExtractor,
    path: Path,
    bar: tqdm[Any],
) -> None:
    """Take the rows of some exams, the next there are, and write them."""
    values: list[np.ndarray[Any, Any]] = []
    fingerprints: list[str] = []
    for row in itertools.islice(rows, len(exams)):
        values.append(row.values)
        fingerprints.append(row.fingerprint)
        bar.update(1)
    recipe = extractor.recipe()
    frame = frame_of(exams, values, recipe.columns())
    frame.attrs["provenance"] = describe_provenance(recipe, fingerprints, extractor.device_)
    write_features(frame, path)


def _shard_key(exams: Sequence[Exam], recipe: Recipe, device: Device) -> str:
    """Hash of all that a shard's rows depend on: recipe, device, code, the files as they are."""
    parts = [recipe.digest, device, json.dumps(_list_versions(device)), _hash_sources()]
    for exam in exams:
        for plane in recipe.planes:
            status = exam.paths[plane].stat()
            parts.append(f"{exam.id}{plane}{status.st_size}{status.st_mtime_ns}")
    return _hash(parts)


def _list_versions(device: Device) -> dict[str, str]:
    """Versions of the packages that a row depends on."""
    packages = ("mrnet-features", "numpy", "numba", "scipy", "scikit-image", "pandas")
    versions = {name: importlib.metadata.version(name) for name in packages}
    if device == "cuda":
        import cupy  # its distributions have a name for each version of CUDA

        versions["cupy"] = cupy.__version__
    return versions


@functools.cache
def _hash_sources() -> str:
    """Hash of the code between pixels and table: a version alone does not change with an edit."""
    package = Path(__file__).parents[1]
    folders = ("stacks", "counts", "formulas", "families", "extraction")
    files = sorted(
        path
        for folder in folders
        for path in (package / folder).rglob("*")
        if path.suffix in {".py", ".cu", ".cuh"}
    )
    files += [package / name for name in ("arrays.py", "launch.py")]
    return _hash([path.read_text(encoding="utf-8") for path in files])


def _hash(parts: Sequence[str]) -> str:
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()
