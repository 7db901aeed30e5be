"""What the scanner does to a picture: point spread, bias field, noise, interpolation."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mrnet_features.synthetic.compiled import cached
from mrnet_features.synthetic.placement import SIZE


@lru_cache(maxsize=1)
def standard_noise() -> NDArray[np.float32]:
    """262,144 standard normal numbers; each row of noise starts at a random index."""
    generator = np.random.default_rng(1937)
    return generator.standard_normal(1 << 18, dtype=np.float32)


@lru_cache(maxsize=8)
def interpolation_weights(
    n_pixels: int, size: int = SIZE
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Neighbours and weights of a Lanczos interpolation from `n_pixels` to `size`, each (size, 6).

    Pictures have the same corners before and after.
    """
    position = (np.arange(size) + 0.5) * n_pixels / size - 0.5
    neighbours = np.floor(position).astype(np.int64)[:, None] + np.arange(-2, 4)
    distance = position[:, None] - neighbours
    weights = np.where(np.abs(distance) < 3.0, np.sinc(distance) * np.sinc(distance / 3.0), 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.clip(neighbours, 0, n_pixels - 1), weights.astype(np.float32)


@cached
def spread_points(stack: Any, sharpen: float) -> None:
    """Blur each slice in place with the scanner's point spread function, then sharpen it.

    The kernels along rows and columns are (1, 2, 1) / 4 and (-s, 1 + 2 s, -s), with s =
    `sharpen`. They remove any pattern that alternates from pixel to pixel.
    """
    n_slices, height, width = stack.shape
    line = np.empty(max(height, width), dtype=np.float32)
    soft = np.empty(max(height, width), dtype=np.float32)
    for s in range(n_slices):
        for r in range(height):
            for c in range(width):
                line[c] = stack[s, r, c]
            for c in range(width):
                left = line[max(c - 1, 0)]
                right = line[min(c + 1, width - 1)]
                soft[c] = 0.25 * left + 0.5 * line[c] + 0.25 * right
            for c in range(width):
                sides = soft[max(c - 1, 0)] + soft[min(c + 1, width - 1)]
                stack[s, r, c] = soft[c] + sharpen * (2.0 * soft[c] - sides)
        for c in range(width):
            for r in range(height):
                line[r] = stack[s, r, c]
            for r in range(height):
                left = line[max(r - 1, 0)]
                right = line[min(r + 1, height - 1)]
                soft[r] = 0.25 * left + 0.5 * line[r] + 0.25 * right
            for r in range(height):
                sides = soft[max(r - 1, 0)] + soft[min(r + 1, height - 1)]
                stack[s, r, c] = soft[r] + sharpen * (2.0 * soft[r] - sides)


@cached
def finish_stack(
    out: Any, stack: Any, bias: Any, ends: Any, noise: Any, starts: Any, sigma: float
) -> None:
    """Apply bias field and Rician noise, and write the result into `out`.

    Parameters
    ----------
    out : ndarray of shape (n_slices, height, width), float32
        Filled with grey levels, not limited; it may be `stack`.
    stack : ndarray of shape (n_slices, height, width), float32
        Noise-free image in grey levels.
    bias : ndarray of shape (6,), float64
        Coefficients of the multiplicative field, a quadratic of columns and rows scaled to
        -1 to 1; the last is not used.
    ends : ndarray of shape (height,), float64
        Sensitivity of the coil by row; it decreases at the ends of the coil.
    noise : ndarray of shape (n,), float32
        Standard normal numbers.
    starts : ndarray of shape (n_slices, height), int64
        Index in `noise` of the first number of each row.
    sigma : float
        Standard deviation of the noise in grey levels.
    """
    n_slices, height, width = stack.shape
    for s in range(n_slices):
        for r in range(height):
            v = 2.0 * r / height - 1.0
            start = starts[s, r]
            for c in range(width):
                u = 2.0 * c / width - 1.0
                gain = ends[r] * (
                    1.0 + bias[0] * u + bias[1] * v + bias[2] * u * u + bias[3] * v * v
                    + bias[4] * u * v
                )  # fmt: skip
                real = stack[s, r, c] * gain + sigma * noise[start + c]
                other = sigma * noise[start + width + c]
                out[s, r, c] = np.sqrt(real * real + other * other)


@cached
def interpolate(out: Any, stack: Any, neighbours: Any, weights: Any) -> None:
    """Interpolate square slices along columns and rows and write them into `out`.

    Parameters
    ----------
    out : ndarray of shape (n_slices, n, n), float32
        Filled.
    stack : ndarray of shape (n_slices, m, m), float32
        Slices.
    neighbours : ndarray of shape (n, 6), int64
        Indices, 0 to m - 1, of the pixels that each new pixel is made of.
    weights : ndarray of shape (n, 6), float32
        Their weights.
    """
    n_slices, size, _ = stack.shape
    n = out.shape[1]
    wide = np.empty((size, n), dtype=np.float32)
    for s in range(n_slices):
        for r in range(size):
            for c in range(n):
                total = np.float32(0.0)
                for k in range(6):
                    total += weights[c, k] * stack[s, r, neighbours[c, k]]
                wide[r, c] = total
        for r in range(n):
            for c in range(n):
                out[s, r, c] = 0.0
            for k in range(6):
                for c in range(n):
                    out[s, r, c] += weights[r, k] * wide[neighbours[r, k], c]
