"""Exams that are passed to an extractor: checked, listed, and their rows as a table."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from mrnet_features.data.exam import Exam
from mrnet_features.extraction.read import ExamLike, hold_stacks
from mrnet_features.ids.rules import find_id_problem
from mrnet_features.messages import name_some, quote

__all__ = ["Exams", "build_frame", "check_exams", "list_exams"]

Exams: TypeAlias = Sequence[ExamLike] | Mapping[str, ExamLike]
"""Exams in a sequence, or by exam id."""


def list_exams(exams: Exams) -> Sequence[ExamLike]:
    """Exams as a sequence; those of a mapping get its keys as ids.

    Parameters
    ----------
    exams : sequence of exams, or mapping of exam id to exam
        An exam is an Exam or a mapping series -> stack.

    Returns
    -------
    sequence of Exam or of mapping series -> stack

    Raises
    ------
    TypeError, ValueError
        If a key of the mapping is not an exam id as text.

    Examples
    --------
    >>> list_exams({"0042": {}})[0].id
    '0042'
    """
    if not isinstance(exams, Mapping):
        return exams
    if not all(isinstance(exam, Exam | Mapping) for exam in exams.values()):
        check_exams(exams)  # type: ignore[arg-type]  # a single exam, which it refuses
    listed: list[ExamLike] = []
    for name, exam in exams.items():
        problem = find_id_problem(name) if isinstance(name, str) else "is not text"
        if problem:
            raise ValueError(
                f"`exams` must have exam ids as keys, but {quote(name)} {problem}. Correct it, or "
                "pass a list of exams."
            )
        if isinstance(exam, Exam):
            listed.append(dataclasses.replace(exam, id=name))
        else:
            listed.append(hold_stacks(exam, name))
    return listed


def check_exams(exams: Sequence[ExamLike]) -> None:
    """Raise unless `exams` is a sequence of exams with distinct ids.

    Parameters
    ----------
    exams : sequence of Exam or of mapping series -> stack

    Raises
    ------
    TypeError
        If it is a single exam or an array, or holds anything but exams.
    ValueError
        If it is empty, or an id occurs twice or is none.
    """
    if isinstance(exams, Exam | Mapping | np.ndarray | pd.DataFrame | str):
        raise TypeError(
            "`exams` must be a sequence of Exam or of mappings series -> stack, got "
            f"{type(exams).__name__}. Put one exam into a list, such as [{{'sagittal': stack}}], "
            "or pass {exam_id: {'sagittal': stack}}."
        )
    for k, exam in enumerate(exams):
        if not isinstance(exam, Exam | Mapping):
            raise TypeError(
                f"`exams` must hold Exam or mappings series -> stack, got {type(exam).__name__} at "
                f"index {k}. Load exams with `load_mrnet`, or write {{'sagittal': stack}}."
            )
    if len(exams) == 0:
        raise ValueError("`exams` must hold at least one exam, got none.")
    counted = Counter(exam.id for exam in exams if isinstance(exam, Exam))
    for name in counted:
        problem = find_id_problem(name)
        if problem:
            raise ValueError(f"`exams` must have exam ids, but {quote(name)} {problem}.")
    repeated = sorted(exam for exam, n in counted.items() if n > 1)
    if repeated:
        raise ValueError(
            f"`exams` must hold each exam id once, got {name_some(repeated)} more than once. "
            "Leave out the repeats."
        )


def build_frame(
    exams: Sequence[ExamLike], rows: Sequence[np.ndarray[Any, Any]], columns: Sequence[str]
) -> pd.DataFrame:
    """Feature table of rows; the index is the exam id, or the position where exams have none.

    Parameters
    ----------
    exams : sequence of Exam or of mapping series -> stack
    rows : sequence of ndarray of shape (n_features,)
        One per exam.
    columns : sequence of str

    Returns
    -------
    DataFrame of shape (n_exams, n_features)
    """
    ids = [exam.id if isinstance(exam, Exam) else k for k, exam in enumerate(exams)]
    return pd.DataFrame(np.stack(rows), index=pd.Index(ids, name="exam"), columns=list(columns))
