"""Ghosting inside the leg: one shape that comes back at equal steps along an axis.

A pulse has harmonics, and its copies stand at one, two and three times the same displacement
[1]_, all with the shape of the vessel. Anatomy has edges that look alike, and pairs of them; three
patches of one shape at equal steps, over more than one slice, it hardly has.

.. [1] Wood ML, Henkelman RM. MR image artifacts from periodic motion. Med Phys 1985;12(2):143-151.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from scipy import ndimage

from mrnet_features.data.audit.blocks import BoolArray, Float32Array, Uint8Array, block_means
from mrnet_features.data.audit.ghosts import BLOCKS, USUAL_PAIRS, FloatArray

SMOOTH = 7  # blocks along and across; what is smoother than that, straight lines included, goes
STRONGEST = 0.5  # of the leg's grey level; brighter detail counts no more than that
REACH = 2  # blocks from the middle of a patch to its edge
FAINTEST = 0.04  # of the leg's grey level, root mean square of a patch that has a shape
ALIKE = 0.65  # correlation of two patches from which they are one shape
STEPS = range(6, 25)  # blocks; closer repeats are texture, for farther ones a leg has no room
UNEQUAL = 5  # blocks, and one fewer, by which a second step differs for comparison
SURPLUS = 1.5  # times what unequal steps give is taken off: texture is like itself at any step


def score_repeats(grey: Uint8Array, foreground: BoolArray) -> FloatArray:
    """Shape that repeats at equal steps inside the leg, by slice and direction of the steps.

    In blocks of 1/64 of the slice, detail is what differs from its surroundings along the axis
    and across it, so that straight edges along either are gone. Patches of 5 x 5 blocks whose
    detail correlates with that of the patch one step on, and that with the patch two steps on,
    give the smaller of both covariances. What they give beyond patches at unequal steps, which
    coarse texture has just as many of, counts, for the step with the most.

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
        columns as `DIRECTIONS`. 0 where nothing repeats.

    Examples
    --------
    Three spots below each other, 24 pixels apart:

    >>> grey = np.full((1, 128, 128), 100, np.uint8)
    >>> foreground = np.ones(grey.shape, dtype=bool)
    >>> for row in (30, 54, 78):
    ...     grey[0, row : row + 6, 60:66] = 160
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
        shared = _sum_chains(padded, powers, np.array(STEPS))
        scores[:, axis - 1] = np.sqrt(_confirm_steps(shared).max(axis=1) / USUAL_PAIRS)
    return scores


def _confirm_steps(sums: FloatArray) -> FloatArray:
    """Of each slice and step, what a neighbouring slice shows at that step too.

    The heart beats as fast for the next slice: its copies are as far apart, to a block.
    """
    if len(sums) == 1:
        return sums
    about = ndimage.maximum_filter1d(sums, 3, axis=1, mode="constant")
    beside = np.zeros_like(sums)
    beside[1:] = about[:-1]
    beside[:-1] = np.maximum(beside[:-1], about[1:])
    return np.minimum(sums, beside)


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
def _sum_chain(one: Float32Array, other: Float32Array, step: int, next_step: int) -> float:
    """Sum of the smaller of both covariances, the second one `step` farther down."""
    total = np.float32(0)
    for y in range(one.shape[0] - step - next_step):
        for x in range(one.shape[1]):
            total += min(one[y, x], other[y + step, x])
    return float(total)


@njit(cache=True, nogil=True, fastmath=True)  # type: ignore[untyped-decorator]
def _sum_chains(
    detail: Float32Array, power: Float32Array, steps: np.ndarray[Any, np.dtype[np.int64]]
) -> FloatArray:
    """Surplus of chains of three patches at equal steps over those at unequal ones.

    By slice and step along axis 1; a chain is the smaller covariance of its two pairs. A copy may
    be darker than its surroundings where another is brighter: signs don't count. `detail` has a
    margin of `REACH` zeros around what `power` covers.
    """
    n_slices, length, width = power.shape
    sums = np.zeros((n_slices, len(steps)))
    covariance = np.zeros((len(steps), length, width), dtype=np.float32)
    for z in range(n_slices):
        for k in range(len(steps)):
            _match_patches(detail[z], power[z], steps[k], covariance[k])
        for k in range(len(steps)):
            equal = _sum_chain(covariance[k], covariance[k], steps[k], steps[k])
            unequal = 0.0
            for j in range(k - UNEQUAL, k + UNEQUAL + 1):
                if equal > 0 and 0 <= j < len(steps) and abs(j - k) >= UNEQUAL - 1:
                    chain = _sum_chain(covariance[k], covariance[j], steps[k], steps[j])
                    unequal = max(unequal, chain)
            sums[z, k] = max(equal - SURPLUS * unequal, 0.0)
    return sums
