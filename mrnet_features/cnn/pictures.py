"""Slices of one series of all exams, at one resolution."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import delayed

from mrnet_features.arrays import Int64Array, UInt8Array
from mrnet_features.cnn.libraries import import_torch
from mrnet_features.data.exam import Exam
from mrnet_features.extraction.read import list_stacks
from mrnet_features.jobs import run_jobs

__all__ = ["Pictures", "read_pictures", "resize"]


@dataclass(frozen=True, eq=False)
class Pictures:
    """Slices of one series of several exams.

    Attributes
    ----------
    series : str
    values : ndarray of shape (n_slices of all exams, resolution, resolution), uint8
    starts : ndarray of shape (n_exams + 1,), int64
        First slice of each exam, and the number of all slices. An exam without the series has no
        slice.
    """

    series: str
    values: UInt8Array
    starts: Int64Array

    def __len__(self) -> int:
        return len(self.starts) - 1

    def get(self, row: int) -> UInt8Array:
        """Slices of one exam."""
        return self.values[self.starts[row] : self.starts[row + 1]]

    def list_present(self, rows: Sequence[int]) -> list[int]:
        """Those of some rows that have the series."""
        return [row for row in rows if self.starts[row] < self.starts[row + 1]]

    def hash(self) -> str:
        """BLAKE2 hash of all pixels, 32 hexadecimal digits."""
        digest = hashlib.blake2b(self.starts.tobytes(), digest_size=16)
        digest.update(np.ascontiguousarray(self.values))
        return digest.hexdigest()


def read_pictures(
    exams: Sequence[Exam], series: str, resolution: int, n_jobs: int | None = None
) -> Pictures:
    """Read one series of all exams and resize its slices.

    Parameters
    ----------
    exams : sequence of Exam
    series : str
    resolution : int
        Rows and columns.
    n_jobs : int, optional
        Parallel processes, to decode DICOM and NIfTI files.

    Returns
    -------
    Pictures
        In the order of the exams.

    Raises
    ------
    OSError, ValueError
        As `Exam.load`.
    """
    present = [series in list_stacks(exam) for exam in exams]
    jobs = (
        delayed(_read_exam)(exam, series, resolution)
        for exam, has_it in zip(exams, present, strict=True)
        if has_it
    )
    # arrays are read faster than they travel between processes
    decodes = any(exam.is_scanned(series) for exam in exams)
    stacks = iter(list(run_jobs(jobs, n_jobs if decodes else 1)))
    nothing = np.empty((0, resolution, resolution), np.uint8)
    parts = [next(stacks) if has_it else nothing for has_it in present]
    starts = np.cumsum([0, *map(len, parts)], dtype=np.int64)
    return Pictures(series, np.concatenate([nothing, *parts]), starts)


def resize(stack: UInt8Array, resolution: int) -> UInt8Array:
    """Slices as squares of a resolution, smoothed before they are made smaller.

    Parameters
    ----------
    stack : ndarray of shape (n_slices, height, width), uint8
        Made square with black pixels first, on both sides of the shorter one.
    resolution : int

    Returns
    -------
    ndarray of shape (n_slices, resolution, resolution), uint8
    """
    height, width = stack.shape[1:]
    side = max(height, width)
    if height != width:
        top, left = (side - height) // 2, (side - width) // 2
        margins = ((0, 0), (top, side - height - top), (left, side - width - left))
        stack = np.pad(stack, margins)
    if side == resolution:
        return np.ascontiguousarray(stack)
    torch = import_torch()
    with torch.no_grad():  # each pixel is a sum of its own: threads change no bit
        grey = torch.from_numpy(np.array(stack, dtype=np.float32))[:, None]
        size = (resolution, resolution)
        small = torch.nn.functional.interpolate(
            grey, size, mode="bilinear", align_corners=False, antialias=True
        )
        resized: Any = small[:, 0].round().clamp(0, 255).to(torch.uint8).numpy()
    return np.ascontiguousarray(resized)


def _read_exam(exam: Exam, series: str, resolution: int) -> UInt8Array:
    return resize(exam.load(series), resolution)
