"""Tables as text for a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from mrnet_features.report.doctor import Finding


def format_summary(summary: pd.DataFrame) -> str:
    """Summary of an evaluation as text: AUCs to three figures.

    Parameters
    ----------
    summary : DataFrame
        As `Evaluation.summary` returns it.

    Returns
    -------
    str
    """
    shown = summary.rename(columns={"ci_low": "95 % low", "ci_high": "high"})
    return shown.to_string(
        float_format=lambda value: f"{value:.0f}" if value == round(value) > 1 else f"{value:.3f}"
    )


def format_findings(findings: Sequence[Finding]) -> str:
    """Findings as lines: state, subject, what was found, and advice where there is any.

    Parameters
    ----------
    findings : sequence of Finding

    Returns
    -------
    str

    Examples
    --------
    >>> print(format_findings([Finding("numpy", "ok", "2.5")]))
    ok        numpy           2.5
    """
    lines: list[str] = []
    for finding in findings:
        lines.append(f"{finding.state:<9} {finding.subject:<15} {finding.found}".rstrip())
        if finding.advice:
            lines.append(f"{'':<26}{finding.advice}")
    return "\n".join(lines)


def format_audit(findings: pd.DataFrame) -> str:
    """Findings of an audit as lines, the ones to reject first, and how many there are.

    Parameters
    ----------
    findings : DataFrame
        As `audit` returns it.

    Returns
    -------
    str

    Examples
    --------
    >>> columns = ["exam", "plane", "code", "severity", "value", "advice"]
    >>> row = ["0042", "axial", "blank-slices", "check", 2.0, "Copy the file."]
    >>> print(format_audit(pd.DataFrame([row], columns=columns)))
    check   0042  axial     blank-slices     2       Copy the file.
    1 finding on 1 exam: 0 to reject, 1 to check.
    """
    lines = []
    ordered = findings.sort_values("severity", ascending=False, kind="stable")
    for exam, plane, code, severity, value, advice in ordered.itertuples(index=False):
        shown = "" if math.isnan(value) else f"{value:.3g}"
        place = f"{exam or '-':<5} {plane or '-':<9}"
        lines.append(f"{severity:<7} {place} {code:<16} {shown:<7} {advice}")
    n_findings, n_exams = len(findings), findings.loc[findings["exam"] != "", "exam"].nunique()
    n_rejected = int((findings["severity"] == "reject").sum())
    lines.append(
        f"{n_findings} finding{'s' * (n_findings != 1)} on {n_exams} exam{'s' * (n_exams != 1)}: "
        f"{n_rejected} to reject, {n_findings - n_rejected} to check."
    )
    return "\n".join(lines)
