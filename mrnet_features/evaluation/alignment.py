"""What an evaluation demands of the tables it is given, and how they are brought together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["align_groups", "align_tables", "check_features", "check_labels"]

RESERVED = ("exam", "repeat", "fold", "mean", "n_exams")


def check_labels(labels: pd.DataFrame) -> pd.DataFrame:
    """Check labels and sort them by exam id.

    Parameters
    ----------
    labels : DataFrame of shape (n_exams, n_tasks)
        Index: exam ids as text. A column per task, named by it, with 0 or 1.

    Returns
    -------
    DataFrame of shape (n_exams, n_tasks), int8
        A sorted copy, its index named ``exam``.

    Raises
    ------
    TypeError
        If `labels` is no DataFrame or an id is not text.
    ValueError
        If ids repeat, a name is taken or repeated, or a value is not 0 or 1.

    Examples
    --------
    >>> import pandas as pd
    >>> check_labels(pd.DataFrame({"acl": [0, 1]}, index=["0002", "0001"]))
          acl
    exam
    0001    1
    0002    0
    """
    _check_frame("labels", labels)
    if not len(labels.columns):
        raise ValueError("`labels` must have a column per task, got none.")
    taken = sorted(set(labels.columns) & set(RESERVED))
    if taken:
        raise ValueError(
            f"`labels` must not name a task {', '.join(map(repr, taken))}: results use those "
            "column names. Rename the task."
        )
    for task in labels.columns:
        wrong = labels[task][~labels[task].isin([0, 1])]
        if len(wrong):
            raise ValueError(
                f"`labels` must be 0 or 1, got {wrong.iloc[0]!r} for exam {wrong.index[0]!r}, "
                f"task {task!r} ({len(wrong)} such exams). Mend or drop those exams."
            )
    return labels.astype(np.int8).sort_index().rename_axis(index="exam")


def check_features(features: pd.DataFrame) -> pd.DataFrame:
    """Check a feature table, sort it by exam id and make it one block of floats.

    Parameters
    ----------
    features : DataFrame of shape (n_exams, n_features)
        Index: exam ids as text. Numeric columns; NaN is left to the model.

    Returns
    -------
    DataFrame of shape (n_exams, n_features), float32 or float64
        A sorted copy with the columns in their order; float32 where all of them are.

    Raises
    ------
    TypeError
        If `features` is no DataFrame, an id or column name is not text, or a column is not
        numeric.
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
            f"`features` must be numeric, got {features[odd[0]].dtype} in {_name_some(odd)}. "
            "Encode or drop it."
        )
    single = all(kind == np.float32 for kind in features.dtypes)
    values = features.to_numpy(dtype=np.float32 if single else np.float64, na_value=np.nan)
    infinite = np.isinf(values).any(axis=0)
    if infinite.any():
        raise ValueError(
            f"`features` must not hold infinities, got some in "
            f"{_name_some(list(features.columns[infinite]))}. Replace them by NaN or mend them."
        )
    table = pd.DataFrame(values, index=features.index, columns=features.columns)
    return table.sort_index().rename_axis(index="exam")


def align_tables(features: pd.DataFrame, labels: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Check both tables and bring their rows together by exam id, never by position.

    Parameters
    ----------
    features : DataFrame of shape (n_exams, n_features)
        See `check_features`.
    labels : DataFrame of shape (n_exams, n_tasks)
        See `check_labels`.

    Returns
    -------
    features, labels : DataFrame
        Checked copies with equal, sorted indexes.

    Raises
    ------
    TypeError, ValueError
        As the two checks do; if the two tables hold different exams; or if a feature bears the
        name of a task, which is the label itself in most cases.

    Examples
    --------
    >>> import pandas as pd
    >>> features = pd.DataFrame({"size": [3.0, 4.0]}, index=["b", "a"])
    >>> labels = pd.DataFrame({"acl": [0, 1]}, index=["a", "b"])
    >>> [table.index.tolist() for table in align_tables(features, labels)]
    [['a', 'b'], ['a', 'b']]
    """
    table, truth = check_features(features), check_labels(labels)
    require_same_exams("features", table.index, "labels", truth.index)
    leaked = sorted(set(table.columns) & set(truth.columns))
    if leaked:
        raise ValueError(
            f"`features` must not contain the labels, got columns {_name_some(leaked)}, which "
            "are tasks. Drop them, or rename them if they are something else."
        )
    return table, truth


def align_groups(
    groups: pd.Series[Any] | Mapping[str, Any] | None, exams: pd.Index[Any]
) -> pd.Series[Any] | None:
    """Look up the group of every exam.

    Parameters
    ----------
    groups : Series or mapping of exam id to group, or None
        For example the patient of each exam. More exams than asked for are no harm.
    exams : Index of shape (n_exams,)
        Exam ids as text.

    Returns
    -------
    Series of shape (n_exams,), int64, or None
        Group numbers in the order of `exams`; None where `groups` is.

    Raises
    ------
    TypeError
        If `groups` has no exam ids: a list could only be matched by position.
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
    if not hasattr(groups, "items"):
        raise TypeError(
            "`groups` must be a Series indexed by exam id or a mapping from it, got "
            f"{type(groups).__name__}. Wrap it: pd.Series(groups, index=labels.index)."
        )
    series = groups if isinstance(groups, pd.Series) else pd.Series(dict(groups))
    if series.index.has_duplicates:
        raise ValueError(
            f"`groups` must name each exam once, got exam "
            f"{series.index[series.index.duplicated()][0]!r} twice."
        )
    found = series.reindex(exams)
    if found.isna().any():
        missing = list(exams[found.isna().to_numpy()])
        raise ValueError(
            f"`groups` must name the group of every exam, got none for {_name_some(missing)}."
        )
    codes, _ = pd.factorize(found)
    return pd.Series(codes, index=exams, name="group")


def require_same_exams(
    left_name: str, left: Iterable[str], right_name: str, right: Iterable[str]
) -> None:
    """Raise unless both sides hold the same exams.

    Parameters
    ----------
    left_name, right_name : str
        What the two sides are called in the message.
    left, right : iterable of str
        Exam ids.

    Raises
    ------
    ValueError
        If an id is on one side only; the message counts them.

    Examples
    --------
    >>> require_same_exams("features", ["a", "b"], "labels", ["b", "a"])
    """
    first, second = set(left), set(right)
    if first == second:
        return
    parts = [
        f"{len(only)} only in `{name}` ({_name_some(sorted(only))})"
        for name, only in ((left_name, first - second), (right_name, second - first))
        if only
    ]
    stripped = [{exam.lstrip("0") for exam in side} for side in (first, second)]
    hint = (
        "The ids agree but for leading zeros: read them as text."
        if stripped[0] == stripped[1]
        else "Select the exams you mean with `.loc`."
    )
    raise ValueError(
        f"`{left_name}` and `{right_name}` must hold the same exams, got {len(first & second)} "
        f"in both, {', '.join(parts)}. {hint}"
    )


def _check_frame(name: str, frame: pd.DataFrame) -> None:
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(
            f"`{name}` must be a pandas DataFrame indexed by exam id, got {type(frame).__name__}."
        )
    strange = next((exam for exam in frame.index if not isinstance(exam, str)), None)
    if strange is not None:
        raise TypeError(
            f"`{name}` must be indexed by exam ids as text, got {strange!r} "
            f"({type(strange).__name__}). Read ids as text, so that they keep their zeros, or "
            "convert the index with `.astype(str)`."
        )
    if frame.index.has_duplicates:
        twice = list(frame.index[frame.index.duplicated()].unique())
        raise ValueError(
            f"`{name}` must hold each exam once, got {_name_some(twice)} more than once."
        )
    odd = next((column for column in frame.columns if not isinstance(column, str)), None)
    if odd is not None:
        raise TypeError(
            f"`{name}` must have column names as text, got {odd!r} ({type(odd).__name__})."
        )
    if frame.columns.has_duplicates:
        twice = list(frame.columns[frame.columns.duplicated()].unique())
        raise ValueError(
            f"`{name}` must have each column once, got {_name_some(twice)} more than once."
        )


def _name_some(names: list[Any]) -> str:
    shown = ", ".join(repr(name) for name in names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
