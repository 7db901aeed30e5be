"""Codes and severities of findings in words."""

from __future__ import annotations

__all__ = ["name_code", "name_severity"]

WORDS = {
    "label-file": "label file differs from the release",
    "label-missing": "label missing",
    "label-conflict": "tear labelled, but not abnormal",
    "stack-file": "file can't be read as a stack",
    "stack-missing": "no stack of a plane",
    "blank-slices": "slices without contrast",
    "repeated-slices": "repeated slices",
    "saturated": "much of the leg saturated",
    "ghosting": "ghosting: displaced copies of the leg",
    "out-of-view": "joint at the edge of the picture, or outside",
    "orientation": "turned, or another plane",
    "few-slices": "fewer than eight slices: a localiser?",
    "body-part": "unlike a knee",
    "weighting": "picture contradicts the weighting in the name",
    "noise": "far noisier than the others",
    "blur": "far more blurred than the others",
    "slice-count": "unusual number of slices",
    "duplicate": "same pixels as another stack",
    "near-duplicate": "same picture as another stack",
    "header-plane": "header tells another plane",
    "header-weighting": "header contradicts the weighting in the name",
    "header-side": "side contradicts itself",
    "header-body-part": "header names another part of the body",
    "header-localiser": "localiser, by its header",
    "reader": "marked by a reader",
}
SEVERITIES = {"reject": "to reject", "check": "to look at"}


def name_code(code: str) -> str:
    """Code of a finding in words; a code that is unknown, of one's own, stays as it is.

    Examples
    --------
    >>> name_code("blank-slices"), name_code("my-own")
    ('slices without contrast', 'my-own')
    """
    return WORDS.get(code, code)


def name_severity(severity: str) -> str:
    """Severity of a finding in words.

    Examples
    --------
    >>> name_severity("reject"), name_severity("agree")
    ('to reject', 'agree')
    """
    return SEVERITIES.get(severity, severity)
