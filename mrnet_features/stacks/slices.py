"""Which slice is whose, where the stacks of several exams are laid end to end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mrnet_features.arrays import Int64Array


def count_slices(starts: Sequence[int], n_slices: int) -> Int64Array:
    """Number of slices of each exam.

    Parameters
    ----------
    starts : sequence of int
        First slice of each exam, as `Stack` has them.
    n_slices : int
        Of all exams together.

    Returns
    -------
    ndarray of shape (n_stacks,), int64

    Examples
    --------
    >>> count_slices((0, 2), 5)
    array([2, 3])
    """
    edges = np.asarray([*starts, n_slices], np.int64)
    return edges[1:] - edges[:-1]


def find_owners(starts: Sequence[int], n_slices: int) -> Int64Array:
    """Exam that each slice belongs to, 0 for the first.

    Parameters
    ----------
    starts : sequence of int
    n_slices : int

    Returns
    -------
    ndarray of shape (n_slices,), int64

    Examples
    --------
    >>> find_owners((0, 2), 5)
    array([0, 0, 1, 1, 1])
    """
    return np.repeat(np.arange(len(starts)), count_slices(starts, n_slices))
