"""Line detector: dark lines in twelve orientations, compared with their two sides."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from mrnet_features.arrays import Array, Int32Array, upload_once
from mrnet_features.compiling import cached_njit
from mrnet_features.counts.counting import count
from mrnet_features.counts.packed_rows import find_box
from mrnet_features.launch import N_THREADS, count_walks, launch, launch_each
from mrnet_features.stacks.exam_slices import find_owners
from mrnet_features.stacks.stack import Stack

N_ORIENTATIONS = 12
N_SAMPLES = 11  # per line, two pixels apart: 21 pixels, at least a third of an ACL
SPACING = 2
PATCH = 9  # pixels per sample


class DarkLines(NamedTuple):
    """Strongest dark line of each slice, region, offset and orientation.

    Orientation k rises from left to right by 15 k degrees.

    Attributes
    ----------
    found : array of shape (n_slices, n_regions, n_offsets, 12), uint8
        1 if a line fits into the slice; else all values are 0.
    inside, beside : array of shape (n_slices, n_regions, n_offsets, 12), int32
        Sum of grey levels over 11 samples of 3 by 3 pixels, on the line and on the darker of its
        two sides, at the position where their difference is largest.
    continuity : array of shape (n_slices, n_regions, n_offsets, 12), int32
        Number of the 11 samples that are darker than both sides.
    """

    found: Array
    inside: Array
    beside: Array
    continuity: Array


@count
def dark_lines(stack: Stack, *, offsets: tuple[int, ...]) -> DarkLines:
    """Strongest dark lines centred in each region of each slice.

    A line is 21 pixels long; its sides are parallel lines at a distance of `offset` pixels. Centres
    are every second row and column, from the origin of the exam. Line and sides must lie in the
    slice, but may extend beyond the region. Of equally strong lines the first is taken.

    Parameters
    ----------
    stack : Stack
    offsets : tuple of int
        Pixels between the line and its sides, at least 1 each.

    Returns
    -------
    DarkLines

    Raises
    ------
    ValueError
        If there is no offset, or one is below 1.

    Examples
    --------
    >>> grey = np.full((1, 41, 41), 100, np.uint8)
    >>> grey[:, 19:22] = 20
    >>> stack = Stack(grey, np.ones_like(grey), np.ones_like(grey), n_levels=1)
    >>> strongest = dark_lines(stack, offsets=(4,))
    >>> contrast = (strongest.beside - strongest.inside) / (PATCH * N_SAMPLES)
    >>> float(contrast[0, 0, 0, 0]), int(strongest.continuity[0, 0, 0, 0])
    (80.0, 11)
    """
    return _search(stack, offsets)[0]


@dark_lines.gpu
def _(stack: Stack, *, offsets: tuple[int, ...]) -> DarkLines:
    import cupy

    grey, regions, n_regions = stack.grey, stack.regions, stack.n_regions
    n_slices, height, width = grey.shape
    lines = upload_once(_list_offsets, offsets, like=grey)
    reach = upload_once(_find_reach, offsets, like=grey)
    firsts = upload_once(_find_firsts, stack.exam_starts, stack.origins, n_slices, like=grey)
    n_kinds = len(offsets) * N_ORIENTATIONS
    patch = cupy.empty(grey.shape, cupy.uint16)
    launch_each(
        "line_detector.cu",
        "sum_patches",
        grey.size,
        (grey, np.uint32(grey.size), height, width, patch),
    )
    shape = (n_slices, n_regions, len(offsets), N_ORIENTATIONS)
    strongest = cupy.zeros(shape, cupy.uint64)
    blocks = count_walks(-(-height // 2) * -(-width // 2))
    launch(
        "line_detector.cu",
        "find_lines",
        n_slices * n_kinds * blocks,
        N_THREADS,
        (
            *(patch, regions, lines, reach, firsts, blocks, height, width),
            *(n_regions, len(offsets), N_ORIENTATIONS, strongest),
        ),
    )
    counts = DarkLines(
        cupy.zeros(shape, cupy.uint8), *(cupy.zeros(shape, cupy.int32) for _ in range(3))
    )
    launch_each(
        "line_detector.cu",
        "describe_lines",
        strongest.size,
        (
            *(patch, strongest, lines, firsts, np.int64(strongest.size), height, width),
            *(n_regions, n_kinds, *counts),
        ),
    )
    return counts


@dark_lines.check
def _(offsets: tuple[int, ...]) -> None:
    if not offsets or min(offsets) < 1:
        raise ValueError(f"`offsets` must be pixels, at least 1 each, got {offsets}.")


def locate_lines(stack: Stack, *, offsets: tuple[int, ...]) -> Int32Array:
    """Ends of the lines of `dark_lines`, to mark them; on the CPU only.

    Parameters
    ----------
    stack, offsets
        As for `dark_lines`.

    Returns
    -------
    ndarray of shape (n_slices, n_regions, n_offsets, 12, 2, 2), int32
        Row and column of the left and the right end of a line, or of the lower and the upper one if
        it is upright. -1 where no line fits into the slice.

    Examples
    --------
    >>> grey = np.full((1, 41, 41), 100, np.uint8)
    >>> grey[:, 19:22] = 20
    >>> stack = Stack(grey, np.ones_like(grey), np.ones_like(grey), n_levels=1)
    >>> locate_lines(stack, offsets=(4,))[0, 0, 0, 0].tolist()
    [[20, 2], [20, 22]]
    """
    counts, centres, lines = _search(stack, offsets)
    ends = centres[..., None, :] + lines[:, :, 0, [0, -1]]
    return np.where(counts.found[..., None, None] > 0, ends, np.int32(-1))


def _search(stack: Stack, offsets: tuple[int, ...]) -> tuple[DarkLines, Int32Array, Int32Array]:
    """Strongest lines on the CPU, row and column of their centres, and offsets of their samples."""
    shape = (stack.n_slices, stack.n_regions, len(offsets), N_ORIENTATIONS)
    counts = DarkLines(np.zeros(shape, np.uint8), *(np.zeros(shape, np.int32) for _ in range(3)))
    centres = np.zeros((*shape, 2), np.int32)
    lines = _list_offsets(offsets)
    firsts = _find_firsts(stack.exam_starts, stack.origins, stack.n_slices)
    _find_lines(stack.grey, stack.regions, lines, firsts, *counts, centres)
    return counts, centres, lines


def _find_firsts(
    exam_starts: tuple[int, ...], origins: tuple[tuple[int, int], ...], n_slices: int
) -> Int32Array:
    """First row and column, 0 or 1, of the line centres in each slice."""
    parity = np.asarray(origins, np.int32) % 2
    return np.ascontiguousarray(parity[find_owners(exam_starts, n_slices)])


def _list_offsets(offsets: tuple[int, ...]) -> Int32Array:
    """Offsets of the samples of the lines of each kind: (n_offsets, 12, 3, 11, 2)."""
    return np.stack([_sample_offsets(offset) for offset in offsets])


def _find_reach(offsets: tuple[int, ...]) -> Int32Array:
    """Largest offset of the samples of each kind."""
    return np.abs(_list_offsets(offsets)).max(axis=(1, 2, 3)).astype(np.int32)


def _sample_offsets(offset: int) -> Int32Array:
    """Row and column offsets of the samples: (12 orientations, 3 lines, 11 samples, 2)."""
    lines = np.zeros((N_ORIENTATIONS, 3, N_SAMPLES, 2), np.int32)
    for k in range(N_ORIENTATIONS):
        up, right = math.sin(math.pi * k / 12), math.cos(math.pi * k / 12)
        for line, shift in enumerate((0, -offset, offset)):
            for i in range(N_SAMPLES):
                step = SPACING * (i - N_SAMPLES // 2)
                lines[k, line, i] = (
                    round(-step * up + shift * right),
                    round(step * right + shift * up),
                )
    return lines


@cached_njit(nogil=True, error_model="numpy")
def _find_lines(
    grey: Any,
    regions: Any,
    lines: Int32Array,
    firsts: Int32Array,
    found: Any,
    inside: Int32Array,
    beside: Int32Array,
    continuity: Int32Array,
    centres: Int32Array,
) -> None:
    """Sum the samples of all centres of a slice at once, then find the strongest line.

    Centres are two pixels apart, so pixels are kept by the parity of their row and column: the
    samples of consecutive centres are then consecutive.
    """
    n_slices, height, width = grey.shape
    n_offsets, n_samples = lines.shape[0], lines.shape[3]
    n_columns = (width + 1) // 2
    patches = np.zeros((2, 2, (height + 1) // 2 * n_columns), np.int16)
    sums = np.zeros((4, patches.shape[2]), np.int16)  # below 2^15: 11 samples of 9 pixels
    for s in range(n_slices):
        box = find_box(regions[s])
        if box[0] == box[1]:
            continue
        _sum_patches(grey[s], patches)
        first_row, first_column = int(firsts[s, 0]), int(firsts[s, 1])
        for o in range(n_offsets):
            reach_y = np.abs(lines[o, :, :, :, 0]).max()
            reach_x = np.abs(lines[o, :, :, :, 1]).max()
            top, bottom = max(box[0], reach_y + 1), min(box[1], height - 1 - reach_y)
            left, right = max(box[2], reach_x + 1), min(box[3], width - 1 - reach_x)
            top, left = top + (top + first_row) % 2, left + (left + first_column) % 2
            if top >= bottom or left >= right:
                continue
            n = (bottom - 1 - top) // 2 * n_columns + (right - 1 - left) // 2 + 1
            middle, one, other, darker = sums[0, :n], sums[1, :n], sums[2, :n], sums[3, :n]
            for k in range(lines.shape[1]):
                for part in range(4):
                    sums[part, :n] = 0
                for i in range(n_samples):
                    _add_samples(
                        _find_samples(patches, top, left, lines[o, k, 0, i], n_columns, n),
                        _find_samples(patches, top, left, lines[o, k, 1, i], n_columns, n),
                        _find_samples(patches, top, left, lines[o, k, 2, i], n_columns, n),
                        middle,
                        one,
                        other,
                        darker,
                    )
                for y in range(top, bottom, 2):
                    for x in range(left, right, 2):
                        r = regions[s, y, x]
                        if r == 0:
                            continue
                        at = (y - top) // 2 * n_columns + (x - left) // 2
                        inner, side = np.int32(middle[at]), np.int32(min(one[at], other[at]))
                        best = beside[s, r - 1, o, k] - inside[s, r - 1, o, k]
                        if found[s, r - 1, o, k] == 0 or side - inner > best:
                            found[s, r - 1, o, k] = 1
                            inside[s, r - 1, o, k] = inner
                            beside[s, r - 1, o, k] = side
                            continuity[s, r - 1, o, k] = darker[at]
                            centres[s, r - 1, o, k, 0] = y
                            centres[s, r - 1, o, k, 1] = x


@cached_njit(nogil=True, error_model="numpy")
def _sum_patches(grey: Any, patches: Any) -> None:
    """Sum of 3 by 3 pixels around each pixel, by parity of row and column; not set at the edge."""
    height, width = grey.shape
    n_columns = (width + 1) // 2
    columns = np.zeros(width, np.int16)
    for y in range(1, height - 1):
        above, line, below = grey[y - 1], grey[y], grey[y + 1]
        for x in range(width):
            columns[x] = np.int16(above[x]) + np.int16(line[x]) + np.int16(below[x])
        for x in range(1, width - 1):
            total = columns[x - 1] + columns[x] + columns[x + 1]
            patches[y % 2, x % 2, y // 2 * n_columns + x // 2] = total


@cached_njit(nogil=True, error_model="numpy")
def _find_samples(
    patches: Any, top: int, left: int, offset: Int32Array, n_columns: int, n: int
) -> Any:
    """Patches at an offset from the first centre and the following ones."""
    y, x = top + int(offset[0]), left + int(offset[1])
    start = y // 2 * n_columns + x // 2
    return patches[y % 2, x % 2, start : start + n]


@cached_njit(nogil=True, error_model="numpy")
def _add_samples(
    of_middle: Any, of_one: Any, of_other: Any, middle: Any, one: Any, other: Any, darker: Any
) -> None:
    for x in range(middle.shape[0]):
        m, a, b = of_middle[x], of_one[x], of_other[x]
        middle[x] += m
        one[x] += a
        other[x] += b
        darker[x] += np.int16((m < a) & (m < b))
