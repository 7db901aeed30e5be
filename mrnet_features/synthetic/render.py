"""Signal of every pixel of a synthetic scan, before the scanner's blur, shading and noise."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from mrnet_features.synthetic import tissues as t
from mrnet_features.synthetic.anatomy import tissue_at
from mrnet_features.synthetic.compiled import cached, compiled, source_stamp
from mrnet_features.synthetic.flexion import follow, to_tibia
from mrnet_features.synthetic.soft_tissue import skin_depth

NOISE_SIZE = 64
NOISE_MASK = NOISE_SIZE - 1
# Difference in signal, as a fraction of the brightest tissue, that makes a pixel an edge.
EDGE = 0.05
# Samples of a pixel: offset from the middle of the slice in slice thicknesses, and from the middle
# of the pixel in columns and rows. The signs alternate from row to row.
DEPTHS = (-0.3, 0.3, 0.0)
RIGHT = (-0.25, 0.25, 0.0)
DOWN = (-0.15, 0.15, 0.0)


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
def sample(
    x: float,
    y: float,
    z: float,
    knee: Any,
    tables: Any,
    blobs: Any,
    active: Any,
    n_active: int,
    signal: Any,
    texture: Any,
    fine: Any,
    coarse: Any,
    phase: Any,
    coil: Any,
) -> tuple[int, float]:
    """Tissue and signal at a point; in air, (negative) skin depth in mm instead of the signal."""
    ys, zs = to_tibia(y, z, follow(z), knee)
    under = skin_depth(x, ys, zs, tables)
    if under < 0.0:
        return t.AIR, under
    i = (int(x * 1.3 + 320.0) + phase[0]) & NOISE_MASK
    j = (int(y * 1.3 + 320.0) + phase[1]) & NOISE_MASK
    k = int(z * 1.3 + 320.0) + phase[2]
    n = fine[i, j, k & NOISE_MASK] * (1.0 / 32.0)
    m = coarse[
        (int(x + 320.0) + phase[1]) & NOISE_MASK,
        (int(y + 320.0) + phase[2]) & NOISE_MASK,
        (int(z + 320.0) + phase[0]) & NOISE_MASK,
    ] * (1.0 / 32.0)
    tissue = tissue_at(x, y, z, ys, zs, under, n, m, knee, tables)
    grain = n
    if tissue == t.MUSCLE:  # the texture of muscle is elongated along the limb
        grain = fine[i, j, (k >> 3) & NOISE_MASK] * (1.0 / 32.0)
    value = signal[tissue] * (1.0 + texture[tissue] * (0.75 * grain + 0.6 * m))
    if (tissue == t.FAT or tissue == t.JOINT_FAT) and abs(m + 0.25 * n) < 0.08 and n > 0.3:
        value += 0.6 * (signal[t.SEPTUM] - value)  # a fibrous strand
    for a in range(n_active):
        b = active[a]
        if (int(blobs[b, 16]) >> tissue) & 1 == 0:
            continue
        dx = x - blobs[b, 0]
        dy = y - blobs[b, 1]
        dz = z - blobs[b, 2]
        u = blobs[b, 3] * dx + blobs[b, 4] * dy + blobs[b, 5] * dz
        v = blobs[b, 6] * dx + blobs[b, 7] * dy + blobs[b, 8] * dz
        w = blobs[b, 9] * dx + blobs[b, 10] * dy + blobs[b, 11] * dz
        q = np.sqrt(u * u + v * v + w * w) + blobs[b, 17] * (0.6 * m + 0.2 * n)
        if q < 1.0:
            part = min((1.0 - q) * blobs[b, 13], 1.0) * blobs[b, 14]
            value += part * (signal[int(blobs[b, 15])] - value)
    value *= max(1.0 + coil[2] * x + coil[3] * y, 0.3)
    if under < coil[1]:  # the surface coil is most sensitive near the skin
        value *= 1.0 + coil[0] * (1.0 - under / coil[1]) ** 2
    return tissue, value


@compiled
def find_active(blobs: Any, ax: float, ay: float, az: float, step: Any, active: Any) -> int:
    """Write the blobs that a row of pixels may cross into `active`; return their number."""
    squared = step[0] ** 2 + step[1] ** 2 + step[2] ** 2
    count = 0
    for b in range(blobs.shape[0]):
        dx = blobs[b, 0] - ax
        dy = blobs[b, 1] - ay
        dz = blobs[b, 2] - az
        along = dx * step[0] + dy * step[1] + dz * step[2]
        if dx * dx + dy * dy + dz * dz - along * along / squared < (blobs[b, 12] + 4.0) ** 2:
            active[count] = b
            count += 1
    return count


@compiled
def on_edge(shades: Any, r: int, c: int, least: float) -> bool:
    """Whether the samples around a pixel differ in tissue, by more than `least` in its signal.

    `shades` holds the signal of the tissue of each sample, and has a margin of one pixel.
    """
    if (r + c) & 1:  # not sampled; its four neighbours were
        own = shades[r + 1, c]
        return bool(
            abs(own - shades[r + 1, c + 2]) > least
            or abs(own - shades[r, c + 1]) > least
            or abs(own - shades[r + 2, c + 1]) > least
        )
    own = shades[r + 1, c + 1]
    return bool(
        abs(own - shades[r, c]) > least
        or abs(own - shades[r, c + 2]) > least
        or abs(own - shades[r + 2, c]) > least
        or abs(own - shades[r + 2, c + 2]) > least
    )


@compiled
def fill_between(image: Any, shades: Any, edges: Any) -> None:
    """Fill pixels between samples of one tissue with their mean; edge pixels keep their samples."""
    height, width = image.shape
    for r in range(height):
        for c in range(width):
            if edges[r, c] >= 0.0:
                continue
            if (r + c) & 1 and shades[r + 1, c] >= 0.0:
                total = image[r, max(c - 1, 0)] + image[r, min(c + 1, width - 1)]
                total += image[max(r - 1, 0), c] + image[min(r + 1, height - 1), c]
                image[r, c] = 0.25 * total
    for r in range(height):
        for c in range(width):
            if edges[r, c] >= 0.0:
                image[r, c] = edges[r, c]


@compiled
def more_samples(k: int, difference: float, least: float) -> int:
    """1 if sample k is the second and differs from the first: the surface is oblique."""
    return int(k == 1 and abs(difference) > 2.0 * least)


@compiled
def mark_flow(flow: Any, s: int, r: int, c: int, tissue: int) -> None:
    """Set a pixel of `flow` to 1 in vessels, unless `flow` is empty."""
    if flow.shape[0] > 0 and (tissue == t.ARTERY or tissue == t.VEIN):
        flow[s, r, c] = 1


@compiled
def paint_pixels(
    stack: Any,
    flow: Any,
    origins: Any,
    row_step: Any,
    column_step: Any,
    slice_step: Any,
    knee: Any,
    tables: Any,
    blobs: Any,
    signal: Any,
    texture: Any,
    fine: Any,
    coarse: Any,
    phase: Any,
    coil: Any,
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
    n_slices, height, width = stack.shape
    active = np.empty(blobs.shape[0], dtype=np.int64)
    shades = np.empty((height + 2, width + 2), dtype=np.float32)  # with a margin of air
    least = EDGE * np.max(signal)
    edges = np.empty((height, width), dtype=np.float32)
    pixel = np.sqrt(column_step[0] ** 2 + column_step[1] ** 2 + column_step[2] ** 2)
    state = 0
    for s in range(n_slices):
        shades[:] = -1.0
        edges[:] = -1.0
        stack[s] = 0.0
        for sweep in range(2):  # first the checkerboard, then the edges it shows
            for r in range(height):
                ax = origins[s, 0] + r * row_step[0]
                ay = origins[s, 1] + r * row_step[1]
                az = origins[s, 2] + r * row_step[2]
                count = find_active(blobs, ax, ay, az, column_step, active)
                c = r & 1 if sweep == 0 else 0
                sign = 1.0 if r & 1 else -1.0
                while c < width:
                    if sweep == 1 and not on_edge(shades, r, c, least):
                        c += 1
                        continue
                    # at an edge, a second sample; if it differs, a third
                    sampled = sweep == 1 and (r + c) & 1 == 0
                    total = stack[s, r, c] if sampled else 0.0
                    shade = shades[r + 1, c + 1]
                    tissue = t.AIR
                    value = 0.0
                    last = 1 + sweep
                    k = int(sampled)
                    while k < last:
                        # pseudo-random depths around the three: surfaces almost parallel to the
                        # slice would show as rings
                        state = (state * 75 + 74) % 65537
                        depth = sign * DEPTHS[k] + state * 4e-6 - 0.13
                        down, right = sign * DOWN[k], sign * RIGHT[k]
                        u = c + right
                        tissue, value = sample(
                            ax + down * row_step[0] + u * column_step[0] + depth * slice_step[0],
                            ay + down * row_step[1] + u * column_step[1] + depth * slice_step[1],
                            az + down * row_step[2] + u * column_step[2] + depth * slice_step[2],
                            knee, tables, blobs, active, count, signal, texture, fine, coarse,
                            phase, coil,
                        )  # fmt: skip
                        total += max(value, 0.0)
                        if k == 0:
                            shade = signal[tissue]
                        last += more_samples(k, signal[tissue] - shade, least)
                        k += 1
                    if sweep == 1:
                        edges[r, c] = total / last
                        c += 1
                    elif tissue == t.AIR:  # no skin within this distance: skip
                        c += 2 * int(max(-0.4 * value / pixel, 1.0))
                    else:
                        stack[s, r, c] = total
                        shades[r + 1, c + 1] = signal[tissue]
                        mark_flow(flow, s, r, c, tissue)
                        c += 2
        fill_between(stack[s], shades, edges)


def painter(stamp: int) -> Callable[..., None]:
    """Compile `paint_pixels` with a cache that depends on `stamp`, a checksum of the sources."""

    @cached
    def paint(
        stack: Any,
        flow: Any,
        origins: Any,
        row_step: Any,
        column_step: Any,
        slice_step: Any,
        knee: Any,
        tables: Any,
        blobs: Any,
        signal: Any,
        texture: Any,
        fine: Any,
        coarse: Any,
        phase: Any,
        coil: Any,
    ) -> None:
        if stamp >= 0:
            paint_pixels(
                stack, flow, origins, row_step, column_step, slice_step, knee, tables, blobs,
                signal, texture, fine, coarse, phase, coil,
            )  # fmt: skip

    return paint


paint_stack = painter(source_stamp())
