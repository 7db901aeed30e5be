"""Feature tables and labels: checked, and matched by exam id; arrays become tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from mrnet_features.ids.checks import require_same_exams
from mrnet_features.labels import check_frame, check_labels
from mrnet_features.messages import name_some, quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    FeatureTable: TypeAlias = pd.DataFrame | NDArray[Any] | Sequence[Sequence[float]]
    LabelTable: TypeAlias = pd.DataFrame | pd.Series[Any] | NDArray[Any] | Sequence[Any]
    ByExam: TypeAlias = pd.Series[Any] | Mapping[Any, Any] | NDArray[Any] | Sequence[Any]

__all__ = [
    "align_tables",
    "check_features",
    "check_fold_columns",
    "check_labels",
    "check_whole_numbers",
    "choose_labels",
    "name_rows",
    "refuse_labels",
]

# Larger numbers of repeats and folds can't be right.
LARGEST_FOLD = 1e9


def align_tables(
    features: FeatureTable, labels: LabelTable, positive: Any = None, *, missing: bool = False
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
    missing : bool, default False
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
    table, truth = check_features(named), check_labels(given, positive, missing=missing)
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
        float64 with NaN if a label is missing.

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
    return check_labels(labels, positive, missing=True)


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
    check_frame("features", features)
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


def check_whole_numbers(column: pd.Series[Any], where: str) -> pd.Series[Any]:
    """Numbers of repeats or folds as integers.

    Parameters
    ----------
    column : Series of shape (n_rows,)
        Integers, floats or text; its name is used in the message.
    where : str
        Name of the table in the message, with its quotes.

    Returns
    -------
    Series of shape (n_rows,), int64

    Raises
    ------
    ValueError
        If a value is not a whole number from 0 to 1e9.

    Examples
    --------
    >>> check_whole_numbers(pd.Series(["0", "2"], name="fold"), "`frame`").tolist()
    [0, 2]
    """
    numbers = pd.to_numeric(column.astype(object), errors="coerce").to_numpy(np.float64)
    wrong = ~((numbers >= 0) & (numbers <= LARGEST_FOLD) & (numbers == np.floor(numbers)))
    if wrong.any():
        first = int(wrong.argmax())
        raise ValueError(
            f"{where} must have whole numbers from 0 in column {quote(column.name)}, got "
            f"{quote(column.iloc[first])} in row {first + 1} ({int(wrong.sum())} such rows). "
            "Correct them."
        )
    return pd.Series(numbers.astype(np.int64), index=column.index, name=column.name)


def check_fold_columns(rows: pd.DataFrame, where: str) -> pd.DataFrame:
    """Predictions with whole numbers of repeat and fold, if they have these columns.

    Parameters
    ----------
    rows : DataFrame
        With both columns, or none for predictions of one fixed model.
    where : str
        Name of the table in the message, with its quotes.

    Returns
    -------
    DataFrame

    Raises
    ------
    ValueError
        If one of the columns is missing: out-of-fold predictions would be scored as those of one
        model. Or as `check_whole_numbers`.

    Examples
    --------
    >>> rows = pd.DataFrame({"exam": ["a"], "repeat": [0], "fold": ["1"], "acl": [0.2]})
    >>> check_fold_columns(rows, "`model`")["fold"].tolist()
    [1]
    """
    present = [name for name in ("repeat", "fold") if name in rows.columns]
    if len(present) == 1:
        missing = "fold" if present == ["repeat"] else "repeat"
        raise ValueError(
            f"{where} must have both columns repeat and fold, or neither, but has no {missing!r}. "
            "Add it to out-of-fold predictions (repeat 0 if each exam stands there once); drop "
            f"{present[0]!r} if one model, fitted on other exams, made them all."
        )
    return rows.assign(**{name: check_whole_numbers(rows[name], where) for name in present})
