"""Distance zones: number of connected areas of equal level, by level and distance to the edge."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from mrnet_features.arrays import Array, Int32Array
from mrnet_features.compiling import cached_njit
from mrnet_features.counts.counting import count
from mrnet_features.counts.labelling import label_on_gpu, label_slice, make_workspace
from mrnet_features.counts.packed_rows import find_span
from mrnet_features.launch import launch_each
from mrnet_features.stacks.stack import Stack


class DistanceZones(NamedTuple):
    """Number of zones of each region of each slice, by level and distance to the edge.

    Attributes
    ----------
    distances : array of shape (n_slices, n_regions, n_levels, farthest), int32
        Number of zones; [..., i - 1, j - 1] for level i and distance j. `farthest` is the largest
        distance, at least 1.
    n_pixels : array of shape (n_slices, n_regions), int32
        Number of pixels in all zones.
    """

    distances: Array
    n_pixels: Array


@count
def distance_zones(stack: Stack) -> DistanceZones:
    """Number of zones of each region of each slice, by level and distance to the edge.

    Zones are those of `size_zones`. The distance of a zone is the least number of steps along rows
    and columns from one of its pixels to a pixel outside the region or the slice; 1 at the edge.

    Parameters
    ----------
    stack : Stack

    Returns
    -------
    DistanceZones

    Examples
    --------
    >>> levels = np.ones((1, 3, 3), np.uint8)
    >>> levels[0, 1, 1] = 2
    >>> stack = Stack(levels, levels, np.ones_like(levels), n_levels=2)
    >>> distance_zones(stack).distances[0, 0]
    array([[1, 0],
           [0, 1]], dtype=int32)
    """
    n_slices, height, width = stack.levels.shape
    longest = (min(height, width) + 1) // 2
    distances = np.zeros((n_slices, stack.n_regions, stack.n_levels, longest), np.int32)
    n_pixels = np.zeros((n_slices, stack.n_regions), np.int32)
    farthest = _count_distances(stack.levels, stack.regions, distances, n_pixels)
    return DistanceZones(distances[..., :farthest], n_pixels)


@distance_zones.gpu
def _(stack: Stack) -> DistanceZones:
    import cupy

    levels, regions = stack.levels, stack.regions
    n_levels, n_regions = stack.n_levels, stack.n_regions
    n_slices, height, width = levels.shape
    n_pixels, slice_size = np.uint32(levels.size), np.uint32(height * width)
    root, size = label_on_gpu(levels, regions)
    distance = cupy.empty(levels.size, cupy.int32)
    launch_each(
        "distance_zone.cu",
        "measure_columns",
        n_slices * width,
        (regions, n_slices, height, width, distance),
    )
    nearest = cupy.full(levels.size, height + width, cupy.int32)
    launch_each(
        "distance_zone.cu",
        "measure_zones",
        levels.size,
        (distance, root, regions, n_pixels, width, nearest),
    )
    longest = (min(height, width) + 1) // 2
    distances = cupy.zeros((n_slices, n_regions, n_levels, longest), cupy.int32)
    n_in_zones = cupy.zeros((n_slices, n_regions), cupy.int32)
    farthest = cupy.ones(1, cupy.int32)
    launch_each(
        "distance_zone.cu",
        "count_distances",
        levels.size,
        (
            *(levels, regions, size, nearest, n_pixels, slice_size),
            *(n_levels, n_regions, longest, distances, n_in_zones, farthest),
        ),
    )
    return DistanceZones(distances[..., : int(farthest[0])], n_in_zones)


@cached_njit(nogil=True, error_model="numpy")
def _count_distances(levels: Any, regions: Any, distances: Int32Array, n_pixels: Int32Array) -> int:
    """Fill both counts; return the farthest distance, at least 1."""
    n_slices, height, width = levels.shape
    n_levels = distances.shape[2]
    distance = np.zeros((height + 2, width + 2), np.int32)
    label, parent, size, key_of, meeting = make_workspace(height, width)
    nearest = np.zeros(parent.shape[0], np.int32)
    farthest = 1
    for s in range(n_slices):
        _fill_distances(regions[s], distance)
        newest = label_slice(levels[s], regions[s], n_levels, label, parent, key_of, size, meeting)
        for k in range(newest + 1):
            nearest[k] = height + width
        for y in range(height):
            first, end = find_span(regions[s, y])
            line = label[y + 1, first + 1 : end + 1]
            line_distance = distance[y + 1, first + 1 : end + 1]
            for x in range(end - first):
                nearest[line[x]] = min(nearest[line[x]], line_distance[x])
        for child in range(newest, 0, -1):
            root = parent[child]
            nearest[root] = min(nearest[root], nearest[child])
        for k in range(1, newest + 1):
            if parent[k] == k and key_of[k] > 0:
                row = int(key_of[k]) - 1
                region = row // n_levels
                distances[s, region, row % n_levels, nearest[k] - 1] += 1
                n_pixels[s, region] += size[k]
                farthest = max(farthest, int(nearest[k]))
    return farthest


@cached_njit(nogil=True)
def _fill_distances(regions: Any, distance: Int32Array) -> None:
    """City-block distance of each pixel to the nearest pixel outside its region.

    Pixels with a neighbour of another region have distance 1. No path from another region can be
    shorter, so one sweep down and one sweep up find all distances without comparing regions. The
    margin of `distance` stays 0.
    """
    height, width = regions.shape
    beyond = np.int32(height + width)
    for y in range(height):
        here, line = regions[y], distance[y + 1, 1 : width + 1]
        above, below = regions[max(y - 1, 0)], regions[min(y + 1, height - 1)]
        for x in range(width):
            line[x] = 1 if (here[x] != above[x]) | (here[x] != below[x]) else beyond
        left, right = here[: width - 1], here[1:]
        after = line[1:]
        for x in range(width - 1):
            if left[x] != right[x]:
                line[x], after[x] = 1, 1
        before = distance[y, 1 : width + 1]
        for x in range(width):
            line[x] = min(line[x], before[x] + 1)
        nearest = np.int32(0)
        for x in range(width):
            nearest = min(line[x], np.int32(nearest + 1))
            line[x] = nearest
    for y in range(height - 1, -1, -1):
        line, before = distance[y + 1, 1 : width + 1], distance[y + 2, 1 : width + 1]
        for x in range(width):
            line[x] = min(line[x], before[x] + 1)
        nearest = np.int32(0)
        for x in range(width - 1, -1, -1):
            nearest = min(line[x], np.int32(nearest + 1))
            line[x] = nearest
