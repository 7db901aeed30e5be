"""Calibration: Brier score, intercept, slope and reliability curve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtri

from mrnet_features.evaluation.alignment import align_predictions
from mrnet_features.evaluation.curve_plots import plot_calibration
from mrnet_features.evaluation.exam_values import share_groups
from mrnet_features.evaluation.metrics.auc import t_quantile
from mrnet_features.evaluation.results import Result, choose_task
from mrnet_features.messages import list_names
from mrnet_features.tables import choose_labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from mrnet_features.tables import ByExam

__all__ = [
    "Calibration",
    "align_probabilities",
    "effective_size",
    "measure_calibration",
    "wilson_interval",
]

CLIP = 1e-6
MOST_STEPS = 100
CURVE = ("task", "expected", "observed", "ci_low", "ci_high", "n_exams", "n_positive")


@dataclass(frozen=True, eq=False, repr=False)
class Calibration(Result):
    """Agreement of predicted probabilities with labels.

    Attributes
    ----------
    labels : DataFrame of shape (n_exams, n_tasks), int8
        float64 with NaN if a label is missing; such an exam is left out for that task.
    probabilities : DataFrame of shape (n_exams, n_tasks), float64
    groups : Series of shape (n_exams,), int64, or None
        Group of each exam. Exams of a group are not taken as independent.
    """

    labels: pd.DataFrame
    probabilities: pd.DataFrame
    groups: pd.Series[Any] | None = None

    def __repr__(self) -> str:
        return f"Calibration({len(self.labels)} exams, tasks {list_names(self.labels.columns)})"

    def summary(self, confidence: float = 0.95) -> pd.DataFrame:
        """Brier score, calibration intercept and slope of each task.

        Parameters
        ----------
        confidence : float, default 0.95
            Coverage of the intervals.

        Returns
        -------
        DataFrame of shape (n_tasks, 10)
            Index task. Columns:

            - brier: mean squared error of the probability;
            - brier_skill: 1 - brier / (brier of the prevalence); 0 is no better than a constant;
              NaN if there is one class;
            - expected, observed: mean probability and prevalence;
            - intercept: log-odds to add so that expected equals observed; 0 is ideal; NaN if
              there is one class;
            - slope: factor of the log-odds that fits best; 1 is ideal, less means too extreme;
              NaN if the scores separate the classes or are constant;
            - ``_low`` and ``_high`` of intercept and slope: Wald interval. With groups, its error
              is that of the sandwich estimator, and it uses the t distribution with the groups
              minus 1 as degrees of freedom.

        Notes
        -----
        For intercept and slope, probabilities below 1e-6 or above 1 - 1e-6 count as these: the
        log-odds of 0 and 1 are infinite. With many of them both depend on that limit.

        References
        ----------
        Liang and Zeger 1986, Biometrika 73(1):13-22, for groups;
        Van Calster et al. 2019, BMC Medicine 17:230, for intercept and slope; Brier 1950,
        Monthly Weather Review 78(1):1-3.
        """
        rows = {}
        for task in self.labels.columns:
            known = self.labels[task].notna()
            truth = self.labels.loc[known, task].to_numpy(dtype=np.float64)
            chance = self.probabilities.loc[known, task].to_numpy()
            odds = logit(np.clip(chance, CLIP, 1 - CLIP))
            brier, prevalence = float(np.mean((chance - truth) ** 2)), float(truth.mean())
            constant = prevalence * (1 - prevalence)
            ones = np.ones((len(truth), 1))
            groups = None
            if self.groups is not None:
                groups = np.unique(self.groups[known], return_inverse=True)[1]
            shift, shift_se = _fit_logistic(ones, truth, odds, groups)
            line, line_se = _fit_logistic(np.column_stack([ones, odds]), truth, 0 * odds, groups)
            degrees = float("inf") if groups is None else max(1, len(np.unique(groups)) - 1)
            z = t_quantile(0.5 + confidence / 2, degrees)
            rows[task] = {
                "brier": brier,
                "brier_skill": 1 - brier / constant if constant else np.nan,
                "expected": float(chance.mean()),
                "observed": prevalence,
                "intercept": shift[0],
                "intercept_low": shift[0] - z * shift_se[0],
                "intercept_high": shift[0] + z * shift_se[0],
                "slope": line[-1],
                "slope_low": line[-1] - z * line_se[-1],
                "slope_high": line[-1] + z * line_se[-1],
            }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis(index="task")

    def frame(self, n_bins: int = 10, confidence: float = 0.95) -> pd.DataFrame:
        """Points of the reliability curve: bins with equal numbers of exams.

        Parameters
        ----------
        n_bins : int, default 10
            Bins per task; fewer if scores are tied, one if all are equal.
        confidence : float, default 0.95
            Coverage of the intervals.

        Returns
        -------
        DataFrame of shape (n_points, 7)
            Columns task, expected (mean probability of the bin), observed (fraction of
            positives), ci_low, ci_high (Wilson, with groups for the effective sample size),
            n_exams, n_positive.
        """
        rows = []
        for task in self.labels.columns:
            chance = self.probabilities.loc[self.labels[task].notna(), task]
            bins = pd.qcut(chance.rank(method="average"), n_bins, labels=False, duplicates="drop")
            # If all ranks are tied, qcut has no two edges and returns NaN.
            for _, part in chance.groupby(bins.fillna(0)):
                n_positive = int(self.labels.loc[part.index, task].sum())
                size = float(len(part))
                if self.groups is not None:
                    hits = self.labels.loc[part.index, task].to_numpy(dtype=np.int64)
                    owner = self.groups.loc[part.index].to_numpy()
                    size = effective_size(hits, np.ones_like(hits), 1, owner)
                share = n_positive / len(part)
                low, high = wilson_interval(share * size, size, confidence)
                rows.append(
                    {
                        "task": task,
                        "expected": part.mean(),
                        "observed": n_positive / len(part),
                        "ci_low": low,
                        "ci_high": high,
                        "n_exams": len(part),
                        "n_positive": n_positive,
                    }
                )
        return pd.DataFrame(rows, columns=list(CURVE))

    def plot(self, axes: Axes | None = None, n_bins: int = 10, task: str | None = None) -> Axes:
        """Reliability curve of each task. The markers grow with the exams of the bin.

        Parameters
        ----------
        axes : matplotlib Axes, optional
        n_bins : int, default 10
            Bins per task, with equal numbers of exams.
        task : str, optional
            Task to draw alone. By default all.

        Returns
        -------
        matplotlib Axes
        """
        table = self.frame(n_bins)
        if task is not None:
            table = table[table["task"] == choose_task(task, table["task"], task)]
        return plot_calibration(table, axes)


def measure_calibration(
    model: Any,
    labels: pd.DataFrame | pd.Series[Any] | None = None,
    *,
    groups: ByExam | None = None,
    positive: Any = None,
) -> Calibration:
    """Calibration of predicted probabilities.

    Parameters
    ----------
    model : Evaluation, HoldOut or DataFrame
        Probabilities of exams that the models were not fitted on. Repeated cross-validation: the
        first repeat is used, so that an exam counts once.
    labels : DataFrame of shape (n_exams, n_tasks), Series or None
        Index exam id; 0 or 1, NaN to leave an exam out for that task. None for the labels of the
        first Evaluation or HoldOut.
    groups : Series or mapping of exam id to group, optional
        For example the patient. By default the groups that the model was evaluated with.
    positive : value or mapping of task to value, optional
        Value of a positive exam if the labels are not 0 and 1.

    Returns
    -------
    Calibration
        Brier score, intercept and slope, reliability curve.

    Raises
    ------
    ValueError
        If exams differ, there are none, or a score is not a probability.

    Examples
    --------
    One of two exams is positive, both with probability .5:

    >>> labels = pd.DataFrame({"acl": [0, 1]}, index=["a", "b"])
    >>> half = pd.DataFrame({"acl": [0.5, 0.5]}, index=["a", "b"])
    >>> measure_calibration(half, labels).summary()[["brier", "observed"]].values.tolist()
    [[0.25, 0.5]]
    """
    truth = choose_labels(labels, positive, model)
    if not len(truth):
        raise ValueError("`labels` must hold at least one exam, got none.")
    chances = align_probabilities(model, truth)
    return Calibration(truth, chances, share_groups(groups, {"`model`": model}, truth.index))


def align_probabilities(model: Any, labels: pd.DataFrame) -> pd.DataFrame:
    """Match probabilities to labels: one per exam and task.

    Parameters
    ----------
    model : Evaluation, HoldOut or DataFrame
        See `align_predictions`. Repeated cross-validation: the first repeat.
    labels : DataFrame of shape (n_exams, n_tasks)
        Checked labels.

    Returns
    -------
    DataFrame of shape (n_exams, n_tasks), float64
        Rows and columns in the order of `labels`.

    Raises
    ------
    TypeError, ValueError
        As `align_predictions`, or if a score is not between 0 and 1.

    Examples
    --------
    >>> labels = pd.DataFrame({"acl": [0, 1]}, index=["a", "b"])
    >>> scores = pd.DataFrame({"acl": [0.7, 0.2]}, index=["b", "a"])
    >>> align_probabilities(scores, labels)["acl"].tolist()
    [0.2, 0.7]
    """
    chosen = align_predictions(model, labels, repeats="first")
    values = chosen.to_numpy()
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError(
            f"`model` must predict probabilities from 0 to 1, got {values.min():.9g} to "
            f"{values.max():.9g}. Use a classifier with `predict_proba`."
        )
    return chosen


def wilson_interval(n_hits: float, n_exams: float, confidence: float = 0.95) -> tuple[float, float]:
    """Confidence interval of a proportion.

    Parameters
    ----------
    n_hits, n_exams : float
        Number of hits and of exams; integers, or their means over repeats.
    confidence : float, default 0.95
        Coverage, above 0 and below 1.

    Returns
    -------
    ci_low, ci_high : float
        Between 0 and 1.

    Raises
    ------
    ValueError
        If there are no exams, or more hits than exams.

    References
    ----------
    Wilson 1927, Journal of the American Statistical Association 22(158):209-212.

    Examples
    --------
    With no hit the upper end is z^2 / (n + z^2):

    >>> low, high = wilson_interval(0, 10)
    >>> low, round(high, 4)
    (0.0, 0.2775)
    """
    if not 0 <= n_hits <= n_exams or n_exams <= 0:
        raise ValueError(f"`n_hits` must be 0 to `n_exams`, got {n_hits} of {n_exams}.")
    z2 = float(ndtri(0.5 + confidence / 2)) ** 2
    share = n_hits / n_exams
    centre = (share + z2 / (2 * n_exams)) / (1 + z2 / n_exams)
    spread = z2 * (share * (1 - share) / n_exams + z2 / (4 * n_exams**2))
    half = np.sqrt(spread) / (1 + z2 / n_exams)
    low = 0.0 if n_hits == 0 else centre - half
    high = 1.0 if n_hits == n_exams else centre + half
    return float(low), float(high)


def effective_size(
    hits: NDArray[np.int64], members: NDArray[np.int64], n_repeats: int, groups: NDArray[np.int64]
) -> float:
    """Independent exams whose fraction would vary as much as that of the groups; at most all.

    Parameters
    ----------
    hits, members : ndarray of shape (n_exams,), int64
        Over how many repeats an exam is a hit, and counts at all.
    n_repeats : int
    groups : ndarray of shape (n_exams,)
        Group of each exam.

    Returns
    -------
    float
    """
    _, codes = np.unique(groups, return_inverse=True)
    total = int(members.sum())
    share = int(hits.sum()) / total
    residuals = np.bincount(codes, weights=hits - share * members)
    n_groups = int((np.bincount(codes, weights=members) > 0).sum())
    spread = float((residuals**2).sum())
    n_exams = total / n_repeats
    if not 0 < share < 1 or spread == 0 or n_groups < 2:
        return float(min(n_exams, n_groups))  # no variance to go by: each group counts once
    variance = spread / total**2 * n_groups / (n_groups - 1)
    return float(min(n_exams, share * (1 - share) / variance))


def _fit_logistic(
    columns: NDArray[np.float64],
    truth: NDArray[np.float64],
    offset: ArrayLike,
    groups: NDArray[np.int64] | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coefficients and standard errors of logistic regression, by Newton's method.

    With groups, numbered from 0, the errors are those of the sandwich estimator.
    """
    weights = np.zeros(columns.shape[1])
    nothing = np.full(len(weights), np.nan)
    if np.linalg.matrix_rank(columns) < columns.shape[1] or np.ptp(truth) == 0:
        return nothing, nothing  # equal scores, or one class
    for _ in range(MOST_STEPS):
        chance = expit(columns @ weights + np.asarray(offset))
        spread = chance * (1 - chance)
        information = columns.T @ (columns * spread[:, None])
        # If the classes are separated, the weights diverge and the information vanishes.
        if np.linalg.cond(information) > 1e12 or np.abs(weights).max() > 1e4:
            return nothing, nothing
        step = np.linalg.solve(information, columns.T @ (truth - chance))
        # A long first step may overshoot; a bounded one still converges.
        step *= min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-300))
        weights = weights + step
        if np.abs(step).max() < 1e-10:
            covariance = np.linalg.inv(information)
            if groups is not None:
                n_groups = len(np.unique(groups))
                if n_groups < 2:
                    return weights, nothing
                gradient = columns * (truth - chance)[:, None]
                sums = np.zeros((n_groups, columns.shape[1]))
                np.add.at(sums, groups, gradient)
                meat = sums.T @ sums * n_groups / (n_groups - 1)
                covariance = covariance @ meat @ covariance
            return weights, np.sqrt(np.diag(covariance))
    return nothing, nothing
