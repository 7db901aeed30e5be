"""Windows: extents of a mask in boxes, copied windows, and boxes drawn into windows.

A box is a row of eleven numbers: first slice, one past the last, first row, one past the last,
first column, one past the last, a number, and four that tilt it: rows per column and rows per slice
in units of 1 / `TILT_UNITS`, twice the column and twice the slice where rows are as given. At other
columns and slices a box lies lower or higher by a whole number of rows. Tables of boxes are small,
on the host.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mrnet_features.arrays import Array, Int32Array, device_function
from mrnet_features.compiling import cached_njit
from mrnet_features.launch import N_THREADS, launch, launch_each

TILT_UNITS = 1024
"""Tilts are whole multiples of one row per so many columns or slices, so that shifts are exact."""

NOWHERE = 2**31 - 1
"""First slice, row or column of an empty extent; its last is -1."""


@device_function
def find_extents(mask: Array, boxes: Int32Array, n_extents: int) -> Array:
    """First and last slice, row and column of the pixels of a mask in boxes.

    Parameters
    ----------
    mask : array of shape (n_slices, height, width), uint8
        0 outside.
    boxes : ndarray of shape (n_boxes, 11), int32
        Slices and columns within the mask; rows beyond it do not count. The number is the index of
        the extent to which the box belongs.
    n_extents : int

    Returns
    -------
    array of shape (n_extents, 6), int32
        First and last slice, first and last row, first and last column.

    Examples
    --------
    >>> mask = np.uint8([[[0, 1, 1], [0, 0, 1]]])
    >>> boxes = np.int32([[0, 1, 0, 2, 0, 2, 0, *[0] * 4], [0, 1, 0, 2, 0, 1, 1, *[0] * 4]])
    >>> find_extents(mask, boxes, 2).tolist()
    [[0, 0, 0, 0, 1, 1], [2147483647, -1, 2147483647, -1, 2147483647, -1]]
    """
    extents = _begin_extents(n_extents)
    _find_extents(mask, boxes, extents)
    return extents


@find_extents.gpu
def _(mask: Array, boxes: Int32Array, n_extents: int) -> Array:
    import cupy

    extents = cupy.asarray(_begin_extents(n_extents))
    _, height, width = mask.shape
    depths = np.maximum(boxes[:, 1] - boxes[:, 0], 0)
    strips = boxes.repeat(depths, axis=0)  # one box per slice
    before = np.cumsum(depths) - depths
    strips[:, 0] = np.arange(len(strips)) + (boxes[:, 0] - before).repeat(depths)
    if len(strips) > 0:
        args = (mask, cupy.asarray(strips), height, width, extents)
        launch("windows.cu", "find_extents", len(strips), N_THREADS, args)
    return extents


def _begin_extents(n_extents: int) -> Int32Array:
    return np.tile(np.array([NOWHERE, -1], np.int32), (n_extents, 3))


@cached_njit(nogil=True)
def _find_extents(mask: Any, boxes: Int32Array, extents: Any) -> None:
    height = mask.shape[1]
    for k in range(boxes.shape[0]):
        box = boxes[k]
        extent = extents[box[6]]
        for s in range(box[0], box[1]):
            top, bottom = _find_rows(box, s, 0, height)
            for y in range(top, bottom):
                left, right = _find_columns(box, s, y, box[4], box[5])
                line = mask[s, y, left:right]
                n = line.shape[0]
                # in a row of the extent, only pixels outside its columns can extend it
                is_known = extent[0] <= s <= extent[1] and extent[2] <= y <= extent[3]
                first, until = 0, min(extent[4] - left, n) if is_known else n
                while first < until and line[first] == 0:
                    first += 1
                if not is_known:
                    if first == n:
                        continue
                    extent[0], extent[1] = min(extent[0], s), max(extent[1], s)
                    extent[2], extent[3] = min(extent[2], y), max(extent[3], y)
                if first < until:
                    extent[4] = min(extent[4], left + first)
                last, until = n - 1, max(extent[5] - left, -1)
                while last > until and line[last] == 0:
                    last -= 1
                if last > until:
                    extent[5] = left + last


@cached_njit(nogil=True)
def shift_rows(tilts: Any, s: int, x: int) -> int:
    """Number of rows by which a tilted plane lies lower at a slice and column.

    Parameters
    ----------
    tilts : sequence of four int
        The last four numbers of a box.
    s, x : int
        Slice and column.

    Returns
    -------
    int
        Rounded to the nearest integer, halves up. In the mirrored picture, or with the slices
        reversed, the shift of the same place is the same.

    Examples
    --------
    >>> shift_rows((512, 0, 8, 0), 0, 7), shift_rows((-512, 0, 8, 0), 0, 1)
    (2, 2)
    """
    twice = tilts[0] * (2 * x - tilts[2]) + tilts[1] * (2 * s - tilts[3])
    shift: int = (twice + TILT_UNITS) // (2 * TILT_UNITS)
    return shift


@cached_njit(nogil=True)
def _find_rows(box: Any, s: int, top: int, bottom: int) -> tuple[int, int]:
    """First row of a box in a slice and one past the last, within limits."""
    if box[4] >= box[5]:
        return top, top
    one, other = shift_rows(box[7:], s, box[4]), shift_rows(box[7:], s, box[5] - 1)
    return max(top, box[2] + min(one, other)), min(bottom, box[3] + max(one, other))


@cached_njit(nogil=True)
def _find_columns(box: Any, s: int, y: int, left: int, right: int) -> tuple[int, int]:
    """First column of a box in a row and one past the last, within limits."""
    while left < right and not box[2] <= y - shift_rows(box[7:], s, left) < box[3]:
        left += 1
    while left < right and not box[2] <= y - shift_rows(box[7:], s, right - 1) < box[3]:
        right -= 1
    return left, right


@device_function
def cut_windows(part: Array, cuts: Array, target: Array) -> None:
    """Copy windows of slices to another array.

    Parameters
    ----------
    part : array of shape (n_slices, height, width), uint8
    cuts : array of shape (n_cuts, 4), int32
        Slice, first row and first column of a window; slice of `target` to write to.
    target : array of shape (n_targets, window_height, window_width), uint8
        Written to.

    Examples
    --------
    >>> target = np.zeros((2, 1, 2), np.uint8)
    >>> cut_windows(np.uint8([[[1, 2, 3], [4, 5, 6]]]), np.int32([[0, 1, 1, 1]]), target)
    >>> target.tolist()
    [[[0, 0]], [[5, 6]]]
    """
    _, height, width = target.shape
    for s, y, x, into in cuts.tolist():
        target[into] = part[s, y : y + height, x : x + width]


@cut_windows.gpu
def _(part: Array, cuts: Array, target: Array) -> None:
    import cupy

    _, height, width = part.shape
    window_height, window_width = target.shape[1:]
    n = len(cuts) * window_height * window_width
    sizes = (np.uint32(n), height, width, window_height, window_width)
    launch_each("windows.cu", "cut_windows", n, (part, cupy.asarray(cuts), *sizes, target))


@device_function
def draw_boxes(
    mask: Array, boxes: Int32Array, spans: Int32Array, cuts: Array, target: Array
) -> None:
    """Draw boxes, clipped to a mask, into windows of slices.

    Parameters
    ----------
    mask : array of shape (n_slices, height, width), uint8
        Boxes are not drawn where it is 0.
    boxes : ndarray of shape (n_boxes, 11), int32
        The number is drawn; where boxes overlap, that of the last one.
    spans : ndarray of shape (n_cuts, 2), int32
        First box to draw into a window, and one past the last.
    cuts : array of shape (n_cuts, 4), int32
        As for `cut_windows`.
    target : array of shape (n_targets, window_height, window_width), uint8
        Written to; 0 outside all boxes.

    Examples
    --------
    >>> target = np.ones((1, 1, 3), np.uint8)
    >>> boxes, spans = np.int32([[0, 1, 0, 1, 1, 4, 5, 0, 0, 0, 0]]), np.int32([[0, 1]])
    >>> draw_boxes(np.uint8([[[1, 1, 0, 1]]]), boxes, spans, np.int32([[0, 0, 0, 0]]), target)
    >>> target.tolist()
    [[[0, 5, 0]]]
    """
    _draw_boxes(mask, boxes, spans, cuts, target)


@draw_boxes.gpu
def _(mask: Array, boxes: Int32Array, spans: Int32Array, cuts: Array, target: Array) -> None:
    import cupy

    _, height, width = mask.shape
    window_height, window_width = target.shape[1:]
    n = len(cuts) * window_height * window_width
    tables = (cupy.asarray(table) for table in (boxes, spans, cuts))
    sizes = (np.uint32(n), height, width, window_height, window_width)
    launch_each("windows.cu", "draw_boxes", n, (mask, *tables, *sizes, target))


@cached_njit(nogil=True)
def _draw_boxes(mask: Any, boxes: Int32Array, spans: Int32Array, cuts: Array, target: Any) -> None:
    _, height, width = target.shape
    for k in range(cuts.shape[0]):
        s, top, left = cuts[k, 0], cuts[k, 1], cuts[k, 2]
        drawn = target[cuts[k, 3]]
        drawn[:] = 0
        for which in range(spans[k, 0], spans[k, 1]):
            box = boxes[which]
            if s < box[0] or s >= box[1]:
                continue
            number = np.uint8(box[6])
            begin, until = max(box[4], left), min(box[5], left + width)
            first_row, end_row = _find_rows(box, s, top, top + height)
            for y in range(first_row, end_row):
                first, end = _find_columns(box, s, y, begin, until)
                line, drawn_line = mask[s, y, first:end], drawn[y - top, first - left : end - left]
                for x in range(end - first):  # outside the mask the drawn value stays 0
                    drawn_line[x] = number * np.uint8(line[x] > 0)
