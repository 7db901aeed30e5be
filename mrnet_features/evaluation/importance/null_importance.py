"""Importance of feature groups compared with that for shuffled labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from joblib import delayed

from mrnet_features.evaluation.alignment import align_features
from mrnet_features.evaluation.exam_values import take_weights
from mrnet_features.evaluation.importance.feature_groups import choose_grouping, group_columns
from mrnet_features.evaluation.importance.per_fold import view_fold
from mrnet_features.evaluation.importance_plots import plot_null_importance
from mrnet_features.evaluation.protocol.fit import fit_and_score
from mrnet_features.evaluation.protocol.stratify import derive_seed
from mrnet_features.evaluation.results import Result, choose_task
from mrnet_features.jobs import run_jobs
from mrnet_features.models.estimators import copy_classifier

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from mrnet_features.evaluation.protocol.cross_validation import Evaluation
    from mrnet_features.tables import FeatureTable

__all__ = ["NullImportance", "null_importance"]


@dataclass(frozen=True, eq=False, repr=False)
class NullImportance(Result):
    """Importance of each feature group and its null distribution.

    Attributes
    ----------
    view : {"shap", "permutation"}
        Importance measured.
    table : DataFrame of shape ((n_rounds + 1) * n_tasks * n_groups, 4)
        Columns round, task, group, value. Round 0 has the true labels.
    """

    view: str
    table: pd.DataFrame

    def __repr__(self) -> str:
        n_rounds, n_groups = self.table["round"].max(), self.table["group"].nunique()
        return f"NullImportance({self.view}, {n_groups} groups, {n_rounds} rounds)"

    def summary(self) -> pd.DataFrame:
        """Observed importance and its p value, the most important group of a task first.

        Returns
        -------
        DataFrame of shape (n_tasks * n_groups, 4)
            Index task and group. Columns observed, null_mean, null_max, and p: fraction of the
            rounds, the observed one included, with at least the observed importance.
        """
        values = self.table.pivot_table(
            index=["task", "group"], columns="round", values="value", sort=False
        )
        observed, null = values[0], values.drop(columns=0)
        p = (1 + null.ge(observed, axis=0).sum(axis=1)) / values.shape[1]
        found = pd.DataFrame(
            {
                "observed": observed,
                "null_mean": null.mean(axis=1),
                "null_max": null.max(axis=1),
                "p": p,
            }
        )
        tasks = list(dict.fromkeys(self.table["task"]))
        blocks = [found.loc[[task]].sort_values("observed", ascending=False) for task in tasks]
        return pd.concat(blocks)

    def frame(self) -> pd.DataFrame:
        """Importance in every round with shuffled labels.

        Returns
        -------
        DataFrame of shape (n_rounds * n_tasks * n_groups, 4)
            Columns round (from 1), task, group, value.
        """
        return self.table[self.table["round"] > 0].reset_index(drop=True)

    def plot(self, axes: Axes | None = None, task: str | None = None, top: int = 15) -> Axes:
        """Importance of the groups of one task against its distribution for shuffled labels.

        Parameters
        ----------
        axes : matplotlib Axes, optional
        task : str, optional
            By default the first task.
        top : int, default 15
            How many groups to draw.

        Returns
        -------
        matplotlib Axes
        """
        table, null = self.summary(), self.frame()
        tasks = table.index.get_level_values("task")
        chosen = choose_task(task, tasks, tasks[0])
        rows = table[tasks == chosen].droplevel("task").iloc[:top]
        return plot_null_importance(rows, null[null["task"] == chosen], self.view, chosen, axes)


def null_importance(
    evaluation: Evaluation,
    features: FeatureTable,
    by: str | Mapping[str, str] | None = None,
    *,
    n_rounds: int = 10,
    n_permutations: int = 5,
    seed: int = 0,
    n_jobs: int | None = None,
) -> NullImportance:
    """Compare the importance of feature groups with that for shuffled labels.

    Models use many-valued columns and large groups even where there is nothing to learn. Here
    the labels are shuffled within the folds, all tasks of an exam together, and the models are
    fitted again. Their importance on held-out exams is the null distribution.

    Parameters
    ----------
    evaluation : Evaluation
    features : DataFrame of shape (n_exams, n_features)
        Table that `evaluation` was made from.
    by : str or mapping, optional
        See `importance`.
    n_rounds : int, default 10
        Shuffles of the labels. The smallest possible p is ``1 / (n_rounds + 1)``.
    n_permutations : int, default 5
        Permutations of each group, for models without SHAP values.
    seed : int, default 0
        Seed of the shuffles.
    n_jobs : int, optional
        Fits at a time, as in joblib.

    Returns
    -------
    NullImportance
        Mean absolute SHAP value if the models have `shap_values`, else the AUC drop by
        permutation.

    Raises
    ------
    ValueError
        If the models were fitted on other labels than they are scored on.

    References
    ----------
    Altmann et al. 2010, Bioinformatics 26(10):1340-1347.
    """
    table = align_features(features, evaluation.labels)
    chosen_by = choose_grouping(list(table.columns)) if by is None else by
    groups = group_columns(table, chosen_by)
    if evaluation.fit_labels is not None:
        raise ValueError(
            "`evaluation` must be fitted on the labels it is scored on, got one with `fit_labels`, "
            "which can't be shuffled with them. Use `importance`."
        )
    exam_groups = None if evaluation.groups is None else evaluation.groups.to_numpy()
    numbers = {column: k for k, column in enumerate(table.columns)}
    members = [[numbers[column] for column in columns] for columns in groups.values()]
    explained = all(hasattr(model, "shap_values") for model in evaluation.models.values())
    view = "shap" if explained else "permutation"
    jobs = [
        (number, task, repeat, fold, train, test)
        for number in range(n_rounds + 1)
        for task in evaluation.labels.columns
        for repeat, fold, train, test in evaluation.folds.split()
    ]
    shuffled = {
        (number, repeat): _shuffle_within_folds(evaluation, repeat, number, seed)
        for number in range(n_rounds + 1)
        for repeat in range(evaluation.folds.n_repeats)
    }
    calls = (
        delayed(_measure_fold)(
            evaluation.models[task, repeat, fold],
            table,
            shuffled[number, repeat][task].to_numpy(),
            table.index.get_indexer(train),
            table.index.get_indexer(test),
            members,
            view,
            n_permutations,
            derive_seed(seed, "null", number, task, repeat, fold),
            number > 0,
            take_weights(evaluation.sample_weight, task),
            exam_groups,
        )
        for number, task, repeat, fold, train, test in jobs
    )
    found = list(run_jobs(calls, n_jobs))
    tasks = list(evaluation.labels.columns)
    values = np.array(found).reshape(n_rounds + 1, len(tasks), -1, len(groups)).mean(axis=2)
    rounds = pd.MultiIndex.from_product(
        [range(n_rounds + 1), tasks, list(groups)], names=["round", "task", "group"]
    )
    table = pd.DataFrame({"value": values.ravel()}, index=rounds).reset_index()
    return NullImportance(view, table)


def _shuffle_within_folds(
    evaluation: Evaluation, repeat: int, number: int, seed: int
) -> pd.DataFrame:
    """Labels of one repeat, whole exams shuffled within each fold; round 0 is unshuffled."""
    labels = evaluation.labels
    if number == 0:
        return labels
    random = np.random.default_rng(derive_seed(seed, "labels", number, repeat))
    values = labels.to_numpy(copy=True)
    rows = evaluation.folds.frame
    for _, part in rows[rows["repeat"] == repeat].groupby("fold"):
        rows_of_fold = labels.index.get_indexer(pd.Index(part["exam"]))
        values[rows_of_fold] = values[random.permutation(rows_of_fold)]
    return pd.DataFrame(values, index=labels.index, columns=labels.columns)


def _measure_fold(
    model: Any,
    features: pd.DataFrame,
    truth: NDArray[Any],
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    groups: Sequence[Sequence[int]],
    view: str,
    n_permutations: int,
    seed: int,
    refit: bool,
    weights: NDArray[np.float64] | None,
    exam_groups: NDArray[np.int64] | None,
) -> NDArray[np.float64]:
    if refit:
        fresh = copy_classifier(model)
        model, _ = fit_and_score(
            fresh, features, truth, train, test, "shuffled labels", weights, exam_groups
        )
    found = view_fold(
        model, features, truth, train, test, groups, (view,), n_permutations, seed, "null"
    )
    if found.shap_values is not None:
        return np.asarray(np.abs(found.shap_values).mean(axis=0))
    return found.aucs[view]
