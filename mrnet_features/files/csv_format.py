"""Tables as CSV text that is safe to open in a spreadsheet."""

from __future__ import annotations

import pandas as pd

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "#")
"""First characters that make a spreadsheet run a cell as a formula, or start a comment."""


def format_csv(table: pd.DataFrame, *, header: bool = True, index: bool = False) -> str:
    r"""Table as CSV, safe to open in a spreadsheet.

    A cell of text that begins with ``= + - @`` gets an apostrophe in front, so that a spreadsheet
    shows it and does not run it as a formula; so does one that begins with ``#``, which would
    start a comment. `csv_files.read_rows` takes the apostrophe away again.

    Parameters
    ----------
    table : DataFrame
    header, index : bool
        Whether to write the names of the columns and the index.

    Returns
    -------
    str
        Lines end with ``\n``.

    Examples
    --------
    >>> format_csv(pd.DataFrame({"exam": ["=1+1", "0042"], "acl": [-0.5, 2.0]}))
    "exam,acl\n'=1+1,-0.5\n0042,2.0\n"
    """
    flat = table.reset_index() if index else table
    safe = flat.rename(columns=_disarm)
    for position, kind in enumerate(flat.dtypes):
        if not pd.api.types.is_numeric_dtype(kind):
            safe.isetitem(position, flat.iloc[:, position].map(_disarm).to_numpy())
    return safe.to_csv(header=header, index=False, lineterminator="\n")


def is_armed(text: str) -> bool:
    """Whether a cell starts a formula or a comment, or looks as if it was disarmed already.

    Parameters
    ----------
    text : str

    Returns
    -------
    bool
    """
    return text.lstrip("'").startswith(FORMULA_STARTS)


def _disarm(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and is_armed(cell) else cell
