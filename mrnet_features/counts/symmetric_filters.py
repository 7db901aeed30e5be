"""Symmetric filters: one line of an image filtered with even and odd taps, in integers.

Taps at the same distance from the middle are equal (even) or opposite (odd), so samples are added
or subtracted in pairs before they are multiplied. Four pairs are taken at a time: the sums of a
line are then read and written a quarter as often.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mrnet_features.arrays import Int32Array
from mrnet_features.compiling import cached_njit

_PAIRS = 4

BAND = 2048
"""Pixels filtered at a time: long loops, whose sums stay in the cache."""


def halve_taps(taps: Int32Array) -> Int32Array:
    """Middle taps and those after them, with zeros up to a multiple of four pairs.

    Parameters
    ----------
    taps : ndarray of shape (n_sets, 2 * radius + 1), int32
        Each set even or odd.

    Returns
    -------
    ndarray of shape (n_sets, 1 + reach), int32
        `reach` is a multiple of 4, at least `radius`.

    Examples
    --------
    >>> halve_taps(np.array([[1, 2, 1]], np.int32))
    array([[2, 1, 0, 0, 0]], dtype=int32)
    """
    half = taps[:, taps.shape[1] // 2 :]
    padded = np.zeros((len(taps), 1 + -(-(half.shape[1] - 1) // _PAIRS) * _PAIRS), np.int32)
    padded[:, : half.shape[1]] = half
    return padded


@cached_njit(nogil=True, error_model="numpy")
def filter_even(
    image: Any, start: int, step: int, taps: Int32Array, found: Int32Array, total: Any = np.int32
) -> None:
    """Filter consecutive pixels with even taps.

    Parameters
    ----------
    image : array of shape (n,), int16
        Flat image with a margin: samples are read up to `reach` steps before and after.
    start : int
        Index of the first pixel.
    step : int
        Steps from one sample to the next: 1 along a line, the length of a line across it.
    taps : array of shape (1 + reach,), int32
        As from `halve_taps`.
    found : array of shape (n_pixels,), int32
        Written to.
    total : type, default int32
        Type that holds taps, and the sum and the difference of any two samples. With int16 a
        processor multiplies and adds in one instruction.

    Examples
    --------
    >>> found = np.empty(1, np.int32)
    >>> filter_even(np.arange(9, dtype=np.int16) ** 2, 4, 1, np.int32([2, 1, 0, 0, 0]), found)
    >>> int(found[0])  # 9 + 2 * 16 + 25
    66
    """
    n, middle = found.shape[0], taps[0]
    here = image[start : start + n]
    for x in range(n):
        found[x] = np.int32(middle * np.int32(here[x]))
    for k in range(1, taps.shape[0], _PAIRS):
        a, b, c, d = k * step, (k + 1) * step, (k + 2) * step, (k + 3) * step
        _add_even(
            image[start + a : start + a + n],
            image[start - a : start - a + n],
            image[start + b : start + b + n],
            image[start - b : start - b + n],
            image[start + c : start + c + n],
            image[start - c : start - c + n],
            image[start + d : start + d + n],
            image[start - d : start - d + n],
            taps[k : k + _PAIRS],
            found,
            total,
        )


@cached_njit(nogil=True, error_model="numpy")
def filter_both(
    image: Any,
    start: int,
    step: int,
    even_taps: Int32Array,
    odd_taps: Int32Array,
    even: Int32Array,
    odd: Int32Array,
    total: Any = np.int32,
) -> None:
    """Filter consecutive pixels with even and with odd taps, which read the same samples.

    Parameters
    ----------
    image, start, step, total
        As for `filter_even`.
    even_taps, odd_taps : array of shape (1 + reach,), int32
        As from `halve_taps`.
    even, odd : array of shape (n_pixels,), int32
        Written to.

    Examples
    --------
    >>> even, odd = np.empty((2, 1), np.int32)
    >>> squares = np.arange(9, dtype=np.int16) ** 2
    >>> filter_both(squares, 4, 1, np.int32([2, 1, 0, 0, 0]), np.int32([0, 1, 0, 0, 0]), even, odd)
    >>> int(even[0]), int(odd[0])  # 25 - 9
    (66, 16)
    """
    n, middle = even.shape[0], even_taps[0]
    here = image[start : start + n]
    for x in range(n):
        even[x] = np.int32(middle * np.int32(here[x]))
        odd[x] = 0
    for k in range(1, even_taps.shape[0], _PAIRS):
        a, b, c, d = k * step, (k + 1) * step, (k + 2) * step, (k + 3) * step
        _add_both(
            image[start + a : start + a + n],
            image[start - a : start - a + n],
            image[start + b : start + b + n],
            image[start - b : start - b + n],
            image[start + c : start + c + n],
            image[start - c : start - c + n],
            image[start + d : start + d + n],
            image[start - d : start - d + n],
            even_taps[k : k + _PAIRS],
            odd_taps[k : k + _PAIRS],
            even,
            odd,
            total,
        )


@cached_njit(nogil=True, error_model="numpy")
def filter_rows(
    grey: Any,
    box: tuple[int, int, int, int],
    taps: Int32Array,
    is_odd: Any,
    bits: int,
    middle: Any,
) -> None:
    """Filter the lines of a box, and those that filters along its columns read, along rows.

    Beyond the edge of the slice, pixels and lines are repeated.

    Parameters
    ----------
    grey : array of shape (height, width), uint8
    box : tuple of int
        First row, one past the last, and the same of columns.
    taps : array of shape (n_sets, 1 + reach), int32
        As from `halve_taps`.
    is_odd : array of shape (n_sets,), bool
        An odd set follows an even one.
    bits : int
        Fraction bits to drop.
    middle : array of shape (n_sets, n), int16
        Written to: the box and `reach` lines above and below it, each as long as the box is wide.

    Examples
    --------
    >>> middle, taps = np.zeros((1, 18), np.int16), halve_taps(np.array([[1, 2, 1]], np.int32))
    >>> filter_rows(np.uint8([[0, 4, 0]]), (0, 1, 0, 2), taps, np.array([False]), 1, middle)
    >>> middle[0, 8:10].tolist()
    [2, 4]
    """
    top, bottom, left, right = box
    height, width = grey.shape
    reach = taps.shape[1] - 1
    n = right - left
    stride = n + 2 * reach
    step = max(BAND // stride, 1)
    padded = np.zeros(step * stride, np.int16)
    sums = np.zeros((2, step * stride), np.int32)
    first, end = max(top - reach, 0), min(bottom + reach, height)
    for y in range(first, end, step):
        n_lines = min(step, end - y)
        for k in range(n_lines):
            line = padded[k * stride : (k + 1) * stride]
            for x in range(stride):
                line[x] = grey[y + k, min(max(left + x - reach, 0), width - 1)]
        n_sums = n_lines * stride - 2 * reach
        one, two = sums[0, :n_sums], sums[1, :n_sums]
        along: Any = np.int64(1)  # a plain 1 is a type of its own: filters would be compiled twice
        h = 0
        while h < taps.shape[0]:
            is_pair = h + 1 < taps.shape[0] and is_odd[h + 1]
            if is_pair:
                filter_both(padded, reach, along, taps[h], taps[h + 1], one, two, np.int16)
            else:
                filter_even(padded, reach, along, taps[h], one, np.int16)
            for k in range(n_lines):
                to, of = (y + k - top + reach) * n, k * stride
                round_off(one[of : of + n], bits, middle[h, to : to + n])
                if is_pair:
                    round_off(two[of : of + n], bits, middle[h + 1, to : to + n])
            h += 2 if is_pair else 1
    for h in range(taps.shape[0]):
        for y in range(top - reach, bottom + reach):
            if first <= y < end:
                continue
            nearest = (first if y < first else end - 1) - top + reach
            edge = middle[h, nearest * n : (nearest + 1) * n]
            line = middle[h, (y - top + reach) * n : (y - top + reach + 1) * n]
            for x in range(n):  # one assignment would take seconds to compile
                line[x] = edge[x]


@cached_njit(nogil=True, error_model="numpy")
def round_off(sums: Int32Array, bits: int, rounded: Any) -> None:
    """Drop fraction bits. Half is rounded away from zero: a mirrored slice is mirrored exactly.

    Parameters
    ----------
    sums : array of shape (n,), int32
    bits : int
        At least 1.
    rounded : array of shape (n,), int16 or int32
        Written to; may be `sums`.

    Examples
    --------
    >>> sums = np.int32([2, -2, 1])
    >>> round_off(sums, 2, sums)
    >>> sums.tolist()
    [1, -1, 0]
    """
    for x in range(sums.shape[0]):
        rounded[x] = drop_bits(sums[x], bits)


@cached_njit(nogil=True, error_model="numpy")
def drop_bits(total: Any, bits: int) -> Any:
    """One sum without its last fraction bits; see `round_off`.

    Examples
    --------
    >>> int(drop_bits(np.int32(-6), 2))
    -2
    """
    half, shift = np.int32(1 << (bits - 1)), np.int32(bits)
    return np.int32(np.int32(np.int32(total + half) + np.int32(total >> np.int32(31))) >> shift)


@cached_njit(nogil=True, error_model="numpy")
def _add_even(
    a: Any,
    a2: Any,
    b: Any,
    b2: Any,
    c: Any,
    c2: Any,
    d: Any,
    d2: Any,
    taps: Any,
    even: Any,
    total: Any,
) -> None:
    """Add four pairs of samples, each pair times its tap."""
    one, two, three, four = total(taps[0]), total(taps[1]), total(taps[2]), total(taps[3])
    for x in range(even.shape[0]):
        even[x] += (
            np.int32(np.int32(one) * np.int32(total(a[x] + a2[x])))
            + np.int32(np.int32(two) * np.int32(total(b[x] + b2[x])))
            + np.int32(np.int32(three) * np.int32(total(c[x] + c2[x])))
            + np.int32(np.int32(four) * np.int32(total(d[x] + d2[x])))
        )


@cached_njit(nogil=True, error_model="numpy")
def _add_both(
    a: Any,
    a2: Any,
    b: Any,
    b2: Any,
    c: Any,
    c2: Any,
    d: Any,
    d2: Any,
    even_taps: Any,
    odd_taps: Any,
    even: Any,
    odd: Any,
    total: Any,
) -> None:
    """Add sums and differences of four pairs of samples, each times its tap."""
    one, two, three, four = (
        total(even_taps[0]),
        total(even_taps[1]),
        total(even_taps[2]),
        total(even_taps[3]),
    )
    odd_one, odd_two, odd_three, odd_four = (
        total(odd_taps[0]),
        total(odd_taps[1]),
        total(odd_taps[2]),
        total(odd_taps[3]),
    )
    for x in range(even.shape[0]):
        even[x] += (
            np.int32(np.int32(one) * np.int32(total(a[x] + a2[x])))
            + np.int32(np.int32(two) * np.int32(total(b[x] + b2[x])))
            + np.int32(np.int32(three) * np.int32(total(c[x] + c2[x])))
            + np.int32(np.int32(four) * np.int32(total(d[x] + d2[x])))
        )
        odd[x] += (
            np.int32(np.int32(odd_one) * np.int32(total(a[x] - a2[x])))
            + np.int32(np.int32(odd_two) * np.int32(total(b[x] - b2[x])))
            + np.int32(np.int32(odd_three) * np.int32(total(c[x] - c2[x])))
            + np.int32(np.int32(odd_four) * np.int32(total(d[x] - d2[x])))
        )
