"""Dataset: the exams and labels of one split."""

from __future__ import annotations

import bisect
import dataclasses
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self, overload

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrnet_features.data.exam import Exam
from mrnet_features.messages import list_names, name_some, quote
from mrnet_features.notebook_html import format_code, format_paragraph, format_table

__all__ = ["Dataset"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Exams and labels of one split, in the same order.

    ``dataset["0003"]`` is the exam with that id, ``dataset[3]`` the fourth exam. A slice, a list
    of ids or a boolean mask gives a smaller `Dataset`. Iteration yields the exams.

    Parameters
    ----------
    exams : tuple of Exam
        `load_mrnet` sorts them by id.
    labels : DataFrame of shape (n_exams, n_tasks), int8 or float64
        Index: exam id as text, named "exam"; a column per task, each 0, 1 or NaN (no label). Those
        of MRNet are abnormal, acl and meniscus. A table without rows where there are no labels.

    Examples
    --------
    >>> exams = tuple(Exam(id, {}) for id in ("0000", "0001", "0002"))
    >>> labels = pd.DataFrame({"acl": [0, 1, 1]}, index=[exam.id for exam in exams])
    >>> train = Dataset(exams, labels)
    >>> train["0001"].id, train[-1].id, "0007" in train
    ('0001', '0002', False)
    >>> train[train.labels["acl"] == 1].ids
    ('0001', '0002')
    """

    exams: tuple[Exam, ...]
    labels: pd.DataFrame

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the exams, in order."""
        return tuple(exam.id for exam in self.exams)

    def __len__(self) -> int:
        return len(self.exams)

    def __iter__(self) -> Iterator[Exam]:
        return iter(self.exams)

    def __contains__(self, item: object) -> bool:
        """Whether the dataset has an exam id, or an exam."""
        return item in (self._index_by_id if isinstance(item, str) else self.exams)

    @overload
    def __getitem__(self, key: str | int) -> Exam: ...

    @overload
    def __getitem__(
        self,
        key: slice | list[str] | list[bool] | list[int] | NDArray[Any] | pd.Series[Any] | pd.Index,
    ) -> Self: ...

    def __getitem__(self, key: Any) -> Exam | Self:
        """Exam with an id or at a position; or the exams of a slice, list or mask as a Dataset.

        Parameters
        ----------
        key : str, int, slice, or list, array, Series or Index of str, bool or int
            A mask must have one value per exam; a mask that is a Series must have the ids as its
            index, in the order of the exams.

        Raises
        ------
        KeyError
            If the dataset has no exam with an id.
        IndexError
            If a position does not exist, or a mask has another length.
        TypeError
            If the key is none of these.
        ValueError
            If a list names an exam twice, the index of a mask does not match, or labels have other
            exams than the dataset.
        """
        if isinstance(key, str):
            return self.exams[self._find(key)]
        if isinstance(key, slice):
            return self._take(range(len(self))[key])
        if isinstance(key, int | np.integer) and not isinstance(key, bool):
            return self.exams[self._check_position(int(key))]
        return self._take(self._find_many(key))

    def __repr__(self) -> str:
        listed = list_names(f"{task} {int(n)}" for task, n in (self.labels == 1).sum().items())
        positives = f"positive: {listed}" if len(self.labels) else "no labels"
        return f"{type(self).__name__}({len(self)} exams; {positives})"

    def _repr_html_(self) -> str:
        """Exams per plane and label; no file is opened."""
        planes = Counter(plane for exam in self.exams for plane in exam.paths)
        counts = pd.Series(planes, name="exams", dtype="int64").rename_axis("plane").to_frame()
        known = {"positive": self.labels == 1, "negative": self.labels == 0}
        labels = pd.DataFrame({name: cells.sum() for name, cells in known.items()})
        labels["no label"] = self.labels.isna().sum()
        hint = (format_code("mf.explore(dataset)"), " and ", format_code("mf.view(dataset)"))
        parts = [format_paragraph(repr(self)), format_paragraph(f"Ids: {list_names(self.ids)}.")]
        parts += [format_table(counts)] if planes else []
        parts += [format_table(labels.rename_axis("task"))] if len(labels) else []
        return "\n".join([*parts, format_paragraph(*hint, " show more.")])

    @cached_property
    def _index_by_id(self) -> dict[str, int]:
        return {exam.id: index for index, exam in enumerate(self.exams)}

    def _find(self, exam_id: str) -> int:
        """Index of the exam with an id."""
        index = self._index_by_id.get(exam_id)
        if index is None:
            padded, known = self._pad(exam_id), sorted(self._index_by_id)
            k = bisect.bisect(known, padded)
            near = [padded] if padded in self._index_by_id else known[max(k - 1, 0) : k + 1]
            raise KeyError(
                f"This dataset of {len(self)} exams has no exam {quote(exam_id)}. Near ids: "
                f"{', '.join(near) or 'none'}. See `ids` for all."
            )
        return index

    def _pad(self, number: str) -> str:
        """Number with as many digits as the first id, if that is a number too."""
        first = next(iter(self._index_by_id), "")
        return number.zfill(len(first)) if first.isdecimal() else number

    def _check_position(self, position: int) -> int:
        """Position counted from the start, or from the end if negative."""
        if not -len(self) <= position < len(self):
            raise IndexError(
                f"This dataset of {len(self)} exams has no position {position}. Pass an exam id "
                f"as text, such as '{self._pad(str(abs(position)))}'."
            )
        return position % len(self)

    def _find_many(self, key: Any) -> list[int]:
        """Indices of the exams that a list or a mask selects."""
        if not isinstance(key, list | np.ndarray | pd.Series | pd.Index):
            raise TypeError(
                "A dataset is indexed by an exam id, a position, a slice, a list of ids or a "
                f"boolean mask, got {type(key).__name__}. Pass a list for several exams."
            )
        values = list(key)
        if values and all(isinstance(value, bool | np.bool_) for value in values):
            if isinstance(key, pd.Series) and tuple(key.index) != self.ids:
                raise ValueError(
                    "The index of a mask must be the ids of the exams in their order. Reindex it: "
                    "mask.loc[list(dataset.ids)]."
                )
            if len(values) != len(self):
                raise IndexError(
                    f"A mask must have one value per exam ({len(self)}), got {len(values)}."
                )
            return [index for index, is_kept in enumerate(values) if is_kept]
        indices: dict[int, None] = {}
        for value in values:
            if isinstance(value, str):
                index = self._find(value)
            elif isinstance(value, int | np.integer) and not isinstance(value, bool):
                index = self._check_position(int(value))
            else:
                raise TypeError(
                    "A list that selects exams must hold ids, positions, or one bool per exam, "
                    f"got {quote(value)}."
                )
            if index in indices:
                raise ValueError(
                    f"A dataset holds each exam once, got {quote(self.exams[index].id)} twice. "
                    "Drop one."
                )
            indices[index] = None
        return list(indices)

    def _take(self, indices: range | list[int]) -> Self:
        """Dataset of the exams at some indices; all tables with a row per exam follow."""
        changes: dict[str, Any] = {"exams": tuple(self.exams[index] for index in indices)}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, pd.DataFrame | pd.Series) and len(value):
                changes[field.name] = self._take_rows(field.name, value, indices)
        return dataclasses.replace(self, **changes)

    def _take_rows(
        self, name: str, table: pd.DataFrame | pd.Series[Any], indices: range | list[int]
    ) -> pd.DataFrame | pd.Series[Any]:
        """Rows of the exams at some indices; a table made by hand may have another order."""
        if tuple(table.index) == self.ids:
            return table.iloc[list(indices)]
        unknown = [exam for exam in table.index if exam not in self._index_by_id]
        if unknown or table.index.has_duplicates:
            wrong = unknown or list(table.index[table.index.duplicated()])
            raise ValueError(
                f"`{name}` must have at most one row per exam of the dataset and the exam ids as "
                f"its index, got {name_some(wrong)}{'' if unknown else ' again'}. Set the index, "
                "or drop those rows."
            )
        known = set(table.index)
        return table.loc[[exam for exam in map(self.ids.__getitem__, indices) if exam in known]]
