"""Rows of a slice packed for counting: level and region in one number, without the background.

Numba compiles a loop over pixels to vector instructions if it has no branch, no loop over a tuple,
and reads and writes few arrays: with more than about five, it can't test that they are distinct.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mrnet_features.arrays import Int64Array, UInt16Array
from mrnet_features.compiling import cached_njit

_BLOCK = 16  # pixels tested together
_LONGEST = 65535  # of uint16
_VECTOR = 32
_BEFORE = 8  # numbers before the first margin: runs look back that far

PADDING = 2 * _VECTOR
"""Numbers after the last pixel of packed rows, and after work space for one row."""


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
    n = line.shape[0]
    if n > _LONGEST:
        return _find_span_of_long(line)
    # no branch and numbers of 16 bits, so that many pixels are tested at once
    beyond = np.uint16(n)
    first, end = beyond, np.uint16(0)
    for x in range(n):
        is_inside = line[x] > 0
        first = min(first, np.uint16(x) if is_inside else beyond)
        end = max(end, np.uint16(x + 1) if is_inside else np.uint16(0))
    return (int(first), int(end)) if end > 0 else (0, 0)


@cached_njit(nogil=True, error_model="numpy")
def _find_span_of_long(line: Any) -> tuple[int, int]:
    """As `find_span`, for any length."""
    first, end = 0, line.shape[0]
    while first < end and line[first] == 0:
        first += 1
    while first < end and line[end - 1] == 0:
        end -= 1
    return (first, end) if first < end else (0, 0)


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


@cached_njit(nogil=True)
def make_packed(height: int, width: int, n_rows: int, n_columns: int) -> tuple[Any, Any]:
    """Work space for `pack_regions`: `packed` and `spans`."""
    size = (height + 2 * n_rows) * (width + n_columns) + 2 * n_columns + _BEFORE + PADDING
    return np.zeros(size, np.uint16), np.zeros((height, 2), np.int64)


@cached_njit(nogil=True, error_model="numpy")
def pack_regions(
    levels: Any, regions: Any, n_rows: int, n_columns: int, packed: UInt16Array, spans: Int64Array
) -> tuple[int, int, int]:
    """Write ``256 region + level`` of the box around all regions of a slice; 0 outside regions.

    Two pixels lie in one region if their high bytes are equal, and also have one level if the
    numbers are equal. The rows of the box lie one after another, with zeros between them, above
    and below, so that a neighbour is at a fixed distance and the edge of the slice needs no test.

    Parameters
    ----------
    levels, regions : array of shape (height, width), uint8
    n_rows, n_columns : int
        Rows of zeros above and below the box, and zeros between its rows: how far a neighbour of
        a pixel can be.
    packed, spans : array
        From `make_packed`, written to. ``spans[k]`` is the index in `packed` of the first pixel of
        row k of the box that lies in a region, and one past that of the last; equal for none.
        Before the first pixel are at least eight numbers, and after the last `PADDING`.

    Returns
    -------
    height, stride, start : int
        Number of rows of the box, distance of a pixel to the one below, and index of the first.

    Examples
    --------
    >>> packed, spans = make_packed(1, 2, 0, 1)
    >>> pack_regions(np.uint8([[5, 6]]), np.uint8([[0, 1]]), 0, 1, packed, spans)
    (1, 2, 9)
    >>> begin, end = spans[0]
    >>> packed[begin - 1 : end + 1]
    array([  0, 262,   0], dtype=uint16)
    """
    height, width = levels.shape
    top, bottom, left, right = height, 0, width, 0
    for y in range(height):
        first, end = find_span(regions[y])
        # rows above the box are written over
        row = max(y - top, 0)
        spans[row, 0], spans[row, 1] = first, end
        if first < end:
            top, bottom = min(top, y), y + 1
            left, right = min(left, first), max(right, end)
    if top >= bottom:
        return 0, n_columns, 0
    stride = right - left + n_columns
    start = _BEFORE + n_rows * stride + n_columns
    packed[:start] = 0
    begin = start
    for y in range(top, bottom):
        _pack_row(levels[y, left:right], regions[y, left:right], packed[begin : begin + stride])
        row = y - top
        has_pixels = spans[row, 0] < spans[row, 1]
        spans[row, 0] = begin + spans[row, 0] - left if has_pixels else begin
        spans[row, 1] = begin + spans[row, 1] - left if has_pixels else begin
        begin += stride
    packed[begin : begin + n_rows * stride + n_columns] = 0
    return bottom - top, stride, start


@cached_njit(nogil=True, error_model="numpy")
def _pack_row(levels: Any, regions: Any, packed: UInt16Array) -> None:
    """Region and level of each pixel in one number; 0 outside all regions and past the end."""
    n = levels.shape[0]
    for x in range(n):
        both = np.uint16((np.uint16(regions[x]) << np.uint16(8)) | np.uint16(levels[x]))
        packed[x] = both if regions[x] > 0 else np.uint16(0)
    for x in range(n, packed.shape[0]):
        packed[x] = 0


@cached_njit(nogil=True, error_model="numpy")
def round_up(n: int) -> int:
    """Length of a line rounded up: whole vectors, without a remainder, take less time.

    `PADDING` is large enough to read that far from any pixel.

    Examples
    --------
    >>> round_up(33)
    64
    """
    return (n + _VECTOR - 1) // _VECTOR * _VECTOR
