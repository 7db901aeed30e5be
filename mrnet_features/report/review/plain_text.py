"""A report as plain text: its sentences and tables, in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mrnet_features.report.page import Bullets, Swatch, Table, Text
from mrnet_features.report.review.part import PartBlock, Thumbnail
from mrnet_features.report.review.report import Report, tabulate_left_out

__all__ = ["format_report", "format_table"]


def format_report(report: Report) -> str:
    """Report as Markdown, without figures and without what is closed on the page.

    Parameters
    ----------
    report : Report

    Returns
    -------
    str
        Needs no extra to be made.
    """
    lines = [f"# {report.title}", report.lead]
    for part in report.parts:
        lines.append(f"## {part.title}")
        lines += _format_blocks(part.blocks)
    if report.left_out:
        lines += ["## Left out", format_table(tabulate_left_out(report))]
    text = "\n\n".join(line for line in lines if line) + "\n"
    # viewers of Markdown run the HTML that a name may hold
    return re.sub(r"<(?=[A-Za-z/!?])", "&lt;", text)


def format_table(table: Table) -> str:
    """Table as Markdown.

    Parameters
    ----------
    table : Table

    Returns
    -------
    str

    Examples
    --------
    >>> print(format_table(Table("AUC", ["task", "AUC"], [["acl", "0.95"]])))
    AUC
    <BLANKLINE>
    | task | AUC |
    | --- | --- |
    | acl | 0.95 |
    """
    rows = [table.header, ["---"] * len(table.header), *table.rows]
    lines = [f"| {' | '.join(_format_cell(cell) for cell in row)} |" for row in rows]
    return "\n".join([*([table.caption, ""] if table.caption else []), *lines])


def _format_blocks(blocks: Sequence[PartBlock]) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Text):
            yield block.text
        elif isinstance(block, Table):
            yield format_table(block)
        elif isinstance(block, Bullets):
            yield f"{block.title}:"
            yield "\n".join(f"- {item}" for item in block.items)
        elif isinstance(block, Thumbnail):
            shown = [block] if block.beside is None else [block, block.beside]
            yield "\n".join(f"- {each.title}. {' '.join(each.lines)}" for each in shown)


def _format_cell(cell: str | Swatch) -> str:
    text = cell.text if isinstance(cell, Swatch) else str(cell)
    return text.replace("|", "\\|").replace("\n", " ")
