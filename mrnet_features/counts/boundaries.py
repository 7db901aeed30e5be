"""Boundaries of bright areas: grey steps across them, and the core left by an erosion."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import ndimage

from mrnet_features.arrays import Array, BoolArray, Int32Array, Int64Array
from mrnet_features.compiling import cached_njit
from mrnet_features.counts.counting import count, per_slice
from mrnet_features.counts.packed_rows import mark_bright
from mrnet_features.launch import N_THREADS, count_walks, launch, launch_each
from mrnet_features.stacks.stack import Stack

_BLOCK = 32  # pixels tested together


class Boundaries(NamedTuple):
    """Cores and boundaries of bright areas, for each region of each slice.

    Attributes
    ----------
    core : array of shape (n_slices, n_regions), int32
        Number of squares of `side` by `side` bright pixels of one region: the pixels left by an
        erosion with such a square.
    n_steps : array of shape (n_slices, n_regions), int32
        Number of pairs of neighbours, in a row or a column of one region, with one bright pixel.
    steps : array of shape (n_slices, n_regions), int32
        Sum of the grey differences of those pairs.
    """

    core: Array
    n_steps: Array
    steps: Array


@count
def boundaries(stack: Stack, *, threshold: int | Array, side: int) -> Boundaries:
    """Cores and boundaries of the areas at or above a grey level.

    Parameters
    ----------
    stack : Stack
    threshold : int, or array of shape (n_slices,), integer
        Lowest grey level of a bright pixel; one number, or one per slice.
    side : int
        Side of the square, in pixels, at least 1.

    Returns
    -------
    Boundaries

    Raises
    ------
    ValueError
        If `side` is below 1, or `threshold` is neither one number nor one per slice.

    Examples
    --------
    >>> grey = np.array([[[9, 9, 9, 1], [9, 9, 1, 1]]], np.uint8)
    >>> stack = Stack(grey, np.ones_like(grey), np.ones_like(grey), n_levels=1)
    >>> found = boundaries(stack, threshold=9, side=2)
    >>> [int(part[0, 0]) for part in found]
    [1, 3, 24]
    """
    counts = np.zeros((3, stack.n_slices, stack.n_regions + 1), np.int32)
    thresholds = per_slice(threshold, stack).astype(np.int64)
    _count_boundaries(stack.grey, stack.regions, thresholds, side, counts)
    core, n_steps, steps = counts[:, :, 1:]
    return Boundaries(core, n_steps, steps)


def find_cores(stack: Stack, *, threshold: int | Array, side: int) -> BoolArray:
    """Pixels of the squares that `boundaries` counts as core, to mark them; on the CPU only.

    Parameters
    ----------
    stack, threshold, side
        As for `boundaries`.

    Returns
    -------
    ndarray of shape (n_slices, height, width), bool

    Examples
    --------
    >>> grey = np.array([[[9, 9, 9, 1], [9, 9, 1, 1]]], np.uint8)
    >>> stack = Stack(grey, np.ones_like(grey), np.ones_like(grey), n_levels=1)
    >>> find_cores(stack, threshold=9, side=2).astype(int).tolist()
    [[[1, 1, 0, 0], [1, 1, 0, 0]]]
    """
    bright = stack.grey >= per_slice(threshold, stack)[:, None, None]
    marked = np.where(bright, stack.regions, np.uint8(0))
    cores = np.zeros(bright.shape, bool)
    for r, window in enumerate(ndimage.find_objects(marked)):
        if window is not None:
            inside = (marked[window] == r + 1).view(np.uint8)
            opened = ndimage.grey_opening(inside, (1, side, side), mode="constant", cval=0)
            cores[window] |= opened > 0
    return cores


@boundaries.gpu
def _(stack: Stack, *, threshold: int | Array, side: int) -> Boundaries:
    import cupy

    grey, regions, n_regions = stack.grey, stack.regions, stack.n_regions
    n_slices, height, width = grey.shape
    thresholds = per_slice(threshold, stack)
    is_bright_row = cupy.empty(grey.shape, cupy.uint8)
    launch_each(
        "boundaries.cu",
        "find_bright_rows",
        grey.size,
        (grey, regions, thresholds, np.uint32(grey.size), height, width, side, is_bright_row),
    )
    counts = cupy.zeros((3, n_slices, n_regions), cupy.int32)
    blocks_per_slice = count_walks(height * width)
    launch(
        "boundaries.cu",
        "count_boundaries",
        n_slices * blocks_per_slice,
        N_THREADS,
        (
            *(grey, regions, is_bright_row, thresholds, blocks_per_slice, n_slices, height, width),
            *(n_regions, side, counts),
        ),
    )
    return Boundaries(counts[0], counts[1], counts[2])


@boundaries.check
def _(threshold: int | Array, side: int) -> None:  # noqa: ARG001 (checked against the stack)
    if side < 1:
        raise ValueError(f"`side` must be at least 1 pixel, got {side}.")


@cached_njit(nogil=True)
def _count_boundaries(
    grey: Any, regions: Any, thresholds: Int64Array, side: int, counts: Int32Array
) -> None:
    """Count in one pass.

    `rows` is, for each column, the number of consecutive rows whose last `side` pixels are bright.
    Blocks without a bright pixel in the line or the one below are skipped.
    """
    n_slices, height, width = grey.shape
    rows = np.zeros(width, np.int32)
    bright = np.zeros((2, width + 1), np.uint8)  # this line and the next, alternating; 0 beyond
    for s in range(n_slices):
        core, n_steps, steps = counts[0, s], counts[1, s], counts[2, s]
        threshold = thresholds[s]
        rows[:] = 0
        mark_bright(grey[s, 0], regions[s, 0], threshold, bright[0])
        for y in range(height):
            here, below = bright[y & 1], bright[(y + 1) & 1]
            below[:] = 0
            if y + 1 < height:
                mark_bright(grey[s, y + 1], regions[s, y + 1], threshold, below)
            streak = 0
            for start in range(0, width, _BLOCK):
                end = min(start + _BLOCK, width)
                seen = _any_bright(here[start : end + 1]) or _any_bright(below[start:end])
                if not seen:
                    streak = 0
                    rows[start:end] = 0
                    continue
                for x in range(start, end):
                    r = regions[s, y, x]
                    if r == 0:
                        streak, rows[x] = 0, 0
                        continue
                    g = np.int32(grey[s, y, x])
                    # in one region, marks differ only if one of the two pixels is bright
                    if x + 1 < width and here[x] != here[x + 1] and regions[s, y, x + 1] == r:
                        n_steps[r] += 1
                        steps[r] += abs(g - np.int32(grey[s, y, x + 1]))
                    if y + 1 < height and here[x] != below[x] and regions[s, y + 1, x] == r:
                        n_steps[r] += 1
                        steps[r] += abs(g - np.int32(grey[s, y + 1, x]))
                    if here[x] == 0:
                        streak, rows[x] = 0, 0
                        continue
                    if x == 0 or regions[s, y, x - 1] != r:
                        streak = 0
                    streak += 1
                    if y == 0 or regions[s, y - 1, x] != r:
                        rows[x] = 0
                    rows[x] = rows[x] + 1 if streak >= side else 0
                    if rows[x] >= side:
                        core[r] += 1


@cached_njit(nogil=True, error_model="numpy")
def _any_bright(bright: Any) -> bool:
    seen = np.uint8(0)
    for x in range(bright.shape[0]):
        seen |= bright[x]
    return bool(seen > 0)
