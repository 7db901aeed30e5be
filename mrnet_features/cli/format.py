"""Tables as text for a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import pandas as pd

from mrnet_features.diagnostics.doctor import MachineCheck


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


def format_machine_checks(findings: Sequence[MachineCheck]) -> str:
    """Findings as lines: state, subject, what was found, and advice where there is any.

    Parameters
    ----------
    findings : sequence of MachineCheck

    Returns
    -------
    str

    Examples
    --------
    >>> print(format_machine_checks([MachineCheck("numpy", "ok", "2.5")]))
    ok        numpy           2.5
    """
    lines: list[str] = []
    for finding in findings:
        lines.append(f"{finding.state:<9} {finding.subject:<15} {finding.found}".rstrip())
        if finding.advice:
            lines.append(f"{'':<26}{finding.advice}")
    return "\n".join(lines)


def format_audit(findings: pd.DataFrame) -> str:
    """Findings of an audit as lines, the ones to reject first, how many, and what was examined.

    Parameters
    ----------
    findings : DataFrame
        As `audit` returns it; without its attributes, nothing is told of what was examined.

    Returns
    -------
    str

    Examples
    --------
    >>> columns = ["exam", "plane", "code", "severity", "value", "advice"]
    >>> findings = pd.DataFrame(
    ...     [["0042", "axial", "blank-slices", "check", 2.0, "Copy the file."]], columns=columns
    ... )
    >>> findings.attrs["examined"] = {
    ...     "exams": {"train": 21, "valid": 3},
    ...     "needed": 20,
    ...     "few": {"axial": 2},
    ...     "unjudged": ["noise", "blur"],
    ... }
    >>> print(format_audit(findings))
    severity exam  plane     code             value   advice
    check    0042  axial     blank-slices     2       Copy the file.
    1 finding on 1 of 24 exams (train 21, valid 3): 0 to reject, 1 to check.
    Fewer than 20 exams of a plane (axial 2): noise, blur not judged.
    """
    ordered = findings.sort_values("severity", ascending=False, kind="stable")
    lines = []
    if len(ordered):
        lines.append(_lay_out("severity", "exam", "plane", "code", "value", "advice"))
    for exam, plane, code, severity, value, advice in ordered.itertuples(index=False):
        shown = "" if math.isnan(value) else f"{value:.3g}"
        lines.append(_lay_out(severity, exam or "-", plane or "-", code, shown, advice))
    return "\n".join([*lines, *_sum_up(findings)])


def _lay_out(severity: str, exam: str, plane: str, code: str, value: str, advice: str) -> str:
    """One line of the table of an audit."""
    return f"{severity:<8} {exam:<5} {plane:<9} {code:<16} {value:<7} {advice}"


def _sum_up(findings: pd.DataFrame) -> Iterator[str]:
    """Yield how many findings there are on how many exams, and what could not be judged."""
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
    unjudged = tell_unjudged(findings)
    if unjudged:
        yield unjudged


def tell_unjudged(findings: pd.DataFrame) -> str:
    """Say what an audit could not judge for want of exams; empty if nothing.

    Parameters
    ----------
    findings : DataFrame
        As `audit` returns it.

    Returns
    -------
    str
    """
    examined = findings.attrs.get("examined", {})
    if not examined.get("unjudged"):
        return ""
    few = ", ".join(f"{plane} {n}" for plane, n in examined["few"].items())
    codes = ", ".join(examined["unjudged"])
    codes = codes.replace("out-of-view", "out-of-view (but for legs cut off)")
    return f"Fewer than {examined['needed']} exams of a plane ({few}): {codes} not judged."
