"""Passes over the pixels of a stack, compiled: what finding the leg and its grey levels needs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
EdgeArray = np.ndarray[Any, np.dtype[np.int64]]
SumArray = np.ndarray[Any, np.dtype[np.uint32]]
CountArray = np.ndarray[Any, np.dtype[np.int64]]


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def sum_blocks(grey: Any, row_edges: EdgeArray, column_edges: EdgeArray) -> SumArray:
    """Sum of the grey levels in every block of each slice.

    Parameters
    ----------
    grey : array of shape (n_slices, height, width), uint8
    row_edges, column_edges : array of shape (n_rows + 1,) and (n_columns + 1,), int64
        First row or column of each block, and one past the last.

    Returns
    -------
    array of shape (n_slices, n_rows, n_columns), uint32

    Examples
    --------
    >>> sum_blocks(np.ones((1, 3, 2), np.uint8), np.array([0, 1, 3]), np.array([0, 2])).tolist()
    [[[2], [4]]]
    """
    n_slices, _, width = grey.shape
    n_rows, n_columns = row_edges.shape[0] - 1, column_edges.shape[0] - 1
    sums = np.zeros((n_slices, n_rows, n_columns), np.uint32)
    along = np.zeros(width, np.uint32)
    for s in range(n_slices):
        for i in range(n_rows):
            along[:] = 0
            for y in range(row_edges[i], row_edges[i + 1]):
                line = grey[s, y]
                for x in range(width):
                    along[x] += line[x]
            for j in range(n_columns):
                total = np.uint32(0)
                for x in range(column_edges[j], column_edges[j + 1]):
                    total += along[x]
                sums[s, i, j] = total
    return sums


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def draw_outline(
    grey: Any,
    inside: BoolArray,
    rim: BoolArray,
    row_edges: EdgeArray,
    column_edges: EdgeArray,
    threshold: float,
) -> BoolArray:
    """Mask of the pixels in the blocks inside; on the rim, only where it is bright enough.

    Parameters
    ----------
    grey : array of shape (n_slices, height, width), uint8
    inside, rim : array of shape (n_slices, n_rows, n_columns), bool
        Blocks to fill, and those of them to fill pixel by pixel.
    row_edges, column_edges : array of shape (n_rows + 1,) and (n_columns + 1,), int64
        As in `sum_blocks`.
    threshold : float
        Least mean of the 3 by 3 pixels around a pixel of the rim; beyond the slice its edge goes
        on.

    Returns
    -------
    array of shape (n_slices, height, width), bool

    Examples
    --------
    >>> edges, yes = np.array([0, 3]), np.ones((1, 1, 1), np.bool_)
    >>> grey = np.uint8([[[0, 0, 90], [0, 0, 90], [0, 0, 90]]])
    >>> draw_outline(grey, yes, yes, edges, edges, 20.0)[0, 1].tolist()
    [False, True, True]
    """
    n_slices, height, width = grey.shape
    mask = np.zeros((n_slices, height, width), np.bool_)
    least = np.int32(np.ceil(9 * threshold))
    for s in range(n_slices):
        for i in range(row_edges.shape[0] - 1):
            for j in range(column_edges.shape[0] - 1):
                if not inside[s, i, j]:
                    continue
                first, end = column_edges[j], column_edges[j + 1]
                for y in range(row_edges[i], row_edges[i + 1]):
                    if not rim[s, i, j]:
                        mask[s, y, first:end] = True
                        continue
                    line, above = grey[s, y], grey[s, max(y - 1, 0)]
                    below = grey[s, min(y + 1, height - 1)]
                    for x in range(first, end):
                        left, right = max(x - 1, 0), min(x + 1, width - 1)
                        total = np.int32(line[left]) + np.int32(line[x]) + np.int32(line[right])
                        total += np.int32(above[left]) + np.int32(above[x]) + np.int32(above[right])
                        total += np.int32(below[left]) + np.int32(below[x]) + np.int32(below[right])
                        mask[s, y, x] = total >= least
    return mask


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def count_grey(grey: Any, regions: Any) -> CountArray:
    """Number of pixels inside all regions at each grey level.

    Parameters
    ----------
    grey, regions : array of shape (n_slices, height, width), uint8

    Returns
    -------
    array of shape (256,), int64

    Examples
    --------
    >>> int(count_grey(np.uint8([[[7, 7, 9]]]), np.uint8([[[1, 0, 2]]]))[7])
    1
    """
    n_slices, height, width = grey.shape
    # neighbours are often alike: two tables in turn, so that none waits for the last entry
    counts = np.zeros((2, 2, 256), np.int64)
    for s in range(n_slices):
        for y in range(height):
            line, inside = grey[s, y], regions[s, y]
            for x in range(width):
                counts[x & 1, np.int64(inside[x] > 0), line[x]] += 1
    found: CountArray = counts[0, 1] + counts[1, 1]
    return found


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def map_grey(grey: Any, table: Any) -> Any:
    """Entry of each pixel's grey level in a table; several times as fast as indexing.

    Parameters
    ----------
    grey : array of shape (n_slices, height, width), uint8
        Contiguous.
    table : array of shape (256,), uint8

    Returns
    -------
    array of shape (n_slices, height, width), uint8

    Examples
    --------
    >>> map_grey(np.uint8([[[0, 255]]]), np.arange(256, dtype=np.uint8)[::-1].copy())
    array([[[255,   0]]], dtype=uint8)
    """
    mapped = np.empty(grey.shape, np.uint8)
    flat, flat_mapped = grey.reshape(-1), mapped.reshape(-1)
    for k in range(flat.shape[0]):
        flat_mapped[k] = table[flat[k]]
    return mapped
