"""Added value of one model's scores over another's, by stacking."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import logit

from mrnet_features.evaluation.alignment import align_predictions
from mrnet_features.evaluation.comparison.compare import Comparison, compare
from mrnet_features.evaluation.exam_values import share_groups
from mrnet_features.evaluation.protocol.cross_validation import cross_validate
from mrnet_features.evaluation.protocol.stratify import count_possible_folds, make_folds
from mrnet_features.evaluation.results import Result
from mrnet_features.evaluation.score_plots import plot_changes
from mrnet_features.models.logistic import ScaledLogistic
from mrnet_features.tables import choose_labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mrnet_features.evaluation.protocol.folds import Folds
    from mrnet_features.tables import ByExam

__all__ = ["AddedValue", "measure_added_value", "measure_both_ways"]

CLIP = 1e-6

MOST_FOLDS = 5
"""Folds of the stacking, where there are enough exams of each class."""


@dataclass(frozen=True, eq=False, repr=False)
class AddedValue(Result):
    """Gain in AUC of two models combined by stacking over the base model alone.

    Attributes
    ----------
    comparison : Comparison
        The combined model against the base alone, in the same folds.
    weights : DataFrame of shape (n_tasks, 2)
        Mean weight of each model's standardised log-odds in the combined model, columns base and
        added.
    """

    comparison: Comparison
    weights: pd.DataFrame

    def __repr__(self) -> str:
        name = self.comparison.headline
        gain = float(self.summary()["gain"].loc[name])
        return f"AddedValue(gain {gain:+.3f} in AUC, {name})"

    def summary(self, confidence: float = 0.95) -> pd.DataFrame:
        """Gain in AUC of each task, and their mean if there are several tasks.

        Parameters
        ----------
        confidence : float, default 0.95
            Coverage of the interval.

        Returns
        -------
        DataFrame of shape (n_tasks + 1, 7)
            Index task. Columns auc_base, auc_combined, gain with se, ci_low and ci_high, and
            minimum_detectable_difference. No p: the base is nested in the combined model.
        """
        table = self.comparison.summary(confidence).set_index("task")
        aucs = self.comparison.frame()["auc"]
        table.insert(0, "auc_base", aucs["base"])
        table.insert(1, "auc_combined", aucs["combined"])
        columns = ["auc_base", "auc_combined", "difference", "se", "ci_low", "ci_high"]
        kept = table[[*columns, "minimum_detectable_difference"]]
        return kept.rename(columns={"difference": "gain"})

    def frame(self) -> pd.DataFrame:
        """AUCs of the base and of the combined model.

        Returns
        -------
        DataFrame of shape (2 * (n_tasks + 1), 7)
            Index model and task; columns as `Scores.summary`.
        """
        return self.comparison.frame()

    def plot(self, axes: Axes | None = None) -> Axes:
        """Gain of each task with its interval.

        Parameters
        ----------
        axes : matplotlib Axes, optional

        Returns
        -------
        matplotlib Axes
        """
        return plot_changes(self.summary(), "gain", "Gain in AUC over the base", axes)


def measure_added_value(
    base: Any,
    added: Any,
    labels: pd.DataFrame | pd.Series[Any] | None = None,
    *,
    folds: Folds | None = None,
    groups: ByExam | None = None,
    positive: Any = None,
    n_splits: int | None = None,
    n_repeats: int = 5,
    seed: int = 0,
) -> AddedValue:
    """Measure the gain in AUC when the scores of a second model are added, out of fold.

    The combined model is stacking: a logistic regression on the log-odds of both models, one per
    task, cross-validated. Repeats of a cross-validated model are averaged first.

    Parameters
    ----------
    base, added : Evaluation, HoldOut or DataFrame
        Scores of the two models for the same exams, as in `compare`; for example those of a CNN
        and of the features. They must be for exams that the models were not trained on.
    labels : DataFrame of shape (n_exams, n_tasks), Series or None
        Index exam id; 0 or 1. None for the labels of the first Evaluation or HoldOut.
    folds : Folds, optional
        Folds of the stacking. By default `n_splits` folds, `n_repeats` times.
    groups : Series or mapping of exam id to group, optional
        See `cross_validate`. By default the groups that the models were evaluated with.
    positive : value or mapping of task to value, optional
        Value of a positive exam if the labels are not 0 and 1.
    n_splits : int, optional
        Number of folds if `folds` is not given, at least 2. By default 5, or as many as there are
        two exams of each class for, with a warning.
    n_repeats : int, default 5
        Number of partitions if `folds` is not given.
    seed : int, default 0
        Seed of the folds.

    Returns
    -------
    AddedValue
        Gain over the base alone, for each task and their mean.

    Raises
    ------
    ValueError
        As `compare` does; or if a class has too few exams for two folds, or for `n_splits`.

    Warns
    -----
    UserWarning
        If there are too few exams of a class for 5 folds, and fewer are used.

    Notes
    -----
    Out-of-fold scores of the exams that the combined model is fitted on come from models fitted
    on the exams it is scored on. With two weights per task this bias is small next to the
    standard error, but not zero.

    References
    ----------
    Wolpert 1992, Neural Networks 5(2):241-259, for stacking.

    Examples
    --------
    A model added to itself has no gain:

    >>> exams = [f"{i:04d}" for i in range(40)]
    >>> labels = pd.DataFrame({"acl": [0, 1, 0, 1] * 10}, index=exams)
    >>> cnn = pd.DataFrame({"acl": [0.1, 0.3, 0.5, 0.9] * 10}, index=exams)
    >>> round(float(measure_added_value(cnn, cnn, labels).summary().loc["acl", "gain"]), 6)
    0.0
    """
    stacked = _stack(base, added, labels, folds, groups, positive, n_splits, n_repeats, seed)
    return stacked.compare("base", "added")


def measure_both_ways(
    first: Any,
    second: Any,
    labels: pd.DataFrame | pd.Series[Any] | None = None,
    **options: Any,
) -> tuple[AddedValue, AddedValue]:
    """What the second model adds to the first, and the first to the second.

    Parameters
    ----------
    first, second : Evaluation, HoldOut or DataFrame
        As `base` and `added` of `measure_added_value`.
    labels, **options
        See `measure_added_value`.

    Returns
    -------
    tuple of two AddedValue
        As two calls of `measure_added_value` return them, in half the time: the combined model
        is the same.

    Examples
    --------
    >>> exams = [f"{i:04d}" for i in range(40)]
    >>> labels = pd.DataFrame({"acl": [0, 1, 0, 1] * 10}, index=exams)
    >>> good = pd.DataFrame({"acl": [0.1, 0.3, 0.2, 0.9] * 10}, index=exams)
    >>> useless = pd.DataFrame({"acl": [0.5] * 40}, index=exams)
    >>> both = measure_both_ways(good, useless, labels)
    >>> [float(found.summary().loc["acl", "gain"]) for found in both]
    [0.0, 0.5]
    """
    stacked = _stack(first, second, labels, **options)
    return stacked.compare("base", "added"), stacked.compare("added", "base")


class _Stacked(NamedTuple):
    """Scores of two models, named base and added, and of their combination."""

    both: dict[str, pd.DataFrame]
    combined: pd.DataFrame
    weights: pd.DataFrame
    labels: pd.DataFrame
    groups: pd.Series[Any] | None

    def compare(self, base: str, added: str) -> AddedValue:
        """Combination against the model of this name."""
        models = {"combined": self.combined, "base": self.both[base]}
        comparison = compare(models, self.labels, groups=self.groups, nested=True)
        weights = self.weights[[base, added]].set_axis(["base", "added"], axis=1)
        return AddedValue(comparison, weights)


def _stack(
    base: Any,
    added: Any,
    labels: pd.DataFrame | pd.Series[Any] | None,
    folds: Folds | None = None,
    groups: ByExam | None = None,
    positive: Any = None,
    n_splits: int | None = None,
    n_repeats: int = 5,
    seed: int = 0,
) -> _Stacked:
    truth = choose_labels(labels, positive, base, added)
    both = {
        "base": align_predictions(base, truth, "`base`"),
        "added": align_predictions(added, truth, "`added`"),
    }
    groups = share_groups(groups, {"`base`": base, "`added`": added}, truth.index)
    if folds is None:
        n_chosen = _choose_n_splits(truth) if n_splits is None else n_splits
        folds = make_folds(truth, n_chosen, n_repeats, groups=groups, seed=seed)
    combined = folds.frame.copy()
    weights = {}
    for task in truth.columns:
        table = pd.DataFrame({name: _take_odds(scores[task]) for name, scores in both.items()})
        evaluation = cross_validate(
            ScaledLogistic(), table, truth[[task]], folds=folds, groups=groups, progress=False
        )
        combined[task] = evaluation.predictions[task]
        fitted = [model.pipeline_[-1].coef_[0] for model in evaluation.models.values()]
        weights[task] = np.mean(fitted, axis=0)
    columns = ["base", "added"]
    table = pd.DataFrame.from_dict(weights, orient="index", columns=columns)
    return _Stacked(both, combined, table, truth, groups)


def _choose_n_splits(labels: pd.DataFrame) -> int:
    """Five folds, or as many as there are exams for; two are the fewest."""
    n_possible = count_possible_folds(labels)
    if 2 <= n_possible < MOST_FOLDS:
        warnings.warn(
            f"There are too few exams of a class for {MOST_FOLDS} folds: the added value is "
            f"measured with n_splits={n_possible}. With more exams its interval is narrower.",
            stacklevel=4,
        )
    # with too few for two, the error says how many two folds need
    return min(max(n_possible, 2), MOST_FOLDS)


def _take_odds(scores: pd.Series[float]) -> pd.Series[float]:
    """Log-odds of probabilities; other scores unchanged."""
    if scores.min() < 0 or scores.max() > 1:
        return scores
    return pd.Series(logit(scores.clip(CLIP, 1 - CLIP).to_numpy()), index=scores.index)
