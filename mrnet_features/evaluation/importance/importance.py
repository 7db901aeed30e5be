"""Importance of feature groups on held-out exams: SHAP, permutation, drop-group, single group."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from joblib import delayed
from scipy.special import ndtri

from mrnet_features.evaluation.alignment import align_features
from mrnet_features.evaluation.exam_values import take_weights
from mrnet_features.evaluation.importance.feature_groups import (
    choose_grouping,
    group_columns,
    name_grouping,
)
from mrnet_features.evaluation.importance.fold_agreement import measure_fold_agreement
from mrnet_features.evaluation.importance.per_fold import VIEWS, FoldView, choose_views, view_fold
from mrnet_features.evaluation.importance_plots import (
    arrange_groups,
    plot_importance,
    plot_importance_map,
)
from mrnet_features.evaluation.metrics.auc import standard_error
from mrnet_features.evaluation.metrics.few_exams import warn_of_few
from mrnet_features.evaluation.metrics.scored_sets import count_groups
from mrnet_features.evaluation.protocol.stratify import derive_seed
from mrnet_features.evaluation.results import Result
from mrnet_features.jobs import run_jobs, show_progress
from mrnet_features.messages import name_some, quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from mrnet_features.evaluation.protocol.cross_validation import Evaluation
    from mrnet_features.tables import FeatureTable

__all__ = ["Importance", "importance"]

NO_RECIPES = (
    "grouped by cluster, since column names are not series__region__family__statistic__pool"
)


@dataclass(frozen=True, eq=False, repr=False)
class Importance(Result):
    """Importance of each feature group in one or several views.

    Attributes
    ----------
    by : str
        How the columns were grouped.
    groups : dict of str to list of str
        Columns of each group.
    table : DataFrame
        Columns task, group, n_columns, and each view with its standard error; NaN where the groups
        of the exams allow none.
    by_fold : DataFrame
        Columns task, repeat, fold, group, value: mean absolute SHAP value in the fold, or the
        first other view if there are no SHAP values.
    note : str
        Why the columns were grouped by cluster, if that was not asked for.
    """

    by: str
    groups: Mapping[str, list[str]]
    table: pd.DataFrame
    by_fold: pd.DataFrame
    note: str = ""

    def __repr__(self) -> str:
        tasks = list(self.table["task"].unique())
        names = ", ".join(task for task in tasks if task != "mean")
        note = f"; {self.note}" if self.note else ""
        return f"Importance(by {self.by}, {len(self.groups)} groups, tasks {names}{note})"

    @property
    def headline(self) -> str:
        """Label of the main result: "mean", or the task if there is only one."""
        return str(self.table["task"].iloc[-1])

    def summary(self, task: str | None = None, confidence: float = 0.95) -> pd.DataFrame:
        """Importance of each group for one task, the most important group first.

        Parameters
        ----------
        task : str, optional
            A task, or "mean". By default the mean, or the only task.
        confidence : float, default 0.95
            Coverage of the intervals, which are not adjusted for multiple tests.

        Returns
        -------
        DataFrame of shape (n_groups, ...)
            Index group, sorted by the first view. Columns n_columns and, for each view, its value
            with ``_low`` and ``_high``:

            - shap: mean absolute SHAP value in log-odds on held-out exams, summed over the
              columns of the group first; share: fraction of the sum over all groups; direction:
              -1 to 1, see `sum_shap_values`;
            - permutation: drop of the AUC when the columns of the group are permuted together;
            - drop_group: drop of the AUC when the model is fitted without the group;
            - single_group: AUC of a model fitted on this group alone.

        Raises
        ------
        ValueError
            If `task` is not a task.
        """
        task = self.headline if task is None else task
        if task not in set(self.table["task"]):
            raise ValueError(
                f"`task` must be one of {name_some(list(self.table['task'].unique()))}, got "
                f"{quote(task)}."
            )
        rows = self.table[self.table["task"] == task].drop(columns="task").set_index("group")
        z = float(ndtri(0.5 + confidence / 2))
        columns: dict[str, Any] = {"n_columns": rows["n_columns"]}
        for view in VIEWS:
            if view not in rows.columns:
                continue
            value, se = rows[view], rows[f"{view}_se"]
            columns[view] = value
            columns[f"{view}_low"], columns[f"{view}_high"] = value - z * se, value + z * se
            if view == "shap":
                columns["share"] = value / value.sum()
                columns["direction"] = rows["direction"]
        first = next(view for view in VIEWS if view in rows.columns)
        return pd.DataFrame(columns).sort_values(first, ascending=False, kind="stable")

    def frame(self) -> pd.DataFrame:
        """Importance and standard error in every view, for each task and group.

        Returns
        -------
        DataFrame of shape ((n_tasks + 1) * n_groups, ...)
        """
        return self.table.copy()

    def plot(
        self, axes: Axes | None = None, task: str | None = None, top: int = 15, kind: str = "bars"
    ) -> Axes:
        """First view as bars with intervals, or as a heat map of two parts of the names.

        Parameters
        ----------
        axes : matplotlib Axes, optional
        task : str, optional
            By default the mean of the tasks.
        top : int, default 15
            How many groups to draw as bars, or rows and columns of a heat map.
        kind : {"bars", "heatmap"}, default "bars"
            A heat map has the first part in the rows and the second in the columns, each sorted
            by its largest value. It needs groups of two parts: ``by=("family", "structure")``.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        ValueError
            If `kind` is unknown, or the groups are not of two parts.
        """
        table, title = self.summary(task), task or self.headline
        if kind == "bars":
            return plot_importance(table.iloc[:top], title, axes)
        if kind != "heatmap":
            raise ValueError(f"`kind` must be 'bars' or 'heatmap', got {quote(kind)}.")
        view = str(table.columns[1])
        values = arrange_groups(table[view], self.by).iloc[:top, :top]
        return plot_importance_map(values, view, title, axes)

    def fold_agreement(self, top: int = 10) -> pd.DataFrame:
        """Agreement of the folds on the order of the groups.

        Parameters
        ----------
        top : int, default 10
            How many groups count as selected in a fold; at most half of them.

        Returns
        -------
        DataFrame of shape (n_tasks, 3)
            Index task; see `measure_fold_agreement`.
        """
        return measure_fold_agreement(self.by_fold, top)[0]

    def selection(self, top: int = 10) -> pd.DataFrame:
        """Fraction of the folds in which each group is among the `top` most important groups.

        Parameters
        ----------
        top : int, default 10
            How many groups count as selected in a fold; at most half of them.

        Returns
        -------
        DataFrame of shape (n_groups, n_tasks), float64
        """
        return measure_fold_agreement(self.by_fold, top)[1]


def importance(
    evaluation: Evaluation,
    features: FeatureTable,
    by: str | tuple[str, ...] | Mapping[str, str] | None = None,
    *,
    views: Sequence[str] | None = None,
    n_permutations: int = 5,
    seed: int = 0,
    n_jobs: int | None = None,
) -> Importance:
    """Importance of feature groups, on the exams that each model was not fitted on.

    Correlated columns share their importance, so that each alone looks unimportant; therefore
    columns are measured in groups. The views answer different questions: ``permutation``, what
    the fitted models use; ``drop_group``, what the other groups can't replace; ``single_group``,
    what a group reaches without the others.

    Parameters
    ----------
    evaluation : Evaluation
        Fitted models and folds.
    features : DataFrame of shape (n_exams, n_features)
        The table that `evaluation` was made from.
    by : str, tuple of str or mapping, optional
        How to group the columns: "family", "statistic", "region", "structure", "series", "plane",
        "pool", "cluster", "column" or parts such as ("family", "structure"); see `group_columns`.
        By default "family", or "cluster" if the column names are not of the form
        ``series__region__family__statistic__pool``.
    views : sequence of {"shap", "permutation", "drop_group", "single_group"}, optional
        By default the first two if the models have `shap_values` (LightGBM), else
        "permutation". The last two fit one model per group, task and fold.
    n_permutations : int, default 5
        Permutations of each group in each fold.
    seed : int, default 0
        Seed of the permutations.
    n_jobs : int, optional
        Folds at a time, as in joblib.

    Returns
    -------
    Importance
        One row per task and group, and for the mean if there are several tasks.

    Raises
    ------
    ValueError
        If the exams differ, a view is unknown or the models have no SHAP values, or
        "drop_group" is asked for a single group.

    References
    ----------
    Lundberg et al. 2020, Nature Machine Intelligence 2:56-67, for SHAP values; Breiman 2001,
    Machine Learning 45:5-32, for permutation; Au et al. 2022, Data Mining and Knowledge
    Discovery 36:1401-1450, for groups.

    Examples
    --------
    A column that equals the label up to scale, and a constant column:

    >>> from mrnet_features.evaluation import cross_validate
    >>> from mrnet_features.models import logistic_baseline
    >>> exams = [f"{i:04d}" for i in range(20)]
    >>> labels = pd.DataFrame({"acl": [0, 1] * 10}, index=exams)
    >>> table = pd.DataFrame({"size": [1.0, 3.0] * 10, "idle": 1.0}, index=exams)
    >>> evaluation = cross_validate(logistic_baseline(), table, labels, n_splits=2)
    >>> importance(evaluation, table, by="column").summary()["permutation"].round(6).idxmax()
    'size'
    """
    table = align_features(features, evaluation.labels)
    chosen_by = choose_grouping(list(table.columns)) if by is None else by
    groups = group_columns(table, chosen_by)
    chosen = choose_views(views, evaluation.models.values(), len(groups))
    fitted_to = evaluation.fit_labels
    exam_groups = None if evaluation.groups is None else evaluation.groups.to_numpy()
    numbers = {column: k for k, column in enumerate(table.columns)}
    members = [[numbers[column] for column in columns] for columns in groups.values()]
    jobs = [
        (task, repeat, fold, table.index.get_indexer(train), table.index.get_indexer(test))
        for task in evaluation.labels.columns
        for repeat, fold, train, test in evaluation.folds.split()
    ]
    calls = (
        delayed(view_fold)(
            evaluation.models[task, repeat, fold],
            table,
            evaluation.labels[task].to_numpy(),
            train,
            test,
            members,
            chosen,
            n_permutations,
            derive_seed(seed, "permute", task, repeat, fold),
            f"task {quote(task)}, repeat {repeat}, fold {fold}",
            take_weights(evaluation.sample_weight, task),
            exam_groups,
            None if fitted_to is None else fitted_to[task].to_numpy(),
        )
        for task, repeat, fold, train, test in jobs
    )
    found = []
    with (
        contextlib.closing(run_jobs(calls, n_jobs)) as results,
        show_progress(len(jobs), "importance", "fold", None) as bar,
    ):
        for view_of_fold in results:
            found.append(view_of_fold)
            bar.update()
    return Importance(
        by=name_grouping(chosen_by),
        groups=groups,
        table=_gather(evaluation, groups, jobs, found, chosen),
        by_fold=_list_folds(list(groups), jobs, found, chosen),
        note=NO_RECIPES if by is None and chosen_by == "cluster" else "",
    )


def _gather(
    evaluation: Evaluation,
    groups: Mapping[str, list[str]],
    jobs: Sequence[tuple[Any, ...]],
    found: Sequence[FoldView],
    views: Sequence[str],
) -> pd.DataFrame:
    """Table of all tasks and groups: sums over the folds, and the mean of the tasks."""
    tasks = list(evaluation.labels.columns)
    n_folds, n_repeats = evaluation.folds.n_splits, evaluation.folds.n_repeats
    shape = (len(tasks), len(evaluation.labels), len(groups))
    # Error of each exam: distance from the mean for SHAP values, influence for AUCs.
    errors = {view: np.zeros(shape) for view in views}
    values = {view: np.zeros((shape[0], shape[2])) for view in views}
    directions = np.full((len(jobs), len(groups)), np.nan)
    for job, ((task, _, _, _, test), view_of_fold) in enumerate(zip(jobs, found, strict=True)):
        row = tasks.index(task)
        if view_of_fold.shap_values is not None and view_of_fold.directions is not None:
            errors["shap"][row, test] += np.abs(view_of_fold.shap_values) / n_repeats
            directions[job] = view_of_fold.directions
        for view, aucs in view_of_fold.aucs.items():
            values[view][row] += aucs / (n_folds * n_repeats)
            errors[view][row, test] += view_of_fold.influence[view] / (n_folds * n_repeats)
    if "shap" in views:
        values["shap"] = errors["shap"].mean(axis=1)
        errors["shap"] -= values["shap"][:, None, :]
        errors["shap"] /= shape[1]
    warn_of_few(evaluation.labels, evaluation.groups)
    single = [row for row, task in enumerate(tasks) if _tests_one_group(evaluation, task)]
    for view in set(views) - {"shap"}:
        errors[view][single] = np.nan
    blocks = []
    owner = np.array([tasks.index(job[0]) for job in jobs])
    for name, rows in [
        *((task, [k]) for k, task in enumerate(tasks)),
        *([("mean", [*range(len(tasks))])] if len(tasks) > 1 else []),
    ]:
        block = pd.DataFrame({"task": name, "group": list(groups)})
        block["n_columns"] = [len(columns) for columns in groups.values()]
        for view in views:
            block[view] = values[view][rows].mean(axis=0)
            shared = errors[view][rows].mean(axis=0)
            block[f"{view}_se"] = [
                standard_error(shared[:, k], evaluation.groups) for k in range(len(groups))
            ]
        if "shap" in views:
            block["direction"] = _mean_known(directions[np.isin(owner, rows)])
        blocks.append(block)
    return pd.concat(blocks, ignore_index=True)


def _tests_one_group(evaluation: Evaluation, task: str) -> bool:
    """Whether the labelled exams of a fold are of a single group."""
    if evaluation.groups is None:
        return False
    known = evaluation.groups[evaluation.labels[task].notna()]
    return bool((count_groups(evaluation.predictions, known) < 2).any())


def _mean_known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).sum(axis=0)
    return np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)


def _list_folds(
    names: list[str],
    jobs: Sequence[tuple[Any, ...]],
    found: Sequence[FoldView],
    views: Sequence[str],
) -> pd.DataFrame:
    rows = []
    for (task, repeat, fold, _, _), view_of_fold in zip(jobs, found, strict=True):
        if view_of_fold.shap_values is not None:
            values = np.abs(view_of_fold.shap_values).mean(axis=0)
        else:
            values = view_of_fold.aucs[views[0]]
        rows.append(
            pd.DataFrame(
                {"task": task, "repeat": repeat, "fold": fold, "group": names, "value": values}
            )
        )
    return pd.concat(rows, ignore_index=True)
