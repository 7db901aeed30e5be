"""Exams to leave out, from a table of findings or a list of ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from mrnet_features.ids.checks import check_ids
from mrnet_features.ids.excluded import REJECT, require_text_ids, select_findings
from mrnet_features.messages import name_some, quote

__all__ = ["LISTED", "read_excluded"]

LISTED = "listed"
"""Code of exams that were given as ids."""


def read_excluded(
    exclude: Any, exams: pd.Index[Any], severity: str | Iterable[str] | None = REJECT
) -> dict[Any, list[str]]:
    """Codes of each excluded exam.

    Parameters
    ----------
    exclude : DataFrame, list of dict, or iterable of exam ids
        Findings with the columns exam, code and severity, as of `audit` or a reader's marks, also
        as read from their JSON; findings without an exam, and of exams that are not in `exams`,
        are passed over. Ids must all be in `exams`.
    exams : Index
        Exams of the evaluation.
    severity : str, iterable of str or None, default "reject"
        Severities of the findings that count; None for all.

    Returns
    -------
    dict of exam id to list of str
        In the order of `exams`. The code of ids is `LISTED`.

    Raises
    ------
    TypeError
        If `exclude` is of another kind, or its findings hold numbers where the evaluation has
        exam ids as text.
    ValueError
        If a column is missing, an id is unknown, or no exam is left out.

    Examples
    --------
    >>> findings = pd.DataFrame(
    ...     {"exam": ["a", "a", "b"], "code": ["blank", "blur", "blur"],
    ...      "severity": ["reject", "reject", "check"]})
    >>> read_excluded(findings, pd.Index(["a", "b"]))
    {'a': ['blank', 'blur']}
    """
    if isinstance(exclude, str | bytes | Mapping) or not isinstance(exclude, Iterable):
        raise TypeError(
            "`exclude` must be a table of findings or a list of exam ids, got "
            f"{type(exclude).__name__}. Pass what `audit` returned, or [{quote(exams[0])}]."
        )
    if isinstance(exclude, pd.Series | pd.Index):
        exclude = exclude.tolist()
    if not isinstance(exclude, pd.DataFrame):
        members = list(exclude)
        if not members or not all(isinstance(member, Mapping) for member in members):
            return _read_ids(members, exams)
        exclude = pd.DataFrame(members)
    missing = [name for name in ("exam", "code", "severity") if name not in exclude.columns]
    if missing:
        raise ValueError(
            f"`exclude` must have the columns exam, code and severity, but has no "
            f"{name_some(missing)}. Pass a table of `audit`, or a list of exam ids."
        )
    rows = select_findings(exclude, severity)
    if all(isinstance(exam, str) for exam in exams):
        require_text_ids(rows["exam"])
    found = {
        exam: list(dict.fromkeys(map(str, part["code"])))
        for exam, part in rows[rows["exam"].isin(exams)].groupby("exam", sort=False)
    }
    if not found:
        counts = exclude["severity"].value_counts()
        listed = ", ".join(f"{quote(str(name))} {n}" for name, n in counts.items()) or "none"
        others = rows.loc[rows["exam"] != "", "exam"].unique().tolist()
        advice = "Pass another `severity`, or there is nothing to leave out."
        if others:
            advice = f"Those of exams such as {quote(others[0])} are not in the evaluation."
        raise ValueError(
            f"`exclude` must flag an exam of the evaluation with severity {severity!r}, got "
            f"{len(exclude)} findings ({listed}). {advice}"
        )
    return {exam: found[exam] for exam in exams if exam in found}


def _read_ids(members: list[Any], exams: pd.Index[Any]) -> dict[Any, list[str]]:
    if members:
        check_ids("`exclude`", members)
    unknown = [exam for exam in dict.fromkeys(members) if exam not in exams]
    if unknown or not members:
        raise ValueError(
            f"`exclude` must list exams of the evaluation, such as {quote(exams[0])}, got "
            f"{name_some(unknown) or 'none'}."
        )
    chosen = set(members)
    return {exam: [LISTED] for exam in exams if exam in chosen}
