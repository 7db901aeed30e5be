"""Stacks laid end to end: which slices are whose, and what a stack's slices have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mrnet_features.arrays import Array, namespace
from mrnet_features.stacks.slices import find_owners


class Layout(NamedTuple):
    """Which slices are whose, for use where the slices live.

    Attributes
    ----------
    bounds : ndarray of shape (n_stacks, 2), int32
        First slice of each stack and one past its last; on the host.
    owner : array of shape (n_slices,), int32
        Stack that a slice is of, 0 for the first.
    slices : array of shape (n_stacks, longest), int64
        Slices of each stack, its last one again and again where it is shorter than the longest.
    """

    bounds: np.ndarray[tuple[int, int], np.dtype[np.int32]]
    owner: Array
    slices: Array

    @property
    def n_stacks(self) -> int:
        """Number of stacks."""
        return len(self.bounds)

    def max(self, values: Array) -> Array:
        """Largest of each stack's values, given one a slice.

        Parameters
        ----------
        values : array of shape (n_slices,)

        Returns
        -------
        array of shape (n_stacks,)
        """
        return namespace(values).max(self._gather(values), axis=1)

    def min(self, values: Array) -> Array:
        """Smallest of each stack's values, as `max`."""
        return namespace(values).min(self._gather(values), axis=1)

    def spread(self, values: Array) -> Array:
        """Each slice's value, given one a stack, to be used beside pixels.

        Parameters
        ----------
        values : array of shape (n_stacks,)

        Returns
        -------
        array of shape (n_slices, 1, 1)
        """
        xp = namespace(values)
        return xp.reshape(xp.take(values, self.owner), (-1, 1, 1))

    def _gather(self, values: Array) -> Array:
        xp = namespace(values)
        return xp.reshape(xp.take(values, xp.reshape(self.slices, (-1,))), self.slices.shape)


def lay_out(starts: Sequence[int], stack: Array) -> Layout:
    """Layout of stacks laid end to end, on the device where they live.

    Parameters
    ----------
    starts : sequence of int
        First slice of each.
    stack : array of shape (n_slices, height, width)

    Returns
    -------
    Layout

    Examples
    --------
    >>> layout = lay_out((0, 2), np.zeros((3, 1, 1)))
    >>> layout.owner.tolist(), layout.slices.tolist(), layout.bounds.tolist()
    ([0, 0, 1], [[0, 1], [2, 2]], [[0, 2], [2, 3]])
    """
    xp = namespace(stack)
    begins = np.asarray(starts, np.int32)
    ends = np.append(begins[1:], np.int32(stack.shape[0]))
    owner = find_owners(starts, stack.shape[0]).astype(np.int32)
    steps = np.arange(np.max(ends - begins), dtype=np.int64)
    slices = np.minimum(begins[:, None] + steps, ends[:, None] - 1)
    return Layout(np.stack([begins, ends], axis=1), xp.asarray(owner), xp.asarray(slices))
