"""Grey levels averaged over squares, so that noise and thin lines don't count."""

from __future__ import annotations

import numpy as np

from mrnet_features.arrays import Array, twin
from mrnet_features.counts.launch import launch_each


@twin
def smooth(grey: Array, *, side: int) -> Array:
    """Mean of each pixel's square in its slice, rounded down.

    Sums are whole numbers, so that mirrored stacks give mirrored means. Beyond the slice its edge
    goes on.

    Parameters
    ----------
    grey : array of shape (n_slices, height, width), uint8
        Grey levels 0 to 255.
    side : int
        Pixels; odd.

    Returns
    -------
    array of shape (n_slices, height, width), uint8

    Raises
    ------
    ValueError
        If `side` is not odd.

    Examples
    --------
    >>> smooth(np.array([[[0, 0, 9, 0, 0]]], np.uint8), side=3)[0, 0]
    array([0, 3, 3, 3, 0], dtype=uint8)
    """
    _check(side)
    half = side // 2
    sums = grey.astype(np.int32)
    for axis in (1, 2):
        margin = [(0, 0)] * 3
        margin[axis] = (half + 1, half)
        running = np.cumsum(np.pad(sums, margin, mode="edge"), axis=axis, dtype=np.int32)
        size = grey.shape[axis]
        ahead = np.take(running, np.arange(side, side + size), axis=axis)
        sums = ahead - np.take(running, np.arange(size), axis=axis)
    return (sums // side**2).astype(np.uint8)


@smooth.gpu
def _(grey: Array, *, side: int) -> Array:
    import cupy

    _check(side)
    n_slices, height, width = grey.shape
    sums, means = cupy.empty(grey.shape, cupy.int32), cupy.empty(grey.shape, cupy.uint8)
    half, n_pixels = side // 2, grey.size
    launch_each(
        "smooth.cu",
        "sum_rows",
        n_pixels,
        (cupy.ascontiguousarray(grey), np.uint32(n_pixels), width, half, sums),
    )
    launch_each(
        "smooth.cu",
        "average_columns",
        n_slices * width,
        (sums, n_slices, height, width, half, means),
    )
    return means


def _check(side: int) -> None:
    if side < 1 or side % 2 == 0:
        raise ValueError(f"`side` must be an odd number of pixels, got {side}.")
