"""Levels of factors such as site, sex or vendor, by exam id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mrnet_features.ids.checks import check_ids, require_same_exams
from mrnet_features.messages import name_some, quote

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["read_levels"]

MOST_NUMBERS = 12
MOST_LEVELS = 200


def read_levels(
    subgroups: pd.DataFrame | pd.Series[Any], exams: pd.Index[Any]
) -> dict[str, dict[str, NDArray[np.bool_]]]:
    """Exams of each level of each factor.

    Parameters
    ----------
    subgroups : DataFrame of shape (n_exams, n_factors) or Series of shape (n_exams,)
        Index exam id, or a column ``exam``. Further exams are ignored.
    exams : Index of shape (n_exams,)
        Exam ids.

    Returns
    -------
    dict of str to dict of str to ndarray of shape (n_exams,), bool
        Factor, level, and whether each exam is in it. Categories keep their order; other levels
        are sorted. Exams without a level are in none.

    Raises
    ------
    TypeError
        If `subgroups` is neither a DataFrame nor a Series.
    ValueError
        If exams are missing or repeated, or a factor has no level, more than 12 different numbers
        or more than 200 levels.

    Examples
    --------
    >>> sex = pd.Series(["m", "f", None], index=["a", "b", "c"], name="sex")
    >>> read_levels(sex, pd.Index(["a", "b", "c"]))["sex"]["f"].tolist()
    [False, True, False]
    """
    if isinstance(subgroups, pd.Series):
        name = "subgroup" if subgroups.name is None else str(subgroups.name)
        subgroups = subgroups.to_frame(name)
    if not isinstance(subgroups, pd.DataFrame):
        raise TypeError(
            "`subgroups` must be a DataFrame or Series indexed by exam id, got "
            f"{type(subgroups).__name__}. Use pd.DataFrame({{'site': ...}}, index=labels.index)."
        )
    table = subgroups.set_index("exam") if "exam" in subgroups.columns else subgroups
    check_ids("`subgroups`", table.index)
    if table.index.has_duplicates:
        raise ValueError(
            "`subgroups` must hold each exam once, got exam "
            f"{quote(table.index[table.index.duplicated()][0])} again."
        )
    if not exams.isin(table.index).all():
        require_same_exams("subgroups", table.index, "labels", exams)
    if not len(table.columns) or table.columns.has_duplicates:
        raise ValueError(
            "`subgroups` must have at least one column, and each factor once, got the columns "
            f"{name_some(list(table.columns))}."
        )
    return {str(name): _split(str(name), table[name].loc[exams]) for name in table.columns}


def _split(factor: str, column: pd.Series[Any]) -> dict[str, NDArray[np.bool_]]:
    found: list[Any]
    if isinstance(column.dtype, pd.CategoricalDtype):
        found = [level for level in column.cat.categories if (column == level).any()]
    else:
        found = list(pd.unique(column.dropna()))
        try:
            found = sorted(found)
        except TypeError:  # text and numbers
            found = sorted(found, key=str)
        if pd.api.types.is_numeric_dtype(column) and len(found) > MOST_NUMBERS:
            raise ValueError(
                f"`subgroups` must have few levels, but {quote(factor)} holds {len(found)} "
                f"different numbers from {found[0]} to {found[-1]}. Cut it into bands with "
                "`pd.cut`, or turn it into text with `.astype(str)` if the numbers are names."
            )
    if not 0 < len(found) <= MOST_LEVELS:
        raise ValueError(
            f"`subgroups` must have 1 to {MOST_LEVELS} levels, but {quote(factor)} has "
            f"{len(found)} for these exams. Merge levels, or leave the factor out."
        )
    names = [str(level) for level in found]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(
            f"`subgroups` must write each level in one way, but {quote(factor)} holds "
            f"{quote(twice)} as text and as a number. Convert the column with `.astype(str)`."
        )
    return {
        name: (column == level).fillna(False).to_numpy(dtype=bool)
        for name, level in zip(names, found, strict=True)
    }
