"""Threshold masks: bit quads and box counts of the pixels at or above a level."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from mrnet_features.arrays import Array, Int32Array
from mrnet_features.compiling import cached_njit
from mrnet_features.counts.counting import count
from mrnet_features.counts.packed_rows import find_box
from mrnet_features.launch import N_THREADS, launch
from mrnet_features.stacks.stack import Stack

_MAX_BLOCKS = 4096  # on a GPU, where each block has its own work space


class ThresholdMasks(NamedTuple):
    """Bit quads and box counts of each region of each slice, for each threshold.

    Attributes
    ----------
    quads : array of shape (n_slices, n_regions, n_thresholds, 6), int32
        Number of squares of 2 x 2 pixels with 0, 1, 2 adjacent, 3, 4 and 2 diagonal pixels in
        the mask. Pixels outside the slice or the region are not in the mask.
    boxes : array of shape (n_slices, n_regions, n_thresholds, n_sizes), int32
        Number of boxes of side 1, 2, 4, ... pixels that contain a pixel of the mask, on a grid from
        the left edge of the slice plus a grid from the right edge.
    n_pixels : array of shape (n_slices, n_regions), int32
        Number of pixels in the region.
    """

    quads: Array
    boxes: Array
    n_pixels: Array


@count
def threshold_masks(stack: Stack, *, thresholds: tuple[int, ...]) -> ThresholdMasks:
    """Bit quads and box counts of the pixels of each region at or above each threshold.

    Parameters
    ----------
    stack : Stack
    thresholds : tuple of int
        Levels, at least one.

    Returns
    -------
    ThresholdMasks

    Raises
    ------
    ValueError
        If there is no threshold.

    Examples
    --------
    >>> levels, ones = np.uint8([[[1, 2, 2]]]), np.ones((1, 1, 3), np.uint8)
    >>> found = threshold_masks(Stack(ones, levels, ones, n_levels=2), thresholds=(2,))
    >>> found.quads.ravel().tolist(), found.boxes.ravel().tolist()
    ([2, 4, 2, 0, 0, 0], [4, 3, 2])
    """
    n_slices, height, width = stack.levels.shape
    n_sizes = _count_sizes(height, width)
    # all pixels of a region reach 1, and none reaches 256
    at, of_threshold = np.unique(np.clip(thresholds, 1, 256).astype(np.int32), return_inverse=True)
    shape = (n_slices, stack.n_regions, len(at))
    quads, boxes = np.zeros((*shape, 6), np.int32), np.zeros((*shape, n_sizes), np.int32)
    n_pixels = np.zeros(shape[:2], np.int32)
    _count_masks(stack.levels, stack.regions, at, quads, boxes, n_pixels)
    return ThresholdMasks(quads[:, :, of_threshold], boxes[:, :, of_threshold], n_pixels)


@threshold_masks.gpu
def _(stack: Stack, *, thresholds: tuple[int, ...]) -> ThresholdMasks:
    import cupy

    n_regions = stack.n_regions
    n_slices, height, width = stack.levels.shape
    n_sizes = _count_sizes(height, width)
    shape = (n_slices, n_regions, len(thresholds))
    quads = cupy.zeros((*shape, 6), cupy.int32)
    boxes = cupy.zeros((*shape, n_sizes), cupy.int32)
    n_pixels = cupy.zeros((n_slices, n_regions), cupy.int32)
    n_masks = n_slices * n_regions * len(thresholds)
    n_blocks = min(n_masks, _MAX_BLOCKS)
    # a mask halved once and halved twice
    workspace = -(-height // 2) * -(-width // 2) + -(-height // 4) * -(-width // 4)
    launch(
        "threshold_masks.cu",
        "count_masks",
        n_blocks,
        N_THREADS,
        (
            *(stack.levels, stack.regions),
            *(cupy.asarray(np.asarray(thresholds, np.int32)), np.int64(n_masks)),
            *(height, width, n_regions, len(thresholds), n_sizes),
            *(cupy.empty(n_blocks * workspace, cupy.uint8), np.int64(workspace)),
            *(quads, boxes, n_pixels),
        ),
    )
    return ThresholdMasks(quads, boxes, n_pixels)


@threshold_masks.check
def _(thresholds: tuple[int, ...]) -> None:
    if not thresholds:
        raise ValueError("`thresholds` must hold at least one level, got none.")


def _count_sizes(height: int, width: int) -> int:
    """Number of box sizes, up to one box for the whole slice."""
    return 1 + int(np.ceil(np.log2(max(height, width)))) if max(height, width) > 1 else 1


@cached_njit(nogil=True, error_model="numpy")
def _count_masks(
    levels: Any,
    regions: Any,
    thresholds: Int32Array,
    quads: Int32Array,
    boxes: Int32Array,
    n_pixels: Int32Array,
) -> None:
    """Count by the number of thresholds that each pixel reaches, so that all need one pyramid.

    `thresholds` ascend, each once, from 1.
    """
    n_slices, height, width = levels.shape
    n_regions, n_thresholds = boxes.shape[1:3]
    reached = np.zeros((height + 2, width + 2), np.uint8)  # with a margin
    coarse, mirrored = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint8)
    for s in range(n_slices):
        top, bottom, left, right = find_box(regions[s])
        for r in range(n_regions):
            for y in range(height):
                line = reached[y + 1, 1 : width + 1]
                n_pixels[s, r] += _count_reached(
                    levels[s, y], regions[s, y], np.uint8(r + 1), thresholds, line
                )
            if n_pixels[s, r] == 0:
                continue
            for t in range(n_thresholds):
                quad = quads[s, r, t]
                for y in range(top, bottom + 1):
                    upper, lower = reached[y, left : right + 2], reached[y + 1, left : right + 2]
                    _count_quads(upper, upper[1:], lower, lower[1:], np.uint8(t + 1), quad)
                # a pixel lies in four squares
                n_twos = 4 * quad[2] - quad[1] - 3 * quad[3] - 4 * quad[4]
                quad[2] = n_twos // 2 - quad[5]
                quad[0] = (height + 1) * (width + 1) - quad[1:].sum()
            for y in range(height):
                line, inside = coarse[y], reached[y + 1, 1 : width + 1]
                for x in range(width):
                    line[x] = inside[x]
            _count_both_grids(coarse, mirrored, boxes[s, r])


@cached_njit(nogil=True, error_model="numpy")
def _count_reached(
    levels: Any, regions: Any, region: Any, thresholds: Int32Array, reached: Any
) -> Any:
    """Write how many thresholds the pixels of a line in a region reach; return their number."""
    number = np.int32(0)
    for x in range(reached.shape[0]):
        number += np.int32(regions[x] == region)
        reached[x] = 0
    if number > 0:
        for t in range(thresholds.shape[0]):
            if thresholds[t] <= 255:
                least = np.uint8(thresholds[t])
                for x in range(reached.shape[0]):
                    reached[x] += np.uint8((levels[x] >= least) & (regions[x] == region))
    return number


@cached_njit(nogil=True, error_model="numpy")
def _count_quads(
    up_left: Any, up_right: Any, low_left: Any, low_right: Any, least: Any, quad: Int32Array
) -> None:
    """Add squares with 1, 3, 4 and 2 diagonal pixels of two lines; at 2, pixels of the lower line.

    A pixel is in the mask if it reaches `least` thresholds.
    """
    ones, threes, fours = np.int32(0), np.int32(0), np.int32(0)
    diagonals, pixels = np.int32(0), np.int32(0)
    for x in range(up_right.shape[0]):
        a, b = np.uint8(up_left[x] >= least), np.uint8(up_right[x] >= least)
        c, d = np.uint8(low_left[x] >= least), np.uint8(low_right[x] >= least)
        n = np.uint8(np.uint8(a + b) + np.uint8(c + d))
        ones += np.int32(n == 1)
        threes += np.int32(n == 3)
        fours += np.int32(n == 4)
        diagonals += np.int32((n == 2) & (a == d))
        pixels += np.int32(c)
    quad[1] += ones
    quad[2] += pixels
    quad[3] += threes
    quad[4] += fours
    quad[5] += diagonals


@cached_njit(nogil=True, error_model="numpy")
def _count_both_grids(coarse: Any, mirrored: Any, boxes: Int32Array) -> None:
    """Count the boxes of both grids; both are one as long as the number of columns is even."""
    n_rows, n_columns = coarse.shape
    k = 0
    while n_columns % 2 == 0:
        _count_boxes(coarse[:n_rows, :n_columns], 2, boxes[:, k])
        n_rows, n_columns = _halve(coarse, n_rows, n_columns)
        k += 1
    for y in range(n_rows):
        for x in range(n_columns):
            mirrored[y, x] = coarse[y, n_columns - 1 - x]
    for grid in (coarse, mirrored):
        rows, columns = n_rows, n_columns
        for size in range(k, boxes.shape[1]):
            _count_boxes(grid[:rows, :columns], 1, boxes[:, size])
            rows, columns = _halve(grid, rows, columns)


@cached_njit(nogil=True, error_model="numpy")
def _count_boxes(grid: Any, times: int, boxes: Any) -> None:
    """Add the boxes that reach each threshold, as they do if one of their pixels does."""
    for t in range(boxes.shape[0]):
        for y in range(grid.shape[0]):
            boxes[t] += times * _count_at_least(grid[y], np.uint8(t + 1))


@cached_njit(nogil=True, error_model="numpy")
def _halve(grid: Any, n_rows: int, n_columns: int) -> tuple[int, int]:
    """Join boxes two by two, in place; return the number of rows and columns that are left."""
    half_rows, half_columns = (n_rows + 1) // 2, (n_columns + 1) // 2
    for y in range(half_rows):
        upper, lower = grid[2 * y], grid[min(2 * y + 1, n_rows - 1)]
        half = grid[y]
        for x in range(n_columns // 2):
            left = max(upper[2 * x], lower[2 * x])
            half[x] = max(left, upper[2 * x + 1], lower[2 * x + 1])
        if n_columns % 2:
            half[half_columns - 1] = max(upper[n_columns - 1], lower[n_columns - 1])
    return half_rows, half_columns


@cached_njit(nogil=True, error_model="numpy")
def _count_at_least(values: Any, least: Any) -> Any:
    number = np.int32(0)
    for x in range(values.shape[0]):
        number += np.int32(values[x] >= least)
    return number
