"""How far each region reaches in each slice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit

from mrnet_features.arrays import Array, Int32Array, Int64Array, device_function, namespace
from mrnet_features.counts.inputs import check_counted
from mrnet_features.counts.packed_rows import find_change, find_span
from mrnet_features.launch import N_THREADS, count_walks, launch
from mrnet_features.stacks.slices import find_owners


def extents(regions: Array, *, n_regions: int) -> Array:
    """Pixels, rows and columns that each region takes in each slice, and the slice's own.

    Parameters
    ----------
    regions : array of shape (n_slices, height, width), uint8
        0 outside, r inside region r.
    n_regions : int

    Returns
    -------
    array of shape (n_slices, n_regions, 5), int32
        Number of pixels, of rows with a pixel, of columns with a pixel, of all rows, of all
        columns.

    Examples
    --------
    >>> extents(np.uint8([[[0, 1, 1]]]), n_regions=1)
    array([[[2, 1, 2, 1, 3]]], dtype=int32)
    """
    xp = namespace(regions)
    _, height, width = regions.shape
    rows = []
    for region in range(1, n_regions + 1):
        inside = regions == region
        n_pixels = xp.sum(xp.astype(inside, xp.int32), axis=(1, 2), dtype=xp.int32)
        n_rows = xp.sum(xp.astype(xp.any(inside, axis=2), xp.int32), axis=1, dtype=xp.int32)
        n_columns = xp.sum(xp.astype(xp.any(inside, axis=1), xp.int32), axis=1, dtype=xp.int32)
        all_rows, all_columns = (xp.full_like(n_rows, size) for size in (height, width))
        rows.append(xp.stack([n_pixels, n_rows, n_columns, all_rows, all_columns], axis=-1))
    return xp.stack(rows, axis=1)


@device_function
def bounds(
    regions: Array,
    *,
    n_regions: int,
    starts: Sequence[int] = (0,),
    origins: Sequence[tuple[int, int]] = (),
) -> Array:
    """Smallest box of slices, rows and columns around each region of each exam.

    Parameters
    ----------
    regions : array of shape (n_slices, height, width), uint8
        0 outside, r inside region r.
    n_regions : int
    starts, origins : sequence of int and of pairs of int
        First slice of each exam, and row and column from which places are counted, as `Stack` has
        them. Default: one exam, counted from its first pixel.

    Returns
    -------
    array of shape (n_stacks, n_regions, 6), int32
        First and last slice, first and last row, first and last column; 0 and -1 for a region
        without a pixel.

    Raises
    ------
    TypeError, ValueError
        If the input is not as above.

    Examples
    --------
    >>> bounds(np.uint8([[[0, 1, 1]]]), n_regions=2)
    array([[[ 0,  0,  0,  0,  1,  2],
            [ 0, -1,  0, -1,  0, -1]]], dtype=int32)
    """
    check_counted(regions, regions, lowest=0, highest=255, n_regions=n_regions)
    found = np.full((len(starts), n_regions + 1, 6), -1, np.int32)
    found[:, :, ::2] = max(regions.shape)
    owners = find_owners(starts, regions.shape[0])
    _find_bounds(np.ascontiguousarray(regions), owners, found)
    return _count_from(found[:, 1:], starts, origins)


@bounds.gpu
def _(
    regions: Array,
    *,
    n_regions: int,
    starts: Sequence[int] = (0,),
    origins: Sequence[tuple[int, int]] = (),
) -> Array:
    import cupy

    check_counted(regions, regions, lowest=0, highest=255, n_regions=n_regions)
    n_slices, height, width = regions.shape
    found = cupy.full((len(starts), n_regions, 6), -1, cupy.int32)
    found[:, :, ::2] = max(regions.shape)
    owners = cupy.asarray(find_owners(starts, n_slices).astype(np.int32))
    n_blocks = count_walks(height * width)
    launch(
        "region_extents.cu",
        "find_bounds",
        n_slices * n_blocks,
        N_THREADS,
        (cupy.ascontiguousarray(regions), owners, n_blocks, height, width, n_regions, found),
    )
    return _count_from(found, starts, origins)


def _count_from(found: Array, starts: Sequence[int], origins: Sequence[tuple[int, int]]) -> Array:
    """Boxes counted from each exam's first slice and its origin; 0 and -1 for none."""
    xp = namespace(found)
    corners = zip(starts, origins or [(0, 0)] * len(starts), strict=True)
    moves = np.asarray([(start, *origin) for start, origin in corners], np.int32).repeat(2, axis=1)
    nothing = xp.asarray(np.asarray([0, -1] * 3, np.int32))
    return xp.where(found[:, :, 1:2] < 0, nothing, found - xp.asarray(moves)[:, None, :])


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _find_bounds(regions: Any, owners: Int64Array, found: Int32Array) -> None:
    """Widen each region's box by every stretch of a line that lies in it."""
    n_slices, height, _ = regions.shape
    for s in range(n_slices):
        for y in range(height):
            first, end = find_span(regions[s, y])
            line = regions[s, y, first:end]
            x = 0
            while x < line.shape[0]:
                box, last = found[owners[s], line[x]], find_change(line, x, line[x])
                box[0], box[1] = min(box[0], s), max(box[1], s)
                box[2], box[3] = min(box[2], y), max(box[3], y)
                box[4], box[5] = min(box[4], first + x), max(box[5], first + last - 1)
                x = last
