"""Haar wavelet: histograms of undecimated details in bins of 1/4 grey level."""

from __future__ import annotations

from typing import Any

import numpy as np

from mrnet_features.arrays import Array, Int32Array
from mrnet_features.compiling import cached_njit
from mrnet_features.counts.counting import count
from mrnet_features.counts.filter_responses import REACH, STEPS, count_on_gpu
from mrnet_features.counts.packed_rows import find_box, find_span
from mrnet_features.counts.squares import find_squares
from mrnet_features.launch import launch_each
from mrnet_features.stacks.stack import Stack

_STEP_BITS = STEPS.bit_length() - 1


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


@cached_njit(nogil=True, error_model="numpy")
def _count_squares(grey: Any, regions: Any, side: int, counts: Int32Array) -> None:
    """Count the details of squares in one region, with a summed-area table.

    The number of pixels of half a square is a power of two, so means are shifted, not divided.
    """
    n_slices, height, width = grey.shape
    half, bits = side // 2, 1
    while 1 << bits < side:
        bits += 1
    shift = 2 * bits - _STEP_BITS  # of twice a difference of halves, so that it is not negative
    table = np.zeros((height + 1, width + 1), np.int32)
    squares = np.zeros(height * (width + 1), np.uint8)
    work = np.zeros_like(squares)
    cells = np.zeros((3, width), np.uint32)
    for s in range(n_slices):
        flat = counts[s].reshape(-1)
        top, bottom, left, right = find_box(regions[s])
        for x in range(left, right + 1):
            table[top, x] = 0
        for y in range(top, bottom):
            row, above, line = np.int32(0), table[y], table[y + 1]
            line[left] = 0
            for x in range(left, right):
                row += np.int32(grey[s, y, x])
                line[x + 1] = above[x + 1] + row
        stride = right - left + 1
        for y in range(top, bottom):
            line, of_region = squares[(y - top) * stride :], regions[s, y, left:right]
            for x in range(stride - 1):
                line[x] = of_region[x]
            line[stride - 1] = 0
        size = (bottom - top) * stride
        find_squares(squares[:size], side, stride, work[:size])
        for y in range(top, bottom + 1 - side):
            line = squares[(y - top) * stride : (y - top + 1) * stride]
            first, end = find_span(line)
            n, begin = end - first, left + first
            if n == 0:
                continue
            horizontal, vertical, diagonal = cells[0, :n], cells[1, :n], cells[2, :n]
            _take_details(
                table[y, begin : begin + side + n],
                table[y + half, begin : begin + side + n],
                table[y + side, begin : begin + side + n],
                half,
                shift,
                line[first:end],
                horizontal,
                vertical,
                diagonal,
            )
            for x in range(n):
                flat[horizontal[x]] += 1
                flat[vertical[x]] += 1
                flat[diagonal[x]] += 1


@cached_njit(nogil=True, error_model="numpy")
def _take_details(
    top: Int32Array,
    middle: Int32Array,
    bottom: Int32Array,
    half: int,
    shift: int,
    inside: Any,
    horizontal: Any,
    vertical: Any,
    diagonal: Any,
) -> None:
    """Cells of the squares between three lines of the summed-area table, by region and detail."""
    n = horizontal.shape[0]
    top_0, top_1, top_2 = top[:n], top[half : half + n], top[2 * half : 2 * half + n]
    middle_0, middle_1, middle_2 = (
        middle[:n],
        middle[half : half + n],
        middle[2 * half : 2 * half + n],
    )
    bottom_0, bottom_1, bottom_2 = (
        bottom[:n],
        bottom[half : half + n],
        bottom[2 * half : 2 * half + n],
    )
    n_values, shifted = np.uint32(REACH + 1), np.int32(shift)
    nearest = np.int32((np.int32(1) << shifted) >> np.int32(1))  # half is rounded up
    for x in range(n):
        up_left = np.int32(middle_1[x] - top_1[x] - middle_0[x] + top_0[x])
        up_right = np.int32(middle_2[x] - top_2[x] - middle_1[x] + top_1[x])
        low_left = np.int32(bottom_1[x] - middle_1[x] - bottom_0[x] + middle_0[x])
        low_right = np.int32(bottom_2[x] - middle_2[x] - bottom_1[x] + middle_1[x])
        rows = np.int32(abs(np.int32(up_right + low_right - up_left - low_left)))
        columns = np.int32(abs(np.int32(low_left + low_right - up_left - up_right)))
        corners = np.int32(abs(np.int32(up_left + low_right - up_right - low_left)))
        start = np.uint32(np.uint32(inside[x]) * np.uint32(3 * (REACH + 1)))
        horizontal[x] = start + np.uint32(np.int32(rows + rows + nearest) >> shifted)
        vertical[x] = start + n_values + np.uint32(np.int32(columns + columns + nearest) >> shifted)
        diagonal[x] = (
            start
            + n_values
            + n_values
            + np.uint32(np.int32(corners + corners + nearest) >> shifted)
        )
