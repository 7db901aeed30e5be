"""Morphology of dark areas: clefts filled by a closing, holes, and their brightness."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from mrnet_features.arrays import Array, BoolArray, Int32Array
from mrnet_features.counts.counting import count, per_slice
from mrnet_features.counts.labelling import label_on_gpu
from mrnet_features.counts.top_hats import open_rows_on_gpu, open_slices
from mrnet_features.launch import N_THREADS, count_walks, launch, launch_each
from mrnet_features.stacks.outlines import find_holes
from mrnet_features.stacks.stack import Stack

_MAX_PLANE_PIXELS = 1 << 26  # on a GPU, where holes are found in one plane per slice and region


class DarkAreas(NamedTuple):
    """Dark areas of each region of each slice.

    Attributes
    ----------
    n_pixels, dark : array of shape (n_slices, n_regions), int32
        Number of pixels, and of dark pixels: those at or below the threshold.
    width, height : array of shape (n_slices, n_regions), int32
        Number of columns and of rows with at least two dark pixels.
    filled : array of shape (n_slices, n_regions, n_sides), int32
        Number of pixels of the clefts: those added by a closing of the dark areas with a square.
    residue : array of shape (n_slices, n_regions, n_sides), int32
        Sum of the white top-hat over the clefts: grey levels above an opening with that square.
    holes, hole_excess : array of shape (n_slices, n_regions), int32
        Number of pixels enclosed by dark pixels, and the sum of their grey levels above the
        threshold.
    """

    n_pixels: Array
    dark: Array
    width: Array
    height: Array
    filled: Array
    residue: Array
    holes: Array
    hole_excess: Array


@count
def dark_areas(stack: Stack, *, threshold: int | Array, sides: tuple[int, ...]) -> DarkAreas:
    """Dark areas of each region of each slice, with bright clefts of several widths.

    The squares may extend beyond the region, but not beyond the slice.

    Parameters
    ----------
    stack : Stack
    threshold : int, or array of shape (n_slices,), integer
        Highest grey level of a dark pixel; one number, or one per slice.
    sides : tuple of int
        Sides of the squares, in pixels; odd.

    Returns
    -------
    DarkAreas

    Raises
    ------
    ValueError
        If a side is even or below 1, or `threshold` is neither one number nor one per slice.

    Examples
    --------
    >>> grey = np.full((1, 7, 9), 10, np.uint8)
    >>> grey[0, 3, 2:7] = 90
    >>> stack = Stack(grey, np.ones_like(grey), np.ones_like(grey), n_levels=1)
    >>> found = dark_areas(stack, threshold=40, sides=(3,))
    >>> int(found.filled[0, 0, 0]), int(found.residue[0, 0, 0]), int(found.holes[0, 0])
    (5, 400, 5)
    """
    grey, regions, n_regions = stack.grey, stack.regions, stack.n_regions
    shape = (stack.n_slices, n_regions)
    columns = {name: np.zeros(shape, np.int32) for name in DarkAreas._fields}
    columns |= {name: np.zeros((*shape, len(sides)), np.int32) for name in ("filled", "residue")}
    counts = DarkAreas(**columns)
    window = _find_window(regions, max(sides))
    if window is None:
        return counts
    image, inside = grey[window], regions[window]
    thresholds = per_slice(threshold, stack)[window[0], None, None]
    dark = image <= thresholds
    here, n_slices = window[0], image.shape[0]
    pixels = np.flatnonzero(inside)
    labels = pixels // inside[0].size * n_regions + inside.ravel()[pixels] - 1

    def total(values: Any) -> Int32Array:
        weights = values.ravel()[pixels].astype(np.float64)
        sums = np.bincount(labels, weights, n_slices * n_regions)
        return sums.reshape(n_slices, n_regions).astype(np.int32)

    counts.n_pixels[here] = total(inside > 0)
    counts.dark[here] = total(dark)
    above = image.astype(np.int32) - thresholds
    for r in range(n_regions):
        mask = dark & (inside == r + 1)
        counts.width[here, r] = (mask.sum(axis=1) > 1).sum(axis=1)
        counts.height[here, r] = (mask.sum(axis=2) > 1).sum(axis=1)
        around = _find_window(mask, 0)
        if around is not None:
            around = (slice(None), *around[1:])  # holes are enclosed, so they lie in the same box
            holes = find_holes(mask[around])
            counts.holes[here, r] = holes.sum(axis=(1, 2))
            counts.hole_excess[here, r] = (above[around] * holes).sum(axis=(1, 2))
    for k, side in enumerate(sides):
        filled = _find_clefts(dark, side)
        opened = open_slices(image, side // 2)
        counts.filled[here, :, k] = total(filled)
        counts.residue[here, :, k] = total((image - opened) * filled)
    return counts


def find_clefts(stack: Stack, *, threshold: int | Array, side: int) -> BoolArray:
    """Pixels of the clefts of `dark_areas`, to mark them; on the CPU only.

    Parameters
    ----------
    stack, threshold
        As for `dark_areas`.
    side : int
        Side of the square, in pixels; odd.

    Returns
    -------
    ndarray of shape (n_slices, height, width), bool

    Examples
    --------
    >>> grey = np.uint8([[[10, 10, 90, 10, 10, 90, 90, 90]]])
    >>> stack = Stack(grey, np.ones_like(grey), np.ones_like(grey), n_levels=1)
    >>> np.flatnonzero(find_clefts(stack, threshold=40, side=3))
    array([2])
    """
    dark = stack.grey <= per_slice(threshold, stack)[:, None, None]
    inside: BoolArray = stack.regions > 0
    return _find_clefts(dark, side) & inside


def find_dark_holes(stack: Stack, *, threshold: int | Array) -> BoolArray:
    """Pixels of the holes of `dark_areas`, to mark them; on the CPU only.

    Parameters
    ----------
    stack, threshold
        As for `dark_areas`.

    Returns
    -------
    ndarray of shape (n_slices, height, width), bool
        Enclosed by the dark pixels of a region, which need not hold them.
    """
    dark = stack.grey <= per_slice(threshold, stack)[:, None, None]
    holes = np.zeros(dark.shape, bool)
    for r in range(stack.n_regions):
        holes |= find_holes(dark & (stack.regions == r + 1))
    return holes


def _find_clefts(dark: BoolArray, side: int) -> BoolArray:
    """Pixels that a closing with a square adds; pixels outside the slice are not dark."""
    bright = ~dark
    # a closing of the dark pixels is an opening of the others
    still_bright: BoolArray = open_slices(bright.view(np.uint8), side // 2).view(bool)
    return bright & ~still_bright


@dark_areas.gpu
def _(stack: Stack, *, threshold: int | Array, sides: tuple[int, ...]) -> DarkAreas:
    import cupy

    grey, regions, n_regions = stack.grey, stack.regions, stack.n_regions
    n_slices, height, width = grey.shape
    thresholds = per_slice(threshold, stack)
    shape = (n_slices, n_regions)
    n_pixels, dark, holes, hole_excess = (cupy.zeros(shape, cupy.int32) for _ in range(4))
    filled, residue = (cupy.zeros((*shape, len(sides)), cupy.int32) for _ in range(2))
    columns = cupy.zeros((*shape, width), cupy.int32)
    rows = cupy.zeros((*shape, height), cupy.int32)
    blocks_per_slice = count_walks(height * width)
    size = (blocks_per_slice, height, width, n_regions)
    launch(
        "morphology.cu",
        "count_dark",
        n_slices * blocks_per_slice,
        N_THREADS,
        (grey, regions, thresholds, *size, n_pixels, dark, columns, rows),
    )
    for k, half in enumerate(side // 2 for side in sides):
        launch(
            "morphology.cu",
            "count_clefts",
            n_slices * blocks_per_slice,
            N_THREADS,
            (
                *(grey, regions, open_rows_on_gpu(grey, half), thresholds, half, *size),
                *(k, len(sides), filled, residue),
            ),
        )
    most = max(_MAX_PLANE_PIXELS // grey.size, 1)
    for first in range(0, n_regions, most):
        n_planes = min(most, n_regions - first) * n_slices
        _count_holes_on_gpu(grey, regions, thresholds, first, n_planes, holes, hole_excess)
    n_columns, n_rows = (
        cupy.sum(number > 1, axis=2, dtype=cupy.int32) for number in (columns, rows)
    )
    return DarkAreas(n_pixels, dark, n_columns, n_rows, filled, residue, holes, hole_excess)


def _count_holes_on_gpu(
    grey: Array,
    regions: Array,
    thresholds: Array,
    first: int,
    n_planes: int,
    holes: Array,
    hole_excess: Array,
) -> None:
    """Add the holes of the regions from `first` on, as many as there are planes for."""
    import cupy

    n_slices, height, width = grey.shape
    n_in_planes = n_planes * height * width
    background = cupy.empty((n_planes, height, width), cupy.uint8)
    launch_each(
        "morphology.cu",
        "set_background",
        n_in_planes,
        (
            *(grey, regions, thresholds, first, np.uint32(grey.size), np.uint32(n_in_planes)),
            *(height, width, background),
        ),
    )
    root, _ = label_on_gpu(background, background, diagonals=False)
    is_open = cupy.zeros(n_in_planes, cupy.uint8)
    launch_each(
        "morphology.cu",
        "open_edges",
        n_in_planes,
        (root, background, np.uint32(n_in_planes), height, width, is_open),
    )
    blocks_per_slice = count_walks(height * width)
    launch(
        "morphology.cu",
        "count_holes",
        n_planes * blocks_per_slice,
        N_THREADS,
        (
            *(grey, root, background, is_open, thresholds, first, blocks_per_slice, n_slices),
            *(height, width, holes.shape[1], holes, hole_excess),
        ),
    )


@dark_areas.check
def _(threshold: int | Array, sides: tuple[int, ...]) -> None:  # noqa: ARG001 (against the stack)
    if not sides or any(side < 1 or side % 2 == 0 for side in sides):
        raise ValueError(f"`sides` must be odd numbers of pixels, got {sides}.")


def _find_window(regions: Any, margin: int) -> tuple[slice, slice, slice] | None:
    """Smallest window around all regions, with a margin in the slice; None without a region."""
    spans = []
    for axis in range(3):
        used = np.flatnonzero(regions.any(axis=tuple({0, 1, 2} - {axis})))
        if used.size == 0:
            return None
        wider = margin if axis else 0
        spans.append(slice(max(int(used[0]) - wider, 0), int(used[-1]) + 1 + wider))
    return spans[0], spans[1], spans[2]
