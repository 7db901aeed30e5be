"""Haar wavelet: histograms of undecimated details in bins of 1/4 grey level."""

from __future__ import annotations

from typing import Any

import numpy as np

from mrnet_features.arrays import Array, Int32Array
from mrnet_features.compiling import cached_njit
from mrnet_features.counts.counting import count
from mrnet_features.counts.filter_responses import REACH, STEPS, count_on_gpu
from mrnet_features.launch import launch_each
from mrnet_features.stacks.stack import Stack


@count
def haar_responses(stack: Stack, *, side: int) -> Array:
    """Histogram of the details of the undecimated Haar wavelet in each region of each slice.

    A detail is the absolute difference of the means of two halves of a square of `side` pixels
    in one region: left and right, upper and lower, and the two pairs of opposite quarters.

    Parameters
    ----------
    stack : Stack
    side : int
        2, 4, 8, ... up to 64 pixels.

    Returns
    -------
    array of shape (n_slices, n_regions, 3, 1021), int32
        Number of squares with detail k / 4 grey levels at [..., d, k]; d in the order above.

    Raises
    ------
    ValueError
        If `side` is not one of these.

    Examples
    --------
    >>> grey = np.uint8([[[0, 4], [0, 4]]])
    >>> stack = Stack(grey, np.ones_like(grey), np.ones_like(grey), n_levels=1)
    >>> haar_responses(stack, side=2).argmax(axis=-1)
    array([[[16, 0, 0]]])
    """
    counts = np.zeros((stack.n_slices, stack.n_regions + 1, 3, REACH + 1), np.int32)
    _count_squares(stack.grey, stack.regions, side, counts)
    return counts[:, 1:]


@haar_responses.gpu
def _(stack: Stack, *, side: int) -> Array:
    import cupy

    grey, regions = stack.grey, stack.regions
    _, height, width = grey.shape
    n_pixels, half = np.uint32(grey.size), side // 2
    sums, is_whole_row = cupy.empty(grey.shape, cupy.uint16), cupy.empty(grey.shape, cupy.uint8)
    quarters = cupy.empty(grey.shape, cupy.int32)
    response = cupy.empty((3, *grey.shape), cupy.uint16)
    for kernel, args in (
        ("sum_rows", (grey, regions, n_pixels, width, half, sums, is_whole_row)),
        ("sum_columns", (sums, n_pixels, height, width, half, quarters)),
        (
            "take_details",
            (quarters, regions, is_whole_row, n_pixels, height, width, half, response),
        ),
    ):
        launch_each("haar_wavelet.cu", kernel, grey.size, args)
    return count_on_gpu(response, stack, 3, REACH + 1)


@haar_responses.check
def _(side: int) -> None:
    if side not in {2, 4, 8, 16, 32, 64}:
        raise ValueError(f"`side` must be 2, 4, 8, 16, 32 or 64 pixels, got {side}.")


@cached_njit(nogil=True)
def _count_squares(grey: Any, regions: Any, side: int, counts: Int32Array) -> None:
    """Count the details of squares in one region, with a summed-area table."""
    n_slices, height, width = grey.shape
    n = side // 2
    area = side * n
    table = np.zeros((height + 1, width + 1), np.int32)
    tall = np.zeros(width, np.int32)
    for s in range(n_slices):
        tall[:] = 0
        for y in range(height):
            row = np.int32(0)
            for x in range(width):
                row += grey[s, y, x]
                table[y + 1, x + 1] = table[y, x + 1] + row
        for y in range(height):
            length = 0
            for x in range(width):
                r = regions[s, y, x]
                length = length + 1 if x > 0 and regions[s, y, x - 1] == r else 1
                is_wide = r > 0 and length >= side
                continues = y > 0 and regions[s, y - 1, x] == r
                tall[x] = 0 if not is_wide else tall[x] + 1 if continues else 1
                if tall[x] < side:
                    continue
                # corners of the four quarters
                y0, y1, y2 = y + 1 - side, y + 1 - n, y + 1
                x0, x1, x2 = x + 1 - side, x + 1 - n, x + 1
                up_left = table[y1, x1] - table[y0, x1] - table[y1, x0] + table[y0, x0]
                up_right = table[y1, x2] - table[y0, x2] - table[y1, x1] + table[y0, x1]
                low_left = table[y2, x1] - table[y1, x1] - table[y2, x0] + table[y1, x0]
                low_right = table[y2, x2] - table[y1, x2] - table[y2, x1] + table[y1, x1]
                horizontal = abs(up_right + low_right - up_left - low_left)
                vertical = abs(low_left + low_right - up_left - up_right)
                diagonal = abs(up_left + low_right - up_right - low_left)
                counts[s, r, 0, (STEPS * horizontal + area // 2) // area] += 1
                counts[s, r, 1, (STEPS * vertical + area // 2) // area] += 1
                counts[s, r, 2, (STEPS * diagonal + area // 2) // area] += 1
