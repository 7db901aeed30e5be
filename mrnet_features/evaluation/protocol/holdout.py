"""Evaluation on a held-out split, such as the valid split of MRNet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from joblib import delayed
from scipy.special import ndtr

from mrnet_features.evaluation.alignment import align_data
from mrnet_features.evaluation.exam_values import align_groups, take_weights
from mrnet_features.evaluation.metrics.auc_tests import minimum_detectable_difference
from mrnet_features.evaluation.metrics.scores import Scores, score_predictions
from mrnet_features.evaluation.protocol.fit import (
    assign_classifiers,
    fit_and_score,
    require_weights,
    seed_classifier,
)
from mrnet_features.evaluation.protocol.folds import FEWEST_OF_A_CLASS, list_shortages
from mrnet_features.evaluation.results import Result, describe_run
from mrnet_features.jobs import run_jobs
from mrnet_features.messages import list_names, name_some, quote
from mrnet_features.models.estimators import refuse_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from mrnet_features.tables import ByExam, FeatureTable, LabelTable

__all__ = ["HoldOut", "evaluate"]

# Two-sided level of the prevalence test: with three tasks about one false note in 300 runs.
SHIFT_LEVEL = 0.001


@dataclass(frozen=True, eq=False, repr=False)
class HoldOut(Result):
    """Result of one evaluation on a held-out split.

    Attributes
    ----------
    labels : DataFrame of shape (n_exams, n_tasks), int8
        True labels of the held-out exams, sorted by exam id; float64 with NaN if one is missing.
    predictions : DataFrame of shape (n_exams, n_tasks), float64
        Scores of the held-out exams.
    models : dict of str to classifier
        Fitted model of each task. None was fitted on a held-out exam.
    train_labels : DataFrame of shape (n_train, n_tasks), int8
        Labels that the models were fitted on; float64 with NaN if one is missing, and between 0
        and 1 if they were `fit_labels`.
    groups : Series of shape (n_exams,), int64, or None
        Group of each held-out exam.
    implications : tuple of (str, str), default ()
        Pairs of tasks that `make_coherent` has used in `predictions`.
    """

    labels: pd.DataFrame
    predictions: pd.DataFrame
    models: Mapping[str, Any]
    train_labels: pd.DataFrame
    groups: pd.Series[Any] | None = None
    implications: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        tasks = list_names(self.labels.columns)
        coherent = ", coherent" if self.implications else ""
        sizes = f"{len(self.labels)} exams, fitted on {len(self.train_labels)} others"
        return f"HoldOut({sizes}, tasks {tasks}{coherent})"

    def _list_notes(self) -> list[str]:
        return [*self.notes(), *describe_run(self.groups, self.implications)]

    @cached_property
    def scores(self) -> Scores:
        """AUC of each task and the influence values behind the intervals.

        Raises ValueError if a task has fewer than two exams of a class.
        """
        shortages = list_shortages(self.labels, FEWEST_OF_A_CLASS)
        if shortages:
            raise ValueError(
                f"`valid` must hold at least {FEWEST_OF_A_CLASS} exams of each class of every task "
                f"(for a standard error), got {shortages}. Add exams to it, or in Python leave the "
                "task out."
            )
        rows = self.predictions.rename_axis(index="exam").reset_index()
        return score_predictions(self.labels, rows.assign(repeat=0, fold=0), self.groups)

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
        DataFrame of shape (n_tasks + 1, 10)
            Index task. Columns auc, se, ci_low, ci_high; interval: "test exams"; n_exams,
            n_positive; prevalence and prevalence_train, as fractions, missing for the mean;
            minimum_detectable_difference: true difference from a fixed AUC, such as a published
            one, that a test at 5 % finds with 80 % power; NaN if `se` is 0. For another model on
            the same exams use `compare`.
        """
        table = self.scores.summary(confidence).drop(columns="pooled")
        table["prevalence"] = self.labels.mean()
        table["prevalence_train"] = self.train_labels.mean()
        table["minimum_detectable_difference"] = [
            minimum_detectable_difference(error.se, error.degrees)
            for error in self.scores.errors.values()
        ]
        return table

    def frame(self) -> pd.DataFrame:
        """Score and label of every exam and task.

        Returns
        -------
        DataFrame of shape (n_exams * n_tasks, 4)
            Columns exam, task, score and label.
        """
        scores = self.predictions.melt(ignore_index=False, var_name="task", value_name="score")
        labels = self.labels.melt(ignore_index=False, value_name="label")["label"]
        return scores.assign(label=labels.to_numpy()).rename_axis(index="exam").reset_index()

    def plot(self, axes: Axes | None = None) -> Axes:
        """AUC of each task with its interval.

        Parameters
        ----------
        axes : matplotlib Axes, optional

        Returns
        -------
        matplotlib Axes
        """
        return self.scores.plot(axes)

    def notes(self) -> list[str]:
        """Tasks whose prevalence differs from that in the training split.

        Returns
        -------
        list of str
            One sentence per task for which a two-proportion z test rejects at .001.
        """
        found = []
        for task in self.labels.columns:
            held_out, train = self.labels[task], self.train_labels[task]
            n, n_train = int(held_out.count()), int(train.count())
            share = (held_out.sum() + train.sum()) / (n + n_train)
            se = np.sqrt(share * (1 - share) * (1 / n + 1 / n_train))
            # without variance both splits hold the same single class
            if se > 0 and 2 * ndtr(-abs(held_out.mean() - train.mean()) / se) < SHIFT_LEVEL:
                found.append(
                    f"Prevalence of {quote(task)} is {held_out.mean():.1%} in the held-out split "
                    f"and {train.mean():.1%} in the training split. The AUC still applies; "
                    "thresholds and calibration do not."
                )
        return found


def evaluate(
    model: Any,
    train: tuple[FeatureTable, LabelTable | None],
    valid: tuple[FeatureTable, LabelTable],
    *,
    groups: ByExam | None = None,
    sample_weight: ByExam | pd.DataFrame | None = None,
    fit_labels: LabelTable | None = None,
    positive: Any = None,
    seed: int = 0,
    n_jobs: int | None = None,
) -> HoldOut:
    """Fit one classifier per task on one split and score another split once.

    Score a held-out split only once: after choosing between models by their scores on it, the
    score of the chosen model is too high. Choose with `cross_validate` on the training split.

    Parameters
    ----------
    model : classifier, mapping of task to classifier, or None
        See `cross_validate`.
    train : tuple of (features, labels)
        Tables to fit on; see `cross_validate`.
    valid : tuple of (features, labels)
        Tables to score. Columns are matched by name.
    groups : Series or mapping of exam id to group, or array, optional
        Group of each exam of `valid`; exams of a group are not taken as independent. A Series or
        mapping may hold the exams of `train` too: then no group may be in both splits, and
        classifiers whose `fit` takes `groups` get those of `train` if every exam has one.
    sample_weight : Series or mapping of exam id to weight, array, or DataFrame, optional
        Weight of each exam of `train`, or of each exam and task, passed to `fit`. Where a task
        has no label use weight 0; NaN is refused.
    fit_labels : DataFrame of shape (n_train, n_tasks), Series or array, optional
        Other labels of `train` to fit on, 0 to 1 or NaN; see `cross_validate`. The labels in
        `train` are then checked but not used, and may be None.
    positive : value or mapping of task to value, optional
        See `cross_validate`.
    seed : int, default 0
        Seed of the models.
    n_jobs : int, optional
        Fits at a time, as in joblib.

    Returns
    -------
    HoldOut
        Scores with intervals, and notes if the prevalence differs.

    Raises
    ------
    ValueError
        If an exam or a group is in both splits, columns or tasks differ, or as `cross_validate`.

    Examples
    --------
    >>> from mrnet_features.models import logistic_baseline
    >>> size = pd.DataFrame({"size": [1.0, 3.0] * 4}, index=list("abcdefgh"))
    >>> torn = pd.DataFrame({"acl": [0, 1] * 4}, index=list("abcdefgh"))
    >>> train, valid = (size[:4], torn[:4]), (size[4:], torn[4:])
    >>> evaluate(logistic_baseline(), train, valid).summary()["auc"].tolist()
    [1.0]
    """
    refuse_table(model, "evaluate(model, (features, labels), (features, labels))")
    for name, split in (("train", train), ("valid", valid)):
        if not isinstance(split, tuple | list) or len(split) != 2:
            raise TypeError(
                f"`{name}` must be a tuple (features, labels), got {type(split).__name__}."
            )
    if fit_labels is None and train[1] is None:
        raise TypeError("`train` must hold labels, got None. Pass them, or pass `fit_labels`.")
    fitted_on = align_data(*train, None, sample_weight, positive, fit_labels)
    scored = align_data(*valid, groups, None, positive)
    known = fitted_on.features
    truth = fitted_on.labels if fitted_on.fit_labels is None else fitted_on.fit_labels
    new, held_out = scored.features, scored.labels
    # Row numbers of two arrays are equal without meaning the same exams.
    have_ids = isinstance(train[0], pd.DataFrame) and isinstance(valid[0], pd.DataFrame)
    if have_ids:
        _require_apart(known, new, groups)
    tasks = list(truth.columns)
    if set(tasks) != set(held_out.columns):
        raise ValueError(
            f"`train` and `valid` must have the same tasks, got {name_some(tasks)} and "
            f"{name_some(list(held_out.columns))}."
        )
    missing = [column for column in known.columns if column not in new.columns]
    added = [column for column in new.columns if column not in known.columns]
    if missing or added:
        raise ValueError(
            f"`train` and `valid` must have the same columns, but `valid` lacks {len(missing)} "
            f"and has {len(added)} more ({name_some(missing + added)}). Extract both with the "
            "same recipe."
        )
    table = pd.concat([known, new[known.columns]])
    fitted_rows, scored_rows = np.arange(len(known)), np.arange(len(known), len(table))
    classifiers = assign_classifiers(model, tasks)
    require_weights(classifiers, fitted_on.weights, truth)
    grouping = _find_groups(groups, known.index) if have_ids else None
    calls = (
        delayed(fit_and_score)(
            seed_classifier(classifiers[task], seed, task, 0, 0),
            table,
            np.concatenate([truth[task].to_numpy(), held_out[task].to_numpy()]),
            fitted_rows,
            scored_rows,
            f"task {quote(task)}",
            take_weights(fitted_on.weights, task),
            grouping,
        )
        for task in tasks
    )
    fits = list(run_jobs(calls, n_jobs))
    return HoldOut(
        labels=held_out[tasks],
        predictions=pd.DataFrame(
            {task: scores for task, (_, scores) in zip(tasks, fits, strict=True)}, index=new.index
        ),
        models={task: fitted for task, (fitted, _) in zip(tasks, fits, strict=True)},
        train_labels=truth,
        groups=scored.groups,
    )


def _find_groups(groups: Any, exams: pd.Index[Any]) -> NDArray[np.int64] | None:
    """Groups of the training exams, if `groups` names that of every one."""
    if groups is None or not hasattr(groups, "items"):
        return None
    named = dict(groups.items())
    of_train = pd.Series([named.get(exam) for exam in exams], exams, dtype=object)
    found = None if of_train.isna().any() else align_groups(of_train, exams)
    return None if found is None else found.to_numpy()


def _require_apart(train: pd.DataFrame, valid: pd.DataFrame, groups: Any) -> None:
    both = train.index.intersection(valid.index)
    if len(both):
        raise ValueError(
            f"`train` and `valid` must not share exams, got {len(both)} in both, such as "
            f"{name_some([both[0]])}. Remove them from one split. If the index holds only row "
            "numbers, set the exam ids as the index, or pass arrays."
        )
    if groups is None or not hasattr(groups, "items"):
        return
    named = dict(groups.items())
    shared = {named[e] for e in train.index if e in named} & {
        named[e] for e in valid.index if e in named
    }
    if shared:
        raise ValueError(
            f"`train` and `valid` must not share groups, got {len(shared)} in both, such as "
            f"{quote(next(iter(shared)))}. Remove their exams from one split."
        )
