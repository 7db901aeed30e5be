"""How much the rows of a knee change from line to line: what the joint line is found by."""

from __future__ import annotations

import numpy as np

from mrnet_features.arrays import Array, device_function
from mrnet_features.launch import N_THREADS, launch
from mrnet_features.stacks.exam_slices import Layout

_WARP = 32


@device_function
def count_changes(grey: Array, boxes: Array, layout: Layout) -> Array:
    """Changes of the grey levels from the row above to the row below, in the middle of the knee.

    Grey levels are summed over a stretch of about a twelfth of the knee box's width before rows are
    compared. The middle leaves out a fifth of the box on the left and on the right, and a fifth
    of the slices at either end.

    Parameters
    ----------
    grey : array of shape (n_slices, height, width), uint8
        Stacks laid end to end.
    boxes : array of shape (n_stacks, 4), int32
        Knee box of each stack, in the order of `Box`.
    layout : Layout
        Which slices are whose.

    Returns
    -------
    array of shape (n_stacks, height), int64
        Sum of the absolute differences; 0 in the first and the last row of a box and outside.

    Examples
    --------
    >>> from mrnet_features.stacks.exam_slices import lay_out
    >>> grey = np.uint8([[[1, 1], [5, 7], [4, 2]]])
    >>> count_changes(grey, np.int32([[0, 3, 0, 2]]), lay_out((0,), grey))
    array([[0, 4, 0]])
    """
    changes = np.zeros((layout.n_stacks, grey.shape[1]), np.int64)
    for change, (top, bottom, left, right), (first, end) in zip(
        changes, boxes.tolist(), layout.bounds.tolist(), strict=True
    ):
        height, width = bottom - top, right - left
        aside, ends = _fifth(width), (end - first) // 5
        stretch = 2 * (width // 24) + 1
        middle = grey[first + ends : end - ends, top:bottom, left + aside : right - aside]
        if height > 2 and middle.shape[2] >= stretch:
            along = np.cumsum(middle, axis=2, dtype=np.int32)
            sums = along[:, :, stretch - 1 :].copy()
            sums[:, :, 1:] -= along[:, :, :-stretch]
            steps = np.abs(sums[:, 2:] - sums[:, :-2])
            change[top + 1 : bottom - 1] = steps.sum(axis=(0, 2), dtype=np.int64)
    return changes


@count_changes.gpu
def _(grey: Array, boxes: Array, layout: Layout) -> Array:
    import cupy

    n_slices, height, width = grey.shape
    changes = cupy.zeros((layout.n_stacks, height), cupy.int64)
    where = (layout.owner, boxes, cupy.asarray(layout.bounds))
    n_blocks = -(-n_slices * height // (N_THREADS // _WARP))
    args = (grey, *where, n_slices, height, width, changes)
    launch("joint_line.cu", "count_changes", n_blocks, N_THREADS, args)
    return changes


def _fifth(size: int) -> int:
    """A fifth, rounded to the nearest; no whole number has a fifth that ends in a half."""
    return (2 * size + 5) // 10
