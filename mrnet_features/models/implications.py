"""Tasks of which one implies another: a torn ligament makes a knee abnormal."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from mrnet_features.messages import name_some, quote

if TYPE_CHECKING:
    from typing import TypeAlias

    Implications: TypeAlias = tuple[tuple[str, str], ...]

__all__ = [
    "MIN_POSITIVES",
    "TEAR_IMPLIES_ABNORMAL",
    "apply_implications",
    "choose_implications",
    "explain_violations",
    "find_implications",
]

TEAR_IMPLIES_ABNORMAL = (("acl", "abnormal"), ("meniscus", "abnormal"))
"""Pairs of tasks of MRNet: an exam that is positive for the first is positive for the second."""

MIN_POSITIVES = 10
"""Fewest positive exams of the first task to call a pair an implication."""


def find_implications(
    labels: pd.DataFrame,
    pairs: Sequence[tuple[str, str]] = TEAR_IMPLIES_ABNORMAL,
    min_positives: int = MIN_POSITIVES,
) -> Implications:
    """Pairs of tasks that the labels obey.

    Parameters
    ----------
    labels : DataFrame of shape (n_exams, n_tasks)
        0 to 1, or NaN. Pass those of the training exams alone.
    pairs : sequence of (str, str), optional
        Pairs to check, such as ("acl", "abnormal"). Default: those of MRNet. Pairs of tasks that
        `labels` lacks are left out.
    min_positives : int, default 10
        Fewest positive exams of the first task, among the exams with both labels.

    Returns
    -------
    tuple of (str, str)
        The pairs without an exam whose first label is larger than the second.

    Examples
    --------
    >>> labels = pd.DataFrame({"abnormal": [0, 1, 1], "acl": [0, 0, 1], "meniscus": [1, 0, 0]})
    >>> find_implications(labels, min_positives=1)
    (('acl', 'abnormal'),)
    """
    problems = explain_violations(labels, pairs, min_positives)
    return tuple(pair for pair, problem in problems.items() if not problem)


def explain_violations(
    labels: pd.DataFrame,
    pairs: Sequence[tuple[str, str]] = TEAR_IMPLIES_ABNORMAL,
    min_positives: int = MIN_POSITIVES,
) -> dict[tuple[str, str], str]:
    """Why a pair of tasks is not an implication.

    Parameters
    ----------
    labels, pairs, min_positives
        As in `find_implications`.

    Returns
    -------
    dict of (str, str) to str
        By pair; an empty text for an implication.

    Raises
    ------
    TypeError, ValueError
        If `pairs` does not hold pairs of different tasks.

    Examples
    --------
    >>> labels = pd.DataFrame({"abnormal": [0, 1], "acl": [0, 1]}, index=["0000", "0001"])
    >>> explain_violations(labels)["acl", "abnormal"]
    "1 exam is positive for 'acl', fewer than 10"
    """
    found = {}
    for pair in check_pairs(pairs):
        missing = [task for task in pair if task not in labels.columns]
        if missing:
            found[pair] = f"there is no task {name_some(missing)}"
            continue
        first, second = (labels[task].astype(float) for task in pair)
        broken = labels.index[first > second]  # False where one is NaN
        n_positive = float(first[second.notna()].sum())
        if len(broken):
            are = "exam is" if len(broken) == 1 else "exams are"
            found[pair] = (
                f"{len(broken)} {are} positive for {quote(pair[0])} and not for "
                f"{quote(pair[1])}, such as {name_some(list(map(str, broken[:1])))}"
            )
        elif n_positive < min_positives:
            are = "exam is" if n_positive == 1 else "exams are"
            found[pair] = (
                f"{n_positive:g} {are} positive for {quote(pair[0])}, fewer than {min_positives}"
            )
        else:
            found[pair] = ""
    return found


def choose_implications(labels: pd.DataFrame) -> Implications:
    """Pairs of tasks of MRNet that the labels obey, with a warning about those that they break.

    Parameters
    ----------
    labels : DataFrame of shape (n_exams, n_tasks)
        As in `find_implications`.

    Returns
    -------
    tuple of (str, str)

    Warns
    -----
    UserWarning
        If the labels break a pair, or too few exams are positive, with the reason.
    """
    known = [pair for pair in TEAR_IMPLIES_ABNORMAL if set(pair) <= set(labels.columns)]
    problems = explain_violations(labels, known)
    texts = [
        f"'{first} implies {second}' is not used: {problem}."
        for (first, second), problem in problems.items()
        if problem
    ]
    if texts:
        warnings.warn(" ".join(texts), stacklevel=3)
    return tuple(pair for pair, problem in problems.items() if not problem)


def apply_implications(
    probabilities: pd.DataFrame, implications: Sequence[tuple[str, str]]
) -> pd.DataFrame:
    r"""Probabilities that use the implications.

    A task that others imply becomes :math:`1 - (1 - p) \prod_k (1 - p_k)`, with the probabilities
    :math:`p_k` of the tasks that imply it: the exam is negative only if it is negative for each
    of them (noisy or). So it is never below any of them. The product takes the models as
    independent, which they are not: the result ranks exams, but is too high as a probability.

    Parameters
    ----------
    probabilities : DataFrame of shape (n_exams, n_columns)
        With a column per task of `implications`, from 0 to 1. Other columns are left as they are.
    implications : sequence of (str, str)
        As from `find_implications`. Each is applied to the probabilities as given, not in chains.

    Returns
    -------
    DataFrame of shape (n_exams, n_columns)
        A new table; the same values if there are no implications.

    Raises
    ------
    ValueError
        If a value is not a probability.

    Examples
    --------
    >>> table = pd.DataFrame({"abnormal": [0.5], "acl": [0.8]})
    >>> apply_implications(table, [("acl", "abnormal")]).round(6).to_dict("list")
    {'abnormal': [0.9], 'acl': [0.8]}
    """
    found = probabilities.copy()
    tasks = list(dict.fromkeys(task for pair in implications for task in pair))
    for task in tasks:
        values = probabilities[task]
        if not values.dropna().between(0, 1).all():
            raise ValueError(
                f"Implications need probabilities from 0 to 1, got {values.min():g} to "
                f"{values.max():g} for {quote(task)}. Use a model with `predict_proba`."
            )
    for implied in dict.fromkeys(pair[1] for pair in implications):
        negative = 1 - probabilities[implied]
        for task, other in implications:
            if other == implied:
                negative = negative * (1 - probabilities[task])
        found[implied] = 1 - negative
    return found


def check_pairs(pairs: Any) -> list[tuple[str, str]]:
    """Pairs of different tasks as tuples; an error if they are something else."""
    listed = list(pairs) if isinstance(pairs, Iterable) else [pairs]
    if not all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in listed):
        raise TypeError(
            "Implications must be pairs of tasks, such as [('acl', 'abnormal')]. Write the task "
            "that implies the other first."
        )
    for first, second in listed:
        if first == second:
            raise ValueError(f"A task can't imply itself, got {quote(str(first))} twice.")
    return list(dict.fromkeys((first, second) for first, second in listed))
