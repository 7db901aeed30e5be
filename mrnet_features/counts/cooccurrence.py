"""Co-occurrence matrices: number of pairs of pixels by their two levels."""

from __future__ import annotations

from typing import Any

import numpy as np

from mrnet_features.arrays import Array, Int32Array, UInt16Array, UInt32Array
from mrnet_features.compiling import cached_njit
from mrnet_features.counts.counting import count
from mrnet_features.counts.packed_rows import find_span, pack_slice
from mrnet_features.launch import N_THREADS, SHARED_BYTES, count_tiles, launch
from mrnet_features.stacks.stack import Stack


@count
def cooccurrence(stack: Stack, *, distance: int = 1) -> Array:
    """Co-occurrence matrices of each region of each slice in four directions.

    A pair counts if both pixels lie in one region. It is counted in both orders, so that every
    matrix is symmetric. The directions are (0, 1), (1, -1), (1, 0) and (1, 1) times `distance`,
    in rows and columns.

    Parameters
    ----------
    stack : Stack
    distance : int, default 1
        Chebyshev distance of the two pixels, at least 1.

    Returns
    -------
    array of shape (n_slices, n_regions, 4, n_levels, n_levels), int32
        Number of pairs; [..., i - 1, j - 1] for levels i and j.

    Raises
    ------
    ValueError
        If `distance` is below 1.

    Examples
    --------
    >>> levels, ones = np.uint8([[[1, 2, 2]]]), np.ones((1, 1, 3), np.uint8)
    >>> cooccurrence(Stack(ones, levels, ones, n_levels=2))[0, 0, 0]
    array([[0, 1],
           [1, 2]], dtype=int32)
    """
    n_levels = stack.n_levels
    counts = np.zeros((stack.n_slices, stack.n_regions, 4, n_levels, n_levels), np.int32)
    _count_pairs(stack.levels, stack.regions, distance, counts)
    return counts


@cooccurrence.gpu
def _(stack: Stack, *, distance: int = 1) -> Array:
    import cupy

    n_levels, n_regions = stack.n_levels, stack.n_regions
    n_slices, height, width = stack.levels.shape
    counts = cupy.zeros((n_slices, n_regions, 4, n_levels, n_levels), cupy.int32)
    table_bytes = 4 * n_levels * n_levels * counts.itemsize
    is_shared = table_bytes <= SHARED_BYTES
    launch(
        "cooccurrence.cu",
        "count_pairs",
        count_tiles(n_slices, n_regions, height, width),
        N_THREADS,
        (
            *(stack.levels, stack.regions),
            *(height, width, n_regions, n_levels),
            min(distance, max(height, width)),  # a larger distance has no pairs either
            int(is_shared),
            counts,
        ),
        shared=table_bytes if is_shared else 0,
    )
    return counts


@cooccurrence.check
def _(distance: int = 1) -> None:
    if distance < 1:
        raise ValueError(f"`distance` must be at least 1 pixel, got {distance}.")


@cached_njit(nogil=True, error_model="numpy")
def _count_pairs(levels: Any, regions: Any, distance: int, counts: Int32Array) -> None:
    """Find the table cell of each pair of a line, then count them.

    Column 0 counts pairs with a pixel of another region, row 0 pixels outside all regions; neither
    is read. So the loops have no branch, and the table stays in the cache.
    """
    n_slices, height, width = levels.shape
    n_regions, _, n_levels, _ = counts.shape[1:]
    side = n_levels + 1
    table = np.zeros((n_regions * n_levels + 1) * 4 * side, np.uint32)
    cells = np.zeros((4, width), np.uint32)
    right, down = min(distance, width), min(distance, height)
    packed = np.zeros((height + down, width + 2 * right), np.uint16)
    for s in range(n_slices):
        table[:] = 0
        pack_slice(levels[s], regions[s], 0, right, packed)
        for y in range(height):
            first, end = find_span(regions[s, y])
            n = end - first
            line, below = packed[y, first:], packed[y + down, first:]
            _find_cells(
                line[right : right + n],
                line[2 * right : 2 * right + n],
                below[:n],
                below[right : right + n],
                below[2 * right : 2 * right + n],
                np.int32(n_levels),
                cells,
            )
            first_cells, second_cells = cells[0, :n], cells[1, :n]
            third_cells, fourth_cells = cells[2, :n], cells[3, :n]
            for x in range(n):
                table[first_cells[x]] += np.uint32(1)
                table[second_cells[x]] += np.uint32(1)
                table[third_cells[x]] += np.uint32(1)
                table[fourth_cells[x]] += np.uint32(1)
        for r in range(n_regions):
            for i in range(n_levels):
                for d in range(4):
                    begin = ((r * n_levels + i + 1) * 4 + d) * side + 1
                    for j in range(n_levels):
                        counts[s, r, d, i, j] += table[begin + j]
                        counts[s, r, d, j, i] += table[begin + j]


@cached_njit(nogil=True, error_model="numpy")
def _find_cells(
    pixels: UInt16Array,
    ahead: UInt16Array,
    below_left: UInt16Array,
    below: UInt16Array,
    below_right: UInt16Array,
    n_levels: Any,
    cells: UInt32Array,
) -> None:
    """Cell of each pair of a line in the table of region and level, direction, other level."""
    side = np.int32(n_levels + np.int32(1))
    n = pixels.shape[0]
    directions = cells[0, :n], cells[1, :n], cells[2, :n], cells[3, :n]
    for x in range(n):
        pixel = pixels[x]
        region = np.uint16(pixel >> np.uint16(8))
        row = np.int32(np.int32(region) * n_levels + np.int32(pixel & np.uint16(255)) - n_levels)
        start = np.int32(4 * row * side) if pixel > 0 else np.int32(0)
        directions[0][x] = start + _level_in(region, ahead[x])
        directions[1][x] = start + side + _level_in(region, below_left[x])
        directions[2][x] = start + 2 * side + _level_in(region, below[x])
        directions[3][x] = start + 3 * side + _level_in(region, below_right[x])


@cached_njit(nogil=True, error_model="numpy")
def _level_in(region: Any, pixel: Any) -> Any:
    """Level of a packed pixel; 0 in another region."""
    is_inside = np.uint16(pixel >> np.uint16(8)) == region
    return np.int32(pixel & np.uint16(255)) if is_inside else np.int32(0)
