"""Oriented gradients: sum of gradient magnitudes by orientation and cell."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from mrnet_features.arrays import Array, Int32Array, Int64Array, upload_once
from mrnet_features.compiling import cached_njit
from mrnet_features.counts.counting import count
from mrnet_features.counts.packed_rows import find_change
from mrnet_features.launch import N_THREADS, SHARED_BYTES, count_tiles, launch
from mrnet_features.stacks.stack import Stack

STEPS = 16  # magnitude steps per grey level
TAIL = 100  # at most 1 / TAIL of the pixels lie beyond each side of the box


class OrientedGradients(NamedTuple):
    """Gradients of each region of each slice.

    Attributes
    ----------
    magnitude : array of shape (n_slices, n_regions, n_rows, n_columns, n_orientations), int64
        Sum of the magnitudes in 1/16 grey levels.
    number : array of shape (n_slices, n_regions, n_rows, n_columns), int32
        Number of counted gradients in each cell.
    """

    magnitude: Array
    number: Array


@count
def oriented_gradients(
    stack: Stack, *, n_rows: int, n_columns: int, n_orientations: int
) -> OrientedGradients:
    """Orientation histograms over the cells of the bounding box of each region of each slice.

    The gradient is the difference of the neighbours below and above, and right and left; it counts
    if all four lie in the region of the pixel. The box leaves out at most 1 % of the pixels of the
    region on each side. Orientation k is centred on ``180 k / n_orientations`` degrees; a gradient
    along the row has 0 degrees.

    Parameters
    ----------
    stack : Stack
    n_rows, n_columns : int
        Number of cells, at least 1.
    n_orientations : int
        1 to 255.

    Returns
    -------
    OrientedGradients

    Raises
    ------
    ValueError
        If a parameter is out of range.

    Examples
    --------
    >>> grey = np.uint8([[[0, 0, 0], [0, 5, 9], [0, 0, 0]]])
    >>> stack = Stack(grey, np.ones_like(grey), np.ones_like(grey), n_levels=1)
    >>> found = oriented_gradients(stack, n_rows=1, n_columns=1, n_orientations=2)
    >>> found.magnitude.ravel().tolist()
    [144, 0]
    """
    shape = (stack.n_slices, stack.n_regions, n_rows, n_columns)
    magnitude = np.zeros((*shape, n_orientations), np.int64)
    number = np.zeros(shape, np.int32)
    table = _join_tables(n_orientations)
    _count_gradients(stack.grey, stack.regions, table, magnitude, number)
    return OrientedGradients(magnitude, number)


@oriented_gradients.gpu
def _(stack: Stack, *, n_rows: int, n_columns: int, n_orientations: int) -> OrientedGradients:
    import cupy

    grey, regions, n_regions = stack.grey, stack.regions, stack.n_regions
    n_slices, height, width = grey.shape
    shape = (n_slices, n_regions, n_rows, n_columns)
    magnitude = cupy.zeros((*shape, n_orientations), cupy.int64)
    number = cupy.zeros(shape, cupy.int32)
    row_cells = cupy.empty((n_slices, n_regions, height), cupy.int32)
    column_cells = cupy.empty((n_slices, n_regions, width), cupy.int32)
    sizes = (height, width, n_regions, n_rows, n_columns)
    launch(
        "oriented_gradients.cu",
        "find_cells",
        n_slices * n_regions,
        N_THREADS,
        (regions, *sizes, TAIL, row_cells, column_cells),
    )
    tables = upload_once(_stack_tables, n_orientations, like=grey)
    table_bytes = n_rows * n_columns * (n_orientations + 1) * number.itemsize
    is_shared = table_bytes <= SHARED_BYTES
    launch(
        "oriented_gradients.cu",
        "count_gradients",
        count_tiles(n_slices, n_regions, height, width),
        N_THREADS,
        (
            *(grey, regions),
            *(tables[0], tables[1]),
            *(row_cells, column_cells),
            *(*sizes, n_orientations, int(is_shared)),
            *(magnitude.view(cupy.uint64), number),  # CUDA atomics have no signed 64 bits
        ),
        shared=table_bytes if is_shared else 0,
    )
    return OrientedGradients(magnitude, number)


@oriented_gradients.check
def _(n_rows: int, n_columns: int, n_orientations: int) -> None:
    if min(n_rows, n_columns) < 1 or not 1 <= n_orientations <= 255:
        raise ValueError(
            "`n_rows` and `n_columns` must be at least 1 and `n_orientations` 1 to 255, got "
            f"{n_rows}, {n_columns} and {n_orientations}."
        )


@functools.cache
def gradient_tables(n_orientations: int) -> tuple[Int32Array, Int32Array]:
    """Orientation and magnitude of every pair of differences.

    Computed on the CPU for every device, as arctangents may differ in the last bit.

    Parameters
    ----------
    n_orientations : int

    Returns
    -------
    orientation, magnitude : ndarray of shape (511, 511), int32
        [dy + 255, dx + 255].
    """
    dy, dx = np.meshgrid(np.arange(-255, 256), np.arange(-255, 256), indexing="ij")
    turns = np.arctan2(dy, dx) / np.pi * n_orientations
    orientation = np.floor(turns + 0.5).astype(np.int32) % n_orientations
    magnitude = np.rint(STEPS * np.hypot(dy, dx)).astype(np.int32)
    return orientation, magnitude


def _stack_tables(n_orientations: int) -> Int32Array:
    """Orientation and magnitude of each pair of differences, in one array."""
    return np.stack(gradient_tables(n_orientations))


@functools.cache
def _join_tables(n_orientations: int) -> Int32Array:
    """256 x magnitude + orientation of each pair of differences."""
    orientation, magnitude = gradient_tables(n_orientations)
    return np.ravel(magnitude * 256 + orientation)


@cached_njit(nogil=True, error_model="numpy")
def _count_gradients(
    grey: Any, regions: Any, table: Int32Array, magnitude: Int64Array, number: Int32Array
) -> None:
    """Count each gradient in its cell, in pieces of lines that lie in one region."""
    n_slices, height, width = grey.shape
    n_regions, n_rows, n_columns = number.shape[1:]
    in_rows = np.zeros((n_regions + 1, height), np.int32)
    in_columns = np.zeros((n_regions + 1, width), np.int32)
    row_of, column_of = np.zeros_like(in_rows), np.zeros_like(in_columns)
    found, counted = np.zeros(width, np.int32), np.zeros(width, np.uint8)
    for s in range(n_slices):
        in_rows[:] = 0
        in_columns[:] = 0
        for y in range(height):
            x = 0
            while x < width:
                r = regions[s, y, x]
                end = find_change(regions[s, y], x + 1, r)
                if r > 0:
                    in_rows[r, y] += end - x
                    for k in range(x, end):
                        in_columns[r, k] += 1
                x = end
        for r in range(1, n_regions + 1):
            _find_cells(in_rows[r], n_rows, row_of[r])
            _find_cells(in_columns[r], n_columns, column_of[r])
        for y in range(1, height - 1):
            x = 0
            while x < width:
                r = regions[s, y, x]
                end = find_change(regions[s, y], x + 1, r)
                if r > 0 and end - x > 2 and row_of[r, y] >= 0:
                    _find_gradients(
                        grey[s, y, x:end],
                        grey[s, y - 1, x + 1 : end - 1],
                        grey[s, y + 1, x + 1 : end - 1],
                        regions[s, y - 1, x + 1 : end - 1],
                        regions[s, y + 1, x + 1 : end - 1],
                        r,
                        found,
                        counted,
                    )
                    row = row_of[r, y]
                    cells, numbers = magnitude[s, r - 1, row], number[s, r - 1, row]
                    for k in range(end - x - 2):
                        column = column_of[r, x + 1 + k]
                        if counted[k] > 0 and column >= 0:
                            both = table[found[k]]
                            numbers[column] += 1
                            cells[column, both & 255] += both >> 8
                x = end


@cached_njit(nogil=True, error_model="numpy")
def _find_gradients(
    line: Any,
    above: Any,
    below: Any,
    region_above: Any,
    region_below: Any,
    region: Any,
    found: Any,
    counted: Any,
) -> None:
    """Place of each gradient in the table, and whether pixels above and below lie in the region.

    `line` has one pixel more on either side than the other arrays.
    """
    for k in range(above.shape[0]):
        dy = np.int32(np.int32(below[k]) - np.int32(above[k]))
        dx = np.int32(np.int32(line[k + 2]) - np.int32(line[k]))
        found[k] = np.int32((dy + 255) * 511 + dx + 255)
        counted[k] = np.uint8((region_above[k] == region) & (region_below[k] == region))


@cached_njit(nogil=True)
def _find_cells(inside: Int32Array, n_cells: int, cell_of: Int32Array) -> None:
    """Cell of each line of a region, -1 beyond its box; symmetric under mirroring."""
    n_lines = inside.shape[0]
    allowed = inside.sum() // TAIL
    first, beyond = 0, 0
    while first < n_lines and beyond + inside[first] <= allowed:
        beyond += inside[first]
        first += 1
    last, beyond = n_lines, 0
    while last > first and beyond + inside[last - 1] <= allowed:
        beyond += inside[last - 1]
        last -= 1
    cell_of[:] = -1
    for k in range(first, last):
        # a line belongs to the cell of its middle
        cell_of[k] = (2 * (k - first) + 1) * n_cells // (2 * (last - first))
