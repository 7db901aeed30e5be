"""Fit on one split, score another once: the official valid split of MRNet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from joblib import delayed
from scipy.special import ndtr

from mrnet_features.evaluation.alignment import align_groups, align_tables
from mrnet_features.evaluation.metrics.auc_tests import minimum_detectable_difference
from mrnet_features.evaluation.metrics.scores import Scores, score_predictions
from mrnet_features.evaluation.protocol.fit import (
    assign_classifiers,
    fit_and_score,
    seed_classifier,
)
from mrnet_features.evaluation.results import Result
from mrnet_features.jobs import run_jobs

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["HoldOut", "evaluate"]

# Two-sided level of the test for another prevalence; with three tasks one false note in 300.
SHIFT_LEVEL = 0.001


@dataclass(frozen=True, eq=False, repr=False)
class HoldOut(Result):
    """Result of one evaluation on a held-out split.

    Attributes
    ----------
    labels : DataFrame of shape (n_exams, n_tasks), int8
        The truth of the held-out exams, sorted by exam id.
    predictions : DataFrame of shape (n_exams, n_tasks), float64
        Their scores.
    models : dict of str to classifier
        The fitted model of each task. None has seen a held-out exam.
    train_labels : DataFrame of shape (n_train, n_tasks), int8
        The truth of the exams fitted on.
    groups : Series of shape (n_exams,), int64, or None
        Group of each held-out exam.
    """

    labels: pd.DataFrame
    predictions: pd.DataFrame
    models: Mapping[str, Any]
    train_labels: pd.DataFrame
    groups: pd.Series[Any] | None = None

    def __repr__(self) -> str:
        tasks = ", ".join(self.labels.columns)
        return f"HoldOut({len(self.train_labels)} exams -> {len(self.labels)}, tasks {tasks})"

    @cached_property
    def scores(self) -> Scores:
        """AUC of each task and the influence values behind the intervals."""
        rows = self.predictions.rename_axis(index="exam").reset_index()
        return score_predictions(self.labels, rows.assign(repeat=0, fold=0), self.groups)

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
        DataFrame of shape (n_tasks + 1, 9)
            Index task. Columns auc, se, ci_low, ci_high; n_exams, n_positive; prevalence and
            prevalence_train, as fractions, missing for the mean; minimum_detectable_difference,
            the true distance from a fixed figure, such as a published AUC, that a test at 5 %
            finds with 80 % power. Against another model on the same exams ask `compare`.
        """
        table = self.scores.summary(confidence).drop(columns="pooled")
        table["prevalence"] = self.labels.mean()
        table["prevalence_train"] = self.train_labels.mean()
        table["minimum_detectable_difference"] = [
            minimum_detectable_difference(se) for se in table["se"]
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
        """Say what the AUCs do not: tasks whose prevalence differs from the training split.

        Returns
        -------
        list of str
            A sentence for each task where a two-proportion z test rejects at .001.
        """
        found = []
        for task in self.labels.columns:
            here, there = self.labels[task], self.train_labels[task]
            share = (here.sum() + there.sum()) / (len(here) + len(there))
            se = np.sqrt(share * (1 - share) * (1 / len(here) + 1 / len(there)))
            if 2 * ndtr(-abs(here.mean() - there.mean()) / se) < SHIFT_LEVEL:
                found.append(
                    f"Prevalence of {task!r} is {here.mean():.1%} here and {there.mean():.1%} in "
                    "training: AUC carries over, thresholds and calibration do not."
                )
        return found


def evaluate(
    model: Any,
    train: tuple[pd.DataFrame, pd.DataFrame],
    valid: tuple[pd.DataFrame, pd.DataFrame],
    *,
    groups: pd.Series[Any] | Mapping[str, Any] | None = None,
    seed: int = 0,
    n_jobs: int | None = None,
) -> HoldOut:
    """Fit one classifier per task on one split and score another split once.

    Once is the point: a split that was looked at to choose between models no longer tells how
    good the chosen one is. Choose by `cross_validate` on the training split.

    Parameters
    ----------
    model : classifier, mapping of task to classifier, or None
        As `cross_validate` takes it.
    train : tuple of (DataFrame, DataFrame)
        Features and labels to fit on, both indexed by exam id as text.
    valid : tuple of (DataFrame, DataFrame)
        Features and labels to score. Columns are matched by name.
    groups : Series or mapping of exam id to group, optional
        Group of each exam to score; exams of a group are not taken as independent. A group that
        is named for both splits must not be in both.
    seed : int, default 0
        Seeds the models.
    n_jobs : int, optional
        Fits at a time, as joblib understands it.

    Returns
    -------
    HoldOut
        Scores with intervals, and a note where the prevalence shifted.

    Raises
    ------
    ValueError
        If an exam or a group is in both splits, columns or tasks differ, or as `cross_validate`
        does.

    Examples
    --------
    >>> from mrnet_features.models import logistic_baseline
    >>> size = pd.DataFrame({"size": [1.0, 3.0] * 4}, index=list("abcdefgh"))
    >>> torn = pd.DataFrame({"acl": [0, 1] * 4}, index=list("abcdefgh"))
    >>> train, valid = (size[:4], torn[:4]), (size[4:], torn[4:])
    >>> evaluate(logistic_baseline(), train, valid).summary()["auc"].tolist()
    [1.0]
    """
    known, truth = align_tables(*train)
    new, held_out = align_tables(*valid)
    _require_apart(known, new, groups)
    tasks = list(truth.columns)
    if set(tasks) != set(held_out.columns):
        raise ValueError(
            f"`train` and `valid` must have the same tasks, got {', '.join(tasks)} and "
            f"{', '.join(held_out.columns)}."
        )
    missing = [column for column in known.columns if column not in new.columns]
    added = [column for column in new.columns if column not in known.columns]
    if missing or added:
        examples = ", ".join(map(repr, (missing + added)[:3]))
        raise ValueError(
            f"`train` and `valid` must have the same columns, but `valid` lacks {len(missing)} "
            f"and has {len(added)} more ({examples}). Extract both with one recipe."
        )
    table = pd.concat([known, new[known.columns]])
    fitted_rows, scored_rows = np.arange(len(known)), np.arange(len(known), len(table))
    classifiers = assign_classifiers(model, tasks)
    calls = (
        delayed(fit_and_score)(
            seed_classifier(classifiers[task], seed, task, 0, 0),
            table,
            np.concatenate([truth[task].to_numpy(), held_out[task].to_numpy()]),
            fitted_rows,
            scored_rows,
            f"task {task!r}",
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
        groups=align_groups(groups, new.index),
    )


def _require_apart(train: pd.DataFrame, valid: pd.DataFrame, groups: Any) -> None:
    both = train.index.intersection(valid.index)
    if len(both):
        raise ValueError(
            f"`train` and `valid` must not share exams, got {len(both)} in both, such as "
            f"{both[0]!r}. Take them out of one."
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
            f"{next(iter(shared))!r}. Take their exams out of one."
        )
