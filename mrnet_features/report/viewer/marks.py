"""Reader's marks: exams that a reader agrees with, doubts or excludes, in the form of `audit`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from mrnet_features.files.reading import read_json
from mrnet_features.messages import quote
from mrnet_features.quality.findings import COLUMNS

CODE = "reader"
SEVERITIES = ("agree", "check", "reject", "note")
"""Agree; the label is doubtful; exclude the exam; a note without any of these."""


def tabulate_marks(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Reader's marks as a table like that of `mf.audit`.

    Parameters
    ----------
    rows : iterable of mapping
        Keys exam, plane, code, severity, value, advice.

    Returns
    -------
    DataFrame
        Columns exam, plane (empty), code ("reader"), severity ("agree", "check", "reject" or
        "note"), value (NaN), advice (the note), split and unit (empty). ``load_mrnet(root,
        exclude=marks)`` leaves the exams with "reject" out.

    Examples
    --------
    >>> row = {"exam": "0003", "plane": "", "code": "reader", "severity": "reject"}
    >>> tabulate_marks([{**row, "value": None, "advice": "movement"}])[["exam", "severity"]]
       exam severity
    0  0003   reject
    """
    complete = [{"split": "", "unit": "", **row} for row in rows]
    return pd.DataFrame(complete, columns=list(COLUMNS)).astype({"value": "float64"})


def read_marks(marks: pd.DataFrame | str | Path | None) -> list[dict[str, Any]]:
    """Rows of earlier marks, to go on with them.

    Parameters
    ----------
    marks : DataFrame, path or None
        A table as from `tabulate_marks`, or the JSON file that the viewer saved.

    Returns
    -------
    list of dict
        Plain types; value is None.

    Raises
    ------
    ValueError
        If a column is missing, a severity is unknown, or an exam occurs twice.
    OSError
        If the file can't be read.
    """
    if marks is None:
        return []
    if isinstance(marks, pd.DataFrame):
        rows = json.loads(marks.to_json(orient="records"))
        where = "`marks`"
    else:
        where = f"'{marks}'"
        rows = read_json(marks, "Save the marks again from the viewer.")
    return check_rows(rows, where)


def check_rows(rows: Any, where: str) -> list[dict[str, Any]]:
    """Rows of marks, checked.

    Parameters
    ----------
    rows : list of dict
        As JSON gives them.
    where : str
        What holds them, for errors.

    Returns
    -------
    list of dict
        As from `read_marks`.

    Raises
    ------
    ValueError
        As from `read_marks`.
    """
    wanted = ("exam", "severity", "advice")
    if not isinstance(rows, list) or not all(
        isinstance(row, dict) and all(isinstance(row.get(key), str) for key in wanted)
        for row in rows
    ):
        raise ValueError(
            f"{where} must hold rows with the texts exam, severity and advice, as the viewer saves "
            "them. Save them again."
        )
    seen: set[str] = set()
    for row in rows:
        if row["severity"] not in SEVERITIES:
            raise ValueError(
                f"A severity in {where} must be one of {', '.join(SEVERITIES)}, got "
                f"{quote(row['severity'])}."
            )
        if row["exam"] in seen:
            raise ValueError(f"{where} has two marks of exam {quote(row['exam'])}. Drop one.")
        seen.add(row["exam"])
    fixed = {"plane": "", "code": CODE, "value": None}
    return [{**{key: row[key] for key in wanted}, **fixed} for row in rows]
