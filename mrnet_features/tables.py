"""Feature tables and labels: checked, and matched by exam id; arrays become tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from mrnet_features.exam_ids import check_ids, require_same_exams
from mrnet_features.messages import name_some

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    FeatureTable: TypeAlias = pd.DataFrame | NDArray[Any] | Sequence[Sequence[float]]
    LabelTable: TypeAlias = pd.DataFrame | pd.Series[Any] | NDArray[Any] | Sequence[Any]
    ByExam: TypeAlias = pd.Series[Any] | Mapping[Any, Any] | NDArray[Any] | Sequence[Any]

__all__ = [
    "align_tables",
    "check_features",
    "check_labels",
    "choose_labels",
    "name_rows",
    "refuse_labels",
]

RESERVED = ("exam", "repeat", "fold", "mean", "n_exams")


def align_tables(
    features: FeatureTable, labels: LabelTable, positive: Any = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Check features and labels and match their rows by exam id.

    Parameters
    ----------
    features : DataFrame or array of shape (n_exams, n_features)
        See `check_features`. An array needs labels that are an array too: the exam ids are then
        the row numbers, and the columns are named x0, x1, ...
    labels : DataFrame, Series or array
        See `check_labels`. The rows of an array are matched by position.
    positive : value or mapping, optional
        See `check_labels`.

    Returns
    -------
    features, labels : DataFrame
        Checked copies with equal, sorted indexes.

    Raises
    ------
    TypeError, ValueError
        As the two checks do; if the two tables hold different exams; or if a feature has the
        name of a task.

    Examples
    --------
    >>> import pandas as pd
    >>> features = pd.DataFrame({"size": [3.0, 4.0]}, index=["b", "a"])
    >>> labels = pd.DataFrame({"acl": [0, 1]}, index=["a", "b"])
    >>> [table.index.tolist() for table in align_tables(features, labels)]
    [['a', 'b'], ['a', 'b']]
    """
    named, given = name_rows(features, labels)
    table, truth = check_features(named), check_labels(given, positive)
    require_same_exams("features", table.index, "labels", truth.index)
    refuse_labels(table, truth)
    return table, truth


def refuse_labels(features: pd.DataFrame, labels: pd.DataFrame) -> None:
    """Raise if a label is among the features.

    Parameters
    ----------
    features : DataFrame of shape (n_exams, n_features)
    labels : DataFrame of shape (n_exams, n_tasks)

    Raises
    ------
    ValueError
        If a feature has the name of a task.

    Examples
    --------
    >>> refuse_labels(pd.DataFrame({"size": [3.0]}), pd.DataFrame({"acl": [1]}))
    """
    leaked = sorted(set(features.columns) & set(labels.columns))
    if leaked:
        raise ValueError(
            f"`features` must not contain the labels, got columns {name_some(leaked)}, which "
            "are tasks. Drop them, or rename them if they are something else."
        )


def check_labels(labels: pd.DataFrame | pd.Series[Any], positive: Any = None) -> pd.DataFrame:
    """Check labels and sort them by exam id.

    Parameters
    ----------
    labels : DataFrame of shape (n_exams, n_tasks) or Series of shape (n_exams,)
        Index: exam ids, text or integers. One column per task with 0 or 1. The name of a Series
        is the task, "label" if it has none.
    positive : value or mapping of task to value, optional
        Value of a positive exam where the labels are not 0 and 1, such as "torn" or 1 in labels
        of -1 and 1. The other value is negative.

    Returns
    -------
    DataFrame of shape (n_exams, n_tasks), int8
        A sorted copy with 0 and 1; its index is named ``exam``.

    Raises
    ------
    TypeError
        If `labels` is neither a DataFrame nor a Series, or the ids are neither text nor integers.
    ValueError
        If ids repeat, a task name is reserved or repeated, or a value is not 0 or 1.

    Examples
    --------
    >>> import pandas as pd
    >>> check_labels(pd.DataFrame({"acl": [0, 1]}, index=["0002", "0001"]))
          acl
    exam
    0001    1
    0002    0
    >>> check_labels(pd.Series(["torn", "intact"], name="acl"), positive="torn")["acl"].tolist()
    [1, 0]
    """
    if isinstance(labels, pd.Series):
        labels = labels.to_frame("label" if labels.name is None else labels.name)
    _check_frame("labels", labels)
    if not len(labels.columns):
        raise ValueError("`labels` must have one column per task, got none.")
    taken = sorted(set(labels.columns) & set(RESERVED))
    if taken:
        raise ValueError(
            f"`labels` must not name a task {', '.join(map(repr, taken))}: results use those "
            "column names. Rename the task."
        )
    truth = labels if positive is None else _code_positive(labels, positive)
    for task in truth.columns:
        wrong = truth[task][~truth[task].isin([0, 1])]
        if len(wrong):
            raise ValueError(
                f"`labels` must be 0 or 1, got {name_some([wrong.iloc[0]])} for exam "
                f"{name_some([wrong.index[0]])}, "
                f"task {task!r} ({len(wrong)} such exams). Correct or drop those exams, or pass "
                "`positive`, the value of a positive exam."
            )
    return truth.astype(np.int8).sort_index().rename_axis(index="exam")


def choose_labels(labels: Any, positive: Any, *models: Any) -> pd.DataFrame:
    """Check the labels passed in, or take those of the first evaluation.

    Parameters
    ----------
    labels, positive
        See `check_labels`. None for the labels of the first of `models` that has any. An array
        fits results that were made from arrays.
    *models : Evaluation, HoldOut or DataFrame

    Returns
    -------
    DataFrame of shape (n_exams, n_tasks), int8

    Raises
    ------
    TypeError
        If there are no labels.

    Examples
    --------
    >>> choose_labels(pd.Series([1, 0], ["b", "a"], name="acl"), None)["acl"].tolist()
    [0, 1]
    """
    known = [getattr(model, "labels", None) for model in models]
    stored = next((found for found in known if isinstance(found, pd.DataFrame)), None)
    # Rows of an array are matched by position only where the ids are row numbers. Other ids were
    # sorted, so their order need not be the order of the array.
    if stored is not None and isinstance(labels, np.ndarray | list):
        numbered = stored.index.equals(pd.RangeIndex(len(stored)))
        labels = name_rows(stored, labels)[1] if numbered else labels
    if labels is None:
        labels = stored
        if labels is None:
            raise TypeError(
                "`labels` must be given for predictions without labels, such as a DataFrame."
            )
    return check_labels(labels, positive)


def check_features(features: pd.DataFrame) -> pd.DataFrame:
    """Check a feature table, sort it by exam id and convert it to floats.

    Parameters
    ----------
    features : DataFrame of shape (n_exams, n_features)
        Index: exam ids, text or integers. Numeric columns; NaN is left to the model.

    Returns
    -------
    DataFrame of shape (n_exams, n_features), float32 or float64
        A sorted copy with the columns in their order; float32 if all columns are.

    Raises
    ------
    TypeError
        If `features` is not a DataFrame, the ids are neither text nor integers, a column name is
        not text, or a column is not numeric.
    ValueError
        If ids or names repeat, there are no columns, or a value is infinite.

    Examples
    --------
    >>> import pandas as pd
    >>> check_features(pd.DataFrame({"size": [3, 4]}, index=["0002", "0001"]))
          size
    exam
    0001   4.0
    0002   3.0
    """
    _check_frame("features", features)
    if not len(features.columns):
        raise ValueError("`features` must have at least one column, got none.")
    odd = [n for n, kind in features.dtypes.items() if not pd.api.types.is_numeric_dtype(kind)]
    if odd:
        raise TypeError(
            f"`features` must be numeric, got {features[odd[0]].dtype} in {name_some(odd)}. "
            "Encode or drop it."
        )
    single = all(kind == np.float32 for kind in features.dtypes)
    values = features.to_numpy(dtype=np.float32 if single else np.float64, na_value=np.nan)
    infinite = np.isinf(values).any(axis=0)
    if infinite.any():
        raise ValueError(
            f"`features` must be finite or NaN, got infinity in "
            f"{name_some(list(features.columns[infinite]))}. Correct it or replace it by NaN."
        )
    table = pd.DataFrame(values, index=features.index, columns=features.columns)
    return table.sort_index().rename_axis(index="exam")


def name_rows(features: Any, labels: Any) -> tuple[Any, Any]:
    """Turn arrays into tables: exam ids are those of the other table, or row numbers.

    Parameters
    ----------
    features, labels
        See `align_tables`. Anything but an array is returned as it is.

    Returns
    -------
    features, labels

    Raises
    ------
    TypeError
        If the features are an array and the labels are not.
    ValueError
        If an array has the wrong shape.

    Examples
    --------
    >>> features, labels = name_rows(np.zeros((2, 3)), [0, 1])
    >>> features.columns.tolist(), labels.index.tolist()
    (['x0', 'x1', 'x2'], [0, 1])
    """
    arrays = (np.ndarray, list, tuple)
    if isinstance(features, arrays):
        if not isinstance(labels, arrays):
            raise TypeError(
                "`features` must be a pandas DataFrame indexed by exam id, like `labels`, got "
                f"{type(features).__name__}. Use pd.DataFrame(features, index=labels.index), or "
                "pass both as arrays."
            )
        values = np.asarray(features)
        if values.ndim != 2:
            raise ValueError(
                f"`features` must have shape (n_exams, n_features), got {values.shape}."
            )
        features = pd.DataFrame(values, columns=[f"x{k}" for k in range(values.shape[1])])
    if isinstance(labels, arrays) and isinstance(features, pd.DataFrame):
        values = np.asarray(labels)
        if values.ndim not in (1, 2) or len(values) != len(features):
            raise ValueError(
                f"`labels` must have shape (n_exams,) or (n_exams, n_tasks) with the "
                f"{len(features)} exams of `features`, got {values.shape}."
            )
        names = ["label"] if values.ndim == 1 else [f"task_{k}" for k in range(values.shape[1])]
        labels = pd.DataFrame(values.reshape(len(values), -1), features.index, names)
    return features, labels


def _code_positive(labels: pd.DataFrame, positive: Any) -> pd.DataFrame:
    chosen = positive if isinstance(positive, Mapping) else dict.fromkeys(labels.columns, positive)
    coded = {}
    for task in labels.columns:
        if task not in chosen:
            raise ValueError(
                f"`positive` must give the positive value of every task, got none for {task!r}."
            )
        column = labels[task]
        if column.isna().any():
            raise ValueError(
                f"`labels` must not have missing values, got NaN for exam "
                f"{name_some([column.index[column.isna()][0]])}, task {task!r}. Drop those exams."
            )
        values = list(pd.unique(column))
        if len(values) > 2 or chosen[task] not in values:
            raise ValueError(
                f"`labels` of task {task!r} must hold two values, one of them the `positive` value "
                f"{chosen[task]!r}, got {name_some(values)}."
            )
        coded[task] = (column == chosen[task]).astype(np.int8)
    return pd.DataFrame(coded, index=labels.index)


def _check_frame(name: str, frame: Any) -> None:
    if not isinstance(frame, pd.DataFrame):
        kinds = "DataFrame or Series" if name == "labels" else "DataFrame"
        raise TypeError(
            f"`{name}` must be a pandas {kinds} indexed by exam id, got {type(frame).__name__}."
        )
    check_ids(f"`{name}`", frame.index)
    if frame.index.has_duplicates:
        twice = list(frame.index[frame.index.duplicated()].unique())
        raise ValueError(
            f"`{name}` must hold each exam once, got {name_some(twice)} more than once."
        )
    odd = next((column for column in frame.columns if not isinstance(column, str)), None)
    if odd is not None:
        raise TypeError(
            f"`{name}` must have column names as text, got {odd!r} ({type(odd).__name__}). Use "
            "`.add_prefix` to turn numbers into names."
        )
    if frame.columns.has_duplicates:
        twice = list(frame.columns[frame.columns.duplicated()].unique())
        raise ValueError(
            f"`{name}` must have each column once, got {name_some(twice)} more than once."
        )
