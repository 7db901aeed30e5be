"""Where in a stack the knee is: foreground, knee box, joint line, slice positions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mrnet_features.arrays import Array, BoolArray, Int64Array, UInt8Array, namespace
from mrnet_features.stacks.exam_slices import Layout, lay_out
from mrnet_features.stacks.joint_line import count_changes
from mrnet_features.stacks.otsu import find_brightness, find_thresholds
from mrnet_features.stacks.outlines import fill_outlines
from mrnet_features.stacks.pixel_passes import count_grey, count_lines, draw_outline, sum_blocks

COARSE_SIDE = 64  # blocks on the shorter side of a slice where the outline is found
JOINT_PLACE, JOINT_SPREAD = 0.57, 0.08  # of the joint line, in heights of the knee box
BOX_TAIL = 0.01  # fraction of the foreground that may lie outside each side of the knee box


class Box(NamedTuple):
    """A box in the plane of the slices, in pixels; ``stop`` is one past the last.

    Attributes
    ----------
    row_start, row_stop, column_start, column_stop : int
    """

    row_start: int
    row_stop: int
    column_start: int
    column_stop: int


def find_foreground(grey: UInt8Array) -> BoolArray:
    """Mask of the leg: everything that is not air, dark bone and tendon inside included.

    Air and tissue are parted by Otsu's threshold [1]_ over the whole stack, on the logarithm
    of block means: without the logarithm dark muscle, or fat-suppressed marrow, falls to the
    side of the air; block means keep noise out. In each slice the outline is closed and filled;
    pieces smaller than a quarter of the slice's largest are dropped.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
        Grey levels 0 to 255.

    Returns
    -------
    ndarray of shape (n_slices, height, width), bool
        All False where the stack is constant: there is nothing to part.

    References
    ----------
    .. [1] Otsu N. A threshold selection method from gray-level histograms. IEEE Trans Syst Man
       Cybern 1979;9(1):62-66.
    """
    found: BoolArray = find_foregrounds(grey, lay_out((0,), grey))
    return found


def find_foregrounds(grey: Array, layout: Layout) -> Array:
    """Masks of the legs of stacks laid end to end, each found by itself.

    Parameters
    ----------
    grey : array of shape (n_slices, height, width), uint8
        Grey levels 0 to 255. Contiguous.
    layout : Layout
        Which slices are whose.

    Returns
    -------
    array of shape (n_slices, height, width), bool
        As `find_foreground` has them.
    """
    xp = namespace(grey)
    _, height, width = grey.shape
    side = max(1, min(height, width) // COARSE_SIDE)
    rows, columns = _cut_evenly(height, side), _cut_evenly(width, side)
    areas = np.outer(np.diff(rows), np.diff(columns))
    mean, log_mean = find_brightness(sum_blocks(grey, rows, columns), areas)
    # an eight-bit scale is ample for a threshold between air and tissue
    highest = layout.max(xp.max(log_mean, axis=(1, 2)))
    scale = 255 / xp.where(highest > 0, highest, xp.ones_like(highest))
    scaled = xp.astype(xp.round(log_mean * layout.spread(scale)), xp.uint8)
    blocks = count_grey(scaled, xp.ones_like(scaled), layout.owner, layout.n_stacks)
    # where all are alike, or hardly differ, none lies above: they are no air and tissue
    coarse = scaled > layout.spread(find_thresholds(blocks))
    inside = fill_outlines(coarse)
    if side == 1:
        return inside
    # Blocks decide what is leg; pixels decide where its rim runs.
    bright = xp.where(coarse, mean, xp.full_like(mean, 255.0))
    least = xp.ceil(9 * layout.min(xp.min(bright, axis=(1, 2))))
    its_least = xp.take(xp.astype(least, xp.int32), layout.owner)
    return draw_outline(grey, inside, rows, columns, its_least)


def find_knee_box(regions: UInt8Array) -> Box:
    """Smallest box that holds the knee, but for a thin tail on each side.

    Parameters
    ----------
    regions : ndarray of shape (n_slices, height, width), uint8
        0 outside, r inside region r.

    Returns
    -------
    Box
        The whole slice where no pixel lies in a region.
    """
    return Box(*find_knee_boxes(regions, lay_out((0,), regions))[0].tolist())


def find_knee_boxes(regions: Array, layout: Layout) -> Array:
    """Knee boxes of stacks laid end to end.

    Parameters
    ----------
    regions : array of shape (n_slices, height, width), uint8
        0 outside, r inside region r.
    layout : Layout
        Which slices are whose.

    Returns
    -------
    array of shape (n_stacks, 4), int32
        As `Box` has them.
    """
    xp = namespace(regions)
    bounds: list[Array] = []
    for lines in count_lines(regions, layout.owner, layout.n_stacks):
        share = xp.cumulative_sum(lines, axis=1)
        total = share[:, -1:]
        share = share / xp.where(total > 0, total, xp.ones_like(total))
        start = xp.sum(xp.astype(share <= BOX_TAIL, xp.int32), axis=1)
        stop = xp.sum(xp.astype(share < 1 - BOX_TAIL, xp.int32), axis=1) + 1
        is_empty = total[:, 0] == 0
        size = xp.full_like(stop, lines.shape[1])
        bounds += [xp.where(is_empty, xp.zeros_like(start), start), xp.where(is_empty, size, stop)]
    return xp.astype(xp.stack(bounds, axis=1), xp.int32)


def find_joint_row(grey: UInt8Array, box: Box) -> int:
    """Row of the joint line between femur and tibia.

    The ends of both bones, cartilage and menisci lie there as level layers of different grey, on
    every sequence: no other row of a knee changes so much from line to line along so many
    columns. Grey levels are summed over short stretches of a row, so that noise and steep edges
    cancel, and their changes downwards are added up over the middle of the stack. A prior keeps to
    the middle of the knee box, where the joint line lies in an image of a knee.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
        Coronal or sagittal slices, the femur on top.
    box : Box
        The knee box.

    Returns
    -------
    int
        Row of the picture. Where nothing changes, the row where the prior is highest.
    """
    changes = count_changes(grey, np.array([box], np.int32), lay_out((0,), grey))
    return choose_joint_row(changes[0], box)


def choose_joint_row(changes: Int64Array, box: Box) -> int:
    """Row of the joint line, given how much each row changes.

    Parameters
    ----------
    changes : ndarray of shape (height,), int64
        Of each row of the picture, as `count_changes` returns them.
    box : Box
        The knee box.

    Returns
    -------
    int
        As `find_joint_row` has it.
    """
    # whole numbers until here, so that mirrored and reversed stacks give the very same row
    change, height = changes[box.row_start : box.row_stop], box.row_stop - box.row_start
    place = (np.arange(height) + 0.5) / height
    prior = np.exp(-0.5 * ((place - JOINT_PLACE) / JOINT_SPREAD) ** 2)
    thickness = 2 * (height // 48) + 1
    layers = np.convolve(change, np.ones(thickness, dtype=np.int64), mode="same")
    score = layers * prior if layers.any() else prior
    return box.row_start + int(np.argmax(score))


def _cut_evenly(length: int, side: int) -> Int64Array:
    """Edges of blocks of about `side` pixels, the same from both ends.

    Blocks that were not would move when the picture is mirrored.
    """
    n_blocks = length // side
    if length % 2 == 1 and n_blocks % 2 == 0:
        n_blocks -= 1  # an odd length has no middle edge
    first_half = np.arange(n_blocks // 2 + 1) * length // n_blocks
    return np.unique(np.concatenate([first_half, (length - first_half)[::-1]]))
