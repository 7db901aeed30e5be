"""Outlines on the coarse grid of blocks: gaps closed, holes filled, specks dropped."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from mrnet_features.arrays import Array, BoolArray, device_function
from mrnet_features.launch import N_THREADS, SHARED_BYTES, launch

_MOST_BLOCKS = 1024  # on a GPU, where a slice does not fit a block's shared memory
_MARGIN = 2  # around the mask that is closed, as outlines.cu has it
_STATIC_BYTES = 16  # shared memory that outlines.cu takes in any case, rounded up


@device_function
def fill_outlines(masks: Array) -> Array:
    """Each slice's tissue with its gaps closed, its holes filled and its specks dropped.

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
    # A bone that leaves the picture is a bay, not a hole: the rim of the picture counts as tissue
    # only while closing, so that padding with the edge's own values shuts such bays.
    wide = np.pad(masks, ((0, 0), (3, 3), (3, 3)), mode="edge")
    for change in (_grow, _grow, _shrink, _shrink):
        wide = change(wide, CROSS)
    closed = wide[:, 3:-3, 3:-3] | masks
    filled = closed | find_holes(closed)
    if min(masks.shape[1:]) > 4:
        filled = _grow(_shrink(filled, SQUARE), SQUARE)
    return _drop_specks(filled)


@fill_outlines.gpu
def _(masks: Array) -> Array:
    import cupy

    n_slices, height, width = masks.shape
    n = height * width
    margin = (height + 2 * _MARGIN) * (width + 2 * _MARGIN)
    # parents and sizes, then three masks, one of them with its margin; in whole words
    n_words = 2 * n + 1 + -(-(2 * n + margin) // 4)
    in_shared = 4 * n_words + _STATIC_BYTES <= SHARED_BYTES
    n_blocks = n_slices if in_shared else min(n_slices, _MOST_BLOCKS)
    room = cupy.empty(1 if in_shared else n_blocks * n_words, cupy.uint32)
    filled = cupy.empty(masks.shape, cupy.bool_)
    sizes = (n_slices, height, width, np.int64(n_words), int(in_shared))
    launch(
        "outlines.cu",
        "fill_outlines",
        n_blocks,
        N_THREADS,
        (cupy.ascontiguousarray(masks), *sizes, room, filled),
        shared=4 * n_words if in_shared else 0,
    )
    return filled


CROSS, SQUARE = ("rows", "columns"), ("rows", "columns", "diagonals")  # around a pixel


def _grow(masks: BoolArray, around: Sequence[str]) -> BoolArray:
    """Masks with the pixels around theirs; a margin keeps lines and slices apart."""
    wide = np.pad(masks, ((0, 0), (1, 1), (1, 1)))
    width = wide.shape[2]
    steps = {"rows": (width,), "columns": (1,), "diagonals": (width - 1, width + 1)}
    flat = wide.reshape(-1)
    grown = flat.copy()
    for way in around:
        for step in steps[way]:
            grown[step:] |= flat[:-step]
            grown[:-step] |= flat[step:]
    return grown.reshape(wide.shape)[:, 1:-1, 1:-1]


def _shrink(masks: BoolArray, around: Sequence[str]) -> BoolArray:
    """Masks without what lies around a pixel that is in none; beyond the picture none is."""
    outside = np.pad(~masks, ((0, 0), (1, 1), (1, 1)), constant_values=True)
    return ~_grow(outside, around)[:, 1:-1, 1:-1]


_PLANE_CROSS = np.array(
    [[[0, 0, 0]] * 3, [[0, 1, 0], [1, 1, 1], [0, 1, 0]], [[0, 0, 0]] * 3], dtype=bool
)


def find_holes(masks: BoolArray) -> BoolArray:
    """Pixels of each slice that can't be left along rows and columns without crossing the mask.

    Parameters
    ----------
    masks : ndarray of shape (n_slices, height, width), bool

    Returns
    -------
    ndarray of shape (n_slices, height, width), bool
        Without the mask's own pixels.

    Examples
    --------
    >>> ring = np.array([[[1, 1, 1], [1, 0, 1], [1, 1, 1]]], bool)
    >>> find_holes(ring).sum()
    np.int64(1)
    """
    outside = np.pad(~masks, ((0, 0), (1, 1), (1, 1)), constant_values=True)
    pieces, n_pieces = ndimage.label(outside, _PLANE_CROSS)
    is_hole = np.ones(n_pieces + 1, dtype=bool)
    is_hole[pieces[:, 0, 0]] = False  # the margin of a slice is one piece
    is_hole[0] = False
    return np.asarray(is_hole[pieces[:, 1:-1, 1:-1]])


def _drop_specks(masks: BoolArray) -> BoolArray:
    """Masks without the pieces smaller than a quarter of their slice's largest."""
    pieces, n_pieces = ndimage.label(masks, _PLANE_CROSS)
    sizes = np.bincount(pieces.ravel(), minlength=n_pieces + 1)
    # pieces are numbered in the order of their first pixels, slice by slice
    newest = np.maximum.accumulate(pieces.max(axis=(1, 2)))
    keep = np.zeros(n_pieces + 1, dtype=bool)
    for first, last in zip(np.concatenate([[0], newest[:-1]]), newest, strict=True):
        of_slice = slice(first + 1, last + 1)
        keep[of_slice] = 4 * sizes[of_slice] >= np.max(sizes[of_slice], initial=0)
    return np.asarray(keep[pieces])
