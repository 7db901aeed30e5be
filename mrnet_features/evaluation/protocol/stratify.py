"""Stratified, shuffled folds; seeds derived from names and numbers."""

from __future__ import annotations

import hashlib
import json
import operator
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np
import pandas as pd

from mrnet_features.evaluation.alignment import align_groups
from mrnet_features.evaluation.protocol.folds import (
    FEWEST_OF_A_CLASS,
    Folds,
    find_shortage,
    list_shortages,
)
from mrnet_features.labels import check_labels
from mrnet_features.tables import name_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mrnet_features.tables import ByExam, LabelTable

__all__ = ["Folds", "count_possible_folds", "derive_seed", "make_folds", "merge_rare_strata"]

# The first shuffle fails only if a class has hardly enough exams.
MOST_SHUFFLES = 100


def make_folds(
    labels: LabelTable,
    n_splits: int = 5,
    n_repeats: int = 3,
    groups: ByExam | None = None,
    seed: int = 0,
    *,
    positive: Any = None,
) -> Folds:
    """Split exams into shuffled folds, stratified by the combination of their labels.

    Combinations with fewer exams than folds are merged with the most similar one; a difference
    in a rare label counts more. A missing label is one more state of its task, so each fold has
    its share of the labelled exams of every task. The folds depend on ids, labels and seed, never
    on the order of the rows.

    Parameters
    ----------
    labels : DataFrame of shape (n_exams, n_tasks), Series or array
        Index exam id; one column per task with 0 or 1, NaN for an exam without a label. The exam
        ids of an array are its row numbers.
    n_splits : int, default 5
        Folds per repeat, at least 2.
    n_repeats : int, default 3
        Number of independent partitions, at least 1; see `cross_validate`.
    groups : Series or mapping of exam id to group, optional
        Exams of a group, for example of a patient, stay in one fold.
    seed : int, default 0
        Seed of the shuffles.
    positive : value or mapping of task to value, optional
        Value of a positive exam if the labels are not 0 and 1.

    Returns
    -------
    Folds
        Partition of every repeat.

    Raises
    ------
    ValueError
        If a task has fewer than two labelled exams of a class per fold.

    References
    ----------
    Kohavi 1995, IJCAI 14(2):1137-1145, for stratified folds.

    Examples
    --------
    >>> import pandas as pd
    >>> exams = [f"{i:04d}" for i in range(12)]
    >>> labels = pd.DataFrame({"acl": [0, 0, 1] * 4}, index=exams)
    >>> folds = make_folds(labels, n_splits=2, n_repeats=1)
    >>> [len(test) for _, _, _, test in folds.split()]
    [6, 6]
    """
    given: Any = labels
    if isinstance(labels, np.ndarray | list):
        given = name_rows(np.empty((len(labels), 1)), labels)[1]
    truth = check_labels(given, positive, missing=True)
    if n_splits < 2 or n_repeats < 1:
        raise ValueError(
            f"`n_splits` must be at least 2 and `n_repeats` at least 1, got {n_splits} and "
            f"{n_repeats}."
        )
    fewest = FEWEST_OF_A_CLASS * n_splits
    shortages = list_shortages(truth, fewest)
    if shortages:
        raise ValueError(
            f"`labels` must hold at least {fewest} exams of each class of every task for "
            f"{n_splits} folds (two per fold, for a standard error), got {shortages}. "
            f"{_advise(truth)}"
        )
    grouping = align_groups(groups, truth.index, given.index)
    if grouping is not None and grouping.nunique() < n_splits:
        raise ValueError(
            f"`groups` must hold at least as many groups as folds, got {grouping.nunique()} for "
            f"{n_splits} folds. Lower `n_splits`; two are the fewest."
        )
    strata = merge_rare_strata(truth, n_splits)
    parts = [
        _shuffle(truth, strata, grouping, n_splits, repeat, seed) for repeat in range(n_repeats)
    ]
    return Folds(pd.concat(parts, ignore_index=True))


def count_possible_folds(labels: pd.DataFrame) -> int:
    """Most folds that have two exams of each class of every task.

    Parameters
    ----------
    labels : DataFrame of shape (n_exams, n_tasks)
        0 or 1; NaN for an exam without a label.

    Returns
    -------
    int
        0 or 1 if there are too few exams for a cross-validation.

    Examples
    --------
    >>> count_possible_folds(pd.DataFrame({"acl": [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]}))
    2
    """
    rarest = min(labels.sum().min(), (labels.count() - labels.sum()).min())
    return int(rarest) // FEWEST_OF_A_CLASS


def derive_seed(*parts: SupportsIndex | str) -> int:
    """Seed from the names and numbers that identify a fit.

    Parameters
    ----------
    *parts : int or str
        For example the user's seed, the task, the repeat and the fold. Integers of Python and
        NumPy give the same seed.

    Returns
    -------
    int
        Between 0 and 2**31 - 2, the same on every machine and in every process.

    Examples
    --------
    >>> derive_seed(0, "acl", 1) == derive_seed(0, "acl", 1)
    True
    >>> derive_seed(0, "acl", 1) == derive_seed(0, "acl", 2)
    False
    """
    digest = hashlib.sha256(json.dumps(parts, default=operator.index).encode()).digest()
    return int.from_bytes(digest[:8], "big") % (2**31 - 1)


def merge_rare_strata(labels: pd.DataFrame, n_splits: int) -> NDArray[np.intp]:
    """Stratum of each exam: its combination of labels, with rare combinations merged.

    The rarest stratum is merged with the most similar one until each has `n_splits` exams.

    Parameters
    ----------
    labels : DataFrame of shape (n_exams, n_tasks)
        0 or 1; NaN, a missing label, differs from both.
    n_splits : int
        Fewest exams of a stratum.

    Returns
    -------
    ndarray of shape (n_exams,), intp
        Stratum of each exam.

    Examples
    --------
    The one exam with both labels is merged with those that have only the rarer label:

    >>> import pandas as pd
    >>> both = {"common": [1, 1, 1, 1, 0, 0, 0, 0], "rare": [0, 0, 0, 1, 1, 1, 0, 0]}
    >>> merge_rare_strata(pd.DataFrame(both), n_splits=2).tolist()
    [2, 2, 2, 1, 1, 1, 0, 0]
    """
    values = labels.to_numpy(dtype=np.float64)
    missing = np.isnan(values)
    if missing.any():
        partly = missing.any(axis=0)
        values = np.column_stack([np.where(missing, 0.5, values), missing[:, partly]])
    states, strata = np.unique(values, axis=0, return_inverse=True)
    strata = strata.reshape(-1)
    rarest = np.minimum(values.sum(axis=0), len(values) - values.sum(axis=0))
    weights = 1 / np.maximum(rarest, 1)
    centres = dict(enumerate(states))
    while len(centres) > 1:
        counts = {stratum: int((strata == stratum).sum()) for stratum in centres}
        smallest = min(centres, key=lambda stratum: (counts[stratum], stratum))
        if counts[smallest] >= n_splits:
            break
        centre = centres.pop(smallest)
        distances = {s: float(weights @ np.abs(centre - other)) for s, other in centres.items()}
        nearest = min(centres, key=lambda stratum: (distances[stratum], counts[stratum], stratum))
        strata[strata == smallest] = nearest
        centres[nearest] = values[strata == nearest].mean(axis=0)
    return np.unique(strata, return_inverse=True)[1]


def _advise(labels: pd.DataFrame) -> str:
    """What to do about tasks with too few exams of a class."""
    n_possible = count_possible_folds(labels)
    fewer = f"Pass n_splits={n_possible}, add exams" if n_possible >= 2 else "Add exams"
    return f"{fewer}, or leave the task out."


def _shuffle(
    labels: pd.DataFrame,
    strata: NDArray[np.intp],
    groups: pd.Series[Any] | None,
    n_splits: int,
    repeat: int,
    seed: int,
) -> pd.DataFrame:
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    splitter = StratifiedKFold if groups is None else StratifiedGroupKFold
    shortage = ""
    for attempt in range(MOST_SHUFFLES):
        shuffle_seed = derive_seed(seed, "folds", repeat, attempt)
        folds = splitter(n_splits, shuffle=True, random_state=shuffle_seed)
        fold = np.empty(len(labels), dtype=np.int64)
        for number, (_, test) in enumerate(folds.split(strata, strata, groups)):
            fold[test] = number
        frame = pd.DataFrame({"exam": labels.index, "repeat": repeat, "fold": fold})
        shortage = find_shortage(frame, labels)
        if not shortage:
            return frame
    raise ValueError(
        f"None of {MOST_SHUFFLES} shuffles gave {n_splits} folds with two exams of each class of "
        f"every task; in the last one, {shortage}. Lower `n_splits` (two are the fewest), add "
        "exams, or leave the task out."
    )
