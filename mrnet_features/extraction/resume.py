"""Extract features to a file in shards, so that an interrupted run can be resumed."""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from mrnet_features.arrays import Device
from mrnet_features.data.exam import Exam
from mrnet_features.extraction.describe import Row
from mrnet_features.extraction.extractor import FeatureExtractor, build_frame, check_exams
from mrnet_features.extraction.read import read_exam
from mrnet_features.extraction.recipe import Recipe
from mrnet_features.extraction.table import (
    ADVICE,
    FINGERPRINTS,
    REQUEST,
    describe_provenance,
    hash_texts,
    list_versions,
    read_features,
    write_features,
    write_table,
)
from mrnet_features.jobs import show_progress

SHARD_SIZE = 32
"""Exams per shard: an interrupted run loses at most one shard and the exams in progress."""


def extract_features(
    exams: Sequence[Exam],
    path: str | Path,
    *,
    extractor: FeatureExtractor | None = None,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Extract features and write them to a parquet file; an interrupted run is resumed.

    Finished exams are kept in the folder ``<path>.shards`` until the table is complete. A shard, or
    the whole table, is reused only if the recipe, the device, the package versions, the source code
    of this library and the files of the exams are the same. If only the recipe and the exams are
    the same, the table is extracted again and replaced. A table of another recipe or of other exams
    is never overwritten.

    Parameters
    ----------
    exams : sequence of Exam
    path : path
        Parquet file to write. If it already holds this table, it is read instead.
    extractor : FeatureExtractor, optional
        Default: ``FeatureExtractor()``.
    progress : bool, optional
        Whether to show a progress bar. None shows it in a terminal.

    Returns
    -------
    DataFrame of shape (n_exams, n_features), float32
        As ``extractor.transform(exams)``, with ``attrs["provenance"]``.

    Raises
    ------
    FileExistsError
        If `path` holds anything but a table of these exams by this recipe: another file, a table
        with other exam ids, one whose pixels differ in every exam, one that was changed after
        extraction, or one of an older version of this library.
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
            "`exams` must hold Exam, got mappings of stacks, which have no files to compare with "
            "those of an earlier run. Use `FeatureExtractor.transform` and `write_features` for "
            "stacks in memory."
        )
    extractor = (extractor or FeatureExtractor()).fit(exams)
    recipe = extractor.recipe()
    parts = [exams[start : start + SHARD_SIZE] for start in range(0, len(exams), SHARD_SIZE)]
    keys = [_hash_shard(part, recipe, extractor.device_) for part in parts]
    if path.exists():
        table = _read_existing(path)
        if table.attrs["provenance"].get(REQUEST) == hash_texts(keys):
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
            # one iterator for all shards, so that reading ahead does not stop at the end of a shard
            with contextlib.closing(extractor.iterate(to_describe)) as rows:
                for part, shard in missing:
                    _write_shard(part, rows, extractor, shard, bar)
    table, fingerprints = _join_shards(shards)
    table.attrs["provenance"] = {
        **describe_provenance(recipe, fingerprints, extractor.device_),
        REQUEST: hash_texts(keys),
    }
    write_table(table, path, table.attrs["provenance"])
    shutil.rmtree(folder)
    return table


def _join_shards(shards: Sequence[Path]) -> tuple[pd.DataFrame, list[str]]:
    """Table of all shards, and the fingerprints of its exams."""
    frames = [read_features(shard) for shard in shards]
    fingerprints = [f for frame in frames for f in frame.attrs["provenance"][FINGERPRINTS]]
    for frame in frames:
        frame.attrs = {}  # pandas compares them on concatenation
    return pd.concat(frames), fingerprints


def _read_existing(path: Path) -> pd.DataFrame:
    """Table in the file that is to be written."""
    if path.is_dir():
        raise IsADirectoryError(f"`path` must be a file to write, got the folder '{path}'.")
    try:
        return read_features(path)
    except ValueError as error:
        raise FileExistsError(
            f"`path` must be a new file or a table to resume. {str(error).removesuffix(ADVICE)}"
            "Choose another file, or delete this one."
        ) from error


def _refuse_other(table: pd.DataFrame, path: Path, exams: Sequence[Exam], recipe: Recipe) -> None:
    """Raise unless a table holds the same exams by the same recipe."""
    provenance, ids = table.attrs["provenance"], [exam.id for exam in exams]
    other = ""
    if REQUEST not in provenance:
        other = "was not extracted by `extract_features`, or was changed since"
    elif provenance["recipe_digest"] != recipe.digest:
        other = f"has another recipe ({_compare_recipes(provenance['recipe'], recipe.as_dict())})"
    elif list(table.index) != ids:
        other = f"has other exams ({_compare_ids(list(table.index), ids)})"
    elif not any(  # the first exam usually matches, unless it is the one that changed
        read_exam(exam, index, recipe.planes).fingerprint == provenance[FINGERPRINTS][index]
        for index, exam in enumerate(exams)
    ):
        other = "has the same exam ids, but the pixels of every exam differ"
    if other:
        raise FileExistsError(
            f"The table in '{path}' {other}. Choose another file, or delete this one."
        )


def _compare_recipes(found: dict[str, Any], asked: dict[str, Any]) -> str:
    """Difference between two recipes; families by name."""
    names = [", ".join(family["name"] for family in each["families"]) for each in (found, asked)]
    if names[0] != names[1]:
        return f"families {names[0]}; you asked for {names[1]}"
    different = [key for key in asked if found.get(key) != asked[key]]
    return f"other {' and '.join(different)}"


def _compare_ids(found: Sequence[str], asked: Sequence[str]) -> str:
    """Difference between two lists of exam ids."""
    if sorted(found) == sorted(asked):
        return "the same ids in another order"
    different = sorted(set(found) ^ set(asked))
    shown = ", ".join(different[:3]) + (" ..." if len(different) > 3 else "")
    return f"{len(found)}; you asked for {len(asked)}; in only one of the two: {shown}"


def _write_shard(
    exams: Sequence[Exam],
    rows: Iterator[Row],
    extractor: FeatureExtractor,
    path: Path,
    bar: tqdm[Any],
) -> None:
    """Write the next rows, those of `exams`, to a shard."""
    values: list[np.ndarray[Any, Any]] = []
    fingerprints: list[str] = []
    for row in itertools.islice(rows, len(exams)):
        values.append(row.values)
        fingerprints.append(row.fingerprint)
        bar.update(1)
    recipe = extractor.recipe()
    frame = build_frame(exams, values, recipe.columns())
    frame.attrs["provenance"] = describe_provenance(recipe, fingerprints, extractor.device_)
    write_features(frame, path)


def _hash_shard(exams: Sequence[Exam], recipe: Recipe, device: Device) -> str:
    """Hash of what the rows of a shard depend on: recipe, device, versions, code and files."""
    parts = [recipe.digest, device, json.dumps(list_versions(device)), _hash_sources()]
    for exam in exams:
        for plane in recipe.planes:
            status = exam.paths[plane].stat()
            parts.append(f"{exam.id}{plane}{status.st_size}{status.st_mtime_ns}")
    return hash_texts(parts)


@functools.cache
def _hash_sources() -> str:
    """Hash of the code between pixels and table; the version alone does not change with an edit."""
    package = Path(__file__).parents[1]
    folders = ("stacks", "counts", "formulas", "families", "extraction")
    files = sorted(
        path
        for folder in folders
        for path in (package / folder).rglob("*")
        if path.suffix in {".py", ".cu", ".cuh"}
    )
    files += [package / name for name in ("arrays.py", "launch.py")]
    return hash_texts([path.read_text(encoding="utf-8") for path in files])
