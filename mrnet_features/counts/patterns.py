"""Local binary patterns: which points of a circle are at least as bright as its centre."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from mrnet_features.arrays import Array, twin
from mrnet_features.counts.inputs import check_counted
from mrnet_features.counts.launch import N_THREADS, count_tiles, launch

IntArray = np.ndarray[Any, np.dtype[np.int32]]

POINTS_PER_RADIUS = 8
SHIFT = 11  # bits of a weight; four weights times 255 then stay below 2^31


@twin
def patterns(grey: Array, regions: Array, *, radius: int, n_regions: int) -> Array:
    """Rotation-invariant uniform patterns of each region of each slice.

    ``8 radius`` points lie on a circle, from (0, radius) on; between pixels grey levels are
    interpolated linearly along rows and columns, with weights in steps of 1/2048. A pattern is
    uniform where at most two neighbouring points differ; it is then known by how many points are
    at least as bright as the centre. A pixel counts where the square of 2 radius + 1 pixels around
    it lies in its region.

    Parameters
    ----------
    grey : array of shape (n_slices, height, width), uint8
        Grey levels 0 to 255.
    regions : array of shape (n_slices, height, width), uint8
        0 outside, r inside region r.
    radius : int
        Radius of the circle in pixels, 1 to 8.
    n_regions : int

    Returns
    -------
    array of shape (n_slices, n_regions, 8 radius + 2), int32
        Number of pixels; [..., k] with k bright points in a uniform pattern, [..., -1] with a
        pattern that is not uniform.

    Raises
    ------
    TypeError, ValueError
        If the input is not as above.

    Examples
    --------
    >>> grey = np.zeros((1, 3, 3), np.uint8)
    >>> grey[0, 1, 1] = 9
    >>> patterns(grey, np.ones_like(grey), radius=1, n_regions=1)
    array([[[1, 0, 0, 0, 0, 0, 0, 0, 0, 0]]], dtype=int32)
    """
    _check(grey, regions, radius, n_regions)
    counts = np.zeros((grey.shape[0], n_regions + 1, POINTS_PER_RADIUS * radius + 2), np.int32)
    _count_patterns(
        np.ascontiguousarray(grey),
        np.ascontiguousarray(regions),
        radius,
        circle_points(radius),
        counts,
    )
    return counts[:, 1:]


@patterns.gpu
def _(grey: Array, regions: Array, *, radius: int, n_regions: int) -> Array:
    import cupy

    _check(grey, regions, radius, n_regions)
    n_slices, height, width = grey.shape
    counts = cupy.zeros((n_slices, n_regions, POINTS_PER_RADIUS * radius + 2), cupy.int32)
    launch(
        "patterns.cu",
        "patterns",
        count_tiles(n_slices, n_regions, height, width),
        N_THREADS,
        (
            cupy.ascontiguousarray(grey),
            cupy.ascontiguousarray(regions),
            cupy.asarray(circle_points(radius)),
            *(height, width, n_regions, radius),
            counts,
        ),
    )
    return counts


def _check(grey: Array, regions: Array, radius: int, n_regions: int) -> None:
    if not 1 <= radius <= 8:
        raise ValueError(f"`radius` must be 1 to 8 pixels, got {radius}.")
    check_counted(grey, regions, lowest=0, highest=255, n_regions=n_regions)


def circle_points(radius: int) -> IntArray:
    """Points of the circle: row and column of the upper left pixel, weights of the lower right.

    Parameters
    ----------
    radius : int

    Returns
    -------
    ndarray of shape (8 radius, 4), int32
        Rows and columns from the centre; weights of the lower row and the right column in 1/2048.
    """
    angle = 2 * np.pi * np.arange(POINTS_PER_RADIUS * radius) / (POINTS_PER_RADIUS * radius)
    place = np.stack([-radius * np.sin(angle), radius * np.cos(angle)], axis=-1)
    # rounded first, so that points on an axis or a diagonal are the same from every side
    fixed = np.rint(place * 2**SHIFT).astype(np.int32)
    whole = fixed >> SHIFT
    return np.concatenate([whole, fixed - (whole << SHIFT)], axis=-1)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _count_patterns(
    grey: Any, regions: Any, radius: int, points: IntArray, counts: IntArray
) -> None:
    """Compare whole lines with each point in turn; add up bright points and changes."""
    n_slices, height, width = grey.shape
    n_points = points.shape[0]
    margin = radius + 1
    padded = np.zeros((height + 2 * margin, width + 2 * margin), np.int32)
    whole = np.zeros((height, width), np.uint8)
    bright, changes = np.zeros(width, np.int32), np.zeros(width, np.int32)
    before, now = np.zeros(width, np.int32), np.zeros(width, np.int32)
    for s in range(n_slices):
        padded[margin : margin + height, margin : margin + width] = grey[s]
        _find_whole(regions[s], radius, whole)
        for y in range(radius, height - radius):
            first, last = 0, width
            while first < width and whole[y, first] == 0:
                first += 1
            while last > first and whole[y, last - 1] == 0:
                last -= 1
            n = last - first
            if n == 0:
                continue
            bright[:] = 0
            changes[:] = 0
            centre = padded[y + margin, first + margin : last + margin]
            for p in range(-1, n_points):
                # the last point goes first, so that the first knows what it differs from
                dy, dx, wy, wx = points[p % n_points]
                row, column = y + margin + dy, first + margin + dx
                upper, lower = padded[row, column:], padded[row + 1, column:]
                one = np.int32(1 << SHIFT)
                w00, w01 = np.int32((one - wy) * (one - wx)), np.int32((one - wy) * wx)
                w10, w11 = np.int32(wy * (one - wx)), np.int32(wy * wx)
                for x in range(n):
                    found = w00 * upper[x] + w01 * upper[x + 1]
                    found += w10 * lower[x] + w11 * lower[x + 1]
                    now[x] = np.int32(found >= np.int32(centre[x] << (2 * SHIFT)))
                if p >= 0:
                    for x in range(n):
                        bright[x] += now[x]
                        changes[x] += now[x] != before[x]
                before, now = now, before
            for x in range(n):
                if whole[y, first + x]:
                    pattern = bright[x] if changes[x] <= 2 else n_points + 1
                    counts[s, regions[s, y, first + x], pattern] += 1


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _find_whole(regions: Any, radius: int, whole: Any) -> None:
    """Mark pixels around which a square of 2 radius + 1 pixels lies in their region."""
    height, width = regions.shape
    whole[:] = 0
    wide = np.zeros((height, width), np.uint8)
    for y in range(height):
        length = 0
        for x in range(width):
            same = x > 0 and regions[y, x] == regions[y, x - 1]
            length = length + 1 if same else 1
            if length > 2 * radius:
                wide[y, x - radius] = 1
    for x in range(width):
        length = 0
        for y in range(height):
            same = y > 0 and regions[y, x] == regions[y - 1, x]
            length = 0 if wide[y, x] == 0 else length + 1 if same else 1
            if length > 2 * radius and regions[y, x] > 0:
                whole[y - radius, x] = 1
