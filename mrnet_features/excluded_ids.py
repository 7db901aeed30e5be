"""Which rows of a table of findings leave an exam out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from mrnet_features.messages import quote

__all__ = ["REJECT", "require_text_ids", "select_findings"]

REJECT = "reject"
"""Severity of findings and reader's marks that leave their exam out."""


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
        Rows of those severities; all rows if there is no column "severity".

    Examples
    --------
    >>> marks = pd.DataFrame({"exam": ["a", "b"], "severity": ["agree", "reject"]})
    >>> select_findings(marks)["exam"].tolist()
    ['b']
    """
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
