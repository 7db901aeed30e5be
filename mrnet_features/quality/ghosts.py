"""Ghosting: faint displaced copies of the leg or its vessels, seen where only air should be.

What moves between two lines of k-space (pulsating vessels, a shaking leg) comes back displaced
along the phase-encoding direction [1]_. Inside the leg a copy hides among anatomy; in the air
beside it nothing else has a shape, and none that lasts from slice to slice or, where the leg runs
along the slice, from row to row. The air in line with the leg along one axis of the picture is
therefore the place to look, and the axis is that of the copies.

.. [1] Wood ML, Henkelman RM. MR image artifacts from periodic motion. Med Phys 1985;12(2):143-151.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import ndimage

from mrnet_features.arrays import BoolArray, Float32Array, Float64Array, UInt8Array
from mrnet_features.names import PLANES
from mrnet_features.quality.thumbnails import block_means

DIRECTIONS = ("up-down", "left-right")  # of the picture; the axes 1 and 2 of a stack

BLOCKS = 64  # on the shorter side of a slice: noise averages out, a vessel's copy does not
GAP = 2  # blocks of air next to the skin that partial volume and the coil's glow may reach
LEAST_SHARED = 12  # blocks of air in both of two slices or rows; with fewer nothing is judged
USUAL_SHARED = 600  # energy is spread over so many at least: little air must not make much of it
FADING = 10  # blocks at the ends of a leg that runs on, where it may be as dark as air
OUTLINE = 9  # slices of which the leg's outline must be in more than half
DOWN = 4  # blocks between two rows; noise that was interpolated is like itself over fewer
LASTING = 8  # pairs of slices over which faint copies at one place are added up
CHANCE = 4.0  # standard errors of what independent noise shares: products have long tails
PRODUCT_VARIANCE = 1.94  # of a sum of products, whose excesses share blocks, over independent ones
EXCESS_VARIANCE = 1.5  # over that of independent blocks
NORMAL_MEDIAN = 0.455  # of the square of a standard normal
NUB = 9  # blocks across; what is narrower and sticks out of a round leg is a copy
CORE = 0.15  # of a round leg's extent, left and right of the core


class Ghosts(NamedTuple):
    """Scores of the copies in the air, as fractions of the leg's median grey level.

    Columns are the directions of displacement, as `DIRECTIONS`. NaN where a slice has no leg, or
    too little air in line with it along that axis; up-down on coronal and sagittal slices, whose
    leg runs on beyond the picture, always.

    Attributes
    ----------
    by_slice : ndarray of shape (n_slices, 2), float64
        What a slice shares with the one before or the one after or, where the leg runs along it,
        what its rows share with others some way down; whichever is most.
    lasting : ndarray of shape (2,), float64
        What some nine slices share one after another, added up.
    """

    by_slice: Float64Array
    lasting: Float64Array


def score_ghosts(grey: UInt8Array, foreground: BoolArray, plane: str) -> Ghosts:
    """Structure in the air beside the leg that two slices or two rows share, by its direction.

    In blocks of 1/64 of the slice, the part of the air's grey level that differs from the mean of
    its neighbours along the axis is multiplied by that of the next slice. Noise of two slices
    averages to nothing, a smooth glow has no such part, a copy of a vessel that crosses both
    leaves its energy; the root is taken against the leg's grey level. A vessel may lie in one
    coronal or sagittal slice alone, and its copies with it: there, rows of one slice are
    multiplied as well.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
        Grey levels 0 to 255.
    foreground : ndarray of shape (n_slices, height, width), bool
        The leg.
    plane : {"axial", "coronal", "sagittal"}
        On axial slices air surrounds the leg. On the others it runs through the picture from top
        to bottom, and no air lies beyond its ends.

    Returns
    -------
    Ghosts
        Energy is spread over 600 blocks or, where two slices or the rows of one share more air,
        all of it.

    Raises
    ------
    ValueError
        If `plane` is none of the three.

    Examples
    --------
    A leg, and on two slices a copy of its bright vessel displaced to the right:

    >>> grey = np.full((2, 128, 128), 2, np.uint8)
    >>> grey[:, :, 40:80] = 100
    >>> foreground = grey > 50
    >>> grey[:, 30:90, 100:104] = 30
    >>> up_down, left_right = score_ghosts(grey, foreground, "sagittal").by_slice[0]
    >>> bool(np.isnan(up_down)), bool(left_right > 0.02)
    (True, True)
    """
    if plane not in PLANES:
        raise ValueError(f"`plane` must be one of {PLANES}, got {plane!r}.")
    scores = Ghosts(np.full((len(grey), 2), np.nan), np.full(2, np.nan))
    if not foreground.any():
        return scores
    side = max(1, min(grey.shape[1:]) // BLOCKS)
    signal = max(float(np.median(grey[foreground])), 1.0)
    blocks = block_means(grey, side) / np.float32(signal)
    leg = block_means(_find_outline(foreground), side) > 0
    if plane == "axial":
        # A vessel's copies are at one place on all slices: leg is what has a width.
        leg = _drop_narrow(_drop_narrow(leg, 1), 2)
    air = ~_widen(leg)
    air[:, [0, -1]] = False  # the rim of the picture may hold the scanner's own edge
    air[:, :, [0, -1]] = False
    for axis, excess in _find_excesses(blocks, leg, air, plane).items():
        shares = _share_slices(excess)
        pairs = _score_windows(shares, 1)
        by_slice = scores.by_slice[:, axis - 1]
        by_slice[:-1] = pairs
        by_slice[1:] = np.fmax(by_slice[1:], pairs)
        if plane != "axial":
            # A slice whose leg lies elsewhere than on its neighbours is no copy: its rows are
            # compared beyond its own leg alone.
            own = _widen(block_means(foreground, side) > 0)
            beyond = excess._replace(known=excess.known & ~own[:, :, 1:-1])
            by_slice[:] = np.fmax(by_slice, _score_windows(_share_rows(beyond), 1))
        for value in _score_windows(shares, LASTING):
            scores.lasting[axis - 1] = np.fmax(scores.lasting[axis - 1], value)
    return scores


def _find_outline(foreground: BoolArray) -> BoolArray:
    """What most of the neighbouring slices show, whatever one of them does.

    A bright copy close to the skin is taken for leg on a few slices only, and on a few the leg has
    holes. At the ends of a stack, where the leg may be wider than beyond, a slice's own leg counts.
    """
    shown = foreground.astype(np.float32)
    inner, ends = (
        ndimage.uniform_filter1d(shown, OUTLINE, axis=0, mode=mode) > 0.5
        for mode in ("mirror", "nearest")
    )
    outline: BoolArray = inner | (foreground & ends)
    return outline


def _widen(leg: BoolArray) -> BoolArray:
    """The leg and the blocks next to its skin."""
    near: BoolArray = ndimage.binary_dilation(
        leg, np.ones((1, 2 * GAP + 1, 2 * GAP + 1), dtype=bool)
    )
    return near


class _Excess(NamedTuple):
    """What blocks of a band of air differ by from their neighbours along the last axis."""

    values: Float32Array
    """Of shape (n_slices, lines, places)."""
    known: BoolArray
    """Where there is air to tell, of the same shape."""
    noise: Float64Array
    """Variance of the values by slice, of shape (n_slices,)."""


def _find_excesses(
    blocks: Float32Array, leg: BoolArray, air: BoolArray, plane: str
) -> dict[int, _Excess]:
    """Excess of the air that may hold copies displaced along an axis, by axis."""
    if plane != "axial":
        band = air & leg.any(axis=2, keepdims=True)
        # where the coil's reach ends, a leg that runs on is as dark as air
        band[:, :FADING] = band[:, -FADING:] = False
        return {2: _find_excess(blocks, air, band, 2)}
    # Air that is in line with the core of a round leg along one axis tells the direction. The
    # corners are in line with its sides along both, and go with the axis that shows more.
    cores = {axis: _find_core(leg, axis) for axis in (1, 2)}
    excesses = {axis: _find_excess(blocks, air, air & cores[axis], axis) for axis in (1, 2)}
    shown = {axis: _share_slices(excesses[axis]).energy.sum() for axis in (1, 2)}
    corners = air & leg.any(axis=1, keepdims=True) & leg.any(axis=2, keepdims=True)
    corners &= ~cores[1] & ~cores[2]
    for axis in (1, 2):
        if shown[axis] >= shown[3 - axis]:
            excesses[axis] = _find_excess(blocks, air, (air & cores[axis]) | corners, axis)
    return excesses


def _find_excess(blocks: Float32Array, air: BoolArray, band: BoolArray, axis: int) -> _Excess:
    values = np.moveaxis(blocks, axis, 2)
    clear, judged = np.moveaxis(air, axis, 2), np.moveaxis(band, axis, 2)
    excess = values[:, :, 1:-1] - (values[:, :, 2:] + values[:, :, :-2]) / 2
    known = judged[:, :, 1:-1] & clear[:, :, 2:] & clear[:, :, :-2]
    # read from the quieter half of the blocks, so that copies don't pass for noise
    noise = np.array([_median(excess[k][known[k]] ** 2) for k in range(len(blocks))])
    return _Excess(np.asarray(excess, dtype=np.float32), known, noise / NORMAL_MEDIAN)


def _find_core(leg: BoolArray, axis: int) -> BoolArray:
    """Lines along `axis` through the middle of the leg's extent, by slice."""
    filled = leg.any(axis=axis)
    size = filled.shape[1]
    first = np.argmax(filled, axis=1)[:, None]
    last = size - 1 - np.argmax(filled[:, ::-1], axis=1)[:, None]
    margin = CORE * (last - first)
    line = np.arange(size)
    return np.expand_dims(filled & (line >= first + margin) & (line <= last - margin), axis)


def _drop_narrow(leg: BoolArray, axis: int) -> BoolArray:
    """The leg without its runs of fewer than 9 blocks along `axis`; beyond the rim it runs on."""
    lines = np.moveaxis(leg, axis, 2)
    lines = np.pad(lines, ((0, 0), (0, 0), (NUB, NUB)), mode="edge")
    starts = _sum_windows(lines, NUB) == NUB
    starts = np.pad(starts, ((0, 0), (0, 0), (NUB - 1, NUB - 1)))
    kept = _sum_windows(starts, NUB)[:, :, NUB:-NUB] > 0
    return np.moveaxis(kept, 2, axis)


def _sum_windows(lines: BoolArray, width: int) -> np.ndarray[Any, np.dtype[np.int16]]:
    """Sums over each window of `width` along the last axis."""
    total = np.cumsum(np.pad(lines, ((0, 0), (0, 0), (1, 0))), axis=2, dtype=np.int16)
    return total[:, :, width:] - total[:, :, :-width]


class _Shares(NamedTuple):
    """What slices share with the next, or their rows with others: arrays by pair or by slice."""

    energy: Float64Array
    """Sum of the products of both excesses."""
    variance: Float64Array
    """Of that sum, were what only one of the two shows all there is beside independent noise."""
    n_blocks: Float64Array


def _share_slices(excess: _Excess) -> _Shares:
    """What each slice shares with the next, of shape (n_slices - 1,)."""
    values, known, noise = excess
    return _share_energy(
        _Excess(values[1:], known[1:], noise[1:]), _Excess(values[:-1], known[:-1], noise[:-1])
    )


def _share_rows(excess: _Excess) -> _Shares:
    """What each slice's rows share with those some way down, of shape (n_slices,)."""
    values, known, noise = excess
    return _share_energy(
        _Excess(values[:, DOWN:], known[:, DOWN:], noise),
        _Excess(values[:, :-DOWN], known[:, :-DOWN], noise),
    )


def _share_energy(one: _Excess, other: _Excess) -> _Shares:
    both = one.known & other.known
    n_blocks = both.sum(axis=(1, 2)).astype(float)
    ones, others = np.where(both, one.values, 0), np.where(both, other.values, 0)
    energy = (ones * others).sum(axis=(1, 2), dtype=float)
    # whatever one of the two shows multiplies the noise of the other
    shown = other.noise * (ones**2).sum(axis=(1, 2)) + one.noise * (others**2).sum(axis=(1, 2))
    noise = one.noise * other.noise * n_blocks
    return _Shares(energy, PRODUCT_VARIANCE * np.maximum(shown - noise, noise), n_blocks)


def _median(values: Float32Array) -> float:
    return float(np.median(values)) if values.size else 0.0


def _score_windows(shares: _Shares, n_pairs: int) -> Float64Array:
    """Score of each window of so many pairs or, of rows, slices, or of all; NaN without air.

    The energies add up while the noise of a sum grows with its root alone: what lasts over many
    slices is seen where no two of them would show it.
    """
    known = shares.n_blocks >= LEAST_SHARED
    size = min(n_pairs, len(known))
    if size == 0:
        return np.empty(0)
    spread = np.maximum(shares.n_blocks, USUAL_SHARED)
    parts = np.where(known, shares.energy / spread, 0), np.where(known, shares.variance, 0)
    energy, variance, n_known = (
        np.convolve(part, np.ones(size), "valid")
        for part in (parts[0], parts[1] / spread**2, known.astype(float))
    )
    surplus = np.maximum(energy - CHANCE * np.sqrt(variance), 0) / EXCESS_VARIANCE
    return np.where(n_known > 0, np.sqrt(surplus), np.nan)


def find_worst(scores: Float64Array) -> tuple[float, int]:
    """Highest of the scores, with the direction it comes from.

    Parameters
    ----------
    scores : ndarray of shape (..., 2), float64
        Columns as `DIRECTIONS`.

    Returns
    -------
    score : float
        0 where nothing could be judged.
    direction : int
        Index in `DIRECTIONS`.

    Examples
    --------
    >>> find_worst(np.array([[np.nan, 0.01], [np.nan, 0.02]]))
    (0.02, 1)
    """
    known = np.nan_to_num(scores).reshape(-1, 2)  # no air to look at is no evidence
    if known.size == 0:
        return 0.0, 0
    place, direction = divmod(int(np.argmax(known)), 2)
    return float(known[place, direction]), direction
