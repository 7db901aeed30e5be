"""Threshold masks: bit quads and box counts of the pixels at or above a level."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from mrnet_features.arrays import Array, Int32Array
from mrnet_features.compiling import cached_njit
from mrnet_features.counts.counting import count
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
    shape = (n_slices, stack.n_regions, len(thresholds))
    quads, boxes = np.zeros((*shape, 6), np.int32), np.zeros((*shape, n_sizes), np.int32)
    n_pixels = np.zeros(shape[:2], np.int32)
    at = np.asarray(thresholds, np.int32)
    _count_masks(stack.levels, stack.regions, at, quads, boxes, n_pixels)
    return ThresholdMasks(quads, boxes, n_pixels)


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


@cached_njit(nogil=True)
def _count_masks(
    levels: Any,
    regions: Any,
    thresholds: Int32Array,
    quads: Int32Array,
    boxes: Int32Array,
    n_pixels: Int32Array,
) -> None:
    """Count the 2 x 2 squares of each mask, then halve it until one box is left."""
    n_slices, height, width = levels.shape
    n_regions, n_thresholds, n_sizes = boxes.shape[1:]
    # kinds of the sixteen squares, bits: upper left 1, upper right 2, lower left 4, lower right 8
    kinds = np.array([0, 1, 1, 2, 1, 2, 5, 3, 1, 5, 2, 3, 2, 3, 3, 4], np.int32)
    mask = np.zeros((height + 2, width + 2), np.uint8)
    coarse = np.zeros((height, width), np.uint8)
    for s in range(n_slices):
        for r in range(n_regions):
            for y in range(height):
                for x in range(width):
                    n_pixels[s, r] += regions[s, y, x] == r + 1
            if n_pixels[s, r] == 0:
                continue
            for t in range(n_thresholds):
                for y in range(height):
                    for x in range(width):
                        is_in = regions[s, y, x] == r + 1 and levels[s, y, x] >= thresholds[t]
                        mask[y + 1, x + 1] = is_in
                quad = quads[s, r, t]
                for y in range(height + 1):
                    upper, lower = mask[y], mask[y + 1]
                    for x in range(width + 1):
                        bits = upper[x] | upper[x + 1] << 1 | lower[x] << 2 | lower[x + 1] << 3
                        quad[kinds[bits]] += 1
                for from_right in range(2):
                    for y in range(height):
                        for x in range(width):
                            column = width - x if from_right else x + 1
                            coarse[y, x] = mask[y + 1, column]
                    n_rows, n_columns = height, width
                    for k in range(n_sizes):
                        number = 0
                        for y in range(n_rows):
                            for x in range(n_columns):
                                number += coarse[y, x]
                        boxes[s, r, t, k] += number
                        half_rows, half_columns = (n_rows + 1) // 2, (n_columns + 1) // 2
                        for y in range(half_rows):
                            below = min(2 * y + 1, n_rows - 1)
                            for x in range(half_columns):
                                right = min(2 * x + 1, n_columns - 1)
                                any_left = coarse[2 * y, 2 * x] | coarse[below, 2 * x]
                                any_right = coarse[2 * y, right] | coarse[below, right]
                                coarse[y, x] = any_left | any_right
                        n_rows, n_columns = half_rows, half_columns
