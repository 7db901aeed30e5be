"""How many pixels of each region have each value."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from mrnet_features.arrays import Array, Int32Array, device_function
from mrnet_features.counts.inputs import check_counted
from mrnet_features.counts.packed_rows import find_span
from mrnet_features.launch import N_THREADS, count_tiles, launch


@device_function
def histogram(values: Array, regions: Array, *, n_values: int, n_regions: int) -> Array:
    """Histogram of each region of each slice.

    Parameters
    ----------
    values : array of shape (n_slices, height, width), uint8
        Values 0 to ``n_values - 1``.
    regions : array of shape (n_slices, height, width), uint8
        0 outside, r inside region r.
    n_values, n_regions : int

    Returns
    -------
    array of shape (n_slices, n_regions, n_values), int32
        Number of pixels.

    Raises
    ------
    TypeError, ValueError
        If the input is not as above.

    Examples
    --------
    >>> values = np.array([[[0, 1, 1, 2]]], np.uint8)
    >>> histogram(values, np.uint8([[[1, 1, 1, 0]]]), n_values=3, n_regions=1)
    array([[[1, 2, 0]]], dtype=int32)
    """
    _check(values, regions, n_values, n_regions)
    counts = np.zeros((values.shape[0], n_regions + 1, n_values), np.int32)
    _count_values(np.ascontiguousarray(values), np.ascontiguousarray(regions), counts)
    return counts[:, 1:]


@histogram.gpu
def _(values: Array, regions: Array, *, n_values: int, n_regions: int) -> Array:
    import cupy

    _check(values, regions, n_values, n_regions)
    n_slices, height, width = values.shape
    counts = cupy.zeros((n_slices, n_regions, n_values), cupy.int32)
    launch(
        "histogram.cu",
        "histogram",
        count_tiles(n_slices, n_regions, height, width),
        N_THREADS,
        (
            cupy.ascontiguousarray(values),
            cupy.ascontiguousarray(regions),
            *(height, width, n_regions, n_values),
            counts,
        ),
    )
    return counts


def _check(values: Array, regions: Array, n_values: int, n_regions: int) -> None:
    if not 1 <= n_values <= 256:
        raise ValueError(f"`n_values` must be 1 to 256, got {n_values}.")
    check_counted(values, regions, lowest=0, highest=n_values - 1, n_regions=n_regions)


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _count_values(values: Any, regions: Any, counts: Int32Array) -> None:
    """Add each pixel to the row of its region; row 0 takes what lies outside, without a branch."""
    n_slices, height, _ = values.shape
    for s in range(n_slices):
        for y in range(height):
            first, end = find_span(regions[s, y])
            value, region = values[s, y, first:end], regions[s, y, first:end]
            for x in range(end - first):
                counts[s, region[x], value[x]] += 1
