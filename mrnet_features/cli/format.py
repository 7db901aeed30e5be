"""Results as tables on a terminal, as plain text in a pipe, or as JSON."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from mrnet_features.cli.terminal import fit_encoding, is_terminal, send_styles
from mrnet_features.messages import escape_controls

if TYPE_CHECKING:
    from mrnet_features.diagnostics.doctor import MachineCheck
    from mrnet_features.evaluation.protocol.cross_validation import Evaluation
    from mrnet_features.workflows.compare_files import FileComparison

HEADINGS = {
    "ci_low": "95 % low",
    "ci_high": "high",
    "minimum_detectable_difference": "detectable",
}
"""Headings that differ from the names of columns."""

NARROWEST_TEXT = 20
"""Characters to which a column of text may be wrapped on a terminal."""

GAP = 3
"""Characters between two columns on a terminal."""


def print_json(value: Any) -> None:
    """Print one JSON value."""
    print(json.dumps(value, indent=2))


def table_as_rows(table: pd.DataFrame) -> Any:
    """Rows of a table as dicts in plain types, numbers rounded to six decimals."""
    return json.loads(table.to_json(orient="records", double_precision=6))


def summary_as_dict(evaluation: Evaluation) -> dict[str, Any]:
    """Summary of an evaluation and the hash of its folds, in plain types."""
    from mrnet_features.plain import to_plain

    return {
        "folds_hash": evaluation.folds.hash,
        "summary": to_plain(evaluation.summary(), "index"),
    }


def print_table(table: pd.DataFrame, n_keys: int = 1) -> None:
    """Print a table without its index: on a terminal as wide as that, else as plain text.

    Parameters
    ----------
    table : DataFrame
        Floats are shown with three decimals, missing values as "-". On a terminal, long text is
        wrapped, and columns for which there is no room follow below, beside the keys.
    n_keys : int, default 1
        Number of columns at the start that name a row.
    """
    from rich.console import Console

    cells = {
        HEADINGS.get(str(name), str(name)): [format_cell(value) for value in table[name]]
        for name in table
    }
    is_text = [not pd.api.types.is_numeric_dtype(kind) for kind in table.dtypes]
    if not is_terminal():
        text = io.StringIO()
        widest = sum(max(map(len, [name, *column])) + 2 for name, column in cells.items())
        console = Console(file=text, width=max(80, widest), color_system=None)
        console.print(_build_table(cells, is_text, list(cells), styled=False))
        print("\n".join(line.rstrip() for line in text.getvalue().splitlines()))
        return
    with send_styles() as stream:
        console = Console(file=stream, highlight=False)
        cells = {
            fit_encoding(name, stream): [fit_encoding(cell, stream) for cell in column]
            for name, column in cells.items()
        }
        for block in _split_columns(cells, is_text, console.width, n_keys):
            console.print(_build_table(cells, is_text, block, styled=True))


def format_cell(value: Any) -> str:
    r"""Value of a table as text.

    Examples
    --------
    >>> [format_cell(value) for value in (0.5, -1e-9, float("nan"), 120, "0042\x1b[2J")]
    ['0.500', '0.000', '-', '120', '0042\\x1b[2J']
    """
    if pd.isna(value):
        return "-"
    return f"{value:z.3f}" if isinstance(value, float) else escape_controls(str(value))


def _build_table(
    cells: dict[str, list[str]], is_text: Sequence[bool], names: Sequence[str], *, styled: bool
) -> Any:
    """Table of rich with some columns."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    look: Any = {"box": box.SIMPLE_HEAD} if styled else {"box": None, "padding": (0, 2, 0, 0)}
    built = Table(pad_edge=False, header_style="bold" if styled else "", **look)
    texts = dict(zip(cells, is_text, strict=True))
    for name in names:
        is_long = texts[name] and _measure(name, cells[name]) > NARROWEST_TEXT
        justify: Any = "left" if texts[name] else "right"
        built.add_column(
            Text(name.replace("_", " ") if styled else name),
            justify=justify,
            no_wrap=not is_long,
            min_width=NARROWEST_TEXT if is_long else None,
            overflow="fold",
        )
    for row in zip(*(cells[name] for name in names), strict=True):
        built.add_row(*map(Text, row))
    return built


def _measure(name: str, column: Sequence[str]) -> int:
    """Characters of the longest cell of a column, or of its heading."""
    return max(map(len, [name, *column]))


def _split_columns(
    cells: dict[str, list[str]], is_text: Sequence[bool], width: int, n_keys: int
) -> Iterator[list[str]]:
    """Names of the columns that fit beside each other, each time with the keys."""
    names = list(cells)
    needed = {
        name: min(_measure(name, column), NARROWEST_TEXT if text else width) + GAP
        for (name, column), text in zip(cells.items(), is_text, strict=True)
    }
    block = names[:n_keys]
    for name in names[n_keys:]:
        if len(block) > n_keys and sum(needed[shown] for shown in [*block, name]) > width:
            yield block
            block = names[:n_keys]
        block.append(name)
    yield block


def print_summary(summary: pd.DataFrame) -> None:
    """Print the summary of an evaluation.

    Parameters
    ----------
    summary : DataFrame
        From `Evaluation.summary`.
    """
    counts = {name: "Int64" for name in summary if str(name).startswith("n_")}
    _print_with_interval(summary.astype(counts).reset_index(), 1)


def _print_with_interval(table: pd.DataFrame, n_keys: int) -> None:
    """Print a table; what its intervals allow for is one line if it is the same in all rows."""
    kinds = table.get("interval", pd.Series(dtype=object)).unique()
    if len(kinds) != 1:
        print_table(table, n_keys)
        return
    print_table(table.drop(columns="interval"), n_keys)
    print(f"Intervals: {kinds[0]}.")


def print_comparison(result: FileComparison) -> None:
    """Print a comparison of files: AUCs, differences and added values.

    Parameters
    ----------
    result : FileComparison
    """
    aucs = result.comparison.frame()[["auc", "se", "ci_low", "ci_high"]].reset_index()
    print_table(aucs, 2)
    print()
    _print_with_interval(result.comparison.summary(), 3)
    base = next(iter(result.comparison.scores))
    for name, added_value in result.added_values.items():
        print(f"\n{base} and {name} together, against {base} alone:")
        print_table(added_value.summary().reset_index())


def print_machine_checks(checks: Sequence[MachineCheck]) -> None:
    """Print machine checks: state, subject, what was found, and advice.

    Parameters
    ----------
    checks : sequence of MachineCheck
    """
    rows = [(check.state, check.subject, check.found, check.advice or "") for check in checks]
    print_table(pd.DataFrame(rows, columns=["state", "subject", "found", "what to do"]), 2)


def print_audit(findings: pd.DataFrame) -> None:
    """Print the findings of an audit, exams to reject first, and the number of findings.

    Parameters
    ----------
    findings : DataFrame
        From `audit`. The number of examined exams is left out if its ``attrs`` are missing.
    """
    ordered = findings.sort_values("severity", ascending=False, kind="stable")
    if len(ordered):
        values = [
            "" if math.isnan(value) else f"{value:.3g} {unit}".strip()
            for value, unit in zip(ordered["value"], ordered["unit"], strict=True)
        ]
        names = ["severity", "split", "exam", "plane", "code", "value", "advice"]
        print_table(ordered.assign(value=values)[names].replace("", "-"))
    for line in _count_findings(findings):
        print(line)


def _count_findings(findings: pd.DataFrame) -> Iterator[str]:
    """Yield the number of findings and exams, and which codes were not checked."""
    examined = findings.attrs.get("examined", {})
    n_findings, n_exams = len(findings), findings.loc[findings["exam"] != "", "exam"].nunique()
    n_rejected = int((findings["severity"] == "reject").sum())
    total = sum(examined["exams"].values()) if examined else n_exams
    of_total = f" of {total}" if examined else ""
    parts = ", ".join(f"{split} {n}" for split, n in examined.get("exams", {}).items() if split)
    yield (
        f"{n_findings} finding{'s' * (n_findings != 1)} on {n_exams}{of_total} "
        f"exam{'s' * (total != 1)}{f' ({parts})' if parts else ''}: {n_rejected} to reject, "
        f"{n_findings - n_rejected} to check."
    )
    yield from filter(None, [describe_missing(findings), describe_unjudged(findings)])


def describe_missing(findings: pd.DataFrame) -> str:
    """Number of exams without each series, in a set of named series.

    Parameters
    ----------
    findings : DataFrame
        From `audit`.

    Returns
    -------
    str
        A sentence; empty if no exam lacks a series that others have.
    """
    examined = findings.attrs.get("examined", {})
    if not examined.get("missing"):
        return ""
    total = sum(examined["exams"].values())
    listed = ", ".join(f"{series} {n}" for series, n in examined["missing"].items())
    return f"Exams of {total} without a series (no fault by itself): {listed}."


def describe_unjudged(findings: pd.DataFrame) -> str:
    """Codes that an audit could not check, such as those for which there were too few exams.

    Parameters
    ----------
    findings : DataFrame
        From `audit`.

    Returns
    -------
    str
        Sentences; empty if every code was checked.
    """
    examined = findings.attrs.get("examined", {})
    why = "; ".join(f"{plane}: {text}" for plane, text in examined.get("weighting", {}).items())
    of_weighting = f"Weighting not judged ({why})." if why else ""
    if not examined.get("unjudged"):
        return of_weighting
    needed = f"of the {examined['needed']} exams needed"
    few = ", ".join(f"{plane} ({n} {needed})" for plane, n in examined["few"].items())
    codes = ", ".join(examined["unjudged"])
    codes = codes.replace("out-of-view", "out-of-view (except for a leg cut off at a side)")
    said = f"Not checked for {few}: {codes}."
    return f"{said} {of_weighting}".strip()
