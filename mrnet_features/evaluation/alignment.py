"""Match the rows of features, labels, groups, weights and predictions by exam id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from mrnet_features.evaluation.exam_values import align_groups, align_weights
from mrnet_features.ids.checks import check_ids, require_same_exams, require_unique_ids
from mrnet_features.labels import check_labels, check_soft_labels
from mrnet_features.messages import name_some, quote
from mrnet_features.tables import (
    align_tables,
    check_features,
    check_fold_columns,
    name_rows,
    refuse_labels,
)

if TYPE_CHECKING:
    from mrnet_features.tables import ByExam, FeatureTable, LabelTable

__all__ = [
    "AlignedData",
    "align_data",
    "align_features",
    "align_groups",
    "align_predictions",
    "align_weights",
    "check_predictions",
]


class AlignedData(NamedTuple):
    """Checked tables with equal, sorted indexes.

    Attributes
    ----------
    features : DataFrame of shape (n_exams, n_features)
    labels : DataFrame of shape (n_exams, n_tasks), int8
        Labels to score on; float64 with NaN if a label is missing.
    fit_labels : DataFrame of shape (n_exams, n_tasks), float64, or None
        Labels to fit on, 0 to 1 or NaN, if they are others.
    groups : Series of shape (n_exams,), int64, or None
    weights : Series of shape (n_exams,) or DataFrame of shape (n_exams, n_tasks), or None
    order : Index of shape (n_exams,)
        Exam ids in the row order of the `features` that were passed in.
    """

    features: pd.DataFrame
    labels: pd.DataFrame
    fit_labels: pd.DataFrame | None
    groups: pd.Series[Any] | None
    weights: pd.Series[Any] | pd.DataFrame | None
    order: pd.Index[Any]


def align_data(
    features: FeatureTable,
    labels: LabelTable | None,
    groups: ByExam | None = None,
    sample_weight: ByExam | pd.DataFrame | None = None,
    positive: Any = None,
    fit_labels: LabelTable | None = None,
) -> AlignedData:
    """Check features, labels, groups and weights, and match their rows.

    Parameters
    ----------
    features, labels, positive
        See `align_tables`. Labels may be missing.
    groups
        See `align_groups`.
    sample_weight
        See `align_weights`.
    fit_labels
        See `cross_validate`. If given, `labels` may lack exams of `features` or be None.

    Returns
    -------
    AlignedData

    Raises
    ------
    TypeError, ValueError
        As the functions named above.

    Examples
    --------
    >>> data = align_data([[1.0], [2.0]], [0, 1], sample_weight=[1, 3])
    >>> data.features.columns.tolist(), data.labels["label"].tolist(), data.weights.tolist()
    (['x0'], [0, 1], [1.0, 3.0])
    """
    named, given = name_rows(features, fit_labels if labels is None else labels)
    soft = None
    if fit_labels is None:
        table, truth = align_tables(named, given, positive, missing=True)
    else:
        table = check_features(named)
        if labels is None:
            truth = check_soft_labels(given, "fit_labels")
        else:
            truth = check_labels(given, positive, missing=True)
        truth = _add_exams("labels", truth, table.index)
        soft = check_soft_labels(name_rows(named, fit_labels)[1], "fit_labels")
        if set(soft.columns) != set(truth.columns):
            raise ValueError(
                f"`fit_labels` must have the tasks of `labels`, got {name_some(list(soft))} for "
                f"{name_some(list(truth))}. Give every task a column, with NaN where there is no "
                "label to fit on."
            )
        soft = _add_exams("fit_labels", soft[list(truth.columns)], table.index)
        refuse_labels(table, truth)
    # An array has no exam ids: its order is known only if both tables have the same row order.
    order = named.index if list(named.index) == list(given.index) else None
    return AlignedData(
        table,
        truth,
        soft,
        align_groups(groups, truth.index, order),
        align_weights(sample_weight, truth.index, order, list(truth.columns)),
        named.index,
    )


def align_features(features: Any, labels: pd.DataFrame) -> pd.DataFrame:
    """Check features and that they hold the exams of an evaluation, but not its labels.

    Parameters
    ----------
    features : DataFrame or array of shape (n_exams, n_features)
        See `align_tables`.
    labels : DataFrame of shape (n_exams, n_tasks)
        Labels of the evaluation, sorted by exam id.

    Returns
    -------
    DataFrame of shape (n_exams, n_features)
        Sorted by exam id.

    Raises
    ------
    TypeError, ValueError
        As `check_features`, if the exams differ, or if a feature has the name of a task.

    Examples
    --------
    >>> align_features(np.zeros((2, 1)), pd.DataFrame({"acl": [0, 1]})).columns.tolist()
    ['x0']
    """
    if isinstance(features, np.ndarray | list):
        features = name_rows(features, [0] * len(features))[0]
    table = check_features(features)
    require_same_exams("features", table.index, "evaluation", labels.index)
    refuse_labels(table, labels)
    return table


def check_predictions(model: Any, labels: pd.DataFrame, name: str = "`model`") -> pd.DataFrame:
    """Check predictions against labels; the two may cover different exams.

    Parameters
    ----------
    model : Evaluation, HoldOut or DataFrame
        A DataFrame has exam ids as its index or in a column ``exam``, and one column per task.
        Out-of-fold predictions have the columns repeat and fold as well.
    labels : DataFrame of shape (n_exams, n_tasks)
        Checked labels.
    name : str, default "`model`"
        Name of the predictions in messages.

    Returns
    -------
    DataFrame
        Columns exam, repeat, fold and one per task for out-of-fold predictions; otherwise the
        index ``exam`` and one column per task.

    Raises
    ------
    TypeError, ValueError
        If `model` is of another kind, lacks a task, has one of repeat and fold without the other,
        repeats an exam, holds NaN, or was evaluated with other labels.

    Examples
    --------
    >>> labels = pd.DataFrame({"acl": [0, 1]}, index=["a", "b"])
    >>> check_predictions(pd.DataFrame({"exam": ["b"], "acl": [0.7]}), labels)["acl"].to_dict()
    {'b': 0.7}
    """
    rows = model if isinstance(model, pd.DataFrame) else getattr(model, "predictions", None)
    if not isinstance(rows, pd.DataFrame):
        raise TypeError(
            f"{name} must be an Evaluation, a HoldOut or a DataFrame of predictions, got "
            f"{type(model).__name__}. Read files with `read_predictions`."
        )
    tasks = list(labels.columns)
    missing = [task for task in tasks if task not in rows.columns]
    if missing:
        raise ValueError(
            f"{name} must predict every task, but has no {name_some(missing)} "
            f"(columns present: {name_some(list(rows.columns))})."
        )
    folded = bool({"repeat", "fold"} & set(rows.columns))
    if folded:
        if "exam" not in rows.columns:
            rows = rows.rename_axis(index="exam").reset_index()
        rows = check_fold_columns(rows, name)
    else:
        rows = rows.set_index("exam") if "exam" in rows.columns else rows.rename_axis(index="exam")
    exams = rows["exam"] if folded else rows.index.to_series()
    check_ids(name, exams)
    require_unique_ids(name, exams, rows["repeat"] if folded else None)
    values = rows[tasks].to_numpy(dtype=np.float64)
    if not np.isfinite(values).all():
        exam = exams.iloc[int(np.argwhere(~np.isfinite(values))[0][0])]
        raise ValueError(
            f"{name} must hold a finite score for every exam and task, got NaN or infinity for "
            f"exam {quote(exam)}. Score every exam, or drop it from the predictions of all models."
        )
    known = None if model is rows else getattr(model, "labels", None)
    if isinstance(known, pd.DataFrame):
        shared = known.index.intersection(labels.index)
        own = [task for task in tasks if task in known.columns]
        both = known.loc[shared, own], labels.loc[shared, own]
        if not np.array_equal(*both, equal_nan=True):
            raise ValueError(
                f"`labels` must equal the labels that {name} was evaluated with, but differ for "
                "some exams. Use one set of labels."
            )
    return rows[["exam", "repeat", "fold", *tasks]] if folded else rows[tasks]


def align_predictions(
    model: Any, labels: pd.DataFrame, name: str = "`model`", repeats: str = "mean"
) -> pd.DataFrame:
    """Match predictions to labels: one score per exam and task.

    Parameters
    ----------
    model, labels, name
        See `check_predictions`.
    repeats : {"mean", "first"}, default "mean"
        Which scores to return for repeated cross-validation.

    Returns
    -------
    DataFrame of shape (n_exams, n_tasks), float64
        Rows and columns in the order of `labels`.

    Raises
    ------
    TypeError, ValueError
        As `check_predictions`, or if the exams differ.

    Examples
    --------
    >>> labels = pd.DataFrame({"acl": [0, 1]}, index=["a", "b"])
    >>> scores = pd.DataFrame({"acl": [0.7, 0.2]}, index=["b", "a"])
    >>> align_predictions(scores, labels)["acl"].tolist()
    [0.2, 0.7]
    """
    rows = check_predictions(model, labels, name)
    tasks = list(labels.columns)
    if "exam" in rows.columns:
        if repeats == "first":
            rows = rows[rows["repeat"] == rows["repeat"].min()].set_index("exam")
        else:
            rows = rows.groupby("exam")[tasks].mean()
    require_same_exams(name.strip("`"), rows.index, "labels", labels.index)
    return rows.loc[labels.index, tasks].astype(np.float64)


def _add_exams(name: str, labels: pd.DataFrame, exams: pd.Index[Any]) -> pd.DataFrame:
    """Labels of all exams of `features`: NaN for those that the table lacks."""
    unknown = labels.index.difference(exams)
    if len(unknown) == len(labels):  # the ids may be written differently; the message says so
        require_same_exams("features", exams, name, labels.index)
    if len(unknown):
        raise ValueError(
            f"`{name}` must hold exams of `features` alone, got {len(unknown)} others "
            f"({name_some(list(unknown))}). Drop them, or add their features."
        )
    return labels.reindex(exams)
