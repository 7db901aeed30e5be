"""Run length matrices: number of runs of equal level, by level, length and direction."""

from __future__ import annotations

from typing import Any

import numpy as np

from mrnet_features.arrays import Array, Int32Array, UInt16Array, UInt32Array
from mrnet_features.compiling import cached_njit
from mrnet_features.counts.counting import count
from mrnet_features.counts.packed_rows import find_span, pack_slice
from mrnet_features.launch import N_THREADS, SHARED_BYTES, count_tiles, launch
from mrnet_features.stacks.stack import Stack

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
    counts = _count_runs(stack.levels, stack.regions, stack.n_levels, stack.n_regions)
    return counts.reshape(stack.n_slices, stack.n_regions, 4, stack.n_levels, -1)


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
def _count_runs(levels: Any, regions: Any, n_levels: int, n_regions: int) -> Int32Array:
    """Count pixels by their position in their run; differences of these counts are the runs.

    A run of length n has one pixel at each of the positions 1 to n. So the number of runs of length
    n is the number of pixels at position n minus that at position n + 1. No pixel needs to know
    where its run ends, and no loop over pixels has a branch.
    """
    n_slices, height, width = levels.shape
    n_rows = n_regions * n_levels
    stride = max(height, width) + 2
    # row 0 counts pixels outside all regions
    table = np.zeros((n_rows + 1) * 4 * stride, np.uint32)
    per_slice = n_regions * 4 * n_levels
    counts = np.zeros((n_slices * per_slice, 1), np.int32)
    packed = np.zeros((height + 1, width + 2), np.uint16)
    # position of each pixel in its runs, from 0, in this line and the one above, alternating
    position_in = np.zeros((2, 4, width + 2), np.uint32)
    starts = np.zeros(width, np.uint32)
    second, third, fourth = np.uint32(stride), np.uint32(2 * stride), np.uint32(3 * stride)
    longest = 1
    for s in range(n_slices):
        pack_slice(levels[s], regions[s], 1, 1, packed)
        for y in range(height):
            first, end = find_span(regions[s, y])
            n = end - first
            line, above = packed[y + 1, first : end + 2], packed[y, first : end + 2]
            old, new = position_in[(y + 1) & 1], position_in[y & 1]
            right = new[0, first + 1 : end + 1]
            down_left = new[1, first + 1 : end + 1]
            down = new[2, first + 1 : end + 1]
            down_right = new[3, first + 1 : end + 1]
            # (1, -1) comes from the upper right, (1, 0) from above, (1, 1) from the upper left
            _continue_runs(line[1:], above[2:], old[1, first + 2 : end + 2], down_left)
            _continue_runs(line[1:], above[1:], old[2, first + 1 : end + 1], down)
            _continue_runs(line[1:], above, old[3, first:end], down_right)
            _find_starts(line, np.int32(n_levels), np.int32(4 * stride), starts[:n], right)
            for x in range(n):
                start = starts[x]
                table[start + right[x]] += np.uint32(1)
                table[start + second + down_left[x]] += np.uint32(1)
                table[start + third + down[x]] += np.uint32(1)
                table[start + fourth + down_right[x]] += np.uint32(1)
        for row in range(4, 4 * (n_rows + 1)):
            while table[row * stride + longest + 1] > 0:
                longest += 1
        if longest > counts.shape[1]:
            wider = np.zeros((n_slices * per_slice, longest), np.int32)
            for row in range(s * per_slice):
                for length in range(counts.shape[1]):
                    wider[row, length] = counts[row, length]
            counts = wider
        for r in range(n_regions):
            for i in range(n_levels):
                for d in range(4):
                    entry = ((r * n_levels + i + 1) * 4 + d) * stride + 1
                    row = s * per_slice + (r * 4 + d) * n_levels + i
                    length = 0
                    while table[entry] > 0:
                        counts[row, length] = table[entry] - table[entry + 1]
                        table[entry] = 0
                        entry += 1
                        length += 1
    return counts


@cached_njit(nogil=True, error_model="numpy")
def _continue_runs(
    line: UInt16Array, before: UInt16Array, old: UInt32Array, new: UInt32Array
) -> None:
    """Positions in runs that continue from the line above; 0 where a run begins."""
    for x in range(new.shape[0]):
        continues = (line[x] == before[x]) & (line[x] > 0)
        new[x] = np.uint32(old[x] + np.uint32(1)) if continues else np.uint32(0)


@cached_njit(nogil=True, error_model="numpy")
def _find_starts(
    line: UInt16Array, n_levels: Any, stride: Any, starts: UInt32Array, right: UInt32Array
) -> None:
    """First table index of each pixel, and its position in the run along the line."""
    for x in range(starts.shape[0]):
        pixel = line[x + 1]
        row = np.int32(np.int32(pixel >> np.uint16(8)) * n_levels - n_levels)
        row = np.int32(row + np.int32(pixel & np.uint16(255))) if pixel > 0 else np.int32(0)
        starts[x] = np.int32(row * stride) + np.int32(1)
    length = np.uint32(0)
    for x in range(starts.shape[0]):
        continues = (line[x] == line[x + 1]) & (line[x] > 0)
        length = np.uint32(length + np.uint32(1)) if continues else np.uint32(0)
        right[x] = length
