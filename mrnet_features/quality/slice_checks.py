"""What single pixels betray: empty, repeated and saturated slices, noise, blur."""

from __future__ import annotations

import itertools

import numpy as np

from mrnet_features.arrays import BoolArray, UInt8Array

BLANK_RANGE = 4  # grey levels between the extremes of a slice in which nothing can be seen
SAMPLED_SLICES = 6  # noise and blur are those of the scan: a few slices tell
MOST_RESPONSE = 8 * 255  # of the noise filter, whose positive weights sum to 8
NEAR, FAR = 1, 4  # pixels between which a sharp edge has risen


def find_blank_slices(grey: UInt8Array) -> BoolArray:
    """Slices without contrast: all but 0.2 % of the pixels within 4 grey levels.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8

    Returns
    -------
    ndarray of shape (n_slices,), bool

    Examples
    --------
    >>> grey = np.zeros((2, 8, 8), np.uint8)
    >>> grey[0, 2:6] = 90
    >>> find_blank_slices(grey)
    array([False,  True])
    """
    spare = grey[0].size // 1000
    blank = np.zeros(len(grey), dtype=bool)
    for k, image in enumerate(grey):
        share = np.cumsum(np.bincount(image.ravel(), minlength=256))
        low = int(np.searchsorted(share, spare, side="right"))
        high = int(np.searchsorted(share, share[-1] - spare))
        blank[k] = high - low < BLANK_RANGE
    return blank


def find_repeated_slices(grey: UInt8Array) -> BoolArray:
    """Slices equal to the one before, pixel for pixel.

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
    """Noise inside the leg: robust SD of a filter blind to planes and edges' slopes.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
    foreground : ndarray of shape (n_slices, height, width), bool

    Returns
    -------
    float
        SD in grey levels; NaN without foreground.

    Notes
    -----
    The difference of two Laplacians of Immerkaer (Comput Vis Image Underst 1996;64:300-302), with
    the median in place of the mean, so that edges and texture count little.
    """
    counts = np.zeros(MOST_RESPONSE + 1, dtype=np.int64)
    for k in _sample(len(grey)):
        image = grey[k].astype(np.int16)
        # [1 -2 1] along both axes, by differences: six times cheaper than a convolution
        across = image[:, 2:] - 2 * image[:, 1:-1] + image[:, :-2]
        response = np.abs(across[2:] - 2 * across[1:-1] + across[:-2])
        counts += np.bincount(response[foreground[k, 1:-1, 1:-1]], minlength=MOST_RESPONSE + 1)
    if not counts.any():
        return float("nan")
    # The median of whole numbers moves in steps; spread over each number's own range it does not.
    share = np.cumsum(counts) / counts.sum()
    median = float(np.interp(0.5, share, np.arange(len(share)) + 0.5))
    # 6 is the filter's norm, 0.6745 the median of the absolute standard normal
    return median / (6 * 0.6745)


def measure_sharpness(grey: UInt8Array, foreground: BoolArray, noise: float) -> float:
    """How much of a 4-pixel difference is there after 1 pixel, along the more blurred axis.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
    foreground : ndarray of shape (n_slices, height, width), bool
    noise : float
        SD in grey levels, whose share is taken off.

    Returns
    -------
    float
        Ratio of mean squared differences inside the leg, about 0 (blurred) to 1; NaN without
        foreground or contrast.
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


def measure_saturation(grey: UInt8Array, foreground: BoolArray) -> float:
    """Fraction of the leg's pixels at the top of the scale, grey level 255.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
    foreground : ndarray of shape (n_slices, height, width), bool

    Returns
    -------
    float
        0 to 1; that of all pixels where there is no foreground.
    """
    n_leg = int(foreground.sum())
    top = grey == 255
    return float((top & foreground).sum()) / n_leg if n_leg else float(top.mean())


def _sample(n_slices: int) -> list[int]:
    """Indices of a few slices, evenly spread over the middle half."""
    first, last = n_slices // 4, (n_slices - 1) - n_slices // 4
    return sorted({round(k) for k in np.linspace(first, last, SAMPLED_SLICES)})
