"""Contrast of a stack: what is bright, near the skin and deep in the leg, in large and in small.

With fat suppressed, large areas (marrow, fat, muscle) are dark and alike, and thin structures
(fluid, vessels) are bright. On structural series, fat and marrow are far brighter than muscle, and
thin structures (cortical bone, ligaments) are dark.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from mrnet_features.arrays import BoolArray, Float32Array, Float64Array

N_SAMPLED = 6  # slices of the middle half
SIGMAS = (0.7, 3.0, 12.0)  # pixels of about 1.2 mm: tissue, structures, coil and bias field
RIM = (0.08, 0.35)  # depth below the skin as a fraction of the greatest one; skin is left out
QUANTILES = (2, 10, 25, 50, 75, 90, 98, 99.5)
DETAIL_QUANTILES = (1, 5, 50, 95, 99)
MIN_PIXELS = 200  # of the leg, near the skin and deep
N_VALUES = 2 * (3 * len(QUANTILES) + 2 * len(DETAIL_QUANTILES))


def describe_contrast(grey: Float32Array, leg: BoolArray) -> Float64Array:
    """Percentiles of the logarithm of the grey level at three scales, near the skin and deep.

    Differences of scales do not depend on the gain and little on a bias field.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), float32
        Grey levels.
    leg : ndarray of the same shape, bool

    Returns
    -------
    ndarray of shape (68,), float64
        NaN if there is too little leg.
    """
    first, last = len(grey) // 4, (len(grey) - 1) - len(grey) // 4
    chosen = sorted({round(k) for k in np.linspace(first, last, N_SAMPLED)})
    grey, leg = grey[chosen], leg[chosen]
    depth = np.stack([ndimage.distance_transform_edt(mask) for mask in leg])
    deepest = float(np.percentile(depth[leg], 98)) if leg.any() else 0.0
    zones = (
        leg & (depth > RIM[0] * deepest) & (depth < RIM[1] * deepest),
        leg & (depth >= RIM[1] * deepest),
    )
    if min(int(zone.sum()) for zone in zones) < MIN_PIXELS:
        return np.full(N_VALUES, np.nan)
    usual = float(np.median(grey[leg]))
    level = np.log((grey + 0.1 * usual + 1e-3) / (1.1 * usual + 1e-3))
    fine, medium, coarse = (_smooth(level, leg, sigma) for sigma in SIGMAS)
    detail, blobs = fine - medium, medium - coarse
    values: list[Float64Array] = []
    for zone in zones:
        values += [np.percentile(image[zone], QUANTILES) for image in (fine, detail, blobs)]
        low, high = np.percentile(blobs[zone], (40, 60))
        for part in (zone & (blobs > high), zone & (blobs < low)):
            shown = part if part.any() else zone  # a picture without contrast
            values.append(np.percentile(detail[shown], DETAIL_QUANTILES))
    return np.concatenate(values)


def _smooth(level: Float32Array, leg: BoolArray, sigma: float) -> Float32Array:
    """Gaussian mean over the leg within each slice."""
    sigmas = (0, sigma, sigma)
    weight = ndimage.gaussian_filter(leg.astype(np.float32), sigmas)
    total = ndimage.gaussian_filter(np.where(leg, level, 0).astype(np.float32), sigmas)
    return np.asarray(total / np.maximum(weight, 1e-3), dtype=np.float32)
