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

_BLOCK = 16  # cells tested together


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
    n_cells = (stack.n_regions * n_levels + 1) * (n_levels + 1)
    table = np.zeros((4, n_cells), np.uint32)
    # half the memory for the cells of a line saves a fifth of the time
    cells = np.zeros((4, stack.levels.shape[2]), np.uint16 if n_cells <= 2**16 else np.uint32)
    _count_pairs(stack.levels, stack.regions, distance, cells, table, counts)
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
def _count_pairs(
    levels: Any, regions: Any, distance: int, cells: Any, table: UInt32Array, counts: Int32Array
) -> None:
    """Find the table cell of each pair of a line, then count them.

    `table` is of shape (4, (n_regions n_levels + 1) (n_levels + 1)). Column 0 counts pairs with a
    pixel of another region, row 0 pixels outside all regions; neither is read. So the loops have no
    branch. All other cells are 0 before and afterwards.
    """
    n_slices, height, width = levels.shape
    n_regions, _, n_levels, _ = counts.shape[1:]
    right, down = min(distance, width), min(distance, height)
    packed = np.zeros((height + down, width + 2 * right), np.uint16)
    for s in range(n_slices):
        pack_slice(levels[s], regions[s], 0, right, packed)
        for y in range(height):
            first, end = find_span(regions[s, y])
            n = end - first
            line, below = packed[y, first:], packed[y + down, first:]
            first_cells, second_cells = cells[0, :n], cells[1, :n]
            third_cells, fourth_cells = cells[2, :n], cells[3, :n]
            _find_cells(
                line[right : right + n],
                line[2 * right : 2 * right + n],
                below[:n],
                below[right : right + n],
                below[2 * right : 2 * right + n],
                np.int32(n_levels),
                first_cells,
                second_cells,
                third_cells,
                fourth_cells,
            )
            for x in range(n):
                table[0, first_cells[x]] += np.uint32(1)
                table[1, second_cells[x]] += np.uint32(1)
                table[2, third_cells[x]] += np.uint32(1)
                table[3, fourth_cells[x]] += np.uint32(1)
        for r in range(n_regions):
            for d in range(4):
                _move_pairs(table[d], r * n_levels + 1, counts[s, r, d])


@cached_njit(nogil=True, error_model="numpy")
def _find_cells(
    pixels: UInt16Array,
    ahead: UInt16Array,
    below_left: UInt16Array,
    below: UInt16Array,
    below_right: UInt16Array,
    n_levels: Any,
    first: Any,
    second: Any,
    third: Any,
    fourth: Any,
) -> None:
    """Cell of each pair of a line in the table of its direction: region and level, other level."""
    side = np.int32(n_levels + np.int32(1))
    for x in range(pixels.shape[0]):
        pixel = pixels[x]
        region = np.uint16(pixel >> np.uint16(8))
        row = np.int32(np.int32(region) * n_levels + np.int32(pixel & np.uint16(255)) - n_levels)
        start = np.int32(row * side) if pixel > 0 else np.int32(0)
        first[x] = start + _level_in(region, ahead[x])
        second[x] = start + _level_in(region, below_left[x])
        third[x] = start + _level_in(region, below[x])
        fourth[x] = start + _level_in(region, below_right[x])


@cached_njit(nogil=True, error_model="numpy")
def _level_in(region: Any, pixel: Any) -> Any:
    """Level of a packed pixel; 0 in another region."""
    is_inside = np.uint16(pixel >> np.uint16(8)) == region
    return np.int32(pixel & np.uint16(255)) if is_inside else np.int32(0)


@cached_njit(nogil=True, error_model="numpy")
def _move_pairs(table: UInt32Array, first_row: int, counts: Int32Array) -> None:
    """Move pairs from the table to the counts, in both orders; most cells of many levels are 0."""
    n_levels = counts.shape[0]
    for i in range(n_levels):
        begin = (first_row + i) * (n_levels + 1) + 1
        row, line = table[begin : begin + n_levels], counts[i]
        for start in range(0, n_levels, _BLOCK):
            end = min(start + _BLOCK, n_levels)
            if not _has_pairs(row[start:end]):
                continue
            for j in range(start, end):
                number = np.int32(row[j])
                if number > 0:
                    line[j] += number
                    counts[j, i] += number
                    row[j] = 0


@cached_njit(nogil=True, error_model="numpy")
def _has_pairs(cells: Any) -> bool:
    seen = np.uint32(0)
    for x in range(cells.shape[0]):
        seen |= cells[x]
    return bool(seen > 0)
