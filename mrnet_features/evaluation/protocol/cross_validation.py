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

from mrnet_features.evaluation.alignment import align_data
from mrnet_features.evaluation.exam_values import take_weights
from mrnet_features.evaluation.metrics.scores import Scores, score_predictions
from mrnet_features.evaluation.protocol.fit import (
    assign_classifiers,
    fit_and_score,
    require_weights,
    seed_classifier,
)
from mrnet_features.evaluation.protocol.folds import Folds
from mrnet_features.evaluation.protocol.splitters import choose_folds
from mrnet_features.evaluation.results import Result, describe_run
from mrnet_features.jobs import CoreAdvice, run_jobs, show_progress
from mrnet_features.messages import list_names, quote
from mrnet_features.models.estimators import refuse_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mrnet_features.tables import ByExam, FeatureTable, LabelTable

__all__ = ["Evaluation", "cross_validate"]


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation(Result):
    """Result of a cross-validation: scores, predictions, folds and fitted models.

    Attributes
    ----------
    labels : DataFrame of shape (n_exams, n_tasks), int8
        True labels, sorted by exam id; float64 with NaN if a label is missing.
    predictions : DataFrame of shape (n_exams * n_repeats, n_tasks + 3)
        Out-of-fold predictions, one row per exam and repeat: columns exam, repeat, fold, and the
        probability of each task. Sorted by repeat and exam.
    folds : Folds
        Partition of each repeat. Two evaluations on the same folds have the same `folds.hash`.
    models : dict of (task, repeat, fold) to classifier
        Fitted models. None was fitted on exams of its fold.
    groups : Series of shape (n_exams,), int64, or None
        Group of each exam.
    sample_weight : Series of shape (n_exams,) or DataFrame of shape (n_exams, n_tasks), or None
        Weight of each exam in `fit`.
    fit_labels : DataFrame of shape (n_exams, n_tasks), float64, or None
        Labels that the models were fitted on, 0 to 1 or NaN; None if they are `labels`.
    implications : tuple of (str, str), default ()
        Pairs of tasks that `make_coherent` has used in `predictions`.
    """

    labels: pd.DataFrame
    predictions: pd.DataFrame
    folds: Folds
    models: Mapping[tuple[str, int, int], Any]
    groups: pd.Series[Any] | None = None
    sample_weight: pd.Series[Any] | pd.DataFrame | None = None
    fit_labels: pd.DataFrame | None = None
    implications: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        tasks = list_names(self.labels.columns)
        coherent = ", coherent" if self.implications else ""
        return f"Evaluation({len(self.labels)} exams, tasks {tasks}, {self.folds!r}{coherent})"

    def _list_notes(self) -> list[str]:
        few = self.folds.summary(self.labels).filter(like="n_positive_").min()
        fewest = [f"{task} {count}" for task, count in zip(self.labels.columns, few, strict=True)]
        notes = [f"Fewest positive exams in a fold: {list_names(fewest)}."]
        if any(error.source.startswith("fitted") for error in self.scores.errors.values()):
            notes.append(
                "One partition into folds does not show how much the training exams matter, so "
                "the interval can be too narrow. Use two repeats or more, each another partition."
            )
        if self.fit_labels is not None:
            notes.append("The models were fitted on other labels than those scored on.")
        return [*notes, *describe_run(self.groups, self.implications)]

    @cached_property
    def scores(self) -> Scores:
        """AUC of each fold and the influence values behind the intervals."""
        return score_predictions(self.labels, self.predictions, self.groups)

    @property
    def headline(self) -> str:
        """Label of the main result: "mean", or the task if there is only one."""
        return self.scores.headline

    def summary(self, confidence: float = 0.95) -> pd.DataFrame:
        """AUC of each task, and their mean if there are several tasks.

        Parameters
        ----------
        confidence : float, default 0.95
            Coverage of the intervals.

        Returns
        -------
        DataFrame of shape (n_tasks + 1, 8)
            Columns auc, se, ci_low, ci_high, interval, pooled, n_exams, n_positive; see
            `Scores.summary`.
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
            squares is the standard error of the test exams alone.
        """
        return self.scores.influence.copy()

    def chosen_parameters(self) -> pd.DataFrame:
        """Parameters that a tuned classifier chose in each fold.

        Returns
        -------
        DataFrame of shape (n_fits, 3 + n_parameters)
            Columns task, repeat, fold and one per parameter in `best_params_` of the models, NaN
            if the value of the classifier was kept. Only the first three if none was tuned.
        """
        rows = [
            {"task": task, "repeat": repeat, "fold": fold, **getattr(model, "best_params_", {})}
            for (task, repeat, fold), model in self.models.items()
        ]
        return pd.DataFrame(rows)


def cross_validate(
    model: Any,
    features: FeatureTable,
    labels: LabelTable,
    *,
    n_splits: int = 5,
    n_repeats: int = 3,
    folds: Any = None,
    cv: Any = None,
    groups: ByExam | None = None,
    sample_weight: ByExam | pd.DataFrame | None = None,
    fit_labels: LabelTable | None = None,
    positive: Any = None,
    seed: int = 0,
    n_jobs: int | None = None,
    progress: bool | None = None,
) -> Evaluation:
    """Fit one classifier per task, repeat and fold, and score the exams left out.

    Rows are matched by exam id and sorted by it, so their order does not matter. Nothing is
    fitted before the split: selection, scaling and the like belong in a pipeline. Each fit has
    its own seed and runs on one thread, unless the model's own `n_jobs` says otherwise: the result
    has the same bits for any `n_jobs`.

    Parameters
    ----------
    model : classifier, mapping of task to classifier, or None
        None is `lightgbm_baseline`. Any scikit-learn classifier or pipeline, or any object with
        `fit` and `predict_proba`; it is copied for every fit. Each of its `random_state`
        parameters is set from `seed`, task, repeat, fold and the integer it had, if any.
    features : DataFrame or array of shape (n_exams, n_features)
        Index: exam ids, text or integers. Numeric columns. NaN is left to the model. An array
        needs labels that are an array too; its exam ids are the row numbers.
    labels : DataFrame of shape (n_exams, n_tasks), Series or array
        Index: the same exam ids, in any order. One column per task with 0 or 1. An exam with NaN
        is neither fitted nor scored on for that task, but has a prediction. The name of a Series
        is the task. The rows of an array are matched to `features` by position.
    n_splits : int, default 5
        Folds per repeat.
    n_repeats : int, default 3
        Number of partitions. From two on the intervals allow for the training exams.
    folds : Folds, int, splitter or iterable of (train, test), optional
        Folds made or read before; a number of folds; a scikit-learn splitter, which gets the
        features in their row order, the labels (their combination for several tasks) and the
        groups; or pairs of row numbers of `features`. Every exam must be tested once per repeat.
    cv : optional
        scikit-learn's name for `folds`.
    groups : Series or mapping of exam id to group, or array, optional
        For example the patient of each exam. Exams of a group stay in one fold and are not taken
        as independent in the intervals. Classifiers whose `fit` takes `groups`, such as
        `TunedClassifier`, alone or as the last step of a pipeline, get those of the training
        exams for their inner folds.
    sample_weight : Series or mapping of exam id to weight, array, or DataFrame, optional
        Passed to `fit`. A DataFrame of shape (n_exams, n_tasks) gives each task its own weights.
        Where a task has no label use weight 0; NaN is refused. The AUCs are not weighted.
    fit_labels : DataFrame of shape (n_exams, n_tasks), Series or array, optional
        Other labels to fit on; `labels` are then only scored on. For example, labels from reports
        for all exams and labels from experts for some. Values from 0 to 1, or NaN to leave an
        exam out of the fits of that task. A value p between 0 and 1 is fitted as two rows, class
        1 with weight p and class 0 with weight 1 - p. Either table may lack exams of `features`.
        The folds hold all exams, so no exam of a fold is fitted on in that fold, with or without
        a label. They are stratified by `labels`; exams without any are spread evenly.
    positive : value or mapping of task to value, optional
        Value of a positive exam if the labels are not 0 and 1, such as "torn".
    seed : int, default 0
        Seed of the folds and models.
    n_jobs : int, optional
        Fits at a time, as in joblib: None is 1 unless a joblib context says more, -1 all cores.
    progress : bool, optional
        Show a progress bar. By default only if standard error is a terminal.

    Returns
    -------
    Evaluation
        Scores, out-of-fold predictions, folds and fitted models.

    Raises
    ------
    TypeError
        If a table, `groups`, `folds` or a model is of the wrong kind, or `fit` does not take the
        weights that `sample_weight`, or `fit_labels` between 0 and 1, need.
    ValueError
        If the tables hold different exams, labels are not 0 or 1, a task has too few exams of a
        class, or a model predicts NaN. A note names task, repeat and fold if a model fails.

    Examples
    --------
    A feature that equals the label up to scale:

    >>> import pandas as pd
    >>> from mrnet_features.models import logistic_baseline
    >>> exams = [f"{i:04d}" for i in range(20)]
    >>> labels = pd.DataFrame({"acl": [0, 1] * 10}, index=exams)
    >>> features = pd.DataFrame({"size": [1.0, 3.0] * 10}, index=exams)
    >>> evaluation = cross_validate(logistic_baseline(), features, labels, n_splits=2)
    >>> evaluation.summary()["auc"].tolist()
    [1.0]
    """
    refuse_table(model, "cross_validate(model, features, labels)")
    if folds is not None and cv is not None:
        raise TypeError("`folds` and `cv` are two names of one parameter. Pass one of them.")
    data = align_data(features, labels, groups, sample_weight, positive, fit_labels)
    table, truth = data.features, data.labels
    targets = truth if data.fit_labels is None else data.fit_labels
    classifiers = assign_classifiers(model, list(truth.columns))
    require_weights(classifiers, data.weights, targets)
    grouping = None if data.groups is None else data.groups.to_numpy()
    chosen = choose_folds(folds if cv is None else cv, data, n_splits, n_repeats, seed)
    jobs = [
        (task, repeat, fold, table.index.get_indexer(train), table.index.get_indexer(test))
        for task in truth.columns
        for repeat, fold, train, test in chosen.split()
    ]
    calls = (
        delayed(fit_and_score)(
            seed_classifier(classifiers[task], seed, task, repeat, fold),
            table,
            targets[task].to_numpy(),
            train,
            test,
            f"task {quote(task)}, repeat {repeat}, fold {fold}",
            take_weights(data.weights, task),
            grouping,
        )
        for task, repeat, fold, train, test in jobs
    )
    predictions = chosen.frame.copy()
    models = {}
    probabilities = {task: np.empty(len(predictions)) for task in truth.columns}
    advice = CoreAdvice(n_jobs, len(jobs), "Cross-validation")
    with (
        contextlib.closing(run_jobs(calls, n_jobs)) as fits,
        show_progress(len(jobs), "cross-validation", "fit", progress) as bar,
    ):
        for (task, repeat, fold, _, test), (fitted, scores) in zip(jobs, fits, strict=True):
            bar.update()
            advice.finish_job()
            models[task, repeat, fold] = fitted
            # The folds list repeat after repeat, each sorted by exam like the table.
            probabilities[task][repeat * len(table) + test] = scores
    return Evaluation(
        labels=truth,
        predictions=predictions.assign(**probabilities),
        folds=chosen,
        models=models,
        groups=data.groups,
        sample_weight=data.weights,
        fit_labels=data.fit_labels,
    )
