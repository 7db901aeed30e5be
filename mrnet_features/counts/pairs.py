"""Co-occurrence: which levels lie next to which."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from mrnet_features.arrays import Array, twin
from mrnet_features.counts.inputs import check_counted
from mrnet_features.counts.spans import find_span

IntArray = np.ndarray[Any, np.dtype[np.int32]]
PlaceArray = np.ndarray[Any, np.dtype[np.uint32]]


@twin
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
    if not 1 <= n_levels <= 255:
        raise ValueError(f"`n_levels` must be 1 to 255, got {n_levels}.")
    if distance < 1:
        raise ValueError(f"`distance` must be at least 1 pixel, got {distance}.")
    check_counted(levels, regions, lowest=1, highest=n_levels, n_regions=n_regions)
    counts = np.zeros((levels.shape[0], n_regions, 4, n_levels, n_levels), np.int32)
    _count_pairs(np.ascontiguousarray(levels), np.ascontiguousarray(regions), distance, counts)
    return counts


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _count_pairs(levels: Any, regions: Any, distance: int, counts: IntArray) -> None:
    """Find the places of a line's pairs in a table, direction by direction, and count them.

    A pixel outside the first one's region has level 0, in a column that nobody reads; so does the
    row of what lies in no region. Neither loop has a branch, and the table stays in the cache.
    """
    n_slices, height, width = levels.shape
    n_regions, _, n_levels, _ = counts.shape[1:]
    side = n_levels + 1
    table = np.zeros((n_regions * n_levels + 1) * 4 * side, np.uint32)
    places = np.zeros((4, width), np.uint32)
    for s in range(n_slices):
        table[:] = 0
        for y in range(height):
            first, end = find_span(regions[s, y])
            n = end - first
            for d in range(4):
                below = y if d == 0 else y + distance
                right = (distance, -distance, 0, distance)[d]
                # pixels whose partner lies in the slice
                begin, stop = max(first, -right), min(end, width - right)
                if below >= height or stop <= begin:
                    begin, stop = end, end
                places[d, : begin - first] = 0
                places[d, stop - first : n] = 0
                if stop > begin:
                    _find_places(
                        levels[s, y, begin:stop],
                        regions[s, y, begin:stop],
                        levels[s, below, begin + right : stop + right],
                        regions[s, below, begin + right : stop + right],
                        np.int32(n_levels),
                        np.int32(d),
                        places[d, begin - first : stop - first],
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
    level: Any,
    region: Any,
    other_level: Any,
    other_region: Any,
    n_levels: Any,
    direction: Any,
    places: PlaceArray,
) -> None:
    """Places of the pairs of two lines in the table of region and level, direction, other level."""
    side = np.int32(n_levels + np.int32(1))
    for x in range(places.shape[0]):
        row = np.int32((np.int32(region[x]) - np.int32(1)) * n_levels + np.int32(level[x]))
        row = row if region[x] > 0 else np.int32(0)
        other = other_level[x] if other_region[x] == region[x] else np.uint8(0)
        places[x] = (row * np.int32(4) + direction) * side + np.int32(other)
