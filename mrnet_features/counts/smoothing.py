"""Smoothing: mean grey levels over squares, to remove noise and thin lines."""

from __future__ import annotations

from typing import Any

import numpy as np

from mrnet_features.arrays import Array
from mrnet_features.compiling import cached_njit
from mrnet_features.counts.counting import count
from mrnet_features.launch import launch_each
from mrnet_features.stacks.stack import Stack

_LARGEST_SIDE = 255  # sums over squares of side 2903 and more overflow 32 bits


@count
def smooth(stack: Stack, *, side: int) -> Array:
    """Mean grey level of the square around each pixel, rounded down.

    Sums are integers, so that a mirrored stack has mirrored means. The slice is padded with its
    edge pixels.

    Parameters
    ----------
    stack : Stack
    side : int
        Side of the square in pixels; odd, 1 to 255.

    Returns
    -------
    array of shape (n_slices, height, width), uint8
        Count it with ``stack.with_grey(...)``.

    Raises
    ------
    ValueError
        If `side` is even or out of range.

    Examples
    --------
    >>> grey, ones = np.uint8([[[0, 0, 9, 0, 0]]]), np.ones((1, 1, 5), np.uint8)
    >>> smooth(Stack(grey, ones, ones, n_levels=1), side=3)[0, 0]
    array([0, 3, 3, 3, 0], dtype=uint8)
    """
    means = np.empty(stack.grey.shape, np.uint8)
    _average_squares(stack.grey, side, means)
    return means


@smooth.gpu
def _(stack: Stack, *, side: int) -> Array:
    import cupy

    grey = stack.grey
    n_slices, height, width = grey.shape
    sums, means = cupy.empty(grey.shape, cupy.int32), cupy.empty(grey.shape, cupy.uint8)
    half, n_pixels = side // 2, grey.size
    launch_each(
        "smoothing.cu",
        "sum_rows",
        n_pixels,
        (grey, np.uint32(n_pixels), width, half, sums),
    )
    launch_each(
        "smoothing.cu",
        "average_columns",
        n_slices * width,
        (sums, n_slices, height, width, half, means),
    )
    return means


@smooth.check
def _(side: int) -> None:
    if not 1 <= side <= _LARGEST_SIDE or side % 2 == 0:
        raise ValueError(
            f"`side` must be an odd number of pixels, 1 to {_LARGEST_SIDE}, got {side}."
        )


@cached_njit(nogil=True, error_model="numpy")
def _average_squares(grey: Any, side: int, means: Any) -> None:
    """Running sum of lines down the slice, and of columns along each line."""
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
