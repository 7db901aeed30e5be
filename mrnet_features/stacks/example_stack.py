"""Example stack of blobs and noise, for checks of families and devices."""

from __future__ import annotations

import numpy as np

from mrnet_features.arrays import Array
from mrnet_features.stacks.stack import Stack


def make_stack(
    seed: int = 0,
    shape: tuple[int, int, int] = (5, 24, 30),
    *,
    blob: int = 5,
    n_levels: int = 8,
) -> Stack:
    """Example stack with two regions that touch each other and the edge of the slice.

    Parameters
    ----------
    seed : int, default 0
    shape : tuple of int, default (5, 24, 30)
    blob : int, default 5
        Side of a blob in pixels.
    n_levels : int, default 8
        A power of two.

    Returns
    -------
    Stack
        With levels of equal width; a corner of each slice is in no region.

    Examples
    --------
    >>> make_stack().region_names
    ('upper', 'lower')
    """
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 200, (shape[0], shape[1] // blob + 1, shape[2] // blob + 1))
    smooth = coarse.repeat(blob, axis=1).repeat(blob, axis=2)[:, : shape[1], : shape[2]]
    grey = (smooth + rng.integers(0, 56, shape)).astype(np.uint8)
    regions = np.ones(shape, np.uint8)
    regions[:, shape[1] // 2 :] = 2
    regions[:, : shape[1] // 4, : shape[2] // 4] = 0
    return stack_of(grey, regions, n_levels)


def stack_of(grey: Array, regions: Array, n_levels: int = 8) -> Stack:
    """Stack with levels of equal width and the regions "upper" and "lower".

    Parameters
    ----------
    grey, regions : ndarray of shape (n_slices, height, width), uint8
    n_levels : int, default 8
        A power of two.

    Returns
    -------
    Stack
    """
    levels = (grey // (256 // n_levels) + 1).astype(np.uint8)
    return Stack(grey, levels, regions, n_levels, ("upper", "lower"))
