"""Otsu's threshold between air and tissue, for several exams."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from mrnet_features.arrays import Array, Float64Array, device_function, namespace


def find_thresholds(counts: Array) -> Array:
    """Otsu's threshold [1]_ of each histogram: values above it are the brighter class.

    Equal to ``skimage.filters.threshold_otsu``, including single precision, which does not run on a
    GPU and takes one histogram at a time.

    Parameters
    ----------
    counts : array of shape (n_exams, 256), int64
        Histograms of values 0 to 255; each has at least one value and fewer than 2^24.

    Returns
    -------
    array of shape (n_exams,), int64
        The lowest of the best thresholds; the value itself if only one value occurs.

    References
    ----------
    .. [1] Otsu N. A threshold selection method from gray-level histograms. IEEE Trans Syst Man
       Cybern 1979;9(1):62-66.

    Examples
    --------
    >>> counts = np.zeros((2, 256), np.int64)
    >>> counts[0, [3, 4, 90]], counts[1, 7] = 5, 5
    >>> find_thresholds(counts).tolist()
    [4, 7]
    """
    xp = namespace(counts)
    # integer sums do not depend on the order of summation
    number = xp.cumulative_sum(counts, axis=1)
    mass = xp.cumulative_sum(counts * xp.reshape(xp.arange(256, dtype=xp.int64), (1, 256)), axis=1)
    all_numbers, all_mass = number[:, -1:], mass[:, -1:]
    parts = (number > 0) & (number < all_numbers)  # both classes have values
    one = xp.astype(xp.where(parts, number, 1), xp.float32)
    other = xp.astype(xp.where(parts, all_numbers - number, 1), xp.float32)
    below = xp.astype(mass, xp.float64) / xp.astype(one, xp.float64)
    above = xp.astype(all_mass - mass, xp.float64) / xp.astype(other, xp.float64)
    difference = below - above
    between = xp.astype(one * other, xp.float64) * (difference * difference)
    best = xp.argmax(xp.where(parts, between, -1.0), axis=1)
    only = xp.argmax(xp.astype(counts > 0, xp.uint8), axis=1)
    return xp.where(xp.any(parts, axis=1), best, only)


@device_function
def find_brightness(sums: Array, areas: np.ndarray[Any, Any]) -> tuple[Array, Array]:
    """Mean grey level of each block, and log(1 + mean).

    Parameters
    ----------
    sums : array of shape (n_slices, n_rows, n_columns), uint32
        Sums of grey levels, as from `sum_blocks`.
    areas : ndarray of shape (n_rows, n_columns), int64
        Number of pixels of each block.

    Returns
    -------
    mean : array of shape (n_slices, n_rows, n_columns), float64
        Grey levels.
    log_mean : array of shape (n_slices, n_rows, n_columns), float64
        ``log1p(mean)``.

    Examples
    --------
    >>> mean, log_mean = find_brightness(np.uint32([[[0, 8]]]), np.array([[4, 4]]))
    >>> mean.tolist(), log_mean.round(3).tolist()
    ([[[0.0, 2.0]]], [[[0.0, 1.099]]])
    """
    mean = sums / areas
    return mean, np.log1p(mean)


@find_brightness.gpu
def _(sums: Array, areas: np.ndarray[Any, Any]) -> tuple[Array, Array]:
    import cupy

    # logarithms may differ in the last bit between devices, so the CPU's are looked up
    kinds, kind = np.unique(areas, return_inverse=True)
    first = np.concatenate([[0], np.cumsum(255 * kinds + 1)[:-1]])
    table = cupy.asarray(_tabulate(tuple(kinds.tolist())))
    index = sums + cupy.asarray(first[kind].reshape(areas.shape).astype(np.int64))
    return sums / cupy.asarray(areas.astype(np.float64)), cupy.take(table, index)


@functools.lru_cache(maxsize=8)
def _tabulate(areas: tuple[int, ...]) -> Float64Array:
    """Logarithm of the mean for each possible sum of a block, for each area."""
    return np.concatenate([np.log1p(np.arange(255 * area + 1) / area) for area in areas])
