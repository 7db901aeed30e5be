"""Edge picture: where a stack has edges, in small pictures that hardly depend on contrast.

A joint is where edges across the leg are: ends of bones, cartilage, menisci. The shafts of the
bones and the skin have edges along the leg. What is bright on one sequence is dark on another, but
edges stay in their place.
"""

from __future__ import annotations

import numpy as np

from mrnet_features.arrays import Float32Array, UInt8Array
from mrnet_features.quality.similarity import LOG_OFFSET
from mrnet_features.quality.thumbnails import cell_weights

N_CELLS = 32  # rows and columns of an edge picture
N_POINTS = 128  # rows and columns of the slices from which it is made


def make_edge_picture(grey: UInt8Array) -> Float32Array:
    """Edges between rows, edges between columns, and brightness of the middle half of a stack.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
        Grey levels 0 to 255.

    Returns
    -------
    ndarray of shape (3, 32, 32), float32
        Each with mean 0 and SD 1, or 0 everywhere if it is constant. Reversal of the slices does
        not matter.
    """
    n_ends = len(grey) // 4
    middle = grey[n_ends : len(grey) - n_ends].astype(np.float32)
    for axis in (1, 2):
        if middle.shape[axis] != N_POINTS:
            weights = cell_weights(N_POINTS, middle.shape[axis])
            middle = weights @ middle if axis == 1 else middle @ weights.T
    means = [_reduce(_find_edges(middle, axis)) for axis in (1, 2)]
    # square root, so that a few strong edges do not decide; the median is the level of noise
    edges = [np.maximum(np.sqrt(mean) - np.median(np.sqrt(mean)), 0) for mean in means]
    brightness = np.log(_reduce(middle) + LOG_OFFSET)
    picture = np.stack([*edges, brightness])
    picture -= picture.mean(axis=(1, 2), keepdims=True)
    spread = picture.std(axis=(1, 2), keepdims=True)
    return np.asarray(picture / np.where(spread > 1e-3, spread, np.inf), dtype=np.float32)


def _find_edges(stack: Float32Array, axis: int) -> Float32Array:
    """Absolute difference of the two neighbours along an axis; 0 at the ends."""
    lines = np.moveaxis(stack, axis, 1)
    edges = np.zeros_like(lines)
    edges[:, 1:-1] = np.abs(lines[:, 2:] - lines[:, :-2])
    return np.moveaxis(edges, 1, axis)


def _reduce(stack: Float32Array) -> Float32Array:
    """Means over the slices and over 32 x 32 cells."""
    side = N_POINTS // N_CELLS
    cells = stack.mean(axis=0).reshape(N_CELLS, side, N_CELLS, side)
    return np.asarray(cells.mean(axis=(1, 3)), dtype=np.float32)
