"""Average precision (PR-AUC) and precision-recall curves with pointwise bands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mrnet_features.evaluation.curve_plots import plot_precision_recall
from mrnet_features.evaluation.metrics.resampling import (
    area_interval,
    bootstrap,
    count_called,
    count_degrees,
    fraction_intervals,
    jackknife,
)
from mrnet_features.evaluation.metrics.scored_sets import take_scored_sets
from mrnet_features.evaluation.results import Result, choose_task
from mrnet_features.messages import list_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from mrnet_features.evaluation.metrics.scored_sets import ScoredSets
    from mrnet_features.tables import ByExam

__all__ = ["PrecisionRecall", "measure_precision_recall"]

# Recall 0 has no precision. k / 100 is the same double as the recall of k exams of 100.
GRID = np.arange(1, 101) / 100


@dataclass(frozen=True, eq=False, repr=False)
class PrecisionRecall(Result):
    """Average precision and precision-recall curve of each task.

    Attributes
    ----------
    table : DataFrame of shape (n_tasks, 8)
        Index task. Columns average_precision, se, degrees (of freedom of se), prevalence, pooled,
        n_positive, n_negative and positives_per_fold.
    curves : DataFrame of shape (n_tasks * 100, 6)
        Columns task, recall (.01 to 1 in steps of .01), precision, se, n_positive and degrees.
    """

    table: pd.DataFrame
    curves: pd.DataFrame

    def __repr__(self) -> str:
        n_exams = int((self.table["n_positive"] + self.table["n_negative"]).max())
        return f"PrecisionRecall({n_exams} exams, tasks {list_names(self.table.index)})"

    def summary(self, confidence: float = 0.95) -> pd.DataFrame:
        """Average precision of each task.

        Parameters
        ----------
        confidence : float, default 0.95
            Coverage of the intervals.

        Returns
        -------
        DataFrame of shape (n_tasks, 8)
            Index task. Columns:

            - average_precision: mean over the folds of a repeat, then over the repeats;
            - ci_low, ci_high: its interval; see `area_interval`;
            - prevalence: average precision of a model that ranks at random, the baseline;
            - pooled: average precision over all folds together, averaged over the repeats;
            - n_positive, n_negative;
            - positives_per_fold: mean over the folds.

        Notes
        -----
        Average precision depends on the prevalence: it can't be compared between sets with
        another one. In a test set with few positives it is higher than in a large one. For an AUC
        of .7 and prevalence .2 the mean was .37 in a large set, .41 with 24 positives and .48
        with 5, in simulations. The interval is for test sets of the size of the folds, with
        their class sizes.
        """
        rows = {}
        for task, row in self.table.iterrows():
            low, high = area_interval(
                row["average_precision"],
                row["se"],
                int(row["n_positive"]),
                int(row["degrees"]),
                confidence,
            )
            rows[task] = {
                "average_precision": row["average_precision"],
                "ci_low": low,
                "ci_high": high,
                "prevalence": row["prevalence"],
                "pooled": row["pooled"],
                "n_positive": int(row["n_positive"]),
                "n_negative": int(row["n_negative"]),
                "positives_per_fold": row["positives_per_fold"],
            }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis(index="task")

    def frame(self, confidence: float = 0.95) -> pd.DataFrame:
        """Points of the curves.

        Parameters
        ----------
        confidence : float, default 0.95
            Coverage of the intervals, at each recall by itself.

        Returns
        -------
        DataFrame of shape (n_tasks * 100, 5)
            Columns task, recall, precision, ci_low and ci_high.
        """
        parts = []
        for _, rows in self.curves.groupby("task", sort=False):
            n_called = rows["recall"] * rows["n_positive"] / rows["precision"]
            degrees = int(rows["degrees"].iloc[0])
            low, high = fraction_intervals(
                rows["precision"], rows["se"], n_called, confidence, degrees
            )
            rest = rows.drop(columns=["se", "n_positive", "degrees"])
            parts.append(rest.assign(ci_low=low, ci_high=high))
        return pd.concat(parts, ignore_index=True)

    def plot(self, axes: Axes | None = None, task: str | None = None) -> Axes:
        """Curve of each task with its 95 % band, and its prevalence as a dashed line.

        Parameters
        ----------
        axes : matplotlib Axes, optional
        task : str, optional
            Task to draw alone. By default all.

        Returns
        -------
        matplotlib Axes
        """
        table = self.summary()
        if task is not None:
            table = table.loc[[choose_task(task, table.index, task)]]
        return plot_precision_recall(self.frame(), table, axes)


def measure_precision_recall(
    model: Any,
    labels: pd.DataFrame | pd.Series[Any] | None = None,
    *,
    groups: ByExam | None = None,
    positive: Any = None,
    n_draws: int = 1000,
    seed: int = 0,
) -> PrecisionRecall:
    """Average precision (PR-AUC) and precision-recall curve of each task.

    Average precision is the sum over thresholds of the precision times the gain in recall, as
    scikit-learn's `average_precision_score` computes it in each fold.

    Intervals come from leaving out one exam at a time (see `jackknife`), bands from a bootstrap
    of the exams, with the predictions as they are: they take the fitted models as given. A band
    holds at each recall by itself.

    Parameters
    ----------
    model, labels, groups, positive, n_draws, seed
        See `measure_roc`.

    Returns
    -------
    PrecisionRecall
        Average precision with intervals, the prevalence as its baseline, and the curves.

    Raises
    ------
    TypeError, ValueError
        If exams differ, or a fold lacks a class.

    References
    ----------
    Boyd, Eng and Page 2013, ECML PKDD, LNCS 8190:451-466, for intervals inside 0 and 1; Saito and
    Rehmsmeier 2015, PLoS ONE 10(3):e0118432, for the baseline.

    Examples
    --------
    The highest score is positive (precision 1), the second positive is third (2 of 3):

    >>> labels = pd.DataFrame({"acl": [0, 1, 0, 1]}, index=list("abcd"))
    >>> scores = pd.DataFrame({"acl": [0.1, 0.3, 0.5, 0.9]}, index=list("abcd"))
    >>> found = measure_precision_recall(scores, labels).summary()
    >>> found[["average_precision", "prevalence"]].round(4).values.tolist()
    [[0.8333, 0.5]]
    """
    rows, parts = {}, []
    for task, sets in take_scored_sets(model, labels, groups, positive=positive).items():
        value, se = jackknife(sets, _measure_area)
        precision, errors = bootstrap(sets, _measure_precision, n_draws, seed)
        n_sets = sum(len(repeat) for repeat in sets.repeats)
        rows[task] = {
            "average_precision": float(value),
            "se": float(se),
            "degrees": count_degrees(sets),
            "prevalence": sets.n_positive / len(sets.truth),
            "pooled": _pool(sets),
            "n_positive": sets.n_positive,
            "n_negative": sets.n_negative,
            "positives_per_fold": sets.n_positive * len(sets.repeats) / n_sets,
        }
        curve = {"task": task, "recall": GRID, "precision": precision, "se": errors}
        sizes = {"n_positive": sets.n_positive, "degrees": count_degrees(sets)}
        parts.append(pd.DataFrame({**curve, **sizes}))
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis(index="task")
    return PrecisionRecall(table, pd.concat(parts, ignore_index=True))


def _trace(
    truth: NDArray[np.bool_], scores: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Recall and precision from the highest threshold on; recall is NaN without a positive."""
    hits, alarms = count_called(truth, scores, weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(hits + alarms > 0, hits / (hits + alarms), 0.0)
        return (hits / hits[:, -1:])[:, 1:], precision[:, 1:]


def _measure_area(
    truth: NDArray[np.bool_], scores: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Average precision of each draw."""
    recall, precision = _trace(truth, scores, weights)
    return np.asarray((np.diff(recall, axis=1, prepend=0.0) * precision).sum(axis=1))


def _measure_precision(
    truth: NDArray[np.bool_], scores: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Precision of each draw at the highest threshold that reaches each recall of the grid."""
    recall, precision = _trace(truth, scores, weights)
    found = np.full((len(weights), len(GRID)), np.nan)
    # The sum of weights may round to just below 1.
    last = recall.shape[1] - 1
    for draw in np.flatnonzero(~np.isnan(recall[:, -1])):
        reached = np.searchsorted(recall[draw], GRID)
        found[draw] = precision[draw, np.minimum(reached, last)]
    return found


def _pool(sets: ScoredSets) -> float:
    """Average precision over the folds of a repeat together, averaged over the repeats."""
    found = []
    for repeat in sets.repeats:
        rows = np.concatenate([rows for rows, _ in repeat])
        scores = np.concatenate([scores for _, scores in repeat])
        found.append(_measure_area(sets.truth[rows], scores, np.ones((1, len(rows))))[0])
    return float(np.mean(found))
