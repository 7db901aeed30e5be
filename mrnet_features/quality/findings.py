"""What the audit can say: codes, severities, and one finding."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd

CODES = {
    "label-file": "A label file or line is not as the release has it.",
    "label-missing": "An exam has no label for a task.",
    "label-conflict": "A tear without abnormality; value: none.",
    "stack-file": "A file can't be read as a uint8 stack, or is misnamed.",
    "stack-missing": "An exam has no stack for a plane.",
    "blank-slices": "Slices without contrast; value: how many.",
    "repeated-slices": "Slices equal to the one before; value: how many.",
    "saturated": "Much of the leg at grey level 255; value: fraction of the leg.",
    "ghosting": "Displaced copies in the air beside the leg; value: part of the leg's grey level.",
    "out-of-view": "The knee is not where it is in the other exams; value: robust SDs from them.",
    "orientation": "Turned, or another plane's picture; value: robust SDs before turning.",
    "noise": "Far noisier than the rest of its plane; value: robust SDs.",
    "blur": "Far more blurred than the rest of its plane; value: robust SDs.",
    "slice-count": "Fewer than half or more than twice the usual slices; value: slices.",
    "duplicate": "The same pixels as another stack; value: 1.",
    "near-duplicate": "The same picture as another stack; value: correlation.",
}
FOLDER_CODES = tuple(code for code in CODES if code.startswith(("label-", "stack-")))
SET_CODES = ("out-of-view", "orientation", "noise", "blur", "slice-count")
"""Codes judged against the other exams of a plane, where there are enough of them."""
COLUMNS = ("exam", "plane", "code", "severity", "value", "advice")


class Finding(NamedTuple):
    """One thing that a reader would object to.

    Attributes
    ----------
    exam, plane : str
        Whose stack; empty where it concerns none in particular.
    code : str
        A key of `CODES`.
    severity : {"reject", "check"}
        Leave the exam out, or look at it.
    value : float
        As `CODES` says; NaN where there is none.
    advice : str
        What was found and what to do.
    """

    exam: str
    plane: str
    code: str
    severity: str
    value: float
    advice: str


def choose_codes(codes: str | Iterable[str] | None, skip: str | Iterable[str]) -> tuple[str, ...]:
    """Codes to look for, in the order of `CODES`.

    Parameters
    ----------
    codes : str, iterable of str or None
        None for all.
    skip : str or iterable of str
        Codes to leave out of them.

    Returns
    -------
    tuple of str

    Raises
    ------
    ValueError
        If a code does not exist, or none is left to look for.

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
            f"`codes` and `skip` must hold some of {', '.join(CODES)}, got {unknown[0]!r}."
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


def tabulate(findings: Iterable[Finding], codes: Iterable[str]) -> pd.DataFrame:
    """Table of the findings that have one of the codes, by exam, plane and code.

    Parameters
    ----------
    findings : iterable of Finding
    codes : iterable of str

    Returns
    -------
    DataFrame
        Columns exam, plane, code, severity, value (float64), advice; one row a finding. Those
        alike in exam, plane and code stay in the order given.
    """
    order, wanted = list(CODES), set(codes)
    kept = [finding for finding in findings if finding.code in wanted]
    kept.sort(key=lambda found: (found.exam, found.plane, order.index(found.code)))
    table = pd.DataFrame(kept, columns=list(COLUMNS))
    return table.astype({"value": "float64"})
