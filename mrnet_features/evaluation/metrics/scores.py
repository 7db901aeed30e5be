"""AUCs of predictions per fold and task, with the influence values for their intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mrnet_features.evaluation.alignment import align_groups
from mrnet_features.evaluation.metrics.auc import (
    AucEstimate,
    logit_interval,
    measure_auc,
    standard_error,
)
from mrnet_features.evaluation.metrics.few_groups import judge_groups
from mrnet_features.evaluation.plots import plot_scores
from mrnet_features.evaluation.results import Result, name_headline
from mrnet_features.exam_ids import require_same_exams
from mrnet_features.messages import name_some, quote
from mrnet_features.tables import check_labels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

__all__ = ["Scores", "score_predictions"]


@dataclass(frozen=True, eq=False, repr=False)
class Scores(Result):
    """AUCs of predictions and their influence values.

    Two `Scores` of the same exams are compared by the difference of their `influence`. The
    column ``mean`` is there only if there are several tasks.

    Attributes
    ----------
    fold_scores : DataFrame of shape (n_repeats * n_folds, n_tasks + 4)
        Columns repeat, fold, n_exams, the AUC of each task, and mean: their plain mean.
    influence : DataFrame of shape (n_exams, n_tasks + 1), float64
        Influence values of the AUCs in the summary. Index exam id, one column per task, and
        mean, which includes the covariance of the tasks. See `standard_error`. NaN if the groups
        allow no standard error; see `judge_groups`.
    pooled : Series of shape (n_tasks + 1,), float64
        AUC over the exams of all folds together, averaged over the repeats.
    n_positive : Series of shape (n_tasks,), int64
        Positive exams of each task.
    groups : Series of shape (n_exams,), int64, or None
        Group of each exam. Exams of a group are not taken as independent.
    """

    fold_scores: pd.DataFrame
    influence: pd.DataFrame
    pooled: pd.Series[float]
    n_positive: pd.Series[int]
    groups: pd.Series[Any] | None = None

    def __repr__(self) -> str:
        return f"Scores({len(self.influence)} exams, tasks {', '.join(self.n_positive.index)})"

    @property
    def headline(self) -> str:
        """Label of the main result: "mean", or the task if there is only one."""
        return name_headline(list(self.n_positive.index))

    def summary(self, confidence: float = 0.95) -> pd.DataFrame:
        """AUC of each task, and their mean if there are several tasks.

        Parameters
        ----------
        confidence : float, default 0.95
            Coverage of the intervals.

        Returns
        -------
        DataFrame of shape (n_tasks + 1, 7)
            Index task; the last row is ``mean`` if there are several tasks. Columns:

            - auc: mean over the folds of a repeat, then over the repeats;
            - se, ci_low, ci_high: standard error and interval of that AUC for a new set of exams
              of this size and kind;
            - pooled: AUC over all folds together, which is biased downwards if the scores of the
              folds differ in scale (Parker 2007);
            - n_exams; n_positive, missing for the mean.

        Notes
        -----
        The standard error is that of the test exams, for fixed models. In cross-validation two
        exams are in the training sets of each other's models, so their scores are correlated but
        count as independent. The intervals are therefore too narrow for models that learn little.
        In simulations with 5 folds, the 95 % interval covered the AUC of the fitted models in .94
        (LightGBM, AUC .81) and .93 (logistic regression, AUC .89) of the cases with 1,130 exams,
        in .92 with 120 exams (difference of class means, AUC .82), and in .84 to .88 on pure
        noise, where the true spread is about 1.4 times `se`. Single test sets are not affected.
        ``benchmarks/results/statistics.json`` has the settings.

        With groups, `se`, `ci_low` and `ci_high` are NaN where `judge_groups` says so.

        References
        ----------
        Parker, Guenter and Bedo 2007, BMC Bioinformatics 8:326; Airola et al. 2011,
        Computational Statistics & Data Analysis 55(4):1828-1844; LeDell, Petersen and van der
        Laan 2015, Electronic Journal of Statistics 9(1):1583-1607.
        """
        names = list(self.influence.columns)
        n_exams = len(self.influence)
        aucs = self.fold_scores.groupby("repeat")[names].mean().mean()
        rows = {}
        for name in names:
            auc = float(aucs[name])
            se = standard_error(self.influence[name], self.groups)
            # The smallest class of all tasks gives the mean its widest interval.
            positives = self.n_positive if name == "mean" else self.n_positive[[name]]
            low, high = logit_interval(
                auc, se, int(positives.min()), int(n_exams - positives.max()), confidence
            )
            rows[name] = [auc, se, low, high, float(self.pooled[name])]
        columns = ["auc", "se", "ci_low", "ci_high", "pooled"]
        table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
        table["n_exams"] = n_exams
        table["n_positive"] = self.n_positive.reindex(names).astype("Int64")
        return table.rename_axis(index="task")

    def frame(self) -> pd.DataFrame:
        """AUC of every fold.

        Returns
        -------
        DataFrame of shape (n_repeats * n_folds, n_tasks + 4)
            A copy of `fold_scores`.
        """
        return self.fold_scores.copy()

    def plot(self, axes: Axes | None = None) -> Axes:
        """AUC of each task with its interval, and of each fold as a dot.

        Parameters
        ----------
        axes : matplotlib Axes, optional

        Returns
        -------
        matplotlib Axes
        """
        return plot_scores(self.summary(), self.fold_scores, axes)


def score_predictions(
    labels: pd.DataFrame,
    predictions: pd.DataFrame,
    groups: pd.Series[Any] | Mapping[str, Any] | None = None,
    *,
    warn: bool = True,
) -> Scores:
    """AUCs and influence values of predictions, fold by fold.

    AUCs and influence values are averaged over the K folds of a repeat, then over repeats, and
    over tasks for the mean.

    Parameters
    ----------
    labels : DataFrame of shape (n_exams, n_tasks)
        Index exam id; 0 or 1.
    predictions : DataFrame of shape (n_exams * n_repeats, n_tasks + 3)
        Columns exam, repeat, fold and one score per task. Every repeat holds every exam once. A
        single test set is repeat 0, fold 0.
    groups : Series or mapping of exam id to group, optional
        See `standard_error`.
    warn : bool, default True
        Whether to warn of too few groups.

    Returns
    -------
    Scores
        AUCs and influence values.

    Raises
    ------
    ValueError
        If columns or exams are missing or repeated, or a fold can't be scored. A note names task,
        repeat and fold.

    Warns
    -----
    UserWarning
        See `judge_groups`.

    Examples
    --------
    >>> import pandas as pd
    >>> exams = ["a", "b", "c", "d"]
    >>> labels = pd.DataFrame({"acl": [0, 1, 0, 1]}, index=exams)
    >>> predictions = pd.DataFrame(
    ...     {"exam": exams, "repeat": 0, "fold": 0, "acl": [0.1, 0.3, 0.5, 0.9]}
    ... )
    >>> score_predictions(labels, predictions).fold_scores["acl"].tolist()
    [0.75]
    """
    truth = check_labels(labels, missing=True)
    _check_predictions(predictions, truth)
    tasks = list(truth.columns)
    n_repeats = predictions["repeat"].nunique()
    influence = pd.DataFrame(0.0, index=truth.index, columns=tasks)
    fold_rows, pooled_rows = [], []
    for repeat, rows in predictions.groupby("repeat"):
        n_splits = rows["fold"].nunique()
        is_single = n_repeats == n_splits == 1  # a hold-out, which has no repeats and folds
        pooled_rows.append(
            {
                task: _measure(truth, rows, task, "" if is_single else f" in repeat {repeat}")[
                    0
                ].auc
                for task in tasks
            }
        )
        for fold, part in rows.groupby("fold"):
            scores: dict[str, Any] = {"repeat": repeat, "fold": fold, "n_exams": len(part)}
            for task in tasks:
                estimate, exams = _measure(truth, part, task, f" in repeat {repeat}, fold {fold}")
                scores[task] = estimate.auc
                influence.loc[exams, task] += estimate.influence / (n_splits * n_repeats)
            fold_rows.append(scores)
    fold_scores = pd.DataFrame(fold_rows)
    pooled = pd.DataFrame(pooled_rows).mean()
    if len(tasks) > 1:
        fold_scores["mean"] = fold_scores[tasks].mean(axis=1)
        influence["mean"] = influence[tasks].mean(axis=1)
        pooled["mean"] = pooled.mean()
    grouping = align_groups(groups, truth.index)
    if grouping is not None and not judge_groups(predictions, grouping, warn=warn):
        influence[:] = np.nan
    return Scores(
        fold_scores=fold_scores,
        influence=influence,
        pooled=pooled,
        n_positive=truth.sum().astype("int64"),
        groups=grouping,
    )


def _measure(
    labels: pd.DataFrame, rows: pd.DataFrame, task: str, where: str
) -> tuple[AucEstimate, pd.Series[Any]]:
    truth = labels.loc[rows["exam"], task].to_numpy()
    known = ~np.isnan(truth)
    try:
        return measure_auc(truth[known], rows.loc[known, task].to_numpy()), rows.loc[known, "exam"]
    except ValueError as error:
        error.add_note(f"while scoring task {quote(task)}{where}")
        raise


def _check_predictions(predictions: pd.DataFrame, labels: pd.DataFrame) -> None:
    missing = [name for name in ("exam", "repeat", "fold", *labels) if name not in predictions]
    if missing:
        raise ValueError(
            "`predictions` must have the columns exam, repeat, fold and one per task, but has no "
            f"{name_some(missing)} (columns present: {name_some(list(predictions.columns))})."
        )
    if predictions.duplicated(["exam", "repeat"]).any():
        twice = predictions[predictions.duplicated(["exam", "repeat"])].iloc[0]
        raise ValueError(
            f"`predictions` must hold each exam once per repeat, got exam {quote(twice['exam'])} "
            f"twice in repeat {twice['repeat']}."
        )
    if not len(predictions):
        raise ValueError("`predictions` must hold at least one exam, got none.")
    for repeat, rows in predictions.groupby("repeat"):
        require_same_exams(f"predictions of repeat {repeat}", rows["exam"], "labels", labels.index)
