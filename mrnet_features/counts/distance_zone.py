"""Distance zones: number of connected areas of equal level, by level and distance to the edge."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from mrnet_features.arrays import Array, Int32Array, UInt16Array, UInt32Array
from mrnet_features.compiling import cached_njit
from mrnet_features.counts.counting import count
from mrnet_features.counts.labelling import (
    FIRST_LABEL,
    find_root,
    label_on_gpu,
    label_slice,
    make_labelling,
)
from mrnet_features.launch import launch_each
from mrnet_features.stacks.stack import Stack

_BLOCK = 16  # pixels tested together


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
    work = make_labelling(height, width)
    packed, spans, label, parent, size, pixel_of, joined = work
    distance = np.zeros(packed.shape[0], np.uint32)
    nearest = np.zeros(parent.shape[0], np.uint32)
    farthest = 1
    for s in range(n_slices):
        n_rows, stride, last, n_joined = label_slice(levels[s], regions[s], work)
        nearest[: last + 1] = height + width
        for row in range(n_rows):
            begin, end = spans[row]
            _measure_row(packed, begin, end, distance)
            _add_steps(packed, distance, begin, end, -stride)
        for row in range(n_rows - 1, -1, -1):
            begin, end = spans[row]
            _add_steps(packed, distance, begin, end, stride)
            here, of_pixel = label[begin:end], distance[begin:end]
            for x in range(end - begin):
                nearest[here[x]] = min(nearest[here[x]], of_pixel[x])
        for child in joined[:n_joined]:
            root = find_root(parent, child)
            nearest[root] = min(nearest[root], nearest[child])
        for k in range(FIRST_LABEL, last + 1):
            if size[k] > 0:
                region = int(pixel_of[k] >> np.uint16(8)) - 1
                level = int(pixel_of[k] & np.uint16(255)) - 1
                distances[s, region, level, nearest[k] - np.uint32(1)] += 1
                n_pixels[s, region] += size[k]
                farthest = max(farthest, int(nearest[k]))
    return farthest


@cached_njit(nogil=True, error_model="numpy")
def _measure_row(packed: UInt16Array, begin: int, end: int, distance: UInt32Array) -> None:
    """Distance of each pixel of a row to the nearest pixel of the row outside its region."""
    while begin < end:
        after = _find_end(packed, begin)
        n = after - begin
        line = distance[begin:after]
        for x in range(n):
            line[x] = min(np.uint32(x), np.uint32(n - 1 - x)) + np.uint32(1)
        begin = after


@cached_njit(nogil=True, error_model="numpy")
def _find_end(packed: UInt16Array, x: int) -> int:
    """First index from `x` on that lies in another region; behind each row is one."""
    pixel = packed[x]
    change = np.uint16(0)
    while change < np.uint16(256):
        for k in range(_BLOCK):
            change |= packed[x + k] ^ pixel
        x += _BLOCK
    x -= _BLOCK
    while np.uint16(packed[x] ^ pixel) < np.uint16(256):
        x += 1
    return x


@cached_njit(nogil=True, error_model="numpy")
def _add_steps(packed: UInt16Array, distance: UInt32Array, begin: int, end: int, to: int) -> None:
    """Shorten distances of a row by those of the row before it, which is `to` further.

    The shortest way out of a region goes along a column first, then along a row.
    """
    pixels, others = packed[begin:end], packed[begin + to : end + to]
    line, before = distance[begin:end], distance[begin + to : end + to]
    for x in range(line.shape[0]):
        is_inside = np.uint16(pixels[x] ^ others[x]) < np.uint16(256)
        steps = before[x] if is_inside else np.uint32(0)
        line[x] = min(line[x], np.uint32(steps + np.uint32(1)))
