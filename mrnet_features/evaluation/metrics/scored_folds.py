"""Labels, folds and scores of cross-validated models as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mrnet_features.evaluation.metrics.auc import AucEstimate, measure_auc

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.intp]

__all__ = [
    "ScoredFolds",
    "find_partitions",
    "is_one_group_per_fold",
    "list_folds",
    "measure_term",
    "weigh_tasks",
]


class ScoredFolds(NamedTuple):
    """Labels, folds and scores as arrays; a term is one task of one model.

    Attributes
    ----------
    labels : ndarray of shape (n_terms, n_exams), float64
        0, 1, or NaN for an exam without a label.
    scores : ndarray of shape (n_terms, n_repeats, n_exams), float64
    folds : ndarray of shape (n_repeats, n_exams), intp
        Number of the fold that tests an exam, from 0 in each repeat.
    names : tuple of str
        Name of each term in messages.
    """

    labels: Floats
    scores: Floats
    folds: Integers
    names: tuple[str, ...]


def weigh_tasks(tasks: Sequence[str]) -> dict[str, Floats]:
    """Weights of the AUCs in each row of a summary.

    Parameters
    ----------
    tasks : sequence of str

    Returns
    -------
    dict of str to ndarray of shape (n_tasks,), float64
        One row per task, and "mean" if there are several.

    Examples
    --------
    >>> {name: weights.tolist() for name, weights in weigh_tasks(["acl", "meniscus"]).items()}
    {'acl': [1.0, 0.0], 'meniscus': [0.0, 1.0], 'mean': [0.5, 0.5]}
    """
    weights = dict(zip(tasks, np.eye(len(tasks)), strict=True))
    if len(tasks) > 1:
        weights["mean"] = np.full(len(tasks), 1 / len(tasks))
    return weights


def list_folds(data: ScoredFolds) -> Iterator[tuple[int, int, Integers]]:
    """Iterate over the folds of all repeats.

    Parameters
    ----------
    data : ScoredFolds

    Yields
    ------
    repeat, fold : int
    members : ndarray of intp
        Row numbers of the exams that the fold tests.
    """
    for repeat, numbers in enumerate(data.folds):
        for fold in range(int(numbers.max()) + 1):
            yield repeat, fold, np.flatnonzero(numbers == fold)


def find_partitions(folds: Integers) -> list[int]:
    """First repeat of each partition: fits with other seeds on the same folds are one partition.

    Parameters
    ----------
    folds : ndarray of shape (n_repeats, n_exams), intp

    Returns
    -------
    list of int

    Examples
    --------
    >>> find_partitions(np.array([[0, 0, 1, 1], [1, 1, 0, 0], [0, 1, 0, 1]]))
    [0, 2]
    """
    seen: dict[bytes, int] = {}
    for repeat, numbers in enumerate(folds):
        _, first, renamed = np.unique(numbers, return_index=True, return_inverse=True)
        seen.setdefault(first[renamed].tobytes(), repeat)
    return list(seen.values())


def is_one_group_per_fold(numbers: Integers, groups: Integers | None) -> bool:
    """Whether each fold is one whole group, as in leave-one-site-out.

    Parameters
    ----------
    numbers : ndarray of shape (n_exams,), intp
        Fold that tests an exam.
    groups : ndarray of shape (n_exams,), intp, or None

    Returns
    -------
    bool
    """
    if groups is None:
        return False
    pairs = {*zip(numbers.tolist(), groups.tolist(), strict=True)}
    return len(pairs) == len(set(numbers.tolist())) == len(set(groups.tolist()))


def measure_term(
    data: ScoredFolds, term: int, repeat: int, rows: Integers, where: str
) -> AucEstimate:
    """AUC of one term on some exams.

    Parameters
    ----------
    data : ScoredFolds
    term, repeat : int
    rows : ndarray of intp
        Row numbers of exams with a label.
    where : str
        Repeat and fold in notes, with a space before it.

    Returns
    -------
    AucEstimate

    Raises
    ------
    ValueError
        As `measure_auc`; a note names the term.
    """
    try:
        return measure_auc(data.labels[term, rows], data.scores[term, repeat, rows])
    except ValueError as error:
        error.add_note(f"while scoring {data.names[term]}{where}")
        raise
