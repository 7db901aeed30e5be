"""HTML that notebooks show: paragraphs and tables, escaped, without colours of their own."""

from __future__ import annotations

import html
import math
import re
from typing import Any

import numpy as np
import pandas as pd

from mrnet_features.messages import cut_text, escape_controls

__all__ = ["format_code", "format_paragraph", "format_table"]

LONGEST_CELL = 200
"""Most characters of a text in a table: that of a path."""

MOST_ROWS = 30
"""Most rows of a table; the line below it tells how many there are."""


def format_paragraph(*parts: str) -> str:
    """Paragraph of texts, and of codes from `format_code`.

    Parameters
    ----------
    *parts : str
        Text is escaped; codes are kept.

    Returns
    -------
    str

    Examples
    --------
    >>> format_paragraph("See ", format_code("mf.plot_exam(exam)"), " & <others>.")
    '<p>See <code>mf.plot_exam(exam)</code> &amp; &lt;others&gt;.</p>'
    """
    return f"<p>{''.join(map(_escape, parts))}</p>"


class _Code(str):
    """Escaped HTML."""

    __slots__ = ()


def format_code(text: str) -> str:
    """Code inside a paragraph, escaped.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
    """
    return _Code(f"<code>{html.escape(cut_text(text))}</code>")


def _escape(part: str) -> str:
    return part if isinstance(part, _Code) else html.escape(escape_controls(part))


def format_table(table: pd.DataFrame, advice: str = "") -> str:
    """Table with its named index as first columns, and at most 30 rows.

    Numbers have three decimals, missing values an empty cell. Long texts are cut and control
    characters escaped.

    Parameters
    ----------
    table : DataFrame
    advice : str, default ""
        Where all rows are, if some are not shown: a sentence.

    Returns
    -------
    str

    Examples
    --------
    >>> "&lt;b&gt;" in format_table(pd.DataFrame({"<b>": [0.5]}))
    True
    """
    named = any(name is not None for name in table.index.names)
    flat = table.reset_index(allow_duplicates=True) if named else table
    shown = flat.iloc[:MOST_ROWS]
    columns = [[_show(value, str(name)) for value in column] for name, column in shown.items()]
    cells = pd.DataFrame(dict(enumerate(columns)), index=[_show(i, "") for i in shown.index])
    cells.columns = pd.Index([cut_text(str(name)) for name in flat.columns])
    with pd.option_context("display.max_colwidth", None, "display.max_columns", None):
        text = cells.to_html(index=not (named or _is_counted(table)), border=0, escape=True)
    # long names of columns may break after an underscore
    text = re.sub(r"<th>[^<]*", lambda found: found[0].replace("_", "_<wbr>"), text)
    text = f'<div style="overflow-x: auto">{text}</div>'
    if len(flat) > MOST_ROWS:
        text += f"\n{format_paragraph(f'{MOST_ROWS} of {len(flat):,} rows. {advice}'.strip())}"
    return text


def _is_counted(table: pd.DataFrame) -> bool:
    """Whether the index only counts the rows."""
    return isinstance(table.index, pd.RangeIndex)


def _show(value: Any, column: str) -> str:
    """Text of a cell."""
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if isinstance(value, float | np.floating):
        number = float(value)
        if math.isnan(number):
            return ""
        if column.startswith("n_") and number.is_integer():
            return f"{number:.0f}"
        return f"{number:.1g}" if 0 < abs(number) < 0.0005 else f"{number:.3f}"
    return cut_text(str(value), LONGEST_CELL)
