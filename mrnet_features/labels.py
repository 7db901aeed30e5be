"""Labels of exams: one column per task with 0, 1 or no label; probabilities to fit on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mrnet_features.ids.checks import check_ids, require_unique_ids
from mrnet_features.messages import name_some, quote

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["check_frame", "check_labels", "check_soft_labels"]

RESERVED = ("exam", "repeat", "fold", "mean", "n_exams")


def check_labels(
    labels: pd.DataFrame | pd.Series[Any], positive: Any = None, *, missing: bool = False
) -> pd.DataFrame:
    """Check labels and sort them by exam id.

    Parameters
    ----------
    labels : DataFrame of shape (n_exams, n_tasks) or Series of shape (n_exams,)
        Index: exam ids, text or integers. One column per task with 0 or 1. The name of a Series
        is the task, "label" if it has none.
    positive : value or mapping of task to value, optional
        Value of a positive exam where the labels are not 0 and 1, such as "torn" or 1 in labels
        of -1 and 1. The other value is negative.
    missing : bool, default False
        Whether an exam may lack the label of a task: NaN, None or pandas' NA.

    Returns
    -------
    DataFrame of shape (n_exams, n_tasks), int8
        A sorted copy with 0 and 1; its index is named ``exam``. float64 with NaN if a label is
        missing.

    Raises
    ------
    TypeError
        If `labels` is neither a DataFrame nor a Series, or the ids are neither text nor integers.
    ValueError
        If ids repeat, a task name is reserved or repeated, a value is not 0 or 1, or a task has
        no label at all.

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
    >>> check_labels(pd.Series([1, None], name="acl"), missing=True)["acl"].tolist()
    [1.0, nan]
    """
    truth = _take_tasks("labels", labels)
    if positive is not None:
        truth = _code_positive(truth, positive)
    for task in truth.columns:
        column = truth[task]
        wrong = column[~(column.isin([0, 1]) | (column.isna() & missing))]
        if len(wrong):
            advice = (
                "Correct or drop those exams, or pass `positive`, the value of a positive exam."
            )
            if pd.isna(wrong.iloc[0]):
                advice = "Give every exam a label, or drop the exams without one."
            raise ValueError(
                f"`labels` must be 0 or 1, got {name_some([wrong.iloc[0]])} for exam "
                f"{name_some([wrong.index[0]])}, "
                f"task {quote(task)} ({len(wrong)} such exams). {advice}"
            )
    if not truth.isna().any(axis=None):
        return truth.astype(np.int8).sort_index().rename_axis(index="exam")
    return _sort_values("labels", truth)


def check_soft_labels(labels: pd.DataFrame | pd.Series[Any], name: str) -> pd.DataFrame:
    """Check labels to fit on: probabilities of a positive exam, from 0 to 1.

    Parameters
    ----------
    labels : DataFrame of shape (n_exams, n_tasks) or Series of shape (n_exams,)
        Index: exam ids. One column per task; NaN for an exam without a label.
    name : str
        Name of the table in messages.

    Returns
    -------
    DataFrame of shape (n_exams, n_tasks), float64
        A sorted copy; its index is named ``exam``.

    Raises
    ------
    TypeError
        As `check_labels`, or if a column is not numeric.
    ValueError
        As `check_labels`, or if a value is below 0 or above 1.

    Examples
    --------
    >>> check_soft_labels(pd.Series([0.3, 1], ["b", "a"], name="acl"), "fit_labels")["acl"].tolist()
    [1.0, 0.3]
    """
    given = _take_tasks(name, labels)
    for task, kind in given.dtypes.items():
        if not pd.api.types.is_numeric_dtype(kind):
            odd = [v for v in given[task].dropna() if not isinstance(v, int | float | np.number)]
            if odd:
                raise TypeError(
                    f"`{name}` must be numbers from 0 to 1, got {quote(odd[0])} in task "
                    f"{quote(task)}. Use the probability of a positive exam, or 0 and 1."
                )
    soft = _sort_values(name, given)
    outside = (soft < 0) | (soft > 1)
    for task in soft.columns[outside.any()]:
        wrong = soft[task][outside[task]]
        raise ValueError(
            f"`{name}` must be from 0 to 1, got {wrong.iloc[0]:g} for exam "
            f"{name_some([wrong.index[0]])}, task {quote(task)} ({len(wrong)} such exams). Use the "
            "probability of a positive exam, and NaN without a label."
        )
    return soft


def check_frame(name: str, frame: Any) -> None:
    """Raise unless a table has exam ids as its index and distinct names of columns.

    Parameters
    ----------
    name : str
        Name of the table in messages.
    frame : DataFrame

    Raises
    ------
    TypeError
        If `frame` is not a DataFrame, or ids or names are of the wrong kind.
    ValueError
        If ids or names repeat.

    Examples
    --------
    >>> check_frame("features", pd.DataFrame({"size": [3.0]}, index=["0001"]))
    """
    if not isinstance(frame, pd.DataFrame):
        kinds = "DataFrame" if name == "features" else "DataFrame or Series"
        raise TypeError(
            f"`{name}` must be a pandas {kinds} indexed by exam id, got {type(frame).__name__}."
        )
    check_ids(f"`{name}`", frame.index)
    require_unique_ids(f"`{name}`", frame.index)
    odd = next((column for column in frame.columns if not isinstance(column, str)), None)
    if odd is not None:
        raise TypeError(
            f"`{name}` must have column names as text, got {quote(odd)} ({type(odd).__name__}). "
            "Use `.add_prefix` to turn numbers into names."
        )
    if frame.columns.has_duplicates:
        twice = list(frame.columns[frame.columns.duplicated()].unique())
        raise ValueError(
            f"`{name}` must have each column once, got {name_some(twice)} more than once."
        )


def _take_tasks(name: str, labels: pd.DataFrame | pd.Series[Any]) -> pd.DataFrame:
    """Table with one column per task, with checked ids and names."""
    if isinstance(labels, pd.Series):
        labels = labels.to_frame("label" if labels.name is None else labels.name)
    check_frame(name, labels)
    if not len(labels.columns):
        raise ValueError(f"`{name}` must have one column per task, got none.")
    taken = sorted(set(labels.columns) & set(RESERVED))
    if taken:
        raise ValueError(
            f"`{name}` must not name a task {name_some(taken)}: results use those "
            "column names. Rename the task."
        )
    return labels


def _sort_values(name: str, labels: pd.DataFrame) -> pd.DataFrame:
    """Labels as float64 with NaN, sorted by exam id; every task has a label."""
    columns: dict[str, NDArray[np.float64]] = {}
    for task in labels.columns:
        known = labels[task].notna().to_numpy()
        if len(known) and not known.any():
            raise ValueError(
                f"`{name}` must hold a label of every task for at least one exam, got none for "
                f"{quote(task)} in {len(labels)} exams. Leave the task out."
            )
        columns[task] = np.full(len(labels), np.nan)
        columns[task][known] = labels[task].to_numpy()[known].astype(np.float64)
    return pd.DataFrame(columns, index=labels.index).sort_index().rename_axis(index="exam")


def _code_positive(labels: pd.DataFrame, positive: Any) -> pd.DataFrame:
    """Labels as 1 for the positive and 0 for the other value; missing ones stay missing."""
    chosen = positive if isinstance(positive, Mapping) else dict.fromkeys(labels.columns, positive)
    coded = {}
    for task in labels.columns:
        if task not in chosen:
            raise ValueError(
                f"`positive` must give the positive value of every task, got none for "
                f"{quote(task)}."
            )
        column = labels[task].dropna()
        values = list(pd.unique(column))
        if len(values) > 2 or chosen[task] not in values:
            raise ValueError(
                f"`labels` of task {quote(task)} must hold two values, one of them the "
                f"`positive` value {quote(chosen[task])}, got {name_some(values)}."
            )
        coded[task] = (column == chosen[task]).astype(np.int8).reindex(labels.index)
    return pd.DataFrame(coded, index=labels.index)
