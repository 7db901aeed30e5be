"""Where a series lies in the patient, from the headers of its files."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mrnet_features.data.exam import Exam
from mrnet_features.data.study_exam import StudyExam
from mrnet_features.extraction.read import ExamLike
from mrnet_features.names import parse_series
from mrnet_features.series.dicom_series import read_dicom_volume
from mrnet_features.series.fetching import fetch
from mrnet_features.series.first_picture import read_pictures
from mrnet_features.series.load import read_volume
from mrnet_features.series.volume import Volume

__all__ = ["EDGES", "Geometry", "find_geometry", "is_scanned"]

EDGES = {"axial": ("R", "L"), "coronal": ("R", "L"), "sagittal": ("A", "P")}
"""What lies to the left and right of slices as `load_series` turns them: the patient's right and
left, or front (anterior) and back (posterior)."""

AXIS_ACROSS = {"sagittal": 0, "coronal": 1, "axial": 2}
"""Axis of patient coordinates along which the slices of a plane follow each other."""

UP = 2


class Geometry(NamedTuple):
    """Where the pixels of a stack lie, in mm in patient coordinates.

    Attributes
    ----------
    positions : tuple of float
        Middle of each slice along the axis of its plane: to the left, to the back, or up.
    middle : float
        Height of the middle of the middle slice.
    pixel_mm : float
        Distance of rows and columns of the stack.
    """

    positions: tuple[float, ...]
    middle: float
    pixel_mm: float


def is_scanned(exam: ExamLike, series: str) -> bool:
    """Whether a series is read from DICOM or NIfTI, and so turned into a known orientation.

    Parameters
    ----------
    exam : Exam or mapping of series to stack
    series : str

    Returns
    -------
    bool
    """
    return isinstance(exam, Exam) and exam.is_scanned(series)


def find_geometry(exam: ExamLike, series: str) -> Geometry | None:
    """Where a series of an exam lies; no pixel is read.

    Parameters
    ----------
    exam : Exam or mapping of series to stack
    series : str

    Returns
    -------
    Geometry or None
        None for stacks without geometry, such as those of MRNet, and for files that do not say
        where their slices lie.

    Raises
    ------
    OSError, ValueError, ModuleNotFoundError
        As `load_series`.
    """
    if not isinstance(exam, Exam) or not is_scanned(exam, series):
        return None
    plane = parse_series(series).plane
    volume = _read_volume(exam, series, plane)
    if volume.directions is None or volume.positions is None:
        return None
    half = [(n - 1) / 2 * mm for n, mm in zip(volume.shape, volume.pixel_mm, strict=True)]
    right, down = np.array(volume.directions.right), np.array(volume.directions.down)
    middles = volume.positions + down * half[0] + right * half[1]
    positions = tuple(round(float(mm), 2) for mm in middles[:, AXIS_ACROSS[plane]])
    middle = round(float(middles[len(middles) // 2, UP]), 2)
    return Geometry(positions, middle, exam.scale.pixel_mm)


def _read_volume(exam: Exam, series: str, plane: str) -> Volume:
    """Slices whose pixels are not read yet."""
    if isinstance(exam, StudyExam):
        paths = exam.list_files(series)
        files = list(read_pictures(paths))
        return read_dicom_volume(files, str(paths[0].parent), plane)
    with fetch(exam.paths[series]) as path:
        return read_volume(path, plane, spacing_mm=exam.find_spacing(series))
