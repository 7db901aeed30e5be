"""Results as text for a terminal, or as plain types for JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from mrnet_features.diagnostics.doctor import MachineCheck
    from mrnet_features.evaluation.protocol.cross_validation import Evaluation
    from mrnet_features.workflows.compare_files import FileComparison


def print_json(value: Any) -> None:
    """Print one JSON value."""
    print(json.dumps(value, indent=2))


def table_as_rows(table: pd.DataFrame) -> Any:
    """Rows of a table as dicts in plain types, numbers rounded to six decimals."""
    return json.loads(table.to_json(orient="records", double_precision=6))


def summary_as_dict(evaluation: Evaluation) -> dict[str, Any]:
    """Summary of an evaluation and the hash of its folds, in plain types."""
    from mrnet_features.workflows.plain import to_plain

    return {
        "folds_hash": evaluation.folds.hash,
        "summary": to_plain(evaluation.summary(), "index"),
    }


def format_summary(summary: pd.DataFrame) -> str:
    """Summary of an evaluation as text, AUCs with three decimals.

    Parameters
    ----------
    summary : DataFrame
        From `Evaluation.summary`.

    Returns
    -------
    str
    """
    shown = summary.rename(columns={"ci_low": "95 % low", "ci_high": "high"})
    return shown.to_string(
        float_format=lambda value: f"{value:.0f}" if value == round(value) > 1 else f"{value:.3f}"
    )


def format_importance(summary: pd.DataFrame) -> str:
    """Importance of one task as text, three decimals.

    Parameters
    ----------
    summary : DataFrame
        From `Importance.summary`.

    Returns
    -------
    str
    """
    return summary.to_string(float_format=lambda value: f"{value:.3f}")


def format_comparison(result: FileComparison) -> str:
    """Comparison of files as text: AUCs, differences and added values.

    Parameters
    ----------
    result : FileComparison

    Returns
    -------
    str
    """
    aucs = result.comparison.frame()[["auc", "se", "ci_low", "ci_high"]].reset_index()
    blocks = [_format_table(aucs), _format_table(result.comparison.summary())]
    base = next(iter(result.comparison.scores))
    for name, added_value in result.added_values.items():
        table = _format_table(added_value.summary().reset_index())
        blocks.append(f"{base} and {name} together, against {base} alone:\n{table}")
    return "\n\n".join(blocks)


def _format_table(table: pd.DataFrame) -> str:
    return table.rename(columns={"minimum_detectable_difference": "detectable"}).to_string(
        index=False, float_format=lambda value: f"{value:.3f}", na_rep="-"
    )


def format_machine_checks(checks: Sequence[MachineCheck]) -> str:
    """Machine checks as lines: state, subject, what was found, and advice if there is any.

    Parameters
    ----------
    checks : sequence of MachineCheck

    Returns
    -------
    str

    Examples
    --------
    >>> from mrnet_features.diagnostics.doctor import MachineCheck
    >>> print(format_machine_checks([MachineCheck("numpy", "ok", "2.5")]))
    ok        numpy           2.5
    """
    lines: list[str] = []
    for check in checks:
        lines.append(f"{check.state:<9} {check.subject:<15} {check.found}".rstrip())
        if check.advice:
            lines.append(f"{'':<26}{check.advice}")
    return "\n".join(lines)


def format_audit(findings: pd.DataFrame) -> str:
    """Findings of an audit as lines, exams to reject first.

    The lines are followed by the number of findings and of exams.

    Parameters
    ----------
    findings : DataFrame
        From `audit`. The number of examined exams is left out if its ``attrs`` are missing.

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
    Not checked: noise, blur. These need 20 exams per plane (axial has 2).
    """
    ordered = findings.sort_values("severity", ascending=False, kind="stable")
    lines = []
    if len(ordered):
        lines.append(_format_row("severity", "exam", "plane", "code", "value", "advice"))
    for exam, plane, code, severity, value, advice in ordered.itertuples(index=False):
        shown = "" if math.isnan(value) else f"{value:.3g}"
        lines.append(_format_row(severity, exam or "-", plane or "-", code, shown, advice))
    return "\n".join([*lines, *_count_findings(findings)])


def _format_row(severity: str, exam: str, plane: str, code: str, value: str, advice: str) -> str:
    return f"{severity:<8} {exam:<5} {plane:<9} {code:<16} {value:<7} {advice}"


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
    unjudged = describe_unjudged(findings)
    if unjudged:
        yield unjudged


def describe_unjudged(findings: pd.DataFrame) -> str:
    """Codes that an audit could not check because there were too few exams.

    Parameters
    ----------
    findings : DataFrame
        From `audit`.

    Returns
    -------
    str
        A sentence; empty if every code was checked.
    """
    examined = findings.attrs.get("examined", {})
    if not examined.get("unjudged"):
        return ""
    few = ", ".join(f"{plane} has {n}" for plane, n in examined["few"].items())
    codes = ", ".join(examined["unjudged"])
    codes = codes.replace("out-of-view", "out-of-view (except for a leg cut off at a side)")
    these = "These need" if len(examined["unjudged"]) > 1 else "It needs"
    return f"Not checked: {codes}. {these} {examined['needed']} exams per plane ({few})."
