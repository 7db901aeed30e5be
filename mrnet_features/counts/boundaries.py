"""Boundaries of bright areas: grey steps across them, and the core left by an erosion."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import ndimage

from mrnet_features.arrays import Array, BoolArray, Int32Array, Int64Array
from mrnet_features.compiling import cached_njit
from mrnet_features.counts.counting import count, per_slice
from mrnet_features.counts.line_maxima import line_maxima
from mrnet_features.counts.packed_rows import find_change, mark_bright
from mrnet_features.counts.squares import keep_equal
from mrnet_features.launch import N_THREADS, count_walks, launch, launch_each
from mrnet_features.stacks.stack import Stack


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
    maxima = line_maxima(stack)
    _count_boundaries(stack.grey, stack.regions, maxima, thresholds, side, counts)
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


@cached_njit(nogil=True, error_model="numpy")
def _count_boundaries(
    grey: Any,
    regions: Any,
    maxima: Any,
    thresholds: Int64Array,
    side: int,
    counts: Int32Array,
) -> None:
    """Count line by line, in pieces of one region, so that no loop over pixels has a branch.

    Lines without a bright pixel in or below them are skipped, and of the others what lies before
    the first bright pixel and after the last.
    """
    n_slices, height, width = grey.shape
    has_cores = side <= min(height, width)
    most = np.uint16(side if has_cores else 0)
    bright = np.zeros((2, width), np.uint8)  # this line and the next, alternating
    runs, tall = np.zeros((2, width), np.uint8), np.zeros(width, np.uint16)
    work = np.zeros((2, width), np.uint8)
    for s in range(n_slices):
        core, n_steps, steps = counts[0, s], counts[1, s], counts[2, s]
        follows, has_bright = False, maxima[s, 0] >= thresholds[s]
        for y in range(height):
            is_bright = has_bright
            has_bright = y + 1 < height and maxima[s, y + 1] >= thresholds[s]
            if not is_bright and not has_bright:
                follows = False
                continue
            here, below = bright[y & 1], bright[(y + 1) & 1]
            y_below = min(y + 1, height - 1)
            run, above = runs[y & 1], runs[(y + 1) & 1]
            if not follows:  # the line above was skipped
                first, end = mark_bright(grey[s, y], regions[s, y], thresholds[s], here)
                above[:] = 0
                follows = True
            next_first, next_end = mark_bright(
                grey[s, y_below], regions[s, y_below], thresholds[s], below
            )
            if has_cores:
                _find_runs(here, first, end, side, work, run)
                _extend_squares(above, run, most, tall)
            if first == end:
                x, last = next_first, next_end
            elif next_first < next_end:
                x, last = min(first, next_first), max(end, next_end)
            else:
                x, last = first, end
            first, end = next_first, next_end
            x, last = max(x - 1, 0), min(last + 1, width)  # with a neighbour on either side
            while x < last:
                r = regions[s, y, x]
                stop = min(find_change(regions[s, y], x + 1, r), last)
                if r > 0:
                    number, total = _sum_steps(
                        here[x : stop - 1],
                        here[x + 1 : stop],
                        grey[s, y, x : stop - 1],
                        grey[s, y, x + 1 : stop],
                    )
                    more, more_total = _sum_steps_below(
                        here[x:stop],
                        below[x:stop],
                        grey[s, y, x:stop],
                        grey[s, y_below, x:stop],
                        regions[s, y_below, x:stop],
                        r if y + 1 < height else np.uint8(0),  # no pair below the last line
                    )
                    n_steps[r] += number + more
                    steps[r] += total + more_total
                    if has_cores:
                        core[r] += _count_equal(tall[x:stop], most)
                x = stop


@cached_njit(nogil=True, error_model="numpy")
def _find_runs(bright: Any, first: int, end: int, side: int, work: Any, run: Any) -> None:
    """Region of each pixel that ends `side` bright pixels of one region; 0 for the others."""
    for x in range(run.shape[0]):
        run[x] = 0
    n, length = end - first, 1
    if n < side:
        return
    before, now = work[0, :n], work[1, :n]
    for x in range(n):
        before[x] = bright[first + x]
    while length < side:
        step = min(length, side - length)
        for x in range(step):
            now[x] = 0
        keep_equal(before, before[step:], now[step:])
        before, now, length = now, before, length + step
    for x in range(n):
        run[first + x] = before[x]


@cached_njit(nogil=True, error_model="numpy")
def _extend_squares(above: Any, run: Any, side: Any, tall: Any) -> None:
    """Number of consecutive lines, at most `side`, with a run of one region that ends here."""
    for x in range(tall.shape[0]):
        so_far = tall[x] if above[x] == run[x] else np.uint16(0)
        more = np.uint16(min(so_far, np.uint16(side - np.uint16(1))) + np.uint16(1))
        tall[x] = more if run[x] > 0 else np.uint16(0)


@cached_njit(nogil=True, error_model="numpy")
def _sum_steps(bright: Any, other: Any, grey: Any, other_grey: Any) -> Any:
    """Number of pairs with one bright pixel, and the sum of their differences."""
    number, total = np.int32(0), np.int32(0)
    for x in range(bright.shape[0]):
        differs = bright[x] != other[x]
        step = np.int32(max(grey[x], other_grey[x])) - np.int32(min(grey[x], other_grey[x]))
        number += np.int32(differs)
        total += np.int32(step) if differs else np.int32(0)
    return number, total


@cached_njit(nogil=True, error_model="numpy")
def _sum_steps_below(
    bright: Any, other: Any, grey: Any, other_grey: Any, other_regions: Any, region: Any
) -> Any:
    """The same of pairs whose lower pixel lies in the region."""
    number, total = np.int32(0), np.int32(0)
    for x in range(bright.shape[0]):
        differs = (bright[x] != other[x]) & (other_regions[x] == region)
        step = np.int32(max(grey[x], other_grey[x])) - np.int32(min(grey[x], other_grey[x]))
        number += np.int32(differs)
        total += np.int32(step) if differs else np.int32(0)
    return number, total


@cached_njit(nogil=True, error_model="numpy")
def _count_equal(values: Any, value: Any) -> Any:
    number = np.int32(0)
    for x in range(values.shape[0]):
        number += np.int32(values[x] == value)
    return number
