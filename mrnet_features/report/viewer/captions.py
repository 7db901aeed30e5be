"""Sentences below the pictures of the viewer: what was done to pixels, and what is linked."""

from __future__ import annotations

from collections.abc import Sequence

from mrnet_features.extraction.read import ExamLike, list_stacks
from mrnet_features.report.viewer.geometry import is_scanned
from mrnet_features.report.viewer.hanging import are_named

__all__ = ["write_caption"]

STORED = "Pixels as stored, nothing flipped, each stack with its own window."

SCANNED = (
    "Series from DICOM and NIfTI are turned as radiologists hang them and resampled to one pixel "
    "size, each with its own window. R and L are the patient's right and left, A and P front and "
    "back."
)

BY_JOINT_LINE = (
    "Height is linked: rows of coronal and sagittal slices by the joint line (dotted), axial "
    "slices by their fraction of the stack; V flips the axial stack, as slices run either way."
)

BY_POSITION = (
    "Heights and the slices of one plane are linked by their positions in mm, as the files give "
    "them; if the patient moved between series, the link is off."
)

UNKNOWN = (
    "Left and right, front and back can't be linked, and there is no scale in mm, because {who} "
    "no geometry."
)

BY_FRACTION = (
    "Slices of one plane are linked by their fraction of the stack (K), so they match only "
    "roughly: series cover different parts of the knee, and may run either way."
)

OVERLAYS = (
    "Regions end at the outline of the leg. Fluid is all that is as bright as fluid; {fat}. The "
    "band is the darkest line of a slice at the slope of the anterior cruciate ligament, whether "
    "it is the ligament or not. For research, not for diagnosis."
)

WITH_FAT = "without fat saturation that includes fat"
BY_NAME = "it is looked for on fluid-sensitive series only"


def write_caption(exams: Sequence[ExamLike]) -> str:
    """Caption of the pictures of some exams; no file is read.

    Parameters
    ----------
    exams : sequence of Exam or mapping of series to stack

    Returns
    -------
    str

    Examples
    --------
    >>> write_caption([{"axial": None}])[:54]
    'Pixels as stored, nothing flipped, each stack with its'
    >>> "by their fraction of the stack (K)" in write_caption([{"axial_fluid": None}])
    True
    """
    scanned = {is_scanned(exam, series) for exam in exams for series in list_stacks(exam)}
    is_hung = any(are_named(list_stacks(exam)) for exam in exams)
    parts = [SCANNED, BY_POSITION] if True in scanned else []
    if scanned != {True}:
        who = "arrays have" if is_hung or parts else "MRNet stores"
        parts += ["Of arrays:"] if parts else []
        parts += [STORED, BY_JOINT_LINE]
        parts += [BY_FRACTION] if is_hung else []
        parts.append(UNKNOWN.format(who=who))
    parts.append(OVERLAYS.format(fat=BY_NAME if is_hung else WITH_FAT))
    return " ".join(parts)
