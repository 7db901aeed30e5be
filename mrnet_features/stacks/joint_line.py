"""Joint line: row of the knee where grey levels change most from row to row."""

from __future__ import annotations

import numpy as np

from mrnet_features.arrays import Array, Int64Array, UInt8Array, device_function
from mrnet_features.launch import N_THREADS, launch
from mrnet_features.stacks.exam_slices import ExamSlices, index_slices
from mrnet_features.stacks.foreground import Box

JOINT_POSITION, JOINT_SPREAD = 0.57, 0.08  # mean and SD of the prior, in heights of the knee box
_WARP = 32


@device_function
def count_changes(grey: Array, boxes: Array, slices: ExamSlices) -> Array:
    """Change of grey levels from the row above to the row below, in the middle of the knee.

    Grey levels are first summed over runs of columns, a twelfth of the width of the knee box. The
    middle excludes a fifth of the box on the left and on the right, and a fifth of the slices at
    each end.

    Parameters
    ----------
    grey : array of shape (n_slices, height, width), uint8
        A batch.
    boxes : array of shape (n_exams, 4), int32
        Knee box of each exam, in the order of `Box`.
    slices : ExamSlices

    Returns
    -------
    array of shape (n_exams, height), int64
        Sum of the absolute differences; 0 in the first and the last row of a box and outside.

    Examples
    --------
    >>> grey = np.uint8([[[1, 1], [5, 7], [4, 2]]])
    >>> count_changes(grey, np.int32([[0, 3, 0, 2]]), index_slices((0,), grey))
    array([[0, 4, 0]])
    """
    changes = np.zeros((slices.n_exams, grey.shape[1]), np.int64)
    for change, (top, bottom, left, right), (first, end) in zip(
        changes, boxes.tolist(), slices.bounds.tolist(), strict=True
    ):
        height, width = bottom - top, right - left
        margin, ends = _fifth(width), (end - first) // 5
        run = 2 * (width // 24) + 1
        middle = grey[first + ends : end - ends, top:bottom, left + margin : right - margin]
        if height > 2 and middle.shape[2] >= run:
            running = np.cumsum(middle, axis=2, dtype=np.int32)
            sums = running[:, :, run - 1 :].copy()
            sums[:, :, 1:] -= running[:, :, :-run]
            steps = np.abs(sums[:, 2:] - sums[:, :-2])
            change[top + 1 : bottom - 1] = steps.sum(axis=(0, 2), dtype=np.int64)
    return changes


@count_changes.gpu
def _(grey: Array, boxes: Array, slices: ExamSlices) -> Array:
    import cupy

    n_slices, height, width = grey.shape
    changes = cupy.zeros((slices.n_exams, height), cupy.int64)
    tables = (slices.owner, boxes, cupy.asarray(slices.bounds))
    n_blocks = -(-n_slices * height // (N_THREADS // _WARP))
    args = (grey, *tables, n_slices, height, width, changes)
    launch("joint_line.cu", "count_changes", n_blocks, N_THREADS, args)
    return changes


def find_joint_row(grey: UInt8Array, box: Box) -> int:
    """Row of the joint line between femur and tibia.

    On every sequence the bone ends, cartilage and menisci are flat layers of different grey levels,
    so grey levels change more from row to row than elsewhere, in most columns. Changes are summed
    over the middle of the stack (`count_changes`) and weighted by a prior centred near the middle
    of the knee box, which excludes the edges of the picture.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
        Coronal or sagittal slices, femur on top.
    box : Box
        The knee box.

    Returns
    -------
    int
        Row of the picture; the row with the highest prior if no grey level changes.
    """
    changes = count_changes(grey, np.array([box], np.int32), index_slices((0,), grey))
    return choose_joint_row(changes[0], box)


def choose_joint_row(changes: Int64Array, box: Box) -> int:
    """Row of the joint line, given the changes of grey levels in each row.

    Parameters
    ----------
    changes : ndarray of shape (height,), int64
        For each row of the picture, as from `count_changes`.
    box : Box
        The knee box.

    Returns
    -------
    int
        As from `find_joint_row`.
    """
    # changes are integers, so that mirrored and reversed stacks give the same row
    change, height = changes[box.row_start : box.row_stop], box.row_stop - box.row_start
    position = (np.arange(height) + 0.5) / height
    prior = np.exp(-0.5 * ((position - JOINT_POSITION) / JOINT_SPREAD) ** 2)
    thickness = 2 * (height // 48) + 1
    layers = np.convolve(change, np.ones(thickness, dtype=np.int64), mode="same")
    score = layers * prior if layers.any() else prior
    return box.row_start + int(np.argmax(score))


def _fifth(size: int) -> int:
    """A fifth, rounded to the nearest integer; never a tie."""
    return (2 * size + 5) // 10
