"""Similarity of thumbnails, regardless of mirroring and slice order, and robust outlier scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from mrnet_features.arrays import Float32Array, Float64Array, UInt8Array

DETAIL_SIGMA = 1.5  # cells; smoother structure is common to all knees
LOG_OFFSET = 8  # grey levels added before the logarithm, so that noise in air has little effect
MAD_TO_SD = 1.4826  # from the median absolute deviation of a normal distribution to its SD


def correlate_thumbnails(one: Float32Array, other: Float32Array) -> Float32Array:
    """Highest correlation of each pair of thumbnails over mirroring and reversal of the slices.

    Parameters
    ----------
    one : ndarray of shape (n, 8, 32, 32), float32
        The last three axes may have other sizes.
    other : ndarray of shape (m, 8, 32, 32), float32

    Returns
    -------
    ndarray of shape (n, m), float32
        -1 to 1; 0 if one of the two is constant.

    Examples
    --------
    >>> thumbnail = np.arange(8, dtype=np.float32).reshape(1, 2, 2, 2)
    >>> correlate_thumbnails(thumbnail, thumbnail[:, ::-1, :, ::-1]).round(3)
    array([[1.]], dtype=float32)
    """
    flat = _standardise(one)
    best = np.full((len(one), len(other)), -1, dtype=np.float32)
    for slice_step in (1, -1):
        for column_step in (1, -1):
            turned = _standardise(other[:, ::slice_step, :, ::column_step])
            np.maximum(best, flat @ turned.T, out=best)
    return best


def extract_detail(thumbnails: UInt8Array) -> Float32Array:
    """Logarithm of thumbnails minus its smooth part, which all knees have in common.

    Parameters
    ----------
    thumbnails : ndarray of shape (n, 8, 32, 32), uint8

    Returns
    -------
    ndarray of shape (n, 8, 32, 32), float32
    """
    scale = np.log(thumbnails.astype(np.float32) + LOG_OFFSET)
    smooth = ndimage.gaussian_filter(scale, (0, 0, DETAIL_SIGMA, DETAIL_SIGMA))
    return np.asarray(scale - smooth, dtype=np.float32)


def robust_sd(values: Float64Array) -> float:
    """Standard deviation of a normal distribution with this median absolute deviation.

    Parameters
    ----------
    values : ndarray of float64
        Without NaN, at least one.

    Returns
    -------
    float

    Examples
    --------
    >>> round(robust_sd(np.array([1.0, 2.0, 3.0, 4.0, 100.0])), 4)
    1.4826
    """
    return MAD_TO_SD * float(np.median(np.abs(values - np.median(values))))


def robust_distance(values: Sequence[float] | Float64Array, least: float = 0.0) -> Float64Array:
    """Signed distance from the median in robust standard deviations.

    Parameters
    ----------
    values : sequence of float
        NaN stays NaN and is ignored otherwise.
    least : float, default 0
        Smallest standard deviation to assume.

    Returns
    -------
    ndarray of float64
        0 everywhere if there is no spread.

    Examples
    --------
    >>> robust_distance([1, 2, 3, 4, 5, 100]).round(1)
    array([-1.1, -0.7, -0.2,  0.2,  0.7, 43.4])
    """
    array = np.asarray(values, dtype=float)
    known = array[~np.isnan(array)]
    if known.size == 0:
        return array
    middle = np.median(known)
    spread = max(robust_sd(known), least)
    return np.asarray((array - middle) / (spread or np.inf))


def upper_distance(values: Float64Array, least: float = 0.0) -> Float64Array:
    """Signed distance from the median in robust standard deviations of the upper half.

    For skewed measurements: what lies far above the median is unusual only if the upper half of the
    others is close to it.

    Parameters
    ----------
    values : ndarray of float64
        Without NaN, at least one.
    least : float, default 0
        Smallest standard deviation to assume.

    Returns
    -------
    ndarray of float64
        0 everywhere if there is no spread.

    Examples
    --------
    >>> upper_distance(np.array([1.0, 4.0, 5.0, 6.0, 7.0, 8.0, 50.0])).round(1)
    array([-1.7, -0.7, -0.3,  0. ,  0.3,  0.7, 14.8])
    """
    middle = np.median(values)
    above = values[values > middle] - middle
    spread = max(MAD_TO_SD * float(np.median(above)) if above.size else 0.0, least)
    return np.asarray((values - middle) / (spread or np.inf))


def _standardise(thumbnails: Float32Array) -> Float32Array:
    """Thumbnails as rows with mean 0 and length 1."""
    flat = thumbnails.reshape(len(thumbnails), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    return np.asarray(flat / np.where(length > 0, length, 1), dtype=np.float32)
