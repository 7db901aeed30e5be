"""Checks of exam ids: text or integers, each once, the same exams on both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["check_ids", "name_some", "require_same_exams"]


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
    examples: dict[str, Any] = {}
    for exam in ids:
        kind = _find_kind(exam)
        if not kind:
            raise TypeError(
                f"{name} must be indexed by exam ids, either text or integers, got {exam!r} "
                f"({type(exam).__name__}). Set the column of exam ids as the index."
            )
        examples.setdefault(kind, exam)
    if len(examples) > 1:
        raise TypeError(
            f"{name} must have exam ids of one kind, got text such as {examples['text']!r} and "
            f"integers such as {examples['integers']!r}. Convert all ids to text with "
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
        f"{len(only)} only in `{name}` ({name_some(sorted(only, key=_sort_key))})"
        for name, only in ((left_name, first - second), (right_name, second - first))
        if only
    ]
    kinds = [{_find_kind(exam) for exam in side} for side in (first, second)]
    hint = "Select the exams you want with `.loc`."
    if kinds[0] | kinds[1] == {"text", "integers"}:
        hint = (
            "One side has text ids, the other integers: read the ids of both as text. If the rows "
            "are in the same order, pass the labels as an array to match them by position."
        )
    elif kinds[0] == kinds[1] == {"text"}:
        stripped = [{exam.lstrip("0") for exam in side} for side in (first, second)]
        if stripped[0] == stripped[1]:
            hint = "The ids differ only in leading zeros: read them as text."
    raise ValueError(
        f"`{left_name}` and `{right_name}` must hold the same exams, got {len(first & second)} "
        f"in both, {', '.join(parts)}. {hint}"
    )


def name_some(names: list[Any]) -> str:
    """First three names and the number of the others, for a message.

    Parameters
    ----------
    names : list

    Returns
    -------
    str

    Examples
    --------
    >>> name_some(["a", "b", "c", "d"])
    "'a', 'b', 'c' and 1 more"
    """
    shown = ", ".join(repr(getattr(name, "item", lambda name=name: name)()) for name in names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def _find_kind(exam: Any) -> str:
    if isinstance(exam, str):
        return "text"
    return "integers" if isinstance(exam, int | np.integer) and not isinstance(exam, bool) else ""


def _sort_key(exam: Any) -> tuple[str, Any]:
    return _find_kind(exam), exam
