"""Brightest pixel of each line inside the regions, so that counts can skip lines without any."""

from __future__ import annotations

from typing import Any

import numpy as np

from mrnet_features.arrays import Array, Int16Array
from mrnet_features.compiling import cached_njit
from mrnet_features.counts.packed_rows import find_span
from mrnet_features.stacks.stack import Stack


def line_maxima(stack: Stack) -> Array:
    """Highest grey level of each line inside the regions; on the CPU only.

    Fluid and marrow count each stack at several thresholds, and few lines have a pixel above a
    threshold. So this is found once per stack.

    Parameters
    ----------
    stack : Stack

    Returns
    -------
    ndarray of shape (n_slices, height), int16
        -1 where no pixel lies in a region. Must not be written to.

    Examples
    --------
    >>> grey = np.uint8([[[1, 9], [7, 5], [3, 3]]])
    >>> regions = np.uint8([[[1, 0], [2, 1], [0, 0]]])
    >>> line_maxima(Stack(grey, np.ones_like(grey), regions, 1, ("a", "b")))
    array([[ 1,  7, -1]], dtype=int16)
    """
    return stack.remember("line_maxima", lambda: _find_maxima(stack.grey, stack.regions))


@cached_njit(nogil=True, error_model="numpy")
def _find_maxima(grey: Any, regions: Any) -> Int16Array:
    n_slices, height, _ = grey.shape
    maxima = np.full((n_slices, height), -1, np.int16)
    for s in range(n_slices):
        for y in range(height):
            first, end = find_span(regions[s, y])
            if first < end:
                maxima[s, y] = _find_maximum(grey[s, y, first:end], regions[s, y, first:end])
    return maxima


@cached_njit(nogil=True, error_model="numpy")
def _find_maximum(line: Any, inside: Any) -> Any:
    highest = np.uint8(0)
    for x in range(line.shape[0]):
        highest = max(highest, line[x] if inside[x] > 0 else np.uint8(0))
    return highest
