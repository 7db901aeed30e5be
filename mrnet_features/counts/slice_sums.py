"""Counts summed over the slices of each exam."""

from __future__ import annotations

import numpy as np

from mrnet_features.arrays import Array, Float64Array, device_function, namespace, upload_once
from mrnet_features.launch import N_THREADS, launch
from mrnet_features.stacks.exam_slices import find_bounds, find_owners


@device_function
def sum_slices(counts: Array, exam_starts: tuple[int, ...]) -> Array:
    """Counts summed over the slices of each exam.

    Parameters
    ----------
    counts : array of shape (n_slices, ...), integer
    exam_starts : tuple of int
        First slice of each exam.

    Returns
    -------
    array of shape (n_exams, ...), int64

    Examples
    --------
    >>> sum_slices(np.array([[1], [2], [4]]), (0, 2))
    array([[3],
           [4]])
    """
    xp = namespace(counts)
    if len(exam_starts) == 1:
        return xp.sum(counts, axis=0, keepdims=True, dtype=xp.int64)
    # one matrix product instead of one sum per exam; integers below 2^53 stay exact
    is_owner = xp.asarray(_mark_owners(exam_starts, counts.shape[0]))
    rows = xp.reshape(xp.astype(counts, xp.float64), (counts.shape[0], -1))
    sums = xp.astype(xp.matmul(is_owner, rows), xp.int64)
    return xp.reshape(sums, (len(exam_starts), *counts.shape[1:]))


@sum_slices.gpu
def _(counts: Array, exam_starts: tuple[int, ...]) -> Array:
    import cupy

    if counts.dtype not in (cupy.int32, cupy.int64):
        counts = counts.astype(cupy.int64)
    n_slices, *shape = counts.shape
    sums = cupy.empty((len(exam_starts), *shape), cupy.int64)
    bounds = upload_once(find_bounds, exam_starts, n_slices, like=counts)
    if sums.size > 0:
        launch(
            "slice_sums.cu",
            f"sum_{counts.dtype}",
            -(-sums.size // N_THREADS),
            N_THREADS,
            (
                *(cupy.ascontiguousarray(counts), bounds, len(exam_starts)),
                *(np.int64(sums.size // len(exam_starts)), sums),
            ),
        )
    return sums


def _mark_owners(exam_starts: tuple[int, ...], n_slices: int) -> Float64Array:
    """1 where a slice (column) is of an exam (row), else 0."""
    exams, owners = np.arange(len(exam_starts)), find_owners(exam_starts, n_slices)
    return np.equal.outer(exams, owners).astype(np.float64)
