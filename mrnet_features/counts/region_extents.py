"""Region extents: pixels, rows, columns and bounding box of each region."""

from __future__ import annotations

from typing import Any

import numpy as np

from mrnet_features.arrays import Array, Int32Array, Int64Array, namespace, upload_once
from mrnet_features.compiling import cached_njit
from mrnet_features.counts.counting import count
from mrnet_features.counts.packed_rows import find_change, find_span
from mrnet_features.launch import N_THREADS, count_walks, launch
from mrnet_features.stacks.exam_slices import find_owners, upload_owners
from mrnet_features.stacks.stack import Stack


def region_extents(stack: Stack) -> Array:
    """Number of pixels, rows and columns of each region of each slice, and size of the slice.

    Parameters
    ----------
    stack : Stack

    Returns
    -------
    array of shape (n_slices, n_regions, 5), int32
        Number of pixels, of rows with a pixel, of columns with a pixel, of all rows, of all
        columns.

    Examples
    --------
    >>> ones = np.ones((1, 1, 3), np.uint8)
    >>> region_extents(Stack(ones, ones, np.uint8([[[0, 1, 1]]]), n_levels=1))
    array([[[2, 1, 2, 1, 3]]], dtype=int32)
    """
    regions = stack.regions
    xp = namespace(regions)
    _, height, width = regions.shape
    rows = []
    for region in range(1, stack.n_regions + 1):
        inside = regions == region
        n_pixels = xp.sum(xp.astype(inside, xp.int32), axis=(1, 2), dtype=xp.int32)
        n_rows = xp.sum(xp.astype(xp.any(inside, axis=2), xp.int32), axis=1, dtype=xp.int32)
        n_columns = xp.sum(xp.astype(xp.any(inside, axis=1), xp.int32), axis=1, dtype=xp.int32)
        all_rows, all_columns = (xp.full_like(n_rows, size) for size in (height, width))
        rows.append(xp.stack([n_pixels, n_rows, n_columns, all_rows, all_columns], axis=-1))
    return xp.stack(rows, axis=1)


@count
def region_bounds(stack: Stack) -> Array:
    """Bounding box of each region of each exam, in slices, rows and columns.

    Parameters
    ----------
    stack : Stack

    Returns
    -------
    array of shape (n_exams, n_regions, 6), int32
        First and last slice, first and last row, first and last column, counted from the first
        slice and the origin of the exam; 0 and -1 for a region without a pixel.

    Examples
    --------
    >>> ones, regions = np.ones((1, 1, 3), np.uint8), np.uint8([[[0, 1, 1]]])
    >>> region_bounds(Stack(ones, ones, regions, n_levels=1, region_names=("a", "b")))
    array([[[ 0,  0,  0,  0,  1,  2],
            [ 0, -1,  0, -1,  0, -1]]], dtype=int32)
    """
    found = np.full((stack.n_exams, stack.n_regions + 1, 6), -1, np.int32)
    found[:, :, ::2] = max(stack.regions.shape)
    owners = find_owners(stack.exam_starts, stack.n_slices)
    _find_bounds(stack.regions, owners, found)
    return _move_to_origins(found[:, 1:], stack)


@region_bounds.gpu
def _(stack: Stack) -> Array:
    import cupy

    regions, n_regions = stack.regions, stack.n_regions
    n_slices, height, width = regions.shape
    found = cupy.full((stack.n_exams, n_regions, 6), -1, cupy.int32)
    found[:, :, ::2] = max(regions.shape)
    owners = upload_owners(stack.exam_starts, regions)
    n_blocks = count_walks(height * width)
    launch(
        "region_extents.cu",
        "find_bounds",
        n_slices * n_blocks,
        N_THREADS,
        (regions, owners, n_blocks, height, width, n_regions, found),
    )
    return _move_to_origins(found, stack)


def _move_to_origins(found: Array, stack: Stack) -> Array:
    """Boxes from the first slice and the origin of their exam; 0 and -1 for an empty region."""
    xp = namespace(found)
    moves = upload_once(list_moves, stack.exam_starts, stack.origins, like=found)
    nothing = upload_once(_make_empty_box, like=found)
    return xp.where(found[:, :, 1:2] < 0, nothing, found - moves[:, None, :])


def list_moves(exam_starts: tuple[int, ...], origins: tuple[tuple[int, int], ...]) -> Int32Array:
    """First slice, row and column of each exam, each of them twice, as in a bounding box.

    Parameters
    ----------
    exam_starts : tuple of int
        First slice of each exam.
    origins : tuple of (int, int)
        First row and column of each exam.

    Returns
    -------
    ndarray of shape (n_exams, 6), int32

    Examples
    --------
    >>> list_moves((0, 4), ((0, 0), (3, 5)))
    array([[0, 0, 0, 0, 0, 0],
           [4, 4, 3, 3, 5, 5]], dtype=int32)
    """
    return np.column_stack([exam_starts, origins]).astype(np.int32).repeat(2, axis=1)


def _make_empty_box() -> Int32Array:
    return np.asarray([0, -1] * 3, np.int32)


@cached_njit(nogil=True, error_model="numpy")
def _find_bounds(regions: Any, owners: Int64Array, found: Int32Array) -> None:
    """Extend the box of each region by every run of its pixels."""
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
