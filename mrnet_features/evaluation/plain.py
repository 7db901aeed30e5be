"""Tables as plain types, for a JSON file."""

from __future__ import annotations

import json
from typing import Any, Literal

import pandas as pd


def to_plain(table: pd.DataFrame, orient: Literal["records", "index"] = "records") -> Any:
    """Table in types that JSON knows.

    Parameters
    ----------
    table : DataFrame
    orient : {"records", "index"}, default "records"
        A list of rows, or a dict of row by index.

    Returns
    -------
    list or dict
        NaN is None.

    Examples
    --------
    >>> to_plain(pd.DataFrame({"auc": [0.5, float("nan")]}, index=["acl", "mean"]), "index")
    {'acl': {'auc': 0.5}, 'mean': {'auc': None}}
    """
    return json.loads(table.to_json(orient=orient))
