"""CSV files: one reader for what spreadsheets, shells and scripts write, and one writer."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from mrnet_features.files import MOST_BYTES, read_text
from mrnet_features.messages import name_some

__all__ = ["Row", "format_csv", "iter_rows", "read_rows", "read_table"]

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""First characters that make a spreadsheet run a cell of text as a formula."""


class Row(NamedTuple):
    """Cells of one row, without spaces around them.

    Attributes
    ----------
    line : int
        Number of its last line in the file, from 1.
    cells : list of str
    """

    line: int
    cells: list[str]


def read_rows(path: str | Path) -> list[Row]:
    r"""Rows of a CSV file, without empty lines and without lines that begin with ``#``.

    Cells are separated by commas, or else by semicolons or tabs, as spreadsheets write them in
    some countries; next to semicolons and tabs, ``0,9`` is read as ``0.9``. Cells may be in double
    quotes. Empty cells at the end of a row are dropped.

    Parameters
    ----------
    path : path
        Encoded as for `read_text`.

    Returns
    -------
    list of Row

    Raises
    ------
    OSError
        As `open_file`.
    ValueError
        If the file is not text, or a quote is not closed; the message names file and line.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp(), "a.csv")
    >>> _ = file.write_bytes(b'\xef\xbb\xbf# note\r\nid;acl\r\n"0042";0,9\r\n')
    >>> [row.cells for row in read_rows(file)]
    [['id', 'acl'], ['0042', '0.9']]
    """
    return list(iter_rows(path))


def iter_rows(path: str | Path, *, most_bytes: int = MOST_BYTES) -> Iterator[Row]:
    """Yield the rows of a CSV file one by one, as `read_rows`; for files that may be very long.

    Parameters
    ----------
    path, most_bytes
        As for `read_text`.

    Yields
    ------
    Row

    Raises
    ------
    OSError, ValueError
        As `read_rows`, when the first row or the broken row is asked for.
    """
    text = read_text(path, most_bytes=most_bytes)
    separator = _find_separator(text)
    reader = csv.reader(
        (line if not line.startswith("#") else "" for line in _iter_lines(text)),
        delimiter=separator,
        skipinitialspace=True,
        strict=True,
    )
    try:
        for found in reader:
            cells = [_clean(cell, separator) for cell in found]
            while cells and not cells[-1]:
                cells.pop()
            if cells:
                yield Row(reader.line_num, cells)
    except csv.Error as error:
        raise ValueError(
            f"'{path}' line {reader.line_num} can't be read as CSV ({error}). Correct that line."
        ) from error


def read_table(path: str | Path) -> pd.DataFrame:
    r"""Table of a CSV file with a header; all cells are text.

    Parameters
    ----------
    path : path
        See `read_rows`.

    Returns
    -------
    DataFrame of shape (n_rows, n_columns), str
        Index: the line in the file, named "line". Cells that a short row lacks are empty.

    Raises
    ------
    OSError
        As `open_file`.
    ValueError
        If the file is empty, repeats a column name, or a row has more cells than the header; or
        as `read_rows`.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp(), "a.csv")
    >>> _ = file.write_text("id,acl\n0042,0.9\n")
    >>> read_table(file)
            id  acl
    line
    2     0042  0.9
    """
    rows = read_rows(path)
    if not rows:
        raise ValueError(f"'{path}' must hold a table with a header, got no line. Write it again.")
    header = rows[0].cells
    twice = [name for name in dict.fromkeys(header) if header.count(name) > 1]
    if twice:
        raise ValueError(
            f"'{path}' must have each column once, got {name_some(twice)} again. Rename one."
        )
    wide = next((row for row in rows if len(row.cells) > len(header)), None)
    if wide:
        raise ValueError(
            f"'{path}' line {wide.line} must have the {len(header)} cells of the header, got "
            f"{len(wide.cells)}: {name_some(wide.cells)}. Correct that line."
        )
    body = [row.cells + [""] * (len(header) - len(row.cells)) for row in rows[1:]]
    index = pd.Index([row.line for row in rows[1:]], name="line", dtype="int64")
    return pd.DataFrame(body, columns=header, index=index, dtype=object)


def format_csv(table: pd.DataFrame, *, header: bool = True, index: bool = False) -> str:
    r"""Table as CSV, safe to open in a spreadsheet.

    A cell of text that begins with ``= + - @`` gets an apostrophe in front, so that a spreadsheet
    shows it and does not run it as a formula. `read_rows` takes the apostrophe away again.

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


def _disarm(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell


def _clean(cell: str, separator: str) -> str:
    """Cell without spaces, without the apostrophe of `format_csv`, with a decimal point."""
    text = cell.strip()
    if text.startswith("'") and text[1:].startswith(FORMULA_STARTS):
        return text[1:]
    if separator != "," and re.fullmatch(r"[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?", text):
        return text.replace(",", ".")
    return text


def _iter_lines(text: str) -> Iterator[str]:
    """Lines one by one; all at once, a million short lines would take ten times the text's size."""
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start : end + 1]  # with its end, which a cell in quotes may hold
        start = end + 1
    yield text[start:]


def _find_separator(text: str) -> str:
    """Separator of the first line that is not empty or a comment."""
    lines = (line for line in _iter_lines(text) if line.strip() and not line.startswith("#"))
    bare = re.sub(r'"[^"]*"', "", next(lines, ""))
    return next((mark for mark in (";", "\t") if mark in bare), ",")
