"""Which exams a list of ids or a table of findings leaves out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from mrnet_features.ids.rules import find_id_problem
from mrnet_features.messages import name_some, quote

__all__ = ["REJECT", "list_excluded", "require_text_ids", "select_findings"]

REJECT = "reject"
"""Severity of findings and reader's marks that leave their exam out."""

SEVERITIES = (REJECT, "check", "agree", "note")
"""Severities of findings and of reader's marks."""


def list_excluded(exclude: pd.DataFrame | Iterable[str] | None) -> frozenset[str]:
    """Exam ids to leave out, from a list of ids or from a table with a column "exam".

    Where the table has a column "severity", only its "reject" counts.

    Parameters
    ----------
    exclude : DataFrame, iterable of str or None
        As for `load_mrnet`.

    Returns
    -------
    frozenset of str

    Raises
    ------
    TypeError
        If it is a single text or path, or holds anything but text.
    ValueError
        If the table has no column "exam" or none of the known severities, or an id is not valid.
    """
    if isinstance(exclude, str | Path) or not isinstance(exclude, Iterable | None):
        got = quote(str(exclude)) if isinstance(exclude, str | Path) else type(exclude).__name__
        raise TypeError(
            f"`exclude` must be a table or several exam ids, got {got}. {_advise_on_file(exclude)}"
        )
    if isinstance(exclude, pd.DataFrame):
        if exclude.empty and not len(exclude.columns):
            return frozenset()  # as pandas reads the file of an audit without findings
        if "exam" not in exclude.columns:
            columns = name_some(list(exclude.columns))
            raise ValueError(
                f"`exclude` must have a column 'exam', got {columns}. Pass the table of `audit`, "
                "or a list of exam ids."
            )
        _check_severities(exclude)
        # the exam is empty in a finding about the folder
        exclude = [exam for exam in select_findings(exclude)["exam"] if exam != ""]
    ids: list[Any] = [] if exclude is None else list(exclude)
    require_text_ids(ids)
    for exam in ids:
        problem = find_id_problem(exam)
        if problem:
            raise ValueError(
                f"`exclude` must hold exam ids, but {quote(exam)} {problem}. Correct it."
            )
    return frozenset(ids)


def _check_severities(findings: pd.DataFrame) -> None:
    """Raise if no finding has a known severity: none of the exams would be left out."""
    given = list(findings["severity"].unique()) if "severity" in findings.columns else []
    if given and not set(given) & {*SEVERITIES}:
        raise ValueError(
            f"`exclude` must hold '{REJECT}' as the severity of exams to leave out, got "
            f"{name_some(given)}. Correct the column, or drop it to leave out all its exams."
        )


def _advise_on_file(given: Any) -> str:
    """What to pass instead of the name of a file, or of a single id."""
    ending = Path(given).suffix.lower() if isinstance(given, str | Path) else ""
    calls = {
        ".json": "read_json(path, dtype={'exam': str})",
        ".csv": "read_csv(path, dtype={'exam': str})",
        ".parquet": "read_parquet(path)",
    }
    known = f"Read a file with pandas, such as {calls[ending]}." if ending in calls else ""
    return known or "Pass a list."


def select_findings(
    findings: pd.DataFrame, severity: str | Iterable[str] | None = REJECT
) -> pd.DataFrame:
    """Findings that leave their exam out.

    Parameters
    ----------
    findings : DataFrame
        One row per finding or reader's mark.
    severity : str, iterable of str or None, default "reject"
        Severities that count; None for all.

    Returns
    -------
    DataFrame
        Rows of those severities; all rows if there is no column "severity". Without rows that lack
        an exam: findings about the folder, as pandas reads them from a CSV file.

    Examples
    --------
    >>> marks = pd.DataFrame({"exam": ["a", "b"], "severity": ["agree", "reject"]})
    >>> select_findings(marks)["exam"].tolist()
    ['b']
    """
    findings = findings[findings["exam"].notna()]
    if severity is None or "severity" not in findings.columns:
        return findings
    wanted = [severity] if isinstance(severity, str) else list(severity)
    return findings[findings["severity"].isin(wanted)]


def require_text_ids(ids: Iterable[Any]) -> None:
    """Raise unless the ids of `exclude` are text.

    Parameters
    ----------
    ids : iterable
        Exam ids.

    Raises
    ------
    TypeError
        The message says how to read them from a file.

    Examples
    --------
    >>> require_text_ids(["0003"])
    """
    for exam in ids:
        if not isinstance(exam, str):
            advice = (
                "Make a table of such records: pandas.DataFrame(records)."
                if isinstance(exam, Mapping)
                else "Read the file with dtype={'exam': str}."
            )
            raise TypeError(f"`exclude` must hold exam ids as text, got {quote(exam)}. {advice}")
