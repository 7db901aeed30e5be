"""A slice with the mark of a feature drawn into it, as a small colour picture."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy import ndimage

from mrnet_features.arrays import BoolArray, UInt8Array
from mrnet_features.stacks.mark import FeatureMark, Segment

__all__ = ["draw_marked_slice", "enlarge"]

SIDE = 512
"""Most pixels of the longer side of a picture."""

COLOUR = (
    255,
    214,
    0,
)  # bright, with a black casing: seen on any tissue, and in print without colour
DASH = 7  # pixels of a dash and of a gap
FEW, MARGIN = 200, 6  # a mark of fewer pixels is ringed at a distance, to be seen when small


def draw_marked_slice(grey: UInt8Array, mark: FeatureMark | None, index: int) -> UInt8Array:
    """One slice, with the mark of a feature around the pixels that give its value.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
    mark : FeatureMark or None
        Where no pixel gives the value, the region is drawn dashed.
    index : int
        Slice, from 0.

    Returns
    -------
    ndarray of shape (height, width) or (height, width, 3), uint8
        Enlarged or reduced by a whole factor, so that the proportions stay. Grey where the slice
        has no mark.

    Examples
    --------
    >>> draw_marked_slice(np.full((2, 300, 200), 90, np.uint8), None, 1).shape
    (300, 200)
    """
    picture = enlarge(grey[index])
    here = [] if mark is None else [each for each in mark.slices if each.slice == index]
    line = np.zeros(picture.shape, bool)
    keep = np.zeros(picture.shape, bool)
    for each in here:
        if each.segment is not None:
            line |= _draw_segment(each.segment, grey.shape[1:], picture.shape)
        elif each.outline is not None:
            keep |= _resize_mask(each.outline, picture.shape)
    if keep.sum() < FEW:
        keep = _grow(keep, MARGIN)
    line |= _grow(keep, 2) & ~keep
    if not line.any():
        return picture
    casing = _grow(line, 1) & ~keep
    if mark is not None and mark.kind == "region":
        rows, columns = np.indices(line.shape)
        is_dash = (rows + columns) // DASH % 2 == 0
        line, casing = line & is_dash, casing & is_dash
    drawn = np.repeat(picture[..., None], 3, axis=2)
    drawn[casing] = 0
    drawn[line] = COLOUR
    return drawn


def enlarge(picture: UInt8Array) -> UInt8Array:
    """Slice enlarged or reduced by a whole factor, to at most about 512 pixels.

    Parameters
    ----------
    picture : ndarray of shape (height, width), uint8

    Returns
    -------
    ndarray, uint8

    Examples
    --------
    >>> [enlarge(np.zeros(shape, np.uint8)).shape for shape in ((256, 200), (1200, 640))]
    [(512, 400), (400, 214)]
    """
    longest = max(picture.shape)
    factor = SIDE // longest
    if factor > 1:
        large = ndimage.zoom(picture, factor, order=1, mode="nearest", grid_mode=True)
        return np.asarray(large, dtype=np.uint8)
    step = max(1, -(-longest // SIDE))
    return np.ascontiguousarray(picture[::step, ::step])


def _resize_mask(mask: BoolArray, shape: tuple[int, ...]) -> BoolArray:
    """Mask at the size of a picture; a reduced one keeps every pixel of it."""
    factor = shape[0] // mask.shape[0]
    if factor >= 1:
        return mask.repeat(factor, axis=0).repeat(factor, axis=1)
    step = -(-mask.shape[0] // shape[0])
    small = np.zeros(shape, bool)
    rows, columns = np.nonzero(mask)
    small[rows // step, columns // step] = True
    return small


def _draw_segment(segment: Segment, shape: Iterable[int], size: tuple[int, ...]) -> BoolArray:
    """Pixels of a line of about two pixels."""
    scale = np.array(size) / np.array(tuple(shape))
    start, end = ((np.array(point) + 0.5) * scale for point in segment)
    n = int(np.ceil(np.abs(end - start).max())) + 1
    points = np.floor(start + np.linspace(0, 1, n)[:, None] * (end - start)).astype(int)
    rows, columns = np.clip(points, 0, np.array(size) - 1).T
    line = np.zeros(size, bool)
    line[rows, columns] = True
    line[:, 1:] |= line[:, :-1].copy()
    line[1:] |= line[:-1].copy()
    return line


def _grow(mask: BoolArray, n: int) -> BoolArray:
    if not mask.any():
        return mask
    box = ndimage.generate_binary_structure(2, 2 if n == 1 else 1)
    return np.asarray(ndimage.binary_dilation(mask, box, iterations=n))
