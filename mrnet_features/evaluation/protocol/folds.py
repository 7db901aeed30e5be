"""Folds: which exam is tested in which fold, with a hash and a CSV format."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mrnet_features.files.csv_files import read_table
from mrnet_features.files.csv_format import format_csv
from mrnet_features.files.reading import read_text
from mrnet_features.files.writing import write_text
from mrnet_features.ids.checks import check_ids, require_same_exams, require_unique_ids
from mrnet_features.ids.reading import index_by_id
from mrnet_features.messages import name_some, quote
from mrnet_features.notebook_html import format_code, format_paragraph, format_table
from mrnet_features.tables import check_whole_numbers

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FEWEST_OF_A_CLASS", "Folds", "find_shortage", "list_shortages"]

# With fewer exams of a class an AUC has no standard error.
FEWEST_OF_A_CLASS = 2
# Folds of a repeat that are shown one by one.
MOST_SHOWN = 12
# Longest ids whose lost leading zeros are looked for.
MOST_DIGITS = 12


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

    def _repr_html_(self) -> str:
        sizes = self.frame.groupby(["repeat", "fold"]).size().unstack()
        if self.n_splits > MOST_SHOWN:
            sizes = sizes.agg(["min", "max"], axis=1)
        columns = {k: f"fold {k}" if isinstance(k, int) else f"{k} of all folds" for k in sizes}
        advice = ("Exams per fold. ", format_code("summary(labels)"), " adds the positive exams.")
        parts = [format_paragraph(repr(self)), format_table(sizes.rename(columns=columns))]
        return "\n".join([*parts, format_paragraph(*advice)])

    def summary(self, labels: pd.DataFrame | None = None) -> pd.DataFrame:
        """Exams of each fold, and positive exams of each task if there are labels.

        Parameters
        ----------
        labels : DataFrame of shape (n_exams, n_tasks), optional
            Index exam id; 0 or 1, NaN for an exam without a label.

        Returns
        -------
        DataFrame of shape (n_repeats * n_splits, 1 + n_tasks), int64
            Index repeat and fold. Columns n_exams and, for each task, ``n_positive_`` and its name.

        Raises
        ------
        ValueError
            If the labels are of other exams.

        Examples
        --------
        >>> import pandas as pd
        >>> folds = Folds(pd.DataFrame({"exam": ["a", "b"], "repeat": [0, 0], "fold": [1, 0]}))
        >>> folds.summary(pd.DataFrame({"acl": [1, 0]}, index=["a", "b"])).values.tolist()
        [[1, 0], [1, 1]]
        """
        keys = [self.frame["repeat"], self.frame["fold"]]
        table = self.frame.groupby(keys).size().to_frame("n_exams")
        if labels is None:
            return table
        require_same_exams("folds", self.exams, "labels", labels.index)
        positive = labels.loc[self.frame["exam"]].eq(1).reset_index(drop=True)
        return table.join(positive.groupby(keys).sum().add_prefix("n_positive_"))

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
        return _hash_rows(self.frame)

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
            Index exam id; 0 or 1, NaN for an exam without a label.
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
                f"{shortage}. Add exams or use fewer folds; two are the fewest."
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

        Ids that a spreadsheet would run as a formula get an apostrophe in front; `Folds.read`
        takes it away.

        Parameters
        ----------
        path : str or Path
            File to write. The first line is ``# sha256: ...``, the second ``exam,repeat,fold``.
        """
        write_text(path, f"# sha256: {self.hash}\n{format_csv(self.frame)}")

    @classmethod
    def read(cls, path: str | Path, *, id_width: int | None = None) -> Folds:
        """Read folds from a CSV with the columns exam, repeat and fold.

        Parameters
        ----------
        path : str or Path
            A file written by `save`, with rows in any order and as a spreadsheet may have saved it
            since, or another CSV without the line of the hash.
        id_width : int, optional
            Digits of an id in a file without a hash; see `read_predictions`. With a hash it is not
            needed: integers and lost leading zeros are recognised by the hash.

        Returns
        -------
        Folds
            The partition. Ids are text unless the hash is that of integers.

        Raises
        ------
        OSError
            If the file does not exist or is not a regular file.
        ValueError
            If the file can't be read, its content does not match the hash, or it is not a
            partition.
        """
        where = f"'{path}'"
        table = read_table(path)
        named = [name for name in table.columns if name not in {"repeat", "fold"}]
        if len(named) != 1 or len(table.columns) != 3:
            raise ValueError(
                f"{where} must have the columns exam, repeat and fold, got "
                f"{name_some(list(table.columns))}. Write it with `Folds.save`."
            )
        numbers = {name: check_whole_numbers(table[name], where) for name in ("repeat", "fold")}
        claimed = re.match(r'"?# *sha256: *([0-9a-f]{64})\b', read_text(path))
        if claimed:
            text = table[named[0]].astype(object)
            found = _find_rows(pd.DataFrame({"exam": text, **numbers}), claimed[1])
            if found is not None:
                return cls(_sort_partition(found, where))
        rows = index_by_id(table.assign(**numbers), where, id_width or 1)
        folds = cls(_sort_partition(rows.reset_index(), where))
        if claimed:
            raise ValueError(
                f"{where} was changed after it was written: the first line has hash "
                f"{claimed[1][:12]}, the rows have {folds.hash[:12]}. Ids or rows were changed or "
                "are missing. Use the original file, or delete the first line if the change is "
                "intended."
            )
        return folds


def _hash_rows(frame: pd.DataFrame) -> str:
    """SHA-256 of sorted rows."""
    rows = list(zip(*(frame[name].tolist() for name in ("exam", "repeat", "fold")), strict=True))
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _find_rows(frame: pd.DataFrame, claimed: str) -> pd.DataFrame | None:
    """Rows with the kind of ids that gives a hash: text, integers, or text with leading zeros.

    A CSV does not distinguish integers from text, and spreadsheets delete leading zeros.
    """
    rows = frame.sort_values(["repeat", "exam"])
    if _hash_rows(rows) == claimed:
        return rows
    if not len(frame) or not frame["exam"].str.fullmatch("-?[0-9]{1,18}").all():
        return None
    whole = frame.assign(exam=frame["exam"].astype("int64")).sort_values(["repeat", "exam"])
    if _hash_rows(whole) == claimed:
        return whole
    if frame["exam"].str.match("-|0.").any():  # no zeros are lost
        return None
    text = whole["exam"].astype(str)
    longest = int(text.str.len().max())
    for width in range(longest, max(longest, MOST_DIGITS) + 1):
        filled = whole.assign(exam=text.str.zfill(width))
        if _hash_rows(filled) == claimed:
            return filled
    return None


def _sort_partition(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Rows of a partition, checked and sorted by repeat and exam."""
    if set(frame.columns) != {"exam", "repeat", "fold"}:
        raise ValueError(
            f"{name} must have the columns exam, repeat and fold, got "
            f"{name_some(list(frame.columns))}."
        )
    check_ids(name, frame["exam"])
    numbers = {column: check_whole_numbers(frame[column], name) for column in ("repeat", "fold")}
    frame = (
        frame[["exam", "repeat", "fold"]]
        .assign(**numbers)
        .sort_values(["repeat", "exam"], ignore_index=True)
    )
    require_unique_ids(name, frame["exam"], frame["repeat"])
    if not (frame.groupby("exam")["repeat"].size() == frame["repeat"].nunique()).all():
        raise ValueError(f"{name} must hold the same exams in every repeat.")
    n_splits = int(frame["fold"].max()) + 1 if len(frame) else 0
    n_repeats = int(frame["repeat"].max()) + 1 if len(frame) else 0
    filled = len(frame.drop_duplicates(["repeat", "fold"]))
    if n_splits < 2 or filled != n_repeats * n_splits:
        raise ValueError(
            f"{name} must number repeats and folds from 0 without gaps, with at least two "
            f"folds and none of them empty, got {n_repeats} repeats by {n_splits} folds with "
            f"{filled} of them filled."
        )
    return frame


def list_shortages(labels: pd.DataFrame, fewest: int) -> str:
    """Classes with too few exams, as text.

    Parameters
    ----------
    labels : DataFrame of shape (n_exams, n_tasks)
        0 or 1; NaN for an exam without a label.
    fewest : int
        Fewest exams of a class.

    Returns
    -------
    str
        Part of a sentence; empty if every class of every task has enough.

    Examples
    --------
    >>> list_shortages(pd.DataFrame({"acl": [0, 1, 1], "meniscus": [0, 0, 0]}), fewest=2)
    "1 negative of task 'acl', 0 positive of task 'meniscus'"
    """
    found = []
    for task in labels.columns:
        n_positive = int(labels[task].sum())
        counts = {"positive": n_positive, "negative": int(labels[task].count()) - n_positive}
        few = [f"{count} {which}" for which, count in counts.items() if count < fewest]
        if few:
            found.append(f"{' and '.join(few)} of task {quote(task)}")
    return ", ".join(found)


def find_shortage(frame: pd.DataFrame, labels: pd.DataFrame) -> str:
    """First fold with too few exams of a class, as text.

    Parameters
    ----------
    frame : DataFrame of shape (n_exams * n_repeats, 3)
        Columns exam, repeat and fold.
    labels : DataFrame of shape (n_exams, n_tasks)
        Index exam id; 0 or 1, NaN for an exam without a label.

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
    n_labelled, n_positive = cells.count(), cells.sum()
    for which, counts in (("positive", n_positive), ("negative", n_labelled - n_positive)):
        for task in counts.columns:
            worst = int(np.argmin(counts[task].to_numpy()))
            fewest = int(counts[task].iloc[worst])
            if fewest < FEWEST_OF_A_CLASS:
                repeat, fold = list(counts.index)[worst]
                exams = "exam" if fewest == 1 else "exams"
                name = quote(task)
                return f"fold {fold} of repeat {repeat} has {fewest} {which} {exams} of task {name}"
    return ""
