"""What a measure found, or why it can't be measured; a section of a report goes on without it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from mrnet_features.messages import describe_cause

__all__ = ["Refusal", "attempt"]

T = TypeVar("T")

LONGEST_REASON = 400
"""Most characters of a reason."""


class Refusal(NamedTuple):
    """Why something can't be measured.

    Attributes
    ----------
    reason : str
        As a sentence.
    """

    reason: str


def attempt(measure: Callable[[], T]) -> T | Refusal:
    """Result of a measure, or why the data don't allow it.

    Warnings of this library, such as of few exams, are not passed on: the page says in words what
    they say. Those of other packages are.

    Parameters
    ----------
    measure : callable without arguments

    Returns
    -------
    object or Refusal
        A Refusal if it raised a ValueError. Other errors are passed on.

    Examples
    --------
    >>> attempt(lambda: float("none"))
    Refusal(reason="could not convert string to float: 'none'")
    """
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=UserWarning, module="mrnet_features")
            return measure()
    except ValueError as error:
        notes = "; ".join(getattr(error, "__notes__", []))
        reason = describe_cause(error, LONGEST_REASON)
        return Refusal(f"{reason} ({notes})" if notes else reason)
