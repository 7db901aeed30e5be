"""ROC curves with pointwise bands, and partial AUCs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mrnet_features.evaluation.curve_plots import plot_roc
from mrnet_features.evaluation.metrics.resampling import (
    area_interval,
    bootstrap,
    count_called,
    count_degrees,
    fraction_intervals,
    jackknife,
)
from mrnet_features.evaluation.metrics.scored_sets import take_rows, take_scored_sets
from mrnet_features.evaluation.metrics.scores import Scores, score_predictions
from mrnet_features.evaluation.results import Result, choose_task
from mrnet_features.messages import list_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from mrnet_features.tables import ByExam

__all__ = ["RocCurves", "measure_partial_auc", "measure_roc"]

# k / 100 is the same double as the rate of k exams of 100, so that steps at the grid are found.
GRID = np.arange(101) / 100

MEASURES = ("partial_auc", "mean_sensitivity", "mcclish")
SENSITIVITY = ("sensitivity", "sensitivity_low", "sensitivity_high")
SPECIFICITY = ("specificity", "specificity_low", "specificity_high")


@dataclass(frozen=True, eq=False, repr=False)
class RocCurves(Result):
    """ROC curve of each task, averaged over folds and repeats.

    Attributes
    ----------
    curves : DataFrame of shape (n_tasks * 101, 6)
        Columns task, false_positive_rate (0 to 1 in steps of .01), sensitivity, se, n_positive
        and degrees (of freedom).
    scores : Scores
        AUCs of the same predictions.
    points : dict of str to DataFrame
        Operating points to draw, by name; see `measure_roc`.
    """

    curves: pd.DataFrame
    scores: Scores
    points: Mapping[str, pd.DataFrame]

    def __repr__(self) -> str:
        tasks = list_names(self.curves["task"].unique())
        return f"RocCurves({len(self.scores.influence)} exams, tasks {tasks})"

    def summary(self, confidence: float = 0.95) -> pd.DataFrame:
        """AUC of each task.

        Parameters
        ----------
        confidence : float, default 0.95
            Coverage of the intervals.

        Returns
        -------
        DataFrame of shape (n_tasks, n_columns)
            As `Scores.summary`, without the mean.
        """
        table = self.scores.summary(confidence)
        return table.loc[list(self.scores.n_positive.index)]

    def frame(self, confidence: float = 0.95) -> pd.DataFrame:
        """Points of the curves.

        Parameters
        ----------
        confidence : float, default 0.95
            Coverage of the intervals, at each false positive rate by itself.

        Returns
        -------
        DataFrame of shape (n_tasks * 101, 5)
            Columns task, false_positive_rate, sensitivity, ci_low and ci_high.
        """
        parts = []
        for _, rows in self.curves.groupby("task", sort=False):
            low, high = fraction_intervals(
                rows["sensitivity"],
                rows["se"],
                int(rows["n_positive"].iloc[0]),
                confidence,
                int(rows["degrees"].iloc[0]),
            )
            # The curve never falls, so an end that holds further left (or right) holds here too.
            low = np.maximum.accumulate(low)
            high = np.minimum.accumulate(high[::-1])[::-1]
            low[-1] = 1.0  # at a rate of 1 every exam is called positive
            rest = rows.drop(columns=["se", "n_positive", "degrees"])
            parts.append(rest.assign(ci_low=low, ci_high=high))
        return pd.concat(parts, ignore_index=True)

    def plot(self, axes: Axes | None = None, task: str | None = None) -> Axes:
        """Curve of each task with its 95 % band, and the operating points.

        Parameters
        ----------
        axes : matplotlib Axes, optional
        task : str, optional
            Task to draw alone. By default all.

        Returns
        -------
        matplotlib Axes
        """
        tasks = list(self.scores.n_positive.index)
        chosen = tasks if task is None else [choose_task(task, tasks, task)]
        points = {name: table.reindex(chosen).dropna() for name, table in self.points.items()}
        return plot_roc(self.frame(), self.summary().loc[chosen], points, axes)


def measure_roc(
    model: Any,
    labels: pd.DataFrame | pd.Series[Any] | None = None,
    *,
    points: pd.DataFrame | Mapping[str, pd.DataFrame] | None = None,
    groups: ByExam | None = None,
    positive: Any = None,
    n_draws: int = 1000,
    seed: int = 0,
) -> RocCurves:
    """ROC curve of each task with a pointwise confidence band.

    The sensitivities of the folds are averaged at each false positive rate (vertical averaging),
    then those of the repeats. Each fold's curve joins its points by straight lines.

    The band comes from a bootstrap of the exams with the predictions as they are: it takes the
    fitted models as given, and says nothing about models fitted on other exams. It holds at each
    false positive rate by itself, not for the whole curve at once. In simulations with 120 and
    300 exams it covered the expected curve of test sets of that size in .93 to .98 of the cases,
    in .85 at rates of less than one negative exam per fold.

    Parameters
    ----------
    model : Evaluation, HoldOut or DataFrame
        See `measure_calibration`; scores need not be probabilities. Repeated cross-validation:
        all repeats are used.
    labels : DataFrame of shape (n_exams, n_tasks), Series or None
        Index exam id; 0 or 1. None for the labels of the Evaluation or HoldOut.
    points : DataFrame or mapping of name to DataFrame, optional
        Operating points to draw with their intervals: tables of `measure_operating_points` or
        `apply_thresholds`. A threshold chosen on other exams need not lie on the curve.
    groups : Series or mapping of exam id to group, optional
        For example the patient of each exam. By default those of `model`; others are refused.
    positive : value or mapping of task to value, optional
        Value of a positive exam if the labels are not 0 and 1.
    n_draws : int, default 1000
        Bootstrap draws.
    seed : int, default 0

    Returns
    -------
    RocCurves
        Curves with bands, and AUCs.

    Raises
    ------
    TypeError, ValueError
        If exams differ, or a fold has fewer than two exams of a class.

    References
    ----------
    Fawcett 2006, Pattern Recognition Letters 27(8):861-874, for vertical averaging. The interval
    is described at `fraction_intervals`.

    Examples
    --------
    Without a false alarm one of two positives is found, with one false alarm of two both:

    >>> labels = pd.DataFrame({"acl": [0, 1, 0, 1]}, index=list("abcd"))
    >>> scores = pd.DataFrame({"acl": [0.1, 0.3, 0.5, 0.9]}, index=list("abcd"))
    >>> curve = measure_roc(scores, labels).curves.set_index("false_positive_rate")
    >>> curve.loc[[0.0, 0.25, 0.5], "sensitivity"].tolist()
    [0.5, 0.5, 1.0]
    """
    truth, rows, owner = take_rows(model, labels, groups, positive=positive)
    scores = getattr(model, "scores", None)
    tasks = list(truth.columns)
    if (
        groups is not None
        or not isinstance(scores, Scores)
        or list(scores.n_positive.index) != tasks
    ):
        scores = score_predictions(truth, rows, owner, warn=False)
    parts = []
    for task, sets in take_scored_sets(model, labels, groups, positive=positive).items():
        value, se = bootstrap(sets, _measure_sensitivity, n_draws, seed)
        curve = {"task": task, "false_positive_rate": GRID, "sensitivity": value, "se": se}
        sizes = {"n_positive": sets.n_positive, "degrees": count_degrees(sets)}
        parts.append(pd.DataFrame({**curve, **sizes}))
    named = {} if points is None else points if isinstance(points, Mapping) else {"": points}
    for table in named.values():
        missing = [name for name in (*SENSITIVITY, *SPECIFICITY) if name not in table.columns]
        if missing:
            raise ValueError(
                f"`points` must be tables of `measure_operating_points` or `apply_thresholds`, but "
                f"have no column {missing[0]!r}."
            )
    return RocCurves(
        pd.concat(parts, ignore_index=True),
        scores,
        {name: table[[*SENSITIVITY, *SPECIFICITY]] for name, table in named.items()},
    )


def measure_partial_auc(
    model: Any,
    labels: pd.DataFrame | pd.Series[Any] | None = None,
    *,
    false_positive_rate: tuple[float, float] | None = None,
    specificity: tuple[float, float] | None = None,
    groups: ByExam | None = None,
    positive: Any = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    r"""Area under a part of the ROC curve.

    With A the area over false positive rates a to b, and m = b - a:

    - ``partial_auc`` is A, from 0 to m;
    - ``mean_sensitivity`` is A / m, from 0 to 1;
    - ``mcclish`` is :math:`\frac{1}{2} (1 + \frac{A - c}{m - c})` with :math:`c = (b^2 - a^2) / 2`,
      the area of a constant score: .5 for a constant score and 1 for perfect separation, as
      ``sklearn.metrics.roc_auc_score(max_fpr=b)`` returns it for a = 0.

    The interval comes from leaving out one exam at a time with the predictions as they are (see
    `jackknife`): it takes the fitted models as given.

    Parameters
    ----------
    model, labels, groups, positive
        See `measure_roc`.
    false_positive_rate : tuple of two floats, optional
        Range of false positive rates, 0 to 1.
    specificity : tuple of two floats, optional
        The same range as specificities; (.8, 1) is false positive rates from 0 to .2. One of the
        two must be given, and chosen before looking at the curve.
    confidence : float, default 0.95
        Coverage of the intervals.

    Returns
    -------
    DataFrame of shape (n_tasks, 11)
        Index task. Columns partial_auc, mean_sensitivity and mcclish, each with ``_low`` and
        ``_high``; n_positive, n_negative.

    Raises
    ------
    TypeError
        If not exactly one range is given.
    ValueError
        If the range is not one, or a fold lacks a class.

    References
    ----------
    McClish 1989, Medical Decision Making 9(3):190-195.

    Examples
    --------
    >>> labels = pd.DataFrame({"acl": [0, 1, 0, 1]}, index=list("abcd"))
    >>> scores = pd.DataFrame({"acl": [0.1, 0.3, 0.5, 0.9]}, index=list("abcd"))
    >>> found = measure_partial_auc(scores, labels, specificity=(0.5, 1.0))
    >>> found[["partial_auc", "mean_sensitivity"]].values.tolist()
    [[0.25, 0.5]]
    """
    start, end = _choose_range(false_positive_rate, specificity)
    width, chance = end - start, (end**2 - start**2) / 2
    rows = {}

    def measure(
        truth: NDArray[np.bool_], scores: NDArray[np.float64], weights: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        return _measure_area(truth, scores, weights, start, end)

    for task, sets in take_scored_sets(model, labels, groups, positive=positive).items():
        area, se = jackknife(sets, measure)
        low, high = area_interval(
            float(area) / width, float(se) / width, sets.n_positive, count_degrees(sets), confidence
        )
        row = {}
        for suffix, value in (
            ("", float(area)),
            ("_low", low * width),
            ("_high", high * width),
        ):
            row[f"partial_auc{suffix}"] = value
            row[f"mean_sensitivity{suffix}"] = value / width
            row[f"mcclish{suffix}"] = (1 + (value - chance) / (width - chance)) / 2
        rows[task] = {**row, "n_positive": sets.n_positive, "n_negative": sets.n_negative}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis(index="task")
    names = [f"{name}{end}" for name in MEASURES for end in ("", "_low", "_high")]
    return table[[*names, "n_positive", "n_negative"]]


def _choose_range(
    false_positive_rate: tuple[float, float] | None, specificity: tuple[float, float] | None
) -> tuple[float, float]:
    if (false_positive_rate is None) == (specificity is None):
        raise TypeError(
            "`false_positive_rate` or `specificity` must be given, not both: the range over which "
            "the area is taken, such as specificity=(0.8, 1.0)."
        )
    name, given = (
        ("specificity", specificity)
        if specificity is not None
        else ("false_positive_rate", false_positive_rate)
    )
    low, high = (float(end) for end in given or ())
    if not 0 <= low < high <= 1:
        raise ValueError(
            f"`{name}` must be a range within 0 and 1, from low to high, got {low:g} to {high:g}."
        )
    return (low, high) if name == "false_positive_rate" else (1 - high, 1 - low)


def _trace(
    truth: NDArray[np.bool_], scores: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """False positive rate and sensitivity from the highest threshold on; NaN without a class."""
    hits, alarms = count_called(truth, scores, weights)
    with np.errstate(invalid="ignore"):
        return alarms / alarms[:, -1:], hits / hits[:, -1:]


def _measure_sensitivity(
    truth: NDArray[np.bool_], scores: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Sensitivity of each draw at each false positive rate of the grid."""
    rates, hits = _trace(truth, scores, weights)
    # At a step, np.interp takes its upper end.
    found = np.array([np.interp(GRID, x, y) for x, y in zip(rates, hits, strict=True)])
    found[np.isnan(rates[:, -1]) | np.isnan(hits[:, -1])] = np.nan
    return found


def _measure_area(
    truth: NDArray[np.bool_],
    scores: NDArray[np.float64],
    weights: NDArray[np.float64],
    start: float,
    end: float,
) -> NDArray[np.float64]:
    """Area of each draw between two false positive rates."""
    rates, hits = _trace(truth, scores, weights)
    left, right = rates[:, :-1], rates[:, 1:]
    lower, upper = hits[:, :-1], hits[:, 1:]
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = np.where(right > left, (upper - lower) / (right - left), 0.0)
    first, last = np.clip(left, start, end), np.clip(right, start, end)
    heights = 2 * lower + slope * (first + last - 2 * left)
    # Of a perfect curve the sum may round to more than the width.
    return np.minimum(((last - first) * heights / 2).sum(axis=1), end - start)
