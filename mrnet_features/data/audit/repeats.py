"""Ghosting inside the leg: one shape that comes back at equal steps along an axis.

A pulse has harmonics, and its copies stand at one, two and three times the same displacement
[1]_, all with the shape of the vessel. Anatomy has edges that look alike, and pairs of them; three
patches of one shape at equal steps, and again at the same place on the next slice, it hardly has.

.. [1] Wood ML, Henkelman RM. MR image artifacts from periodic motion. Med Phys 1985;12(2):143-151.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from scipy import ndimage

from mrnet_features.data.audit.blocks import BoolArray, Float32Array, Uint8Array, block_means
from mrnet_features.data.audit.ghosts import BLOCKS, USUAL_SHARED, FloatArray

PLANES = ("sagittal",)  # where vessels run long; on the others anatomy repeats as clearly as copies

SMOOTH = 7  # blocks along and across; what is smoother than that, straight lines included, goes
STRONGEST = 0.5  # of the leg's grey level; brighter detail counts no more than that
REACH = 2  # blocks from the middle of a patch to its edge
FAINTEST = 0.04  # of the leg's grey level, root mean square of a patch that has a shape
ALIKE = 0.65  # correlation of two patches from which they are one shape
STEPS = range(6, 25)  # blocks; closer repeats are texture, for farther ones a leg has no room
NEAR = 2  # blocks by which a vessel, and its copies with it, may move from slice to slice
UNEQUAL = (-5, -4, 4, 5)  # blocks by which a second step differs for comparison
SURPLUS = 1.5  # times what unequal steps give is taken off: texture is like itself at any step

IntArray = np.ndarray[Any, np.dtype[np.int64]]


def score_repeats(grey: Uint8Array, foreground: BoolArray) -> FloatArray:
    """Shape that repeats at equal steps inside the leg, by slice and direction of the steps.

    In blocks of 1/64 of the slice, detail is what differs from its surroundings along the axis
    and across it, so that straight edges along either are gone. A patch of 5 x 5 blocks whose
    detail correlates with that of the patch one step on, and that with the patch two steps on,
    gives the smaller of both covariances, where a neighbouring slice has such a chain at about the
    same place, and no more than that one gives. What such chains add up to beyond those of unequal
    steps, which coarse texture has just as many of, counts, for the step with the most.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
        Grey levels 0 to 255.
    foreground : ndarray of shape (n_slices, height, width), bool
        The leg.

    Returns
    -------
    ndarray of shape (n_slices, 2), float64
        Fraction of the leg's median grey level, spread over 600 blocks as in `score_ghosts`;
        columns as `DIRECTIONS`. 0 where nothing repeats, as on a slice that is the only one.

    Examples
    --------
    Three spots below each other, 24 pixels apart, on two slices:

    >>> grey = np.full((2, 128, 128), 100, np.uint8)
    >>> foreground = np.ones(grey.shape, dtype=bool)
    >>> for row in (30, 54, 78):
    ...     grey[:, row : row + 6, 60:66] = 160
    >>> up_down, left_right = score_repeats(grey, foreground)[0]
    >>> bool(up_down > 0.03), bool(left_right == 0)
    (True, True)
    """
    scores = np.zeros((len(grey), 2))
    if not foreground.any():
        return scores
    side = max(1, min(grey.shape[1:]) // BLOCKS)
    signal = max(float(np.median(grey[foreground])), 1.0)
    blocks = block_means(grey, side) / np.float32(signal)
    inside = block_means(foreground, side) >= 0.5
    # the skin's own edge is no detail
    inside = ndimage.binary_erosion(inside, np.ones((1, 3, 3), dtype=bool))
    for axis in (1, 2):
        detail = np.where(inside, _find_detail(blocks, axis), np.float32(0))
        power = _mean_patches(detail**2)
        lines, powers = (
            np.ascontiguousarray(np.moveaxis(array, axis, 1)) for array in (detail, power)
        )
        padded = np.pad(lines, ((0, 0), (REACH, REACH), (REACH, REACH)))
        sums = _sum_chains(padded, powers, np.array(STEPS), np.array(UNEQUAL), NEAR)
        scores[:, axis - 1] = np.sqrt(sums.max(axis=1) / USUAL_SHARED)
    return scores


def _find_detail(blocks: Float32Array, axis: int) -> Float32Array:
    """What differs from its surroundings along the axis and across it, in parts of the leg."""
    detail = blocks
    for along in (axis, 3 - axis):
        detail = detail - ndimage.uniform_filter1d(detail, SMOOTH, axis=along, mode="nearest")
    return np.clip(detail, -STRONGEST, STRONGEST)


def _mean_patches(array: Float32Array) -> Float32Array:
    """Mean over the patch around each block; nothing lies beyond the rim."""
    size = (1, 2 * REACH + 1, 2 * REACH + 1)
    mean = ndimage.uniform_filter(array, size, mode="constant")
    return np.asarray(np.maximum(mean, 0), dtype=np.float32)


@njit(cache=True, nogil=True, fastmath=True)  # type: ignore[untyped-decorator]
def _match_patches(
    detail: Float32Array, power: Float32Array, step: int, covariance: Float32Array
) -> None:
    """Write each patch's covariance with the one `step` farther down, 0 where they differ."""
    length, width = power.shape
    side = 2 * REACH + 1
    least = np.float32(FAINTEST**2)
    alike = np.float32((ALIKE * side * side) ** 2)
    for y in range(length - step):
        for x in range(width):
            covariance[y, x] = 0
            one, other = power[y, x], power[y + step, x]
            if one < least or other < least:
                continue
            total = np.float32(0)
            for row in range(y, y + side):
                for column in range(x, x + side):
                    total += detail[row, column] * detail[row + step, column]
            if total * total > alike * one * other:
                covariance[y, x] = abs(total) / np.float32(side * side)


@njit(cache=True, nogil=True, fastmath=True)  # type: ignore[untyped-decorator]
def _find_about(chains: Float32Array, y: int, x: int, near: int) -> np.float32:
    """Highest chain of a slice about a place."""
    length, width = chains.shape
    highest = np.float32(0)
    for v in range(max(y - near, 0), min(y + near + 1, length)):
        for u in range(max(x - near, 0), min(x + near + 1, width)):
            highest = max(highest, chains[v, u])
    return highest


@njit(cache=True, nogil=True, fastmath=True)  # type: ignore[untyped-decorator]
def _sum_confirmed(
    one: Float32Array, other: Float32Array, step: int, near: int, sums: FloatArray
) -> None:
    """Write each slice's sum of the chains that a neighbouring slice confirms.

    `one` are the covariances of a first step of `step` blocks, `other` those of a second one.
    """
    n_slices, length, width = one.shape
    chains = np.zeros((n_slices, length, width), dtype=np.float32)
    for z in range(n_slices):
        for y in range(length - step):
            for x in range(width):
                chains[z, y, x] = min(one[z, y, x], other[z, y + step, x])
    for z in range(n_slices):
        sums[z] = 0
        for y in range(length - step):
            for x in range(width):
                if chains[z, y, x] > 0:
                    beside = np.float32(0)
                    if z > 0:
                        beside = _find_about(chains[z - 1], y, x, near)
                    if z + 1 < n_slices:
                        beside = max(beside, _find_about(chains[z + 1], y, x, near))
                    sums[z] += min(chains[z, y, x], beside)


@njit(cache=True, nogil=True, fastmath=True)  # type: ignore[untyped-decorator]
def _sum_chains(
    detail: Float32Array, power: Float32Array, steps: IntArray, unequal: IntArray, near: int
) -> FloatArray:
    """Surplus of chains of three patches at equal steps over those at unequal ones.

    By slice and step along axis 1. A copy may be darker than its surroundings where another is
    brighter: signs don't count. `detail` has a margin of `REACH` zeros around what `power` covers.
    """
    n_slices, length, width = power.shape
    sums = np.zeros((n_slices, len(steps)))
    covariance = np.zeros((len(steps), n_slices, length, width), dtype=np.float32)
    for k in range(len(steps)):
        for z in range(n_slices):
            _match_patches(detail[z], power[z], steps[k], covariance[k, z])
    equal, other, most = np.zeros(n_slices), np.zeros(n_slices), np.zeros(n_slices)
    for k in range(len(steps)):
        _sum_confirmed(covariance[k], covariance[k], steps[k], near, equal)
        most[:] = 0
        for more in unequal:
            if np.any(equal > 0) and 0 <= k + more < len(steps):
                _sum_confirmed(covariance[k], covariance[k + more], steps[k], near, other)
                most = np.maximum(most, other)
        sums[:, k] = np.maximum(equal - SURPLUS * most, 0)
    return sums
