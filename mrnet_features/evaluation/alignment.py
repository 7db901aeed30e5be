"""Match the rows of features, labels, groups, weights and predictions by exam id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from mrnet_features.exam_ids import check_ids, require_same_exams
from mrnet_features.messages import name_some
from mrnet_features.tables import align_tables, check_features, name_rows, refuse_labels

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
    groups : Series of shape (n_exams,), int64, or None
    weights : Series of shape (n_exams,), float64, or None
    order : Index of shape (n_exams,)
        Exam ids in the row order of the `features` that were passed in.
    """

    features: pd.DataFrame
    labels: pd.DataFrame
    groups: pd.Series[Any] | None
    weights: pd.Series[Any] | None
    order: pd.Index[Any]


def align_data(
    features: FeatureTable,
    labels: LabelTable,
    groups: ByExam | None = None,
    sample_weight: ByExam | None = None,
    positive: Any = None,
) -> AlignedData:
    """Check features, labels, groups and weights, and match their rows.

    Parameters
    ----------
    features, labels, positive
        See `align_tables`.
    groups
        See `align_groups`.
    sample_weight
        See `align_weights`.

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
    named, given = name_rows(features, labels)
    table, truth = align_tables(named, given, positive)
    # An array has no exam ids: its order is known only if both tables have the same row order.
    order = named.index if list(named.index) == list(given.index) else None
    return AlignedData(
        table,
        truth,
        align_groups(groups, truth.index, order),
        align_weights(sample_weight, truth.index, order),
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


def align_groups(
    groups: ByExam | None,
    exams: pd.Index[Any],
    order: pd.Index[Any] | None = None,
) -> pd.Series[Any] | None:
    """Group of every exam, as a number.

    Parameters
    ----------
    groups : Series or mapping of exam id to group, array, or None
        For example the patient of each exam. Further exams are ignored.
    exams : Index of shape (n_exams,)
        Exam ids.
    order : Index of shape (n_exams,), optional
        Exam ids in the order of an array.

    Returns
    -------
    Series of shape (n_exams,), int64, or None
        Group numbers in the order of `exams`; None where `groups` is.

    Raises
    ------
    TypeError
        If `groups` is an array and `order` is not known.
    ValueError
        If an exam has no group or several.

    Examples
    --------
    >>> import pandas as pd
    >>> align_groups({"a": "Ann", "b": "Bob", "c": "Ann"}, pd.Index(["a", "b", "c"])).tolist()
    [0, 1, 0]
    """
    if groups is None:
        return None
    codes, _ = pd.factorize(_align_values("groups", groups, exams, order))
    return pd.Series(codes, index=exams, name="group")


def align_weights(
    weights: ByExam | None,
    exams: pd.Index[Any],
    order: pd.Index[Any] | None = None,
) -> pd.Series[Any] | None:
    """Weight of every exam.

    Parameters
    ----------
    weights : Series or mapping of exam id to weight, array, or None
        At least 0. Further exams are ignored.
    exams : Index of shape (n_exams,)
        Exam ids.
    order : Index of shape (n_exams,), optional
        Exam ids in the order of an array.

    Returns
    -------
    Series of shape (n_exams,), float64, or None
        In the order of `exams`; None where `weights` is.

    Raises
    ------
    TypeError
        If `weights` is an array and `order` is not known.
    ValueError
        If an exam has no weight or several, or a weight is negative or infinite.

    Examples
    --------
    >>> import pandas as pd
    >>> align_weights({"a": 2, "b": 1}, pd.Index(["a", "b"])).tolist()
    [2.0, 1.0]
    """
    if weights is None:
        return None
    found = _align_values("sample_weight", weights, exams, order).astype(np.float64)
    wrong = found[~(np.isfinite(found) & (found >= 0))]
    if len(wrong):
        raise ValueError(
            f"`sample_weight` must be finite and at least 0, got {wrong.iloc[0]} for exam "
            f"{wrong.index[0]!r}."
        )
    return found.rename("sample_weight")


def check_predictions(model: Any, labels: pd.DataFrame, name: str = "`model`") -> pd.DataFrame:
    """Check predictions against labels; the two may cover different exams.

    Parameters
    ----------
    model : Evaluation, HoldOut or DataFrame
        A DataFrame has exam ids as its index or in a column ``exam``, and one column per task.
        Out-of-fold predictions have the columns exam, repeat and fold as well.
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
        If `model` is of another kind, lacks a task, repeats an exam, holds NaN, or was evaluated
        with other labels.

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
            f"{name} must predict every task, but has no {', '.join(missing)} "
            f"(columns present: {', '.join(map(str, rows.columns))})."
        )
    folded = {"exam", "repeat", "fold"} <= set(rows.columns)
    if not folded:
        rows = rows.set_index("exam") if "exam" in rows.columns else rows.rename_axis(index="exam")
    exams = rows["exam"] if folded else rows.index.to_series()
    check_ids(name, exams)
    twice = rows.duplicated(["exam", "repeat"]) if folded else exams.duplicated()
    if twice.any():
        raise ValueError(
            f"{name} must hold each exam once{' per repeat' if folded else ''}, got exam "
            f"{exams[twice].iloc[0]!r} again ({int(twice.sum())} rows too many)."
        )
    values = rows[tasks].to_numpy(dtype=np.float64)
    if not np.isfinite(values).all():
        exam = exams.iloc[int(np.argwhere(~np.isfinite(values))[0][0])]
        raise ValueError(
            f"{name} must hold a finite score for every exam and task, got NaN or infinity for "
            f"exam {exam!r}. Score every exam, or drop it from the predictions of all models."
        )
    known = None if model is rows else getattr(model, "labels", None)
    if isinstance(known, pd.DataFrame):
        shared = known.index.intersection(labels.index)
        own = [task for task in tasks if task in known.columns]
        if not np.array_equal(known.loc[shared, own], labels.loc[shared, own]):
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


def _align_values(
    name: str, values: Any, exams: pd.Index[Any], order: pd.Index[Any] | None
) -> pd.Series[Any]:
    if not hasattr(values, "items"):
        if order is None:
            raise TypeError(
                f"`{name}` must be a Series indexed by exam id or a mapping from exam id, got "
                f"{type(values).__name__}. Use pd.Series(values, index=labels.index)."
            )
        if np.shape(values) != (len(order),):
            raise ValueError(
                f"`{name}` must have shape ({len(order)},), one value per exam, got "
                f"{np.shape(values)}."
            )
        values = pd.Series(np.asarray(values), index=order)
    series = values if isinstance(values, pd.Series) else pd.Series(dict(values))
    if series.index.has_duplicates:
        raise ValueError(
            f"`{name}` must hold each exam once, got exam "
            f"{series.index[series.index.duplicated()][0]!r} twice."
        )
    found = series.reindex(exams)
    if found.isna().any():
        raise ValueError(
            f"`{name}` must have a value for every exam, got none for "
            f"{name_some(list(exams[found.isna().to_numpy()]))}."
        )
    return found
