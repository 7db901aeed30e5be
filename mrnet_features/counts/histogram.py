"""Histogram: number of pixels at each grey level (0 to 255) or discretised level."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from mrnet_features.arrays import Array, Int32Array
from mrnet_features.compiling import cached_njit
from mrnet_features.counts.counting import shared_count
from mrnet_features.counts.packed_rows import find_span
from mrnet_features.launch import N_THREADS, count_tiles, launch
from mrnet_features.stacks.stack import Stack


@shared_count
def histogram(stack: Stack, *, of: Literal["grey", "levels"] = "grey") -> Array:
    """Histogram of grey levels (0 to 255) or discretised levels, for each region of each slice.

    Parameters
    ----------
    stack : Stack
    of : {"grey", "levels"}, default "grey"
        Count the 256 grey levels, or the levels 1 to `n_levels`.

    Returns
    -------
    array of shape (n_slices, n_regions, n_values), int32
        Number of pixels with grey level g at [..., g], or with level i at [..., i - 1].

    Raises
    ------
    ValueError
        If `of` is neither.

    Examples
    --------
    >>> levels = np.uint8([[[1, 2, 2, 3]]])
    >>> stack = Stack(levels, levels, np.uint8([[[1, 1, 1, 0]]]), n_levels=3)
    >>> histogram(stack, of="levels")
    array([[[1, 2, 0]]], dtype=int32)
    """
    values, n_values, first = _choose(stack, of)
    counts = np.zeros((stack.n_slices, stack.n_regions + 1, n_values), np.int32)
    _count_values(values, stack.regions, counts)
    return counts[:, 1:, first:]


@histogram.gpu
def _(stack: Stack, *, of: Literal["grey", "levels"] = "grey") -> Array:
    import cupy

    values, n_values, first = _choose(stack, of)
    n_regions = stack.n_regions
    n_slices, height, width = values.shape
    counts = cupy.zeros((n_slices, n_regions, n_values), cupy.int32)
    launch(
        "histogram.cu",
        "count_values",
        count_tiles(n_slices, n_regions, height, width),
        N_THREADS,
        (values, stack.regions, height, width, n_regions, n_values, counts),
    )
    return counts[:, :, first:]


@histogram.check
def _(of: str = "grey") -> None:
    if of not in {"grey", "levels"}:
        raise ValueError(f"`of` must be 'grey' or 'levels', got {of!r}.")


def _choose(stack: Stack, of: str) -> tuple[Array, int, int]:
    """Array to count, its number of values including 0, and the first value to return."""
    return (stack.grey, 256, 0) if of == "grey" else (stack.levels, stack.n_levels + 1, 1)


@cached_njit(nogil=True, error_model="numpy")
def _count_values(values: Any, regions: Any, counts: Int32Array) -> None:
    """Count pixels; row 0 counts those outside all regions, so that the loop has no branch."""
    n_slices, height, _ = values.shape
    for s in range(n_slices):
        for y in range(height):
            first, end = find_span(regions[s, y])
            value, region = values[s, y, first:end], regions[s, y, first:end]
            for x in range(end - first):
                counts[s, region[x], value[x]] += 1
