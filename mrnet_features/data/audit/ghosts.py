"""Ghosting: faint displaced copies of the leg or its vessels, seen where only air should be.

What moves between two lines of k-space (pulsating vessels, a shaking leg) comes back displaced
along the phase-encoding direction [1]_. Inside the leg a copy hides among anatomy; in the air
beside it nothing else has a shape. The air in line with the leg along one axis of the picture is
therefore the place to look, and the axis is that of the copies.

.. [1] Wood ML, Henkelman RM. MR image artifacts from periodic motion. Med Phys 1985;12(2):143-151.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage

from mrnet_features.data.audit.blocks import BoolArray, Float32Array, Uint8Array, block_means

DIRECTIONS = ("up-down", "left-right")  # of the picture; the axes 1 and 2 of a stack

BLOCKS = 64  # on the shorter side of a slice: noise averages out, a vessel's copy does not
GAP = 2  # blocks of air next to the skin that partial volume and the coil's glow may reach
LEAST_PAIRS = 60  # neighbouring blocks of air; with fewer there is too little to judge
FADING = 6  # blocks at the ends of a leg that runs on
LASTING = 7  # slices of which the leg's outline must be in more than half
CHANCE = 2.5  # standard errors of the shared structure of white noise
CUT_WIDTH = 0.7  # an end of the leg this wide, against its widest, was cut off by the picture
USUAL = 0.3  # of the slices: what is leg in so many belongs to its outline
END_DEPTH = 3  # blocks from the end of the leg at which that width is read

FloatArray = np.ndarray[Any, np.dtype[np.float64]]


def score_ghosts(grey: Uint8Array, foreground: BoolArray) -> FloatArray:
    """Structure in the air beside the leg, by slice and direction of displacement.

    In blocks of 1/64 of the slice, the part of the air's grey level that differs from the mean of
    its neighbours along the axis is multiplied by that of the next block across the axis. White
    noise averages to nothing, a smooth glow has no such part, a copy of a vessel leaves its
    energy; the root is taken against the leg's grey level.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
        Grey levels 0 to 255.
    foreground : ndarray of shape (n_slices, height, width), bool
        The leg.

    Returns
    -------
    ndarray of shape (n_slices, 2), float64
        Fraction of the leg's median grey level; columns as `DIRECTIONS`. NaN where a slice has
        no leg, or too little air in line with it along that axis.

    Examples
    --------
    A leg, and a copy of its bright vessel displaced to the right:

    >>> grey = np.full((1, 128, 128), 2, np.uint8)
    >>> grey[0, :, 40:80] = 100
    >>> foreground = grey > 50
    >>> grey[0, 30:90, 100:104] = 30
    >>> up_down, left_right = score_ghosts(grey, foreground)[0]
    >>> bool(np.isnan(up_down)), bool(left_right > 0.02)
    (True, True)
    """
    scores = np.full((len(grey), 2), np.nan)
    if not foreground.any():
        return scores
    side = max(1, min(grey.shape[1:]) // BLOCKS)
    # A bright copy close to the skin is taken for leg, but on a few slices only: leg is what most
    # of the neighbouring slices show too.
    shared = ndimage.uniform_filter1d(
        foreground.astype(np.float32), LASTING, axis=0, mode="nearest"
    )
    blocks = block_means(grey, side)
    leg = block_means(foreground & (shared > 0.5), side) > 0
    signal = max(float(np.median(grey[foreground])), 1.0)
    near = ndimage.binary_dilation(leg, np.ones((1, 2 * GAP + 1, 2 * GAP + 1), dtype=bool))
    air = ~near
    air[:, [0, -1]] = False  # the rim of the picture may hold the scanner's own edge
    air[:, :, [0, -1]] = False
    ends_seen = _find_ends(leg.mean(axis=0) >= USUAL)
    for axis, across in ((1, 2), (2, 1)):
        if not ends_seen[axis - 1]:
            continue
        band = air & leg.any(axis=axis, keepdims=True)
        if ends_seen[across - 1]:
            # air that is in line with the leg along both axes would not tell the direction
            band &= ~leg.any(axis=across, keepdims=True)
        else:
            # where the coil's reach ends, a leg that runs on is as dark as air
            line = np.moveaxis(band, across, 1)
            line[:, :FADING] = line[:, -FADING:] = False
        scores[:, axis - 1] = _shared_structure(blocks, air, band, axis) / signal
    return scores


def _find_ends(leg: BoolArray) -> tuple[bool, bool]:
    """Whether the skin closes the leg inside the picture, along rows and along columns.

    An end of skin narrows; a leg that runs on beyond the picture, or fades where the coil's reach
    ends, stays wide, and what lies beyond is not air. Where no end narrows, as on a straight leg,
    the longer axis is the one that runs on.
    """
    narrow, extents = [], []
    for axis in (0, 1):
        widths = leg.sum(axis=1 - axis)
        (filled,) = np.nonzero(widths)
        extents.append(filled.size)
        if filled.size <= 2 * END_DEPTH:
            narrow.append(False)
            continue
        ends = widths[filled[[END_DEPTH, -1 - END_DEPTH]]]
        inside = filled[0] > 0 and filled[-1] < len(widths) - 1
        narrow.append(bool(inside and np.max(ends) < CUT_WIDTH * np.max(widths)))
    rows, columns = narrow
    if not rows and not columns:
        return extents[0] < extents[1], extents[0] >= extents[1]
    return rows, columns


def _shared_structure(
    blocks: Float32Array, air: BoolArray, band: BoolArray, axis: int
) -> FloatArray:
    """Root of the structure that neighbours across `axis` share, by slice, in grey levels."""
    values = np.moveaxis(blocks, axis, 2)
    clear, judged = np.moveaxis(air, axis, 2), np.moveaxis(band, axis, 2)
    excess = values[:, :, 1:-1] - (values[:, :, 2:] + values[:, :, :-2]) / 2
    known = judged[:, :, 1:-1] & clear[:, :, 2:] & clear[:, :, :-2]
    pairs = known[:, 1:] & known[:, :-1]
    products = np.where(pairs, excess[:, 1:] * excess[:, :-1], 0).sum(axis=(1, 2), dtype=float)
    n_pairs = pairs.sum(axis=(1, 2))
    squares = np.where(known, excess**2, 0).sum(axis=(1, 2), dtype=float)
    spread = squares / np.maximum(known.sum(axis=(1, 2)), 1)
    # what noise alone would reach by chance is taken off; 1.5 is the variance of the excess over
    # that of independent blocks
    surplus = (products - CHANCE * spread * np.sqrt(n_pairs)) / np.maximum(n_pairs, 1) / 1.5
    return np.where(n_pairs >= LEAST_PAIRS, np.sqrt(np.maximum(surplus, 0)), np.nan)


def find_worst(scores: FloatArray) -> tuple[float, int]:
    """Score of the whole stack, with the direction it comes from.

    Parameters
    ----------
    scores : ndarray of shape (n_slices, 2), float64
        As `score_ghosts` returns them.

    Returns
    -------
    score : float
        What two neighbouring slices reach, for a vessel crosses several; the slice's own score
        where there is only one; 0 where no air could be judged.
    direction : int
        Index in `DIRECTIONS`.

    Examples
    --------
    >>> find_worst(np.array([[np.nan, 0.09], [np.nan, 0.01], [np.nan, 0.02], [np.nan, 0.03]]))
    (0.02, 1)
    """
    known = np.nan_to_num(scores)  # no air to look at is no evidence
    pairs = np.minimum(known[1:], known[:-1]) if len(known) > 1 else known
    place, direction = divmod(int(np.argmax(pairs)), 2)
    return float(pairs[place, direction]), direction
