"""Findings of the audit: their codes, the record of one finding, and the table of all."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from mrnet_features.files.reading import read_json
from mrnet_features.ids.rules import find_id_problem
from mrnet_features.messages import quote, suggest_name

CODES = {
    "label-file": "A label file or one of its lines differs from the release.",
    "label-missing": "An exam has no label for a task.",
    "label-conflict": "A tear is labelled in an exam that is labelled not abnormal.",
    "stack-file": "A stack file is misnamed or is not a complete uint8 stack.",
    "stack-missing": "An exam has no stack for a plane.",
    "blank-slices": "Slices without contrast; value: their number.",
    "repeated-slices": "Slices equal to the slice before; value: their number.",
    "saturated": "Much of the leg is at grey level 255; value: fraction of the leg.",
    "ghosting": "Displaced copies of the leg; value: in the air, fraction of the leg's grey level.",
    "out-of-view": "The joint is at the edge of the picture, outside, or not found; value: robust "
    "SDs of missing evidence.",
    "orientation": "The stack is turned or shows another plane; value: robust SDs before turning.",
    "few-slices": "Fewer than eight slices in a series with a name of its own; value: slices.",
    "body-part": "Leg and edges are unlike those of all other exams; value: robust SDs.",
    "weighting": "The picture contradicts the weighting in the series' name; value: 1 agrees, -1 "
    "is as clearly the other weighting.",
    "noise": "Far noisier than the other stacks of its plane; value: robust SDs.",
    "blur": "Far more blurred than the other stacks of its plane; value: robust SDs.",
    "slice-count": "Under half or over twice the usual number of slices; value: slices.",
    "duplicate": "The same pixels as another stack; value: 1.",
    "near-duplicate": "The same picture as another stack, other pixels; value: correlation.",
    "header-plane": "The header tells another plane than the series' name.",
    "header-weighting": "The header contradicts the weighting in the series' name.",
    "header-side": "Tags and positions of an exam contradict each other; value: distance of the "
    "picture from the middle of the scanner, if a tag contradicts it.",
    "header-body-part": "The header names a part of the body that is no knee.",
    "header-localiser": "The header describes a localiser, or there are fewer than eight pictures; "
    "value: pictures.",
}
"""Description of each code, and of the value of its findings."""

FOLDER_CODES = tuple(code for code in CODES if code.startswith(("label-", "stack-")))
"""Codes that concern label files and stack files, for which no pixel is read."""

HEADER_CODES = tuple(code for code in CODES if code.startswith("header-"))
"""Codes that concern headers of DICOM files; one file per series is opened, and no pixel read."""

NAMED_CODES = ("few-slices", "body-part", "weighting")
"""Codes of sets with named series; planes without a further name are not judged."""

SET_CODES = (
    *("out-of-view", "orientation", "body-part", "weighting"),
    *("noise", "blur", "slice-count"),
)
"""Codes that compare a stack with the other stacks of its plane, if there are enough of them."""

UNITS = {
    "blank-slices": "slices",
    "repeated-slices": "slices",
    "saturated": "of the leg",
    "ghosting": "of the grey level",
    "out-of-view": "SD",
    "orientation": "SD",
    "few-slices": "slices",
    "body-part": "SD",
    "noise": "SD",
    "blur": "SD",
    "slice-count": "slices",
    "near-duplicate": "correlation",
    "header-side": "mm",
    "header-localiser": "pictures",
}
"""Unit of the value of each code that has one."""

COLUMNS = ("exam", "plane", "code", "severity", "value", "advice", "split", "unit")


class Finding(NamedTuple):
    """One fault of an exam, a stack or a folder.

    Attributes
    ----------
    exam, plane : str
        Exam and plane of the stack; empty if the finding concerns no single exam or plane.
    code : str
        A key of `CODES`.
    severity : {"reject", "check"}
        Whether to leave the exam out, or to look at it.
    value : float
        As `CODES` describes it; NaN if the code has no value.
    advice : str
        What was found and what to do.
    split : str, default ""
        Split of the exam; empty for a Dataset.
    unit : str, default ""
        Unit of the value; `tabulate` fills it in for the codes of `UNITS`.
    """

    exam: str
    plane: str
    code: str
    severity: str
    value: float
    advice: str
    split: str = ""
    unit: str = ""


def choose_codes(codes: str | Iterable[str] | None, skip: str | Iterable[str]) -> tuple[str, ...]:
    """Codes to look for, in the order of `CODES`.

    Parameters
    ----------
    codes : str, iterable of str or None
        None for all.
    skip : str or iterable of str
        Codes to leave out.

    Returns
    -------
    tuple of str

    Raises
    ------
    ValueError
        If a code does not exist, or no code is left.

    Examples
    --------
    >>> choose_codes(["noise", "blur"], "noise")
    ('blur',)
    """
    wanted = list(CODES) if codes is None else _list_codes(codes)
    unwanted = _list_codes(skip)
    unknown = [code for code in (*wanted, *unwanted) if code not in CODES]
    if unknown:
        raise ValueError(
            f"`codes` and `skip` must hold some of {', '.join(CODES)}, got {quote(unknown[0])}."
            f"{suggest_name(unknown[0], CODES)}"
        )
    chosen = tuple(code for code in CODES if code in wanted and code not in unwanted)
    if not chosen:
        skipped = f", all of them in `skip` ({', '.join(unwanted)})" if wanted else ""
        raise ValueError(
            "`codes` must hold at least one code that `skip` does not, got "
            f"{', '.join(wanted) or 'none'}{skipped}. Leave `codes` out to look for all of them."
        )
    return chosen


def _list_codes(codes: str | Iterable[str]) -> list[str]:
    return [codes] if isinstance(codes, str) else list(codes)


def check_findings(findings: pd.DataFrame | None) -> pd.DataFrame:
    """Table of findings with the columns of `audit`, checked.

    Parameters
    ----------
    findings : DataFrame or None
        None for no findings.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`; others are left out. The split and the unit are empty if the table, such
        as a reader's marks, has none.

    Raises
    ------
    TypeError
        If it is not a DataFrame.
    ValueError
        If a column is missing.
    """
    if findings is None:
        return pd.DataFrame(columns=list(COLUMNS))
    if not isinstance(findings, pd.DataFrame):
        raise TypeError(
            f"`findings` must be the table of `audit`, got {type(findings).__name__}. Pass "
            "mf.audit(dataset), or leave it out."
        )
    needed = COLUMNS[: COLUMNS.index("split")]
    missing = [name for name in needed if name not in findings.columns]
    if missing:
        raise ValueError(
            f"`findings` must have the columns of `audit`, got none named {', '.join(missing)}. "
            "Pass mf.audit(dataset)."
        )
    added = {name: "" for name in COLUMNS if name not in findings.columns}
    return findings.assign(**added)[list(COLUMNS)]


def read_findings(path: str | Path) -> pd.DataFrame:
    """Table of findings in a file of ``audit --json`` or of a reader's marks.

    Parameters
    ----------
    path : path

    Returns
    -------
    DataFrame
        As from `check_findings`; value is float64.

    Raises
    ------
    OSError, ValueError
        If the file can't be read or holds something else.
    """
    rows = read_finding_rows(path, ("exam", "plane", "code", "severity", "advice"))
    complete = [{"split": "", "unit": "", **row} for row in rows]
    table = pd.DataFrame(complete, columns=list(COLUMNS)).fillna({"split": "", "unit": ""})
    is_number = table["value"].map(lambda value: isinstance(value, int | float))
    return table.assign(value=table["value"].where(is_number, math.nan).astype("float64"))


def read_finding_rows(path: str | Path, texts: Sequence[str]) -> list[dict[str, Any]]:
    """Rows of a file of ``audit --json`` or of a reader's marks.

    Parameters
    ----------
    path : path
    texts : sequence of str
        Keys that every row must have, with text.

    Returns
    -------
    list of dict
        Their exam is an id, or empty in a finding about the folder.

    Raises
    ------
    OSError, ValueError
        If the file can't be read or holds something else.
    """
    again = "Write it again with `audit ROOT --json`."
    rows = read_json(path, again)
    if not isinstance(rows, list) or not all(
        isinstance(row, dict) and all(isinstance(row.get(key), str) for key in texts)
        for row in rows
    ):
        raise ValueError(f"'{path}' must hold the list that `audit --json` prints. {again}")
    for exam in {row["exam"] for row in rows} - {""}:
        problem = find_id_problem(exam)
        if problem:
            raise ValueError(f"'{path}' must hold exam ids, but {quote(exam)} {problem}. {again}")
    return rows


def tabulate(findings: Iterable[Finding], codes: Iterable[str]) -> pd.DataFrame:
    """Table of the findings with some codes, sorted by exam, plane and code.

    Parameters
    ----------
    findings : iterable of Finding
    codes : iterable of str
        Findings with other codes are left out.

    Returns
    -------
    DataFrame
        Columns exam, plane, code, severity, value (float64), advice, split, and unit (of the value;
        empty if there is none); one row per finding.
        Findings with the same exam, plane and code keep their order.
    """
    order, wanted = list(CODES), set(codes)
    kept = [finding for finding in findings if finding.code in wanted]
    kept.sort(key=lambda found: (found.exam, found.plane, order.index(found.code)))
    table = pd.DataFrame(map(_add_unit, kept), columns=list(COLUMNS))
    return table.astype({"value": "float64"})


def _add_unit(finding: Finding) -> Finding:
    unit = "" if math.isnan(finding.value) else UNITS.get(finding.code, "")
    return finding._replace(unit=unit)
