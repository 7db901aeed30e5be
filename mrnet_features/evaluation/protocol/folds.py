"""Folds: which exam is tested in which fold, with a hash and a CSV format."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mrnet_features.exam_ids import check_ids, require_same_exams
from mrnet_features.files import write_text

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FEWEST_OF_A_CLASS", "Folds", "find_shortage"]

# With fewer exams of a class an AUC has no standard error.
FEWEST_OF_A_CLASS = 2


@dataclass(frozen=True, eq=False, repr=False)
class Folds:
    """Partition of the exams into folds, once per repeat.

    Attributes
    ----------
    frame : DataFrame of shape (n_exams * n_repeats, 3)
        Columns exam (text or integers), repeat and fold (int64, from 0), sorted by repeat and
        exam. Rows may be passed in any order.

    Raises
    ------
    ValueError
        If the table is not a partition: an exam twice or missing in a repeat, or an empty fold.

    Examples
    --------
    >>> import pandas as pd
    >>> folds = Folds(pd.DataFrame({"exam": ["a", "b"], "repeat": [0, 0], "fold": [1, 0]}))
    >>> for repeat, fold, train, test in folds.split():
    ...     print(repeat, fold, train.tolist(), test.tolist())
    0 0 ['a'] ['b']
    0 1 ['b'] ['a']
    """

    frame: pd.DataFrame

    def __post_init__(self) -> None:
        """Check the partition and sort it."""
        object.__setattr__(self, "frame", _sort_partition(self.frame, "`frame`"))

    def __repr__(self) -> str:
        repeats = f"{self.n_repeats} repeat{'s' if self.n_repeats > 1 else ''}"
        return (
            f"Folds({len(self.exams)} exams, {self.n_splits} folds, {repeats}, "
            f"sha256 {self.hash[:12]})"
        )

    @property
    def n_splits(self) -> int:
        """Number of folds per repeat."""
        return int(self.frame["fold"].max()) + 1

    @property
    def n_repeats(self) -> int:
        """Number of repeats."""
        return int(self.frame["repeat"].max()) + 1

    @property
    def exams(self) -> pd.Index[Any]:
        """Exam ids, sorted."""
        exams: pd.Index[Any] = pd.Index(
            self.frame.loc[self.frame["repeat"] == 0, "exam"], name="exam"
        )
        return exams

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the partition in hexadecimal, independent of the row order."""
        rows = list(zip(*(self.frame[column].tolist() for column in self.frame), strict=True))
        text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def split(self) -> Iterator[tuple[int, int, pd.Index[Any], pd.Index[Any]]]:
        """Iterate over all folds.

        Yields
        ------
        repeat, fold : int
            Numbers of the repeat and the fold.
        train, test : Index of exam ids, sorted
            Exams of the other folds, and of this fold.
        """
        for repeat, rows in self.frame.groupby("repeat"):
            for fold in range(self.n_splits):
                tested = rows["fold"] == fold
                yield (
                    int(str(repeat)),
                    fold,
                    pd.Index(rows.loc[~tested, "exam"], name="exam"),
                    pd.Index(rows.loc[tested, "exam"], name="exam"),
                )

    def check(self, labels: pd.DataFrame, groups: pd.Series[Any] | None = None) -> None:
        """Raise unless every task can be scored in every fold.

        Parameters
        ----------
        labels : DataFrame of shape (n_exams, n_tasks)
            Index exam id; 0 or 1.
        groups : Series of shape (n_exams,), optional
            Group of each exam, indexed by exam id.

        Raises
        ------
        ValueError
            If the exams differ, a fold has fewer than two exams of a class of a task, or the
            exams of a group are in several folds of a repeat.
        """
        require_same_exams("folds", self.exams, "labels", labels.index)
        shortage = find_shortage(self.frame, labels)
        if shortage:
            raise ValueError(
                "`folds` must have two exams of each class of every task in every fold, but "
                f"{shortage}. Use fewer folds."
            )
        if groups is not None:
            spread = self.frame.assign(group=self.frame["exam"].map(groups))
            split = spread.groupby(["repeat", "group"])["fold"].nunique() > 1
            if split.any():
                raise ValueError(
                    f"`folds` must keep the exams of a group together, got {int(split.sum())} "
                    "groups spread over several folds. Make the folds with the same `groups`."
                )

    def save(self, path: str | Path) -> None:
        """Write the folds as CSV, to be read by `Folds.read` or with ``comment="#"``.

        Parameters
        ----------
        path : str or Path
            File to write. The first line is ``# sha256: ...``, the second ``exam,repeat,fold``.
        """
        body = self.frame.to_csv(index=False, lineterminator="\n")
        write_text(path, f"# sha256: {self.hash}\n{body}")

    @classmethod
    def read(cls, path: str | Path) -> Folds:
        """Read folds from a CSV with the columns exam, repeat and fold.

        Parameters
        ----------
        path : str or Path
            A file written by `save`, with rows in any order, or another CSV without the line of
            the hash. Ids are read as text and keep leading zeros, unless the hash is that of
            integers.

        Returns
        -------
        Folds
            The partition.

        Raises
        ------
        ValueError
            If the content does not match the hash in the file, or is not a partition.
        """
        with Path(path).open(encoding="utf-8", newline="") as file:
            first = file.readline().rstrip("\r\n")
            claimed = first.removeprefix("# sha256:").strip() if first.startswith("#") else None
            if claimed is None:
                file.seek(0)
            try:
                frame = pd.read_csv(file, dtype={"exam": str}, keep_default_na=False)
            except ValueError as error:
                raise ValueError(
                    f"'{path}' can't be read as CSV ({error}). Write it with `Folds.save`."
                ) from error
        folds = cls(_sort_partition(frame, f"'{path}'"))
        numbers = frame["exam"].str.fullmatch("-?[0-9]+").all()
        if claimed is not None and claimed != folds.hash and numbers:
            # A CSV does not distinguish integer ids from text; the hash does.
            integers = cls(frame.astype({"exam": "int64"}))
            folds = integers if integers.hash == claimed else folds
        if claimed is not None and claimed != folds.hash:
            raise ValueError(
                f"'{path}' was changed after it was written: the first line has hash "
                f"{claimed[:12]}, the rows have {folds.hash[:12]}. Ids may have "
                "lost leading zeros, or rows are missing. Use the original file, or delete the "
                "first line if the change is intended."
            )
        return folds


def _sort_partition(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Rows of a partition, checked and sorted by repeat and exam."""
    if set(frame.columns) != {"exam", "repeat", "fold"}:
        raise ValueError(
            f"{name} must have the columns exam, repeat and fold, got "
            f"{', '.join(map(str, frame.columns))}."
        )
    check_ids(name, frame["exam"])
    try:
        frame = frame[["exam", "repeat", "fold"]].astype({"repeat": "int64", "fold": "int64"})
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} must have whole numbers in repeat and fold, but can't be converted ({error})."
        ) from error
    frame = frame.sort_values(["repeat", "exam"], ignore_index=True)
    if frame.duplicated(["exam", "repeat"]).any():
        twice = frame[frame.duplicated(["exam", "repeat"])].iloc[0]
        raise ValueError(
            f"{name} must hold each exam once per repeat, got exam {twice['exam']!r} twice in "
            f"repeat {twice['repeat']}."
        )
    if not (frame.groupby("exam")["repeat"].size() == frame["repeat"].nunique()).all():
        raise ValueError(f"{name} must hold the same exams in every repeat.")
    n_splits = int(frame["fold"].max()) + 1 if len(frame) else 0
    n_repeats = int(frame["repeat"].max()) + 1 if len(frame) else 0
    cells = set(zip(frame["repeat"], frame["fold"], strict=True))
    if n_splits < 2 or cells != {(r, k) for r in range(n_repeats) for k in range(n_splits)}:
        raise ValueError(
            f"{name} must number repeats and folds from 0 without gaps, with at least two "
            f"folds and none of them empty, got {n_repeats} repeats by {n_splits} folds with "
            f"{len(cells)} of them filled."
        )
    return frame


def find_shortage(frame: pd.DataFrame, labels: pd.DataFrame) -> str:
    """First fold with too few exams of a class, as text.

    Parameters
    ----------
    frame : DataFrame of shape (n_exams * n_repeats, 3)
        Columns exam, repeat and fold.
    labels : DataFrame of shape (n_exams, n_tasks)
        Index exam id; 0 or 1.

    Returns
    -------
    str
        Part of a sentence; empty if every fold has enough.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"exam": list("abcd"), "repeat": 0, "fold": 0})
    >>> find_shortage(frame, pd.DataFrame({"acl": [1, 0, 0, 0]}, index=list("abcd")))
    "fold 0 of repeat 0 has 1 positive exam of task 'acl'"
    """
    truth = labels.loc[frame["exam"]].reset_index(drop=True)
    cells = truth.groupby([frame["repeat"].to_numpy(), frame["fold"].to_numpy()])
    n_exams, n_positive = cells.size(), cells.sum()
    for which, counts in (("positive", n_positive), ("negative", n_positive.rsub(n_exams, axis=0))):
        for task in counts.columns:
            worst = int(np.argmin(counts[task].to_numpy()))
            fewest = int(counts[task].iloc[worst])
            if fewest < FEWEST_OF_A_CLASS:
                repeat, fold = list(counts.index)[worst]
                exams = "exam" if fewest == 1 else "exams"
                return (
                    f"fold {fold} of repeat {repeat} has {fewest} {which} {exams} of task {task!r}"
                )
    return ""
