"""Decision thresholds, and sensitivity, specificity and predictive values at them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
from sklearn.metrics import roc_curve

from mrnet_features.evaluation.exam_values import share_groups
from mrnet_features.evaluation.metrics.calibration import (
    align_probabilities,
    effective_size,
    wilson_interval,
)
from mrnet_features.evaluation.metrics.predictive_values import (
    choose_prevalences,
    measure_predictive_values,
)
from mrnet_features.evaluation.metrics.thresholds import match_threshold, read_thresholds
from mrnet_features.messages import name_some, quote
from mrnet_features.tables import choose_labels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from mrnet_features.tables import ByExam

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

    @property
    def models(self) -> Mapping[tuple[str, int, int], Any]: ...


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
        Midpoint of two neighbouring scores, or just above the highest score; the upper one of the
        two if no number lies between them.

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
    check_rule(rule, target)
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
    middle = float((cuts[chosen] + lower) / 2)
    # between neighbouring floats there is none: it often rounds to the lower one
    return middle if middle > lower else float(cuts[chosen])


def check_rule(rule: str, target: float) -> None:
    """Raise unless `choose_threshold` takes a rule and its target; call it before a long fit.

    Parameters
    ----------
    rule : str
    target : float

    Raises
    ------
    ValueError
        If `rule` is unknown or `target` out of range.
    """
    if rule not in RULES or not 0 < target <= 1:
        raise ValueError(
            f"`rule` must be one of {', '.join(RULES)} and `target` above 0 and at most 1, got "
            f"{rule!r} and {target}."
        )


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
        Mean over the repeats. `as_classifier` turns it into scikit-learn's classifiers.

    Raises
    ------
    TypeError
        If `evaluation` is not an Evaluation.
    ValueError
        As `choose_threshold`; a note names the task.
    """
    labels, rows = _take_rows(evaluation)
    chosen = {}
    for task in labels.columns:
        known = labels[task].dropna()
        own = rows[rows["exam"].isin(known.index)]
        cuts = [
            _choose(task, known.loc[part["exam"]], part[task], rule, target)
            for _, part in own.groupby("repeat")
        ]
        chosen[task] = float(np.mean(cuts))
    return chosen


def measure_operating_points(
    evaluation: OutOfFold,
    rule: str = "youden",
    target: float = 0.9,
    confidence: float = 0.95,
    *,
    prevalence: float | Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Sensitivity, specificity and predictive values at thresholds chosen on other exams.

    The threshold of a fold is chosen on the out-of-fold predictions of the other folds.

    Parameters
    ----------
    evaluation : Evaluation
    rule, target
        See `choose_threshold`. With the rule "model" each fold has the threshold of its own
        fitted model, a `FixedThresholdClassifier` or `TunedThresholdClassifierCV`.
    confidence : float, default 0.95
        Coverage of the intervals.
    prevalence : float or mapping of task to float, optional
        See `apply_thresholds`.

    Returns
    -------
    DataFrame of shape (n_tasks, 16)
        As `apply_thresholds`. The threshold is the mean over the folds; an exam counts as called
        positive in the fraction of the repeats in which it is.

    Raises
    ------
    TypeError
        If `evaluation` is not an Evaluation, or, with the rule "model", a model has no threshold.
    ValueError
        As `choose_threshold`; a note names the task. If a prevalence is out of range, or, with the
        rule "model", a threshold is not for the predicted scores (see `match_threshold`).
    """
    labels, rows = _take_rows(evaluation)
    stated = choose_prevalences(prevalence, list(labels.columns))
    grouping = getattr(evaluation, "groups", None)
    found = {}
    for task in labels.columns:
        known = labels[task].dropna()
        own = rows[rows["exam"].isin(known.index)]
        truth = known.loc[own["exam"]].to_numpy()
        places = known.index.get_indexer(pd.Index(own["exam"]))
        n_called = np.zeros(len(known), dtype=np.int64)
        thresholds = []
        keys = own[["repeat", "fold"]].drop_duplicates().sort_values(["repeat", "fold"])
        for repeat, fold in keys.itertuples(index=False):
            same = (own["repeat"] == repeat).to_numpy()
            tested = same & (own["fold"] == fold).to_numpy()
            others = same & ~tested
            if rule == "model":
                if getattr(evaluation, "implications", ()):
                    raise ValueError(
                        "`rule` can't be 'model' for coherent predictions: the thresholds of the "
                        "models are for those of single tasks. Choose another rule."
                    )
                model = evaluation.models[task, repeat, fold]
                cut = match_threshold(model, probabilities=hasattr(model, "predict_proba"))
            else:
                cut = _choose(task, truth[others], own.loc[others, task], rule, target)
            n_called[places[tested]] += (own.loc[tested, task] >= cut).to_numpy()
            thresholds.append(cut)
        found[task] = {
            "threshold": float(np.mean(thresholds)),
            **_count(
                known.to_numpy() == 1,
                n_called,
                own["repeat"].nunique(),
                confidence,
                stated[task],
                None if grouping is None else grouping.loc[known.index].to_numpy(),
            ),
        }
    return pd.DataFrame.from_dict(found, orient="index").rename_axis(index="task")


def apply_thresholds(
    model: Any,
    labels: pd.DataFrame | pd.Series[Any] | None,
    thresholds: Mapping[str, Any] | Any,
    confidence: float = 0.95,
    *,
    positive: Any = None,
    prevalence: float | Mapping[str, float] | None = None,
    groups: ByExam | None = None,
) -> pd.DataFrame:
    """Sensitivity, specificity and predictive values at given thresholds.

    Parameters
    ----------
    model : Evaluation, HoldOut or DataFrame
        Probabilities; see `measure_calibration`.
    labels : DataFrame of shape (n_exams, n_tasks), Series or None
        Index exam id; 0 or 1, NaN to leave an exam out for that task. None for the labels of the
        first Evaluation or HoldOut.
    thresholds : mapping of str to float or classifier, or classifier
        One per task, chosen on other exams. That of scikit-learn's `FixedThresholdClassifier` or
        `TunedThresholdClassifierCV` is read by `read_threshold`.
    confidence : float, default 0.95
        Coverage of the intervals.
    positive : value or mapping of task to value, optional
        Value of a positive exam if the labels are not 0 and 1.
    prevalence : float or mapping of task to float, optional
        Prevalence in the patients that the model is meant for, taken as known. By default that of
        the exams, which is rarely that of a clinic.
    groups : Series or mapping of exam id to group, optional
        For example the patient of each exam. By default those of `model`; others are refused.

    Returns
    -------
    DataFrame of shape (n_tasks, 16)
        Index task. Columns threshold; sensitivity, specificity, ppv and npv (positive and
        negative predictive value), each with ``_low`` and ``_high``; prevalence, of the predictive
        values; n_positive, n_negative. NaN if there is no exam of the class, or none is called so.

    Raises
    ------
    TypeError
        If a threshold is neither a number nor a classifier that has one.
    ValueError
        If a task has no threshold, that of a classifier is not for the probability of a positive
        exam, a prevalence is out of range, or as `measure_calibration` does.

    Notes
    -----
    Intervals are Wilson's. With groups the sample size is replaced by the effective one, from the
    variance between groups (Rao and Scott 1992, Biometrics 48(2):577-585). For a stated
    prevalence, predictive values and their intervals are those of `measure_predictive_values`.

    Examples
    --------
    >>> labels = pd.DataFrame({"acl": [0, 0, 1, 1]}, index=list("abcd"))
    >>> scores = pd.DataFrame({"acl": [0.1, 0.6, 0.7, 0.9]}, index=list("abcd"))
    >>> found = apply_thresholds(scores, labels, {"acl": 0.5})
    >>> found[["sensitivity", "specificity"]].values.tolist()
    [[1.0, 0.5]]
    """
    truth = choose_labels(labels, positive, model)
    tasks = list(truth.columns)
    cuts = read_thresholds(thresholds, tasks, positive)
    scores = align_probabilities(model, truth)
    stated = choose_prevalences(prevalence, tasks)
    grouping = share_groups(groups, {"`model`": model}, truth.index)
    found = {}
    for task in tasks:
        known = truth[task].dropna()
        found[task] = {
            "threshold": cuts[task],
            **_count(
                known.to_numpy() == 1,
                (scores.loc[known.index, task] >= cuts[task]).to_numpy().astype(np.int64),
                1,
                confidence,
                stated[task],
                None if grouping is None else grouping.loc[known.index].to_numpy(),
            ),
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
    truth: NDArray[np.bool_],
    n_called: NDArray[np.int64],
    n_repeats: int,
    confidence: float,
    prevalence: float | None,
    groups: NDArray[np.int64] | None,
) -> dict[str, float]:
    """Fractions with intervals from the number of repeats in which each exam is called positive."""
    n_passed = n_repeats - n_called
    found, sizes = dict[str, float](), dict[str, float]()
    for name, hits, members in (
        ("sensitivity", truth * n_called, truth * n_repeats),
        ("specificity", ~truth * n_passed, ~truth * n_repeats),
        ("ppv", truth * n_called, n_called),
        ("npv", ~truth * n_passed, n_passed),
    ):
        # Each exam counts once, however many repeats there are.
        n_exams, n_hits = int(members.sum()) / n_repeats, int(hits.sum()) / n_repeats
        if not n_exams:
            found |= {name: np.nan, f"{name}_low": np.nan, f"{name}_high": np.nan}
            sizes[name] = 0.0
            continue
        share = n_hits / n_exams
        size = n_exams if groups is None else effective_size(hits, members, n_repeats, groups)
        # n_hits * (size / n_exams) may round to more than size
        low, high = wilson_interval(share * size, size, confidence)
        found |= {name: share, f"{name}_low": low, f"{name}_high": high}
        sizes[name] = size
    if prevalence is not None:
        n_positive, n_negative = sizes["sensitivity"], sizes["specificity"]
        positive = found["sensitivity"] * n_positive, n_positive
        negative = found["specificity"] * n_negative, n_negative
        found |= measure_predictive_values(*positive, *negative, prevalence, confidence)
    found["prevalence"] = float(truth.mean()) if prevalence is None else prevalence
    found["n_positive"] = int(truth.sum())
    found["n_negative"] = int((~truth).sum())
    return found
