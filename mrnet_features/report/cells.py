"""Numbers as a reader sees them in texts and tables of a page."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["count", "number", "with_interval"]


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
