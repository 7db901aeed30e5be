"""Rows of a slice packed for counting: level and region in one number, without the background."""

from __future__ import annotations

from typing import Any

import numpy as np

from mrnet_features.arrays import UInt16Array
from mrnet_features.compiling import cached_njit

_BLOCK = 16  # pixels tested together


@cached_njit(nogil=True, error_model="numpy")
def find_span(line: Any) -> tuple[int, int]:
    """First pixel of a line in a region, and one past the last; 0, 0 for none.

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


@cached_njit(nogil=True, error_model="numpy")
def find_box(regions: Any) -> Any:
    """Box around all regions of a slice: first row, one past the last, and the same of columns.

    Parameters
    ----------
    regions : array of shape (height, width), uint8

    Returns
    -------
    top, bottom, left, right : int
        All 0 where there is no region.

    Examples
    --------
    >>> find_box(np.uint8([[0, 0, 0], [0, 1, 2]]))
    (1, 2, 1, 3)
    """
    height, width = regions.shape
    top, bottom, left, right = height, 0, width, 0
    for y in range(height):
        first, end = find_span(regions[y])
        if first < end:
            top, bottom = min(top, y), y + 1
            left, right = min(left, first), max(right, end)
    return min(top, bottom), bottom, min(left, right), right


@cached_njit(nogil=True, error_model="numpy")
def find_change(line: Any, x: int, value: Any) -> int:
    """First index from `x` on whose value differs from `value`; the length of the line if none.

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


@cached_njit(nogil=True, error_model="numpy")
def mark_bright(line: Any, inside: Any, threshold: int, bright: Any) -> tuple[int, int]:
    """Write the region of each bright pixel of a line, 0 for the other pixels; find their span.

    Parameters
    ----------
    line, inside : array of shape (width,), uint8
        Grey levels and regions.
    threshold : int
        Grey level from which a pixel is bright.
    bright : array of shape (width,), uint8
        Written to.

    Returns
    -------
    first, end : int
        First bright pixel and one past the last; 0, 0 for none.

    Examples
    --------
    >>> bright = np.empty(3, np.uint8)
    >>> mark_bright(np.uint8([9, 4, 9]), np.uint8([2, 2, 0]), 9, bright)
    (0, 1)
    >>> bright
    array([2, 0, 0], dtype=uint8)
    """
    seen = np.uint8(0)
    if threshold <= 255:
        least = np.uint8(max(threshold, 0))  # comparing bytes with bytes uses SIMD instructions
        for x in range(line.shape[0]):
            marked = inside[x] if line[x] >= least else np.uint8(0)
            bright[x] = marked
            seen |= marked
    else:
        for x in range(line.shape[0]):
            bright[x] = 0
    return find_span(bright) if seen > 0 else (0, 0)


@cached_njit(nogil=True, error_model="numpy")
def pack_slice(levels: Any, regions: Any, top: int, left: int, packed: UInt16Array) -> None:
    """Write ``256 region + level`` for each pixel; 0 outside all regions.

    Two pixels lie in one region if their high bytes are equal, and also have one level if the
    numbers are equal. With a margin of zeros, the edge of the slice needs no test.

    Parameters
    ----------
    levels, regions : array of shape (height, width), uint8
    top, left : int
        Row and column of `packed` for the first pixel.
    packed : array, uint16
        At least as large as the slice and its margins. Written to in the slice only.

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
