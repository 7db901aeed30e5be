"""Squares of pixels of one region, for all lines of a slice at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from mrnet_features.compiling import cached_njit


@cached_njit(nogil=True, error_model="numpy")
def find_squares(regions: Any, side: int, stride: int, work: Any) -> None:
    """Region of each square of pixels of one region, at its upper left pixel; 0 for other pixels.

    Parameters
    ----------
    regions : array of shape (n,), uint8
        Flat slice with at least one 0 after each line; changed in place.
    side : int
        Of the squares, in pixels.
    stride : int
        From one line to the next.
    work : array of shape (n,), uint8
        Written to.

    Examples
    --------
    >>> regions = np.uint8([1, 1, 2, 0, 1, 1, 2, 0])
    >>> find_squares(regions, 2, 4, np.empty_like(regions))
    >>> regions
    array([1, 0, 0, 0, 0, 0, 0, 0], dtype=uint8)
    """
    size, before, now = regions.shape[0], regions, work
    for shift in (1, stride):
        length = 1
        while length < side:  # pixels of one region, twice as many each time
            step = min(length, side - length)
            n = max(size - step * shift, 0)
            keep_equal(before[:n], before[size - n :], now[:n])
            for x in range(n, size):
                now[x] = 0
            before, now, length = now, before, length + step
    for x in range(size):
        regions[x] = before[x]


@cached_njit(nogil=True, error_model="numpy")
def keep_equal(one: Any, other: Any, kept: Any) -> None:
    """Numbers that are equal in both lines; 0 where they differ."""
    for x in range(kept.shape[0]):
        kept[x] = one[x] if one[x] == other[x] else np.uint8(0)
