"""Tables as text for a terminal."""

from __future__ import annotations

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
