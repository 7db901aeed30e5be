"""Atlas: boxes of a region set laid on the knee of an exam.

The knee frame says where the knee box and the joint plane lie. Boxes follow the tilt of the plane
by whole rows; columns and depths are shifted to the middle of the tibial plateau.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from mrnet_features.arrays import Int64Array, UInt8Array
from mrnet_features.stacks.foreground import Box, find_knee_box
from mrnet_features.stacks.joint_plane import find_joint_plane, fit_joint_plane
from mrnet_features.stacks.region_sets import KNEE, RegionSet, find_region_set
from mrnet_features.stacks.windows import TILT_UNITS, draw_boxes


class KneeFrame(NamedTuple):
    """Knee bounding box and joint plane, the reference of the region boxes.

    Attributes
    ----------
    box : Box
        The knee box.
    anchor : int
        Row from which rows are counted, at the middle column of the box and the middle slice: the
        joint plane, or the top of the box in the axial plane.
    tilt : float
        Rows per column by which the plane falls; a multiple of 1 / 1024.
    slice_tilt : float
        Rows per slice, likewise.
    spread : float
        Uncertainty of the anchor: posterior standard deviation in rows; 0 in the axial plane.
    score : float
        Evidence of a joint, 0 if there is none; NaN in the axial plane.
    column_offset : int
        Columns from the middle of the box to the middle of the tibial plateau.
    slice_offset : int
        Slices from the middle one to the middle of the plateau; 0 in sagittal stacks.
    """

    box: Box
    anchor: int
    tilt: float = 0.0
    slice_tilt: float = 0.0
    spread: float = 0.0
    score: float = math.nan
    column_offset: int = 0
    slice_offset: int = 0

    def tilts(self, n_slices: int) -> tuple[int, int, int, int]:
        """Last four numbers of a box that follows the plane; see `mrnet_features.stacks.windows`.

        Parameters
        ----------
        n_slices : int
            Slices of the exam.

        Returns
        -------
        tuple of int
            Tilts in units of 1 / 1024, twice the middle column of the box, twice the middle slice.

        Examples
        --------
        >>> KneeFrame(Box(0, 100, 0, 50), 60, 0.25).tilts(10)
        (256, 0, 49, 9)
        """
        columns = self.box.column_start + self.box.column_stop - 1
        units = (round(self.tilt * TILT_UNITS), round(self.slice_tilt * TILT_UNITS))
        return *units, columns, n_slices - 1

    def rows(self, n_slices: int, width: int) -> Int64Array:
        """Row of the plane in each slice and column.

        Parameters
        ----------
        n_slices : int
            Slices of the exam.
        width : int
            Columns of the picture.

        Returns
        -------
        ndarray of shape (n_slices, width), int64
            Mirrored or reversed where the picture is, to the row.

        Examples
        --------
        >>> KneeFrame(Box(0, 9, 0, 4), 5, 0.5).rows(1, 4)
        array([[4, 5, 5, 6]])
        """
        tilt, slice_tilt, column, depth = self.tilts(n_slices)
        twice = tilt * (2 * np.arange(width) - column)
        twice = twice + slice_tilt * (2 * np.arange(n_slices)[:, None] - depth)
        return self.anchor + (twice + TILT_UNITS) // (2 * TILT_UNITS)


def find_frame(grey: UInt8Array, foreground: UInt8Array, plane: str) -> KneeFrame:
    """Knee box and joint plane of a stack.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
        Grey levels 0 to 255.
    foreground : ndarray of shape (n_slices, height, width), uint8
        0 outside the knee.
    plane : {"axial", "coronal", "sagittal"}

    Returns
    -------
    KneeFrame
    """
    box = find_knee_box(foreground)
    if plane == "axial":
        return KneeFrame(box, box.row_start)
    return KneeFrame(box, *find_joint_plane(grey, box, plane))


def fit_frame(box: Box, changes: Int64Array, n_slices: int, plane: str) -> KneeFrame:
    """Knee frame, given what `count_changes` counted in one exam; see `fit_joint_plane`."""
    if plane == "axial":
        return KneeFrame(box, box.row_start)
    return KneeFrame(box, *fit_joint_plane(changes, box, n_slices, plane))


def draw_regions(name: str, plane: str, foreground: UInt8Array, frame: KneeFrame) -> UInt8Array:
    """Regions of a region set, drawn within the foreground.

    Parameters
    ----------
    name : str
        ``knee`` or a name of `REGION_SETS`.
    plane : {"axial", "coronal", "sagittal"}
    foreground : ndarray of shape (n_slices, height, width), uint8
        0 outside the knee, 1 inside.
    frame : KneeFrame

    Returns
    -------
    ndarray of shape (n_slices, height, width), uint8
        0 outside, r in the region ``region_names(name, plane)[r - 1]``.

    Raises
    ------
    ValueError
        As `region_names`.
    """
    if name == KNEE:
        return foreground
    return draw_region_set(find_region_set(name, plane), foreground, frame)


def draw_region_set(regions_of: RegionSet, foreground: UInt8Array, frame: KneeFrame) -> UInt8Array:
    """Regions of a region set that need not be one of `REGION_SETS`, as `draw_regions` draws them.

    Parameters
    ----------
    regions_of : RegionSet
    foreground : ndarray of shape (n_slices, height, width), uint8
        0 outside the knee, 1 inside.
    frame : KneeFrame

    Returns
    -------
    ndarray of shape (n_slices, height, width), uint8
        0 outside, r in the region ``regions_of.names[r - 1]``.
    """
    n_slices = foreground.shape[0]
    boxes = np.array(_lay_boxes(regions_of, frame, foreground.shape), np.int32)
    regions = np.empty_like(foreground)
    slices = np.arange(n_slices, dtype=np.int32)
    zeros = np.zeros_like(slices)
    spans = np.stack([zeros, zeros + np.int32(len(boxes))], axis=1)
    cuts = np.stack([slices, zeros, zeros, slices], axis=1)
    draw_boxes(foreground, boxes, spans, cuts, regions)
    return regions


def list_boxes(
    name: str, plane: str, frame: KneeFrame, shape: tuple[int, ...]
) -> list[tuple[int, ...]]:
    """Boxes of a region set in one exam, in drawing order.

    Parameters
    ----------
    name : str
        A name of `REGION_SETS`.
    plane : {"axial", "coronal", "sagittal"}
    frame : KneeFrame
    shape : tuple of int
        Slices, height and width; slices and columns are clipped to them.

    Returns
    -------
    list of tuple of int
        First slice, one past the last, first row, one past the last, first column, one past the
        last, region, and how the box follows the joint plane; see
        `mrnet_features.stacks.windows`. Rows may lie beyond the picture.

    Raises
    ------
    ValueError
        As `region_names`.

    Examples
    --------
    >>> list_boxes("notch", "sagittal", KneeFrame(Box(0, 100, 0, 50), 60), (10, 100, 50))
    [(4, 6, 43, 64, 18, 36, 1, 0, 0, 49, 9)]
    """
    return _lay_boxes(find_region_set(name, plane), frame, shape)


def _lay_boxes(
    chosen: RegionSet, frame: KneeFrame, shape: tuple[int, ...]
) -> list[tuple[int, ...]]:
    """Boxes of a region set in one exam, as `list_boxes` describes them."""
    n_slices, height, width = shape
    box, tilts = frame.box, frame.tilts(shape[0])
    # a set with the rest of the knee covers the box, the others the joint
    across, through = (0, 0) if chosen.with_rest else (frame.column_offset, frame.slice_offset)
    boxes: list[tuple[int, ...]] = []
    if chosen.with_rest:  # first, so that the boxes are drawn over it
        boxes.append((0, n_slices, 0, height, 0, width, len(chosen.names), 0, 0, 0, 0))
    label = 0
    for region in chosen.boxes:
        rows = _span(region.rows, box.row_stop - box.row_start, frame.anchor)
        columns = _span(
            region.columns, box.column_stop - box.column_start, box.column_start + across
        )
        depth = _span(region.depth, n_slices, through)
        pair = [(depth, columns)]
        if region.pair == "columns":
            middle = box.column_start + box.column_stop + 2 * across
            # both end before the middle, so of an odd width neither has the middle column
            columns = (columns[0], min(columns[1], middle // 2))
            pair = [(depth, columns), (depth, _mirror(columns, middle))]
        elif region.pair == "slices":
            middle = n_slices + 2 * through
            depth = (depth[0], min(depth[1], middle // 2))
            pair = [(depth, columns), (_mirror(depth, middle), columns)]
        for slices, columns in pair:
            label += 1
            spans = (*_clip(slices, n_slices), *rows, *_clip(columns, width))
            boxes.append((*spans, label, *tilts))
    return boxes


def _span(fractions: tuple[float, float], size: int, start: int) -> tuple[int, int]:
    """First pixel and one past the last, from fractions; symmetric for symmetric fractions."""
    first, last = fractions
    begin = math.floor(first * size + 0.5)
    end = size - begin if first + last == 1.0 else math.floor(last * size + 0.5)
    return start + begin, start + end


def _mirror(span: tuple[int, int], total: int) -> tuple[int, int]:
    """Span counted from the other end of the axis."""
    return total - span[1], total - span[0]


def _clip(span: tuple[int, int], size: int) -> tuple[int, int]:
    """Span clipped to 0..size; empty spans have equal ends."""
    first = min(max(span[0], 0), size)
    return first, max(min(span[1], size), first)
