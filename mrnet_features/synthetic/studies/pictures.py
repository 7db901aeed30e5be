"""Pictures of one synthetic series: signal, coil and noise, before they are rounded."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mrnet_features.synthetic.acquisition import (
    finish_stack,
    interpolate,
    interpolation_weights,
    standard_noise,
)
from mrnet_features.synthetic.scan import NOISE_AT_LOW_FIELD, blur_stack, draw_signal
from mrnet_features.synthetic.scene import Scene
from mrnet_features.synthetic.signal import tissue_signal
from mrnet_features.synthetic.studies.placing import SeriesPlace
from mrnet_features.synthetic.style import Style

BRIGHT = 200.0
"""Grey level of the 99th percentile of the middle picture, of 255; what is brighter is kept."""

LEAST_MEASURED = 48


def draw_pictures(
    plane: str,
    scene: Scene,
    place: SeriesPlace,
    style: Style,
    n_measured: int,
    tesla: float,
    generator: np.random.Generator,
    *,
    fat_left: float | None = None,
) -> NDArray[np.float32]:
    """Pictures of one series.

    Parameters
    ----------
    plane : {"axial", "coronal", "sagittal"}
    scene : Scene
        The knee.
    place : SeriesPlace
    style : Style
        Sequences, coil, blur and noise of the site.
    n_measured : int
        Rows and columns that are drawn; pictures are interpolated from them.
    tesla : float
    generator : numpy.random.Generator
    fat_left : float, optional
        Fraction of the fat signal that remains, by default that of the sequence.

    Returns
    -------
    ndarray of shape (n_slices, rows, columns), float32
        Grey levels in units of 8 bits, 0 or more.
    """
    placement = place.placement
    n_measured = min(max(n_measured, LEAST_MEASURED), place.rows)
    signal = tissue_signal(plane, tesla, fat_left=fat_left, style=style)
    phase, flow = generator.integers(0, 128, 3), np.zeros((0, 0, 0), dtype=np.uint8)
    stack = draw_signal(scene, placement, style, n_measured, signal, phase, flow)
    blur_stack(stack, style, tesla)
    _add_coil_and_noise(stack, plane, style, tesla, generator)
    if n_measured != place.rows:
        drawn, stack = stack, np.empty((len(stack), place.rows, place.rows), dtype=np.float32)
        interpolate(stack, drawn, *interpolation_weights(n_measured, place.rows))
    kept = stack[:, :, place.first_column : place.first_column + place.columns]
    return np.maximum(kept, 0.0)


def _add_coil_and_noise(
    stack: NDArray[np.float32],
    plane: str,
    style: Style,
    tesla: float,
    generator: np.random.Generator,
) -> None:
    """Bring a stack to grey levels of 8 bits, with bias field and noise, in place."""
    n_slices, size, _ = stack.shape
    rows = np.linspace(-1.0, 1.0, size)
    ends = np.ones(size)
    if plane != "axial":
        ends = 1.0 / (1.0 + (np.abs(rows) / generator.normal(style.coil_ends, 0.05)) ** 6)
    bias = generator.normal(0.0, style.shading, 6)
    bias[2:4] = -np.abs(bias[2:4])
    middle = stack[n_slices // 2] * ends[:, None]
    bright = float(np.percentile(middle[middle > 0.0], 99.0)) if np.any(middle > 0.0) else 0.0
    stack *= np.float32(BRIGHT * generator.uniform(0.85, 1.15) / max(bright, 0.02))
    sigma = float(generator.uniform(style.noise_low, style.noise_high))
    sigma *= 1.0 if tesla > 2.0 else NOISE_AT_LOW_FIELD
    noise = standard_noise()
    starts = generator.integers(0, noise.size - 2 * size, (n_slices, size))
    finish_stack(stack, stack, bias, ends, noise, starts, sigma)
