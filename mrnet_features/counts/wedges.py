"""Dark wedges and what is bright inside them, by width."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import ndimage

from mrnet_features.arrays import Array, twin
from mrnet_features.counts.inputs import check_counted

IntArray = np.ndarray[Any, np.dtype[np.int32]]


class Wedges(NamedTuple):
    """Dark areas of each region of each slice.

    Attributes
    ----------
    n_pixels, dark : array of shape (n_slices, n_regions), int32
        Pixels, and pixels at most as bright as the threshold.
    width, height : array of shape (n_slices, n_regions), int32
        Columns and rows of the region with at least two dark pixels.
    filled : array of shape (n_slices, n_regions, n_sides), int32
        Pixels that are not dark but become so by a closing with a square.
    residue : array of shape (n_slices, n_regions, n_sides), int32
        Sum of the white top-hat of those pixels: the grey levels by which they stand out from what
        is left by an opening with that square.
    holes, hole_excess : array of shape (n_slices, n_regions), int32
        Pixels enclosed by dark ones, and the sum of their grey levels above the threshold.
    """

    n_pixels: Array
    dark: Array
    width: Array
    height: Array
    filled: Array
    residue: Array
    holes: Array
    hole_excess: Array


@twin
def wedges(
    grey: Array, regions: Array, *, threshold: int, n_regions: int, sides: tuple[int, ...]
) -> Wedges:
    """Dark areas, and the bright clefts of several widths inside them.

    Neighbourhoods may reach beyond the region, and end at the slice.

    Parameters
    ----------
    grey : array of shape (n_slices, height, width), uint8
        Grey levels 0 to 255.
    regions : array of shape (n_slices, height, width), uint8
        0 outside, r inside region r.
    threshold : int
        Grey level up to which a pixel is dark.
    n_regions : int
    sides : tuple of int
        Sides of the squares, in pixels; odd.

    Returns
    -------
    Wedges

    Raises
    ------
    TypeError, ValueError
        If the input is not as above.

    Examples
    --------
    >>> grey = np.full((1, 7, 9), 10, np.uint8)
    >>> grey[0, 3, 2:7] = 90
    >>> found = wedges(grey, np.ones_like(grey), threshold=40, n_regions=1, sides=(3,))
    >>> int(found.filled[0, 0, 0]), int(found.residue[0, 0, 0]), int(found.holes[0, 0])
    (5, 400, 5)
    """
    check_counted(grey, regions, lowest=0, highest=255, n_regions=n_regions)
    if not sides or any(side < 1 or side % 2 == 0 for side in sides):
        raise ValueError(f"`sides` must be odd numbers of pixels, got {sides}.")
    shape = (grey.shape[0], n_regions)
    columns = {name: np.zeros(shape, np.int32) for name in Wedges._fields}
    columns |= {name: np.zeros((*shape, len(sides)), np.int32) for name in ("filled", "residue")}
    counts = Wedges(**columns)
    window = _find_window(regions, 2 * max(sides))
    if window is None:
        return counts
    image, inside = grey[window], regions[window]
    dark = image <= threshold
    labels = np.arange(image.shape[0])[:, None, None] * (n_regions + 1) + inside
    n_labels = image.shape[0] * (n_regions + 1)

    def total(values: Any) -> IntArray:
        sums = np.bincount(labels.ravel(), np.asarray(values, np.float64).ravel(), n_labels)
        return sums.reshape(-1, n_regions + 1)[:, 1:].astype(np.int32)

    here = window[0]
    counts.n_pixels[here] = total(np.ones(image.shape))
    counts.dark[here] = total(dark)
    for r in range(1, n_regions + 1):
        mask = dark & (inside == r)
        counts.width[here, r - 1] = (mask.sum(axis=1) > 1).sum(axis=1)
        counts.height[here, r - 1] = (mask.sum(axis=2) > 1).sum(axis=1)
    for k, side in enumerate(sides):
        square = (1, side, side)
        # beyond the slice nothing is dark, and nothing stands out
        dilated = ndimage.maximum_filter(dark, square, mode="constant", cval=0)
        filled = ndimage.minimum_filter(dilated, square, mode="constant", cval=1) & ~dark
        opened = ndimage.grey_opening(image, square, mode="nearest")
        counts.filled[here, :, k] = total(filled)
        counts.residue[here, :, k] = total(np.where(filled, image - opened, 0))
    holes = np.stack([ndimage.binary_fill_holes(part) for part in dark]) & ~dark
    counts.holes[here] = total(holes)
    counts.hole_excess[here] = total(np.where(holes, image.astype(np.int32) - threshold, 0))
    return counts


def _find_window(regions: Any, margin: int) -> tuple[slice, slice, slice] | None:
    """Smallest window around all regions, widened in the plane of the slices; None for none."""
    spans = []
    for axis in range(3):
        used = np.flatnonzero(regions.any(axis=tuple({0, 1, 2} - {axis})))
        if used.size == 0:
            return None
        wider = margin if axis else 0
        spans.append(slice(max(int(used[0]) - wider, 0), int(used[-1]) + 1 + wider))
    return spans[0], spans[1], spans[2]
