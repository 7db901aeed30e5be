"""Local binary patterns: pixels counted by how many points around them are at least as bright."""

from __future__ import annotations

from typing import Any

import numpy as np

from mrnet_features.arrays import Array, Int32Array, upload_once
from mrnet_features.compiling import cached_njit
from mrnet_features.counts.counting import count
from mrnet_features.counts.packed_rows import find_box
from mrnet_features.counts.squares import find_squares
from mrnet_features.launch import N_THREADS, count_tiles, launch
from mrnet_features.stacks.stack import Stack

POINTS_PER_RADIUS = 8
_BAND = 4096  # pixels compared at a time
SHIFT = 11  # bits of a weight; interpolated grey levels then stay below 2^31


@count
def binary_patterns(stack: Stack, *, radius: int) -> Array:
    """Rotation-invariant uniform patterns of each region of each slice.

    ``8 radius`` points lie on a circle, the first at (0, radius); between pixels grey levels are
    interpolated linearly along rows and columns, with weights in steps of 1/2048. A pattern is
    uniform if at most two pairs of neighbouring points differ; the number of points at least as
    bright as the centre then identifies it. A pixel counts if the surrounding square of side
    2 radius + 1 lies in its region.

    Parameters
    ----------
    stack : Stack
    radius : int
        Radius of the circle in pixels, 1 to 8.

    Returns
    -------
    array of shape (n_slices, n_regions, 8 radius + 2), int32
        Number of pixels: [..., k] with a uniform pattern of k bright points, [..., -1] with a
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
        "count_patterns",
        count_tiles(n_slices, n_regions, height, width),
        N_THREADS,
        (
            *(stack.grey, stack.regions),
            upload_once(circle_points, radius, like=stack.grey),
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
    """Circle points, each with its four pixels and interpolation weights.

    Parameters
    ----------
    radius : int

    Returns
    -------
    ndarray of shape (8 radius, 4), int32
        Row and column of the upper left pixel, from the centre; weights of the lower row and the
        right column in 1/2048.
    """
    angle = 2 * np.pi * np.arange(POINTS_PER_RADIUS * radius) / (POINTS_PER_RADIUS * radius)
    position = np.stack([-radius * np.sin(angle), radius * np.cos(angle)], axis=-1)
    # rounding first makes points on an axis or a diagonal symmetric
    fixed = np.rint(position * 2**SHIFT).astype(np.int32)
    pixel = fixed >> SHIFT
    return np.concatenate([pixel, fixed - (pixel << SHIFT)], axis=-1)


@cached_njit(nogil=True)
def _count_patterns(
    grey: Any, regions: Any, radius: int, points: Int32Array, counts: Int32Array
) -> None:
    """Count patterns in the box around the regions of each slice, some lines of pixels at a time.

    Lines have a margin, so that consecutive lines are one array; pixels in it are not counted.
    """
    n_slices, height, width = grey.shape
    n_points = points.shape[0]
    margin = radius + 1
    longest = width + 2 * margin
    flat = np.zeros((height + 2 * margin) * longest, np.uint8)
    inside, work = np.zeros_like(flat), np.zeros_like(flat)
    bits = np.zeros((n_points, _BAND + longest), np.uint8)
    found = np.zeros((2, _BAND + longest), np.uint8)
    columns = np.zeros(_BAND + 3 * margin * longest, np.int32)
    index = np.zeros(_BAND + longest, np.uint16)  # at most 255 regions of 66 patterns
    for s in range(n_slices):
        table = counts[s]
        top, bottom, left, right = find_box(regions[s])
        n_rows, n_columns = bottom - top, right - left
        stride = n_columns + 2 * margin
        size = (n_rows + 2 * margin) * stride
        for x in range(size):
            inside[x] = 0
        for y in range(n_rows):  # one assignment for the slice would take seconds to compile
            begin = (y + margin) * stride + margin
            line, in_line = flat[begin : begin + n_columns], inside[begin : begin + n_columns]
            of_slice, of_region = grey[s, top + y, left:right], regions[s, top + y, left:right]
            for x in range(n_columns):
                line[x], in_line[x] = of_slice[x], of_region[x]
        find_squares(inside[:size], 2 * radius + 1, stride, work[:size])
        step = max(_BAND // stride, 1)
        for y in range(radius, n_rows - radius, step):
            n = (min(step, n_rows - radius - y) - 1) * stride + n_columns
            start = (y + margin) * stride + margin
            _compare_line(flat, start, n, points, stride, columns, bits)
            _count_bright(bits, n, found[0], found[1])
            first = start - radius * (stride + 1)
            _find_indices(found, inside[first : first + n], n_points, index[:n])
            for x in range(n):
                table[index[x]] += 1


@cached_njit(nogil=True, error_model="numpy")
def _compare_line(
    flat: Any, start: int, n: int, points: Any, stride: int, columns: Int32Array, bits: Any
) -> None:
    """Whether each point is bright, for consecutive pixels.

    Indexes the flat slice: a view per point and line would cost more than the comparisons. Points
    above and below the centre have the same column, so grey levels between two columns are
    interpolated once for both.
    """
    n_points = points.shape[0]
    margin = n_points // POINTS_PER_RADIUS + 1
    first = start - margin * stride
    column, weight = 0, -1
    for k in range(n_points):  # 0, 1, -1, 2, -2, ...
        p = (k + 1) // 2 if k % 2 else (n_points - k // 2) % n_points
        dy, dx, wy, wx = points[p]
        now = bits[p]
        if wy == 0 and wx == 0:  # half of the points of radius 1 are pixels
            begin = start + dy * stride + dx
            for x in range(n):
                now[x] = np.uint8(flat[np.uintp(begin + x)] >= flat[np.uintp(start + x)])
            continue
        if column != dx or weight != wx:
            column, weight = dx, wx
            for x in range(n + 2 * margin * stride):
                left = np.int32(flat[np.uintp(first + dx + x)])
                right = np.int32(flat[np.uintp(first + dx + x + 1)])
                columns[x] = np.int32(left * (1 << SHIFT) + wx * np.int32(right - left))
        begin = (margin + dy) * stride
        for x in range(n):
            above, below = columns[np.uintp(begin + x)], columns[np.uintp(begin + stride + x)]
            between = np.int32(np.int32(above << SHIFT) + wy * np.int32(below - above))
            centre = np.int32(flat[np.uintp(start + x)])
            now[x] = np.uint8(between >= np.int32(centre * (1 << (2 * SHIFT))))


@cached_njit(nogil=True, error_model="numpy")
def _count_bright(bits: Any, n: int, bright: Any, changes: Any) -> None:
    """Number of bright points, and of changes between neighbouring points."""
    n_points = bits.shape[0]
    for x in range(n):
        bright[x], changes[x] = np.uint8(0), np.uint8(0)
    for p in range(n_points):
        now, before = bits[p], bits[(p + n_points - 1) % n_points]
        for x in range(n):
            bright[x] += now[x]
            changes[x] += now[x] ^ before[x]


@cached_njit(nogil=True, error_model="numpy")
def _find_indices(found: Any, inside: Any, n_points: int, index: Any) -> None:
    """Index of each pixel in the table of region and pattern; row 0 for pixels not counted."""
    bright, changes = found[0], found[1]
    mixed, n_values = np.uint16(n_points + 1), np.uint16(n_points + 2)
    for x in range(index.shape[0]):
        pattern = np.uint16(bright[x]) if changes[x] <= np.uint8(2) else mixed
        index[x] = np.uint16(np.uint16(inside[x]) * n_values) + pattern
