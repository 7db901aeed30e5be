"""Co-occurrence: which levels lie next to which."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from mrnet_features.arrays import Array, twin
from mrnet_features.counts.inputs import check_counted

IntArray = np.ndarray[Any, np.dtype[np.int32]]


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
    return counts + np.swapaxes(counts, -1, -2)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _count_pairs(levels: Any, regions: Any, distance: int, counts: IntArray) -> None:
    """Add each pair once, in the order first pixel, second pixel.

    A pixel outside the first one's region has level 0, in a column that nobody reads; so does the
    row of what lies in no region. The inner loops have no branch.
    """
    n_slices, height, width = levels.shape
    n_regions, _, n_levels, _ = counts.shape[1:]
    margin = min(distance, width)
    table = np.zeros((n_regions * n_levels + 1, 4, n_levels + 1), np.int32)
    # regions and levels of this line and the one below, with a margin on both sides
    region = np.zeros((2, width + 2 * margin), np.int16)
    level = np.zeros((2, width + 2 * margin), np.int16)
    key = np.zeros(width, np.int32)
    other = np.zeros((4, width), np.int16)
    inner = slice(margin, margin + width)
    for s in range(n_slices):
        table[:] = 0
        for y in range(height):
            region[0, inner], level[0, inner] = regions[s, y], levels[s, y]
            if y + distance < height:
                region[1, inner] = regions[s, y + distance]
                level[1, inner] = levels[s, y + distance]
            else:
                region[1] = 0
            first, last = 0, width
            while first < width and regions[s, y, first] == 0:
                first += 1
            while last > first and regions[s, y, last - 1] == 0:
                last -= 1
            n = last - first
            here = region[0, margin + first : margin + last]
            level_here = level[0, margin + first : margin + last]
            for x in range(n):
                row = (np.int32(here[x]) - 1) * np.int32(n_levels) + np.int32(level_here[x])
                key[x] = row if here[x] > 0 else 0
            for d in range(4):
                line = 0 if d == 0 else 1
                start = first + (2 * margin, 0, margin, 2 * margin)[d]
                there, found = region[line, start : start + n], level[line, start : start + n]
                seen = other[d]
                for x in range(n):
                    seen[x] = found[x] if there[x] == here[x] else 0
            for x in range(n):
                place = table[np.uint32(key[x])]
                place[0, np.uint16(other[0, x])] += 1
                place[1, np.uint16(other[1, x])] += 1
                place[2, np.uint16(other[2, x])] += 1
                place[3, np.uint16(other[3, x])] += 1
        for r in range(n_regions):
            for i in range(n_levels):
                for d in range(4):
                    counts[s, r, d, i] = table[r * n_levels + i + 1, d, 1:]
