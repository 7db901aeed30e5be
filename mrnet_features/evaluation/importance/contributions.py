"""Contributions of the columns to the out-of-fold log-odds of each exam."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from joblib import delayed
from threadpoolctl import threadpool_limits

from mrnet_features.evaluation.importance.explain_model import Explanation, explain_model
from mrnet_features.evaluation.importance.explained_folds import (
    align_exams,
    check_columns,
    list_jobs,
    require_same_scores,
    stack_scores,
)
from mrnet_features.evaluation.importance.per_fold import measure_directions
from mrnet_features.evaluation.importance_plots import plot_contributions
from mrnet_features.evaluation.plots import shorten
from mrnet_features.evaluation.protocol.cross_validation import Evaluation
from mrnet_features.evaluation.protocol.holdout import HoldOut
from mrnet_features.evaluation.results import Result, choose_task
from mrnet_features.jobs import run_jobs
from mrnet_features.messages import list_names, name_some, quote
from mrnet_features.models.estimators import predict_positive

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from mrnet_features.tables import FeatureTable

__all__ = ["Contributions", "explain_predictions"]


@dataclass(frozen=True, eq=False, repr=False)
class Contributions(Result):
    """Which columns raised or lowered the predictions of each exam, in log-odds.

    Attributes
    ----------
    features : DataFrame of shape (n_exams, n_columns)
        Values of the explained exams.
    by_task : dict of str to DataFrame of shape (n_exams, n_columns), float32
        Contributions of each task: mean over the repeats, each from the model that was not fitted
        on the exam.
    baseline : DataFrame of shape (n_exams, n_tasks), float64
        Log-odds of a typical training exam, mean over the same models.
    probability : DataFrame of shape (n_exams, n_tasks), float64
        Out-of-fold probability of the evaluation, mean over the repeats.
    labels : DataFrame of shape (n_exams, n_tasks)
    """

    features: pd.DataFrame
    by_task: Mapping[str, pd.DataFrame]
    baseline: pd.DataFrame
    probability: pd.DataFrame
    labels: pd.DataFrame

    def __repr__(self) -> str:
        n_exams, n_columns = self.features.shape
        tasks = list_names(self.by_task)
        return f"Contributions({n_exams} exams, {n_columns} columns, tasks {tasks})"

    @property
    def log_odds(self) -> pd.DataFrame:
        """Baseline plus the sum of the contributions.

        Returns
        -------
        DataFrame of shape (n_exams, n_tasks), float64
            Mean over the repeats of the log-odds of single models. `probability` is the mean of
            their probabilities, which differs slightly.
        """
        sums = {task: rows.to_numpy(np.float64).sum(axis=1) for task, rows in self.by_task.items()}
        return self.baseline + pd.DataFrame(sums, index=self.baseline.index)

    def summary(self, top: int = 10) -> pd.DataFrame:
        """Columns with the largest mean absolute contribution to each task.

        Parameters
        ----------
        top : int, default 10
            Columns per task.

        Returns
        -------
        DataFrame of shape (n_tasks * top, 3)
            Index task and column. mean_absolute: mean over the exams of the absolute
            contribution, in log-odds; share: fraction of the sum over all columns; direction: -1
            to 1, correlation of the value with the contribution, NaN if there is none.
        """
        _check_top(top)
        values = self.features.to_numpy(np.float64)
        blocks = []
        for task, rows in self.by_task.items():
            shares = rows.to_numpy(np.float64)
            size = np.abs(shares).mean(axis=0)
            found = pd.DataFrame(
                {
                    "mean_absolute": size,
                    "share": size / size.sum() if size.any() else np.nan,
                    "direction": measure_directions(values, shares),
                },
                index=pd.MultiIndex.from_product([[task], rows.columns], names=["task", "column"]),
            )
            blocks.append(
                found.sort_values("mean_absolute", ascending=False, kind="stable").iloc[:top]
            )
        return pd.concat(blocks)

    def frame(self, top: int | None = 10) -> pd.DataFrame:
        """Largest contributions to each exam and task, the largest absolute one first.

        Parameters
        ----------
        top : int or None, default 10
            Columns per exam and task; None for all.

        Returns
        -------
        DataFrame of shape (n_exams * n_tasks * top, 5)
            Columns exam, task, column, value (of the feature) and contribution (in log-odds).
            Sorted by exam and task.
        """
        n_columns = self.features.shape[1]
        if top is not None:
            _check_top(top)
        kept = n_columns if top is None else min(top, n_columns)
        shares = np.stack([rows.to_numpy() for rows in self.by_task.values()], axis=1)
        order = np.argsort(-np.abs(shares), axis=2, kind="stable")[:, :, :kept]
        exams = np.arange(len(shares))[:, None, None]
        names = np.asarray(self.features.columns, dtype=object)
        n_tasks = len(self.by_task)
        tasks = np.repeat(np.asarray(list(self.by_task), dtype=object), kept)
        return pd.DataFrame(
            {
                "exam": np.repeat(np.asarray(self.features.index, dtype=object), n_tasks * kept),
                "task": np.tile(tasks, len(shares)),
                "column": names[order].ravel(),
                "value": self.features.to_numpy()[exams, order].ravel(),
                "contribution": np.take_along_axis(shares, order, axis=2).ravel(),
            }
        ).astype({"exam": self.features.index.dtype})

    def plot(
        self,
        axes: Axes | None = None,
        exam: Any = None,
        task: str | None = None,
        top: int = 10,
        names: Mapping[str, str] | None = None,
    ) -> Axes:
        """Waterfall of one exam: from the baseline to its log-odds, the largest steps first.

        Parameters
        ----------
        axes : matplotlib Axes, optional
        exam : exam id, optional
            By default the exam with the highest probability.
        task : str, optional
            By default the first task.
        top : int, default 10
            Columns to draw; one bar more is the sum of the others.
        names : mapping of column to str, optional
            Text for each column, such as ``describe_columns(columns)["phrase"]``. By default the
            parts of its name.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        ValueError
            If the exam or the task is not among those explained.
        """
        _check_top(top)
        chosen = choose_task(task, self.by_task, next(iter(self.by_task)))
        exam = self.probability[chosen].idxmax() if exam is None else exam
        if exam not in self.features.index:
            raise ValueError(
                f"`exam` must be one of the {len(self.features)} that were explained, got "
                f"{quote(exam)}. Explain it with `explain_predictions(..., exams=[...])`."
            )
        rows = pd.DataFrame(
            {"value": self.features.loc[exam], "contribution": self.by_task[chosen].loc[exam]}
        )
        label = self.labels.loc[exam, chosen]
        known = "no label" if pd.isna(label) else f"label {label:g}"
        chance = f"probability {self.probability.loc[exam, chosen]:.2f}"
        labels = {} if names is None else dict(names)
        title = f"Exam {shorten(exam, 24)}, {shorten(chosen, 24)}\n{chance}, {known}"
        return plot_contributions(
            rows, float(self.baseline.loc[exam, chosen]), title, top, labels, axes
        )


def explain_predictions(
    evaluation: Evaluation | HoldOut,
    features: FeatureTable,
    *,
    exams: Sequence[Any] | None = None,
    tasks: Sequence[str] | None = None,
    n_jobs: int | None = None,
) -> Contributions:
    """Which columns raised or lowered the out-of-fold predictions of each exam.

    Each exam is explained by the models that were not fitted on it, one per repeat. The
    contributions are SHAP values in log-odds: with the baseline they add up to the log-odds of
    the model; see `explain_model`. They say what the model used, not what caused the finding, and
    correlated columns share a contribution.

    Parameters
    ----------
    evaluation : Evaluation or HoldOut
        From `cross_validate` or `evaluate`, with models that are LightGBM or logistic regression,
        alone, at the end of a pipeline that scales, imputes or selects columns, as a
        `TunedClassifier` or as a `PlaneEnsemble`.
    features : DataFrame of shape (n_exams, n_features)
        The table that `evaluation` was made from. For a HoldOut, the tables of the training and
        of the held-out exams, one below the other: ``pd.concat([train, valid])``.
    exams : sequence of exam ids, optional
        Exams to explain. By default all that are not fitted on.
    tasks : sequence of str, optional
        By default all.
    n_jobs : int, optional
        Folds at a time, as in joblib.

    Returns
    -------
    Contributions

    Raises
    ------
    TypeError
        If `evaluation` is something else.
    ValueError
        If an exam or a task is unknown, the features are others than those of `evaluation`, or
        the models can't be explained.

    Notes
    -----
    `make_coherent` changes the probability after the models, so for its result the contributions
    are those of the single models. LightGBM averages probabilities over its seeds; explained is
    the mean of their log-odds, which differs slightly.

    References
    ----------
    Lundberg et al. 2020, Nature Machine Intelligence 2:56-67.

    Examples
    --------
    >>> from mrnet_features.evaluation import cross_validate
    >>> from mrnet_features.models import logistic_baseline
    >>> names = [f"{k:04d}" for k in range(20)]
    >>> labels = pd.DataFrame({"acl": [0, 1] * 10}, index=names)
    >>> table = pd.DataFrame({"size": [1.0, 3.0] * 10, "idle": 1.0}, index=names)
    >>> evaluation = cross_validate(logistic_baseline(), table, labels, n_splits=2)
    >>> found = explain_predictions(evaluation, table, exams=["0003"])
    >>> found.frame(top=1)[["exam", "task", "column", "value"]].values.tolist()
    [['0003', 'acl', 'size', 3.0]]
    """
    if not isinstance(evaluation, Evaluation | HoldOut):
        raise TypeError(
            f"`evaluation` must be an Evaluation or a HoldOut, got {type(evaluation).__name__}. "
            "Pass what `cross_validate` or `evaluate` returned."
        )
    labels, scores = evaluation.labels, stack_scores(evaluation)
    table = align_exams(features, evaluation)
    check_columns(evaluation.models.values(), table)
    own_tasks = _choose("tasks", tasks, labels.columns)
    explained = pd.Index(_choose("exams", exams, labels.index), name="exam")
    rows = np.full(len(table), -1)
    rows[table.index.get_indexer(explained)] = np.arange(len(explained))
    jobs = list_jobs(evaluation, own_tasks, table.index, rows >= 0)
    calls = (delayed(_explain_fold)(model, table, *parts) for model, _, _, *parts in jobs)
    n_repeats = scores.index.get_level_values("repeat").nunique()
    sums = {t: np.zeros((len(explained), table.shape[1]), np.float32) for t in own_tasks}
    baseline = pd.DataFrame(0.0, index=explained, columns=own_tasks)
    changed = {task for pair in evaluation.implications for task in pair[1:]}
    for (_, task, repeat, _, test), (found, chances) in zip(
        jobs, run_jobs(calls, n_jobs), strict=True
    ):
        tested = table.index[test]
        if task not in changed:
            require_same_scores(scores[task].loc[repeat].loc[tested], chances)
        sums[task][rows[test]] += (found.contributions / n_repeats).astype(np.float32)
        baseline.loc[tested, task] += found.baseline / n_repeats
    return Contributions(
        features=table.loc[explained],
        by_task={t: pd.DataFrame(values, explained, table.columns) for t, values in sums.items()},
        baseline=baseline,
        probability=scores[own_tasks].groupby(level="exam").mean().loc[explained],
        labels=labels.loc[explained, own_tasks],
    )


def _explain_fold(
    model: Any, features: pd.DataFrame, train: NDArray[np.intp], test: NDArray[np.intp]
) -> tuple[Explanation, NDArray[np.float64]]:
    held_out = features.iloc[test]
    with threadpool_limits(limits=1):
        found = explain_model(model, held_out, features.iloc[train])
        return found, predict_positive(model, held_out)


def _choose(name: str, wanted: Sequence[Any] | None, known: pd.Index[Any]) -> list[Any]:
    """Members of `known`, without repeats, in the order asked for."""
    if wanted is None:
        return list(known)
    chosen = list(dict.fromkeys([wanted] if np.ndim(wanted) == 0 else wanted))
    unknown = [member for member in chosen if member not in known]
    if unknown or not chosen:
        raise ValueError(
            f"`{name}` must be some of the {len(known)} {name} of `evaluation`, such as "
            f"{name_some(list(known[:1]))}, got {name_some(unknown) or 'none'}."
        )
    return chosen


def _check_top(top: int) -> None:
    if not top >= 1:
        raise ValueError(f"`top` must be at least 1, got {top}.")
