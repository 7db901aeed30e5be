"""Neighbourhoods: number of neighbours of equal level, and differences of level."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from mrnet_features.arrays import (
    Array,
    Int32Array,
    Int64Array,
    UInt16Array,
    UInt32Array,
)
from mrnet_features.compiling import cached_njit
from mrnet_features.counts.counting import shared_count
from mrnet_features.counts.packed_rows import find_span, pack_slice
from mrnet_features.launch import N_THREADS, count_tiles, launch
from mrnet_features.stacks.stack import Stack

LEVEL = np.uint16(255)
SUM = np.uint16(2047)  # the sum of eight levels is at most 2040
FIRST = np.uint16(2048)

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
    n_slices = stack.n_slices
    shape = (n_slices, stack.n_regions, stack.n_levels)
    dependence = np.zeros((*shape, 9), np.int32)
    difference = np.zeros((*shape, 9), np.int64)
    _count_neighbours(
        *(stack.levels, stack.regions, stack.n_levels),
        dependence.reshape(n_slices, -1, 9),
        difference.reshape(n_slices, -1, 9),
    )
    number = dependence.sum(axis=-1, dtype=np.int32) - difference[..., 0].astype(np.int32)
    return Neighbourhoods(dependence, number, difference[..., 1:])


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
    n_levels: int,
    dependence: Int32Array,
    difference: Int64Array,
) -> None:
    """Compare whole lines with their eight shifts, then add the results to the tables.

    Row 0 of a table counts pixels outside all regions, so that no loop has a branch. Column 0 of
    the differences counts pixels without a neighbour.
    """
    n_slices, height, width = levels.shape
    packed = np.zeros((height + 2, width + 2), np.uint16)
    like, unlike = np.zeros(width, np.uint32), np.zeros(width, np.uint32)
    gap = np.zeros(width, np.uint32)
    n_rows = dependence.shape[1]
    n_like = np.zeros((n_rows + 1) * 9, np.uint32)
    gaps = np.zeros((n_rows + 1) * 9, np.uint64)
    for s in range(n_slices):
        n_like[:] = 0
        gaps[:] = 0
        pack_slice(levels[s], regions[s], 1, 1, packed)
        for y in range(height):
            first, end = find_span(regions[s, y])
            n = end - first
            _compare_line(
                packed[y, first : end + 2],
                packed[y + 1, first : end + 2],
                packed[y + 2, first : end + 2],
                np.int32(n_levels),
                like[:n],
                unlike[:n],
                gap[:n],
            )
            for x in range(n):
                n_like[like[x]] += np.uint32(1)
                gaps[unlike[x]] += np.uint64(gap[x])
        for row in range(n_rows):
            for j in range(9):
                dependence[s, row, j] = n_like[(row + 1) * 9 + j]
                difference[s, row, j] = gaps[(row + 1) * 9 + j]


@cached_njit(nogil=True, error_model="numpy")
def _compare_line(
    above: UInt16Array,
    line: UInt16Array,
    below: UInt16Array,
    n_levels: Any,
    like: UInt32Array,
    unlike: UInt32Array,
    gap: UInt32Array,
) -> None:
    """Table indices of each pixel of a line, and its difference from its neighbours."""
    for x in range(like.shape[0]):
        pixel = line[x + 1]
        # one number holds 2048 times the neighbours inside, plus the sum of their levels
        inside = np.uint16(0)
        equal = np.uint16(0)
        for other in (
            above[x],
            above[x + 1],
            above[x + 2],
            line[x],
            line[x + 2],
            below[x],
            below[x + 1],
            below[x + 2],
        ):
            is_in = np.uint16(other ^ pixel) < np.uint16(256)
            inside += np.uint16(np.uint16(other & LEVEL) + FIRST) if is_in else np.uint16(0)
            equal += np.uint16(1) if other == pixel else np.uint16(0)
        n_inside, total = np.int32(inside >> np.uint16(11)), np.int32(inside & SUM)
        level = np.int32(pixel & LEVEL)
        row = np.int32(np.int32(pixel >> np.uint16(8)) * n_levels + level - n_levels)
        start = np.int32(9 * row) if pixel > 0 else np.int32(0)
        like[x] = start + np.int32(equal)
        unlike[x] = start + n_inside
        gap[x] = abs(n_inside * level - total) if n_inside > 0 else np.int32(1)
