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
    """Add each pair once, in the order first pixel, second pixel."""
    n_slices, height, width = levels.shape
    for s in range(n_slices):
        for y in range(height):
            below = y + distance < height
            for x in range(width):
                r = regions[s, y, x]
                if r == 0:
                    continue
                matrices = counts[s, r - 1]
                i = levels[s, y, x] - 1
                right = x + distance
                left = x - distance
                if right < width and regions[s, y, right] == r:
                    matrices[0, i, levels[s, y, right] - 1] += 1
                if below:
                    lower = y + distance
                    if left >= 0 and regions[s, lower, left] == r:
                        matrices[1, i, levels[s, lower, left] - 1] += 1
                    if regions[s, lower, x] == r:
                        matrices[2, i, levels[s, lower, x] - 1] += 1
                    if right < width and regions[s, lower, right] == r:
                        matrices[3, i, levels[s, lower, right] - 1] += 1
