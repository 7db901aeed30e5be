"""Exams and labels of a folder, whatever its layout: MRNet's, that of the RSNA set, or studies."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mrnet_features.data.dataset import Dataset
from mrnet_features.data.layouts import LAYOUT_SPLITS, find_layout, load_labels, load_split
from mrnet_features.data.roots import open_root
from mrnet_features.data.rsna.files import read_studies
from mrnet_features.files.csv_files import read_table
from mrnet_features.files.paths import require_local, to_path
from mrnet_features.files.stored_paths import AnyPath, Given, StoredPath
from mrnet_features.ids.checks import require_unique_ids
from mrnet_features.ids.excluded import list_excluded
from mrnet_features.ids.reading import index_by_id
from mrnet_features.messages import name_some, quote
from mrnet_features.names import TASKS, sort_series
from mrnet_features.workflows.studies import holds_dicom, load_studies

__all__ = [
    "MRNET",
    "RSNA",
    "STUDIES",
    "list_inputs",
    "list_series",
    "load_exams",
    "load_known_labels",
    "name_layout",
]

logger = logging.getLogger("mrnet_features")

MRNET, RSNA, STUDIES = "mrnet", "rsna", "studies"


def name_layout(root: Given) -> str:
    """Layout of a folder of exams.

    Parameters
    ----------
    root : path or URL

    Returns
    -------
    {"mrnet", "rsna", "studies"}
        "studies": DICOM files without tables, see `find_studies`.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or it has none of these layouts. DICOM studies behind a URL or
        in a zip file are not looked for.
    """
    root = open_root(root)
    try:
        return find_layout(root)
    except FileNotFoundError as error:
        if isinstance(root, StoredPath) and root.is_dir():
            raise FileNotFoundError(
                f"{error} A folder of DICOM studies without tables must lie on this computer: copy "
                "or unpack it first."
            ) from None
        if isinstance(root, Path) and root.is_dir() and holds_dicom(root):
            return STUDIES
        raise


def load_exams(
    root: Given,
    split: str = "train",
    *,
    planes: Sequence[str] | None = None,
    exclude: pd.DataFrame | Iterable[str] | None = None,
    ids: str | Path | None = None,
    n_jobs: int | None = None,
) -> Dataset:
    """Exams of one split of a folder of any layout; no pixel is read.

    Parameters
    ----------
    root : path or URL
    split : str, default "train"
        "train" or "valid" of MRNet, "train" or "test" of the layout of the RSNA set. A folder of
        studies has no splits: all its studies are "train".
    planes : sequence of str, optional
        Series to load; by default all.
    exclude : DataFrame or iterable of str, optional
        Exams to leave out; see `load_mrnet`.
    ids : path, optional
        Of a folder of studies: CSV of their exam ids; see `find_studies`.
    n_jobs : int, optional
        Parallel processes, to read the headers of studies.

    Returns
    -------
    Dataset
        The labels of studies have no rows.

    Raises
    ------
    OSError, ValueError, ModuleNotFoundError
        As the reader of the layout.
    """
    root, excluded = open_root(root), list_excluded(exclude)
    layout = name_layout(root)
    if ids is not None and layout != STUDIES:
        raise ValueError("`ids` names the studies of a folder that has no table. Leave it out.")
    if layout != STUDIES:
        dataset = load_split(root, split, planes, exclude=excluded, missing="drop")
        if layout == RSNA:
            _tell_dropped(root, split, dataset, excluded)
        return dataset
    if split != "train":
        raise ValueError(f"'{root}' holds studies without splits. Leave `split` out.")
    exams = load_studies(require_local(root, "A folder of studies"), ids, n_jobs=n_jobs)
    dataset = Dataset(exams, pd.DataFrame(index=pd.Index([], name="exam", dtype=object)))
    unknown = sorted(excluded - set(dataset.ids))
    if unknown:
        warnings.warn(
            f"`exclude` should hold exams of '{root}', got {name_some(unknown)}. Check the ids.",
            stacklevel=2,
        )
    kept = dataset[[exam not in excluded for exam in dataset.ids]]
    if not len(kept):
        raise ValueError(f"Every study of '{root}' is excluded. Exclude fewer.")
    return kept


def load_known_labels(
    root: Given,
    split: str = "train",
    *,
    exclude: pd.DataFrame | Iterable[str] | None = None,
    tasks: Sequence[str] | None = None,
    exams: Iterable[str] = (),
) -> pd.DataFrame:
    """Labels of one split of a folder, or of a CSV; no stack is needed.

    Parameters
    ----------
    root : path or URL
        Folder as for `load_exams`; or a CSV with a column of exam ids and one per task, which hold
        0, 1 or nothing.
    split, exclude
        As for `load_exams`.
    tasks : sequence of str, optional
        Columns of the CSV to read; by default all.
    exams : iterable of str, optional
        Exam ids of the table, which show that ids of the CSV have lost no zeros.

    Returns
    -------
    DataFrame of shape (n_exams, n_tasks)
        Index exam id; NaN where an exam has no label.

    Raises
    ------
    OSError, ValueError
        If there are no labels, or they can't be read.
    """
    root, excluded = open_root(root), list_excluded(exclude)
    if root.is_file():
        labels = _read_label_table(root, tasks, frozenset(exams))
        return labels[~labels.index.isin(excluded)]
    if root.suffix == ".csv" and not root.exists():
        raise FileNotFoundError(
            f"There is no file '{root}'. Pass a CSV of labels, or the folder of the exams."
        )
    try:
        is_studies = name_layout(root) == STUDIES
    except FileNotFoundError:
        is_studies = False  # the reader of labels says more
    if is_studies:
        raise ValueError(
            f"'{root}' holds DICOM studies without labels. Pass a CSV of labels in its place: a "
            "column of exam ids and one per task, with 0 or 1."
        )
    return load_labels(root, split, exclude=excluded)


def list_series(dataset: Dataset) -> tuple[str, ...]:
    """Series that at least one exam has, in the order of columns.

    Parameters
    ----------
    dataset : Dataset

    Returns
    -------
    tuple of str
    """
    return tuple(sort_series({series for exam in dataset.exams for series in exam.paths}))


def list_inputs(root: Given, split: str) -> list[Path]:
    """Local files of labels and series of a folder, which no result may replace.

    Parameters
    ----------
    root : path or URL
    split : str

    Returns
    -------
    list of Path
    """
    root = to_path(root)
    if isinstance(root, StoredPath):  # results are written on this computer
        archive = getattr(root.store, "archive", None)
        return [archive] if isinstance(archive, Path) else []
    tables = [f"{name}{end}.csv" for name in LAYOUT_SPLITS["rsna"] for end in ("", "_series")]
    names = [*(f"{split}-{task}.csv" for task in TASKS), *tables, "sample_submission.csv"]
    return [root, *(root / name for name in names)]


def _tell_dropped(root: AnyPath, split: str, dataset: Dataset, excluded: frozenset[str]) -> None:
    """Log how many studies of the table have no series in the folder."""
    listed = set(read_studies(root / f"{split}.csv").labels) - excluded
    dropped = sorted(listed - set(dataset.ids))
    if dropped:
        said = "Left out, since the folder has none of their series: %d of %d studies (%s)."
        logger.warning(said, len(dropped), len(listed), name_some(dropped))


def _read_label_table(
    path: AnyPath, tasks: Sequence[str] | None, exams: frozenset[str]
) -> pd.DataFrame:
    """Labels of a CSV with a header."""
    table = index_by_id(read_table(path), f"'{path}'", known=exams)
    require_unique_ids(f"'{path}'", table.index)
    names = list(table.columns) if tasks is None else list(tasks)
    missing = [name for name in names if name not in table.columns]
    if missing or not names:
        raise ValueError(
            f"'{path}' must have a column per task, and lacks {name_some(missing) or 'all'} "
            f"(present: {name_some(list(table.columns)) or 'none'})."
        )
    columns: dict[str, Any] = {}
    for name in names:
        cells = table[name]
        is_empty = cells.isin(["", "nan", "NaN", "NA"]).to_numpy()
        numbers = pd.to_numeric(cells, errors="coerce").to_numpy(np.float64)
        wrong = ~is_empty & ~np.isin(numbers, [0, 1])
        if wrong.any():
            k = int(np.argmax(wrong))
            raise ValueError(
                f"'{path}' must hold 0, 1 or nothing in the column {quote(name)}, got "
                f"{quote(cells.iloc[k])} for exam {quote(table.index[k])} ({int(wrong.sum())} such "
                "cells). Correct them, or name the columns to read in `tasks`."
            )
        columns[name] = np.where(is_empty, np.nan, numbers)
    return pd.DataFrame(columns, index=table.index).sort_index()
