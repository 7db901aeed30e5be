"""Which slices of a batch belong to which exam; minimum and maximum per exam."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mrnet_features.arrays import Array, Int64Array, namespace


class ExamSlices(NamedTuple):
    """Slices of each exam of a batch, on the device of the batch.

    Attributes
    ----------
    bounds : ndarray of shape (n_exams, 2), int32
        Index of the first slice of each exam and one past its last; on the host.
    owner : array of shape (n_slices,), int32
        Exam index of each slice.
    slices : array of shape (n_exams, longest), int64
        Slices of each exam; the last one is repeated where an exam has fewer than the longest.
    """

    bounds: np.ndarray[tuple[int, int], np.dtype[np.int32]]
    owner: Array
    slices: Array

    @property
    def n_exams(self) -> int:
        """Number of exams."""
        return len(self.bounds)

    def max(self, values: Array) -> Array:
        """Largest value of each exam.

        Parameters
        ----------
        values : array of shape (n_slices,)
            One value per slice.

        Returns
        -------
        array of shape (n_exams,)
        """
        return namespace(values).max(self._gather(values), axis=1)

    def min(self, values: Array) -> Array:
        """Smallest value of each exam; see `max`."""
        return namespace(values).min(self._gather(values), axis=1)

    def repeat(self, values: Array) -> Array:
        """Values of exams, repeated for each slice and shaped to broadcast against pixels.

        Parameters
        ----------
        values : array of shape (n_exams,)
            One value per exam.

        Returns
        -------
        array of shape (n_slices, 1, 1)
        """
        xp = namespace(values)
        return xp.reshape(xp.take(values, self.owner), (-1, 1, 1))

    def _gather(self, values: Array) -> Array:
        xp = namespace(values)
        return xp.reshape(xp.take(values, xp.reshape(self.slices, (-1,))), self.slices.shape)


def index_slices(exam_starts: Sequence[int], stack: Array) -> ExamSlices:
    """Slices of each exam of a batch.

    Parameters
    ----------
    exam_starts : sequence of int
        Index of the first slice of each exam.
    stack : array of shape (n_slices, height, width)
        A batch; the result is on its device.

    Returns
    -------
    ExamSlices

    Examples
    --------
    >>> found = index_slices((0, 2), np.zeros((3, 1, 1)))
    >>> found.owner.tolist(), found.slices.tolist(), found.bounds.tolist()
    ([0, 0, 1], [[0, 1], [2, 2]], [[0, 2], [2, 3]])
    """
    xp = namespace(stack)
    begins = np.asarray(exam_starts, np.int32)
    ends = np.append(begins[1:], np.int32(stack.shape[0]))
    owner = find_owners(exam_starts, stack.shape[0]).astype(np.int32)
    steps = np.arange(np.max(ends - begins), dtype=np.int64)
    slices = np.minimum(begins[:, None] + steps, ends[:, None] - 1)
    return ExamSlices(np.stack([begins, ends], axis=1), xp.asarray(owner), xp.asarray(slices))


def count_slices(exam_starts: Sequence[int], n_slices: int) -> Int64Array:
    """Number of slices of each exam.

    Parameters
    ----------
    exam_starts : sequence of int
        Index of the first slice of each exam.
    n_slices : int
        Of all exams together.

    Returns
    -------
    ndarray of shape (n_exams,), int64

    Examples
    --------
    >>> count_slices((0, 2), 5)
    array([2, 3])
    """
    edges = np.asarray([*exam_starts, n_slices], np.int64)
    return edges[1:] - edges[:-1]


def find_owners(exam_starts: Sequence[int], n_slices: int) -> Int64Array:
    """Exam index of each slice.

    Parameters
    ----------
    exam_starts : sequence of int
    n_slices : int

    Returns
    -------
    ndarray of shape (n_slices,), int64

    Examples
    --------
    >>> find_owners((0, 2), 5)
    array([0, 0, 1, 1, 1])
    """
    return np.repeat(np.arange(len(exam_starts)), count_slices(exam_starts, n_slices))
