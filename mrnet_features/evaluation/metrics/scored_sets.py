"""Scores of one task, test set by test set: the folds of each repeat, or one hold-out."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mrnet_features.evaluation.alignment import check_predictions
from mrnet_features.evaluation.exam_values import share_groups
from mrnet_features.evaluation.metrics.few_exams import FewExamsWarning, warn_of_few
from mrnet_features.ids.checks import require_same_exams
from mrnet_features.messages import quote
from mrnet_features.tables import choose_labels

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mrnet_features.tables import ByExam

__all__ = ["ScoredSets", "average_folds", "count_groups", "take_rows", "take_scored_sets"]


@dataclass(frozen=True, eq=False)
class ScoredSets:
    """Scores of one task in every test set.

    Attributes
    ----------
    truth : ndarray of shape (n_exams,), bool
        Whether each exam is positive. An exam without a label of the task is left out.
    repeats : tuple of tuples of (rows, scores)
        Test sets of each repeat: row numbers in `truth` and scores.
    groups : ndarray of shape (n_exams,), int64, or None
        Group of each exam.
    has_error : bool
        Whether the exams allow a standard error.
    """

    truth: NDArray[np.bool_]
    repeats: tuple[tuple[tuple[NDArray[np.intp], NDArray[np.float64]], ...], ...]
    groups: NDArray[np.int64] | None
    has_error: bool

    @property
    def n_positive(self) -> int:
        """Number of positive exams."""
        return int(self.truth.sum())

    @property
    def n_negative(self) -> int:
        """Number of negative exams."""
        return int((~self.truth).sum())


def take_scored_sets(
    model: Any,
    labels: Any = None,
    groups: ByExam | None = None,
    *,
    positive: Any = None,
    both_classes: bool = True,
) -> dict[str, ScoredSets]:
    """Test sets of each task.

    Parameters
    ----------
    model : Evaluation, HoldOut or DataFrame
        See `check_predictions`.
    labels, positive
        See `choose_labels`.
    groups : Series or mapping of exam id to group, optional
        By default those of `model`; others are refused.
    both_classes : bool, default True
        Whether each test set must hold exams of both classes.

    Returns
    -------
    dict of str to ScoredSets

    Raises
    ------
    TypeError, ValueError
        As `choose_labels` and `check_predictions`; if exams differ; or if a test set lacks a
        class.

    Warns
    -----
    FewExamsWarning
        See `warn_of_few`; and if the labelled exams of a test set are of a single group, which
        leaves no standard error.

    Examples
    --------
    >>> import pandas as pd
    >>> labels = pd.DataFrame({"acl": [0, 1]}, index=["a", "b"])
    >>> scores = pd.DataFrame({"acl": [0.7, 0.2]}, index=["b", "a"])
    >>> take_scored_sets(scores, labels)["acl"].repeats[0][0][1].tolist()
    [0.2, 0.7]
    """
    truth, rows, owner = take_rows(model, labels, groups, positive=positive)
    warn_of_few(truth, owner)
    found = {
        task: _take_task(task, truth[task], rows, owner, both_classes) for task in truth.columns
    }
    if owner is not None:
        for task in truth.columns:
            labelled = owner[truth[task].notna()]
            per_set = count_groups(rows, labelled)
            n_single = int((per_set < 2).sum())
            if n_single and labelled.nunique() > 1:
                warnings.warn(
                    f"Curves and areas of {quote(task)} have no interval, since {n_single} of "
                    f"{len(per_set)} folds test a single group. Use fewer folds, so that each "
                    "tests several groups, or more groups.",
                    FewExamsWarning,
                    stacklevel=3,
                )
    return found


def take_rows(
    model: Any, labels: Any = None, groups: ByExam | None = None, *, positive: Any = None
) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series[Any] | None]:
    """Labels, predictions and groups with the same exams.

    Parameters
    ----------
    model, labels, groups, positive
        See `take_scored_sets`.

    Returns
    -------
    labels : DataFrame of shape (n_exams, n_tasks)
    predictions : DataFrame of shape (n_exams * n_repeats, n_tasks + 3)
        Columns exam, repeat, fold and one per task. A single test set is repeat 0, fold 0.
    groups : Series of shape (n_exams,), int64, or None

    Raises
    ------
    TypeError, ValueError
        As `take_scored_sets`.

    Examples
    --------
    >>> import pandas as pd
    >>> labels = pd.DataFrame({"acl": [0, 1]}, index=["a", "b"])
    >>> take_rows(labels / 2, labels)[1].columns.tolist()
    ['exam', 'repeat', 'fold', 'acl']
    """
    truth = choose_labels(labels, positive, model)
    if not len(truth):
        raise ValueError("`labels` must hold at least one exam, got none.")
    rows = check_predictions(model, truth)
    if "exam" not in rows.columns:
        rows = rows.rename_axis(index="exam").reset_index()
        rows.insert(1, "repeat", 0)
        rows.insert(2, "fold", 0)
    n_repeats = rows["repeat"].nunique()
    for repeat, part in rows.groupby("repeat"):
        name = "model" if n_repeats == 1 else f"predictions of repeat {repeat}"
        require_same_exams(name, part["exam"], "labels", truth.index)
    return truth, rows, share_groups(groups, {"`model`": model}, truth.index)


def count_groups(predictions: pd.DataFrame, groups: pd.Series[Any]) -> pd.Series[int]:
    """Number of groups in each test set.

    With a single group nothing can be drawn or left out, and its influence on the AUC of the set
    sums to 0: there is no standard error.

    Parameters
    ----------
    predictions : DataFrame
        Columns exam, repeat and fold.
    groups : Series
        Index exam id. Other exams are not counted.

    Returns
    -------
    Series of int64
        Index repeat and fold.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"exam": ["a", "b", "c"], "repeat": 0, "fold": [0, 0, 1]})
    >>> count_groups(rows, pd.Series({"a": 7, "b": 7, "c": 8})).tolist()
    [1, 1]
    """
    owner = predictions["exam"].map(groups)
    return owner.groupby([predictions["repeat"], predictions["fold"]]).nunique()


def _take_task(
    task: str,
    labels: pd.Series[Any],
    rows: pd.DataFrame,
    groups: pd.Series[Any] | None,
    both_classes: bool,
) -> ScoredSets:
    labelled = labels.dropna()
    truth = labelled.to_numpy() == 1
    # Sorted by exam, so that the order of the rows does not change a bit of the result.
    own = rows[rows["exam"].isin(labelled.index)].sort_values("exam")
    repeats = []
    for repeat, part in own.groupby("repeat"):
        sets = []
        for fold, exams in part.groupby("fold"):
            places = labelled.index.get_indexer(pd.Index(exams["exam"]))
            n_positive = int(truth[places].sum())
            if both_classes and not 0 < n_positive < len(places):
                whole = len(places) == len(labelled)
                where = "" if whole else f" in repeat {repeat}, fold {fold}"
                raise ValueError(
                    f"`labels` must hold exams of both classes in every test set, got "
                    f"{n_positive} positive of {len(places)} for task {quote(task)}{where}. Use "
                    "fewer folds, or leave the task out."
                )
            sets.append((places, exams[task].to_numpy(dtype=np.float64)))
        repeats.append(tuple(sets))
    has_error = min(truth.sum(), (~truth).sum()) > 1
    if groups is not None:
        groups = groups.loc[labelled.index]
        has_error = has_error and bool((count_groups(own, groups) > 1).all())
    return ScoredSets(
        truth=truth,
        repeats=tuple(repeats),
        groups=None if groups is None else groups.to_numpy(),
        has_error=bool(has_error),
    )


def average_folds(
    sets: ScoredSets,
    measure: Callable[
        [NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]
    ],
    weights: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Mean of a measure over the folds of each repeat, then over the repeats.

    Parameters
    ----------
    sets : ScoredSets
    measure : callable
        From truth of shape (n_tested,), scores of shape (n_tested,) and weights of shape
        (n_draws, n_tested) to values of shape (n_draws, ...). NaN where a class has no weight;
        the mean is then that of the other folds.
    weights : ndarray of shape (n_draws, n_exams), float64
        Weight of each exam in each draw.

    Returns
    -------
    ndarray of shape (n_draws, ...), float64

    Examples
    --------
    >>> import pandas as pd
    >>> labels = pd.DataFrame({"acl": [0, 1]}, index=["a", "b"])
    >>> scores = pd.DataFrame({"acl": [0.2, 0.7]}, index=["a", "b"])
    >>> sets = take_scored_sets(scores, labels)["acl"]
    >>> average_folds(sets, lambda truth, scores, weights: weights @ scores, np.ones((1, 2)))
    array([0.9])
    """
    found = []
    for repeat in sets.repeats:
        values = np.stack(
            [measure(sets.truth[rows], scores, weights[:, rows]) for rows, scores in repeat]
        )
        defined = ~np.isnan(values)
        with np.errstate(invalid="ignore"):  # no fold has weight in both classes
            found.append(np.where(defined, values, 0).sum(axis=0) / defined.sum(axis=0))
    return np.mean(found, axis=0)
