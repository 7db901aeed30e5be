"""Blank and repeated slices, noise and sharpness of a stack."""

from __future__ import annotations

import itertools

import numpy as np

from mrnet_features.arrays import BoolArray, Int64Array, UInt8Array
from mrnet_features.stacks.pixel_passes import count_grey

BLANK_RANGE = 4  # grey levels; a slice with a smaller range shows nothing
N_SAMPLED = 6  # slices on which noise and sharpness are measured: both are the same on all
MAX_RESPONSE = 8 * 255  # of the noise filter: its positive weights sum to 8
NEAR, FAR = 1, 4  # distances in pixels; a sharp edge rises within the first


def count_levels(grey: UInt8Array) -> Int64Array:
    """Histogram of the grey levels of each slice.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8

    Returns
    -------
    ndarray of shape (n_slices, 256), int64
    """
    everywhere = np.broadcast_to(np.uint8(1), grey.shape)
    counts: Int64Array = count_grey(
        grey, everywhere, np.arange(len(grey), dtype=np.int32), len(grey)
    )
    return counts


def find_blank_slices(counts: Int64Array) -> BoolArray:
    """Whether each slice has no contrast: all but 0.2 % of its pixels within 4 grey levels.

    Parameters
    ----------
    counts : ndarray of shape (n_slices, 256), int64
        As from `count_levels`.

    Returns
    -------
    ndarray of shape (n_slices,), bool

    Examples
    --------
    >>> grey = np.zeros((2, 8, 8), np.uint8)
    >>> grey[0, 2:6] = 90
    >>> find_blank_slices(count_levels(grey))
    array([False,  True])
    """
    blank = np.zeros(len(counts), dtype=bool)
    for k, cumulative in enumerate(np.cumsum(counts, axis=1)):
        n_ignored = cumulative[-1] // 1000  # at either end of the histogram
        low = int(np.searchsorted(cumulative, n_ignored, side="right"))
        high = int(np.searchsorted(cumulative, cumulative[-1] - n_ignored))
        blank[k] = high - low < BLANK_RANGE
    return blank


def find_repeated_slices(grey: UInt8Array) -> BoolArray:
    """Whether each slice is equal to the slice before, pixel by pixel.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8

    Returns
    -------
    ndarray of shape (n_slices,), bool

    Examples
    --------
    >>> find_repeated_slices(np.zeros((3, 2, 2), np.uint8))
    array([False,  True,  True])
    """
    same = [np.array_equal(before, after) for before, after in itertools.pairwise(grey)]
    return np.array([False, *same])


def measure_noise(grey: UInt8Array, foreground: BoolArray) -> float:
    """Standard deviation of the noise inside the leg, in grey levels.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
    foreground : ndarray of shape (n_slices, height, width), bool

    Returns
    -------
    float
        NaN without foreground.

    Notes
    -----
    Response of the filter of Immerkaer (Comput Vis Image Underst 1996;64:300-302), the difference
    of two Laplacians, which is 0 on linear gradients. The median replaces the mean, so that edges
    and texture have little effect.
    """
    counts = np.zeros(MAX_RESPONSE + 1, dtype=np.int64)
    for k in _sample(len(grey)):
        image = grey[k].astype(np.int16)
        # [1 -2 1] along both axes, by differences: six times faster than a convolution
        horizontal = image[:, 2:] - 2 * image[:, 1:-1] + image[:, :-2]
        response = np.abs(horizontal[2:] - 2 * horizontal[1:-1] + horizontal[:-2])
        counts += np.bincount(response[foreground[k, 1:-1, 1:-1]], minlength=MAX_RESPONSE + 1)
    if not counts.any():
        return float("nan")
    # interpolated: the median of integers would change in steps of 1
    cumulative = np.cumsum(counts) / counts.sum()
    median = float(np.interp(0.5, cumulative, np.arange(len(cumulative)) + 0.5))
    # 6 is the filter's norm, 0.6745 the median of the absolute standard normal
    return median / (6 * 0.6745)


def measure_sharpness(grey: UInt8Array, foreground: BoolArray, noise: float) -> float:
    """Ratio of mean squared differences at 1 and at 4 pixels, the lower of the two axes.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
    foreground : ndarray of shape (n_slices, height, width), bool
    noise : float
        SD in grey levels; its contribution is subtracted from both.

    Returns
    -------
    float
        Ratio inside the leg, about 0 (blurred) to 1; NaN without foreground or contrast.
    """
    ratios = []
    for axis in (0, 1):
        squares = dict.fromkeys((NEAR, FAR), 0.0)
        n_pairs = dict.fromkeys((NEAR, FAR), 0)
        for k in _sample(len(grey)):
            image, leg = (np.moveaxis(array[k], axis, 0) for array in (grey, foreground))
            for step in squares:
                both = leg[step:] & leg[:-step]
                change = image[step:].astype(np.int16) - image[:-step]
                squares[step] += float(np.square(change[both], dtype=np.float32).sum())
                n_pairs[step] += int(both.sum())
        near, far = (squares[s] / max(n_pairs[s], 1) - 2 * noise**2 for s in (NEAR, FAR))
        ratios.append(max(near, 0.0) / far if far > 1 else float("nan"))
    return min(ratios) if not np.isnan(ratios).any() else float("nan")


def _sample(n_slices: int) -> list[int]:
    """Indices of up to six slices, evenly spaced over the middle half."""
    first, last = n_slices // 4, (n_slices - 1) - n_slices // 4
    return sorted({round(k) for k in np.linspace(first, last, N_SAMPLED)})
