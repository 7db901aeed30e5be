"""Decision thresholds, and sensitivity and specificity at them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
from sklearn.metrics import roc_curve

from mrnet_features.evaluation.metrics.calibration import align_probabilities, wilson_interval
from mrnet_features.messages import name_some, quote
from mrnet_features.tables import choose_labels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "apply_thresholds",
    "choose_threshold",
    "choose_thresholds",
    "measure_operating_points",
]

RULES = ("youden", "sensitivity", "specificity")


class OutOfFold(Protocol):
    """What this module reads of an `Evaluation`, which is built on the metrics."""

    @property
    def labels(self) -> pd.DataFrame: ...

    @property
    def predictions(self) -> pd.DataFrame: ...


def choose_threshold(
    labels: ArrayLike, scores: ArrayLike, rule: str = "youden", target: float = 0.9
) -> float:
    """Decision threshold: an exam is called positive at or above it.

    Parameters
    ----------
    labels : array of shape (n_exams,)
        0 or 1, both present.
    scores : array of shape (n_exams,), float
        Higher means more likely positive.
    rule : {"youden", "sensitivity", "specificity"}, default "youden"
        "youden": largest sum of sensitivity and specificity; "sensitivity": highest threshold
        with at least sensitivity `target`; "specificity": lowest threshold with at least
        specificity `target`.
    target : float, default 0.9
        Fraction for the last two rules, above 0 and at most 1.

    Returns
    -------
    float
        Midpoint of two neighbouring scores, or just above the highest score.

    Raises
    ------
    ValueError
        If `rule` is unknown, `target` out of range, or there is one class only.

    References
    ----------
    Youden 1950, Cancer 3(1):32-35.

    Examples
    --------
    Between the highest negative and the lowest positive:

    >>> choose_threshold([0, 0, 1, 1], [0.125, 0.25, 0.75, 0.875])
    0.5
    """
    if rule not in RULES or not 0 < target <= 1:
        raise ValueError(
            f"`rule` must be one of {', '.join(RULES)} and `target` above 0 and at most 1, got "
            f"{rule!r} and {target}."
        )
    classes = np.unique(np.asarray(labels)).tolist()
    if classes != [0, 1]:
        raise ValueError(
            f"`labels` must hold exams of both classes, 0 and 1, to choose a threshold, got "
            f"{name_some(classes) or 'none'} in {np.size(labels)} exams. Leave the task out."
        )
    false_alarm, sensitivity, cuts = roc_curve(labels, scores, drop_intermediate=False)
    if rule == "youden":
        chosen = int(np.argmax(sensitivity - false_alarm))
    elif rule == "sensitivity":
        chosen = int(np.argmax(sensitivity >= target - 1e-12))
    else:
        chosen = int(np.flatnonzero(1 - false_alarm >= target - 1e-12)[-1])
    if chosen == 0:
        return float(np.nextafter(np.max(np.asarray(scores, dtype=np.float64)), np.inf))
    lower = cuts[chosen + 1] if chosen + 1 < len(cuts) else cuts[chosen]
    return float((cuts[chosen] + lower) / 2)


def choose_thresholds(
    evaluation: OutOfFold, rule: str = "youden", target: float = 0.9
) -> dict[str, float]:
    """Threshold of each task from all out-of-fold predictions.

    For a model that is fitted on all exams and used on new ones. Sensitivity and specificity on
    the same exams are too high; use `measure_operating_points`.

    Parameters
    ----------
    evaluation : Evaluation
    rule, target
        See `choose_threshold`.

    Returns
    -------
    dict of str to float
        Mean over the repeats.

    Raises
    ------
    TypeError
        If `evaluation` is not an Evaluation.
    ValueError
        As `choose_threshold`; a note names the task.
    """
    labels, rows = _take_rows(evaluation)
    return {
        task: float(
            np.mean(
                [
                    _choose(task, labels.loc[part["exam"], task], part[task], rule, target)
                    for _, part in rows.groupby("repeat")
                ]
            )
        )
        for task in labels.columns
    }


def measure_operating_points(
    evaluation: OutOfFold, rule: str = "youden", target: float = 0.9, confidence: float = 0.95
) -> pd.DataFrame:
    """Sensitivity and specificity at thresholds chosen on other exams.

    The threshold of a fold is chosen on the out-of-fold predictions of the other folds.

    Parameters
    ----------
    evaluation : Evaluation
    rule, target
        See `choose_threshold`.
    confidence : float, default 0.95
        Coverage of the intervals.

    Returns
    -------
    DataFrame of shape (n_tasks, 9)
        As `apply_thresholds`. The threshold is the mean over the folds; sensitivity and
        specificity are means over the repeats.

    Raises
    ------
    TypeError
        If `evaluation` is not an Evaluation.
    ValueError
        As `choose_threshold`; a note names the task.
    """
    labels, rows = _take_rows(evaluation)
    found = {}
    for task in labels.columns:
        truth = labels.loc[rows["exam"], task].to_numpy()
        known = ~np.isnan(truth)
        called = np.zeros(len(rows), dtype=bool)
        thresholds = []
        for (repeat, fold), part in rows.groupby(["repeat", "fold"]):
            others = ((rows["repeat"] == repeat) & (rows["fold"] != fold)).to_numpy()
            cut = _choose(task, truth[others], rows.loc[others, task], rule, target)
            called[part.index] = part[task] >= cut
            thresholds.append(cut)
        n_repeats = rows["repeat"].nunique()
        found[task] = {
            "threshold": float(np.mean(thresholds)),
            **_count(truth[known] == 1, called[known], n_repeats, confidence),
        }
    return pd.DataFrame.from_dict(found, orient="index").rename_axis(index="task")


def apply_thresholds(
    model: Any,
    labels: pd.DataFrame | pd.Series[Any] | None,
    thresholds: Mapping[str, float],
    confidence: float = 0.95,
    *,
    positive: Any = None,
) -> pd.DataFrame:
    """Sensitivity and specificity at given thresholds.

    Parameters
    ----------
    model : Evaluation, HoldOut or DataFrame
        Probabilities; see `measure_calibration`.
    labels : DataFrame of shape (n_exams, n_tasks), Series or None
        Index exam id; 0 or 1, NaN to leave an exam out for that task. None for the labels of the
        first Evaluation or HoldOut.
    thresholds : mapping of str to float
        One per task, chosen on other exams.
    confidence : float, default 0.95
        Coverage of the intervals.
    positive : value or mapping of task to value, optional
        Value of a positive exam if the labels are not 0 and 1.

    Returns
    -------
    DataFrame of shape (n_tasks, 9)
        Index task. Columns threshold; sensitivity and specificity, each with ``_low`` and
        ``_high`` (Wilson); n_positive, n_negative. NaN if there is no exam of the class.

    Raises
    ------
    ValueError
        If a task has no threshold, or as `measure_calibration` does.

    Examples
    --------
    >>> labels = pd.DataFrame({"acl": [0, 0, 1, 1]}, index=list("abcd"))
    >>> scores = pd.DataFrame({"acl": [0.1, 0.6, 0.7, 0.9]}, index=list("abcd"))
    >>> found = apply_thresholds(scores, labels, {"acl": 0.5})
    >>> found[["sensitivity", "specificity"]].values.tolist()
    [[1.0, 0.5]]
    """
    truth = choose_labels(labels, positive, model)
    missing = [task for task in truth.columns if task not in thresholds]
    if missing:
        raise ValueError(f"`thresholds` must name every task, got none for {name_some(missing)}.")
    scores = align_probabilities(model, truth)
    found = {}
    for task in truth.columns:
        known = truth[task].notna()
        positives = truth.loc[known, task].to_numpy() == 1
        called = (scores.loc[known, task] >= thresholds[task]).to_numpy()
        found[task] = {
            "threshold": float(thresholds[task]),
            **_count(positives, called, 1, confidence),
        }
    return pd.DataFrame.from_dict(found, orient="index").rename_axis(index="task")


def _take_rows(evaluation: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Labels and out-of-fold predictions of an Evaluation."""
    rows = getattr(evaluation, "predictions", None)
    if not isinstance(rows, pd.DataFrame) or "fold" not in rows.columns:
        raise TypeError(
            f"`evaluation` must be an Evaluation of `cross_validate`, got "
            f"{type(evaluation).__name__}. Thresholds are chosen on out-of-fold predictions."
        )
    return evaluation.labels, rows


def _choose(task: str, labels: ArrayLike, scores: ArrayLike, rule: str, target: float) -> float:
    truth = np.asarray(labels)
    known = ~np.isnan(truth)
    try:
        return choose_threshold(truth[known], np.asarray(scores)[known], rule, target)
    except ValueError as error:
        error.add_note(f"while choosing the threshold of task {quote(task)}")
        raise


def _count(
    truth: NDArray[np.bool_], called: NDArray[np.bool_], n_repeats: int, confidence: float
) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, members, hits in (
        ("sensitivity", truth, truth & called),
        ("specificity", ~truth, ~truth & ~called),
    ):
        # Each exam counts once, however many repeats there are.
        n_exams, n_hits = int(members.sum()) / n_repeats, int(hits.sum()) / n_repeats
        if not n_exams:
            found |= {name: np.nan, f"{name}_low": np.nan, f"{name}_high": np.nan}
            continue
        low, high = wilson_interval(n_hits, n_exams, confidence)
        found |= {name: n_hits / n_exams, f"{name}_low": low, f"{name}_high": high}
    found["n_positive"] = int(truth.sum() / n_repeats)
    found["n_negative"] = int((~truth).sum() / n_repeats)
    return found
