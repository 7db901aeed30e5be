"""`Part`: one section of a report, with every number that it shows."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import pandas as pd

from mrnet_features.arrays import UInt8Array
from mrnet_features.report.page import Bullets, Table, Text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Cell", "Closed", "LeftOut", "Part", "PartBlock", "Plot", "Thumbnail", "tabulate"]


class Plot(NamedTuple):
    """Figure that is drawn when the page is made.

    Attributes
    ----------
    caption : str
    draw : callable without arguments that returns matplotlib Axes
    """

    caption: str
    draw: Callable[[], Axes]


class Thumbnail(NamedTuple):
    """Slice that is encoded when the page is made.

    Attributes
    ----------
    grey : ndarray of shape (height, width) or (height, width, 3), uint8
    title : str
    lines : sequence of str
        Caption under the title.
    link : str, default ""
        Where a click leads, relative to the page.
    beside : Thumbnail, optional
        A second slice of the same exam, next to it.
    """

    grey: UInt8Array
    title: str
    lines: Sequence[str]
    link: str = ""
    beside: Thumbnail | None = None


class Closed(NamedTuple):
    """Blocks that are closed until the reader opens them.

    Attributes
    ----------
    title : str
    blocks : sequence of Text, Bullets, Table, Plot or Thumbnail
    """

    title: str
    blocks: Sequence[Text | Bullets | Table | Plot | Thumbnail]


PartBlock: TypeAlias = Text | Bullets | Table | Plot | Thumbnail | Closed


class Part(NamedTuple):
    """Section of a report.

    Attributes
    ----------
    name : str
        Key in the JSON file, and start of the names of its CSV files.
    title : str
    blocks : sequence of PartBlock
        What the page shows. Plots and thumbnails that follow each other stand side by side.
    facts : mapping of str to JSON values
        Numbers and words of its texts; every number of a text is among them or in a table.
    tables : mapping of str to DataFrame
        Numbers of its tables and figures. The index counts as a column if it has a name.
    """

    name: str
    title: str
    blocks: Sequence[PartBlock]
    facts: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]


class LeftOut(NamedTuple):
    """Section, or piece of one, that is not in a report.

    Attributes
    ----------
    title : str
        What is left out.
    argument : str
        What brings it, such as "features=".
    reason : str
        Why it is left out, as a sentence.
    """

    title: str
    argument: str
    reason: str


class Cell(NamedTuple):
    """How a column is shown in a table of the page.

    Attributes
    ----------
    heading : str
    form : str, default ""
        Format such as ".3f" or ".0%". Empty: as text.
    low, high : str, default ""
        Columns of the ends of its interval.
    """

    heading: str
    form: str = ""
    low: str = ""
    high: str = ""


def tabulate(table: pd.DataFrame, caption: str, cells: Mapping[str, Cell]) -> Table:
    """Columns of a DataFrame as a table of the page.

    Parameters
    ----------
    table : DataFrame
        An index with a name can be shown as a column.
    caption : str
    cells : mapping of column to Cell
        Columns to show, in order.

    Returns
    -------
    Table
        "-" where a value is missing.

    Examples
    --------
    >>> scores = pd.DataFrame({"task": ["acl"], "auc": [0.95], "low": [-1e-9], "high": [0.981]})
    >>> shown = {"task": Cell("task"), "auc": Cell("AUC (95 % CI)", ".2f", "low", "high")}
    >>> tabulate(scores, "AUC", shown).rows
    [['acl', '0.95 (0.00 to 0.98)']]
    """
    flat = table.reset_index() if table.index.names != [None] else table
    rows = [[_show(row, name, cell) for name, cell in cells.items()] for row in _list_rows(flat)]
    return Table(caption, [cell.heading for cell in cells.values()], rows)


def _list_rows(table: pd.DataFrame) -> list[dict[Any, Any]]:
    return table.astype(object).to_dict("records")


def _show(row: Mapping[Any, Any], name: str, cell: Cell) -> str:
    value = row[name]
    text = _format(value, cell.form)
    if not cell.low or text == "-":
        return text
    ends = [_format(row[end], cell.form) for end in (cell.low, cell.high)]
    return text if "-" in ends else f"{text} ({ends[0]} to {ends[1]})"


def _format(value: Any, form: str) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return "-"
    form = re.sub(r"^(\+?)(?=,?\.)", r"\1z", form)  # z: no "-0.000"
    return format(value, form) if form else str(value)
