"""Grey levels averaged over squares, so that noise and thin lines don't count."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from mrnet_features.arrays import Array, device_function
from mrnet_features.launch import launch_each
from mrnet_features.stacks.prepare import check_stack

_MOST_SIDE = 255  # larger than any use; sums over 2903 pixels and more overflow 32 bits


@device_function
def smooth(grey: Array, *, side: int) -> Array:
    """Mean of each pixel's square in its slice, rounded down.

    Sums are whole numbers, so that mirrored stacks give mirrored means. Beyond the slice its edge
    goes on.

    Parameters
    ----------
    grey : array of shape (n_slices, height, width), uint8
        Grey levels 0 to 255.
    side : int
        Pixels; odd, 1 to 255.

    Returns
    -------
    array of shape (n_slices, height, width), uint8

    Raises
    ------
    TypeError, ValueError
        If the input is not as above.

    Examples
    --------
    >>> smooth(np.array([[[0, 0, 9, 0, 0]]], np.uint8), side=3)[0, 0]
    array([0, 3, 3, 3, 0], dtype=uint8)
    """
    _check(grey, side)
    means = np.empty(grey.shape, np.uint8)
    _average_squares(np.ascontiguousarray(grey), side, means)
    return means


@smooth.gpu
def _(grey: Array, *, side: int) -> Array:
    import cupy

    _check(grey, side)
    n_slices, height, width = grey.shape
    sums, means = cupy.empty(grey.shape, cupy.int32), cupy.empty(grey.shape, cupy.uint8)
    half, n_pixels = side // 2, grey.size
    launch_each(
        "smoothing.cu",
        "sum_rows",
        n_pixels,
        (cupy.ascontiguousarray(grey), np.uint32(n_pixels), width, half, sums),
    )
    launch_each(
        "smoothing.cu",
        "average_columns",
        n_slices * width,
        (sums, n_slices, height, width, half, means),
    )
    return means


def _check(grey: Array, side: int) -> None:
    check_stack(grey, "grey")
    if not 1 <= side <= _MOST_SIDE or side % 2 == 0:
        raise ValueError(f"`side` must be an odd number of pixels, 1 to {_MOST_SIDE}, got {side}.")


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _average_squares(grey: Any, side: int, means: Any) -> None:
    """Move a sum of lines down a slice, and a sum of its columns along it."""
    n_slices, height, width = grey.shape
    half, area = side // 2, np.uint32(side * side)
    columns = np.zeros(width, np.uint32)
    for s in range(n_slices):
        columns[:] = 0
        for k in range(-half, half + 1):
            line = grey[s, min(max(k, 0), height - 1)]
            for x in range(width):
                columns[x] += np.uint32(line[x])
        for y in range(height):
            total = np.uint32(0)
            for k in range(-half, half + 1):
                total += columns[min(max(k, 0), width - 1)]
            for x in range(width):
                means[s, y, x] = total // area
                total += columns[min(x + half + 1, width - 1)]
                total -= columns[max(x - half, 0)]
            ahead = grey[s, min(y + half + 1, height - 1)]
            behind = grey[s, max(y - half, 0)]
            for x in range(width):
                columns[x] += np.uint32(ahead[x])
                columns[x] -= np.uint32(behind[x])
