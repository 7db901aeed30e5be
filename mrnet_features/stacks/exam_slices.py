"""Which slices of a batch belong to which exam; minimum and maximum per exam."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mrnet_features.arrays import (
    Array,
    Float64Array,
    Int32Array,
    Int64Array,
    namespace,
    upload_once,
)


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
    starts, n_slices = tuple(exam_starts), stack.shape[0]
    owner = upload_owners(starts, stack)
    slices = upload_once(_list_slices, starts, n_slices, like=stack)
    return ExamSlices(find_bounds(starts, n_slices), owner, slices)


def find_bounds(exam_starts: Sequence[int], n_slices: int) -> Int32Array:
    """First slice of each exam and one past its last, of shape (n_exams, 2)."""
    edges = np.asarray([*exam_starts, n_slices], np.int32)
    return np.stack([edges[:-1], edges[1:]], axis=1)


def upload_owners(exam_starts: Sequence[int], values: Array) -> Array:
    """Exam index of each slice, on the device of values by slice.

    Parameters
    ----------
    exam_starts : sequence of int
    values : array of shape (n_slices, ...)

    Returns
    -------
    array of shape (n_slices,), int32
        Must not be written to.
    """
    return upload_once(_find_owners, tuple(exam_starts), values.shape[0], like=values)


def upload_lengths(exam_starts: Sequence[int], values: Array) -> Array:
    """Number of slices of each exam, on the device of values by slice.

    Parameters
    ----------
    exam_starts : sequence of int
    values : array of shape (n_slices, ...)

    Returns
    -------
    array of shape (n_exams,), float64
        Must not be written to.
    """
    return upload_once(_find_lengths, tuple(exam_starts), values.shape[0], like=values)


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


def _find_owners(exam_starts: tuple[int, ...], n_slices: int) -> Int32Array:
    return find_owners(exam_starts, n_slices).astype(np.int32)


def _find_lengths(exam_starts: tuple[int, ...], n_slices: int) -> Float64Array:
    return count_slices(exam_starts, n_slices).astype(np.float64)


def _list_slices(exam_starts: tuple[int, ...], n_slices: int) -> Int64Array:
    """Slices of each exam, the last one repeated to the longest exam."""
    begins, ends = find_bounds(exam_starts, n_slices).astype(np.int64).T[:, :, None]
    slices: Int64Array = np.minimum(begins + np.arange(np.max(ends - begins)), ends - 1)
    return slices
