"""Volume: slices of one orientation as a file holds them, before they are turned and resampled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mrnet_features.arrays import Float64Array

Image: TypeAlias = NDArray[np.float32]
"""One slice of shape (rows, columns)."""

MOST_PIXELS = 2**29
"""Most pixels of a series: over 500 slices of 1,024 x 1,024 pixels."""

LONGEST_SIDE = 4096
"""Most rows and columns of a slice."""

MOST_SLICES = 2048
"""Most slices of a series, repeats and echoes included."""

LEAST_MM, MOST_MM = 0.02, 10.0
"""Range of the distance of rows and columns; knees have 0.1 to 1.5 mm."""


class Directions(NamedTuple):
    """Unit vectors in patient coordinates (left, posterior, superior).

    Attributes
    ----------
    right : tuple of 3 floats
        From a pixel to the next column.
    down : tuple of 3 floats
        From a pixel to the next row.
    """

    right: tuple[float, float, float]
    down: tuple[float, float, float]


class Weighting(NamedTuple):
    """What the tags say of the contrast; None where they do not say.

    Attributes
    ----------
    fat_suppressed : bool or None
    fluid_bright : bool or None
    source : str
        Names of the tags that it was found in.
    """

    fat_suppressed: bool | None = None
    fluid_bright: bool | None = None
    source: str = ""


@dataclass
class Volume:
    """Slices in their order, to be read one by one.

    Attributes
    ----------
    n_slices : int
    shape : tuple of 2 ints
        Rows and columns of each slice.
    pixel_mm : tuple of 2 floats
        Distance of rows, and of columns.
    read : callable
        Index of a slice -> ndarray of shape (rows, columns), float32: high values are bright, and
        pixels outside the scanned area are NaN.
    directions : Directions or None
        None if the file does not say.
    positions : ndarray of shape (n_slices, 3), float64, or None
        Patient coordinates in mm of the middle of the first pixel of each slice.
    gap_mm : float
        Distance of slices, NaN if unknown.
    side_tags : frozenset of str
        "left" and "right", as tags say.
    maker : str
        Maker of the scanner, such as "Siemens", or empty.
    weighting : Weighting
    steps : dict
        What was done so far, for the recipe.
    warnings : list of str
    """

    n_slices: int
    shape: tuple[int, int]
    pixel_mm: tuple[float, float]
    read: Callable[[int], Image]
    directions: Directions | None = None
    positions: Float64Array | None = None
    gap_mm: float = float("nan")
    side_tags: frozenset[str] = frozenset()
    maker: str = ""
    weighting: Weighting = field(default_factory=Weighting)
    steps: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def find_size_problem(n_slices: int, rows: int, columns: int) -> str | None:
    """Why pictures of a size are not read, or None; checked before a pixel is decoded.

    Parameters
    ----------
    n_slices, rows, columns : int

    Returns
    -------
    str or None
        The end of a sentence that begins with the file.

    Examples
    --------
    >>> find_size_problem(30, 512, 512)
    >>> find_size_problem(30, 512, 0)
    'must have at least one slice, row and column, got 30 slices of 512 x 0 pixels'
    """
    got = f"got {n_slices} slices of {rows} x {columns} pixels"
    if min(n_slices, rows, columns) < 1:
        return f"must have at least one slice, row and column, {got}"
    if max(rows, columns) > LONGEST_SIDE or n_slices > MOST_SLICES:
        return f"must have at most {MOST_SLICES} slices of {LONGEST_SIDE} rows and columns, {got}"
    if n_slices * rows * columns > MOST_PIXELS:
        return f"must have at most {MOST_PIXELS} pixels, {got}"
    return None


def find_spacing_problem(pixel_mm: tuple[float, float]) -> str | None:
    """Why a distance of rows and columns can't be that of a knee, or None.

    Parameters
    ----------
    pixel_mm : tuple of 2 floats

    Returns
    -------
    str or None
        The end of a sentence that begins with the file.
    """
    if all(LEAST_MM <= mm <= MOST_MM for mm in pixel_mm):
        return None
    return (
        f"must have rows and columns {LEAST_MM} to {MOST_MM:g} mm apart, got "
        f"{pixel_mm[0]:g} and {pixel_mm[1]:g}"
    )
