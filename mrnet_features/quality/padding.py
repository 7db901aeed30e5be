"""Padding: the frame of 0 around a stack whose field of view is smaller than the picture.

The reader pads a narrow field of view to the size of all pictures. The frame is not air: air has
noise, so the border between the two is an edge, in line with the leg and the same on all slices.
What is measured in the air or across edges is therefore measured on the scanned part.
"""

from __future__ import annotations

import numpy as np

from mrnet_features.arrays import UInt8Array

MIN_SCANNED = 0.25  # of height and width; less is a dark picture, not a narrow field of view


def find_scanned_part(grey: UInt8Array) -> tuple[slice, slice]:
    """Rows and columns between those at the borders that are 0 on all slices.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
        Grey levels 0 to 255.

    Returns
    -------
    rows, columns : slice
        The whole picture if less than a quarter of the height or of the width is left.

    Examples
    --------
    >>> grey = np.zeros((2, 8, 8), np.uint8)
    >>> grey[:, 1:6, 2:8] = 5
    >>> find_scanned_part(grey)
    (slice(1, 6, None), slice(2, 8, None))
    """
    whole = slice(0, grey.shape[1]), slice(0, grey.shape[2])
    if not grey.size:
        return whole
    shown = grey.max(axis=0)
    lines = [np.flatnonzero(shown.max(axis=1 - axis)) for axis in (0, 1)]
    if not all(line.size for line in lines):
        return whole
    rows, columns = (slice(int(line[0]), int(line[-1]) + 1) for line in lines)
    for part, size in zip((rows, columns), shown.shape, strict=True):
        if part.stop - part.start < MIN_SCANNED * size:
            return whole
    return rows, columns


def fill_frame(grey: UInt8Array, part: tuple[slice, slice]) -> UInt8Array:
    """Pictures whose frame repeats the outermost rows and columns of a part of them.

    A frame of 0 is darker than air, and would pass for a class of its own beside air and leg.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
    part : tuple of slice
        Rows and columns, as from `find_scanned_part`.

    Returns
    -------
    ndarray of the shape of `grey`, uint8

    Examples
    --------
    >>> fill_frame(np.array([[[0, 3, 4, 0]]], np.uint8), (slice(0, 1), slice(1, 3)))
    array([[[3, 3, 4, 4]]], dtype=uint8)
    """
    frame = [
        (lines.start, size - lines.stop) for lines, size in zip(part, grey.shape[1:], strict=True)
    ]
    return np.pad(grey[:, part[0], part[1]], [(0, 0), *frame], mode="edge")
