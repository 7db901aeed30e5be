"""Headers of the series of an exam, for the audit: one file per series, and no pixel."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mrnet_features.data.exam import Exam
from mrnet_features.names import parse_series
from mrnet_features.quality.findings import Finding
from mrnet_features.series.dicom_frames import Frame, list_frames
from mrnet_features.series.dicom_tags import HEADER_TAGS
from mrnet_features.series.first_picture import read_first_picture
from mrnet_features.series.nifti import is_nifti
from mrnet_features.series.orientation import find_plane
from mrnet_features.series.side import make_side
from mrnet_features.series.weighting import find_weighting

BODY_PART = "BodyPartExamined"

LOCALISER = re.compile(r"\b(loc|localizers?|localisers?|scouts?|survey|3 ?plane|three ?plane)\b")
"""Words of a description that name a localiser."""

OTHER_PARTS = {
    "abdomen": "abdomen",
    "ankle": "ankle",
    "brain": "brain",
    "breast": "breast",
    "chest": "chest",
    "cspine": "spine",
    "elbow": "elbow",
    "foot": "foot",
    "hand": "hand",
    "head": "head",
    "heart": "heart",
    "hip": "hip",
    "lspine": "spine",
    "neck": "neck",
    "pelvis": "pelvis",
    "shoulder": "shoulder",
    "spine": "spine",
    "thorax": "chest",
    "tspine": "spine",
    "wrist": "wrist",
}
"""Parts of the body that are no knee, by words of BodyPartExamined. Others are not judged: legs and
extremities hold knees."""

KNEE_STEMS = ("knee", "knie", "genou", "rodilla", "joelho", "ginocchio")


class SeriesHeader(NamedTuple):
    """What the headers of one series say; no text of the file is kept.

    Attributes
    ----------
    exam, series : str
        Exam id, and name of the series.
    n_slices : int
        Frames of the file, or files of the folder; 0 if unknown.
    planes : tuple of str
        Planes of the pictures that were read, each once; empty if the tags do not say.
    sides : frozenset of str
        "left" and "right", as tags say.
    offset_mm : float
        Distance of the picture's middle to the patient's left from the middle of the scanner; NaN
        if unknown, or if one picture does not tell, as of sagittal series.
    fat_suppressed, fluid_bright : bool or None
        None if the tags do not say.
    source : str
        Tags that say whether fat is suppressed.
    other_part : str
        A word of `OTHER_PARTS`, or empty.
    is_localiser : bool
        Whether the description names a localiser.
    given_side : str
        Side that the exam was given, or empty.
    """

    exam: str
    series: str
    n_slices: int
    planes: tuple[str, ...]
    sides: frozenset[str]
    offset_mm: float
    fat_suppressed: bool | None
    fluid_bright: bool | None
    source: str
    other_part: str
    is_localiser: bool
    given_side: str


def read_series_headers(exam: Exam) -> tuple[list[SeriesHeader], list[Finding]]:
    """Headers of the DICOM series of an exam, and findings for those that can't be read.

    Parameters
    ----------
    exam : Exam

    Returns
    -------
    headers : list of SeriesHeader
        Only of DICOM series.
    findings : list of Finding
        With the code "stack-file".

    Raises
    ------
    ModuleNotFoundError
        If there are DICOM files and pydicom is missing.
    """
    headers: list[SeriesHeader] = []
    findings: list[Finding] = []
    for series, path in exam.paths.items():
        if not exam.is_scanned(series) or (is_nifti(path) and not path.is_dir()):
            continue
        try:
            headers.append(_read_series(exam, series))
        except ConnectionError:
            raise
        except (OSError, ValueError) as error:
            nan = float("nan")
            findings.append(Finding(exam.id, series, "stack-file", "reject", nan, str(error)))
    return headers, findings


def _read_series(exam: Exam, series: str) -> SeriesHeader:
    """Header of the first picture of a series."""
    path, paths = exam.paths[series], exam.list_files(series)
    file = read_first_picture(paths, str(path), [HEADER_TAGS[BODY_PART]])
    frames = list_frames(file)
    n_files = len(paths) if path.is_dir() or len(paths) > 1 else 0  # one file may be of many
    n_slices = len(frames) if len(frames) > 1 else n_files
    planes = dict.fromkeys(find_plane(f.directions) for f in frames if f.directions is not None)
    weighting = find_weighting(frames[0].sequence)
    given = make_side(exam.side)
    return SeriesHeader(
        exam=exam.id,
        series=series,
        n_slices=n_slices,
        planes=tuple(plane for plane in planes if plane),
        sides=frozenset().union(*(frame.sides for frame in frames)),
        offset_mm=_find_offset(frames, parse_series(series).plane),
        fat_suppressed=weighting.fat_suppressed,
        fluid_bright=weighting.fluid_bright,
        source=weighting.source.partition(",")[0],
        other_part=find_other_part(file.tags.word(BODY_PART)),
        is_localiser=bool(LOCALISER.search(_split_words(frames[0].sequence.words))),
        given_side=given.name if given.source == "given" else "",
    )


def find_other_part(text: str) -> str:
    """Part of the body that is no knee, from BodyPartExamined; empty if it may be a knee.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        A value of `OTHER_PARTS`: words of the file are not passed on.

    Examples
    --------
    >>> find_other_part("SHOULDER"), find_other_part("LOWER LEG"), find_other_part("KNEE HIP")
    ('shoulder', '', '')
    """
    words = _split_words(text).split()
    if any(word.startswith(KNEE_STEMS) for word in words):
        return ""
    return next((OTHER_PARTS[word] for word in words if word in OTHER_PARTS), "")


def _split_words(text: str) -> str:
    """Words of letters and digits, in lower case."""
    return " ".join(re.findall("[a-z]+|[0-9]+", text.lower()))


def _find_offset(frames: Sequence[Frame], plane: str) -> float:
    """Distance of the middle of the first picture from the middle of the scanner, to the left."""
    first = frames[0]
    if plane == "sagittal" or not (first.position and first.directions and first.pixel_mm):
        return math.nan
    middle = np.array(first.position)
    middle += (
        0.5 * (first.storage.columns - 1) * first.pixel_mm[1] * np.array(first.directions.right)
    )
    middle += 0.5 * (first.storage.rows - 1) * first.pixel_mm[0] * np.array(first.directions.down)
    return float(middle[0])
