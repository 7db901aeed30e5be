"""Importance over all folds from that in each fold, with standard errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mrnet_features.evaluation.metrics.auc import standard_error
from mrnet_features.evaluation.metrics.few_exams import warn_of_few
from mrnet_features.evaluation.metrics.scored_sets import count_groups

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mrnet_features.evaluation.importance.per_fold import FoldView
    from mrnet_features.evaluation.protocol.cross_validation import Evaluation

__all__ = ["count_sizes", "join_folds", "list_folds"]


def join_folds(
    evaluation: Evaluation,
    groups: Mapping[str, list[str]],
    jobs: Sequence[tuple[Any, ...]],
    found: Sequence[FoldView],
    views: Sequence[str],
) -> pd.DataFrame:
    """Importance of each group over all folds, for every task and the mean of the tasks.

    Parameters
    ----------
    evaluation : Evaluation
    groups : mapping of str to list of str
        Columns of each group.
    jobs : sequence of (task, repeat, fold, train, test)
        Train and test are row numbers.
    found : sequence of FoldView
        One per job.
    views : sequence of str

    Returns
    -------
    DataFrame
        See `Importance.table`.
    """
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
            values[view][row] += aucs
            errors[view][row, test] += view_of_fold.influence[view] / (n_folds * n_repeats)
    if "shap" in views:
        values["shap"] = errors["shap"].mean(axis=1)
        errors["shap"] -= values["shap"][:, None, :]
        errors["shap"] /= shape[1]
    for view in set(views) - {"shap"}:
        values[view] /= n_folds * n_repeats  # after the sum: the mean of perfect AUCs is 1
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


def count_sizes(evaluation: Evaluation) -> pd.DataFrame:
    """Exams and groups behind the intervals of each task.

    Parameters
    ----------
    evaluation : Evaluation

    Returns
    -------
    DataFrame of shape (n_tasks + 1, 3), int64
        See `Importance.sizes`.
    """
    rows = {}
    for task, column in evaluation.labels.items():
        known = column.notna()
        groups = evaluation.groups
        n_units = int(known.sum()) if groups is None else int(groups[known].nunique())
        rows[task] = [int((column == 1).sum()), int((column == 0).sum()), n_units]
    sizes = pd.DataFrame.from_dict(rows, orient="index")
    sizes.columns = ["n_positive", "n_negative", "n_units"]
    sizes = sizes.rename_axis(index="task")
    if len(sizes) > 1:
        sizes.loc["mean"] = sizes.min()
    return sizes


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


def list_folds(
    names: list[str],
    jobs: Sequence[tuple[Any, ...]],
    found: Sequence[FoldView],
    views: Sequence[str],
) -> pd.DataFrame:
    """Importance of each group in every fold.

    Parameters
    ----------
    names : list of str
        Groups.
    jobs, found, views
        See `join_folds`.

    Returns
    -------
    DataFrame
        See `Importance.by_fold`.
    """
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
