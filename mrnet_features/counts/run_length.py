"""Run length matrices: number of runs of equal level, by level, length and direction."""

from __future__ import annotations

from typing import Any

import numpy as np

from mrnet_features.arrays import Array, Int32Array, UInt16Array, UInt32Array
from mrnet_features.compiling import cached_njit
from mrnet_features.counts.counting import count
from mrnet_features.counts.packed_rows import PADDING, make_packed, pack_regions, round_up
from mrnet_features.launch import N_THREADS, SHARED_BYTES, count_tiles, launch
from mrnet_features.stacks.stack import Stack

_HIGHEST = 7  # highest position that is told apart: three bits
_FIRST_FLAG = np.uint16(4096)  # flags of the four directions are above their positions

_N_SHORT = 32  # runs up to this length are counted in shared memory: 16 KB for 32 levels


@count
def run_lengths(stack: Stack) -> Array:
    """Run length matrices of each region of each slice in four directions.

    A run is consecutive pixels of one level and region. The directions are (0, 1), (1, -1), (1, 0)
    and (1, 1), in rows and columns.

    Parameters
    ----------
    stack : Stack

    Returns
    -------
    array of shape (n_slices, n_regions, 4, n_levels, longest), int32
        Number of runs of level i and length j pixels at [..., i - 1, j - 1]. `longest` is the
        length of the longest run, at least 1.

    Examples
    --------
    >>> levels, ones = np.uint8([[[1, 2, 2]]]), np.ones((1, 1, 3), np.uint8)
    >>> run_lengths(Stack(ones, levels, ones, n_levels=2))[0, 0, 0]
    array([[1, 0],
           [0, 1]], dtype=int32)
    """
    n_slices, n_levels, n_regions = stack.n_slices, stack.n_levels, stack.n_regions
    table = np.zeros(256 * (n_regions + 1) * 128, np.uint32)
    short = np.zeros((n_slices * n_regions * 4 * n_levels, _HIGHEST), np.int32)
    # row and length of each longer run: at most one for eight pixels in each direction
    longs = np.empty((stack.levels.size // 2 + 1, 2), np.int32)
    n_longs = _count_runs(stack.levels, stack.regions, n_levels, n_regions, table, short, longs)
    row, length = longs[:n_longs].T
    if n_longs == 0:
        longest = max([1, *(np.flatnonzero(short.any(axis=0)) + 1)])
        counts = short[:, :longest].copy()
    else:
        longest = int(length.max())
        counts = np.zeros((short.shape[0], longest), np.int32)
        counts[:, :_HIGHEST] = short
        first = row.astype(np.int64) * longest
        np.add.at(counts.reshape(-1), first + length - 1, 1)
        np.subtract.at(counts.reshape(-1), first + _HIGHEST - 1, 1)
    return counts.reshape(n_slices, n_regions, 4, n_levels, -1)


@run_lengths.gpu
def _(stack: Stack) -> Array:
    import cupy

    n_levels, n_regions = stack.n_levels, stack.n_regions
    n_slices, height, width = stack.levels.shape
    arrays = stack.levels, stack.regions
    found = cupy.ones(1, cupy.int32)
    n_tiles = count_tiles(n_slices, 1, height, width)
    launch("run_length.cu", "find_longest_run", n_tiles, N_THREADS, (*arrays, height, width, found))
    longest = int(found[0])
    counts = cupy.zeros((n_slices, n_regions, 4, n_levels, longest), cupy.int32)
    row_bytes = 4 * n_levels * counts.itemsize
    n_short = min(longest, _N_SHORT, SHARED_BYTES // row_bytes)
    launch(
        "run_length.cu",
        "count_runs",
        n_tiles * n_regions,
        N_THREADS,
        (*arrays, height, width, n_regions, n_levels, longest, n_short, counts),
        shared=n_short * row_bytes,
    )
    return counts


@cached_njit(nogil=True, error_model="numpy")
def _count_runs(
    levels: Any,
    regions: Any,
    n_levels: int,
    n_regions: int,
    table: UInt32Array,
    short: Int32Array,
    longs: Int32Array,
) -> int:
    """Count runs of up to seven pixels, the last with all longer ones; list the longer ones.

    A run of length n has one pixel at each of the positions 0 to n - 1. So the number of runs of
    length n is the number of pixels at position n - 1 minus that at position n, and no loop over
    pixels has a branch. Runs longer than seven pixels are rare: each is followed to its end.

    `table` has 128 numbers for each value of a packed pixel: 64 codes of two positions, for each
    pair of directions. Those of pixels of no region are not read; all others are 0 before and
    afterwards. Returned is the number of rows of `longs`.
    """
    n_slices, height, width = levels.shape
    packed, spans = make_packed(height, width, 1, 1)
    # positions of the pixels of this row of the box and of the one above, alternating
    codes = np.zeros((2, width + 2 + PADDING), np.uint16)
    at = np.zeros((4, 8), np.int32)  # pixels at each position
    n_longs = 0
    for s in range(n_slices):
        first_row = s * n_regions * 4 * n_levels
        n_rows, stride, start = pack_regions(levels[s], regions[s], 1, 1, packed, spans)
        for y in range(n_rows):
            begin, end = spans[y]
            n, column = end - begin, begin - start - y * stride
            code = codes[y & 1, column + 1 :]
            _find_positions(
                packed[begin - 8 :],
                packed[begin - stride - 1 :],
                codes[(y + 1) & 1, column:],
                code[: round_up(n)],
            )
            if _count_positions(packed[begin:end], code, table) >= _FIRST_FLAG:
                n_longs = _follow_runs(
                    packed, begin, code[:n], stride, n_levels, first_row, longs, n_longs
                )
        for r in range(n_regions):
            for i in range(n_levels):
                pixel = 256 * (r + 1) + i + 1
                numbers = table[128 * pixel : 128 * (pixel + 1)]
                _move_runs(numbers, at, short, first_row + r * 4 * n_levels + i, n_levels)
    return n_longs


@cached_njit(nogil=True, error_model="numpy")
def _find_positions(line: UInt16Array, above: UInt16Array, old: UInt16Array, new: Any) -> None:
    """Positions of each pixel in its four runs, at most 7, with a flag where one becomes 7.

    ``line[x + 8]`` and ``above[x + 1]`` are the pixel and the one above, ``old[x + 1]`` the
    positions of the latter. The directions are those of `run_lengths`, three bits each.
    """
    for x in range(new.shape[0]):
        pixel = line[x + 8]
        continues = line[x + 7] == pixel
        code = np.uint16(continues)
        continues &= line[x + 6] == pixel
        code += np.uint16(continues)
        continues &= line[x + 5] == pixel
        code += np.uint16(continues)
        continues &= line[x + 4] == pixel
        code += np.uint16(continues)
        continues &= line[x + 3] == pixel
        code += np.uint16(continues)
        continues &= line[x + 2] == pixel
        code += np.uint16(continues)
        continues &= line[x + 1] == pixel
        code += np.uint16(continues)
        is_eighth = continues & (line[x] != pixel)
        code |= _FIRST_FLAG if is_eighth else np.uint16(0)
        code |= _step(old[x + 2], np.uint16(1)) if above[x + 2] == pixel else np.uint16(0)
        code |= _step(old[x + 1], np.uint16(2)) if above[x + 1] == pixel else np.uint16(0)
        code |= _step(old[x], np.uint16(3)) if above[x] == pixel else np.uint16(0)
        new[x] = code if pixel > 0 else np.uint16(0)


@cached_njit(nogil=True, error_model="numpy")
def _step(code: Any, direction: Any) -> Any:
    """Position in a direction after that of `code`, and its flag, as part of a code."""
    shift = np.uint16(np.uint16(3) * direction)
    position = np.uint16(np.uint16(code >> shift) & np.uint16(7))
    next_one = np.uint16(position + np.uint16(1)) if position < np.uint16(7) else np.uint16(7)
    is_eighth = position == np.uint16(6)
    flag = np.uint16(_FIRST_FLAG << direction) if is_eighth else np.uint16(0)
    return np.uint16(np.uint16(next_one << shift) | flag)


@cached_njit(nogil=True, error_model="numpy")
def _count_positions(line: UInt16Array, codes: UInt16Array, table: UInt32Array) -> Any:
    """Add the codes of a line to the table; return them joined by "or"."""
    seen = np.uint16(0)
    for x in range(line.shape[0]):
        code = codes[x]
        seen |= code
        start = np.uint32(line[x]) * np.uint32(128)
        table[start + (code & np.uint16(63))] += np.uint32(1)
        code = np.uint16(np.uint16(code >> np.uint16(6)) & np.uint16(63))
        table[start + np.uint32(64) + code] += np.uint32(1)
    return seen


@cached_njit(nogil=True, error_model="numpy")
def _follow_runs(
    packed: UInt16Array,
    begin: int,
    codes: UInt16Array,
    stride: int,
    n_levels: int,
    first_row: int,
    longs: Int32Array,
    n_longs: int,
) -> int:
    """List the runs whose eighth pixel lies in a line; return the new `n_longs`."""
    for x in range(codes.shape[0]):
        flags = int(codes[x] // _FIRST_FLAG)
        for direction in range(4):
            if (flags >> direction) & 1 == 0:
                continue
            pixel = packed[begin + x]
            offset = 1 if direction == 0 else stride - 2 + direction
            length, at = 8, begin + x + offset
            while packed[at] == pixel:
                length += 1
                at += offset
            region, level = int(pixel >> np.uint16(8)), int(pixel & np.uint16(255))
            row = first_row + ((region - 1) * 4 + direction) * n_levels + level - 1
            longs[n_longs, 0] = row
            longs[n_longs, 1] = length
            n_longs += 1
    return n_longs


@cached_njit(nogil=True, error_model="numpy")
def _move_runs(
    table: UInt32Array, at: Int32Array, counts: Int32Array, row: int, n_levels: int
) -> None:
    """Move the runs of one level from the table to its rows of the counts, `n_levels` apart."""
    seen = np.uint32(0)
    for number in table:
        seen |= number
    if seen == 0:
        return
    at[:] = 0
    for pair in range(2):
        one, other = at[2 * pair], at[2 * pair + 1]
        for high in range(8):
            for low in range(8):
                number = np.int32(table[64 * pair + 8 * high + low])
                one[low] += number
                other[high] += number
    table[:] = 0
    for direction in range(4):
        for length in range(1, _HIGHEST):
            counts[row, length - 1] = at[direction, length - 1] - at[direction, length]
        counts[row, _HIGHEST - 1] = at[direction, _HIGHEST - 1]  # these include longer runs
        row += n_levels
