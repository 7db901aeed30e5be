"""Slices of several exams -> one value an exam: what `describe_stack` is made of.

Stacks of many exams may be laid end to end; ``starts`` says where each begins. None of these looks
across the border between two exams.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mrnet_features.arrays import Array, namespace
from mrnet_features.stacks.slices import count_slices, find_owners


def merge_slices(counts: Any, starts: Sequence[int]) -> Any:
    """Counts of each exam's slices added up: an exam takes the place of a slice.

    Parameters
    ----------
    counts : array of shape (n_slices, ...), integer, or a tuple of such, named or not
    starts : sequence of int
        First slice of each exam.

    Returns
    -------
    array of shape (n_stacks, ...), integer, or a tuple of such

    Examples
    --------
    >>> merge_slices(np.array([[1], [2], [4]]), (0, 2))
    array([[3],
           [4]])
    """
    if isinstance(counts, tuple):
        parts = [merge_slices(part, starts) for part in counts]
        return type(counts)(*parts) if hasattr(counts, "_fields") else tuple(parts)
    xp = namespace(counts)
    if len(starts) == 1:
        return xp.sum(counts, axis=0, keepdims=True)
    # A product with zeros and ones: one launch for all exams, and whole numbers stay exact.
    owners = find_owners(starts, counts.shape[0])
    is_owner = np.arange(len(starts))[:, None] == owners
    rows = xp.reshape(xp.astype(counts, xp.float64), (counts.shape[0], -1))
    merged = xp.matmul(xp.asarray(is_owner.astype(np.float64)), rows)
    return xp.reshape(xp.astype(merged, xp.int64), (len(starts), *counts.shape[1:]))


def pad_slices(values: Array, starts: Sequence[int], fill: float = float("nan")) -> Array:
    """Values of each exam's slices, with as many slices as the longest has.

    Parameters
    ----------
    values : array of shape (n_slices, ...)
    starts : sequence of int
        First slice of each exam.
    fill : float, default NaN
        What follows where an exam has fewer; an integer for integers.

    Returns
    -------
    array of shape (n_stacks, most_slices, ...)

    Examples
    --------
    >>> pad_slices(np.array([1.0, 2.0, 3.0]), (0, 2))
    array([[ 1.,  2.],
           [ 3., nan]])
    """
    if len(starts) == 1:
        return values[None, ...]
    xp = namespace(values)
    lengths = count_slices(starts, values.shape[0])
    place = np.arange(max(lengths.tolist()))
    nothing = values.shape[0]
    taken = np.where(place < lengths[:, None], np.asarray(starts)[:, None] + place, nothing)
    filler = xp.full((1, *values.shape[1:]), fill, dtype=values.dtype)
    padded = xp.take(xp.concat([values, filler]), xp.asarray(taken.reshape(-1)), axis=0)
    return xp.reshape(padded, (*taken.shape, *values.shape[1:]))


def spread_stacks(values: Array, starts: Sequence[int], n_slices: int) -> Array:
    """Each exam's value at each of its slices.

    Parameters
    ----------
    values : array of shape (n_stacks, ...)
    starts : sequence of int
        First slice of each exam.
    n_slices : int
        Of all exams together.

    Returns
    -------
    array of shape (n_slices, ...)

    Examples
    --------
    >>> spread_stacks(np.array([7, 8]), (0, 2), 3)
    array([7, 7, 8])
    """
    xp = namespace(values)
    return xp.take(values, xp.asarray(find_owners(starts, n_slices)), axis=0)
