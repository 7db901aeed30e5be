"""Checks of the exam ids of tables in memory: their kind, the same exams, each once."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mrnet_features.ids.hints import explain_difference
from mrnet_features.messages import name_some, quote

if TYPE_CHECKING:
    from collections.abc import Iterable


def check_ids(name: str, ids: Iterable[Any]) -> None:
    """Raise unless ids are all text or all integers.

    Parameters
    ----------
    name : str
        Name of the table in the message, with its quotes.
    ids : iterable
        Exam ids.

    Raises
    ------
    TypeError
        If an id is neither text nor an integer, or the two kinds are mixed.

    Examples
    --------
    >>> check_ids("`labels`", ["0001", "0002"])
    >>> check_ids("`labels`", [1, 2])
    """
    if isinstance(ids, pd.Index | pd.Series):
        values = ids.to_numpy(dtype=object)  # iterating over text of pandas 3 is slow
    else:
        values = pd.Index(list(ids), dtype=object).to_numpy()
    if pd.api.types.infer_dtype(values, skipna=False) in {"string", "integer", "empty"}:
        return
    examples: dict[str, Any] = {}
    for exam in values:
        kind = find_kind(exam)
        if not kind:
            raise TypeError(
                f"{name} must be indexed by exam ids, either text or integers, got "
                f"{quote(exam)} ({type(exam).__name__}). Set the column of exam ids as the index."
            )
        examples.setdefault(kind, exam)
    if len(examples) > 1:
        raise TypeError(
            f"{name} must have exam ids of one kind, got text such as {quote(examples['text'])} "
            f"and integers such as {quote(examples['integers'])}. Convert all ids to text with "
            "`.astype(str)`."
        )


def require_same_exams(
    left_name: str, left: Iterable[Any], right_name: str, right: Iterable[Any]
) -> None:
    """Raise unless both sides hold the same exams.

    Parameters
    ----------
    left_name, right_name : str
        Names of the two sides in the message.
    left, right : iterable of str or int
        Exam ids.

    Raises
    ------
    ValueError
        If an id is on one side only; the message counts them.

    Examples
    --------
    >>> require_same_exams("features", ["a", "b"], "labels", ["b", "a"])
    """
    first, second = set(left), set(right)
    if first == second:
        return
    parts = [
        f"{len(only)} only in `{name}` ({_name_first(only)})"
        for name, only in ((left_name, first - second), (right_name, second - first))
        if only
    ]
    kinds = [{find_kind(exam) for exam in side} for side in (first, second)]
    hint = "Keep the exams that both hold, for example with `.loc`."
    if kinds[0] | kinds[1] == {"text", "integers"}:
        hint = (
            "One side has text ids, the other integers: read the ids of both as text. If the rows "
            "are in the same order, pass the labels as an array to match them by position."
        )
    elif kinds[0] == kinds[1] == {"text"}:
        hint = explain_difference({left_name: first, right_name: second}) or hint
    raise ValueError(
        f"`{left_name}` and `{right_name}` must hold the same exams, got {len(first & second)} "
        f"in both, {', '.join(parts)}. {hint}"
    )


def require_unique_ids(
    name: str, ids: Iterable[Any], repeats: Iterable[int] | None = None, advice: str = ""
) -> None:
    """Raise if an exam stands in a table more than once.

    Parameters
    ----------
    name : str
        Name of the table in the message, with its quotes.
    ids : iterable
        Exam id of each row.
    repeats : iterable of int, optional
        Repeat of each row: an exam may stand in each repeat once.
    advice : str, default ""
        What to do, as a sentence.

    Raises
    ------
    ValueError
        The message names some of the exams and counts the rows.

    Examples
    --------
    >>> require_unique_ids("`folds`", ["a", "a"], repeats=[0, 1])
    """
    rows = pd.Index(ids)
    if repeats is None:
        again = rows.duplicated()
    else:
        again = pd.DataFrame({"exam": rows, "repeat": list(repeats)}).duplicated().to_numpy()
    if again.any():
        n_rows = "1 row" if again.sum() == 1 else f"{int(again.sum())} rows"
        raise ValueError(
            f"{name} must hold each exam once{'' if repeats is None else ' per repeat'}, got "
            f"{name_some(list(rows[again].unique()))} more than once ({n_rows} too "
            f"many). {advice or 'Delete them.'}"
        )


def find_kind(exam: Any) -> str:
    """Kind of an exam id.

    Parameters
    ----------
    exam : object

    Returns
    -------
    {"text", "integers", ""}
        Empty if it is no exam id.
    """
    if isinstance(exam, str):
        return "text"
    return "integers" if isinstance(exam, int | np.integer) and not isinstance(exam, bool) else ""


def _name_first(exams: set[Any]) -> str:
    """First three of many ids and the number of the others; sorting all would take seconds."""
    first = heapq.nsmallest(3, exams, key=lambda exam: (find_kind(exam), exam))
    rest = len(exams) - len(first)
    return f"{name_some(first)} and {rest} more" if rest else name_some(first)
