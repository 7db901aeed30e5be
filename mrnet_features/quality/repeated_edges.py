"""Repeated edges: copies of the leg inside the leg, found by autocorrelation along an axis.

A leg that moves with a period while k-space is read leaves copies of its edges, all displaced by
the same distance along the phase-encoding direction [1]_. Along the leg, they never leave it.
A picture with such copies resembles itself displaced by that distance more than by slightly
smaller or larger ones, on every slice. Anatomy too is similar to itself at some distances, but
similarly in all exams of a plane: an exam is compared with the others, distance by distance.

References
----------
.. [1] Wood ML, Henkelman RM. MR image artifacts from periodic motion. Med Phys 1985;12(2):143-151.
"""

from __future__ import annotations

import numpy as np
from scipy import fft, ndimage

from mrnet_features.arrays import Float32Array, Float64Array, UInt8Array
from mrnet_features.quality.similarity import robust_distance
from mrnet_features.quality.thumbnails import cell_weights

N_POINTS = 256  # along the axis, whatever the size of the picture
N_LINES = 64  # across it, each the mean over its width
DISTANCES = (14, 120)  # of copies, in points: from next to an edge to half the picture
N_TRANSFORMED = 320  # points with zeros at the end, so that the two ends hardly meet
EDGE_WIDTH = 7  # points; structure much longer than this is removed
PEAK_WIDTH = 17  # points over which the autocorrelation of anatomy is smooth
NO_EDGE = 0.01  # grey levels, RMS; below it there is nothing but rounding
CLIP = 4.0  # RMS, so that no single edge decides


def measure_repeated_edges(
    grey: UInt8Array, whole_shape: tuple[int, ...] | None = None
) -> Float32Array:
    """Autocorrelation of the edges of a stack along the rows' axis and the columns' axis.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
        Grey levels 0 to 255.
    whole_shape : tuple of int, optional
        Height and width of the pictures that `grey` is a part of, without their frame of padding;
        by default those of `grey`. Distances are parts of these pictures.

    Returns
    -------
    ndarray of shape (2, 106), float32
        For copies displaced up-down and left-right by 14, 15 ... 119 of 256 parts of the picture:
        root mean square over the slices of the autocorrelation, minus its running mean over 17
        distances. 0 if there are no edges. Mirroring and reversal of the slices do not matter.

    Examples
    --------
    Stripes that repeat every 32 rows:

    >>> rows = np.arange(256) % 32 < 8
    >>> grey = np.repeat(100 * rows[None, :, None], 256, axis=2).astype(np.uint8)
    >>> up_down, left_right = measure_repeated_edges(grey)
    >>> int(up_down.argmax()) + 14, float(left_right.max())
    (32, 0.0)
    """
    curves = np.zeros((2, DISTANCES[1] - DISTANCES[0]), dtype=np.float32)
    if grey.size == 0:
        return curves
    whole_shape = whole_shape or grey.shape[1:]
    for axis in (1, 2):
        n_points = max(1, round(N_POINTS * grey.shape[axis] / whole_shape[axis - 1]))
        lines = _resample(grey.swapaxes(1, 2) if axis == 1 else grey, n_points)
        edges = lines - ndimage.uniform_filter1d(lines, EDGE_WIDTH, axis=2)
        size = np.sqrt(np.mean(np.square(edges)))
        if size < NO_EDGE:
            continue
        size += 0.5  # half a grey level: rounding is not an edge
        spectra = fft.rfft(np.clip(edges / size, -CLIP, CLIP), N_TRANSFORMED, axis=2)
        power = (spectra.real**2 + spectra.imag**2).sum(axis=1)
        products = fft.irfft(power, N_TRANSFORMED, axis=1)[:, : DISTANCES[1] + PEAK_WIDTH]
        energy = products[:, :1]
        shares = products / np.maximum(energy, 1e-6 * energy.max())
        # squares: copies are brighter on some slices and darker on others
        curve = np.sqrt((energy * shares**2).sum(axis=0) / energy.sum())
        curve -= ndimage.uniform_filter1d(curve, PEAK_WIDTH, mode="nearest")
        curves[axis - 1] = curve[slice(*DISTANCES)]
    return curves


def score_repeated_edges(curves: Float32Array) -> tuple[Float64Array, Float64Array]:
    """How much each stack resembles a displaced copy of itself, compared with the other stacks.

    Parameters
    ----------
    curves : ndarray of shape (n_stacks, 2, 106), float32
        As from `measure_repeated_edges`, of all stacks of a plane.

    Returns
    -------
    score : ndarray of shape (n_stacks, 2), float64
        Highest deviation from the median stack over all distances, in robust SDs of that distance;
        for both directions.
    distance : ndarray of shape (n_stacks, 2), float64
        Distance of that highest deviation, as a fraction of the picture.
    """
    deviations = np.apply_along_axis(robust_distance, 0, curves.astype(float), 1e-4)
    where = deviations.argmax(axis=2)
    return deviations.max(axis=2), (where + DISTANCES[0]) / N_POINTS


def _resample(grey: UInt8Array, n_points: int) -> Float32Array:
    """Means over 64 lines of `n_points` points each, of shape (n_slices, 64, n_points)."""
    _, across, along = grey.shape
    if across % N_LINES == 0 and along == n_points:
        step = across // N_LINES
        total = grey[:, ::step].astype(np.uint16)
        for first in range(1, step):
            total += grey[:, first::step]
        return np.asarray(total / np.float32(step), dtype=np.float32)
    lines = cell_weights(N_LINES, across) @ grey.astype(np.float32)
    return np.asarray(lines @ cell_weights(n_points, along).T, dtype=np.float32)
