"""Outlines of the leg: close gaps, fill holes, drop small components."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from mrnet_features.arrays import Array, BoolArray, device_function
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
    # a dark bone at the edge of the picture is not a hole: padding with edge values closes it
    wide = np.pad(masks, ((0, 0), (3, 3), (3, 3)), mode="edge")
    for change in (_grow, _grow, _shrink, _shrink):
        wide = change(wide, CROSS)
    closed = wide[:, 3:-3, 3:-3] | masks
    filled = closed | find_holes(closed)
    if min(masks.shape[1:]) > 4:
        filled = _grow(_shrink(filled, SQUARE), SQUARE)
    return _drop_small(filled)


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


CROSS, SQUARE = ("rows", "columns"), ("rows", "columns", "diagonals")  # neighbours of a pixel


def _grow(masks: BoolArray, around: Sequence[str]) -> BoolArray:
    """Dilation of the masks; a margin separates rows and slices."""
    wide = np.pad(masks, ((0, 0), (1, 1), (1, 1)))
    width = wide.shape[2]
    steps = {"rows": (width,), "columns": (1,), "diagonals": (width - 1, width + 1)}
    flat = wide.reshape(-1)
    grown = flat.copy()
    for direction in around:
        for step in steps[direction]:
            grown[step:] |= flat[:-step]
            grown[:-step] |= flat[step:]
    return grown.reshape(wide.shape)[:, 1:-1, 1:-1]


def _shrink(masks: BoolArray, around: Sequence[str]) -> BoolArray:
    """Erosion of the masks; pixels outside the picture are not in the mask."""
    outside = np.pad(~masks, ((0, 0), (1, 1), (1, 1)), constant_values=True)
    return ~_grow(outside, around)[:, 1:-1, 1:-1]


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


def _drop_small(masks: BoolArray) -> BoolArray:
    """Masks without components smaller than a quarter of the largest of their slice."""
    components, n_components = ndimage.label(masks, _PLANE_CROSS)
    sizes = np.bincount(components.ravel(), minlength=n_components + 1)
    # components are numbered in the order of their first pixels, slice by slice
    newest = np.maximum.accumulate(components.max(axis=(1, 2)))
    keep = np.zeros(n_components + 1, dtype=bool)
    for first, last in zip(np.concatenate([[0], newest[:-1]]), newest, strict=True):
        of_slice = slice(first + 1, last + 1)
        keep[of_slice] = 4 * sizes[of_slice] >= np.max(sizes[of_slice], initial=0)
    return np.asarray(keep[components])
