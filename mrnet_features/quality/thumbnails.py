"""Smaller versions of a stack: means of square blocks, and thumbnails of one fixed shape."""

from __future__ import annotations

import numpy as np

from mrnet_features.arrays import BoolArray, Float32Array, UInt8Array

THUMBNAIL_SHAPE = (8, 32, 32)
"""Number of cells along the slices, the rows and the columns of a thumbnail."""


def block_means(stack: UInt8Array | BoolArray, side: int) -> Float32Array:
    """Mean of each block of `side` by `side` pixels; incomplete blocks at the end are left out.

    Parameters
    ----------
    stack : ndarray of shape (n_slices, height, width), uint8 or bool
    side : int
        Pixels, at most the height and the width.

    Returns
    -------
    ndarray of shape (n_slices, height // side, width // side), float32

    Examples
    --------
    >>> block_means(np.array([[[0, 4, 9], [0, 4, 9]]], np.uint8), 2)
    array([[[2.]]], dtype=float32)
    """
    _, height, width = stack.shape
    rows, columns = height // side * side, width // side * side
    # adding side * side strided views is far faster than a mean over two axes
    total_type = np.uint16 if 255 * side**2 <= np.iinfo(np.uint16).max else np.uint32
    total = np.zeros((len(stack), height // side, width // side), total_type)
    for row in range(side):
        for column in range(side):
            total += stack[:, row:rows:side, column:columns:side]
    return np.asarray(total / np.float32(side * side), dtype=np.float32)


def make_thumbnail(stack: UInt8Array | Float32Array) -> UInt8Array:
    """Mean grey levels of 8 x 32 x 32 equal cells, whatever the shape of the stack.

    Parameters
    ----------
    stack : ndarray of shape (n_slices, height, width), uint8 or float32
        Grey levels 0 to 255.

    Returns
    -------
    ndarray of shape (8, 32, 32), uint8
        Rounded means.

    Examples
    --------
    >>> thumbnail = make_thumbnail(np.full((3, 50, 40), 7, np.uint8))
    >>> thumbnail.shape, int(thumbnail.min()), int(thumbnail.max())
    ((8, 32, 32), 7, 7)
    """
    n_slices, height, width = stack.shape
    over_slices, over_rows, over_columns = (
        cell_weights(n_cells, size)
        for n_cells, size in zip(THUMBNAIL_SHAPE, stack.shape, strict=True)
    )
    flat = over_slices @ stack.reshape(n_slices, height * width).astype(np.float32)
    means = over_rows @ flat.reshape(len(over_slices), height, width) @ over_columns.T
    return np.asarray(np.clip(np.rint(means), 0, 255), dtype=np.uint8)


def cell_weights(n_cells: int, size: int) -> Float32Array:
    """Weight of each of `size` samples in each of `n_cells` equal cells; rows sum to 1."""
    edges = np.linspace(0, size, n_cells + 1)
    starts, stops = edges[:-1, None], edges[1:, None]
    sample = np.arange(size)
    overlap = np.clip(np.minimum(stops, sample + 1) - np.maximum(starts, sample), 0, None)
    return np.asarray(overlap / overlap.sum(1, keepdims=True), dtype=np.float32)
