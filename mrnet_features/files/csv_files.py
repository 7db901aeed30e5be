"""CSV files: one reader for what spreadsheets, shells and scripts write."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from mrnet_features.files.csv_format import is_armed
from mrnet_features.files.reading import MOST_BYTES, read_text
from mrnet_features.messages import name_some, quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mrnet_features.files.stored_paths import AnyPath

__all__ = [
    "Row",
    "build_table",
    "holds_numbers",
    "read_lines",
    "read_rows",
    "read_table",
]

MOST_LINES = 2**20
"""Most lines of a file, as of a spreadsheet: predictions of 100,000 exams in 10 repeats."""

MOST_CELLS = 8_000_000
"""Most cells of a file: a table of 1,250 exams and 6,400 features."""

MOST_COLUMNS = 50_000
"""Most columns of a table."""

LONGEST_LINE = 4_000_000
"""Most characters of a line: 50,000 columns of 80 characters."""

BLOCK = 2**16
"""Characters that are split into lines at a time."""

DECIMAL_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?")
NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


class Row(NamedTuple):
    """Cells of one row, without spaces around them.

    Attributes
    ----------
    line : int
        Number of its first line in the file, from 1.
    cells : list of str
    """

    line: int
    cells: list[str]


def read_lines(path: str | AnyPath) -> list[tuple[int, str]]:
    r"""Lines of a text file with their numbers, without empty lines and spaces around them.

    Parameters
    ----------
    path : path
        See `read_text`.

    Returns
    -------
    list of tuple of int and str
        Number from 1, and text.

    Raises
    ------
    OSError, ValueError
        As `read_text`, or if there are more than 1,048,576 lines.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "a.txt")
    >>> _ = file.write_bytes(b"one\r\n\r\n two \r\n")
    >>> read_lines(file)
    [(1, 'one'), (3, 'two')]
    """
    lines = enumerate(_iterate_lines(path, _read_limited(path, MOST_BYTES, MOST_LINES)), 1)
    return [(number, line) for number, raw in lines if (line := raw.strip())]


def read_rows(
    path: str | AnyPath,
    *,
    most_bytes: int = MOST_BYTES,
    most_lines: int = MOST_LINES,
    keep_empty: bool = False,
) -> list[Row]:
    r"""Rows of a CSV file, without empty lines and without the comments above the first row.

    Cells are separated by commas, or else by semicolons or tabs, as spreadsheets write them in
    some countries; next to semicolons and tabs, ``0,9`` is read as ``0.9``. Cells may be in double
    quotes. Comments begin with ``#``.

    Parameters
    ----------
    path : path
        Encoded as for `read_text`.
    most_bytes, most_lines : int, default 128 MiB and 1,048,576
        Larger files are refused.
    keep_empty : bool, default False
        Whether to keep empty cells at the end of a row, so that a row that was cut off can be told
        from one without values. They are dropped by default.

    Returns
    -------
    list of Row

    Raises
    ------
    OSError
        As `open_file`.
    ValueError
        If the file is not text or is too large, a quote is not closed, or a row below the first
        one begins with ``#``; the message names file and line.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "a.csv")
    >>> _ = file.write_bytes(b'\xef\xbb\xbf# note\r\nid;acl\r\n"0042";0,9\r\n')
    >>> [row.cells for row in read_rows(file)]
    [['id', 'acl'], ['0042', '0.9']]
    """
    text = _read_limited(path, most_bytes, most_lines)
    above, first = _find_first_row(path, text)
    if not first:
        return []
    separator = _find_separator(first)
    if text.count(separator) + text.count("\n") > MOST_CELLS:
        raise ValueError(
            f"'{path}' must be a table of at most {MOST_CELLS:,} cells, got more. Check that it is "
            "the right file, or write the table as parquet."
        )
    spaced = not text.isascii() or any(mark in text for mark in " \t\v\f\x1c\x1d\x1e\x1f")
    plain = separator == "," and "'" not in text
    rows: list[Row] = []
    for number, cells in _parse(path, text, separator, above):
        found = [cell.strip() for cell in cells] if spaced else cells
        if not plain:
            found = [_clean(cell, separator) for cell in found]
        n_cells = len(found)
        while n_cells and not found[n_cells - 1]:
            n_cells -= 1
        if n_cells:
            rows.append(Row(number, found if keep_empty else found[:n_cells]))
    return rows


def read_table(path: str | AnyPath) -> pd.DataFrame:
    r"""Table of a CSV file with a header; all cells are text.

    Parameters
    ----------
    path : path
        See `read_rows`.

    Returns
    -------
    DataFrame of shape (n_rows, n_columns), object
        See `build_table`.

    Raises
    ------
    OSError, ValueError
        As `read_rows` and `build_table`.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "a.csv")
    >>> _ = file.write_text("id,acl\n0042,0.9\n")
    >>> read_table(file)
            id  acl
    line
    2     0042  0.9
    """
    return build_table(read_rows(path), path)


def build_table(rows: Sequence[Row], path: str | AnyPath) -> pd.DataFrame:
    """Table of rows whose first one is the header.

    Parameters
    ----------
    rows : sequence of Row
    path : path
        File of the rows, for messages.

    Returns
    -------
    DataFrame of shape (n_rows, n_columns), object
        Index: the line in the file, named "line". Cells that a short row lacks are empty.

    Raises
    ------
    ValueError
        If there is no row, the first one holds numbers alone or repeats a name, a row has more
        cells than the header, or the table is too large.

    Examples
    --------
    >>> build_table([Row(1, ["id", "acl"]), Row(2, ["0042"])], "a.csv")["acl"].tolist()
    ['']
    """
    if not rows:
        raise ValueError(f"'{path}' must hold a table with a header, got no line. Write it again.")
    header, body = rows[0].cells, rows[1:]
    if holds_numbers(rows[0]):
        raise ValueError(
            f"'{path}' must have a header with the names of the columns, but line {rows[0].line} "
            f"holds numbers: {name_some(header)}. Add the header."
        )
    twice = [name for name, times in Counter(header).items() if times > 1]
    if twice:
        raise ValueError(
            f"'{path}' must have each column once, got {name_some(twice)} again. Rename one."
        )
    width = len(header)
    wide = next((row for row in body if len(row.cells) > width), None)
    if wide:
        raise ValueError(
            f"'{path}' line {wide.line} must have the {width} cells of the header, got "
            f"{len(wide.cells)}: {name_some(wide.cells)}. Correct that line."
        )
    if width > MOST_COLUMNS or width * len(body) > MOST_CELLS:
        raise ValueError(
            f"'{path}' must be a table of at most {MOST_COLUMNS:,} columns and {MOST_CELLS:,} "
            f"cells, got {len(body)} rows of {width} columns. Write it as parquet."
        )
    cells = [
        row.cells if len(row.cells) == width else row.cells + [""] * (width - len(row.cells))
        for row in body
    ]
    index = pd.Index([row.line for row in body], name="line", dtype="int64")
    return pd.DataFrame(
        {name: [row[k] for row in cells] for k, name in enumerate(header)},
        index=index,
        dtype=object,
    )


def holds_numbers(row: Row) -> bool:
    """Whether all cells of a row are numbers, so that it is no header.

    Parameters
    ----------
    row : Row

    Returns
    -------
    bool

    Examples
    --------
    >>> holds_numbers(Row(1, ["0.9", "1E-5"])), holds_numbers(Row(1, ["id", "acl"]))
    (True, False)
    """
    return all(NUMBER.fullmatch(cell) for cell in row.cells)


def _clean(text: str, separator: str) -> str:
    """Cell without the apostrophe of `format_csv`, with a decimal point."""
    if text.startswith("'") and is_armed(text):
        return text[1:]
    if separator != "," and "," in text and DECIMAL_COMMA.fullmatch(text):
        return text.replace(",", ".")
    return text


def _find_separator(first: str) -> str:
    """Separator of the first row.

    A comma next to semicolons is a decimal comma if it stands in a number; otherwise the
    semicolons belong to names.
    """
    bare = re.sub(r'"[^"]*"', "", first)
    for mark in (";", "\t"):
        if mark in bare:
            cells = [cell.strip() for cell in bare.split(mark)]
            if all("," not in cell or DECIMAL_COMMA.fullmatch(cell) for cell in cells):
                return mark
    return ","


def _read_limited(path: str | AnyPath, most_bytes: int, most_lines: int) -> str:
    text = read_text(path, most_bytes=most_bytes)
    if text.count("\n") > most_lines:
        raise ValueError(
            f"'{path}' must have at most {most_lines:,} lines, got {text.count(chr(10)):,} such as "
            f"{quote(text[: text.index(chr(10))])}. Check that it is the right file."
        )
    return text


def _find_first_row(path: str | AnyPath, text: str) -> tuple[int, str]:
    """Number of lines above the first row, and its first line; an empty line if there is none."""
    for above, line in enumerate(_iterate_lines(path, text)):
        # some programs put comments in quotes too; `sep=;` is for spreadsheets
        if line.strip() and not re.match('"?(#|sep=.?"?$)', line.strip()):
            return above, line
    return 0, ""


def _parse(
    path: str | AnyPath, text: str, separator: str, above: int
) -> Iterator[tuple[int, list[str]]]:
    """Rows with the numbers of their first lines, which are not those that csv.reader counts."""
    lines: Iterator[str] = islice(_iterate_lines(path, text), above, None)
    comments: set[int] = set()
    if "\n#" in text:
        lines = _note_comments(lines, above, comments)
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)
    number = above + 1
    try:
        for found in reader:
            if number in comments:
                raise ValueError(
                    f"'{path}' line {number} begins with #, but comments may stand above the first "
                    "row only. Delete the line, or put its first cell in quotes if it is no "
                    "comment."
                )
            yield number, found
            number = above + reader.line_num + 1
    except csv.Error as error:
        reason = str(error)
        if "unexpected end" in reason or "field limit" in reason:
            reason = "a quote is not closed, or a cell is too long"
        raise ValueError(
            f"'{path}' line {number} can't be read as CSV ({reason}). Correct that line."
        ) from error


def _note_comments(lines: Iterator[str], above: int, found: set[int]) -> Iterator[str]:
    for number, line in enumerate(lines, above + 1):
        if line.startswith("#"):
            found.add(number)
        yield line


def _iterate_lines(path: str | AnyPath, text: str) -> Iterator[str]:
    """Lines one by one, with their ends: a list of them would double the memory."""
    start = 0
    while start < len(text):
        end = text.find("\n", start + BLOCK) + 1 or len(text)
        if end - start > LONGEST_LINE + BLOCK:
            raise ValueError(
                f"'{path}' must have lines of at most {LONGEST_LINE:,} characters, got one of "
                f"{end - max(start, text.rfind(chr(10), start, end - 1) + 1):,}. Check that it is "
                "the right file."
            )
        yield from io.StringIO(text[start:end])
        start = end
