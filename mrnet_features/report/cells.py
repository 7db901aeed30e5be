"""Numbers as a reader sees them in texts and tables of a page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

__all__ = ["SMALLEST_P", "count", "list_ids", "number", "say_p", "with_interval"]

MOST_IDS = 12
"""Most ids in a text."""

SMALLEST_P = 0.001
"""Smaller p values are not told apart."""


def with_interval(value: float, row: Any, form: str) -> str:
    """Value with its confidence interval, as far as there is one.

    Examples
    --------
    >>> with_interval(0.5, {"ci_low": 0.4, "ci_high": 0.6}, "{:.0%}")
    '50% (40% to 60%)'
    """
    if not math.isfinite(value):
        return "-"
    if not math.isfinite(row["ci_low"]):
        return form.format(value)
    return f"{form.format(value)} ({form.format(row['ci_low'])} to {form.format(row['ci_high'])})"


def count(n: int, noun: str) -> str:
    """Number with its noun.

    Examples
    --------
    >>> count(1, "exam"), count(1250, "exam")
    ('1 exam', '1,250 exams')
    """
    return f"{n:,} {noun}{'s' * (n != 1)}"


def number(value: float, digits: int) -> str:
    """Number with some digits; "-" if it is not finite.

    Examples
    --------
    >>> number(2.346, 2), number(math.inf, 2)
    ('2.35', '-')
    """
    return f"{value:.{digits}f}" if math.isfinite(value) else "-"


def list_ids(ids: Sequence[Any]) -> str:
    """Ids of exams, the first twelve of them.

    Examples
    --------
    >>> list_ids(["0003", "0042"])
    '0003, 0042'
    >>> list_ids([f"{k:04d}" for k in range(20)])[-20:]
    '010, 0011 and 8 more'
    """
    shown = ", ".join(map(str, ids[:MOST_IDS]))
    return shown if len(ids) <= MOST_IDS else f"{shown} and {len(ids) - MOST_IDS:,} more"


def say_p(p: float) -> str:
    """P value with three digits; "-" if there is none.

    Examples
    --------
    >>> say_p(0.04321), say_p(1e-9), say_p(math.nan)
    ('0.043', '< 0.001', '-')
    """
    return f"< {SMALLEST_P}" if p < SMALLEST_P else number(p, 3)
