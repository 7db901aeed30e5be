"""Size zones: number of connected areas of equal level, by level and size."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from mrnet_features.arrays import Array, Int32Array, Int64Array, UInt32Array
from mrnet_features.compiling import cached_njit
from mrnet_features.counts.counting import count
from mrnet_features.counts.labelling import (
    FIRST_LABEL,
    key_of,
    label_on_gpu,
    label_slice,
    make_labelling,
)
from mrnet_features.launch import launch_each
from mrnet_features.stacks.stack import Stack

_N_SMALL = 64  # zones up to this size are counted in a table; the few larger ones are sorted


class SizeZones(NamedTuple):
    """Size zones of each region of each slice.

    Few of the possible sizes occur, so the matrix of level and size is a list of its non-zero
    cells, sorted by size, then level, and padded with zeros.

    Attributes
    ----------
    level, size, number : array of shape (n_slices, n_regions, n_cells), int32
        Level, size in pixels and number of the zones of each cell.
    by_level : array of shape (n_slices, n_regions, n_levels), int32
        Number of zones of each level.
    n_pixels : array of shape (n_slices, n_regions), int32
        Number of pixels in all zones.
    """

    level: Array
    size: Array
    number: Array
    by_level: Array
    n_pixels: Array


@count
def size_zones(stack: Stack) -> SizeZones:
    """Size zones of each region of each slice: 8-connected pixels of one level.

    Parameters
    ----------
    stack : Stack

    Returns
    -------
    SizeZones

    Examples
    --------
    >>> levels, ones = np.uint8([[[1, 2, 2, 1]]]), np.ones((1, 1, 4), np.uint8)
    >>> found = size_zones(Stack(ones, levels, ones, n_levels=2))
    >>> [part.ravel().tolist() for part in found[:3]]
    [[1, 2], [1, 2], [2, 1]]
    """
    shape = (stack.n_slices, stack.n_regions)
    by_level = np.zeros((*shape, stack.n_levels), np.int32)
    n_pixels = np.zeros(shape, np.int32)
    cells, starts = _find_cells(stack.levels, stack.regions, by_level)
    n_cells = max(int(np.diff(starts).max()), 1)
    level, size, number = np.zeros((3, *shape, n_cells), np.int32)
    _spread_cells(cells, starts, level, size, number, n_pixels)
    return SizeZones(level, size, number, by_level, n_pixels)


@size_zones.gpu
def _(stack: Stack) -> SizeZones:
    import cupy

    n_levels, n_regions = stack.n_levels, stack.n_regions
    n_slices, height, width = stack.levels.shape
    shape = (n_slices, n_regions)
    keys, numbers = _list_zones_on_gpu(stack.levels, stack.regions, n_levels, n_regions)
    n_keys, slice_size = keys.shape[0], np.uint32(height * width)
    order = cupy.argsort(keys) if n_keys > 0 else keys
    is_first, lengths = cupy.zeros(n_keys, cupy.int32), cupy.zeros(shape, cupy.int32)
    launch_each(
        "size_zone.cu", "begin_cells", n_keys, (keys, order, n_keys, slice_size, is_first, lengths)
    )
    longest = max(int(lengths.max()), 1)
    level, size, number = (cupy.zeros((*shape, longest), cupy.int32) for _ in range(3))
    by_level, n_pixels = cupy.zeros((*shape, n_levels), cupy.int32), cupy.zeros(shape, cupy.int32)
    cells = cupy.cumsum(is_first, dtype=cupy.int32) if n_keys > 0 else is_first
    ends = cupy.cumsum(lengths, dtype=cupy.int32)
    launch_each(
        "size_zone.cu",
        "fill_cells",
        n_keys,
        (
            *(keys, order, numbers, cells, ends, lengths),
            *(n_keys, slice_size, n_levels, longest),
            *(level, size, number, by_level, n_pixels),
        ),
    )
    return SizeZones(level, size, number, by_level, n_pixels)


def _list_zones_on_gpu(
    levels: Array, regions: Array, n_levels: int, n_regions: int
) -> tuple[Array, Array]:
    """Keys and numbers of zones: one key per small size and level, one per large zone."""
    import cupy

    _, size = label_on_gpu(levels, regions)
    n_slices, height, width = levels.shape
    n_pixels, slice_size = np.uint32(levels.size), np.uint32(height * width)
    n_rows = n_slices * n_regions
    # a table of small zones pays off up to a few entries per pixel
    n_small = min(_N_SMALL, max(4 * levels.size // (n_rows * n_levels), 1))
    table = cupy.zeros(n_rows * n_small * n_levels, cupy.int32)
    large = cupy.empty(levels.size // (n_small + 1), cupy.int64)
    n_found = cupy.zeros(1, cupy.uint32)
    launch_each(
        "size_zone.cu",
        "split_zones",
        levels.size,
        (
            *(levels, regions, size, n_pixels, slice_size, n_levels, n_regions, n_small),
            *(table, large, n_found),
        ),
    )
    entries, n_large = cupy.flatnonzero(table), int(n_found[0])
    n_entries = entries.shape[0]
    keys = cupy.empty(n_entries + n_large, cupy.int64)
    numbers = cupy.ones(n_entries + n_large, cupy.int32)
    keys[n_entries:] = large[:n_large]
    launch_each(
        "size_zone.cu",
        "list_small_zones",
        n_entries,
        (table, entries, n_entries, slice_size, n_levels, n_small, keys, numbers),
    )
    return keys, numbers


@cached_njit(nogil=True, error_model="numpy")
def _find_cells(levels: Any, regions: Any, by_level: Int32Array) -> tuple[Int32Array, Int32Array]:
    """Fill `by_level`; return the cells (level, size, number) and the start of each list."""
    n_slices, height, width = levels.shape
    n_regions, n_levels = by_level.shape[1:]
    n_keys = n_regions * n_levels
    # the first row counts labels that are no zone and the last row large zones, so that the loop
    # over labels has no branch
    table = np.zeros((_N_SMALL + 2, n_keys), np.uint32)
    work = make_labelling(height, width)
    cells = np.zeros((3, 1024), np.int32)
    starts = np.zeros(n_slices * n_regions + 1, np.int32)
    n_cells = 0
    for s in range(n_slices):
        table[:] = 0
        _, _, last, _ = label_slice(levels[s], regions[s], work)
        _count_zones(work, last, n_levels, table)
        n_large = 0
        for key in range(n_keys):
            n_large += int(table[_N_SMALL + 1, key])
        large = _sort_large(work, last, n_levels, n_keys, n_large)
        capacity = n_cells + n_large
        for n in range(1, _N_SMALL + 1):
            for key in range(n_keys):
                capacity += int(table[n, key] > 0)
        if capacity > cells.shape[1]:
            wider = np.zeros((3, 2 * capacity), np.int32)
            for part in range(3):
                for k in range(n_cells):
                    wider[part, k] = cells[part, k]
            cells = wider
        for region in range(n_regions):
            begin = n_cells
            starts[s * n_regions + region] = begin
            for n in range(1, _N_SMALL + 1):
                row = table[n, region * n_levels : (region + 1) * n_levels]
                for i in range(n_levels):
                    if row[i] > 0:
                        cells[0, n_cells], cells[1, n_cells], cells[2, n_cells] = i + 1, n, row[i]
                        n_cells += 1
            for index in range(n_large):
                code = int(large[index])
                key = code % n_keys
                if key // n_levels != region:
                    continue
                if index > 0 and code == int(large[index - 1]):
                    cells[2, n_cells - 1] += 1
                    continue
                cells[0, n_cells], cells[1, n_cells] = key % n_levels + 1, code // n_keys
                cells[2, n_cells] = 1
                n_cells += 1
            for k in range(begin, n_cells):
                by_level[s, region, cells[0, k] - 1] += cells[2, k]
    starts[-1] = n_cells
    return cells[:, :n_cells], starts


@cached_njit(nogil=True, error_model="numpy")
def _count_zones(work: Any, last: int, n_levels: int, table: UInt32Array) -> None:
    """Count zones by size, large ones together, and by region and level."""
    size, pixel_of = work.size, work.pixel_of
    for k in range(FIRST_LABEL, last + 1):
        row = min(size[k], np.uint32(_N_SMALL + 1))
        table[row, key_of(pixel_of[k], np.uint32(n_levels))] += np.uint32(1)


@cached_njit(nogil=True, error_model="numpy")
def _sort_large(work: Any, last: int, n_levels: int, n_keys: int, n_large: int) -> Int64Array:
    """Large zones as ``size n_keys + key``, sorted."""
    large = np.empty(n_large, np.int64)
    index = 0
    if n_large > 0:
        for k in range(FIRST_LABEL, last + 1):
            if work.size[k] > _N_SMALL:
                key = key_of(work.pixel_of[k], np.uint32(n_levels))
                large[index] = np.int64(work.size[k]) * n_keys + np.int64(key)
                index += 1
        large.sort()
    return large


@cached_njit(nogil=True, error_model="numpy")
def _spread_cells(
    cells: Int32Array,
    starts: Int32Array,
    level: Int32Array,
    size: Int32Array,
    number: Int32Array,
    n_pixels: Int32Array,
) -> None:
    """Copy the list of each slice and region to a row of the counts, and count its pixels."""
    n_slices, n_regions = n_pixels.shape
    for s in range(n_slices):
        for r in range(n_regions):
            begin, end = starts[s * n_regions + r], starts[s * n_regions + r + 1]
            for k in range(end - begin):
                level[s, r, k] = cells[0, begin + k]
                size[s, r, k] = cells[1, begin + k]
                number[s, r, k] = cells[2, begin + k]
                n_pixels[s, r] += cells[1, begin + k] * cells[2, begin + k]
