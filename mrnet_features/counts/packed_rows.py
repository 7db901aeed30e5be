"""Lines of a slice made ready to be counted: level and region in one number, the air left out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from mrnet_features.arrays import UInt16Array

_BLOCK = 16  # pixels looked at together


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def find_span(line: Any) -> tuple[int, int]:
    """First pixel of a line that lies in a region, and the one after the last; twice 0 for none.

    Parameters
    ----------
    line : array of shape (width,), uint8

    Returns
    -------
    first, end : int

    Examples
    --------
    >>> find_span(np.uint8([0, 0, 3, 0, 1, 0]))
    (2, 5)
    """
    first, end = 0, line.shape[0]
    while first + _BLOCK <= end:
        seen = np.uint8(0)
        for k in range(_BLOCK):
            seen |= line[first + k]
        if seen > 0:
            break
        first += _BLOCK
    while first < end and line[first] == 0:
        first += 1
    if first == end:
        return 0, 0
    while end - _BLOCK >= first:
        seen = np.uint8(0)
        for k in range(_BLOCK):
            seen |= line[end - _BLOCK + k]
        if seen > 0:
            break
        end -= _BLOCK
    while line[end - 1] == 0:
        end -= 1
    return first, end


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def find_change(line: Any, x: int, value: Any) -> int:
    """First place from `x` on that does not hold `value`; the line's length where all do.

    Parameters
    ----------
    line : array of shape (width,), uint8
    x : int
    value : uint8

    Returns
    -------
    int

    Examples
    --------
    >>> find_change(np.uint8([7, 7, 7, 2]), 1, np.uint8(7))
    3
    """
    end = line.shape[0]
    while x + _BLOCK <= end:
        change = np.uint8(0)
        for k in range(_BLOCK):
            change |= line[x + k] ^ value
        if change > 0:
            break
        x += _BLOCK
    while x < end and line[x] == value:
        x += 1
    return x


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def mark_bright(line: Any, inside: Any, threshold: int, bright: Any) -> None:
    """Write the region of each pixel of a line that is bright; 0 for the others.

    Parameters
    ----------
    line, inside : array of shape (width,), uint8
        Grey levels and regions.
    threshold : int
        Grey level from which a pixel is bright.
    bright : array of shape (at least width,), uint8
        What lies beyond the line is left as it is.

    Examples
    --------
    >>> bright = np.empty(3, np.uint8)
    >>> mark_bright(np.uint8([9, 4, 9]), np.uint8([2, 2, 0]), 9, bright)
    >>> bright
    array([2, 0, 0], dtype=uint8)
    """
    if threshold > 255:
        bright[: line.shape[0]] = 0
        return
    least = np.uint8(max(threshold, 0))  # bytes compared with bytes: sixteen and more at once
    for x in range(line.shape[0]):
        bright[x] = inside[x] if line[x] >= least else np.uint8(0)


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def pack_slice(levels: Any, regions: Any, top: int, left: int, packed: UInt16Array) -> None:
    """Write ``256 region + level`` of each pixel in a region; elsewhere `packed` must be 0.

    Two pixels lie in one region where their high bytes are equal, and have one level too where
    the numbers are equal. A margin of zeros spares the tests for the slice's edge.

    Parameters
    ----------
    levels, regions : array of shape (height, width), uint8
    top, left : int
        Where in `packed` the first pixel goes.
    packed : array, uint16
        At least as large as the slice and its margins.

    Examples
    --------
    >>> packed = np.zeros((1, 4), np.uint16)
    >>> pack_slice(np.uint8([[5, 6]]), np.uint8([[1, 0]]), 0, 1, packed)
    >>> packed.tolist()
    [[0, 261, 0, 0]]
    """
    height, width = levels.shape
    for y in range(height):
        level, region = levels[y], regions[y]
        line = packed[top + y, left : left + width]
        for x in range(width):
            both = np.uint16((np.uint16(region[x]) << np.uint16(8)) | np.uint16(level[x]))
            line[x] = both if region[x] > 0 else np.uint16(0)
