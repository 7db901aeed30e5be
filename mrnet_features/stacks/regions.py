"""Where in a stack the knee is: foreground, knee box, joint line, slice positions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import ndimage
from skimage.filters import threshold_otsu

from mrnet_features.stacks.passes import BoolArray, EdgeArray, draw_outline, sum_blocks

Uint8Array = np.ndarray[Any, np.dtype[np.uint8]]

COARSE_SIDE = 64  # blocks on the shorter side of a slice where the outline is found
JOINT_MARGIN = 0.2  # of the knee box's width, left and right of where the joint line is sought
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


def find_foreground(grey: Uint8Array) -> BoolArray:
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
    _, height, width = grey.shape
    side = max(1, min(height, width) // COARSE_SIDE)
    rows, columns = _cut_evenly(height, side), _cut_evenly(width, side)
    means = sum_blocks(grey, rows, columns) / np.outer(np.diff(rows), np.diff(columns))
    log_mean = np.log1p(means)
    if log_mean.min() == log_mean.max():
        return np.zeros(grey.shape, dtype=bool)
    # an eight-bit scale is ample for a threshold between air and tissue
    scaled = np.rint(log_mean * (255 / log_mean.max())).astype(np.uint8)
    lowest, highest = int(scaled.min()), int(scaled.max())
    coarse = scaled > (threshold_otsu(scaled.ravel()) if lowest < highest else highest)
    if not coarse.any():  # grey levels that hardly differ are no air and tissue
        return np.zeros(grey.shape, dtype=bool)
    inside = _fill_outlines(coarse)
    if side == 1:
        return inside
    # Blocks decide what is leg; pixels decide where its rim runs.
    rim = inside & ~_shrink(inside, CROSS)
    outline: BoolArray = draw_outline(grey, inside, rim, rows, columns, float(means[coarse].min()))
    return outline


def find_knee_box(regions: Uint8Array) -> Box:
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
    inside = regions > 0
    bounds: list[int] = []
    for axis, size in ((2, regions.shape[1]), (1, regions.shape[2])):
        share = np.cumsum(inside.sum(axis=(0, axis)))
        if share[-1] == 0:
            bounds += [0, size]
            continue
        share = share / share[-1]
        bounds += [int((share <= BOX_TAIL).sum()), int((share < 1 - BOX_TAIL).sum()) + 1]
    return Box(*bounds)


def find_joint_row(grey: Uint8Array, box: Box) -> int:
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
    height, width = box.row_stop - box.row_start, box.column_stop - box.column_start
    aside, ends = round(JOINT_MARGIN * width), grey.shape[0] // 5
    stretch = 2 * (width // 24) + 1
    middle = grey[
        ends : grey.shape[0] - ends,
        box.row_start : box.row_stop,
        box.column_start + aside : box.column_stop - aside,
    ]
    place = (np.arange(height) + 0.5) / height
    prior = np.exp(-0.5 * ((place - JOINT_PLACE) / JOINT_SPREAD) ** 2)
    change = np.zeros(height, dtype=np.int64)
    if height > 2 and middle.shape[2] >= stretch:
        along = np.cumsum(middle, axis=2, dtype=np.int32)
        sums = along[:, :, stretch - 1 :].copy()
        sums[:, :, 1:] -= along[:, :, :-stretch]
        change[1:-1] = np.abs(sums[:, 2:] - sums[:, :-2]).sum(axis=(0, 2), dtype=np.int64)
    # whole numbers until here, so that mirrored and reversed stacks give the very same row
    thickness = 2 * (height // 48) + 1
    layers = np.convolve(change, np.ones(thickness, dtype=np.int64), mode="same")
    score = layers * prior if layers.any() else prior
    return box.row_start + int(np.argmax(score))


def _cut_evenly(length: int, side: int) -> EdgeArray:
    """Edges of blocks of about `side` pixels, the same from both ends.

    Blocks that were not would move when the picture is mirrored.
    """
    n_blocks = length // side
    if length % 2 == 1 and n_blocks % 2 == 0:
        n_blocks -= 1  # an odd length has no middle edge
    first_half = np.arange(n_blocks // 2 + 1) * length // n_blocks
    return np.unique(np.concatenate([first_half, (length - first_half)[::-1]]))


def _fill_outlines(masks: BoolArray) -> BoolArray:
    """Each slice's tissue with its gaps closed, its holes filled and its specks dropped."""
    # A bone that leaves the picture is a bay, not a hole: the rim of the picture counts as tissue
    # only while closing, so that padding with the edge's own values shuts such bays.
    wide = np.pad(masks, ((0, 0), (3, 3), (3, 3)), mode="edge")
    for change in (_grow, _grow, _shrink, _shrink):
        wide = change(wide, CROSS)
    closed = wide[:, 3:-3, 3:-3] | masks
    filled = closed | find_holes(closed)
    if min(masks.shape[1:]) > 4:
        filled = _grow(_shrink(filled, SQUARE), SQUARE)
    return _drop_specks(filled)


CROSS, SQUARE = ("rows", "columns"), ("rows", "columns", "diagonals")  # around a pixel


def _grow(masks: BoolArray, around: Sequence[str]) -> BoolArray:
    """Masks with the pixels around theirs; a margin keeps lines and slices apart."""
    wide = np.pad(masks, ((0, 0), (1, 1), (1, 1)))
    width = wide.shape[2]
    steps = {"rows": (width,), "columns": (1,), "diagonals": (width - 1, width + 1)}
    flat = wide.reshape(-1)
    grown = flat.copy()
    for way in around:
        for step in steps[way]:
            grown[step:] |= flat[:-step]
            grown[:-step] |= flat[step:]
    return grown.reshape(wide.shape)[:, 1:-1, 1:-1]


def _shrink(masks: BoolArray, around: Sequence[str]) -> BoolArray:
    """Masks without what lies around a pixel that is in none; beyond the picture none is."""
    outside = np.pad(~masks, ((0, 0), (1, 1), (1, 1)), constant_values=True)
    return ~_grow(outside, around)[:, 1:-1, 1:-1]


_PLANE_CROSS = np.array(
    [[[0, 0, 0]] * 3, [[0, 1, 0], [1, 1, 1], [0, 1, 0]], [[0, 0, 0]] * 3], dtype=bool
)


def find_holes(masks: BoolArray) -> BoolArray:
    """Pixels of each slice that can't be left along rows and columns without crossing the mask.

    Parameters
    ----------
    masks : ndarray of shape (n_slices, height, width), bool

    Returns
    -------
    ndarray of shape (n_slices, height, width), bool
        Without the mask's own pixels.

    Examples
    --------
    >>> ring = np.array([[[1, 1, 1], [1, 0, 1], [1, 1, 1]]], bool)
    >>> find_holes(ring).sum()
    np.int64(1)
    """
    outside = np.pad(~masks, ((0, 0), (1, 1), (1, 1)), constant_values=True)
    pieces, n_pieces = ndimage.label(outside, _PLANE_CROSS)
    is_hole = np.ones(n_pieces + 1, dtype=bool)
    is_hole[pieces[:, 0, 0]] = False  # the margin of a slice is one piece
    is_hole[0] = False
    return np.asarray(is_hole[pieces[:, 1:-1, 1:-1]])


def _drop_specks(masks: BoolArray) -> BoolArray:
    """Masks without the pieces smaller than a quarter of their slice's largest."""
    pieces, n_pieces = ndimage.label(masks, _PLANE_CROSS)
    sizes = np.bincount(pieces.ravel(), minlength=n_pieces + 1)
    # pieces are numbered in the order of their first pixels, slice by slice
    newest = np.maximum.accumulate(pieces.max(axis=(1, 2)))
    keep = np.zeros(n_pieces + 1, dtype=bool)
    for first, last in zip(np.concatenate([[0], newest[:-1]]), newest, strict=True):
        of_slice = slice(first + 1, last + 1)
        keep[of_slice] = 4 * sizes[of_slice] >= np.max(sizes[of_slice], initial=0)
    return np.asarray(keep[pieces])
