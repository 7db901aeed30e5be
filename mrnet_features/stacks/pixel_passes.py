"""Passes over the pixels of a batch, to find the leg and its levels; each for CPU and GPU.

``owner`` is the exam of each slice.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mrnet_features.arrays import Array, BoolArray, Int64Array, UInt32Array, device_function
from mrnet_features.compiling import cached_njit
from mrnet_features.launch import N_THREADS, count_walks, launch, launch_each

_SOURCE = "pixel_passes.cu"
_STRIP_ROWS = 16  # as in pixel_passes.cu


@device_function
def sum_blocks(grey: Array, row_edges: Int64Array, column_edges: Int64Array) -> Array:
    """Sum of grey levels in each block of each slice.

    Parameters
    ----------
    grey : array of shape (n_slices, height, width), uint8
    row_edges, column_edges : ndarray of shape (n_rows + 1,) and (n_columns + 1,), int64
        First row or column of each block, and one past the last.

    Returns
    -------
    array of shape (n_slices, n_rows, n_columns), uint32

    Examples
    --------
    >>> sum_blocks(np.ones((1, 3, 2), np.uint8), np.array([0, 1, 3]), np.array([0, 2])).tolist()
    [[[2], [4]]]
    """
    sums: UInt32Array = _sum_blocks(grey, row_edges, column_edges)
    return sums


@sum_blocks.gpu
def _(grey: Array, row_edges: Int64Array, column_edges: Int64Array) -> Array:
    import cupy

    n_slices, height, width = grey.shape
    n_rows, n_columns = len(row_edges) - 1, len(column_edges) - 1
    sums = cupy.empty((n_slices, n_rows, n_columns), cupy.uint32)
    edges = (cupy.asarray(line.astype(np.int32)) for line in (row_edges, column_edges))
    sizes = (n_slices, height, width, n_rows, n_columns)
    launch_each(_SOURCE, "sum_blocks", sums.size, (grey, *edges, *sizes, sums))
    return sums


@cached_njit(nogil=True, error_model="numpy")
def _sum_blocks(grey: Any, row_edges: Int64Array, column_edges: Int64Array) -> UInt32Array:
    n_slices, _, width = grey.shape
    n_rows, n_columns = row_edges.shape[0] - 1, column_edges.shape[0] - 1
    sums = np.zeros((n_slices, n_rows, n_columns), np.uint32)
    column_sums = np.zeros(width, np.uint32)
    for s in range(n_slices):
        for i in range(n_rows):
            column_sums[:] = 0
            for y in range(row_edges[i], row_edges[i + 1]):
                line = grey[s, y]
                for x in range(width):
                    column_sums[x] += line[x]
            for j in range(n_columns):
                total = np.uint32(0)
                for x in range(column_edges[j], column_edges[j + 1]):
                    total += column_sums[x]
                sums[s, i, j] = total
    return sums


@device_function
def draw_outline(
    grey: Array, inside: Array, row_edges: Int64Array, column_edges: Int64Array, least: Array
) -> Array:
    """Pixel mask of chosen blocks; edge blocks keep only bright pixels.

    Parameters
    ----------
    grey : array of shape (n_slices, height, width), uint8
    inside : array of shape (n_slices, n_rows, n_columns), bool
        Blocks of the mask. Blocks next to one outside, or at the edge of the slice, are filled
        pixel by pixel.
    row_edges, column_edges : ndarray of shape (n_rows + 1,) and (n_columns + 1,), int64
        As for `sum_blocks`.
    least : array of shape (n_slices,), int32
        Lowest sum of the 3 by 3 pixels around a pixel that is filled in such a block; the slice is
        padded with its edge pixels.

    Returns
    -------
    array of shape (n_slices, height, width), bool

    Examples
    --------
    >>> edges, yes, least = np.array([0, 3]), np.ones((1, 1, 1), np.bool_), np.int32([180])
    >>> grey = np.uint8([[[0, 0, 90], [0, 0, 90], [0, 0, 90]]])
    >>> draw_outline(grey, yes, edges, edges, least)[0, 1].tolist()
    [False, True, True]
    """
    mask: BoolArray = _draw_outline(grey, inside, row_edges, column_edges, least)
    return mask


@draw_outline.gpu
def _(
    grey: Array, inside: Array, row_edges: Int64Array, column_edges: Int64Array, least: Array
) -> Array:
    import cupy

    _, height, width = grey.shape
    block_of = (
        cupy.asarray(np.repeat(np.arange(len(edges) - 1, dtype=np.int32), np.diff(edges)))
        for edges in (row_edges, column_edges)
    )
    mask = cupy.empty(grey.shape, cupy.bool_)
    sizes = (np.uint32(grey.size), height, width, len(row_edges) - 1, len(column_edges) - 1)
    launch_each(_SOURCE, "draw_outline", grey.size, (grey, inside, *block_of, least, *sizes, mask))
    return mask


@cached_njit(nogil=True, error_model="numpy")
def _draw_outline(
    grey: Any, inside: BoolArray, row_edges: Int64Array, column_edges: Int64Array, least: Any
) -> BoolArray:
    n_slices, height, width = grey.shape
    n_rows, n_columns = inside.shape[1:]
    mask = np.zeros((n_slices, height, width), np.bool_)
    for s in range(n_slices):
        here = inside[s]
        for i in range(n_rows):
            for j in range(n_columns):
                if not here[i, j]:
                    continue
                is_edge = i == 0 or j == 0 or i == n_rows - 1 or j == n_columns - 1
                if not is_edge:
                    beside = here[i - 1, j] and here[i + 1, j]
                    is_edge = not (beside and here[i, j - 1] and here[i, j + 1])
                first, end = column_edges[j], column_edges[j + 1]
                for y in range(row_edges[i], row_edges[i + 1]):
                    if not is_edge:
                        mask[s, y, first:end] = True
                        continue
                    line, above = grey[s, y], grey[s, max(y - 1, 0)]
                    below = grey[s, min(y + 1, height - 1)]
                    for x in range(first, end):
                        left, right = max(x - 1, 0), min(x + 1, width - 1)
                        total = np.int32(line[left]) + np.int32(line[x]) + np.int32(line[right])
                        total += np.int32(above[left]) + np.int32(above[x]) + np.int32(above[right])
                        total += np.int32(below[left]) + np.int32(below[x]) + np.int32(below[right])
                        mask[s, y, x] = total >= least[s]
    return mask


@device_function
def count_grey(grey: Array, regions: Array, owner: Array, n_exams: int) -> Array:
    """Histogram of the grey levels of each exam, over all regions.

    Parameters
    ----------
    grey, regions : array of shape (n_slices, height, width), uint8
    owner : array of shape (n_slices,), int32
        Exam of each slice, 0 for the first.
    n_exams : int

    Returns
    -------
    array of shape (n_exams, 256), int64

    Examples
    --------
    >>> found = count_grey(np.uint8([[[7, 7, 9]]]), np.uint8([[[1, 0, 2]]]), np.int32([0]), 1)
    >>> int(found[0, 7])
    1
    """
    counts: Int64Array = _count_grey(grey, regions, owner, n_exams)
    return counts


@count_grey.gpu
def _(grey: Array, regions: Array, owner: Array, n_exams: int) -> Array:
    import cupy

    n_slices, height, width = grey.shape
    counts = cupy.zeros((n_exams, 256), cupy.int64)
    blocks_per_slice = count_walks(height * width)
    args = (grey, regions, owner, blocks_per_slice, height * width, counts)
    launch(_SOURCE, "count_grey", n_slices * blocks_per_slice, N_THREADS, args)
    return counts


@cached_njit(nogil=True, error_model="numpy")
def _count_grey(grey: Any, regions: Any, owner: Any, n_exams: int) -> Int64Array:
    n_slices, height, width = grey.shape
    # neighbours are often equal: two alternating tables avoid waiting for the last update
    counts = np.zeros((n_exams, 2, 2, 256), np.int64)
    for s in range(n_slices):
        counts_of_exam = counts[owner[s]]
        for y in range(height):
            line, inside = grey[s, y], regions[s, y]
            for x in range(width):
                counts_of_exam[x & 1, np.int64(inside[x] > 0), line[x]] += 1
    found: Int64Array = counts[:, 0, 1] + counts[:, 1, 1]
    return found


@device_function
def map_grey(grey: Array, tables: Array, owner: Array) -> Array:
    """Grey levels replaced by a look-up table per exam; several times faster than NumPy indexing.

    Parameters
    ----------
    grey : array of shape (n_slices, height, width), uint8
        Contiguous.
    tables : array of shape (n_exams, 256), uint8
    owner : array of shape (n_slices,), int32
        As for `count_grey`.

    Returns
    -------
    array of shape (n_slices, height, width), uint8

    Examples
    --------
    >>> table = np.arange(256, dtype=np.uint8)[None, ::-1].copy()
    >>> map_grey(np.uint8([[[0, 255]]]), table, np.int32([0]))
    array([[[255,   0]]], dtype=uint8)
    """
    return _map_grey(grey, tables, owner)


@map_grey.gpu
def _(grey: Array, tables: Array, owner: Array) -> Array:
    import cupy

    _, height, width = grey.shape
    mapped = cupy.empty(grey.shape, cupy.uint8)
    sizes = (np.uint32(grey.size), np.uint32(height * width))
    launch_each(_SOURCE, "map_grey", grey.size, (grey, tables, owner, *sizes, mapped))
    return mapped


@cached_njit(nogil=True, error_model="numpy")
def _map_grey(grey: Any, tables: Any, owner: Any) -> Any:
    mapped = np.empty(grey.shape, np.uint8)
    for s in range(grey.shape[0]):
        table = tables[owner[s]]
        flat, flat_mapped = grey[s].reshape(-1), mapped[s].reshape(-1)
        for k in range(flat.shape[0]):
            flat_mapped[k] = table[flat[k]]
    return mapped


@device_function
def count_lines(mask: Array, owner: Array, n_exams: int) -> tuple[Array, Array]:
    """Number of pixels of a mask in each row and each column, over all slices of an exam.

    Parameters
    ----------
    mask : array of shape (n_slices, height, width), uint8
        0 outside.
    owner : array of shape (n_slices,), int32
        As for `count_grey`.
    n_exams : int

    Returns
    -------
    rows : array of shape (n_exams, height), int64
    columns : array of shape (n_exams, width), int64

    Examples
    --------
    >>> rows, columns = count_lines(np.uint8([[[0, 1], [0, 2]]]), np.int32([0]), 1)
    >>> rows.tolist(), columns.tolist()
    ([[1, 1]], [[0, 2]])
    """
    return _count_lines(mask, owner, n_exams)  # type: ignore[no-any-return]


@count_lines.gpu
def _(mask: Array, owner: Array, n_exams: int) -> tuple[Array, Array]:
    import cupy

    n_slices, height, width = mask.shape
    rows = cupy.zeros((n_exams, height), cupy.int64)
    columns = cupy.zeros((n_exams, width), cupy.int64)
    n_blocks = n_slices * -(-height // _STRIP_ROWS)
    args = (mask, owner, height, width, rows, columns)
    launch(_SOURCE, "count_lines", n_blocks, N_THREADS, args)
    return rows, columns


@cached_njit(nogil=True, error_model="numpy")
def _count_lines(mask: Any, owner: Any, n_exams: int) -> Any:
    n_slices, height, width = mask.shape
    rows = np.zeros((n_exams, height), np.int64)
    columns = np.zeros((n_exams, width), np.int64)
    column_counts = np.zeros(width, np.int32)
    for s in range(n_slices):
        column_counts[:] = 0
        for y in range(height):
            line = mask[s, y]
            total = np.int64(0)
            for x in range(width):
                is_in = np.int32(line[x] > 0)
                column_counts[x] += is_in
                total += is_in
            rows[owner[s], y] += total
        for x in range(width):  # an assignment would take seconds to compile
            columns[owner[s], x] += column_counts[x]
    return rows, columns
