"""Tables as plain Python types for JSON."""

from __future__ import annotations

from typing import Any, Literal

import pandas as pd


def to_plain(table: pd.DataFrame, orient: Literal["records", "index"] = "records") -> Any:
    """Table as lists and dicts of JSON types.

    Parameters
    ----------
    table : DataFrame
    orient : {"records", "index"}, default "records"
        List of rows, or dict of index to row.

    Returns
    -------
    list or dict
        NaN becomes None.

    Examples
    --------
    >>> to_plain(pd.DataFrame({"auc": [0.5, float("nan")]}, index=["acl", "mean"]), "index")
    {'acl': {'auc': 0.5}, 'mean': {'auc': None}}
    """
    kept = table.astype(object).where(table.notna(), None)
    if orient == "records":
        return kept.rename(columns=str).to_dict("records")
    return kept.rename(index=str, columns=str).to_dict("index")
