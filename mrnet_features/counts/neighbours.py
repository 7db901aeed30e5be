"""What lies around a pixel: how different, and how much of it the same."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from mrnet_features.arrays import Array, twin
from mrnet_features.counts.inputs import check_counted, check_levels

IntArray = np.ndarray[Any, np.dtype[np.int32]]
LongArray = np.ndarray[Any, np.dtype[np.int64]]


class Neighbours(NamedTuple):
    """Neighbourhoods of radius 1 in each region of each slice, by the level of their centre.

    Attributes
    ----------
    dependence : array of shape (n_slices, n_regions, n_levels, 9), int32
        Number of pixels; [..., i - 1, j] for level i with j neighbours of the same level.
    number : array of shape (n_slices, n_regions, n_levels), int32
        Number of pixels that have a neighbour in their region.
    difference : array of shape (n_slices, n_regions, n_levels, 8), int64
        Sum over pixels of ``abs(k i - sum of the k neighbours' levels)``; [..., i - 1, k - 1]
        for level i and k neighbours in the region. Divided by k they add up to the sum of
        differences from the mean neighbour, and until then all is whole.
    """

    dependence: Array
    number: Array
    difference: Array


@twin
def neighbours(levels: Array, regions: Array, *, n_levels: int, n_regions: int) -> Neighbours:
    """Neighbourhood sums and dependence counts of each region of each slice, in one pass.

    Parameters
    ----------
    levels : array of shape (n_slices, height, width), uint8
        Levels 1 to `n_levels`.
    regions : array of shape (n_slices, height, width), uint8
        0 outside, r inside region r. Only neighbours in the centre's region count.
    n_levels, n_regions : int

    Returns
    -------
    Neighbours

    Raises
    ------
    TypeError, ValueError
        If the input is not as above.

    Examples
    --------
    >>> levels = np.array([[[1, 2, 2]]], np.uint8)
    >>> found = neighbours(levels, np.ones_like(levels), n_levels=2, n_regions=1)
    >>> found.dependence[0, 0, :, :2].tolist(), found.difference[0, 0, :, :2].tolist()
    ([[1, 0], [0, 2]], [[1, 0], [0, 1]])
    """
    check_levels(n_levels)
    check_counted(levels, regions, lowest=1, highest=n_levels, n_regions=n_regions)
    n_slices = levels.shape[0]
    shape = (n_slices, n_regions, n_levels)
    dependence = np.zeros((*shape, 9), np.int32)
    difference = np.zeros((*shape, 9), np.int64)
    alone = np.zeros(shape, np.int32)
    _count_neighbours(
        np.ascontiguousarray(levels),
        np.ascontiguousarray(regions),
        n_levels,
        dependence.reshape(n_slices, -1, 9),
        difference.reshape(n_slices, -1, 9),
        alone.reshape(n_slices, -1),
    )
    number = dependence.sum(axis=-1, dtype=np.int32) - alone
    return Neighbours(dependence, number, difference[..., 1:])


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _count_neighbours(
    levels: Any,
    regions: Any,
    n_levels: int,
    dependence: IntArray,
    difference: LongArray,
    alone: IntArray,
) -> None:
    """Compare whole lines with their eight shifts, then drop the results into the tables.

    Row 0 of a table takes what lies in no region, column 0 of the differences what has no
    neighbour (and so no difference): the last loop has no branch but for the rare lone pixel.
    """
    n_slices, height, width = levels.shape
    # a margin of 1 in no region spares the tests for the slice's edge
    level = np.zeros((height + 2, width + 2), np.int16)
    region = np.zeros((height + 2, width + 2), np.int16)
    total, inside = np.zeros(width, np.int16), np.zeros(width, np.int16)
    equal = np.zeros(width, np.int16)
    key, gap = np.zeros(width, np.int32), np.zeros(width, np.int32)
    n_rows = dependence.shape[1]
    like = np.zeros((n_rows + 1, 9), np.int32)
    unlike = np.zeros((n_rows + 1, 9), np.int64)
    for s in range(n_slices):
        like[:] = 0
        unlike[:] = 0
        level[1:-1, 1:-1] = levels[s]
        region[1:-1, 1:-1] = regions[s]
        for y in range(height):
            mine, here = level[y + 1, 1 : width + 1], region[y + 1, 1 : width + 1]
            total[:] = 0
            inside[:] = 0
            equal[:] = 0
            for dy in range(3):
                for dx in range(3):
                    if dy == 1 and dx == 1:
                        continue
                    other, there = level[y + dy, dx : dx + width], region[y + dy, dx : dx + width]
                    for x in range(width):
                        same = np.int16(there[x] == here[x])
                        total[x] += same * other[x]
                        inside[x] += same
                        equal[x] += same * np.int16(other[x] == mine[x])
            for x in range(width):
                row = (np.int32(here[x]) - 1) * np.int32(n_levels) + np.int32(mine[x])
                key[x] = row if here[x] > 0 else 0
                gap[x] = abs(np.int32(inside[x]) * np.int32(mine[x]) - np.int32(total[x]))
            for x in range(width):
                place = np.uint32(key[x])
                like[place, np.uint16(equal[x])] += 1
                unlike[place, np.uint16(inside[x])] += gap[x]
                if inside[x] == 0 and place > 0:
                    alone[s, int(key[x]) - 1] += 1
        dependence[s] = like[1:]
        difference[s] = unlike[1:]
