"""Side of the knee in words; nothing where it is not known."""

from __future__ import annotations

from mrnet_features.data.exam import Exam
from mrnet_features.extraction.read import ExamLike, hold_stacks
from mrnet_features.report.viewer.geometry import is_scanned
from mrnet_features.series.side import Side

__all__ = ["find_side", "say_side"]

SOURCES = {"tag": "by a tag of the files", "given": "as given"}


def find_side(exam: ExamLike) -> Side | None:
    """Side of the knee of an exam, from what was given or from headers.

    Parameters
    ----------
    exam : Exam or mapping of series to stack

    Returns
    -------
    Side or None
        None for arrays without a side, as those of MRNet.

    Raises
    ------
    OSError, ValueError, ModuleNotFoundError
        As `Exam.find_side`.
    """
    held = exam if isinstance(exam, Exam) else hold_stacks(exam)
    side = held.find_side()
    if side.name == "unknown" and not any(is_scanned(exam, series) for series in held.paths):
        return None
    return side


def say_side(side: Side | None) -> str:
    """Side in words, with how it was found; empty for None.

    Examples
    --------
    >>> say_side(Side("left", "tag", 0.99))
    'Left knee, by a tag of the files.'
    >>> say_side(Side("right", "position", 0.9))
    'Probably the right knee, by its position in the scanner.'
    >>> say_side(Side()), say_side(Side(warnings=("Series differ.",)))
    ('Side of the knee unknown.', 'Side of the knee unknown. Series differ.')
    """
    if side is None:
        return ""
    if side.name == "unknown":
        return " ".join(["Side of the knee unknown.", *side.warnings])
    if side.source == "position":
        return f"Probably the {side.name} knee, by its position in the scanner."
    return f"{side.name.capitalize()} knee, {SOURCES[side.source]}."
