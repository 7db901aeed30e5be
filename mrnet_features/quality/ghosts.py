"""Ghosting: faint displaced copies of the leg or its vessels, measured in the air beside the leg.

Anything that moves while k-space is read (pulsating vessels, a moving leg) leaves copies of
itself, displaced along the phase-encoding direction [1]_. Inside the leg a copy is hard to tell
from anatomy. In air it is the only structure: noise differs from slice to slice, and the glow
around the skin is smooth. Copies displaced along an axis of the picture lie in the air in line
with the leg along that axis.

The score of a slice is computed in four steps:

1. Average the slice over blocks of 1/64 of its size, in units of the leg's median grey level.
2. Mark the blocks of air in line with the leg along an axis.
3. Take the local contrast of each: the block minus the mean of its two neighbours on the axis.
4. Multiply it by that of the next slice and sum over the blocks. Independent noise averages out;
   a copy that is on both slices adds its energy. The score is the root of the mean energy.

A vessel in the plane of a coronal or sagittal slice may be on that slice only, and so are its
copies. In these planes, the rows of one slice are multiplied with each other as well.

.. [1] Wood ML, Henkelman RM. MR image artifacts from periodic motion. Med Phys 1985;12(2):143-151.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from scipy import ndimage

from mrnet_features.arrays import BoolArray, Float32Array, Float64Array, UInt8Array
from mrnet_features.names import PLANES
from mrnet_features.quality.thumbnails import block_means

DIRECTIONS = ("up-down", "left-right")
"""Directions of displacement in the picture: axes 1 and 2 of a stack."""

N_BLOCKS = 64  # on the shorter side of a slice: small enough for the copy of a vessel

# where the air is
SKIN_GAP = 2  # blocks next to the leg with partial volume or glow around the coil, not used
OUTLINE_SLICES = 9  # neighbouring slices, of which more than half must show leg
FADING = 10  # blocks at the top and bottom of a long leg, where it may be as dark as air
MIN_WIDTH = 9  # blocks; what is narrower and sticks out of a round leg is a copy
CORE_MARGIN = 0.15  # of a round leg's extent, cut off on either side to get its core

# what is shared
MIN_SHARED = 12  # blocks of air that two slices or rows must share to get a score
NOMINAL_SHARED = 600  # blocks; energy in less air is averaged over this number all the same
ROW_STEP = 4  # blocks between two rows: interpolated noise is correlated over fewer
LASTING_PAIRS = 8  # pairs of consecutive slices over which the energy of faint copies is added

# noise
CHANCE_SDS = 4.0  # SDs of the energy of independent noise, which are subtracted
PRODUCT_VARIANCE = 1.94  # of a sum of products whose contrasts share blocks, over independent ones
CONTRAST_VARIANCE = 1.5  # of a contrast of independent blocks, over the variance of one block
NORMAL_MEDIAN = 0.455  # median of the square of a standard normal


class Ghosts(NamedTuple):
    """Scores of the copies in the air, as fractions of the leg's median grey level.

    The columns are the directions of displacement in `DIRECTIONS`. A score is NaN if the slice has
    no leg or too little air in line with it. Up-down is always NaN on coronal and sagittal slices,
    where the leg extends beyond the picture.

    Attributes
    ----------
    by_slice : ndarray of shape (n_slices, 2), float64
        Highest of what a slice shares with the slice before, what it shares with the slice after
        and, on coronal and sagittal slices, what its rows share.
    lasting : ndarray of shape (2,), float64
        What nine consecutive slices share, added up; the highest over the stack.
    """

    by_slice: Float64Array
    lasting: Float64Array


def score_ghosts(
    grey: UInt8Array,
    foreground: BoolArray,
    plane: str,
    *,
    whole_shape: tuple[int, ...] | None = None,
) -> Ghosts:
    """Score copies in the air that repeat on two slices or rows, per direction.

    The module's first lines describe the computation.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
        Grey levels 0 to 255.
    foreground : ndarray of shape (n_slices, height, width), bool
        The leg.
    plane : {"axial", "coronal", "sagittal"}
        On axial slices, air surrounds the leg. On the others, the leg extends from the top of the
        picture to its bottom, and there is air only to its left and right.
    whole_shape : tuple of int, optional
        Height and width of the pictures that `grey` is a part of, without their frame of padding;
        by default those of `grey`. The blocks are 1/64 of the shorter side of these pictures.

    Returns
    -------
    Ghosts
        The energy is averaged over 600 blocks, or over all shared blocks if there are more.

    Raises
    ------
    ValueError
        If `plane` is not one of the three.

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
        raise ValueError(f"`plane` must be one of {', '.join(PLANES)}, got {plane!r}.")
    scores = Ghosts(np.full((len(grey), 2), np.nan), np.full(2, np.nan))
    if not foreground.any():
        return scores
    side = max(1, min(whole_shape or grey.shape[1:]) // N_BLOCKS)
    signal = max(float(np.median(grey[foreground])), 1.0)
    blocks = block_means(grey, side) / np.float32(signal)
    leg = block_means(_find_outline(foreground), side) > 0
    if plane == "axial":
        # copies of a vessel lie in the same position on all slices and may be taken for leg
        leg = _remove_narrow(_remove_narrow(leg, 1), 2)
    air = ~_widen(leg)
    air[:, [0, -1]] = False  # the scanner may draw an edge around the picture
    air[:, :, [0, -1]] = False
    for axis, contrast in _find_contrasts(blocks, leg, air, plane).items():
        shared = _share_slices(contrast)
        pairs = _score_windows(shared, 1)
        by_slice = scores.by_slice[:, axis - 1]
        by_slice[:-1] = pairs
        by_slice[1:] = np.fmax(by_slice[1:], pairs)
        if plane != "axial":
            # A slice may be displaced against its neighbours. Its own leg is no copy, although it
            # lies outside their outline.
            own_leg = _widen(block_means(foreground, side) > 0)
            beyond = contrast._replace(known=contrast.known & ~own_leg[:, :, 1:-1])
            by_slice[:] = np.fmax(by_slice, _score_windows(_share_rows(beyond), 1))
        for value in _score_windows(shared, LASTING_PAIRS):
            scores.lasting[axis - 1] = np.fmax(scores.lasting[axis - 1], value)
    return scores


def find_highest(scores: Float64Array) -> tuple[float, int]:
    """Highest of the scores and its direction.

    Parameters
    ----------
    scores : ndarray of shape (..., 2), float64
        Columns as `DIRECTIONS`.

    Returns
    -------
    score : float
        0 if there is no score.
    direction : int
        Index in `DIRECTIONS`.

    Examples
    --------
    >>> find_highest(np.array([[np.nan, 0.01], [np.nan, 0.02]]))
    (0.02, 1)
    """
    known = np.nan_to_num(scores).reshape(-1, 2)  # NaN: no air, so no evidence of a ghost
    if known.size == 0:
        return 0.0, 0
    index, direction = divmod(int(np.argmax(known)), 2)
    return float(known[index, direction]), direction


def _find_outline(foreground: BoolArray) -> BoolArray:
    """Leg on more than half of nine neighbouring slices.

    The majority removes bright copies that are taken for leg on a few slices, and holes in the leg.
    At the ends of the stack the leg may be wider than on all neighbours; there, the foreground of
    the slice itself is used too.
    """
    inner, ends = (_find_majority(foreground, mode) for mode in ("reflect", "edge"))
    outline: BoolArray = inner | (foreground & ends)
    return outline


def _find_majority(foreground: BoolArray, mode: Literal["reflect", "edge"]) -> BoolArray:
    """Whether more than half of the nine slices around each slice show leg."""
    half = OUTLINE_SLICES // 2
    padded = np.pad(foreground, ((half, half), (0, 0), (0, 0)), mode).astype(np.uint8)
    count = padded[:OUTLINE_SLICES].sum(axis=0, dtype=np.uint8)
    majority = np.empty(foreground.shape, dtype=bool)
    for k in range(len(foreground)):
        majority[k] = count > half
        if k + 1 < len(foreground):  # a running count: far faster than a filter
            count += padded[k + OUTLINE_SLICES] - padded[k]
    return majority


def _widen(leg: BoolArray) -> BoolArray:
    """The leg and the blocks next to its skin."""
    near = leg.view(np.uint8)
    for axis in (1, 2):
        near = ndimage.maximum_filter1d(near, 2 * SKIN_GAP + 1, axis, mode="constant")
    return near > 0


def _remove_narrow(leg: BoolArray, axis: int) -> BoolArray:
    """The leg without runs of fewer than 9 blocks along an axis; at the border, runs continue."""
    widths = [(0, 0), (0, 0), (0, 0)]
    widths[axis] = (MIN_WIDTH, MIN_WIDTH)
    padded = np.pad(leg, widths, mode="edge").view(np.uint8)
    eroded = ndimage.minimum_filter1d(padded, MIN_WIDTH, axis, mode="constant")
    opened = ndimage.maximum_filter1d(eroded, MIN_WIDTH, axis, mode="constant")
    kept: BoolArray = opened.take(range(MIN_WIDTH, MIN_WIDTH + leg.shape[axis]), axis=axis) > 0
    return kept


def _find_core(leg: BoolArray, axis: int) -> BoolArray:
    """Lines along an axis that pass through the core of the leg, by slice."""
    filled = leg.any(axis=axis)
    size = filled.shape[1]
    first = np.argmax(filled, axis=1)[:, None]
    last = size - 1 - np.argmax(filled[:, ::-1], axis=1)[:, None]
    margin = CORE_MARGIN * (last - first)
    line = np.arange(size)
    return np.expand_dims(filled & (line >= first + margin) & (line <= last - margin), axis)


class _Contrast(NamedTuple):
    """Local contrast of the blocks of air: block minus mean of its two neighbours on an axis."""

    values: Float32Array
    """Of shape (n_slices, n_lines, n_blocks); the axis is the last."""
    known: BoolArray
    """Where the block and both neighbours are air that is used; the same shape."""
    noise: Float64Array
    """Variance of the noise in the values, of shape (n_slices,)."""


def _find_contrasts(
    blocks: Float32Array, leg: BoolArray, air: BoolArray, plane: str
) -> dict[int, _Contrast]:
    """Contrast in the air that may hold copies displaced along an axis, by axis."""
    if plane != "axial":
        beside = air & leg.any(axis=2, keepdims=True)
        # far from the coil, the leg itself is as dark as air
        beside[:, :FADING] = beside[:, -FADING:] = False
        return {2: _measure_contrast(blocks, air, beside, 2)}
    # Air in line with the core of a round leg belongs to one axis. Air in the corners is in line
    # with the sides of the leg along both axes, and is added to the axis with more energy.
    in_line = {axis: leg.any(axis=axis, keepdims=True) for axis in (1, 2)}
    sure = {}
    for axis in (1, 2):
        # the other axis leads from the leg to no block beside its whole extent
        beside = in_line[axis] & ~in_line[3 - axis]
        sure[axis] = air & (_find_core(leg, axis) | beside)
    contrasts = {axis: _measure_contrast(blocks, air, sure[axis], axis) for axis in (1, 2)}
    energy = {axis: _share_slices(contrasts[axis]).energy.sum() for axis in (1, 2)}
    corners = air & in_line[1] & in_line[2] & ~sure[1] & ~sure[2]
    for axis in (1, 2):
        if energy[axis] >= energy[3 - axis]:
            contrasts[axis] = _measure_contrast(blocks, air, sure[axis] | corners, axis)
    return contrasts


def _measure_contrast(
    blocks: Float32Array, air: BoolArray, used: BoolArray, axis: int
) -> _Contrast:
    """Contrast of the used blocks along an axis; their neighbours only need to be air."""
    values = np.moveaxis(blocks, axis, 2)
    is_air, is_used = np.moveaxis(air, axis, 2), np.moveaxis(used, axis, 2)
    contrast = values[:, :, 1:-1] - (values[:, :, 2:] + values[:, :, :-2]) / 2
    known = is_used[:, :, 1:-1] & is_air[:, :, 2:] & is_air[:, :, :-2]
    # from the median, so that copies on few blocks are not counted as noise
    noise = np.array([_median(contrast[k][known[k]] ** 2) for k in range(len(blocks))])
    return _Contrast(np.asarray(contrast, dtype=np.float32), known, noise / NORMAL_MEDIAN)


class _Shared(NamedTuple):
    """Energy that pairs of slices share, or that the rows of a slice share; by pair or slice."""

    energy: Float64Array
    """Sum of the products of both contrasts."""
    variance: Float64Array
    """Variance of that sum if the two shared nothing."""
    n_blocks: Float64Array
    """Number of blocks known in both."""


def _share_slices(contrast: _Contrast) -> _Shared:
    """What each slice shares with the next; arrays of shape (n_slices - 1,)."""
    values, known, noise = contrast
    return _multiply(
        _Contrast(values[1:], known[1:], noise[1:]), _Contrast(values[:-1], known[:-1], noise[:-1])
    )


def _share_rows(contrast: _Contrast) -> _Shared:
    """What the rows of each slice share with the rows 4 blocks below; shape (n_slices,)."""
    values, known, noise = contrast
    return _multiply(
        _Contrast(values[:, ROW_STEP:], known[:, ROW_STEP:], noise),
        _Contrast(values[:, :-ROW_STEP], known[:, :-ROW_STEP], noise),
    )


def _multiply(one: _Contrast, other: _Contrast) -> _Shared:
    """Sum of the products of two contrasts, with its variance."""
    both = one.known & other.known
    n_blocks = both.sum(axis=(1, 2)).astype(float)
    ones, others = np.where(both, one.values, 0), np.where(both, other.values, 0)
    energy = (ones * others).sum(axis=(1, 2), dtype=float)
    # structure in one of the two is multiplied by the noise of the other
    crossed = other.noise * (ones**2).sum(axis=(1, 2)) + one.noise * (others**2).sum(axis=(1, 2))
    noise = one.noise * other.noise * n_blocks
    return _Shared(energy, PRODUCT_VARIANCE * np.maximum(crossed - noise, noise), n_blocks)


def _median(values: Float32Array) -> float:
    return float(np.median(values)) if values.size else 0.0


def _score_windows(shared: _Shared, n_pairs: int) -> Float64Array:
    """Score of each window of `n_pairs` consecutive entries, or of all if there are fewer.

    Energy grows with the number of slices, the SD of its noise with the square root: copies on
    many slices are found where no two slices show them. NaN if no entry shares enough air.
    """
    known = shared.n_blocks >= MIN_SHARED
    size = min(n_pairs, len(known))
    if size == 0:
        return np.empty(0)
    n_averaged = np.maximum(shared.n_blocks, NOMINAL_SHARED)
    energy = np.where(known, shared.energy / n_averaged, 0)
    variance = np.where(known, shared.variance, 0) / n_averaged**2
    energy, variance, n_known = (
        np.convolve(part, np.ones(size), "valid")
        for part in (energy, variance, known.astype(float))
    )
    surplus = np.maximum(energy - CHANCE_SDS * np.sqrt(variance), 0) / CONTRAST_VARIANCE
    return np.where(n_known > 0, np.sqrt(surplus), np.nan)
