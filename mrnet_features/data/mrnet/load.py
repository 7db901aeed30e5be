"""Load an MRNet folder: exams and labels, checked before any pixel is read."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Sequence

import numpy as np
import pandas as pd

from mrnet_features.data.dataset import Dataset
from mrnet_features.data.exam import Exam
from mrnet_features.data.mrnet.label_files import find_label_files
from mrnet_features.data.mrnet.leading_zeros import find_width, restore_zeros
from mrnet_features.data.mrnet.release import (
    Contents,
    check_request,
    has_split,
    list_ids,
    read_contents,
)
from mrnet_features.data.mrnet.release_hints import guess_layout
from mrnet_features.data.problems import Problem, format_problems
from mrnet_features.data.roots import open_root
from mrnet_features.files.stored_paths import AnyPath, Given
from mrnet_features.ids.excluded import list_excluded
from mrnet_features.messages import name_some, quote
from mrnet_features.names import PLANES, SPLITS

__all__ = ["load_labels", "load_mrnet"]


def load_mrnet(
    root: Given,
    split: str = "train",
    *,
    planes: str | Sequence[str] = PLANES,
    exclude: pd.DataFrame | Iterable[str] | None = None,
) -> Dataset:
    """Exams and labels of one split of an MRNet folder, or of a folder with the same layout.

    Every label file and the header of every stack is checked; no pixel is read. All problems
    of the folder are reported in one error.

    Parameters
    ----------
    root : path or URL
        Folder that holds ``train/axial/0000.npy`` and so on, and ``train-abnormal.csv`` and
        so on (no header, rows ``0000,1``). Exam ids may be any text; if numbers among them begin
        with zeros, all numbers must have their zeros. A zip file that holds such a folder is read
        without unpacking it. So is a folder behind a URL such as ``s3://bucket/MRNet-v1.0``, with
        the extra ``remote``; storage options are those of a UPath, or of fsspec's configuration.
    split : {"train", "valid"}, default "train"
    planes : str or sequence of str, default ("axial", "coronal", "sagittal")
        Planes that every exam must have.
    exclude : DataFrame or iterable of str, optional
        Exam ids to leave out, with all their problems. Or the table of `audit` or a reader's
        marks: exams with the severity "reject" are left out; all exams of a table without the
        column severity. Ids of the other split are ignored, so that one table serves both splits.
        If the folder has both splits, an id that neither has gives a warning.

    Returns
    -------
    Dataset

    Raises
    ------
    FileNotFoundError
        If the folder, or its folder of the split, does not exist.
    TypeError
        If `exclude` is a single string or holds anything but text, or `planes` is no text.
    ValueError
        If `split` or `planes` is not one of those named, `exclude` holds something that is not
        an exam id, or the folder differs from the release; the message lists each problem and
        what to do.
    ConnectionError
        If a URL can't be reached for a minute.

    Notes
    -----
    Behind a URL each folder is listed once, and no stack is opened: sizes are those of the listing,
    and headers are checked when an exam is read, in one request per stack.
    """
    root = open_root(root)
    excluded = list_excluded(exclude)
    check_request(root, split)
    if not isinstance(planes, Iterable):
        raise TypeError(f"`planes` must be names of planes, got {type(planes).__name__}.")
    planes = (planes,) if isinstance(planes, str) else tuple(planes)
    unknown = [plane for plane in planes if plane not in PLANES]
    if unknown or not planes:
        raise ValueError(f"`planes` must be some of {', '.join(PLANES)}, got {planes!r}.")
    if not (root / split).is_dir():
        raise FileNotFoundError(f"'{root}' has no folder '{split}'. {guess_layout(root, split)}")
    _check_excluded(root, excluded)
    contents = read_contents(root, split, planes, exclude=excluded)
    if_empty = (
        f"every exam of '{root / split}' is excluded. Exclude fewer."
        if any(contents.files.values())
        else f"'{root / split}' has no exam. Pass the folder of a complete release."
    )
    _raise_problems(root, split, contents, if_empty)
    exams = tuple(
        Exam(i, {plane: contents.files[plane][i] for plane in planes}) for i in contents.ids
    )
    return Dataset(exams, _tabulate_labels(contents))


def load_labels(
    root: Given,
    split: str = "train",
    *,
    exclude: pd.DataFrame | Iterable[str] | None = None,
) -> pd.DataFrame:
    """Labels of one split of an MRNet folder; no stack file is needed.

    Parameters
    ----------
    root : path or URL
        Folder that holds ``train-abnormal.csv`` and so on, as for `load_mrnet`.
    split : {"train", "valid"}, default "train"
    exclude : DataFrame or iterable of str, optional
        Exams to leave out, as for `load_mrnet`.

    Returns
    -------
    DataFrame of shape (n_exams, 3), int8
        As `Dataset.labels`.

    Raises
    ------
    FileNotFoundError
        If the folder, or every label file of the split, does not exist.
    TypeError
        If `exclude` is a single string or holds anything but text.
    ValueError
        If `split` is not one of those named, `exclude` holds something that is not an exam id,
        or a label file differs from the release; the message lists each problem and what to do.
    """
    root = open_root(root)
    excluded = list_excluded(exclude)
    check_request(root, split)
    if not find_label_files(root, [split]) and not (root / split).is_dir():
        raise FileNotFoundError(
            f"'{root}' has no labels of {split}, such as '{split}-abnormal.csv'. "
            f"{guess_layout(root, split)}"
        )
    _check_excluded(root, excluded)
    contents = read_contents(root, split, (), exclude=excluded)
    if_empty = (
        f"every exam of {split}-*.csv is excluded. Exclude fewer."
        if any(contents.labels.values())
        else f"the label files are empty. Copy {split}-*.csv from the release."
    )
    _raise_problems(root, split, contents, if_empty)
    return _tabulate_labels(contents)


def _raise_problems(root: AnyPath, split: str, contents: Contents, if_empty: str) -> None:
    """Raise an error if the folder has a problem or no exam."""
    problems = contents.problems
    if not contents.ids and not problems:
        problems = (Problem("stack-missing", "", "", if_empty),)
    if problems:
        raise ValueError(format_problems(root, split, problems))


def _tabulate_labels(contents: Contents) -> pd.DataFrame:
    """Labels as a table with one row per exam."""
    columns = {task: [known[i] for i in contents.ids] for task, known in contents.labels.items()}
    return pd.DataFrame(columns, index=pd.Index(contents.ids, name="exam"), dtype=np.int8)


def _check_excluded(root: AnyPath, excluded: Collection[str]) -> None:
    """Refuse ids that lost their zeros; warn of ids that neither split has, if both are there."""
    if not excluded:
        return
    ids: set[str] = set().union(
        *(list_ids(root, split) for split in SPLITS if has_split(root, split))
    )
    unknown = sorted(set(excluded) - ids)
    width = find_width(ids, ())
    for exam in unknown:
        restored = restore_zeros(exam, width)
        if restored:
            raise ValueError(
                f"`exclude` must hold exam ids with their leading zeros such as {quote(restored)}, "
                f"got {quote(exam)}. Correct it."
            )
    if unknown and all(has_split(root, split) for split in SPLITS):
        warnings.warn(
            f"`exclude` should hold exams of '{root}', got {name_some(unknown)} without a label or "
            "a stack. Check the ids.",
            stacklevel=3,
        )
