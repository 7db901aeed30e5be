"""Feature tables of a folder: made from its exams, or read together with its labels."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from mrnet_features.data.dataset import Dataset
from mrnet_features.data.exam import Exam
from mrnet_features.data.mrnet.load import load_mrnet
from mrnet_features.data.mrnet.release import check_request, read_contents
from mrnet_features.data.roots import open_root
from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.extraction.read import suffices
from mrnet_features.extraction.recipe import Missing
from mrnet_features.extraction.runs.existing import TableHead, read_head
from mrnet_features.extraction.runs.resume import extract_features
from mrnet_features.extraction.sides import give_sides
from mrnet_features.extraction.table_files.features import read_features
from mrnet_features.extraction.table_files.folder import list_tables
from mrnet_features.extraction.table_files.keys import SKIPPED
from mrnet_features.files.paths import to_path
from mrnet_features.files.stored_paths import AnyPath, Given
from mrnet_features.ids.excluded import list_excluded
from mrnet_features.messages import name_some
from mrnet_features.names import PLANES
from mrnet_features.series.side import make_side
from mrnet_features.stacks.region_sets import Sides
from mrnet_features.workflows.exam_folders import (
    MRNET,
    list_series,
    load_exams,
    load_known_labels,
    name_layout,
)
from mrnet_features.workflows.tasks import choose_tasks

if TYPE_CHECKING:
    from distributed import Client

logger = logging.getLogger("mrnet_features")


def make_table(
    root: Given, split: str, out: str | Path, **options: Any
) -> tuple[Dataset, pd.DataFrame]:
    """Dataset of a split and its feature table, which is also written to `out`.

    Parameters
    ----------
    root, split, out, **options
        See `extract_table`.

    Returns
    -------
    dataset : Dataset
        Without skipped exams.
    features : DataFrame of shape (n_exams, n_features)
    """
    dataset, _ = extract_table(root, split, out, **options)
    return dataset, read_features(out)


def extract_table(
    root: Given,
    split: str,
    out: str | Path,
    *,
    families: str | Sequence[Any] = "baseline",
    planes: Sequence[str] | None = None,
    missing: Missing | None = None,
    sides: Sides = "fold",
    exclude: pd.DataFrame | Iterable[str] | None = None,
    device: str = "auto",
    n_jobs: int | None = None,
    batch_size: int | None = None,
    verify: bool = False,
    on_error: Literal["stop", "skip"] | None = None,
    ids: str | Path | None = None,
    dask: str | Client | None = None,
) -> tuple[Dataset, TableHead]:
    """Write the feature table of a split; its values are never all in memory.

    Parameters
    ----------
    root : path or URL
        Folder in the layout of MRNet or of the RSNA set, or a folder of DICOM studies; see
        `load_exams`.
    split : str
    out : path
        Parquet file; see `extract_features`.
    families : str or sequence, default "baseline"
        See `FeatureExtractor`.
    planes : sequence of str, optional
        Series to read; others may be missing. By default MRNet's three planes, or every series
        that an exam of the folder has.
    missing : {"error", "nan"}, optional
        What to do about an exam without a series; see `FeatureExtractor`. An exam without any is
        an error. By default "error" in the layout of MRNet, else "nan".
    sides : {"fold", "known", "guess"}, default "fold"
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
    on_error : {"stop", "skip"}, optional
        See `extract_features`. "skip" also leaves out exams with a broken or missing stack file,
        which is otherwise an error before any exam is described. By default "stop" in the layout of
        MRNet, else "skip".
    ids : path, optional
        Exam ids of a folder of studies; see `load_exams`.
    dask : str or distributed.Client, optional
        Dask cluster that describes the exams; see `extract_features`.

    Returns
    -------
    dataset : Dataset
        Without skipped exams.
    head : TableHead
        Ids, columns and provenance of the table.
    """
    root, excluded = open_root(root), list_excluded(exclude)
    is_mrnet = name_layout(root) == MRNET
    missing = missing or ("error" if is_mrnet else "nan")
    on_error = on_error or ("stop" if is_mrnet else "skip")
    extractor = FeatureExtractor(
        families,
        planes=PLANES if planes is None else planes,
        missing=missing,
        sides=sides,
        device=device,
        n_jobs=n_jobs,
        batch_size=batch_size,
    )
    extractor.recipe()  # a misspelt name is found before thousands of files are looked at
    if is_mrnet:
        other = [plane for plane in extractor.planes if plane not in PLANES]
        if other:
            raise ValueError(
                f"`planes` must be some of {', '.join(PLANES)}, got {name_some(other)}: a folder "
                "in the layout of MRNet has one stack per plane."
            )
        dataset, exams = _load_mrnet(
            root, split, tuple(extractor.planes), excluded, missing, on_error
        )
    else:
        dataset = load_exams(root, split, planes=planes, exclude=excluded, ids=ids, n_jobs=n_jobs)
        exams = list(dataset.exams)
        if planes is None:
            chosen = list_series(_leave_out_unknown(dataset, sides, on_error))
            logger.info("Series to describe: %s.", ", ".join(chosen))
            extractor.set_params(planes=chosen)
    extract_features(
        exams,
        out,
        extractor=extractor,
        verify=verify,
        on_error=on_error,
        load=False,
        dask=dask,
    )
    head = read_head(Path(out))
    described = set(head.ids)
    return dataset[[exam.id in described for exam in dataset]], head


def read_table(
    path: str | Path,
    root: Given,
    split: str = "train",
    *,
    exclude: pd.DataFrame | Iterable[str] | None = None,
    tasks: Sequence[str] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Feature table of a file and the labels of its split.

    Parameters
    ----------
    path : path
        Parquet file, or a folder of parts of one table; see `read_features`.
    root : path or URL
        Folder or CSV; only its labels are read. See `load_known_labels`.
    split : str, default "train"
    exclude : DataFrame or iterable of str, optional
        Exams to leave out of both; see `load_mrnet`.
    tasks : sequence of str, optional
        Columns to read of a CSV of labels; by default all.

    Returns
    -------
    features : DataFrame of shape (n_exams, n_features)
    labels : DataFrame of shape (n_exams, n_tasks)
        NaN where an exam has no label for a task.

    Raises
    ------
    IsADirectoryError
        If `path` is a folder without tables.
    ValueError
        If table and labels hold different exams, or a file can't be read.
        Labels of exams that the table lacks are an error in the layout of MRNet; in others they
        are left out, and the log says so.
    """
    root = to_path(root)
    if Path(path).is_dir() and not list_tables(Path(path)):
        raise IsADirectoryError(
            f"'{path}' must be a feature table, got a folder. Pass the table first, then the "
            "folder with the labels."
        )
    excluded = list_excluded(exclude)
    features = read_features(path)
    labels = load_known_labels(root, split, exclude=excluded, tasks=tasks, exams=features.index)
    skipped = features.attrs["provenance"].get(SKIPPED, [])
    features = features[~features.index.isin(excluded)]
    if root.is_file():
        labels = _fit_labels(labels, features, root, path)
    elif name_layout(root) != MRNET:
        lacking = labels.index.difference(features.index)
        if len(lacking) and len(lacking) < len(labels):
            n_skipped = len(lacking.intersection(skipped))
            said = "Left out, since the table lacks them: %d of %d exams with labels (%s)%s."
            by = f", of which the extraction skipped {n_skipped}" if n_skipped else ""
            logger.warning(said, len(lacking), len(labels), name_some(sorted(lacking)), by)
            labels = labels.drop(index=lacking)
    _require_labels(path, features, labels, split, skipped)
    return features, labels


def read_scored_table(
    path: str | Path,
    root: Given,
    split: str = "train",
    *,
    exclude: pd.DataFrame | Iterable[str] | None = None,
    tasks: Sequence[str] | None = None,
    n_splits: int | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Feature table of a file and the labels that can be scored: `read_table`, `choose_tasks`.

    Parameters
    ----------
    path, root, split, exclude, tasks, n_splits
        See there.

    Returns
    -------
    features : DataFrame of shape (n_exams, n_features)
    labels : DataFrame of shape (n_exams, n_tasks)

    Raises
    ------
    OSError, ValueError
        As there.
    """
    features, labels = read_table(path, root, split, exclude=exclude, tasks=tasks)
    return features, choose_tasks(labels, tasks, n_splits=n_splits)


def _leave_out_unknown(dataset: Dataset, sides: Sides, on_error: str) -> Dataset:
    """Exams that can be described: without those of unknown side, where these are skipped."""
    if sides == "fold" or on_error != "skip":
        return dataset
    exams = give_sides(dataset.exams, sides, skips=True)
    kept = [suffices(make_side(exam.side), sides) for exam in exams]
    if not any(kept):  # the extraction says more
        return dataset
    unknown = [exam.id for exam, is_kept in zip(exams, kept, strict=True) if not is_kept]
    if unknown:
        said = "The side of %d of %d exams is unknown; they are skipped: %s."
        logger.warning(said, len(unknown), len(exams), name_some(unknown))
    return dataset[kept]


def _load_mrnet(
    root: AnyPath,
    split: str,
    planes: Sequence[str],
    excluded: frozenset[str],
    missing: Missing,
    on_error: str,
) -> tuple[Dataset, list[Exam]]:
    """Dataset of a split, and its exams together with those that will be skipped."""
    broken: dict[str, Exam] = {}
    if on_error == "skip":
        broken = _list_broken(root, split, planes, excluded, missing)
    left_out = excluded.union(broken)
    if missing == "nan":
        dataset = _load_with_gaps(root, split, planes, left_out)
    else:
        dataset = load_mrnet(root, split, planes=planes, exclude=left_out)
    return dataset, sorted([*dataset.exams, *broken.values()], key=lambda exam: exam.id)


def _load_with_gaps(
    root: AnyPath, split: str, planes: Sequence[str], excluded: frozenset[str]
) -> Dataset:
    """Dataset of a split whose exams may lack stack files, as long as each has one."""
    check_request(root, split)
    problems = read_contents(root, split, planes, exclude=excluded).problems
    parts: list[Dataset] = []
    for plane in planes:
        lacking = {p.exam for p in problems if p.code == "stack-missing" and p.plane == plane}
        left_out = excluded.union(lacking - {""})
        parts.append(load_mrnet(root, split, planes=[plane], exclude=left_out))
    paths: dict[str, dict[str, AnyPath]] = {}
    for exam in itertools.chain(*parts):
        paths.setdefault(exam.id, {}).update(exam.paths)
    labels = pd.concat([part.labels for part in parts])
    labels = labels[~labels.index.duplicated()].sort_index()
    return Dataset(tuple(Exam(exam, paths[exam]) for exam in labels.index), labels)


def _list_broken(
    root: AnyPath, split: str, planes: Sequence[str], excluded: frozenset[str], missing: Missing
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


def _fit_labels(
    labels: pd.DataFrame, features: pd.DataFrame, file: AnyPath, path: str | Path
) -> pd.DataFrame:
    """Labels of the exams of a table; NaN for those that a CSV of labels does not name."""
    shared = labels.index.intersection(features.index)
    if not len(shared):
        raise ValueError(
            f"'{file}' must hold labels of the exams of '{path}' (such as {features.index[0]}), "
            f"got other ids (such as {labels.index[0]})."
        )
    if len(shared) < len(features) or len(shared) < len(labels):
        said = "%d of %d exams of the table have labels; %d of %d rows of '%s' are of others%s."
        other = sorted(labels.index.difference(shared))
        names = f": {name_some(other)}" if other else ""
        logger.info(said, len(shared), len(features), len(other), len(labels), file, names)
    return labels.reindex(features.index.sort_values()).rename_axis(index="exam")


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
