"""Cross-validation of any classifier on a feature table, one classifier per task."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from joblib import delayed

from mrnet_features.evaluation.alignment import align_groups, align_tables
from mrnet_features.evaluation.metrics.scores import Scores, score_predictions
from mrnet_features.evaluation.protocol.fit import (
    assign_classifiers,
    fit_and_score,
    seed_classifier,
)
from mrnet_features.evaluation.protocol.folds import Folds
from mrnet_features.evaluation.protocol.stratify import make_folds
from mrnet_features.evaluation.results import Result
from mrnet_features.jobs import run_jobs, show_progress

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Evaluation", "cross_validate"]


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation(Result):
    """Result of a cross-validation: scores, predictions, folds and fitted models.

    Attributes
    ----------
    labels : DataFrame of shape (n_exams, n_tasks), int8
        The truth, sorted by exam id.
    predictions : DataFrame of shape (n_exams * n_repeats, n_tasks + 3)
        Out-of-fold predictions, a row an exam and repeat: columns exam, repeat, fold, and the
        probability of each task. Sorted by repeat and exam.
    folds : Folds
        The partition; its `hash` tells whether two evaluations share it.
    models : dict of (task, repeat, fold) to classifier
        The fitted models. A model has not seen the exams of its fold.
    groups : Series of shape (n_exams,), int64, or None
        Group of each exam.
    """

    labels: pd.DataFrame
    predictions: pd.DataFrame
    folds: Folds
    models: Mapping[tuple[str, int, int], Any]
    groups: pd.Series[Any] | None = None

    def __repr__(self) -> str:
        tasks = ", ".join(self.labels.columns)
        return f"Evaluation({len(self.labels)} exams, tasks {tasks}, {self.folds!r})"

    @cached_property
    def scores(self) -> Scores:
        """AUC of each fold and the influence values behind the intervals."""
        return score_predictions(self.labels, self.predictions, self.groups)

    @property
    def headline(self) -> str:
        """Row of the summary that stands for all tasks: "mean", or the only task."""
        return self.scores.headline

    def summary(self, confidence: float = 0.95) -> pd.DataFrame:
        """AUC of each task, and their mean if there are several tasks.

        Parameters
        ----------
        confidence : float, default 0.95
            Coverage of the intervals.

        Returns
        -------
        DataFrame of shape (n_tasks + 1, 7)
            Columns auc, se, ci_low, ci_high, pooled, n_exams, n_positive; see `Scores.summary`.
        """
        return self.scores.summary(confidence)

    def frame(self) -> pd.DataFrame:
        """Out-of-fold score and label of every exam, repeat and task.

        Returns
        -------
        DataFrame of shape (n_exams * n_repeats * n_tasks, 6)
            Columns exam, repeat, fold, task, score and label.
        """
        keys = ["exam", "repeat", "fold"]
        scores = self.predictions.melt(keys, var_name="task", value_name="score")
        labels = self.labels.loc[self.predictions["exam"]].melt(value_name="label")["label"]
        return scores.assign(label=labels.to_numpy())

    def plot(self, axes: Axes | None = None) -> Axes:
        """AUC of each task with its interval, and of each fold as a dot.

        Parameters
        ----------
        axes : matplotlib Axes, optional

        Returns
        -------
        matplotlib Axes
        """
        return self.scores.plot(axes)

    def fold_scores(self) -> pd.DataFrame:
        """AUC of every fold.

        Returns
        -------
        DataFrame of shape (n_repeats * n_folds, n_tasks + 4)
            Columns repeat, fold, n_exams, one per task, and mean if there are several tasks.
        """
        return self.scores.fold_scores.copy()

    def influence(self) -> pd.DataFrame:
        """Influence of each exam on the AUCs of the summary.

        Returns
        -------
        DataFrame of shape (n_exams, n_tasks + 1), float64
            One column per task, and mean if there are several tasks. The root of the sum of
            squares is the standard error.
        """
        return self.scores.influence.copy()

    def chosen_parameters(self) -> pd.DataFrame:
        """List what a tuned classifier chose in each fold.

        Returns
        -------
        DataFrame of shape (n_fits, 3 + n_parameters)
            Columns task, repeat, fold and one per parameter of the models' `best_params_`, NaN
            where the classifier's own value was kept. Only the first three where none was tuned.
        """
        rows = [
            {"task": task, "repeat": repeat, "fold": fold, **getattr(model, "best_params_", {})}
            for (task, repeat, fold), model in self.models.items()
        ]
        return pd.DataFrame(rows)


def cross_validate(
    features: pd.DataFrame,
    labels: pd.DataFrame,
    model: Any | Mapping[str, Any] | None = None,
    n_splits: int = 5,
    n_repeats: int = 1,
    folds: Folds | None = None,
    groups: pd.Series[Any] | Mapping[str, Any] | None = None,
    seed: int = 0,
    n_jobs: int | None = None,
    progress: bool | None = None,
) -> Evaluation:
    """Fit one classifier per task, repeat and fold, and score it on the exams left out.

    Rows are brought together by exam id and sorted by it, so that their order can't matter.
    Nothing is fitted before the split: selection, scaling and the like belong into a pipeline.
    Numeric libraries run on one thread in every fit, and each fit has its own seed: the result
    has the same bits for any `n_jobs`.

    Parameters
    ----------
    features : DataFrame of shape (n_exams, n_features)
        Index exam id as text, numeric columns. NaN is left to the model.
    labels : DataFrame of shape (n_exams, n_tasks)
        Index exam id as text, the same exams. A column per task with 0 or 1.
    model : classifier, mapping of task to classifier, or None
        Any scikit-learn classifier or pipeline; it is cloned for every fit. By default
        `lightgbm_baseline`. Each of its `random_state` parameters is set from `seed`, task,
        repeat, fold and the integer found in place, if there is one.
    n_splits : int, default 5
        Folds a repeat.
    n_repeats : int, default 1
        Number of partitions.
    folds : Folds, optional
        Folds made or read before; `n_splits` and `n_repeats` are not looked at then.
    groups : Series or mapping of exam id to group, optional
        Exams of a group stay in one fold and are not taken as independent in the intervals.
    seed : int, default 0
        Seeds folds and models.
    n_jobs : int, optional
        Fits at a time, as joblib understands it: None is 1 unless a joblib context says more, -1
        all processors.
    progress : bool, optional
        Show a progress bar. By default only where standard error is a terminal.

    Returns
    -------
    Evaluation
        Scores, out-of-fold predictions, folds and fitted models.

    Raises
    ------
    TypeError
        If a table, `groups`, `folds` or a model is of the wrong kind.
    ValueError
        If the tables hold different exams, labels are not 0 or 1, a task has too few exams of a
        class, or a model predicts NaN. A note names task, repeat and fold where a model fails.

    Examples
    --------
    A feature that is the label in disguise:

    >>> import pandas as pd
    >>> from mrnet_features.models import logistic_baseline
    >>> exams = [f"{i:04d}" for i in range(20)]
    >>> labels = pd.DataFrame({"acl": [0, 1] * 10}, index=exams)
    >>> features = pd.DataFrame({"size": [1.0, 3.0] * 10}, index=exams)
    >>> evaluation = cross_validate(features, labels, logistic_baseline(), n_splits=2)
    >>> evaluation.summary()["auc"].tolist()
    [1.0]
    """
    table, truth = align_tables(features, labels)
    grouping = align_groups(groups, truth.index)
    classifiers = assign_classifiers(model, list(truth.columns))
    if folds is None:
        folds = make_folds(truth, n_splits, n_repeats, grouping, seed)
    elif isinstance(folds, Folds):
        folds.check(truth, grouping)
    else:
        raise TypeError(
            f"`folds` must be Folds, got {type(folds).__name__}. Load a file with `Folds.read`."
        )
    jobs = [
        (task, repeat, fold, table.index.get_indexer(train), table.index.get_indexer(test))
        for task in truth.columns
        for repeat, fold, train, test in folds.split()
    ]
    calls = (
        delayed(fit_and_score)(
            seed_classifier(classifiers[task], seed, task, repeat, fold),
            table,
            truth[task].to_numpy(),
            train,
            test,
            f"task {task!r}, repeat {repeat}, fold {fold}",
        )
        for task, repeat, fold, train, test in jobs
    )
    predictions = folds.frame.copy()
    models = {}
    probabilities = {task: np.empty(len(predictions)) for task in truth.columns}
    with (
        contextlib.closing(run_jobs(calls, n_jobs)) as fits,
        show_progress(len(jobs), "cross-validation", "fit", progress) as bar,
    ):
        for (task, repeat, fold, _, test), (fitted, scores) in zip(jobs, fits, strict=True):
            bar.update()
            models[task, repeat, fold] = fitted
            # The frame of the folds lists repeat after repeat, each sorted by exam as the table is.
            probabilities[task][repeat * len(table) + test] = scores
    return Evaluation(
        labels=truth,
        predictions=predictions.assign(**probabilities),
        folds=folds,
        models=models,
        groups=grouping,
    )
