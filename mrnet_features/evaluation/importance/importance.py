"""Importance of feature groups on held-out exams: SHAP, permutation, drop-group, single group."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
from joblib import delayed

from mrnet_features.evaluation.alignment import align_features
from mrnet_features.evaluation.exam_values import take_weights
from mrnet_features.evaluation.importance.feature_groups import (
    choose_grouping,
    group_columns,
    name_grouping,
)
from mrnet_features.evaluation.importance.fold_agreement import measure_fold_agreement
from mrnet_features.evaluation.importance.join_folds import count_sizes, join_folds, list_folds
from mrnet_features.evaluation.importance.per_fold import VIEWS, choose_views, view_fold
from mrnet_features.evaluation.importance_plots import (
    arrange_groups,
    plot_importance,
    plot_importance_map,
)
from mrnet_features.evaluation.metrics.auc import logit_interval, t_quantile
from mrnet_features.evaluation.protocol.stratify import derive_seed
from mrnet_features.evaluation.results import Result, choose_task
from mrnet_features.jobs import run_jobs, show_progress
from mrnet_features.messages import list_names, quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from mrnet_features.evaluation.protocol.cross_validation import Evaluation
    from mrnet_features.tables import FeatureTable

__all__ = ["Importance", "importance", "measure_groupings"]

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
    sizes : DataFrame of shape (n_tasks + 1, 3), int64
        Index task. Columns n_positive, n_negative and n_units: exams with a label, or groups of
        exams if there are any. Of the mean the smallest of each.
    note : str
        Why the columns were grouped by cluster, if that was not asked for.
    """

    by: str
    groups: Mapping[str, list[str]]
    table: pd.DataFrame
    by_fold: pd.DataFrame
    sizes: pd.DataFrame
    note: str = ""

    def __repr__(self) -> str:
        tasks = list(self.table["task"].unique())
        names = list_names(task for task in tasks if task != "mean")
        return f"Importance(by {self.by}, {len(self.groups)} groups, tasks {names})"

    def _list_notes(self) -> list[str]:
        return [f"Columns were {self.note}."] if self.note else []

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
            - single_group: AUC of a model fitted on this group alone; its interval is on the
              logit scale.

        Raises
        ------
        ValueError
            If `task` is not a task.

        Notes
        -----
        Intervals use the t distribution. Its degrees of freedom are the exams of the smaller class
        minus 1, for SHAP values all exams minus 1, or the groups minus 1 if those are fewer.
        """
        chosen = choose_task(task, self.table["task"], self.headline)
        rows = self.table[self.table["task"] == chosen].drop(columns="task").set_index("group")
        n_positive, n_negative, n_units = map(int, self.sizes.loc[chosen])
        columns: dict[str, Any] = {"n_columns": rows["n_columns"]}
        for view in VIEWS:
            if view not in rows.columns:
                continue
            value, se = rows[view], rows[f"{view}_se"]
            columns[view] = value
            fewest = n_units if view == "shap" else min(n_positive, n_negative, n_units)
            degrees = max(fewest - 1, 1)
            half = t_quantile(0.5 + confidence / 2, degrees) * se
            columns[f"{view}_low"], columns[f"{view}_high"] = value - half, value + half
            if view == "single_group":
                ends = [
                    logit_interval(auc, error, n_positive, n_negative, confidence, degrees)
                    for auc, error in zip(value, se, strict=True)
                ]
                for k, end in enumerate(("low", "high")):
                    columns[f"{view}_{end}"] = [pair[k] for pair in ends]
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
        table, title = self.summary(task), self.headline if task is None else task
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
    measured = measure_groupings(
        evaluation,
        features,
        [by],
        views=views,
        n_permutations=n_permutations,
        seed=seed,
        n_jobs=n_jobs,
    )
    return measured[0]


def measure_groupings(
    evaluation: Evaluation,
    features: FeatureTable,
    groupings: Sequence[str | tuple[str, ...] | Mapping[str, str] | None],
    *,
    views: Sequence[str] | None = None,
    n_permutations: int = 5,
    seed: int = 0,
    n_jobs: int | None = None,
) -> list[Importance]:
    """Importance of the feature groups of several groupings, from the same SHAP values.

    Parameters
    ----------
    evaluation, features, views, n_permutations, seed, n_jobs
        See `importance`.
    groupings : sequence
        Values of `by` of `importance`, such as ``["family", "plane"]``.

    Returns
    -------
    list of Importance
        Each equal to that of `importance`. SHAP values are computed once for all.

    Raises
    ------
    ValueError
        As `importance`.
    """
    table = align_features(features, evaluation.labels)
    named = [choose_grouping(list(table.columns)) if by is None else by for by in groupings]
    grouped = [group_columns(table, by) for by in named]
    fewest = min(len(groups) for groups in grouped)
    chosen = choose_views(views, evaluation.models.values(), fewest)
    fitted_to = evaluation.fit_labels
    exam_groups = None if evaluation.groups is None else evaluation.groups.to_numpy()
    numbers = {column: k for k, column in enumerate(table.columns)}
    members = [
        [numbers[column] for column in columns] for groups in grouped for columns in groups.values()
    ]
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
    measured = []
    start = 0
    for by, used, groups in zip(groupings, named, grouped, strict=True):
        part = [view.take(start, start + len(groups)) for view in found]
        start += len(groups)
        measured.append(
            Importance(
                by=name_grouping(used),
                groups=groups,
                table=join_folds(evaluation, groups, jobs, part, chosen),
                by_fold=list_folds(list(groups), jobs, part, chosen),
                sizes=count_sizes(evaluation),
                note=NO_RECIPES if by is None and used == "cluster" else "",
            )
        )
    return measured
