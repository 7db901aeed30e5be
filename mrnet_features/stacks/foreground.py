"""Foreground: mask of the leg, and the knee box."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mrnet_features.arrays import Array, BoolArray, Int64Array, UInt8Array, namespace
from mrnet_features.stacks.exam_slices import ExamSlices, index_slices
from mrnet_features.stacks.otsu import find_brightness, find_thresholds
from mrnet_features.stacks.outlines import fill_outlines
from mrnet_features.stacks.pixel_passes import count_grey, count_lines, draw_outline, sum_blocks

COARSE_SIDE = 64  # number of blocks along the shorter side of a slice
BOX_TAIL = 0.01  # fraction of the foreground that may lie outside each side of the knee box


class Box(NamedTuple):
    """Rectangle in the slice, in pixels; ``stop`` is one past the last.

    Attributes
    ----------
    row_start, row_stop, column_start, column_stop : int
    """

    row_start: int
    row_stop: int
    column_start: int
    column_stop: int


def find_foreground(grey: UInt8Array) -> BoolArray:
    """Mask of the leg: all tissue, including dark bone and tendon.

    Air and tissue are separated by Otsu's threshold [1]_ on the logarithm of block means of the
    stack. Without the logarithm, dark muscle or fat-suppressed marrow would count as air; block
    means suppress noise. In each slice the outline is closed and filled, and components
    smaller than a quarter of the largest in the slice are dropped.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
        Grey levels 0 to 255.

    Returns
    -------
    ndarray of shape (n_slices, height, width), bool
        All False if the stack is constant.

    References
    ----------
    .. [1] Otsu N. A threshold selection method from gray-level histograms. IEEE Trans Syst Man
       Cybern 1979;9(1):62-66.
    """
    found: BoolArray = find_foregrounds(grey, index_slices((0,), grey))
    return found


def find_foregrounds(grey: Array, slices: ExamSlices) -> Array:
    """Masks of the legs of a batch; each exam has its own threshold.

    Parameters
    ----------
    grey : array of shape (n_slices, height, width), uint8
        Grey levels 0 to 255. Contiguous.
    slices : ExamSlices

    Returns
    -------
    array of shape (n_slices, height, width), bool
        As from `find_foreground`.
    """
    xp = namespace(grey)
    _, height, width = grey.shape
    side = max(1, min(height, width) // COARSE_SIDE)
    rows, columns = _cut_evenly(height, side), _cut_evenly(width, side)
    areas = np.outer(np.diff(rows), np.diff(columns))
    mean, log_mean = find_brightness(sum_blocks(grey, rows, columns), areas)
    # 256 values are enough for a threshold between air and tissue
    highest = slices.max(xp.max(log_mean, axis=(1, 2)))
    scale = 255 / xp.where(highest > 0, highest, 1.0)
    scaled = xp.astype(xp.round(log_mean * slices.repeat(scale)), xp.uint8)
    blocks = count_grey(scaled, xp.ones_like(scaled), slices.owner, slices.n_exams)
    # if blocks hardly differ, none is above the threshold and there is no foreground
    coarse = scaled > slices.repeat(find_thresholds(blocks))
    inside = fill_outlines(coarse)
    if side == 1:
        return inside
    # blocks decide what belongs to the leg, pixels where it ends
    bright = xp.where(coarse, mean, 255.0)
    least = xp.ceil(9 * slices.min(xp.min(bright, axis=(1, 2))))
    least_of_slice = xp.take(xp.astype(least, xp.int32), slices.owner)
    return draw_outline(grey, inside, rows, columns, least_of_slice)


def find_knee_box(regions: UInt8Array) -> Box:
    """Smallest box around the foreground after cutting off 1 % of its pixels at each side.

    Parameters
    ----------
    regions : ndarray of shape (n_slices, height, width), uint8
        0 outside, r inside region r.

    Returns
    -------
    Box
        The whole slice if no pixel lies in a region.
    """
    return Box(*find_knee_boxes(regions, index_slices((0,), regions))[0].tolist())


def find_knee_boxes(regions: Array, slices: ExamSlices) -> Array:
    """Knee boxes of the exams of a batch.

    Parameters
    ----------
    regions : array of shape (n_slices, height, width), uint8
        0 outside, r inside region r.
    slices : ExamSlices

    Returns
    -------
    array of shape (n_exams, 4), int32
        In the order of `Box`.
    """
    xp = namespace(regions)
    bounds: list[Array] = []
    for lines in count_lines(regions, slices.owner, slices.n_exams):
        share = xp.cumulative_sum(lines, axis=1)
        total = share[:, -1:]
        share = share / xp.where(total > 0, total, 1)
        start = xp.sum(xp.astype(share <= BOX_TAIL, xp.int32), axis=1)
        stop = xp.sum(xp.astype(share < 1 - BOX_TAIL, xp.int32), axis=1) + 1
        is_empty = total[:, 0] == 0
        size = xp.full_like(stop, lines.shape[1])
        bounds += [xp.where(is_empty, 0, start), xp.where(is_empty, size, stop)]
    return xp.astype(xp.stack(bounds, axis=1), xp.int32)


def _cut_evenly(length: int, side: int) -> Int64Array:
    """Edges of blocks of about `side` pixels, symmetric under mirroring."""
    n_blocks = length // side
    if length % 2 == 1 and n_blocks % 2 == 0:
        n_blocks -= 1  # an odd length has no edge in the middle
    first_half = np.arange(n_blocks // 2 + 1) * length // n_blocks
    return np.unique(np.concatenate([first_half, (length - first_half)[::-1]]))
