"""Resample slices to one pixel size, and cut or pad them to one size around the leg.

Every output pixel is a weighted mean of input pixels along rows and columns, with the weights of a
Lanczos kernel. Where pixels become larger, the kernel widens with them, so that detail finer than
the new pixels is averaged instead of aliased. Sums run in a fixed order on one thread: results are
the same in every process. Weights and blocks are laid out from the middle of the picture, so that a
mirrored picture gives the mirrored result: sums of float64 in the other order differ by about 1e-16
of the value, which a float32 very rarely shows (in none of 3.7 million values of noise).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from mrnet_features.arrays import Float64Array, Int64Array
from mrnet_features.series.volume import Image

LOBES = 3
"""Lobes of the kernel on either side."""

SAME_SIZE = 1e-3
"""Relative difference of pixel sizes that are taken as equal."""

TINY = 1e-6
"""Weights from here down are left out; at whole distances they are 0 but for rounding."""

BLOCK_MM = 6.0
"""Side of the blocks whose means tell leg from air."""

LEG_LEVEL = 0.15
"""Level of the leg in blocks, between the 1st and the 99th percentile."""

LEG_SHARE = 0.1
"""Least share of the blocks of a column or row that crosses the leg."""

TWO_LEGS_MM = (10.0, 50.0)
"""Least gap between two legs, and least width of each."""


def count_pixels(n_pixels: int, spacing: float, pixel_mm: float) -> int:
    """Pixels of a new size that cover the whole picture along one axis.

    Parameters
    ----------
    n_pixels : int
    spacing, pixel_mm : float
        Old and new distance of pixels in mm.

    Returns
    -------
    int
        Even, unless the distances are equal.

    Examples
    --------
    >>> count_pixels(512, 0.3, 0.6), count_pixels(255, 0.6, 0.6), count_pixels(100, 1.0, 0.6)
    (256, 255, 168)
    """
    if is_same(spacing, pixel_mm):
        return n_pixels
    covered = math.ceil(n_pixels * spacing / pixel_mm - 1e-6)
    return covered + covered % 2


def is_same(spacing: float, pixel_mm: float) -> bool:
    """Whether two distances of pixels are taken as equal.

    Parameters
    ----------
    spacing, pixel_mm : float

    Returns
    -------
    bool
    """
    return abs(spacing - pixel_mm) <= SAME_SIZE * pixel_mm


def make_weights(n_pixels: int, spacing: float, pixel_mm: float, start: int, stop: int) -> Any:
    """Weights of the old pixels in each new one, along one axis.

    Parameters
    ----------
    n_pixels : int
    spacing, pixel_mm : float
        Old and new distance of pixels in mm.
    start, stop : int
        Range of new pixels, counted from the first of those that cover the picture; it may reach
        beyond them.

    Returns
    -------
    csr_array of shape (stop - start, n_pixels), float64
        Rows sum to 1; those of pixels whose middle lies outside the picture are empty.

    Examples
    --------
    >>> make_weights(4, 0.6, 0.6, 1, 5).toarray()  # one pixel beyond the picture
    array([[0., 1., 0., 0.],
           [0., 0., 1., 0.],
           [0., 0., 0., 1.],
           [0., 0., 0., 0.]])
    """
    n_new = count_pixels(n_pixels, spacing, pixel_mm)
    ratio = 1.0 if is_same(spacing, pixel_mm) else pixel_mm / spacing
    width = max(ratio, 1.0)
    rows: list[tuple[Float64Array, Any]] = []
    for new in range(start, stop):
        # middle of the new pixel in units of old pixels, from the middle of the picture, so that
        # mirrored pixels have equal weights
        middle = (new - (n_new - 1) / 2) * ratio
        if abs(middle) > n_pixels / 2 + 1e-9:
            rows.append((np.empty(0), np.empty(0, np.int64)))
            continue
        center = (n_pixels - 1) / 2
        first = max(math.floor(center + middle - LOBES * width), 0)
        last = min(math.ceil(center + middle + LOBES * width), n_pixels - 1)
        near = np.arange(first, last + 1)
        distance = ((near - center) - middle) / width
        weight = np.sinc(distance) * np.sinc(distance / LOBES)
        is_used = (np.abs(weight) > TINY) & (np.abs(distance) < LOBES)
        near, weight = near[is_used], weight[is_used]
        rows.append((weight / math.fsum(weight), near))
    ends = np.cumsum([0, *(len(near) for _, near in rows)])
    data = np.concatenate([weight for weight, _ in rows])
    columns = np.concatenate([near for _, near in rows])
    return csr_array((data, columns, ends), shape=(stop - start, n_pixels))


def resample(image: Image, row_weights: Any, column_weights: Any) -> Image:
    """Slice of a new pixel size; NaN where the picture does not reach.

    Parameters
    ----------
    image : ndarray of shape (rows, columns), float32
        Finite.
    row_weights, column_weights : csr_array
        From `make_weights`.

    Returns
    -------
    ndarray of shape (n_new_rows, n_new_columns), float32
    """
    narrow = row_weights @ np.ascontiguousarray(image, dtype=np.float64)
    columns = column_weights @ np.ascontiguousarray(narrow.T)
    found: Image = np.ascontiguousarray(columns.T, dtype=np.float32)
    found[np.diff(row_weights.indptr) == 0] = np.nan
    found[:, np.diff(column_weights.indptr) == 0] = np.nan
    return found


def find_start(profile: Float64Array, n_pixels: int, size: int, block: int) -> int | None:
    """First of `size` pixels around the leg, along one axis.

    Parameters
    ----------
    profile : ndarray of shape (n_blocks,), float64
        Share of leg in each of the blocks of `list_edges`.
    n_pixels : int
        Pixels of the picture, more than `size`.
    size, block : int

    Returns
    -------
    int or None
        None if two legs lie side by side. The middle of the picture if there is no leg.
    """
    ends = np.flatnonzero(np.diff(np.r_[0, profile >= LEG_SHARE, 0].astype(np.int8)))
    runs = list_edges(n_pixels, block)[ends.reshape(-1, 2)]
    if not len(runs):
        return (n_pixels - size) // 2
    gap, width = (mm / BLOCK_MM * block for mm in TWO_LEGS_MM)
    joined = [runs[0]]
    for run in runs[1:]:
        if run[0] - joined[-1][1] < gap:
            joined[-1] = np.array([joined[-1][0], run[1]])
        else:
            joined.append(run)
    wide = [run for run in joined if run[1] - run[0] >= width]
    if len(wide) > 1:
        return None
    first, last = max(joined, key=lambda run: (run[1] - run[0], -abs(run[0] + run[1] - n_pixels)))
    start = (n_pixels - size) // 2 + round(float(first + last - n_pixels) / 2)
    return min(max(start, 0), n_pixels - size)


def list_edges(n_pixels: int, block: int) -> Int64Array:
    """Edges of blocks along one axis, symmetrical about the middle of the picture.

    Parameters
    ----------
    n_pixels : int
    block : int
        Pixels of a block; one less of an odd number of pixels if it is even. The first and the
        last block share what is left over.

    Returns
    -------
    ndarray of shape (n_blocks + 1,), int64

    Examples
    --------
    >>> list_edges(40, 10), list_edges(46, 10), list_edges(27, 10)
    (array([ 0, 10, 20, 30, 40]), array([ 0,  3, 13, 23, 33, 43, 46]), array([ 0,  9, 18, 27]))
    """
    block -= block % 2 == 0 and n_pixels % 2 == 1
    n_blocks = n_pixels // block
    n_blocks -= (n_pixels - n_blocks * block) % 2
    rest = (n_pixels - max(n_blocks, 0) * block) // 2
    inner = rest + block * np.arange(max(n_blocks, 0) + 1, dtype=np.int64)
    return np.unique(np.r_[0, inner, n_pixels] if n_blocks > 0 else np.array([0, n_pixels]))


def measure_leg(images: list[Image], pixel_mm: float) -> tuple[Float64Array, Float64Array, int]:
    """Share of leg along rows and columns, in blocks of about 6 mm; see `list_edges`.

    Parameters
    ----------
    images : list of ndarray of shape (rows, columns), float32
        Some slices of one size.
    pixel_mm : float

    Returns
    -------
    rows, columns : ndarray, float64
        Share of the blocks of leg in each row of blocks, and in each column; of the slice that has
        most.
    block : int
        Pixels of a block.
    """
    block = max(round(BLOCK_MM / pixel_mm), 1)
    rows, columns = (list_edges(n_pixels, block) for n_pixels in images[0].shape)
    means = []
    for image in images:
        known = np.nan_to_num(image.astype(np.float64), nan=0.0)
        sums = np.add.reduceat(known, rows[:-1], axis=0)
        sums = np.add.reduceat(sums, columns[:-1], axis=1)
        means.append(sums / np.outer(np.diff(rows), np.diff(columns)))
    blocks = np.stack(means)
    low, high = np.percentile(blocks, [1, 99])
    is_leg = blocks > low + LEG_LEVEL * (high - low)
    return is_leg.mean(axis=2).max(axis=0), is_leg.mean(axis=1).max(axis=0), block
