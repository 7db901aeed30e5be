"""Feature tables of a folder: made from its exams, or read together with its labels."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from mrnet_features.data.dataset import Dataset
from mrnet_features.data.exam import Exam
from mrnet_features.data.mrnet import list_excluded, load_labels, load_mrnet
from mrnet_features.data.release import check_request, read_contents
from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.extraction.recipe import Missing
from mrnet_features.extraction.resume import extract_features
from mrnet_features.extraction.table import SKIPPED, read_features
from mrnet_features.messages import name_some
from mrnet_features.names import PLANES
from mrnet_features.stacks.region_sets import Sides


def make_table(
    root: str | Path,
    split: str,
    out: str | Path,
    *,
    families: str | Sequence[Any] = "baseline",
    planes: Sequence[str] = PLANES,
    missing: Missing = "error",
    sides: Sides = "fold",
    exclude: pd.DataFrame | Iterable[str] | None = None,
    device: str = "auto",
    n_jobs: int | None = None,
    batch_size: int | None = None,
    verify: bool = False,
    on_error: Literal["stop", "skip"] = "stop",
) -> tuple[Dataset, pd.DataFrame]:
    """Dataset of a split and its feature table, which is also written to `out`.

    Parameters
    ----------
    root : path
        Folder in the layout of MRNet.
    split : {"train", "valid"}
    out : path
        Parquet file; see `extract_features`.
    families : str or sequence, default "baseline"
        See `FeatureExtractor`.
    planes : sequence of str, default ("axial", "coronal", "sagittal")
        Planes to read; stacks of other planes may be missing.
    missing : {"error", "nan"}, default "error"
        What to do about an exam without a stack file of a plane; see `FeatureExtractor`. An exam
        without any is an error.
    sides : {"fold", "known"}, default "fold"
        Whether regions on the two sides of the knee are folded or named medial and lateral; see
        `FeatureExtractor`.
    exclude : DataFrame or iterable of str, optional
        Exams to leave out; see `load_mrnet`.
    device : {"auto", "cpu", "cuda"}, default "auto"
        See `FeatureExtractor`.
    n_jobs : int, optional
        Parallel processes.
    batch_size : int, optional
        See `FeatureExtractor`.
    verify : bool, default False
        See `extract_features`.
    on_error : {"stop", "skip"}, default "stop"
        See `extract_features`. "skip" also leaves out exams with a broken or missing stack file,
        which is otherwise an error before any exam is described.

    Returns
    -------
    dataset : Dataset
        Without skipped exams.
    features : DataFrame of shape (n_exams, n_features)
    """
    excluded = list_excluded(exclude)
    extractor = FeatureExtractor(
        families,
        planes=planes,
        missing=missing,
        sides=sides,
        device=device,
        n_jobs=n_jobs,
        batch_size=batch_size,
    )
    extractor.recipe()  # a misspelt name is found before thousands of files are looked at
    broken: dict[str, Exam] = {}
    if on_error == "skip":
        broken = _list_broken(Path(root), split, planes, excluded, missing)
    left_out = excluded.union(broken)
    if missing == "nan":
        dataset = _load_with_gaps(Path(root), split, planes, left_out)
    else:
        dataset = load_mrnet(root, split, planes=planes, exclude=left_out)
    exams = sorted([*dataset.exams, *broken.values()], key=lambda exam: exam.id)
    features = extract_features(exams, out, extractor=extractor, verify=verify, on_error=on_error)
    described = set(features.index)
    return dataset[[exam.id in described for exam in dataset]], features


def read_table(
    path: str | Path,
    root: str | Path,
    split: str = "train",
    *,
    exclude: pd.DataFrame | Iterable[str] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Feature table of a file and the labels of its split.

    Parameters
    ----------
    path : path
        Parquet file; see `read_features`.
    root : path
        Folder in the layout of MRNet; only its label files are read.
    split : {"train", "valid"}, default "train"
    exclude : DataFrame or iterable of str, optional
        Exams to leave out of both; see `load_mrnet`.

    Returns
    -------
    features : DataFrame of shape (n_exams, n_features)
    labels : DataFrame of shape (n_exams, 3)

    Raises
    ------
    IsADirectoryError
        If `path` is a folder.
    ValueError
        If table and labels hold different exams, or a file can't be read.
    """
    if Path(path).is_dir():
        raise IsADirectoryError(
            f"'{path}' must be a feature table, got a folder. Pass the table first, then the "
            "folder with the labels."
        )
    excluded = list_excluded(exclude)
    features, labels = read_features(path), load_labels(root, split, exclude=excluded)
    skipped = features.attrs["provenance"].get(SKIPPED, [])
    features = features[~features.index.isin(excluded)]
    _require_labels(path, features, labels, split, skipped)
    return features, labels


def _load_with_gaps(
    root: Path, split: str, planes: Sequence[str], excluded: frozenset[str]
) -> Dataset:
    """Dataset of a split whose exams may lack stack files, as long as each has one."""
    check_request(root, split)
    problems = read_contents(root, split, planes, exclude=excluded).problems
    parts: list[Dataset] = []
    for plane in planes:
        lacking = {p.exam for p in problems if p.code == "stack-missing" and p.plane == plane}
        left_out = excluded.union(lacking - {""})
        parts.append(load_mrnet(root, split, planes=[plane], exclude=left_out))
    paths: dict[str, dict[str, Path]] = {}
    for exam in itertools.chain(*parts):
        paths.setdefault(exam.id, {}).update(exam.paths)
    labels = pd.concat([part.labels for part in parts])
    labels = labels[~labels.index.duplicated()].sort_index()
    return Dataset(tuple(Exam(exam, paths[exam]) for exam in labels.index), labels)


def _list_broken(
    root: Path, split: str, planes: Sequence[str], excluded: frozenset[str], missing: Missing
) -> dict[str, Exam]:
    """Exams with a broken or missing stack file, with the files that there are."""
    check_request(root, split)
    contents = read_contents(root, split, planes, exclude=excluded)
    broken = {
        p.exam
        for p in contents.problems
        if p.code == "stack-file"
        or (p.code == "stack-missing" and (missing == "error" or not p.plane))
    }
    return {
        exam: Exam(
            exam, {plane: files[exam] for plane, files in contents.files.items() if exam in files}
        )
        for exam in broken - {""}
    }


def _require_labels(
    path: str | Path,
    features: pd.DataFrame,
    labels: pd.DataFrame,
    split: str,
    skipped: Sequence[str],
) -> None:
    """Raise if table and labels hold different exams."""
    described, labelled = set(features.index), set(labels.index)
    if described == labelled:
        return
    if labelled - described <= set(skipped) and described <= labelled:
        raise ValueError(
            f"'{path}' lacks exams that have labels in {split} but were skipped by the extraction: "
            f"{name_some(sorted(labelled - described))}. Pass them in `exclude` too."
        )
    parts = [
        f"{len(only)} only in the {name} (such as {min(only)})"
        for name, only in (("table", described - labelled), ("labels", labelled - described))
        if only
    ]
    raise ValueError(
        f"'{path}' must hold the exams that have labels in {split}, got "
        f"{len(described & labelled)} such exams, {', '.join(parts)}. Pass the `split` and "
        "`exclude` that the table was made with."
    )
