"""Exam axis: merge slices into exams, pad them, and repeat exam values for each slice.

``exam_starts`` is the first slice of each exam. No function mixes slices of two exams.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mrnet_features.arrays import Array, Int64Array, namespace, upload_once
from mrnet_features.counts.slice_sums import sum_slices
from mrnet_features.stacks.exam_slices import count_slices, find_owners


def merge_slices(counts: Any, exam_starts: Sequence[int]) -> Any:
    """Counts summed over the slices of each exam.

    Parameters
    ----------
    counts : array of shape (n_slices, ...), integer, or a tuple of such, named or not
    exam_starts : sequence of int
        First slice of each exam.

    Returns
    -------
    array of shape (n_exams, ...), integer, or a tuple of such

    Examples
    --------
    >>> merge_slices(np.array([[1], [2], [4]]), (0, 2))
    array([[3],
           [4]])
    """
    if isinstance(counts, tuple):
        parts = [merge_slices(part, exam_starts) for part in counts]
        return type(counts)(*parts) if hasattr(counts, "_fields") else tuple(parts)
    return sum_slices(counts, tuple(exam_starts))


def pad_slices(values: Array, exam_starts: Sequence[int], fill: float = float("nan")) -> Array:
    """Values by exam and slice, padded to the longest exam.

    Parameters
    ----------
    values : array of shape (n_slices, ...)
    exam_starts : sequence of int
        First slice of each exam.
    fill : float, default NaN
        Padding of shorter exams; an integer for integer values.

    Returns
    -------
    array of shape (n_exams, most_slices, ...)

    Examples
    --------
    >>> pad_slices(np.array([1.0, 2.0, 3.0]), (0, 2))
    array([[ 1.,  2.],
           [ 3., nan]])
    """
    if len(exam_starts) == 1:
        return values[None, ...]
    xp = namespace(values)
    taken = upload_once(_list_padded, tuple(exam_starts), values.shape[0], like=values)
    filler = xp.full((1, *values.shape[1:]), fill, dtype=values.dtype)
    padded = xp.take(xp.concat([values, filler]), taken, axis=0)
    return xp.reshape(padded, (len(exam_starts), -1, *values.shape[1:]))


def repeat_exams(values: Array, exam_starts: Sequence[int], n_slices: int) -> Array:
    """Values of exams, repeated for each slice.

    Parameters
    ----------
    values : array of shape (n_exams, ...)
    exam_starts : sequence of int
        First slice of each exam.
    n_slices : int
        Total number of slices.

    Returns
    -------
    array of shape (n_slices, ...)

    Examples
    --------
    >>> repeat_exams(np.array([7, 8]), (0, 2), 3)
    array([7, 7, 8])
    """
    xp = namespace(values)
    owners = upload_once(find_owners, tuple(exam_starts), n_slices, like=values)
    return xp.take(values, owners, axis=0)


def _list_padded(exam_starts: tuple[int, ...], n_slices: int) -> Int64Array:
    """Slices of each exam in turn, padded with `n_slices` to the longest exam."""
    lengths = count_slices(exam_starts, n_slices)
    position = np.arange(np.max(lengths))
    first = np.asarray(exam_starts, np.int64)[:, None]
    return np.where(position < lengths[:, None], first + position, n_slices).reshape(-1)
