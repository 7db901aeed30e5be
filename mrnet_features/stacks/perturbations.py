"""Perturbations of a stack: what another scan of the same knee could have changed.

Features that change much under them do not carry over to another scanner. The idea and most of the
perturbations are those of [1]_. Strengths are relative to the stack, so that they mean the same on
every scanner.

References
----------
.. [1] Zwanenburg A et al. Assessing robustness of radiomic features by image perturbation. Sci Rep
   2019;9:614.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from scipy import ndimage

from mrnet_features.arrays import Float64Array, UInt8Array
from mrnet_features.messages import quote
from mrnet_features.stacks.foreground import find_foreground
from mrnet_features.stacks.stack import check_stack

Perturbation: TypeAlias = Callable[[UInt8Array, np.random.Generator], UInt8Array]

LEAST_NOISE = 0.01
"""Least SD of the added noise, as a fraction of the foreground's range of grey levels."""

BLUR = 0.75
"""SD of the Gaussian filter, in pixels."""

BIAS = 0.2
"""Largest change of brightness by the bias field, as a fraction."""

GAMMA = 1.2
"""Exponent of the contrast curve, or its inverse."""

DEGREES = 2.0
"""Angle of the rotation."""

SPACING = 1.1
"""Pixel spacing after resampling, relative to before, or its inverse."""

POWERS = ((1, 0), (0, 1), (1, 1), (2, 0), (0, 2))  # of row and column in the bias field
MAD_TO_SD = 1.4826


def perturb(grey: UInt8Array, name: str, seed: int = 0, key: str = "") -> UInt8Array:
    """Perturbed copy of a stack.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
    name : str
        One of `PERTURBATIONS`.
    seed : int, default 0
    key : str, default ""
        Distinguishes stacks, for example by exam and plane: each has its own random numbers.

    Returns
    -------
    ndarray of shape (n_slices, height, width), uint8
        One slice less after ``slice_dropped``, another height and width after ``spacing``. The
        same bits for the same arguments.

    Raises
    ------
    TypeError, ValueError
        If `grey` is not a stack, or there is no such perturbation.

    Examples
    --------
    >>> grey = np.zeros((3, 20, 20), np.uint8)
    >>> perturb(grey, "slice_dropped").shape, perturb(grey, "spacing").shape[0]
    ((2, 20, 20), 3)
    """
    if name not in PERTURBATIONS:
        raise ValueError(
            f"A perturbation must be one of {', '.join(PERTURBATIONS)}, got {quote(name)}."
        )
    check_stack(grey, "stack")
    digest = hashlib.blake2b(f"{seed} {name} {key}".encode(), digest_size=16).digest()
    rng = np.random.default_rng(np.frombuffer(digest, "<u4"))
    return np.ascontiguousarray(PERTURBATIONS[name](np.asarray(grey), rng))


def estimate_noise(grey: UInt8Array) -> float:
    """Standard deviation of the noise of a stack, in grey levels.

    The median absolute deviation of the finest diagonal Haar coefficients of the foreground, over
    .6745: edges are few among them, and noise is in all [1]_. Interpolation by the scanner smooths
    the finest scale, so the value can be too small.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8

    Returns
    -------
    float
        0 if there is no foreground.

    References
    ----------
    .. [1] Donoho DL, Johnstone IM. Ideal spatial adaptation by wavelet shrinkage. Biometrika
       1994;81:425-455.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> disc = np.hypot(*np.mgrid[-50:50, -50:50]) < 40
    >>> round(estimate_noise(np.rint(rng.normal(100, 4, (5, 100, 100)) * disc).astype(np.uint8)))
    4
    """
    height, width = (size // 2 * 2 for size in grey.shape[1:])
    even = grey[:, :height, :width].astype(np.float64)
    detail = (even[:, ::2, ::2] - even[:, ::2, 1::2] - even[:, 1::2, ::2] + even[:, 1::2, 1::2]) / 2
    inside = find_foreground(grey)[:, :height:2, :width:2]
    return float(MAD_TO_SD * np.median(np.abs(detail[inside]))) if inside.any() else 0.0


def _add_noise(grey: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Rician noise as strong as that in the stack: magnitude of a signal with complex noise."""
    low, high = _find_limits(grey)
    sd = max(estimate_noise(grey), LEAST_NOISE * (high - low))
    real, imaginary = rng.normal(0, sd, (2, *grey.shape))
    return _to_uint8(np.hypot(grey + real, imaginary))


def _blur(grey: UInt8Array, _: np.random.Generator) -> UInt8Array:
    return _to_uint8(ndimage.gaussian_filter(grey.astype(np.float64), (0, BLUR, BLUR)))


def _add_bias_field(grey: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Multiply by a smooth field, a random polynomial of second order in the slice."""
    row, column = np.meshgrid(*(np.linspace(-1, 1, n) for n in grey.shape[1:]), indexing="ij")
    weights = rng.normal(size=len(POWERS))
    field = sum(w * row**i * column**j for w, (i, j) in zip(weights, POWERS, strict=True))
    field = field - np.mean(field)
    return _to_uint8(grey * (1 + BIAS * field / max(float(np.abs(field).max()), 1e-12)))


def _change_contrast(grey: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Gamma curve; black and the robust maximum of the foreground stay."""
    _, high = _find_limits(grey)
    exponent = GAMMA ** rng.choice([-1, 1])
    if not high:
        return grey
    return _to_uint8(high * (np.arange(256) / high) ** exponent)[grey]


def _shift(grey: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Move by one pixel along rows and columns; the border is repeated."""
    down, right = rng.choice([0, 2], 2)
    height, width = grey.shape[1:]
    padded = np.pad(grey, ((0, 0), (1, 1), (1, 1)), mode="edge")
    return padded[:, down : down + height, right : right + width]


def _rotate(grey: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    angle = DEGREES * rng.choice([-1, 1])
    turned = ndimage.rotate(
        grey.astype(np.float64), angle, axes=(2, 1), reshape=False, order=3, mode="nearest"
    )
    return _to_uint8(turned)


def _drop_slice(grey: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Leave out one slice, any of them; the only slice of a stack stays."""
    return np.delete(grey, rng.integers(len(grey)), axis=0) if len(grey) > 1 else grey


def _resample(grey: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Other pixel spacing: the same field of view on fewer or more pixels."""
    factor = SPACING ** rng.choice([-1, 1])
    height, width = (max(1, round(n * factor)) for n in grey.shape[1:])
    zoom = (1, height / grey.shape[1], width / grey.shape[2])
    resampled = ndimage.zoom(grey.astype(np.float64), zoom, order=3, mode="nearest", grid_mode=True)
    return _to_uint8(resampled)


def _find_limits(grey: UInt8Array) -> tuple[float, float]:
    """Range of grey levels in the foreground, without the outermost half percent on each side."""
    inside = grey[find_foreground(grey)]
    if not inside.size:
        return 0.0, 0.0
    low, high = np.percentile(inside, (0.5, 99.5))
    return float(low), float(high)


def _to_uint8(values: Float64Array) -> UInt8Array:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


PERTURBATIONS: dict[str, Perturbation] = {
    "noise": _add_noise,
    "blur": _blur,
    "bias_field": _add_bias_field,
    "contrast": _change_contrast,
    "shift": _shift,
    "rotation": _rotate,
    "slice_dropped": _drop_slice,
    "spacing": _resample,
}
"""Perturbations by name: take a stack and a random generator, and return a new stack."""
