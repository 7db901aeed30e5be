"""Rules for the text of one exam id."""

from __future__ import annotations

import re

__all__ = ["LONGEST_ID", "find_id_problem"]

LONGEST_ID = 200
"""Most characters of an exam id: long enough for three DICOM UIDs."""

NOT_IDS = {"nan", "none", "<na>", "nat", "true", "false", "inf", "-inf", "infinity", "-infinity"}
"""Text that programs write for a missing value, a truth value or infinity."""

# 12e34 is no decimal number here: sets with hexadecimal ids hold such ids
DECIMAL = re.compile(r"[+-]?(([0-9]+\.[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[0-9]+[eE][+-][0-9]+)")


def find_id_problem(text: str) -> str | None:
    """Problem of one exam id, or None.

    Parameters
    ----------
    text : str
        Exam id as it was read.

    Returns
    -------
    str or None
        The end of a sentence that begins with the id: what it must be and what to do.

    Examples
    --------
    >>> find_id_problem("0042"), find_id_problem("knee 7, left"), find_id_problem("1.2.840.113")
    (None, None, None)
    >>> find_id_problem("7.0")
    'is a decimal number, not an exam id; write ids as text'
    """
    if text.isascii() and text.isdecimal() and len(text) <= LONGEST_ID:
        return None
    if not text or text != text.strip():
        return "must not be empty or begin or end with a space" if text else "is empty"
    if len(text) > LONGEST_ID:
        return f"must have at most {LONGEST_ID} characters, got {len(text)}"
    if not text.isprintable():
        return "must not hold control characters"
    if not text.isascii() and any(c.isdigit() and not c.isascii() for c in text):
        return "must be written with the digits 0 to 9, got other Unicode digits"
    if DECIMAL.fullmatch(text):
        return "is a decimal number, not an exam id; write ids as text"
    if text.lower() in NOT_IDS:
        return "stands for a missing value or is no id"
    return None
