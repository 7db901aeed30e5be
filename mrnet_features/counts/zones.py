"""Zones: connected pixels of one level, by level, size and distance to the region's edge."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from mrnet_features.arrays import Array, twin
from mrnet_features.counts.inputs import check_counted, check_levels

IntArray = np.ndarray[Any, np.dtype[np.int32]]


class Zones(NamedTuple):
    """Zones of each region of each slice.

    Sizes range up to the number of pixels but few occur, so the size matrix is a list of its
    cells that are not zero, in the order of size and level, filled up with zeros to one length.

    Attributes
    ----------
    level, size, number : array of shape (n_slices, n_regions, n_cells), int32
        `number` zones have this level and this size in pixels.
    distances : array of shape (n_slices, n_regions, n_levels, n_distances), int32
        Number of zones; [..., i - 1, j - 1] for level i and distance j.
    n_pixels : array of shape (n_slices, n_regions), int32
        Number of pixels in all zones.
    """

    level: Array
    size: Array
    number: Array
    distances: Array
    n_pixels: Array


@twin
def zones(levels: Array, regions: Array, *, n_levels: int, n_regions: int) -> Zones:
    """Zones of each region of each slice, 8-connected, in one pass over all levels at once.

    A zone's distance is that of its pixel nearest to a pixel outside the region or the slice, in
    steps along rows and columns; 1 for a zone that touches the edge.

    Parameters
    ----------
    levels : array of shape (n_slices, height, width), uint8
        Levels 1 to `n_levels`.
    regions : array of shape (n_slices, height, width), uint8
        0 outside, r inside region r.
    n_levels, n_regions : int

    Returns
    -------
    Zones

    Raises
    ------
    TypeError, ValueError
        If the input is not as above.

    Examples
    --------
    >>> levels = np.array([[[1, 2, 2, 1]]], np.uint8)
    >>> found = zones(levels, np.ones_like(levels), n_levels=2, n_regions=1)
    >>> [part.ravel().tolist() for part in found[:3]]
    [[1, 2], [1, 2], [2, 1]]
    """
    check_levels(n_levels)
    check_counted(levels, regions, lowest=1, highest=n_levels, n_regions=n_regions)
    n_slices, height, width = levels.shape
    longest = (min(height, width) + 1) // 2
    distances = np.zeros((n_slices, n_regions, n_levels, longest), np.int32)
    cells, starts = _find_cells(
        np.ascontiguousarray(levels), np.ascontiguousarray(regions), n_levels, distances
    )
    lengths = np.diff(starts)
    padded = np.zeros((3, n_slices, n_regions, max(int(lengths.max()), 1)), np.int32)
    inside = np.arange(padded.shape[-1]) < lengths.reshape(n_slices, n_regions, 1)
    padded[:, inside] = cells
    n_pixels = (padded[1] * padded[2]).sum(axis=-1, dtype=np.int32)
    used = np.flatnonzero(distances.any(axis=(0, 1, 2)))
    n_distances = int(used[-1]) + 1 if used.size else 1
    level, size, number = padded
    return Zones(level, size, number, distances[..., :n_distances], n_pixels)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _find_cells(
    levels: Any, regions: Any, n_levels: int, distances: IntArray
) -> tuple[IntArray, IntArray]:
    """Fill `distances`; return the cells (level, size, number) and where each list starts."""
    n_slices, height, width = levels.shape
    n_regions = distances.shape[1]
    n_keys = n_regions * n_levels + 1
    n_small = 64  # zones up to this size are counted in a table, the few larger ones are sorted
    table = np.zeros((n_small + 1, n_keys), np.int32)
    # labels and keys of this line and the one above, with a margin of 1 on each side
    # (unsigned, as a signed index costs a test for a negative one)
    label, label_above = np.zeros(width + 2, np.uint32), np.zeros(width + 2, np.uint32)
    key, key_above = np.zeros(width + 2, np.int32), np.zeros(width + 2, np.int32)
    depth = np.zeros((height + 2, width + 2), np.int32)
    n_labels = height * width + 1
    parent, size = np.zeros(n_labels, np.uint32), np.zeros(n_labels, np.int32)
    near, key_of = np.zeros(n_labels, np.int32), np.zeros(n_labels, np.int32)
    cells = np.zeros((3, 1024), np.int32)
    starts = np.zeros(n_slices * n_regions + 1, np.int32)
    n_cells = 0
    for s in range(n_slices):
        _fill_depths(regions[s], depth)
        table[:] = 0
        key_above[:] = 0
        newest = 0
        for y in range(height):
            inner = key[1 : width + 1]
            for x in range(width):
                r = np.int32(regions[s, y, x])
                inner[x] = (r - 1) * np.int32(n_levels) + np.int32(levels[s, y, x]) if r > 0 else 0
            line = depth[y + 1]
            for x in range(1, width + 1):
                k = key[x]
                if k == 0:
                    continue
                # The pixel above touches the other three neighbours, so it settles all; else the
                # upper right may have to be joined to the upper left or the left.
                if key_above[x] == k:
                    mine = label_above[x]
                elif key_above[x + 1] == k:
                    mine = label_above[x + 1]
                    if key_above[x - 1] == k:
                        mine = _join(parent, mine, label_above[x - 1])
                    elif key[x - 1] == k:
                        mine = _join(parent, mine, label[x - 1])
                elif key_above[x - 1] == k:
                    mine = label_above[x - 1]
                elif key[x - 1] == k:
                    mine = label[x - 1]
                else:
                    newest += 1
                    mine = np.uint32(newest)
                    parent[mine], key_of[mine] = mine, k
                    size[mine], near[mine] = 0, line[x]
                label[x] = mine
                size[mine] += 1
                near[mine] = min(near[mine], line[x])
            key, key_above = key_above, key
            label, label_above = label_above, label
        n_zones, n_large = 0, 0
        # A parent's label is smaller than its child's: from the last on, all is handed upwards.
        for child in range(newest, 0, -1):
            up = parent[child]
            if up != child:
                size[up] += size[child]
                near[up] = min(near[up], near[child])
                continue
            n_zones += 1
            k = key_of[child]
            distances[s, (k - 1) // n_levels, (k - 1) % n_levels, near[child] - 1] += 1
            if size[child] <= n_small:
                table[size[child], k] += 1
            else:
                n_large += 1
        large = np.empty(n_large, np.int64)
        place = 0
        for root in range(1, newest + 1):
            if parent[root] == root and size[root] > n_small:
                large[place] = np.int64(size[root]) * n_keys + key_of[root]
                place += 1
        large.sort()
        room = n_cells + n_zones
        if room > cells.shape[1]:
            wider = np.zeros((3, 2 * room), np.int32)
            wider[:, :n_cells] = cells[:, :n_cells]
            cells = wider
        for region in range(n_regions):
            starts[s * n_regions + region] = n_cells
            for n in range(1, n_small + 1):
                for i in range(1, n_levels + 1):
                    number = table[n, region * n_levels + i]
                    if number > 0:
                        cells[0, n_cells], cells[1, n_cells], cells[2, n_cells] = i, n, number
                        n_cells += 1
            for place in range(n_large):
                code = int(large[place])
                row = code % n_keys - 1
                if row // n_levels != region:
                    continue
                if place > 0 and code == int(large[place - 1]):
                    cells[2, n_cells - 1] += 1
                    continue
                cells[0, n_cells], cells[1, n_cells] = row % n_levels + 1, code // n_keys
                cells[2, n_cells] = 1
                n_cells += 1
    starts[-1] = n_cells
    return cells[:, :n_cells], starts


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _fill_depths(regions: Any, depth: IntArray) -> None:
    """City-block distance of each pixel to the nearest that is not of its region.

    Pixels with an unlike neighbour have distance 1, which no step from another region can beat; so
    one sweep down and one up pass distances on without looking at regions again. The margin of
    `depth` stays 0, the distance of what lies outside.
    """
    height, width = regions.shape
    beyond = np.int32(height + width)
    for y in range(height):
        here, line = regions[y], depth[y + 1, 1 : width + 1]
        above, below = regions[max(y - 1, 0)], regions[min(y + 1, height - 1)]
        for x in range(width):
            line[x] = 1 if (here[x] != above[x]) | (here[x] != below[x]) else beyond
        left, right = here[: width - 1], here[1:]
        after = line[1:]
        for x in range(width - 1):
            if left[x] != right[x]:
                line[x], after[x] = 1, 1
        before = depth[y, 1 : width + 1]
        for x in range(width):
            line[x] = min(line[x], before[x] + 1)
        nearest = np.int32(0)
        for x in range(width):
            nearest = min(line[x], np.int32(nearest + 1))
            line[x] = nearest
    for y in range(height - 1, -1, -1):
        line, before = depth[y + 1, 1 : width + 1], depth[y + 2, 1 : width + 1]
        for x in range(width):
            line[x] = min(line[x], before[x] + 1)
        nearest = np.int32(0)
        for x in range(width - 1, -1, -1):
            nearest = min(line[x], np.int32(nearest + 1))
            line[x] = nearest


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _join(parent: IntArray, one: int, other: int) -> int:
    """Join two labels' zones under the smaller root; halve the paths on the way."""
    while parent[one] != one:
        parent[one] = parent[parent[one]]
        one = parent[one]
    while parent[other] != other:
        parent[other] = parent[parent[other]]
        other = parent[other]
    if one < other:
        parent[other] = one
        return one
    parent[one] = other
    return other
