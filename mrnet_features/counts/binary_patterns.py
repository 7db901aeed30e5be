"""Local binary patterns: which points on a circle are at least as bright as its centre."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from mrnet_features.arrays import Array, Int32Array
from mrnet_features.counts.counting import count
from mrnet_features.launch import N_THREADS, count_tiles, launch
from mrnet_features.stacks.stack import Stack

POINTS_PER_RADIUS = 8
SHIFT = 11  # bits of a weight; four weights times 255 then stay below 2^31


@count
def binary_patterns(stack: Stack, *, radius: int) -> Array:
    """Rotation-invariant uniform patterns of each region of each slice.

    ``8 radius`` points lie on a circle, the first at (0, radius); between pixels grey levels are
    interpolated linearly along rows and columns, with weights in steps of 1/2048. A pattern is
    uniform where at most two neighbouring points differ; the number of points at least as bright
    as the centre then identifies it. A pixel counts where the square of 2 radius + 1 pixels around
    it lies in its region.

    Parameters
    ----------
    stack : Stack
    radius : int
        Radius of the circle in pixels, 1 to 8.

    Returns
    -------
    array of shape (n_slices, n_regions, 8 radius + 2), int32
        Number of pixels; [..., k] with k bright points in a uniform pattern, [..., -1] with a
        pattern that is not uniform.

    Raises
    ------
    ValueError
        If `radius` is not 1 to 8.

    Examples
    --------
    >>> grey = np.zeros((1, 3, 3), np.uint8)
    >>> grey[0, 1, 1] = 9
    >>> ones = np.ones_like(grey)
    >>> binary_patterns(Stack(grey, ones, ones, n_levels=1), radius=1)
    array([[[1, 0, 0, 0, 0, 0, 0, 0, 0, 0]]], dtype=int32)
    """
    shape = (stack.n_slices, stack.n_regions + 1, POINTS_PER_RADIUS * radius + 2)
    counts = np.zeros(shape, np.int32)
    _count_patterns(
        *(stack.grey, stack.regions, radius),
        circle_points(radius),
        counts.reshape(len(counts), -1),
    )
    return counts[:, 1:]


@binary_patterns.gpu
def _(stack: Stack, *, radius: int) -> Array:
    import cupy

    n_regions = stack.n_regions
    n_slices, height, width = stack.grey.shape
    counts = cupy.zeros((n_slices, n_regions, POINTS_PER_RADIUS * radius + 2), cupy.int32)
    launch(
        "binary_patterns.cu",
        "patterns",
        count_tiles(n_slices, n_regions, height, width),
        N_THREADS,
        (
            *(stack.grey, stack.regions),
            cupy.asarray(circle_points(radius)),
            *(height, width, n_regions, radius),
            counts,
        ),
    )
    return counts


@binary_patterns.check
def _(radius: int) -> None:
    if not 1 <= radius <= 8:
        raise ValueError(f"`radius` must be 1 to 8 pixels, got {radius}.")


def circle_points(radius: int) -> Int32Array:
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
    grey: Any, regions: Any, radius: int, points: Int32Array, counts: Int32Array
) -> None:
    """Compare whole lines with each point in turn; add up bright points and changes."""
    n_slices, height, width = grey.shape
    n_points = points.shape[0]
    margin = radius + 1
    padded = np.zeros((height + 2 * margin, width + 2 * margin), np.int32)
    whole = np.zeros((height, width), np.uint8)
    flat, stride = padded.reshape(-1), width + 2 * margin
    found = np.zeros((4, width), np.uint8)
    place = np.zeros(width, np.uint16)  # 255 regions of 66 patterns at most
    for s in range(n_slices):
        table = counts[s]
        for y in range(height):  # assigning the slice at once would take seconds to compile
            line = padded[margin + y, margin : margin + width]
            for x in range(width):
                line[x] = grey[s, y, x]
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
            _compare_line(flat, (y + margin) * stride + margin + first, n, points, stride, found)
            _find_places(found, whole[y, first:last], n_points, place[:n])
            for x in range(n):
                table[place[x]] += 1


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _compare_line(flat: Any, start: int, n: int, points: Any, stride: int, found: Any) -> None:
    """Bright points and changes between neighbouring points, for a line of pixels.

    One call a line, on places in the slice as a whole: a view a point and a line would cost more
    than the comparisons. `found` is bright, changes and two lines of work space.
    """
    n_points = points.shape[0]
    bright, changes, before, now = found[0], found[1], found[2], found[3]
    for x in range(n):
        bright[x], changes[x] = np.uint8(0), np.uint8(0)
    for p in range(-1, n_points):
        # the last point goes first, so that the first knows what it differs from
        dy, dx, wy, wx = points[p % n_points]
        begin = start + dy * stride + dx
        if wy == 0 and wx == 0:  # half of the points of radius 1 lie on a pixel
            for x in range(n):
                now[x] = np.uint8(flat[np.uintp(begin + x)] >= flat[np.uintp(start + x)])
        else:
            for x in range(n):
                left, right = flat[np.uintp(begin + x)], flat[np.uintp(begin + x + 1)]
                low_left = flat[np.uintp(begin + stride + x)]
                low_right = flat[np.uintp(begin + stride + x + 1)]
                above = np.int32((left << SHIFT) + wx * np.int32(right - left))
                below = np.int32((low_left << SHIFT) + wx * np.int32(low_right - low_left))
                between = np.int32(above * (1 << SHIFT) + wy * np.int32(below - above))
                centre = flat[np.uintp(start + x)]
                now[x] = np.uint8(between >= np.int32(centre << (2 * SHIFT)))
        if p >= 0:
            for x in range(n):
                bright[x] += now[x]
                changes[x] += now[x] ^ before[x]
        before, now = now, before


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _find_places(found: Any, whole: Any, n_points: int, place: Any) -> None:
    """Place of each pixel's pattern in the table of regions, row 0 for what does not count."""
    bright, changes = found[0], found[1]
    mixed, n_values = np.uint16(n_points + 1), np.uint16(n_points + 2)
    for x in range(place.shape[0]):
        pattern = np.uint16(bright[x]) if changes[x] <= np.uint8(2) else mixed
        place[x] = np.uint16(np.uint16(whole[x]) * n_values) + pattern


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _find_whole(regions: Any, radius: int, whole: Any) -> None:
    """Region of the pixels around which a square of 2 radius + 1 pixels lies in it, else 0.

    Where the lowest and the highest region number of a square are one, so are all between.
    """
    height, width = regions.shape
    whole[:] = 0
    n = width - 2 * radius
    if n < 1:
        return
    low, high = np.full((height, n), 255, np.uint8), np.zeros((height, n), np.uint8)
    for y in range(height):
        for k in range(2 * radius + 1):
            _widen(low[y], high[y], regions[y, k : k + n], regions[y, k : k + n])
    lowest, highest = np.empty(n, np.uint8), np.empty(n, np.uint8)
    for y in range(radius, height - radius):
        lowest.fill(255)
        highest.fill(0)
        for k in range(-radius, radius + 1):
            _widen(lowest, highest, low[y + k], high[y + k])
        line = whole[y, radius : radius + n]
        for x in range(n):
            line[x] = lowest[x] if lowest[x] == highest[x] else np.uint8(0)


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _widen(low: Any, high: Any, other_low: Any, other_high: Any) -> None:
    """Let a line of ranges take in another's."""
    for x in range(low.shape[0]):
        low[x] = min(low[x], other_low[x])
        high[x] = max(high[x], other_high[x])
