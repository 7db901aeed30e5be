"""Co-occurrence: which levels lie next to which."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from mrnet_features.arrays import Array, Int32Array, UInt16Array, UInt32Array, device_function
from mrnet_features.counts.inputs import check_counted, check_levels
from mrnet_features.counts.packed_rows import find_span, pack_slice
from mrnet_features.launch import N_THREADS, SHARED_BYTES, count_tiles, launch


@device_function
def pairs(levels: Array, regions: Array, *, n_levels: int, n_regions: int, distance: int) -> Array:
    """Co-occurrence matrices of each region of each slice along four directions.

    A pair counts where both pixels lie in one region, and it counts both ways, so that every
    matrix is symmetric. The directions are (0, 1), (1, -1), (1, 0) and (1, 1) times `distance`,
    in rows and columns.

    Parameters
    ----------
    levels : array of shape (n_slices, height, width), uint8
        Levels 1 to `n_levels`.
    regions : array of shape (n_slices, height, width), uint8
        0 outside, r inside region r.
    n_levels, n_regions : int
    distance : int
        Chebyshev distance of the two pixels, at least 1.

    Returns
    -------
    array of shape (n_slices, n_regions, 4, n_levels, n_levels), int32
        Number of pairs; [..., i - 1, j - 1] for levels i and j.

    Raises
    ------
    TypeError, ValueError
        If the input is not as above.

    Examples
    --------
    >>> levels = np.array([[[1, 2, 2]]], np.uint8)
    >>> pairs(levels, np.ones_like(levels), n_levels=2, n_regions=1, distance=1)[0, 0, 0]
    array([[0, 1],
           [1, 2]], dtype=int32)
    """
    _check(levels, regions, n_levels, n_regions, distance)
    counts = np.zeros((levels.shape[0], n_regions, 4, n_levels, n_levels), np.int32)
    _count_pairs(np.ascontiguousarray(levels), np.ascontiguousarray(regions), distance, counts)
    return counts


@pairs.gpu
def _(levels: Array, regions: Array, *, n_levels: int, n_regions: int, distance: int) -> Array:
    import cupy

    _check(levels, regions, n_levels, n_regions, distance)
    n_slices, height, width = levels.shape
    counts = cupy.zeros((n_slices, n_regions, 4, n_levels, n_levels), cupy.int32)
    table_bytes = 4 * n_levels * n_levels * counts.itemsize
    is_shared = table_bytes <= SHARED_BYTES
    launch(
        "cooccurrence.cu",
        "pairs",
        count_tiles(n_slices, n_regions, height, width),
        N_THREADS,
        (
            cupy.ascontiguousarray(levels),
            cupy.ascontiguousarray(regions),
            *(height, width, n_regions, n_levels),
            min(distance, max(height, width)),  # beyond the slice in any case
            int(is_shared),
            counts,
        ),
        shared=table_bytes if is_shared else 0,
    )
    return counts


def _check(levels: Array, regions: Array, n_levels: int, n_regions: int, distance: int) -> None:
    check_levels(n_levels)
    if distance < 1:
        raise ValueError(f"`distance` must be at least 1 pixel, got {distance}.")
    check_counted(levels, regions, lowest=1, highest=n_levels, n_regions=n_regions)


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _count_pairs(levels: Any, regions: Any, distance: int, counts: Int32Array) -> None:
    """Find the places of a line's pairs in a table, direction by direction, and count them.

    A pixel outside the first one's region has level 0, in a column that nobody reads; so does the
    row of what lies in no region. Neither loop has a branch, and the table stays in the cache.
    """
    n_slices, height, width = levels.shape
    n_regions, _, n_levels, _ = counts.shape[1:]
    side = n_levels + 1
    table = np.zeros((n_regions * n_levels + 1) * 4 * side, np.uint32)
    places = np.zeros((4, width), np.uint32)
    right, down = min(distance, width), min(distance, height)
    packed = np.zeros((height + down, width + 2 * right), np.uint16)
    for s in range(n_slices):
        table[:] = 0
        pack_slice(levels[s], regions[s], 0, right, packed)
        for y in range(height):
            first, end = find_span(regions[s, y])
            n = end - first
            line, below = packed[y, first:], packed[y + down, first:]
            _find_places(
                line[right : right + n],
                line[2 * right : 2 * right + n],
                below[:n],
                below[right : right + n],
                below[2 * right : 2 * right + n],
                np.int32(n_levels),
                places,
            )
            first_way, second_way = places[0, :n], places[1, :n]
            third_way, fourth_way = places[2, :n], places[3, :n]
            for x in range(n):
                table[first_way[x]] += np.uint32(1)
                table[second_way[x]] += np.uint32(1)
                table[third_way[x]] += np.uint32(1)
                table[fourth_way[x]] += np.uint32(1)
        for r in range(n_regions):
            for i in range(n_levels):
                for d in range(4):
                    begin = ((r * n_levels + i + 1) * 4 + d) * side + 1
                    for j in range(n_levels):
                        counts[s, r, d, i, j] += table[begin + j]
                        counts[s, r, d, j, i] += table[begin + j]


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _find_places(
    pixels: UInt16Array,
    ahead: UInt16Array,
    below_left: UInt16Array,
    below: UInt16Array,
    below_right: UInt16Array,
    n_levels: Any,
    places: UInt32Array,
) -> None:
    """Places of a line's pairs in the table of region and level, direction, other level."""
    side = np.int32(n_levels + np.int32(1))
    n = pixels.shape[0]
    ways = places[0, :n], places[1, :n], places[2, :n], places[3, :n]
    for x in range(n):
        pixel = pixels[x]
        region = np.uint16(pixel >> np.uint16(8))
        row = np.int32(np.int32(region) * n_levels + np.int32(pixel & np.uint16(255)) - n_levels)
        start = np.int32(4 * row * side) if pixel > 0 else np.int32(0)
        ways[0][x] = start + _level_in(region, ahead[x])
        ways[1][x] = start + side + _level_in(region, below_left[x])
        ways[2][x] = start + 2 * side + _level_in(region, below[x])
        ways[3][x] = start + 3 * side + _level_in(region, below_right[x])


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _level_in(region: Any, pixel: Any) -> Any:
    """Level of a packed pixel, 0 where it lies in another region."""
    in_it = np.uint16(pixel >> np.uint16(8)) == region
    return np.int32(pixel & np.uint16(255)) if in_it else np.int32(0)
