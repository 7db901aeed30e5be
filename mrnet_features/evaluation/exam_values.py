"""Groups and weights of exams, matched by exam id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mrnet_features.ids.checks import require_unique_ids
from mrnet_features.messages import name_some, quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mrnet_features.tables import ByExam

__all__ = ["align_groups", "align_weights", "share_groups", "take_weights"]


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


def share_groups(
    groups: ByExam | None, models: Mapping[str, Any], exams: pd.Index[Any]
) -> pd.Series[Any] | None:
    """Group of every exam: those passed in, or those that a model was evaluated with.

    Parameters
    ----------
    groups : Series or mapping of exam id to group, or None
        See `align_groups`.
    models : mapping of str to Evaluation, HoldOut or DataFrame
        Key: name of the model in messages, with its quotes.
    exams : Index of shape (n_exams,)
        Exam ids.

    Returns
    -------
    Series of shape (n_exams,), int64, or None
        None if there are no groups.

    Raises
    ------
    TypeError, ValueError
        As `align_groups`, or if two of them put different exams together.

    Examples
    --------
    >>> share_groups({"a": "Ann", "b": "Ann"}, {"`model`": pd.DataFrame()}, pd.Index(["a", "b"]))
    a    0
    b    0
    Name: group, dtype: int64
    """
    given = {"`groups`": groups}
    for name, model in models.items():
        given[name] = None if isinstance(model, pd.DataFrame) else getattr(model, "groups", None)
    found = {name: align_groups(values, exams) for name, values in given.items()}
    known = {name: values for name, values in found.items() if values is not None}
    first = next(iter(known), "")
    for name, values in known.items():
        # numbers of the order of appearance: equal if the same exams are together
        differ = np.flatnonzero(values.to_numpy() != known[first].to_numpy())
        if len(differ):
            raise ValueError(
                f"{first} and {name} must put the same exams into groups, but differ, for example "
                f"for exam {quote(exams[differ[0]])}. Evaluate all models with the same `groups`, "
                "and leave `groups` out here: they are taken from the models."
            )
    return known.get(first)


def align_weights(
    weights: ByExam | pd.DataFrame | None,
    exams: pd.Index[Any],
    order: pd.Index[Any] | None = None,
    tasks: Sequence[str] = (),
) -> pd.Series[Any] | pd.DataFrame | None:
    """Weight of every exam, or of every exam and task.

    Parameters
    ----------
    weights : Series or mapping of exam id to weight, array, DataFrame, or None
        At least 0, and 0 rather than NaN where a task has no label. Further exams are ignored. A
        DataFrame has one column per task.
    exams : Index of shape (n_exams,)
        Exam ids.
    order : Index of shape (n_exams,), optional
        Exam ids in the order of an array.
    tasks : sequence of str, default ()
        Tasks that a DataFrame must have.

    Returns
    -------
    Series of shape (n_exams,) or DataFrame of shape (n_exams, n_tasks), float64, or None
        In the order of `exams` and `tasks`; None where `weights` is.

    Raises
    ------
    TypeError
        If `weights` is an array and `order` is not known.
    ValueError
        If an exam has no weight or several, a weight is negative or infinite, or a DataFrame has
        other tasks.

    Examples
    --------
    >>> import pandas as pd
    >>> align_weights({"a": 2, "b": 1}, pd.Index(["a", "b"])).tolist()
    [2.0, 1.0]
    """
    if weights is None:
        return None
    if isinstance(weights, pd.DataFrame):
        if set(weights.columns) != set(tasks) or weights.columns.has_duplicates:
            raise ValueError(
                f"`sample_weight` must have one column per task, got {name_some(list(weights))} "
                f"for the tasks {name_some(list(tasks))}."
            )
        return pd.DataFrame({task: align_weights(weights[task], exams) for task in tasks})
    found = _align_values("sample_weight", weights, exams, order).astype(np.float64)
    wrong = found[~(np.isfinite(found) & (found >= 0))]
    if len(wrong):
        raise ValueError(
            f"`sample_weight` must be finite and at least 0, got {wrong.iloc[0]} for exam "
            f"{quote(wrong.index[0])}."
        )
    return found.rename("sample_weight")


def take_weights(
    weights: pd.Series[Any] | pd.DataFrame | None, task: str
) -> NDArray[np.float64] | None:
    """Weights of the exams for one task.

    Parameters
    ----------
    weights : Series of shape (n_exams,), DataFrame of shape (n_exams, n_tasks), or None
        As `align_weights` returns them.
    task : str

    Returns
    -------
    ndarray of shape (n_exams,), float64, or None

    Examples
    --------
    >>> take_weights(pd.DataFrame({"acl": [1.0, 2.0]}), "acl").tolist()
    [1.0, 2.0]
    """
    if weights is None:
        return None
    return (weights[task] if isinstance(weights, pd.DataFrame) else weights).to_numpy()


def _align_values(
    name: str, values: Any, exams: pd.Index[Any], order: pd.Index[Any] | None
) -> pd.Series[Any]:
    if isinstance(values, str | pd.DataFrame):
        kind = "a name" if isinstance(values, str) else f"a table of {values.shape[1]} columns"
        raise TypeError(
            f"`{name}` must hold one value per exam, got {kind}. Pass a column: "
            f'table["site"], indexed by exam id.'
        )
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
    require_unique_ids(f"`{name}`", series.index)
    found = series.reindex(exams)
    if found.isna().any():
        raise ValueError(
            f"`{name}` must have a value for every exam, got none for "
            f"{name_some(list(exams[found.isna().to_numpy()]))}."
        )
    return found
