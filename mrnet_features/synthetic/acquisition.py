"""What the scanner does to a picture: point spread, bias field, noise, interpolation."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mrnet_features.synthetic.compiled import cached, compiled
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


@compiled
def blur_between(out: Any, before: Any, here: Any, after: Any) -> None:
    """Mean of three lines with weights 1/4, 1/2, 1/4."""
    for c in range(out.size):
        out[c] = 0.25 * before[c] + 0.5 * here[c] + 0.25 * after[c]


@compiled
def sharpen_between(out: Any, before: Any, here: Any, after: Any, sharpen: float) -> None:
    """Line minus `sharpen` times the second difference of three lines."""
    for c in range(out.size):
        out[c] = here[c] + sharpen * (2.0 * here[c] - (before[c] + after[c]))


@cached
def spread_points(stack: Any, sharpen: float) -> None:
    """Blur each slice in place with the scanner's point spread function, then sharpen it.

    The kernels along rows and columns are (1, 2, 1) / 4 and (-s, 1 + 2 s, -s), with s =
    `sharpen`. They remove any pattern that alternates from pixel to pixel.
    """
    n_slices, height, width = stack.shape
    soft = np.empty((height, width), dtype=np.float32)
    for s in range(n_slices):
        image = stack[s]
        for r in range(height):
            line, blurred = image[r], soft[r]
            blur_between(blurred[1:-1], line[:-2], line[1:-1], line[2:])
            blur_between(blurred[:1], line[:1], line[:1], line[1:2])
            blur_between(blurred[-1:], line[-2:-1], line[-1:], line[-1:])
            sharpen_between(line[1:-1], blurred[:-2], blurred[1:-1], blurred[2:], sharpen)
            sharpen_between(line[:1], blurred[:1], blurred[:1], blurred[1:2], sharpen)
            sharpen_between(line[-1:], blurred[-2:-1], blurred[-1:], blurred[-1:], sharpen)
        for r in range(height):
            blur_between(soft[r], image[max(r - 1, 0)], image[r], image[min(r + 1, height - 1)])
        for r in range(height):
            above, below = soft[max(r - 1, 0)], soft[min(r + 1, height - 1)]
            sharpen_between(image[r], above, soft[r], below, sharpen)


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
    line = np.empty(width, dtype=np.float32)  # apart: `out` may be `stack`
    b0, b1, b2, b3, b4 = bias[0], bias[1], bias[2], bias[3], bias[4]
    for s in range(n_slices):
        for r in range(height):
            v = 2.0 * r / height - 1.0
            start, end = starts[s, r], ends[r]
            image, made = stack[s, r], out[s, r]
            first, second = noise[start : start + width], noise[start + width : start + 2 * width]
            for c in range(width):
                u = 2.0 * c / width - 1.0
                gain = end * (1.0 + b0 * u + b1 * v + b2 * u * u + b3 * v * v + b4 * u * v)
                real = image[c] * gain + sigma * first[c]
                other = sigma * second[c]
                line[c] = np.sqrt(real * real + other * other)
            for c in range(width):  # an assignment would take seconds to compile
                made[c] = line[c]


@compiled
def turn_over(out: Any, image: Any) -> None:
    """Transpose an image into `out`."""
    for r in range(image.shape[0]):
        for c in range(image.shape[1]):
            out[c, r] = image[r, c]


@compiled
def add_lines(out: Any, lines: Any, numbers: Any, weights: Any) -> None:
    """Weighted sum of the six lines with these numbers, in their order."""
    a, b, c = lines[numbers[0]], lines[numbers[1]], lines[numbers[2]]
    d, e, f = lines[numbers[3]], lines[numbers[4]], lines[numbers[5]]
    u, v, w, x, y, z = weights[0], weights[1], weights[2], weights[3], weights[4], weights[5]
    for i in range(out.size):
        total = np.float32(0.0) + u * a[i] + v * b[i] + w * c[i]
        out[i] = total + x * d[i] + y * e[i] + z * f[i]


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
    turned = np.empty((size, size), dtype=np.float32)  # lines along which the processor adds
    made = np.empty((n, size), dtype=np.float32)
    wide = np.empty((size, n), dtype=np.float32)
    for s in range(n_slices):
        turn_over(turned, stack[s])
        for c in range(n):
            add_lines(made[c], turned, neighbours[c], weights[c])
        turn_over(wide, made)
        for r in range(n):
            add_lines(out[s, r], wide, neighbours[r], weights[r])
