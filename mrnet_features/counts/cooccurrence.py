"""Co-occurrence matrices: number of pairs of pixels by their two levels."""

from __future__ import annotations

from typing import Any

import numpy as np

from mrnet_features.arrays import Array, Int32Array, UInt16Array, UInt32Array
from mrnet_features.compiling import cached_njit
from mrnet_features.counts.counting import count
from mrnet_features.counts.packed_rows import make_packed, pack_regions
from mrnet_features.launch import N_THREADS, SHARED_BYTES, count_tiles, launch
from mrnet_features.stacks.stack import Stack

_BLOCK = 16  # cells tested together
_MOST_LEVELS = 160  # tables of more levels in four directions are too large for the second cache
_N_ROWS = 8  # rows whose cells are found at once, so that they stay in the nearest cache


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
    n_levels, width = stack.n_levels, stack.levels.shape[2]
    counts = np.zeros((stack.n_slices, stack.n_regions, 4, n_levels, n_levels), np.int32)
    n_cells = (stack.n_regions * n_levels + 1) * (n_levels + 1)
    is_small = n_levels <= _MOST_LEVELS
    table = np.zeros((4 if is_small else 1, n_cells), np.uint32)
    # half the memory for the cells of a row saves a fifth of the time
    dtype = np.uint16 if n_cells <= 2**16 else np.uint32
    cells = np.zeros((5, _N_ROWS * (width + min(distance, width))), dtype)
    body = _count_pairs if is_small else _count_pairs_of_many
    body(stack.levels, stack.regions, distance, cells, table, counts)
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
    """Find the table cell of each pair of a few rows, then count them.

    `table` is of shape (4, (n_regions n_levels + 1) (n_levels + 1)). Column 0 counts pairs with a
    pixel of another region, row 0 pixels outside all regions; neither is read. So the loops have no
    branch. All other cells are 0 before and afterwards.
    """
    n_slices, height, width = levels.shape
    n_regions, _, n_levels, _ = counts.shape[1:]
    right, down = min(distance, width), min(distance, height)
    packed, spans = make_packed(height, width, down, right)
    for s in range(n_slices):
        n_rows, stride, start = pack_regions(levels[s], regions[s], down, right, packed, spans)
        for y in range(0, n_rows, _N_ROWS):
            first, last = start + y * stride, min(y + _N_ROWS, n_rows)
            n = (last - y) * stride
            below = first + down * stride
            pixels, begin_of = packed[first : first + n], cells[4, :n]
            one, two, three, four = cells[0, :n], cells[1, :n], cells[2, :n], cells[3, :n]
            _find_rows(pixels, np.uint32(n_levels), begin_of)
            _find_cells(pixels, packed[first + right :], begin_of, one)
            _find_cells(pixels, packed[below - right :], begin_of, two)
            _find_cells(pixels, packed[below:], begin_of, three)
            _find_cells(pixels, packed[below + right :], begin_of, four)
            for row in range(y, last):
                begin, end = spans[row, 0] - first, spans[row, 1] - first
                for x in range(np.uint64(begin), np.uint64(end)):
                    table[0, one[x]] += np.uint32(1)
                    table[1, two[x]] += np.uint32(1)
                    table[2, three[x]] += np.uint32(1)
                    table[3, four[x]] += np.uint32(1)
        for r in range(n_regions):
            for d in range(4):
                _move_pairs(table[d], r * n_levels + 1, counts[s, r, d])


@cached_njit(nogil=True, error_model="numpy")
def _count_pairs_of_many(
    levels: Any, regions: Any, distance: int, cells: Any, table: UInt32Array, counts: Int32Array
) -> None:
    """As `_count_pairs`, one direction after the other and both orders of a pair.

    With many levels, one table fills the cache; `table` has one row.
    """
    n_slices, height, width = levels.shape
    n_regions, _, n_levels, _ = counts.shape[1:]
    right, down = min(distance, width), min(distance, height)
    packed, spans = make_packed(height, width, down, right)
    pairs = table[0]
    for s in range(n_slices):
        n_rows, stride, start = pack_regions(levels[s], regions[s], down, right, packed, spans)
        below = down * stride
        for d, offset in enumerate((right, below - right, below, below + right)):
            for y in range(0, n_rows, _N_ROWS):
                first, last = start + y * stride, min(y + _N_ROWS, n_rows)
                n = (last - y) * stride
                pixels, others = packed[first : first + n], packed[first + offset :]
                one, two, begin_of = cells[0, :n], cells[1, :n], cells[2, :n]
                _find_rows(pixels, np.uint32(n_levels), begin_of)
                _find_cells(pixels, others, begin_of, one)
                _find_rows(others[:n], np.uint32(n_levels), begin_of)
                _find_cells(others, pixels, begin_of, two)
                for row in range(y, last):
                    begin, end = spans[row, 0] - first, spans[row, 1] - first
                    for x in range(np.uint64(begin), np.uint64(end)):
                        pairs[one[x]] += np.uint32(1)
                        pairs[two[x]] += np.uint32(1)
            for r in range(n_regions):
                for i in range(n_levels):
                    row = (r * n_levels + 1 + i) * (n_levels + 1) + 1
                    numbers, line = pairs[row : row + n_levels], counts[s, r, d, i]
                    for j in range(n_levels):
                        line[j] = np.int32(numbers[j])
                    numbers[:] = 0


@cached_njit(nogil=True, error_model="numpy")
def _find_rows(pixels: UInt16Array, n_levels: Any, begin_of: Any) -> None:
    """First cell of the table row of each pixel: that of its region and level."""
    for x in range(pixels.shape[0]):
        region = np.uint32(pixels[x] >> np.uint16(8))
        level = np.uint32(pixels[x] & np.uint16(255))
        row = (region - np.uint32(1)) * n_levels + level
        begin_of[x] = row * (n_levels + np.uint32(1)) if pixels[x] > 0 else 0


@cached_njit(nogil=True, error_model="numpy")
def _find_cells(pixels: UInt16Array, others: UInt16Array, begin_of: Any, cells: Any) -> None:
    """Cell of each pair in the table of its direction; column 0 for another region."""
    for x in range(cells.shape[0]):
        is_inside = np.uint16(pixels[x] ^ others[x]) < np.uint16(256)
        level = np.uint16(others[x] & np.uint16(255))
        cells[x] = begin_of[x] + (level if is_inside else np.uint16(0))


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
    """Whether any cell is not 0; without a branch, so that cells are tested together."""
    seen = np.uint32(0)
    for x in range(cells.shape[0]):
        seen |= cells[x]
    return bool(seen > 0)
