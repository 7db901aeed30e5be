"""Groups of exams that all compared models share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mrnet_features.evaluation.alignment import align_groups
from mrnet_features.messages import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mrnet_features.tables import ByExam

__all__ = ["share_groups"]


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
                f"for exam {quote(exams[differ[0]])}. Evaluate all models with the same `groups`; "
                "a comparison takes them from the models."
            )
    return known.get(first)
