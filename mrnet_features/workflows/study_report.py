"""The report of a study, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd

from mrnet_features.names import SPLITS

if TYPE_CHECKING:
    from mrnet_features.workflows.study import Study

PRIMARY = "lightgbm"
"""Baseline that is compared with published models."""

LEAKAGE, REPEATED = "Leakage checks", "Repeated rows"
"""Names of two parts of a study."""

NOT_RELEASE = (
    "**This is not MRNet's release (1,130 and 120 exams): the numbers only show that every "
    "step runs. They can't be compared with published ones, which are therefore not shown.**"
)


KEPT = (
    "No exam is left out because of these findings, not even those to reject. To leave exams out, "
    "name them in `--exclude` (in Python, `exclude`)."
)


def format_report(study: Study) -> str:
    """Report of a study as Markdown.

    Parameters
    ----------
    study : Study

    Returns
    -------
    str
    """
    n_train, n_valid = (study.n_exams[split] for split in SPLITS)
    parts = [
        f"# {n_train} exams in train, {n_valid} in valid",
        "" if study.is_release else NOT_RELEASE,
        *_list_missing(study),
        *_describe_folds(study),
        "## Audit",
        _count_findings(study.findings),
        KEPT if len(study.findings) else "",
    ]
    for name, scored in study.evaluations.items():
        parts += [f"## Cross-validation on train: {name}", format_table(scored.summary())]
    for name, once in study.holdouts.items():
        parts += [f"## Valid, scored once: {name}", format_table(once.summary())]
    for holdout in list(study.holdouts.values())[:1]:
        parts.append(_format_list(holdout.notes()))
    published = study.published()
    if published is not None:
        parts += [
            f"## Mean AUC of {PRIMARY} on valid minus published mean AUCs",
            format_table(published),
            "The interval covers the error of our AUC only; a published AUC has its own error.",
        ]
    if study.importance is not None:
        parts += [
            f"## Importance of the feature families to {PRIMARY}",
            format_table(study.importance.summary()),
        ]
    if study.calibration is not None:
        parts += ["## Calibration on valid", format_table(study.calibration)]
    if study.operating_points is not None:
        parts += [
            "## Thresholds chosen on train, applied to valid",
            format_table(study.operating_points),
        ]
    complete = not {LEAKAGE, REPEATED} & set(study.errors)
    parts += [
        "## Leakage checks of the feature tables",
        _format_list(study.leakage),
        "" if study.leakage else "Nothing found." if complete else "Not all checks ran.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _list_missing(study: Study) -> Iterator[str]:
    missing = study.missing()
    if missing:
        yield "**Incomplete: these parts could not be computed.**"
        yield _format_list([f"{part}: {reason}" for part, reason in missing.items()])


def _describe_folds(study: Study) -> Iterator[str]:
    for evaluation in list(study.evaluations.values())[:1]:
        folds = evaluation.folds
        yield (
            f"{folds.n_splits} folds, stratified on the joint label, hash `{folds.hash[:12]}`. "
            "MRNet has no patient ids: exams of one patient may be in different folds, so "
            "cross-validated AUCs are slightly optimistic."
        )


def format_table(frame: pd.DataFrame) -> str:
    """Table as Markdown, floats with three decimals.

    `DataFrame.to_markdown` would need tabulate.

    Parameters
    ----------
    frame : DataFrame
        The index becomes the first column.

    Returns
    -------
    str

    Examples
    --------
    >>> print(format_table(pd.DataFrame({"auc": [0.5]}, index=pd.Index(["acl"], name="task"))))
    | task | auc |
    | --- | --- |
    | acl | 0.500 |
    """
    table = frame.reset_index().astype(object)
    rows = [list(map(str, table.columns)), ["---"] * len(table.columns)]
    rows += [[_format_cell(value) for value in row] for row in table.itertuples(index=False)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _format_cell(value: Any) -> str:
    if isinstance(value, float):
        return "-" if pd.isna(value) else f"{value:.3f}"
    return "-" if value is pd.NA else str(value)


def _format_list(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _count_findings(findings: pd.DataFrame) -> str:
    """Exams by severity and code."""
    if not len(findings):
        return "Nothing found."
    counts = findings.groupby(["severity", "code"])["exam"].nunique()
    return format_table(counts.rename("exams").reset_index().set_index("severity"))
