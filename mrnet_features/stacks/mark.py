"""Marks: the slices and pixels that give the value of a statistic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from scipy import ndimage

from mrnet_features.arrays import Array, BoolArray, Float64Array, UInt8Array

Segment: TypeAlias = tuple[tuple[float, float], tuple[float, float]]
"""Row and column of both ends of a line."""


class SliceMark(NamedTuple):
    """Where one slice gives a value of a statistic.

    Attributes
    ----------
    slice : int
        Index of the slice, from 0.
    value : float
        Value of the statistic on this slice; NaN if it has none per slice.
    region : str
        Name of the region, not folded, such as "back_horn_one".
    outline : ndarray of shape (height, width), bool, or None
        Pixels that give the value. None where a segment does.
    segment : pair of pairs of float, or None
        Row and column of both ends of a band.
    """

    slice: int
    value: float
    region: str
    outline: BoolArray | None = None
    segment: Segment | None = None


class FeatureMark(NamedTuple):
    """Where an exam gives the value of a feature.

    Attributes
    ----------
    column : str
        Name of the feature.
    plane : str
        Series of the exam: a plane, or a name that begins with one.
    value : float
        As in the feature table.
    slices : tuple of SliceMark
        In the order of the slices, with positions in the whole stack. Empty where the value is NaN.
    best_slice : int
        Slice to look at first; the middle one where there are no marks.
    kind : {"pixels", "segment", "region"}
        What `slices` hold: the pixels that give the value; a band; or, where no pixel gives it,
        such as no fluid, the whole region that was searched. "pixels" where there are no marks.
    """

    column: str
    plane: str
    value: float
    slices: tuple[SliceMark, ...]
    best_slice: int
    kind: Literal["pixels", "segment", "region"]


def outline_regions(
    regions: UInt8Array,
    region_names: Sequence[str],
    pixels: BoolArray,
    values: Float64Array,
) -> tuple[SliceMark, ...]:
    """Marks of the pixels of each region in each slice where the region has pixels.

    Parameters
    ----------
    regions : ndarray of shape (n_slices, height, width), uint8
        0 outside, r inside the region named ``region_names[r - 1]``.
    region_names : sequence of str, length n_regions
    pixels : ndarray of shape (n_slices, height, width), bool
        Pixels to mark; those outside all regions are left out.
    values : ndarray of shape (n_slices, n_regions), float64
        Value of each slice; NaN where there is none.

    Returns
    -------
    tuple of SliceMark
        Slice by slice. A slice without a value and without a pixel to mark is left out.

    Examples
    --------
    >>> regions = np.uint8([[[1, 1, 2]]])
    >>> pixels, values = regions == 1, np.array([[0.5, np.nan]])
    >>> [(mark.region, mark.value) for mark in outline_regions(regions, "ab", pixels, values)]
    [('a', 0.5)]
    """
    marks: list[SliceMark] = []
    for s, (inside, wanted, of_slice) in enumerate(zip(regions, pixels, values, strict=True)):
        for r, box in enumerate(ndimage.find_objects(inside)):
            if box is None:
                continue
            outline, value = np.zeros(inside.shape, bool), float(of_slice[r])
            outline[box] = wanted[box] & (inside[box] == r + 1)
            if outline[box].any() or not np.isnan(value):
                marks.append(SliceMark(s, value, region_names[r], outline))
    return tuple(marks)


def sort_marks(
    marks: Sequence[SliceMark], n_slices: int, *, by_value: bool = False
) -> tuple[SliceMark, ...]:
    """Marks with the most pixels first; of equally many, the one nearest to the middle slice.

    Parameters
    ----------
    marks : sequence of SliceMark
    n_slices : int
        Slices of the stack.
    by_value : bool, default False
        Marks with the highest values first instead.

    Returns
    -------
    tuple of SliceMark

    Examples
    --------
    >>> marks = [SliceMark(k, 1.0, "knee", np.ones((1, n), bool)) for k, n in enumerate((4, 4, 5))]
    >>> [mark.slice for mark in sort_marks(marks, 3)]
    [2, 1, 0]
    """

    def order(mark: SliceMark) -> tuple[float, int]:
        n_pixels = 0 if mark.outline is None else int(mark.outline.sum())
        return -mark.value if by_value else -n_pixels, abs(2 * mark.slice + 1 - n_slices)

    return tuple(sorted(marks, key=order))


def paint_values(regions: UInt8Array, values: Array, outside: float) -> Array:
    """Picture in which each pixel has the value of its region in its slice.

    Parameters
    ----------
    regions : ndarray of shape (n_slices, height, width), uint8
    values : ndarray of shape (n_slices, n_regions)
    outside : float
        Value of the pixels outside all regions.

    Returns
    -------
    ndarray of shape (n_slices, height, width), of the dtype of `values`

    Examples
    --------
    >>> paint_values(np.uint8([[[0, 2, 1]]]), np.array([[5.0, 7.0]]), -1.0)
    array([[[-1.,  7.,  5.]]])
    """
    table = np.column_stack([np.full(len(values), outside, values.dtype), values])
    return table[np.arange(len(values))[:, None, None], regions]
