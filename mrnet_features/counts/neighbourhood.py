"""Neighbourhoods: number of neighbours of equal level, and differences of level."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from mrnet_features.arrays import (
    Array,
    Int32Array,
    Int64Array,
    UInt16Array,
    UInt64Array,
)
from mrnet_features.compiling import cached_njit
from mrnet_features.counts.counting import shared_count
from mrnet_features.counts.packed_rows import make_packed, pack_regions
from mrnet_features.launch import N_THREADS, count_tiles, launch
from mrnet_features.stacks.stack import Stack

LEVEL = np.uint16(255)
SUM = np.uint16(2047)  # the sum of eight levels is at most 2040
FIRST = np.uint16(2048)

_N_CODES = 81  # 0 to 8 neighbours inside and 0 to 8 of equal level
_N_ROWS = 8  # rows compared at once, so that results stay in the nearest cache
_SHIFT = np.uint64(36)
_ONE = np.uint64(1)
_ONE_PIXEL = np.uint64(2**36)
_MOST_PIXELS = 2**24  # with differences up to 2040, their sum stays below `_ONE_PIXEL`

_TABLE_ROW = 19  # numbers per level in the table of a block, as in neighbourhood.cu


class Neighbourhoods(NamedTuple):
    """Neighbourhoods of radius 1 in each region of each slice, by the level of their centre.

    Attributes
    ----------
    dependence : array of shape (n_slices, n_regions, n_levels, 9), int32
        Number of pixels of level i with j neighbours of the same level at [..., i - 1, j].
    number : array of shape (n_slices, n_regions, n_levels), int32
        Number of pixels with a neighbour in their region.
    difference : array of shape (n_slices, n_regions, n_levels, 8), int64
        Sum over pixels of ``abs(k i - sum of the levels of the k neighbours)`` at
        [..., i - 1, k - 1], for level i and k neighbours in the region. Divided by k and summed
        over k, it is the sum of differences from the mean neighbour; all counts are integers.
    """

    dependence: Array
    number: Array
    difference: Array


@shared_count
def neighbourhoods(stack: Stack) -> Neighbourhoods:
    """Neighbourhoods of each region of each slice: dependence counts and differences of level.

    Only neighbours in the same region count.

    Parameters
    ----------
    stack : Stack

    Returns
    -------
    Neighbourhoods

    Examples
    --------
    >>> levels, ones = np.uint8([[[1, 2, 2]]]), np.ones((1, 1, 3), np.uint8)
    >>> found = neighbourhoods(Stack(ones, levels, ones, n_levels=2))
    >>> found.dependence[0, 0, :, :2].tolist(), found.difference[0, 0, :, :2].tolist()
    ([[1, 0], [0, 2]], [[1, 0], [0, 1]])
    """
    n_slices, n_levels, n_regions = stack.n_slices, stack.n_levels, stack.n_regions
    shape = (n_slices, n_regions, n_levels)
    dependence = np.zeros((*shape, 9), np.int32)
    number = np.zeros(shape, np.int32)
    difference = np.zeros((*shape, 8), np.int64)
    table = np.zeros(256 * (n_regions + 1) * _N_CODES, np.uint64)
    _count_neighbours(stack.levels, stack.regions, table, dependence, number, difference)
    return Neighbourhoods(dependence, number, difference)


@neighbourhoods.gpu
def _(stack: Stack) -> Neighbourhoods:
    import cupy

    n_levels, n_regions = stack.n_levels, stack.n_regions
    n_slices, height, width = stack.levels.shape
    shape = (n_slices, n_regions, n_levels)
    dependence = cupy.zeros((*shape, 9), cupy.int32)
    number = cupy.zeros(shape, cupy.int32)
    difference = cupy.zeros((*shape, 8), cupy.int64)
    launch(
        "neighbourhood.cu",
        "count_neighbours",
        count_tiles(n_slices, n_regions, height, width),
        N_THREADS,
        (
            *(stack.levels, stack.regions),
            *(height, width, n_regions, n_levels),
            *(
                dependence,
                number,
                difference.view(cupy.uint64),
            ),  # CUDA atomics have no signed 64 bits
        ),
        shared=_TABLE_ROW * n_levels * dependence.itemsize,
    )
    return Neighbourhoods(dependence, number, difference)


@cached_njit(nogil=True, error_model="numpy")
def _count_neighbours(
    levels: Any,
    regions: Any,
    table: UInt64Array,
    dependence: Int32Array,
    number: Int32Array,
    difference: Int64Array,
) -> None:
    """Compare rows with their eight shifts, then add the results to the table.

    `table` has `_N_CODES` numbers for each value of a packed pixel, one for each number of
    neighbours inside and of equal level: the number of pixels, times `_ONE_PIXEL`, plus the sum of
    their differences. Those of pixels of no region are not read; all others are 0 before and
    afterwards.
    """
    n_slices, height, width = levels.shape
    packed, spans = make_packed(height, width, 1, 1)
    code = np.zeros(_N_ROWS * (width + 1), np.uint16)
    gap = np.zeros(_N_ROWS * (width + 1), np.uint16)
    for s in range(n_slices):
        n_rows, stride, start = pack_regions(levels[s], regions[s], 1, 1, packed, spans)
        since = 0
        for y in range(0, n_rows, _N_ROWS):
            first, last = start + y * stride, min(y + _N_ROWS, n_rows)
            n = (last - y) * stride
            pixels, line = packed[first : first + n], packed[first - 1 :]
            above, below = packed[first - 1 - stride :], packed[first - 1 + stride :]
            _compare(above, line, below, code[:n], gap[:n])
            for row in range(y, last):
                begin, end = spans[row, 0] - first, spans[row, 1] - first
                for x in range(np.uint64(begin), np.uint64(end)):
                    entry = np.uint32(pixels[x]) * np.uint32(_N_CODES) + np.uint32(code[x])
                    table[entry] += _ONE_PIXEL + np.uint64(gap[x])
            since += n
            if since > _MOST_PIXELS:
                _move(table, dependence[s], number[s], difference[s])
                since = 0
        _move(table, dependence[s], number[s], difference[s])


@cached_njit(nogil=True, error_model="numpy")
def _compare(
    above: UInt16Array, line: UInt16Array, below: UInt16Array, code: UInt16Array, gap: UInt16Array
) -> None:
    """Code and difference of each pixel ``line[x + 1]``, from its eight neighbours."""
    for x in range(code.shape[0]):
        pixel = line[x + 1]
        inside = np.uint16(
            _inside(above[x], pixel)
            + _inside(above[x + 1], pixel)
            + _inside(above[x + 2], pixel)
            + _inside(line[x], pixel)
            + _inside(line[x + 2], pixel)
            + _inside(below[x], pixel)
            + _inside(below[x + 1], pixel)
            + _inside(below[x + 2], pixel)
        )
        equal = np.uint16(
            np.uint16(above[x] == pixel)
            + np.uint16(above[x + 1] == pixel)
            + np.uint16(above[x + 2] == pixel)
            + np.uint16(line[x] == pixel)
            + np.uint16(line[x + 2] == pixel)
            + np.uint16(below[x] == pixel)
            + np.uint16(below[x + 1] == pixel)
            + np.uint16(below[x + 2] == pixel)
        )
        n_inside, total = np.uint16(inside >> np.uint16(11)), np.uint16(inside & SUM)
        expected = np.uint16(n_inside * np.uint16(pixel & LEVEL))
        code[x] = np.uint16(np.uint16(n_inside * np.uint16(9)) + equal)
        gap[x] = expected - total if expected > total else total - expected


@cached_njit(nogil=True, error_model="numpy")
def _inside(other: Any, pixel: Any) -> Any:
    """2048 for a neighbour in the region of the pixel, plus its level; 0 for others."""
    is_inside = np.uint16(other ^ pixel) < np.uint16(256)
    return np.uint16(np.uint16(other & LEVEL) + FIRST) if is_inside else np.uint16(0)


@cached_njit(nogil=True, error_model="numpy")
def _move(
    table: UInt64Array, dependence: Int32Array, number: Int32Array, difference: Int64Array
) -> None:
    """Add the table to the counts of a slice, and clear it."""
    n_regions, n_levels = number.shape
    for r in range(n_regions):
        for i in range(n_levels):
            first = (256 * (r + 1) + i + 1) * _N_CODES
            for n_inside in range(9):
                for equal in range(n_inside + 1):
                    both = table[first + 9 * n_inside + equal]
                    n_pixels = np.int32(both >> _SHIFT)
                    dependence[r, i, equal] += n_pixels
                    if n_inside > 0:
                        number[r, i] += n_pixels
                        difference[r, i, n_inside - 1] += np.int64(both & (_ONE_PIXEL - _ONE))
            table[first : first + _N_CODES] = 0
