"""Stacks made smaller: block means, and sketches of one size for stacks of any size."""

from __future__ import annotations

import numpy as np

from mrnet_features.arrays import BoolArray, Float32Array, UInt8Array

SKETCH_SHAPE = (8, 32, 32)  # depths, rows, columns


def block_means(stack: UInt8Array | BoolArray, side: int) -> Float32Array:
    """Mean of each block of `side` by `side` pixels; an incomplete last block is left out.

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
    # Strided sums over the few places inside a block are far faster than a reduction over two axes
    holds = np.uint16 if 255 * side**2 <= np.iinfo(np.uint16).max else np.uint32
    total = np.zeros((len(stack), height // side, width // side), holds)
    for row in range(side):
        for column in range(side):
            total += stack[:, row:rows:side, column:columns:side]
    return np.asarray(total / np.float32(side * side), dtype=np.float32)


def sketch_stack(stack: UInt8Array | Float32Array) -> UInt8Array:
    """Means over 8 depths x 32 rows x 32 columns that share the stack out evenly.

    Parameters
    ----------
    stack : ndarray of shape (n_slices, height, width), uint8 or float32
        Grey levels 0 to 255.

    Returns
    -------
    ndarray of shape (8, 32, 32), uint8
        Grey levels, rounded.

    Examples
    --------
    >>> sketch = sketch_stack(np.full((3, 50, 40), 7, np.uint8))
    >>> sketch.shape, int(sketch.min()), int(sketch.max())
    ((8, 32, 32), 7, 7)
    """
    n_slices, height, width = stack.shape
    depths, rows, columns = (
        _sharing(parts, size) for parts, size in zip(SKETCH_SHAPE, stack.shape, strict=True)
    )
    flat = depths @ stack.reshape(n_slices, height * width).astype(np.float32)
    means = rows @ flat.reshape(len(depths), height, width) @ columns.T
    return np.asarray(np.clip(np.rint(means), 0, 255), dtype=np.uint8)


def _sharing(parts: int, size: int) -> Float32Array:
    """Weights that share `size` samples out to `parts` equal parts; each row sums to 1."""
    edges = np.linspace(0, size, parts + 1)
    starts, stops = edges[:-1, None], edges[1:, None]
    sample = np.arange(size)
    overlap = np.clip(np.minimum(stops, sample + 1) - np.maximum(starts, sample), 0, None)
    return np.asarray(overlap / overlap.sum(1, keepdims=True), dtype=np.float32)
