"""Three-dimensional pools of bright pixels: how many, and how large."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import ndimage

from mrnet_features.arrays import Array, twin
from mrnet_features.counts.inputs import check_counted


class Pools(NamedTuple):
    """Pools of every region, as a list.

    Attributes
    ----------
    region : array of shape (n_pools,), int32
        Region the pool lies in, 0 for the first.
    size : array of shape (n_pools,), int32
        Number of pixels, over all slices.
    """

    region: Array
    size: Array


@twin
def pools(grey: Array, regions: Array, *, threshold: int, n_regions: int) -> Pools:
    """Connected pieces of the pixels at or above a grey level, in three dimensions.

    Pixels connect to the 26 around them where both lie in one region.

    Parameters
    ----------
    grey : array of shape (n_slices, height, width), uint8
        Grey levels 0 to 255.
    regions : array of shape (n_slices, height, width), uint8
        0 outside, r inside region r.
    threshold : int
        Grey level from which a pixel is bright.
    n_regions : int

    Returns
    -------
    Pools
        In the order of regions.

    Raises
    ------
    TypeError, ValueError
        If the input is not as above.

    Examples
    --------
    >>> grey = np.array([[[9, 0, 9]], [[9, 0, 0]]], np.uint8)
    >>> pools(grey, np.ones_like(grey), threshold=9, n_regions=1).size
    array([2, 1], dtype=int32)
    """
    check_counted(grey, regions, lowest=0, highest=255, n_regions=n_regions)
    bright = grey >= threshold
    found = []
    for region in range(n_regions):
        pieces, n_pieces = ndimage.label(bright & (regions == region + 1), np.ones((3, 3, 3)))
        sizes = np.bincount(pieces.ravel(), minlength=n_pieces + 1)[1:]
        found.append((np.full(n_pieces, region, np.int32), sizes.astype(np.int32)))
    return Pools(*(np.concatenate(part) for part in zip(*found, strict=True)))
