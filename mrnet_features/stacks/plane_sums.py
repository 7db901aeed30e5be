"""Sums of the responses of blocks along planes, to find the joint plane."""

from __future__ import annotations

from typing import Any

import numpy as np

from mrnet_features.arrays import Int64Array
from mrnet_features.compiling import cached_njit
from mrnet_features.stacks.windows import TILT_UNITS


@cached_njit(nogil=True)
def sum_along(
    responses: Any,
    columns: Any,
    slices: Any,
    tilts: Int64Array,
    slice_tilts: Int64Array,
    first_row: int,
    end_row: int,
) -> Any:
    """Sum of the responses of all blocks along each plane; 0 beyond the box.

    Four blocks are added at a time, so that sums are read and written a quarter as often.

    Parameters
    ----------
    responses : ndarray of shape (n_slice_blocks, n_column_blocks, height), int32
    columns, slices : ndarray of shape (n_column_blocks,) and (n_slice_blocks,), int64
        Twice the distance of each block from the middle.
    tilts, slice_tilts : ndarray of shape (n_tilts,) and (n_slice_tilts,), int64
        In units of 1 / 1024 row per column and per slice.
    first_row, end_row : int
        Rows of the planes in the middle.

    Returns
    -------
    ndarray of shape (n_tilts, n_slice_tilts, end_row - first_row), int32

    Examples
    --------
    >>> responses = np.int32([[[1, 2, 4]], [[1, 2, 4]]])
    >>> middle = np.array([0])
    >>> sum_along(responses, middle, np.array([-2, 2]), middle, np.array([0, 1024]), 0, 3)[0]
    array([[2, 4, 8],
           [2, 5, 2]], dtype=int32)
    """
    n_slices, n_columns, height = responses.shape
    n_blocks, n_rows = n_slices * n_columns, end_row - first_row
    farthest = np.abs(tilts).max() * np.abs(columns).max()
    farthest += np.abs(slice_tilts).max() * np.abs(slices).max()
    reach = farthest // (2 * TILT_UNITS) + 1
    padded = np.zeros((n_blocks + 3, height + 2 * reach), np.int32)
    for k in range(n_blocks):
        padded[k, reach : reach + height] = responses[k // n_columns, k % n_columns]
    sums = np.zeros((tilts.shape[0], slice_tilts.shape[0], n_rows), np.int32)
    column, depth = np.zeros(n_blocks + 3, np.int64), np.zeros(n_blocks + 3, np.int64)
    for k in range(n_blocks):
        column[k], depth[k] = columns[k % n_columns], slices[k // n_columns]
    origin = (2 * (reach + first_row) + 1) * TILT_UNITS  # so that it is rounded, not cut
    for k in range(0, n_blocks, 4):
        if not padded[k : k + 4].any():
            continue
        for a in range(tilts.shape[0]):
            for b in range(slice_tilts.shape[0]):
                one, two, three, four = (
                    _find_start(column[k], depth[k], tilts[a], slice_tilts[b], origin),
                    _find_start(column[k + 1], depth[k + 1], tilts[a], slice_tilts[b], origin),
                    _find_start(column[k + 2], depth[k + 2], tilts[a], slice_tilts[b], origin),
                    _find_start(column[k + 3], depth[k + 3], tilts[a], slice_tilts[b], origin),
                )
                # slices of equal length, so that the loop is vectorised
                _add_four(
                    padded[k, one : one + n_rows],
                    padded[k + 1, two : two + n_rows],
                    padded[k + 2, three : three + n_rows],
                    padded[k + 3, four : four + n_rows],
                    sums[a, b],
                )
    return sums


@cached_njit(nogil=True)
def _find_start(column: int, depth: int, tilt: int, slice_tilt: int, origin: int) -> int:
    """Row of a block in the plane, counted from `origin`; distances are doubled."""
    return (origin + tilt * column + slice_tilt * depth) // (2 * TILT_UNITS)


@cached_njit(nogil=True)
def _add_four(one: Any, two: Any, three: Any, four: Any, total: Any) -> None:
    """Add four lines to the total; in pairs, as sums that do not wait for each other."""
    for y in range(total.shape[0]):
        total[y] += (one[y] + two[y]) + (three[y] + four[y])
