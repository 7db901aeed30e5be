"""How much stacks of one plane look alike, whatever their side and slice order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from mrnet_features.arrays import Float32Array, Float64Array, UInt8Array

DETAIL_SIGMA = 1.5  # parts of the sketch; what is smoother all knees share
DARKEST = 8  # grey levels added before the logarithm, so that noise in air counts little


def correlate_sketches(one: Float32Array, other: Float32Array) -> Float32Array:
    """Correlation of each sketch with each other one, the best over mirroring and reversal.

    Parameters
    ----------
    one : ndarray of shape (n, depths, rows, columns), float32
    other : ndarray of shape (m, depths, rows, columns), float32

    Returns
    -------
    ndarray of shape (n, m), float32
        -1 to 1; 0 for a constant sketch.

    Examples
    --------
    >>> sketch = np.arange(8, dtype=np.float32).reshape(1, 2, 2, 2)
    >>> correlate_sketches(sketch, sketch[:, ::-1, :, ::-1]).round(3)
    array([[1.]], dtype=float32)
    """
    flat = _standardise(one)
    best = np.full((len(one), len(other)), -1, dtype=np.float32)
    for depths in (1, -1):
        for columns in (1, -1):
            turned = _standardise(other[:, ::depths, :, ::columns])
            np.maximum(best, flat @ turned.T, out=best)
    return best


def extract_detail(sketches: UInt8Array) -> Float32Array:
    """What a sketch has beyond the smooth course that all knees share, on a logarithmic scale.

    Parameters
    ----------
    sketches : ndarray of shape (n, depths, rows, columns), uint8

    Returns
    -------
    ndarray of shape (n, depths, rows, columns), float32
    """
    scale = np.log(sketches.astype(np.float32) + DARKEST)
    smooth = ndimage.gaussian_filter(scale, (0, 0, DETAIL_SIGMA, DETAIL_SIGMA))
    return np.asarray(scale - smooth, dtype=np.float32)


def robust_distance(values: Sequence[float] | Float64Array, least: float = 0.0) -> Float64Array:
    """Distance from the median in robust standard deviations, with sign.

    Parameters
    ----------
    values : sequence of float
        NaN is passed through and does not count.
    least : float, default 0
        Spread to assume where the values are closer together than that.

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
    # 1.4826: the SD of a normal distribution from its median absolute deviation
    spread = max(1.4826 * float(np.median(np.abs(known - middle))), least)
    return np.asarray((array - middle) / (spread or np.inf))


def _standardise(sketches: Float32Array) -> Float32Array:
    """Sketches as rows of mean 0 and length 1."""
    flat = sketches.reshape(len(sketches), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    return np.asarray(flat / np.where(length > 0, length, 1), dtype=np.float32)
