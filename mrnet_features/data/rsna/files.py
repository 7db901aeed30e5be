"""The tables of the RSNA layout: studies with their labels and reports, and their series."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mrnet_features.data.problems import Problem
from mrnet_features.files.csv_files import Row, read_rows
from mrnet_features.files.stored_paths import AnyPath
from mrnet_features.ids.reading import STUDY_UID
from mrnet_features.messages import name_some, quote
from mrnet_features.names import PLANES
from mrnet_features.series.uids import LONGEST_UID, find_uid_problem

__all__ = ["SPLITS", "ListedSeries", "Studies", "read_series", "read_studies"]

SPLITS = ("train", "test")
"""Splits of the layout."""

SAMPLE = "sample_submission.csv"
"""File whose columns are the findings, where the set has it."""

SERIES, REPORT = "SeriesInstanceUID", "Report"
PLANE, FLUID, FAT = "Anatomical_Plane", "Fluid_Sensitive", "Fat_Suppression"

LABELS = {"": math.nan, "0": 0.0, "0.0": 0.0, "1": 1.0, "1.0": 1.0}
"""Label by the text of its cell; pandas writes 1.0 in columns with empty cells."""

BITS = {"0": False, "0.0": False, "false": False, "1": True, "1.0": True, "true": True}

LONGEST_NAME = 60
"""Most characters of the name of a column. Longer ones are text that ran into the header."""

NO_NAMES = re.compile(r"(Unnamed: [0-9]+)?")
"""Names of columns that hold row numbers, as pandas writes them."""


class Studies(NamedTuple):
    """Studies of one split.

    Attributes
    ----------
    findings : tuple of str
        Names of the columns of labels.
    labels : dict of str to tuple of float
        By study: 0, 1 or NaN per finding.
    reports : dict of str to str
        By study; empty if there is no such column.
    problems : tuple of Problem
    left_out : tuple of str
        Columns that are no findings, since ``sample_submission.csv`` lacks them.
    gold : frozenset of str
        Studies with a label of every finding that any study of the table has one of; if some of
        them have no report, those alone.
    """

    findings: tuple[str, ...]
    labels: dict[str, tuple[float, ...]]
    reports: dict[str, str]
    problems: tuple[Problem, ...]
    left_out: tuple[str, ...]
    gold: frozenset[str]


class ListedSeries(NamedTuple):
    """One line of the table of series.

    Attributes
    ----------
    study, uid : str
        StudyInstanceUID and SeriesInstanceUID.
    plane : str
        Empty if it is none of the three.
    fluid_sensitive, fat_suppressed : bool or None
        None if the cell is neither 0 nor 1.
    line : int
        In the file.
    """

    study: str
    uid: str
    plane: str
    fluid_sensitive: bool | None
    fat_suppressed: bool | None
    line: int


def read_studies(path: AnyPath, findings: Sequence[str] | None = None) -> Studies:
    """Studies of ``train.csv`` or ``test.csv``.

    Parameters
    ----------
    path : Path or StoredPath
    findings : sequence of str, optional
        Columns of labels, in this order; ignored in a table without any column of labels. By
        default those that ``sample_submission.csv`` beside the table has, in the order of the
        header; all columns but the report if there is no such file, or it has none of them.

    Returns
    -------
    Studies
        In the order of the file, without the lines that have a problem.

    Raises
    ------
    OSError, ValueError
        If the file can't be read as a table with the column StudyInstanceUID, or it lacks one of
        `findings`. No message shows a report.
    """
    header, width, rows = _read_table(path, [STUDY_UID])
    at, report = header[STUDY_UID], header.get(REPORT)
    others = [name for name, k in header.items() if k not in (at, report)]
    named, listed = _choose_findings(path, others, findings)
    columns = {header[name]: name for name in dict.fromkeys((*named, *listed))}
    labels: dict[str, tuple[float, ...]] = {}
    reports: dict[str, str] = {}
    problems: list[Problem] = []
    for row in rows:
        study = _get_cell(row, at)
        problem = _find_row_problem(row, width, {STUDY_UID: study})
        if not problem and study in labels:
            problem = f"study {quote(study)} appears twice. Keep the right line."
        if problem:
            problems.append(_describe(path, row, study, problem))
            continue
        labels[study] = tuple(LABELS.get(row.cells[k], math.nan) for k in columns)
        if report is not None:
            reports[study] = row.cells[report]
        for k, finding in columns.items():
            if row.cells[k] not in LABELS:
                text = (
                    f"{path.name} line {row.line}: column {quote(finding)} of study {quote(study)} "
                    f"must be 0, 1 or empty, got {_show(row.cells[k])}. Correct it, or delete "
                    "the column if it is no finding."
                )
                cause = f"label {finding}"
                problems.append(Problem("label-file", study, "", text, cause, row.line, study))
    gold = _find_gold(labels, reports)
    chosen = {study: cells[: len(named)] for study, cells in labels.items()}
    left_out = () if findings else tuple(name for name in others if name not in named)
    return Studies(tuple(named), chosen, reports, tuple(problems), left_out, gold)


def read_series(path: AnyPath) -> tuple[list[ListedSeries], list[Problem]]:
    """Series of ``train_series.csv`` or ``test_series.csv``.

    Parameters
    ----------
    path : Path or StoredPath

    Returns
    -------
    series : list of ListedSeries
        In the order of the file, without the lines that have a problem.
    problems : list of Problem

    Raises
    ------
    OSError, ValueError
        If the file can't be read as a table with the columns StudyInstanceUID, SeriesInstanceUID,
        Fluid_Sensitive and Anatomical_Plane.
    """
    header, width, rows = _read_table(path, [STUDY_UID, SERIES, FLUID, PLANE])
    known: dict[str, ListedSeries] = {}
    problems: list[Problem] = []
    for row in rows:
        cells = row.cells
        study, uid = (_get_cell(row, header[name]) for name in (STUDY_UID, SERIES))
        problem = _find_row_problem(row, width, {STUDY_UID: study, SERIES: uid})
        if not problem:
            plane = cells[header[PLANE]].lower()
            found = ListedSeries(
                study,
                uid,
                plane if plane in PLANES else "",
                BITS.get(cells[header[FLUID]].lower()),
                BITS.get(cells[header[FAT]].lower()) if FAT in header else None,
                row.line,
            )
            before = known.setdefault(uid, found)
            if before._replace(line=row.line) != found:
                problem = (
                    f"series {quote(uid)} stands in line {before.line} with other cells. Keep the "
                    "right line."
                )
        if problem:
            problems.append(_describe(path, row, study, problem))
    return list(known.values()), problems


def _read_table(path: AnyPath, needed: Sequence[str]) -> tuple[dict[str, int], int, list[Row]]:
    """Positions of the columns by name, the number of cells of a row, and the rows.

    No message shows the text of a cell: it may be a report.
    """
    rows = read_rows(path, keep_empty=True)
    if not rows:
        raise ValueError(f"'{path}' must hold a table with a header, got no line. Copy it again.")
    names = rows[0].cells
    while not names[-1]:
        names.pop()
    canonical = {name.lower(): name for name in (STUDY_UID, SERIES, REPORT, PLANE, FLUID, FAT)}
    named = [canonical.get(name.lower(), name) for name in names]
    absent = [name for name in needed if name not in named]
    if absent:
        raise ValueError(
            f"'{path}' must have the columns {', '.join(needed)} in its first line, but lacks "
            f"{', '.join(absent)} among {len(names)} columns. Add the header, or pass the folder "
            "of another set."
        )
    longest = max(map(len, names))
    if longest > LONGEST_NAME:
        raise ValueError(
            f"'{path}' must have names of at most {LONGEST_NAME} characters in its first line, got "
            f"{longest}. Check that the header is a line of its own."
        )
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        raise ValueError(f"'{path}' must have each column once, got {name_some(twice)} again.")
    header = {name: k for k, name in enumerate(named) if not NO_NAMES.fullmatch(name)}
    for row in rows[1:]:
        while len(row.cells) > len(names) and not row.cells[-1]:
            row.cells.pop()  # a spreadsheet writes empty columns too
    return header, len(names), rows[1:]


def _choose_findings(
    path: AnyPath, others: Sequence[str], findings: Sequence[str] | None
) -> tuple[Sequence[str], Sequence[str]]:
    """Columns to return as labels, and all columns of labels that are known as such."""
    if not others:
        return (), ()
    sample = path.parent / SAMPLE
    rows = read_rows(sample) if sample.is_file() else []
    listed = [name for name in others if rows and name in rows[0].cells]
    if findings is not None:
        unknown = [name for name in findings if name not in others]
        if unknown:
            raise ValueError(
                f"`findings` must be columns of '{path}', got {name_some(unknown)}. Correct it."
            )
        return findings, listed
    return listed or others, listed


def _find_gold(
    labels: Mapping[str, tuple[float, ...]], reports: Mapping[str, str]
) -> frozenset[str]:
    """Studies with all labels; those without a report alone, if there are any."""
    known = {study: [not math.isnan(cell) for cell in cells] for study, cells in labels.items()}
    used = [any(column) for column in zip(*known.values(), strict=True)]
    full = {study for study, cells in known.items() if any(used) and cells == used}
    # labels of the others may have been read from their report
    return frozenset({study for study in full if not reports.get(study)} or full)


def _get_cell(row: Row, at: int) -> str:
    """Cell of a row; empty if the row is too short."""
    return row.cells[at] if at < len(row.cells) else ""


def _find_row_problem(row: Row, width: int, uids: Mapping[str, str]) -> str | None:
    """What is wrong with a row or its UIDs, or None."""
    if len(row.cells) != width:
        advice = (
            "Put text with commas or line ends in quotes."
            if len(row.cells) > width
            else "Add the cells that are missing; an empty cell needs its comma."
        )
        return f"a line must have the {width} cells of the header, got {len(row.cells)}. {advice}"
    for column, uid in uids.items():
        problem = find_uid_problem(uid)
        if problem:
            return f"{column} {_show(uid)} {problem}. Correct that line."
    return None


def _describe(path: AnyPath, row: Row, study: str, problem: str) -> Problem:
    named = "" if find_uid_problem(study) else study
    return Problem(
        "label-file", named, "", f"{path.name} line {row.line}: {problem}", line=row.line
    )


def _show(cell: str) -> str:
    """Cell for a message; only its length if it has letters, as a report has."""
    is_text = len(cell) > LONGEST_UID or any(c.isalpha() for c in cell)
    return f"a text of {len(cell)} characters" if is_text else quote(cell)
