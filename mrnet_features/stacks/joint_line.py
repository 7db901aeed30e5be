"""Joint line: changes of grey level from row to row, from which the joint plane is found."""

from __future__ import annotations

from typing import Any

import numpy as np

from mrnet_features.arrays import Array, Int64Array, device_function
from mrnet_features.compiling import cached_njit
from mrnet_features.launch import N_THREADS, launch
from mrnet_features.stacks.exam_slices import ExamSlices

N_SLICE_BLOCKS, N_COLUMN_BLOCKS = 9, 23  # both odd: then a middle block is its own mirror image
_WARP = 32


def find_margin(width: int) -> int:
    """Columns left out on either side of a knee box: 15 % of its width, mostly skin and fat."""
    return (3 * width + 10) // 20


def find_run(width: int) -> int:
    """Odd number of columns over which grey levels are summed against noise."""
    return 2 * (width // 96) + 1


def cut_blocks(length: int, n_blocks: int) -> Int64Array:
    """Edges of an odd number of blocks, symmetric under mirroring.

    Parameters
    ----------
    length : int
        Pixels or slices; blocks are empty if there are too few.
    n_blocks : int

    Returns
    -------
    ndarray of shape (n_blocks + 1,), int64

    Examples
    --------
    >>> cut_blocks(11, 3)
    array([ 0,  3,  8, 11])
    """
    first_half = np.arange(n_blocks // 2 + 1) * length // n_blocks
    return np.concatenate([first_half, length - first_half[::-1]])


@device_function
def count_changes(grey: Array, boxes: Array, slices: ExamSlices) -> Array:
    """Change of grey levels from the row above to the row below, by block of slices and columns.

    Grey levels are first summed over short runs of columns. Blocks divide the slices of an exam,
    and the columns of its knee box without a margin on either side.

    Parameters
    ----------
    grey : array of shape (n_slices, height, width), uint8
        A batch.
    boxes : array of shape (n_exams, 4), int32
        Knee box of each exam, in the order of `Box`.
    slices : ExamSlices

    Returns
    -------
    array of shape (n_exams, 9, 23, height), int64
        Sum of the absolute differences in each block of slices and block of columns; 0 in the first
        and the last row of a box and outside.

    Examples
    --------
    >>> from mrnet_features.stacks.exam_slices import index_slices
    >>> grey = np.uint8([[[1, 1], [5, 7], [4, 2]]])
    >>> changes = count_changes(grey, np.int32([[0, 3, 0, 2]]), index_slices((0,), grey))
    >>> changes.sum(axis=(1, 2))
    array([[0, 4, 0]])
    """
    shape = (slices.n_exams, N_SLICE_BLOCKS, N_COLUMN_BLOCKS, grey.shape[1])
    changes = np.zeros(shape, np.int64)
    for change, (top, bottom, left, right), (first, end) in zip(
        changes, boxes.tolist(), slices.bounds.tolist(), strict=True
    ):
        margin, reach = find_margin(right - left), find_run(right - left) // 2
        columns = cut_blocks(right - left - 2 * margin, N_COLUMN_BLOCKS)
        depths = cut_blocks(end - first, N_SLICE_BLOCKS)
        columns, start = columns + reach, left + margin - reach
        part = grey[first:end, top:bottom, start : right - margin + reach]
        _count_changes(part, columns, depths, reach, change[:, :, top:bottom])
    return changes


@count_changes.gpu
def _(grey: Array, boxes: Array, slices: ExamSlices) -> Array:
    import cupy

    n_slices, height, width = grey.shape
    changes = cupy.zeros((slices.n_exams, N_SLICE_BLOCKS, N_COLUMN_BLOCKS, height), cupy.int64)
    tables = (slices.owner, boxes, cupy.asarray(slices.bounds))
    n_blocks = -(-n_slices * height // (N_THREADS // _WARP))
    args = (grey, *tables, n_slices, height, width, changes)
    launch("joint_line.cu", "count_changes", n_blocks, N_THREADS, args)
    return changes


@cached_njit(nogil=True)
def _count_changes(
    part: Any, columns: Int64Array, depths: Int64Array, reach: int, changes: Any
) -> None:
    _, height, width = part.shape
    n = width - 2 * reach  # runs of columns
    steps, totals = np.zeros(width, np.int32), np.zeros(max(n, 0), np.int32)
    sizes = np.zeros_like(totals)
    for i in range(depths.shape[0] - 1):
        for y in range(1, height - 1):
            sizes[:] = 0
            for s in range(depths[i], depths[i + 1]):
                _take_steps(part[s, y - 1], part[s, y + 1], steps)
                totals[:] = 0
                for k in range(2 * reach + 1):
                    _add_steps(steps[k : k + n], totals)
                _add_sizes(totals, sizes)
            for j in range(columns.shape[0] - 1):
                total = 0
                for x in range(columns[j] - reach, columns[j + 1] - reach):
                    total += sizes[x]
                changes[i, j, y] = total


@cached_njit(nogil=True)
def _take_steps(above: Any, below: Any, steps: Any) -> None:
    """Differences of the line below and the line above."""
    for x in range(steps.shape[0]):
        steps[x] = np.int32(below[x]) - np.int32(above[x])


@cached_njit(nogil=True)
def _add_steps(steps: Any, totals: Any) -> None:
    for x in range(totals.shape[0]):
        totals[x] += steps[x]


@cached_njit(nogil=True)
def _add_sizes(totals: Any, sizes: Any) -> None:
    for x in range(sizes.shape[0]):
        sizes[x] += abs(totals[x])
