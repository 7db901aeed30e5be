"""Runs: how many pixels of one level lie in a row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from mrnet_features.arrays import Array, twin
from mrnet_features.counts.inputs import check_counted, check_levels

IntArray = np.ndarray[Any, np.dtype[np.int32]]


@twin
def runs(levels: Array, regions: Array, *, n_levels: int, n_regions: int) -> Array:
    """Run length matrices of each region of each slice along four directions.

    A run goes on while level and region stay the same. The directions are (0, 1), (1, -1), (1, 0)
    and (1, 1), in rows and columns.

    Parameters
    ----------
    levels : array of shape (n_slices, height, width), uint8
        Levels 1 to `n_levels`.
    regions : array of shape (n_slices, height, width), uint8
        0 outside, r inside region r.
    n_levels, n_regions : int

    Returns
    -------
    array of shape (n_slices, n_regions, 4, n_levels, longest), int32
        Number of runs; [..., i - 1, j - 1] for level i and length j pixels, up to the longest run
        there is, at least 1.

    Raises
    ------
    TypeError, ValueError
        If the input is not as above.

    Examples
    --------
    >>> levels = np.array([[[1, 2, 2]]], np.uint8)
    >>> runs(levels, np.ones_like(levels), n_levels=2, n_regions=1)[0, 0, 0]
    array([[1, 0],
           [0, 1]], dtype=int32)
    """
    check_levels(n_levels)
    check_counted(levels, regions, lowest=1, highest=n_levels, n_regions=n_regions)
    return _count_runs(
        np.ascontiguousarray(levels), np.ascontiguousarray(regions), n_levels, n_regions
    )


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _count_runs(levels: Any, regions: Any, n_levels: int, n_regions: int) -> IntArray:
    """Count, for every pixel, how far into its run it lies; differences of that are the runs.

    A run of length n holds one pixel each at places 1 to n. So no pixel has to know whether its
    run ends, and the inner loops have no branch.
    """
    n_slices, height, width = levels.shape
    n_keys = n_regions * n_levels + 1  # a key is a level in a region; 0 lies outside
    places = np.zeros((n_keys, 4, max(height, width) + 2), np.int32)
    counts = np.zeros((n_slices, n_regions, 4, n_levels, 1), np.int32)
    # one column of margin on each side; the present line of pixels and the one above
    key, key_above = np.zeros(width + 2, np.int32), np.zeros(width + 2, np.int32)
    run, run_above = np.zeros((4, width + 2), np.int32), np.zeros((4, width + 2), np.int32)
    longest = 1
    for s in range(n_slices):
        places[:, :, : longest + 1] = 0
        key_above[:] = 0
        longest_here = 1
        for y in range(height):
            first, last = _fill_keys(levels[s, y], regions[s, y], n_levels, key)
            n = last - first
            here = key[first:last]
            for d in range(1, 4):
                # (1, -1) comes from the upper right, (1, 0) from above, (1, 1) from upper left
                shift = 2 - d
                before = key_above[first + shift : last + shift]
                old, new = run_above[d, first + shift : last + shift], run[d, first:last]
                for x in range(n):
                    goes_on = (here[x] == before[x]) & (here[x] > 0)
                    new[x] = old[x] + 1 if goes_on else 1
            level_with, new = key[first - 1 : last], run[0, first:last]
            length = np.int32(0)
            for x in range(n):
                goes_on = (here[x] == level_with[x]) & (here[x] > 0)
                length = np.int32(length + 1) if goes_on else np.int32(1)
                new[x] = length
            run0, run1 = run[0, first:last], run[1, first:last]
            run2, run3 = run[2, first:last], run[3, first:last]
            for d in range(4):
                new = run[d, first:last]
                for x in range(n):
                    longest_here = max(longest_here, int(new[x]))
            for x in range(n):
                place = places[np.uint32(here[x])]
                place[0, np.uint32(run0[x])] += 1
                place[1, np.uint32(run1[x])] += 1
                place[2, np.uint32(run2[x])] += 1
                place[3, np.uint32(run3[x])] += 1
            key, key_above = key_above, key
            run, run_above = run_above, run
        if longest_here > longest or s == 0:
            longest = max(longest, longest_here)
            wider = np.zeros((n_slices, n_regions, 4, n_levels, longest), np.int32)
            wider[:s, ..., : counts.shape[4]] = counts[:s]
            counts = wider
        for r in range(n_regions):
            for i in range(n_levels):
                for d in range(4):
                    place, found = places[r * n_levels + i + 1, d], counts[s, r, d, i]
                    for j in range(longest):
                        found[j] = place[j + 1] - place[j + 2]
    return counts


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _fill_keys(levels: Any, regions: Any, n_levels: int, key: IntArray) -> tuple[int, int]:
    """Write a line's keys with a margin of 1, and find the part that lies in regions."""
    width = levels.shape[0]
    inner = key[1 : width + 1]
    for x in range(width):
        r = np.int32(regions[x])
        inner[x] = (r - 1) * np.int32(n_levels) + np.int32(levels[x]) if r > 0 else 0
    first, last = 0, width
    while first < width and inner[first] == 0:
        first += 1
    while last > first and inner[last - 1] == 0:
        last -= 1
    return first + 1, last + 1
