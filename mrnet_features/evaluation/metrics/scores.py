"""AUCs of predictions per fold and task, with the influence values for their intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mrnet_features.evaluation.alignment import align_groups
from mrnet_features.evaluation.metrics.auc import logit_interval
from mrnet_features.evaluation.metrics.auc_covariance import ErrorEstimate, estimate_covariance
from mrnet_features.evaluation.metrics.few_exams import warn_of_few
from mrnet_features.evaluation.metrics.scored_folds import ScoredFolds, measure_term, weigh_tasks
from mrnet_features.evaluation.results import Result, name_headline
from mrnet_features.evaluation.score_plots import plot_scores
from mrnet_features.ids.checks import require_same_exams, require_unique_ids
from mrnet_features.messages import list_names, name_some, quote
from mrnet_features.tables import check_labels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

__all__ = ["Scores", "score_predictions", "stack_predictions"]


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
        mean, which includes the covariance of the tasks. See `standard_error`. 0 for an exam
        without a label of the task.
    pooled : Series of shape (n_tasks + 1,), float64
        AUC over the exams of all folds together, averaged over the repeats.
    n_positive, n_negative : Series of shape (n_tasks,), int64
        Exams of each class of each task.
    n_labelled : int
        Exams with a label of any task.
    errors : dict of str to ErrorEstimate
        Standard error of each task and of the mean, with its degrees of freedom and source.
    groups : Series of shape (n_exams,), int64, or None
        Group of each exam. Exams of a group are not taken as independent.
    """

    fold_scores: pd.DataFrame
    influence: pd.DataFrame
    pooled: pd.Series[float]
    n_positive: pd.Series[int]
    n_negative: pd.Series[int]
    n_labelled: int
    errors: Mapping[str, ErrorEstimate]
    groups: pd.Series[Any] | None = None

    def __repr__(self) -> str:
        return f"Scores({len(self.influence)} exams, tasks {list_names(self.n_positive.index)})"

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
        DataFrame of shape (n_tasks + 1, 8)
            Index task; the last row is ``mean`` if there are several tasks. Columns:

            - auc: mean over the folds of a repeat, then over the repeats;
            - se, ci_low, ci_high: standard error of that AUC, and its interval by the t
              distribution on the logit scale;
            - interval: what the interval allows for; see `ErrorEstimate`;
            - pooled: AUC over all folds together, which is biased downwards if the scores of the
              folds differ in scale (Parker 2007);
            - n_exams: exams with a label; n_positive, missing for the mean.

        Notes
        -----
        The interval is one for the mean true AUC of the fitted models. In cross-validation, two
        exams are in the training sets of each other's models, so their errors are correlated. The
        repeats show by how much, see `estimate_covariance`; one repeat does not. Its interval takes
        the fitted models as given, and is too narrow where they learn little: use two repeats or
        more. ``docs/statistics.md`` has the measured coverage.

        With groups, the interval is never narrower than without. With one group, se and interval
        are NaN.

        References
        ----------
        Parker, Guenter and Bedo 2007, BMC Bioinformatics 8:326; Airola et al. 2011,
        Computational Statistics & Data Analysis 55(4):1828-1844; LeDell, Petersen and van der
        Laan 2015, Electronic Journal of Statistics 9(1):1583-1607.
        """
        names = list(self.influence.columns)
        aucs = self.fold_scores.groupby("repeat")[names].mean().mean()
        rows = {}
        for name in names:
            auc, error = float(aucs[name]), self.errors[name]
            # The smallest class of all tasks gives the mean its widest interval.
            tasks = list(self.n_positive.index) if name == "mean" else [name]
            low, high = logit_interval(
                auc,
                error.se,
                int(self.n_positive[tasks].min()),
                int(self.n_negative[tasks].min()),
                confidence,
                error.degrees,
            )
            rows[name] = [auc, error.se, low, high, error.source, float(self.pooled[name])]
        columns = ["auc", "se", "ci_low", "ci_high", "interval", "pooled"]
        table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
        n_labelled = self.n_positive + self.n_negative
        table["n_exams"] = [int(n_labelled.get(name, self.n_labelled)) for name in names]
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
        Index exam id; 0, 1, or NaN for an exam that is left out of that task.
    predictions : DataFrame of shape (n_exams * n_repeats, n_tasks + 3)
        Columns exam, repeat, fold and one score per task. Every repeat holds every exam once. A
        single test set is repeat 0, fold 0.
    groups : Series or mapping of exam id to group, optional
        See `standard_error`.
    warn : bool, default True
        Whether to warn of few exams or groups.

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
    FewExamsWarning
        See `warn_of_few`.

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
    data = stack_predictions(truth, predictions)
    grouping = align_groups(groups, truth.index)
    if warn:
        warn_of_few(truth, grouping)
    codes = None if grouping is None else grouping.to_numpy(dtype=np.intp)
    tasks = list(truth.columns)
    weights = weigh_tasks(tasks)
    by_repeat = _pool(data)
    found = estimate_covariance(data, codes)
    fold_scores = predictions.groupby(["repeat", "fold"]).size().rename("n_exams").reset_index()
    known = np.isfinite(found.fold_aucs).all(axis=2)
    influence = pd.DataFrame(index=truth.index)
    pooled = {}
    for name, weight in weights.items():
        terms = np.flatnonzero(weight)
        # A mean, not a weighted sum: that of perfect AUCs must be exactly 1.
        fold_scores[name] = found.fold_aucs[:, :, terms].mean(axis=2)[known]
        influence[name] = found.influence @ weight
        pooled[name] = float(by_repeat[:, terms].mean())
    return Scores(
        fold_scores=fold_scores,
        influence=influence,
        pooled=pd.Series(pooled),
        n_positive=(truth == 1).sum().astype("int64"),
        n_negative=(truth == 0).sum().astype("int64"),
        n_labelled=int(truth.notna().any(axis=1).sum()),
        errors={name: found.combine(weight) for name, weight in weights.items()},
        groups=grouping,
    )


def stack_predictions(labels: pd.DataFrame, predictions: pd.DataFrame) -> ScoredFolds:
    """Predictions of one model as arrays.

    Parameters
    ----------
    labels, predictions
        See `score_predictions`.

    Returns
    -------
    ScoredFolds
        One term per task.

    Raises
    ------
    ValueError
        If columns or exams are missing or repeated, or a score is not finite.
    """
    _check_predictions(predictions, labels)
    tasks, n_exams = list(labels.columns), len(labels)
    repeats = np.unique(predictions["repeat"])
    rows = predictions.assign(exam=labels.index.get_indexer(pd.Index(predictions["exam"])))
    rows = rows.sort_values(["repeat", "exam"], kind="stable")
    folds = rows["fold"].to_numpy().reshape(len(repeats), n_exams)
    folds = np.stack([np.unique(numbers, return_inverse=True)[1] for numbers in folds])
    scores = rows[tasks].to_numpy(dtype=np.float64).T.reshape(len(tasks), len(repeats), n_exams)
    names = tuple(f"task {quote(task)}" for task in tasks)
    return ScoredFolds(labels.to_numpy(dtype=np.float64).T, scores, folds, names)


def _pool(data: ScoredFolds) -> NDArray[np.float64]:
    """AUC over all folds of a repeat together, shape (n_repeats, n_tasks)."""
    n_repeats = len(data.folds)
    pooled = np.empty((n_repeats, len(data.labels)))
    for repeat, column in np.ndindex(pooled.shape):
        known = np.flatnonzero(~np.isnan(data.labels[column]))
        where = f" in repeat {repeat}" if n_repeats > 1 or data.folds.any() else ""
        pooled[repeat, column] = measure_term(data, column, repeat, known, where).auc
    return pooled


def _check_predictions(predictions: pd.DataFrame, labels: pd.DataFrame) -> None:
    missing = [name for name in ("exam", "repeat", "fold", *labels) if name not in predictions]
    if missing:
        raise ValueError(
            "`predictions` must have the columns exam, repeat, fold and one per task, but has no "
            f"{name_some(missing)} (columns present: {name_some(list(predictions.columns))})."
        )
    require_unique_ids("`predictions`", predictions["exam"], predictions["repeat"])
    if not len(predictions):
        raise ValueError("`predictions` must hold at least one exam, got none.")
    for repeat, rows in predictions.groupby("repeat"):
        require_same_exams(f"predictions of repeat {repeat}", rows["exam"], "labels", labels.index)
