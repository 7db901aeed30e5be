"""MRNet folder -> Dataset: exams and labels, checked before any work begins."""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mrnet_features.arrays import UInt8Array
from mrnet_features.data.release import (
    Contents,
    Problem,
    check_request,
    find_stack_problem,
    has_split,
    list_ids,
    list_problems,
    read_contents,
)
from mrnet_features.data.release_hints import guess_layout
from mrnet_features.names import PLANES, SPLITS

__all__ = ["Dataset", "Exam", "load_labels", "load_mrnet"]


@dataclass(frozen=True)
class Exam:
    """One knee examination: an id and a file for each plane.

    Parameters
    ----------
    id : str
        Exam id as text with its leading zeros, such as "0042".
    paths : mapping of str to Path
        The ``.npy`` file of each plane.
    """

    id: str
    paths: Mapping[str, Path]

    def load(self, plane: str, *, mmap: bool = False) -> UInt8Array:
        """Stack of one plane.

        Parameters
        ----------
        plane : str
            One of the exam's planes.
        mmap : bool, default False
            Map the file into memory, read-only, instead of reading it.

        Returns
        -------
        ndarray of shape (n_slices, height, width), uint8
            Grey levels 0 to 255.

        Raises
        ------
        KeyError
            If the exam has no file for the plane.
        ValueError
            If the file is not a whole uint8 stack of at least one slice.
        """
        if plane not in self.paths:
            raise KeyError(
                f"Exam '{self.id}' has no file for plane '{plane}' (planes present: "
                f"{', '.join(self.paths) or 'none'}). Pass the planes you have, or exclude it."
            )
        path = self.paths[plane]
        problem = find_stack_problem(path)
        if problem:
            raise ValueError(f"Exam '{self.id}', plane '{plane}': {problem}")
        return np.load(path, mmap_mode="r" if mmap else None, allow_pickle=False)  # type: ignore[no-any-return]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Exams and labels of one split, in one order.

    Parameters
    ----------
    exams : tuple of Exam
        In the order of their ids.
    labels : DataFrame of shape (n_exams, 3), int8
        Index: exam id as text, named "exam"; columns abnormal, acl, meniscus, each 0 or 1.
    """

    exams: tuple[Exam, ...]
    labels: pd.DataFrame

    def __len__(self) -> int:
        return len(self.exams)

    def __repr__(self) -> str:
        positives = ", ".join(f"{task} {int(n)}" for task, n in self.labels.sum().items())
        return f"Dataset({len(self)} exams; {positives})"


def load_mrnet(
    root: str | Path,
    split: str = "train",
    *,
    planes: str | Sequence[str] = PLANES,
    exclude: pd.DataFrame | Iterable[str] | None = None,
) -> Dataset:
    """Exams and labels of one split of an MRNet folder.

    Every label file and the header of every stack is checked; no pixel is read. All problems
    of the folder are reported together.

    Parameters
    ----------
    root : path
        Folder that holds ``train/axial/0000.npy`` and so on, and ``train-abnormal.csv`` and
        so on (no header, rows ``0000,1``).
    split : {"train", "valid"}, default "train"
    planes : str or sequence of str, default ("axial", "coronal", "sagittal")
        Planes that every exam must have.
    exclude : DataFrame or iterable of str, optional
        Exam ids to leave out, whatever is wrong with them; or the table of `audit`, of which
        every row that names an exam counts, so filter it first:
        ``exclude=findings[findings["severity"] == "reject"]``. Ids of the other split are
        passed over, so that one table serves both; where both are there, ids of neither give a
        warning.

    Returns
    -------
    Dataset

    Raises
    ------
    FileNotFoundError
        If the folder, or its folder of the split, does not exist.
    TypeError
        If `exclude` is a single string or holds anything but text.
    ValueError
        If `split` or `planes` is not one of those named, `exclude` holds what is no exam id,
        or anything in the folder is not as the release has it; the message lists each problem
        and its mend.
    """
    root = Path(root)
    excluded = list_excluded(exclude)
    check_request(root, split)
    planes = (planes,) if isinstance(planes, str) else planes
    unknown = [plane for plane in planes if plane not in PLANES]
    if unknown or not planes:
        raise ValueError(f"`planes` must be some of {', '.join(PLANES)}, got {tuple(planes)!r}.")
    if not (root / split).is_dir():
        raise FileNotFoundError(f"'{root}' has no folder '{split}'. {guess_layout(root, split)}")
    _warn_of_strangers(root, excluded)
    contents = read_contents(root, split, planes, exclude=excluded)
    mend = (
        f"every exam of '{root / split}' is excluded. Exclude fewer."
        if any(contents.files.values())
        else f"'{root / split}' has no exam. Pass the folder of a whole release."
    )
    _refuse(root, split, contents, mend)
    exams = tuple(
        Exam(i, {plane: contents.files[plane][i] for plane in planes}) for i in contents.ids
    )
    return Dataset(exams, _label_frame(contents))


def load_labels(
    root: str | Path,
    split: str = "train",
    *,
    exclude: pd.DataFrame | Iterable[str] | None = None,
) -> pd.DataFrame:
    """Labels of one split of an MRNet folder; the stacks need not be there.

    Parameters
    ----------
    root : path
        Folder that holds ``train-abnormal.csv`` and so on.
    split : {"train", "valid"}, default "train"
    exclude : DataFrame or iterable of str, optional
        Exams to leave out, as `load_mrnet` takes them.

    Returns
    -------
    DataFrame of shape (n_exams, 3), int8
        As `Dataset.labels`.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    TypeError
        If `exclude` is a single string or holds anything but text.
    ValueError
        If `split` is not one of those named, `exclude` holds what is no exam id, or anything in
        the label files is not as the release has it; the message lists each problem and its mend.
    """
    root = Path(root)
    excluded = list_excluded(exclude)
    check_request(root, split)
    _warn_of_strangers(root, excluded)
    contents = read_contents(root, split, (), exclude=excluded)
    mend = (
        f"every exam of {split}-*.csv is excluded. Exclude fewer."
        if any(contents.labels.values())
        else f"the label files are empty. Copy {split}-*.csv from the release."
    )
    _refuse(root, split, contents, mend)
    return _label_frame(contents)


def _refuse(root: Path, split: str, contents: Contents, mend: str) -> None:
    """Raise if anything is wrong with a folder, or nothing is in it."""
    problems = contents.problems
    if not contents.ids and not problems:
        problems = (Problem("stack-missing", "", "", mend),)
    if problems:
        raise ValueError(list_problems(root, split, problems))


def _label_frame(contents: Contents) -> pd.DataFrame:
    """Labels as a table, one row an exam."""
    columns = {task: [known[i] for i in contents.ids] for task, known in contents.labels.items()}
    return pd.DataFrame(columns, index=pd.Index(contents.ids, name="exam"), dtype=np.int8)


def list_excluded(exclude: pd.DataFrame | Iterable[str] | None) -> frozenset[str]:
    """Exam ids to leave out, from ids or a table with a column "exam".

    Parameters
    ----------
    exclude : DataFrame, iterable of str or None
        As `load_mrnet` takes it.

    Returns
    -------
    frozenset of str

    Raises
    ------
    TypeError
        If it is a single text or path, or holds anything but text.
    ValueError
        If the table has no column "exam", or an id has not four digits.
    """
    if isinstance(exclude, str | Path):
        mend = (
            "List it."
            if re.fullmatch(r"\d{4}", str(exclude))
            else "Read a file with pandas, such as read_json(path, dtype={'exam': str})."
        )
        raise TypeError(f"`exclude` must be a table or several exam ids, got {exclude!r}. {mend}")
    if isinstance(exclude, pd.DataFrame):
        if "exam" not in exclude.columns:
            raise ValueError(
                f"`exclude` must have a column 'exam', got {list(exclude.columns)}. Pass the "
                "table of `audit`, or a list of exam ids."
            )
        # a finding about the folder, not about an exam, names none
        exclude = [exam for exam in exclude["exam"] if exam != ""]
    ids: list[Any] = [] if exclude is None else list(exclude)
    for exam in ids:
        if not isinstance(exam, str):
            mend = (
                "Make a table of such records: pandas.DataFrame(records)."
                if isinstance(exam, Mapping)
                else "Read its file with dtype={'exam': str}."
            )
            raise TypeError(f"`exclude` must hold exam ids as text, got {exam!r}. {mend}")
        if not re.fullmatch(r"\d{4}", exam):
            raise ValueError(f"`exclude` holds {exam!r}, which is no four-digit exam id. Mend it.")
    return frozenset(ids)


def _warn_of_strangers(root: Path, excluded: Collection[str]) -> None:
    """Warn of excluded exams that neither split has, where both are there."""
    if not excluded or not all(has_split(root, split) for split in SPLITS):
        return
    strangers = sorted(set(excluded).difference(*(list_ids(root, split) for split in SPLITS)))
    if strangers:
        shown = ", ".join(strangers[:5]) + (" ..." if len(strangers) > 5 else "")
        warnings.warn(
            f"`exclude` should hold exams of '{root}', got {shown} ({len(strangers)} in all), of "
            "which there is neither label nor stack. Check the ids.",
            stacklevel=3,
        )
