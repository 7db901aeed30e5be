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
CHANCE_STEPS = 3.0  # times what the usual step gives is taken off the best one


def score_repeats(grey: Uint8Array, foreground: BoolArray) -> FloatArray:
    """Shape that repeats at equal steps inside the leg, by slice and direction of the steps.

    In blocks of 1/64 of the slice, detail is what differs from its surroundings along the axis
    and across it, so that straight edges along either are gone. Patches of 5 x 5 blocks whose
    detail correlates with that of the patch one step on, and that with the patch two steps on,
    give the smaller of both covariances; the step with the largest sum counts, against the others.

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
        # copies repeat at one step; coarse texture, which is like itself by chance, at any
        surplus = shared.max(axis=1) - CHANCE_STEPS * shared.mean(axis=1)
        scores[:, axis - 1] = np.sqrt(np.maximum(surplus, 0) / USUAL_PAIRS)
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
def _sum_chains(
    detail: Float32Array, power: Float32Array, steps: np.ndarray[Any, np.dtype[np.int64]]
) -> FloatArray:
    """Sum of the smaller covariance over chains of three patches along axis 1, by slice and step.

    A copy may be darker than its surroundings where another is brighter: signs don't count.
    `detail` has a margin of `REACH` zeros around what `power` covers.
    """
    n_slices, length, width = power.shape
    side = 2 * REACH + 1
    least = np.float32(FAINTEST**2)
    alike = np.float32((ALIKE * side * side) ** 2)
    sums = np.zeros((n_slices, len(steps)))
    covariance = np.empty((length, width), dtype=np.float32)
    for z in range(n_slices):
        for k in range(len(steps)):
            step = steps[k]
            for y in range(length - step):
                for x in range(width):
                    covariance[y, x] = 0
                    one, other = power[z, y, x], power[z, y + step, x]
                    if one < least or other < least:
                        continue
                    total = np.float32(0)
                    for row in range(y, y + side):
                        for column in range(x, x + side):
                            total += detail[z, row, column] * detail[z, row + step, column]
                    if total * total > alike * one * other:
                        covariance[y, x] = abs(total) / np.float32(side * side)
            for y in range(length - 2 * step):
                for x in range(width):
                    sums[z, k] += min(covariance[y, x], covariance[y + step, x])
    return sums
