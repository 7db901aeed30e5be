"""Outlines of the leg: close gaps, fill holes, drop small components."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from mrnet_features.arrays import Array, BoolArray, Int32Array, UInt8Array, device_function
from mrnet_features.compiling import cached_njit
from mrnet_features.launch import N_THREADS, SHARED_BYTES, launch

_MAX_BLOCKS = 1024  # on a GPU, if a slice does not fit into the shared memory of a block
_MARGIN = 2  # around the closed mask, as in outlines.cu
_STATIC_BYTES = 16  # shared memory that outlines.cu always uses, rounded up


@device_function
def fill_outlines(masks: Array) -> Array:
    """Masks with gaps closed, holes filled and small components dropped, for each slice.

    Parameters
    ----------
    masks : array of shape (n_slices, height, width), bool

    Returns
    -------
    array of shape (n_slices, height, width), bool

    Examples
    --------
    >>> ring = np.pad(np.ones((1, 9, 9), bool), ((0, 0), (3, 3), (3, 3)))
    >>> ring[:, 6:9, 6:9] = False
    >>> int(ring.sum()), int(fill_outlines(ring).sum())
    (72, 81)
    """
    _, height, width = masks.shape
    filled = np.empty(masks.shape, bool)
    _fill(masks.view(np.uint8), min(height, width) > 4, filled.view(np.uint8))
    return filled


@fill_outlines.gpu
def _(masks: Array) -> Array:
    import cupy

    n_slices, height, width = masks.shape
    n = height * width
    margin = (height + 2 * _MARGIN) * (width + 2 * _MARGIN)
    # in 32-bit words: parents and sizes, then three masks, one of them with a margin
    n_words = 2 * n + 1 + -(-(2 * n + margin) // 4)
    in_shared = 4 * n_words + _STATIC_BYTES <= SHARED_BYTES
    n_blocks = n_slices if in_shared else min(n_slices, _MAX_BLOCKS)
    workspace = cupy.empty(1 if in_shared else n_blocks * n_words, cupy.uint32)
    filled = cupy.empty(masks.shape, cupy.bool_)
    sizes = (n_slices, height, width, np.int64(n_words), int(in_shared))
    launch(
        "outlines.cu",
        "fill_outlines",
        n_blocks,
        N_THREADS,
        (cupy.ascontiguousarray(masks), *sizes, workspace, filled),
        shared=4 * n_words if in_shared else 0,
    )
    return filled


_PLANE_CROSS = np.array(
    [[[0, 0, 0]] * 3, [[0, 1, 0], [1, 1, 1], [0, 1, 0]], [[0, 0, 0]] * 3], dtype=bool
)


def find_holes(masks: BoolArray) -> BoolArray:
    """Holes: background pixels of each slice that are enclosed by the mask (4-connected).

    Parameters
    ----------
    masks : ndarray of shape (n_slices, height, width), bool

    Returns
    -------
    ndarray of shape (n_slices, height, width), bool
        Without the pixels of the mask.

    Examples
    --------
    >>> ring = np.array([[[1, 1, 1], [1, 0, 1], [1, 1, 1]]], bool)
    >>> find_holes(ring).sum()
    np.int64(1)
    """
    outside = np.pad(~masks, ((0, 0), (1, 1), (1, 1)), constant_values=True)
    components, n_components = ndimage.label(outside, _PLANE_CROSS)
    is_hole = np.ones(n_components + 1, dtype=bool)
    is_hole[components[:, 0, 0]] = False  # the margin of a slice is one component
    is_hole[0] = False
    return np.asarray(is_hole[components[:, 1:-1, 1:-1]])


@cached_njit(nogil=True, error_model="numpy")
def _fill(masks: UInt8Array, is_opened: bool, filled: UInt8Array) -> None:
    """Outline of each slice: closed, holes filled, small components dropped; opened if asked."""
    n_slices, height, width = masks.shape
    # the closing needs three pixels around the picture; a margin of zeros ends the lines
    one = np.zeros((height + 8, width + 8), np.uint8)
    two = np.zeros_like(one)
    inside, other = one[3:-3, 3:-3], two[3:-3, 3:-3]  # the picture and a margin
    runs = np.empty((one.size, 4), np.int32)
    sizes = np.empty(one.size, np.int32)
    for s in range(n_slices):
        _close(masks[s], one, two)
        _clear_margin(inside)
        _fill_holes(inside, runs)
        if is_opened:
            _clear_margin(other)
            _grow(inside, 1, True, other)
            _grow(other, 0, True, inside)
        _drop_small(inside, runs, sizes)
        for y in range(height):
            for x in range(width):
                filled[s, y, x] = inside[y + 1, x + 1]


@cached_njit(nogil=True, error_model="numpy")
def _close(mask: UInt8Array, closed: UInt8Array, work: UInt8Array) -> None:
    """Closing with a cross of radius 2, and the mask itself, with four pixels around the picture.

    A dark bone at the edge of the picture is not a hole: edge values around it close it.
    """
    height, width = mask.shape
    for y in range(height + 6):
        of, to = mask[min(max(y - 3, 0), height - 1)], closed[y + 1]
        for x in range(width + 6):
            to[x + 1] = of[min(max(x - 3, 0), width - 1)]
    for flip in range(2):
        _grow(closed, flip, False, work)
        _grow(work, flip, False, closed)
    for y in range(height):
        for x in range(width):
            closed[y + 4, x + 4] |= mask[y, x]


@cached_njit(nogil=True, error_model="numpy")
def _fill_holes(mask: UInt8Array, runs: Int32Array) -> None:
    """Fill what the mask encloses; the first area is the margin and all that touches it."""
    for k in range(_list_areas(mask, runs)):
        y, first, end, _ = runs[k]
        if mask[y, first] == 0 and _find_root(runs, k) > 0:
            for x in range(first, end):
                mask[y, x] = 1


@cached_njit(nogil=True, error_model="numpy")
def _drop_small(mask: UInt8Array, runs: Int32Array, sizes: Int32Array) -> None:
    """Clear components smaller than a quarter of the largest."""
    n_runs = _list_areas(mask, runs)
    for k in range(n_runs):
        sizes[k] = 0
    largest = 0
    for k in range(n_runs):
        y, first, end, _ = runs[k]
        root = _find_root(runs, k)
        sizes[root] += mask[y, first] * (end - first)
        largest = max(largest, sizes[root])
    for k in range(n_runs):
        y, first, end, _ = runs[k]
        if 4 * sizes[_find_root(runs, k)] < largest:
            for x in range(first, end):
                mask[y, x] = 0


@cached_njit(nogil=True, error_model="numpy")
def _grow(mask: UInt8Array, flip: int, has_diagonals: bool, grown: UInt8Array) -> None:
    """Dilation of a mask within its margin of zeros; with `flip` 1, of what is outside: erosion."""
    height, width = mask.shape
    bit = np.uint8(flip)
    for y in range(1, height - 1):
        above, line, below, to = mask[y - 1], mask[y], mask[y + 1], grown[y]
        for x in range(1, width - 1):
            near = (line[x - 1] ^ bit) | (line[x] ^ bit) | (line[x + 1] ^ bit)
            to[x] = bit ^ (near | (above[x] ^ bit) | (below[x] ^ bit))
        if has_diagonals:
            for x in range(1, width - 1):
                near = (above[x - 1] ^ bit) | (above[x + 1] ^ bit)
                to[x] = bit ^ ((to[x] ^ bit) | near | (below[x - 1] ^ bit) | (below[x + 1] ^ bit))


@cached_njit(nogil=True, error_model="numpy")
def _clear_margin(mask: UInt8Array) -> None:
    for x in range(mask.shape[1]):
        mask[0, x], mask[-1, x] = 0, 0
    for y in range(mask.shape[0]):
        mask[y, 0], mask[y, -1] = 0, 0


@cached_njit(nogil=True, error_model="numpy")
def _list_areas(mask: UInt8Array, runs: Int32Array) -> int:
    """Write the runs of equal pixels of the lines; find their number.

    Of each run its line, first column, one past the last, and an earlier run of its 4-connected
    area, or itself.
    """
    height, width = mask.shape
    n_runs, above, line_start = 0, 0, 0
    for y in range(height):
        above, line_start = line_start, n_runs
        line, x = mask[y], 0
        while x < width:
            end = x + 1
            while end < width and line[end] == line[x]:
                end += 1
            runs[n_runs, 0], runs[n_runs, 1], runs[n_runs, 2] = y, x, end
            runs[n_runs, 3] = n_runs
            other = above
            while other < line_start and runs[other, 1] < end:
                if runs[other, 2] > x and mask[y - 1, runs[other, 1]] == line[x]:
                    root, other_root = _find_root(runs, n_runs), _find_root(runs, other)
                    runs[max(root, other_root), 3] = min(root, other_root)
                other += 1
            while above < line_start and runs[above, 2] <= end:
                above += 1
            n_runs, x = n_runs + 1, end
    return n_runs


@cached_njit(nogil=True, error_model="numpy")
def _find_root(runs: Int32Array, k: int) -> int:
    """First run of the area of a run; runs on the way get nearer to it."""
    while runs[k, 3] != k:
        runs[k, 3] = runs[runs[k, 3], 3]
        k = runs[k, 3]
    return k
