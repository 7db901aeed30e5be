"""Ranges of values on a device that are known, so that nobody has to wait for it to tell them."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from mrnet_features.arrays import Array

_known: dict[int, tuple[weakref.ref[Any], int, int]] = {}


def vouch_for(array: Array, lowest: int, highest: int) -> None:
    """Note what the values of an array lie between, as long as it lives.

    For whoever made the array and knows; nobody may write to it after that. Of arrays on the host
    nothing is noted: looking is cheap there.

    Parameters
    ----------
    array : array of integers
    lowest, highest : int
    """
    if isinstance(array, np.ndarray):
        return
    key = id(array)
    _known[key] = (weakref.ref(array, lambda _: _known.pop(key, None)), lowest, highest)


def find_range(array: Array) -> tuple[int, int]:
    """Lowest and highest value of an array; what was vouched for is believed.

    Parameters
    ----------
    array : array of integers
        Not empty.

    Returns
    -------
    lowest, highest : int

    Examples
    --------
    >>> find_range(np.uint8([[4, 2], [7, 7]]))
    (2, 7)
    """
    known = _known.get(id(array))
    if known is not None and known[0]() is array:
        return known[1:]
    return int(array.min()), int(array.max())
