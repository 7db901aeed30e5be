"""Signal of every pixel of a synthetic scan, before the scanner's blur, shading and noise."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from mrnet_features.synthetic.compiled import cached, compiled
from mrnet_features.synthetic.sample_rows import (
    Scratch,
    depth_offsets,
    find_active,
    sample_edges,
    sample_row,
)
from mrnet_features.synthetic.samples import MOST, N_FIELDS, NOISE_SIZE, ROOM, Model, Steps

# Difference in signal, as a fraction of the brightest tissue, that makes a pixel an edge.
EDGE = 0.05


@lru_cache(maxsize=1)
def noise_volumes() -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Two periodic volumes of band-limited noise, fine and coarse.

    Returns
    -------
    tuple of two ndarrays of shape (64, 64, 64), int8
        In units of 1/32 standard deviation.
    """
    generator = np.random.default_rng(20180427)
    volumes = []
    for sigma in (0.9, 5.0):
        white = generator.standard_normal((NOISE_SIZE,) * 3).astype(np.float32)
        smooth = gaussian_filter(white, sigma, mode="wrap")
        smooth -= gaussian_filter(smooth, 3.0 * sigma, mode="wrap")
        smooth *= 32.0 / smooth.std()
        volumes.append(np.clip(np.round(smooth), -127, 127).astype(np.int8))
    return volumes[0], volumes[1]


@compiled
def fill_between(image: Any, shades: Any, edges: Any) -> None:
    """Fill pixels between samples of one tissue with their mean; edge pixels keep their samples."""
    height, width = image.shape
    for r in range(height):
        above, below = max(r - 1, 0), min(r + 1, height - 1)
        for c in range(1 - (r & 1), width, 2):
            if shades[r + 1, c] >= 0.0:
                total = image[r, max(c - 1, 0)] + image[r, min(c + 1, width - 1)]
                total += image[above, c] + image[below, c]
                image[r, c] = 0.25 * total
    for r in range(height):
        for c in range(width):
            image[r, c] = edges[r, c] if edges[r, c] >= 0.0 else image[r, c]


@cached
def paint(
    stack: Any,
    flow: Any,
    origins: Any,
    steps: Any,
    least: float,
    offsets: Any,
    model: Any,
    scratch: Any,
) -> None:
    """Write the signal of every pixel into `stack`; parameters as in `paint_stack`.

    `least` is the difference in signal that makes a pixel an edge.
    """
    n_slices, height, _ = stack.shape
    used: Any = np.int64(0)  # a plain 0 is a type of its own: all would be compiled twice
    for s in range(n_slices):
        image = stack[s]
        scratch.shades[:] = -1.0
        scratch.edges[:] = -1.0
        image[:] = 0.0
        for sweep in range(2):  # first the checkerboard, then the edges it shows
            for r in range(height):
                corner = (
                    origins[s, 0] + r * steps.row[0],
                    origins[s, 1] + r * steps.row[1],
                    origins[s, 2] + r * steps.row[2],
                )
                n_active = find_active(model.blobs, corner, steps.column, scratch.active)
                if sweep == 0:
                    used = sample_row(
                        stack, flow, s, r, corner, steps, used, offsets, n_active, model, scratch
                    )
                else:
                    used = sample_edges(
                        image, r, corner, steps, used, offsets, n_active, least, model, scratch
                    )
        fill_between(image, scratch.shades, scratch.edges)


def paint_stack(
    stack: NDArray[np.float32],
    flow: NDArray[np.uint8],
    origins: NDArray[np.float64],
    row_step: NDArray[np.float64],
    column_step: NDArray[np.float64],
    slice_step: NDArray[np.float64],
    knee: Any,
    tables: NDArray[np.float64],
    blobs: NDArray[np.float64],
    signal: NDArray[np.float32],
    texture: NDArray[np.float32],
    fine: NDArray[np.int8],
    coarse: NDArray[np.int8],
    phase: NDArray[np.int64],
    coil: NDArray[np.float64],
) -> None:
    """Write the signal of every pixel into `stack`.

    Half of the pixels, a checkerboard, are sampled once, at one of two depths of the slice that
    alternate from row to row. Every other pixel is the mean of its four neighbours if these are of
    one tissue. Pixels at a change of tissue are sampled at both depths, and between them if the
    tissues there differ: the surface is oblique to the slice. The point spread function applied
    afterwards is zero at the frequency of rows and checkerboard, so the pattern disappears.

    Parameters
    ----------
    stack : ndarray of shape (n_slices, height, width), float32
        Filled with signal.
    flow : ndarray of shape (n_slices, height, width) or (0, 0, 0), uint8
        Zeros, set to 1 at the samples in vessels, unless it is empty.
    origins : ndarray of shape (n_slices, 3), float64
        Position of the first pixel of each slice in the canonical knee, in mm.
    row_step, column_step, slice_step : ndarray of shape (3,), float64
        Vectors to the next row, to the next column, and across one slice thickness, in mm.
    knee : Knee
        The person.
    tables : ndarray of shape (801, n_outlines), float64
        The person's outlines.
    blobs : ndarray of shape (n_blobs, N_COLUMNS), float64
        Lesions.
    signal, texture : ndarray of shape (n_tissues,), float32
        Signal of each tissue and its relative spread.
    fine, coarse : ndarray of shape (64, 64, 64), int8
        Noise volumes.
    phase : ndarray of shape (3,), int64
        Offset in the noise volumes, so that textures differ between knees.
    coil : ndarray of shape (4,), float64
        Sensitivity of the coil: gain at the skin, depth in mm where this gain ends, and gain per
        mm along x and y.
    """
    _, height, width = stack.shape
    steps = Steps(*(tuple(step.tolist()) for step in (row_step, column_step, slice_step)))
    model = Model(knee, tables, blobs, signal, texture, fine, coarse, phase, coil)
    scratch = Scratch(
        work=np.zeros(N_FIELDS * ROOM),
        kinds=np.zeros(MOST, dtype=np.int64),
        active=np.zeros(len(blobs), dtype=np.int64),
        shades=np.empty((height + 2, width + 2), dtype=np.float32),
        edges=np.empty((height, width), dtype=np.float32),
        is_edge=np.zeros(width, dtype=np.uint8),
        columns=np.zeros(width + 1, dtype=np.int64),
        firsts=np.zeros(width + 1, dtype=np.int64),
        thirds=np.zeros(width + 1, dtype=np.int64),
    )
    least = EDGE * float(np.max(signal))
    paint(stack, flow, origins, steps, least, depth_offsets(), model, scratch)
