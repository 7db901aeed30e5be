"""3-D connected components of bright pixels: size, sums of positions and bounding box."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from mrnet_features.arrays import (
    Array,
    BoolArray,
    Int32Array,
    Int64Array,
    namespace,
    upload_once,
)
from mrnet_features.compiling import cached_njit
from mrnet_features.counts.counting import count, per_slice
from mrnet_features.counts.labelling import NO_LABEL, label_on_gpu
from mrnet_features.counts.line_maxima import line_maxima
from mrnet_features.counts.packed_rows import find_change, mark_bright
from mrnet_features.counts.region_extents import list_moves
from mrnet_features.launch import launch_each
from mrnet_features.stacks.exam_slices import find_bounds, find_owners, upload_owners
from mrnet_features.stacks.stack import Stack


class Components3D(NamedTuple):
    """Components of all regions and exams, in the order of their first pixels.

    Attributes
    ----------
    region : array of shape (n_components,), int32
        Region of the component, 0 for the first.
    size : array of shape (n_components,), int32
        Number of pixels, over all slices.
    sums : array of shape (n_components, 6), int64
        Sums over the pixels of slice s, row y, column x, y * y, x * x and y * x.
    bounds : array of shape (n_components, 6), int32
        First and last slice, first and last row, first and last column.
    exam : array of shape (n_components,), int32
        Exam of the component, 0 for the first; slices are counted from its first slice.
    n_by_exam : ndarray of shape (n_exams,), int64
        Number of components of each exam, on the host.
    """

    region: Array
    size: Array
    sums: Array
    bounds: Array
    exam: Array
    n_by_exam: Int64Array


@count
def components_3d(stack: Stack, *, threshold: int | Array) -> Components3D:
    """3-D connected components of the pixels at or above a grey level.

    A pixel is connected to those of its 26 neighbours that lie in its region and exam.

    Parameters
    ----------
    stack : Stack
    threshold : int, or array of shape (n_slices,), integer
        Lowest grey level of a bright pixel; one number, or one per slice.

    Returns
    -------
    Components3D

    Raises
    ------
    ValueError
        If `threshold` is neither one number nor one per slice.

    Examples
    --------
    >>> grey = np.array([[[9, 0, 9]], [[9, 0, 0]]], np.uint8)
    >>> stack = Stack(grey, np.ones_like(grey), np.ones_like(grey), n_levels=1)
    >>> found = components_3d(stack, threshold=9)
    >>> found.size, found.bounds[0]
    (array([2, 1], dtype=int32), array([0, 1, 0, 0, 0, 0], dtype=int32))
    """
    thresholds = per_slice(threshold, stack).astype(np.int64)
    owners = find_owners(stack.exam_starts, stack.n_slices)
    found, _ = _find_components(stack.grey, stack.regions, line_maxima(stack), thresholds, owners)
    region, size, sums, bounds, exam = found
    n_by_exam = np.bincount(exam, minlength=stack.n_exams)
    return _move_to_origins(Components3D(region, size, sums, bounds, exam, n_by_exam), stack)


@components_3d.gpu
def _(stack: Stack, *, threshold: int | Array) -> Components3D:
    import cupy

    grey, regions = stack.grey, stack.regions
    n_slices, height, width = grey.shape
    is_bright = grey >= per_slice(threshold, stack)[:, None, None]
    bright = is_bright.view(cupy.uint8)
    root, sizes = label_on_gpu(bright, regions, lowest=1, mask=0, exam_starts=stack.exam_starts)
    n_so_far = cupy.cumsum(sizes > 0, dtype=cupy.int32)
    ends = find_bounds(stack.exam_starts, n_slices)[:, 1]
    last_pixels = upload_once(_list_last_pixels, tuple(ends.tolist()), height * width, like=grey)
    n_before = cupy.take(n_so_far, last_pixels).tolist()  # the only wait for the GPU
    n_components = n_before[-1]
    region, size, exam = (cupy.empty(n_components, cupy.int32) for _ in range(3))
    sums = cupy.zeros((n_components, 6), cupy.int64)
    bounds = cupy.empty((n_components, 6), cupy.int32)
    n = np.uint32(grey.size)
    if n_components > 0:
        owners = upload_owners(stack.exam_starts, grey)
        launch_each(
            "components_3d.cu",
            "begin_components",
            grey.size,
            (
                *(sizes, n_so_far, regions, owners, n, np.uint32(height * width)),
                *(region, size, exam, bounds),
            ),
        )
        launch_each(
            "components_3d.cu",
            "add_runs",
            grey.size,
            (root, n_so_far, n, height, width, np.uint32(NO_LABEL), sums, bounds),
        )
    n_by_exam = np.diff(np.asarray(n_before, np.int64), prepend=0)
    return _move_to_origins(Components3D(region, size, sums, bounds, exam, n_by_exam), stack)


def _list_last_pixels(ends: tuple[int, ...], slice_size: int) -> Int64Array:
    """Index of the last pixel of each exam."""
    return np.asarray(ends, np.int64) * slice_size - 1


def number_components(stack: Stack, *, threshold: int | Array) -> Int32Array:
    """Number of the component of each pixel, to mark it; on the CPU only.

    Parameters
    ----------
    stack, threshold
        As for `components_3d`.

    Returns
    -------
    ndarray of shape (n_slices, height, width), int32
        k + 1 in component k of `components_3d`, 0 outside all components.

    Raises
    ------
    ValueError
        As `components_3d`.

    Examples
    --------
    >>> grey = np.array([[[9, 0, 9]], [[9, 0, 0]]], np.uint8)
    >>> stack = Stack(grey, np.ones_like(grey), np.ones_like(grey), n_levels=1)
    >>> number_components(stack, threshold=9).tolist()
    [[[1, 0, 2]], [[1, 0, 0]]]
    """
    row, first, end, component = _list_runs(stack, threshold)
    # +k + 1 where a run begins and -(k + 1) after its end, which the sum over pixels turns to k + 1
    steps = np.zeros(stack.grey.size + 1, np.int32)
    row_start = row * stack.grey.shape[2]
    np.add.at(steps, row_start + first, component + 1)
    np.subtract.at(steps, row_start + end, component + 1)
    return np.cumsum(steps[:-1], dtype=np.int32).reshape(stack.grey.shape)


def count_by_slice(stack: Stack, *, threshold: int | Array) -> Int64Array:
    """Number of pixels of each component on each slice; on the CPU only.

    Parameters
    ----------
    stack, threshold
        As for `components_3d`.

    Returns
    -------
    ndarray of shape (n_slices, n_components), int64

    Examples
    --------
    >>> grey = np.array([[[9, 0, 9]], [[9, 0, 0]]], np.uint8)
    >>> stack = Stack(grey, np.ones_like(grey), np.ones_like(grey), n_levels=1)
    >>> count_by_slice(stack, threshold=9)
    array([[1, 1],
           [1, 0]])
    """
    row, first, end, component = _list_runs(stack, threshold)
    n_components = int(np.max(component, initial=-1)) + 1
    index = row // stack.grey.shape[1] * n_components + component
    counts = np.bincount(index, end - first, stack.n_slices * n_components)
    return counts.astype(np.int64).reshape(stack.n_slices, n_components)


def sum_by_region(values: Array, found: Components3D, n_regions: int) -> Array:
    """Sum over the components of each region.

    Parameters
    ----------
    values : ndarray of shape (n_slices, n_components)
    found : Components3D
        Of one exam, on the CPU.
    n_regions : int

    Returns
    -------
    ndarray of shape (n_slices, n_regions)
    """
    return values @ (found.region[:, None] == np.arange(n_regions)).astype(np.int64)


def _list_runs(stack: Stack, threshold: int | Array) -> tuple[Int64Array, ...]:
    """Row through all slices, first column, one past the last, and component of each run."""
    thresholds = per_slice(threshold, stack).astype(np.int64)
    owners = find_owners(stack.exam_starts, stack.n_slices)
    _, runs = _find_components(stack.grey, stack.regions, line_maxima(stack), thresholds, owners)
    return tuple(part.astype(np.int64) for part in runs)


def find_largest(found: Components3D, n: int) -> BoolArray:
    """Whether each component is one of the n largest of its region, or as large as the n-th.

    Parameters
    ----------
    found : Components3D
        Of one exam, on the CPU.
    n : int

    Returns
    -------
    ndarray of shape (n_components,), bool
    """
    is_largest = np.zeros(found.size.shape, bool)
    for region in np.unique(found.region):
        of_region = found.region == region
        sizes = np.sort(found.size[of_region])
        is_largest |= of_region & (found.size >= sizes[max(len(sizes) - n, 0)])
    return is_largest


def _move_to_origins(found: Components3D, stack: Stack) -> Components3D:
    """Components with positions counted from the first slice and the origin of their exam.

    Positions are moved as integers, so that the batch does not change the statistics of an exam.
    """
    if not any(stack.exam_starts) and not any(map(any, stack.origins)):
        return found
    xp = namespace(found.size)
    moves = upload_once(list_moves, stack.exam_starts, stack.origins, like=found.size)
    move = xp.take(moves, found.exam, axis=0)
    n = xp.astype(found.size, xp.int64)
    ds, dy, dx = (xp.astype(move[:, k], xp.int64) for k in (0, 2, 4))
    s, y, x, yy, xx, yx = (found.sums[:, k] for k in range(6))
    sums = (
        *(s - n * ds, y - n * dy, x - n * dx),
        *(yy - 2 * dy * y + n * dy * dy, xx - 2 * dx * x + n * dx * dx),
        yx - dy * x - dx * y + n * dy * dx,
    )
    return found._replace(sums=xp.stack(sums, axis=-1), bounds=found.bounds - move)


@cached_njit(nogil=True)
def _find_components(
    grey: Any, regions: Any, maxima: Any, thresholds: Int64Array, owners: Int64Array
) -> Any:
    """Join runs of bright pixels with touching runs of the row above and of the slice before.

    Returns the columns of `Components3D`; and of each run its row, counted through all slices, its
    first column, one past its last, and its component.
    """
    n_slices, height, width = grey.shape
    capacity = 1 << 14
    runs = np.empty((capacity, 4), np.int32)  # region, first column, one past the last, parent
    starts = np.zeros(n_slices * height + 1, np.int64)
    bright = np.zeros(width, np.uint8)
    n_runs = 0
    for s in range(n_slices):
        for y in range(height):
            if n_runs + width > capacity:
                capacity = 2 * capacity + width
                wider = np.empty((capacity, 4), np.int32)
                for k in range(n_runs):  # one assignment would take seconds to compile
                    for part in range(4):
                        wider[k, part] = runs[k, part]
                runs = wider
            row = s * height + y
            if maxima[s, y] >= thresholds[s]:
                first, end = mark_bright(grey[s, y], regions[s, y], thresholds[s], bright)
                x = first
                while x < end:
                    change = find_change(bright, x + 1, bright[x])
                    if bright[x] > 0:
                        runs[n_runs, 0], runs[n_runs, 1] = bright[x], x
                        runs[n_runs, 2], runs[n_runs, 3] = change, n_runs
                        n_runs += 1
                    x = change
            starts[row + 1] = n_runs
            if starts[row] == n_runs:
                continue
            if y > 0:
                _join_rows(runs, starts[row - 1], starts[row], starts[row], n_runs)
            if s > 0 and owners[s] == owners[s - 1]:
                for other in range(max(y - 1, 0), min(y + 2, height)):
                    above = row - height - y + other
                    _join_rows(runs, starts[above], starts[above + 1], starts[row], n_runs)
    index = np.empty(n_runs, np.int32)
    n_components = 0
    for run in range(n_runs):
        if runs[run, 3] == run:
            index[run] = n_components
            n_components += 1
    region, size = np.empty(n_components, np.int32), np.zeros(n_components, np.int32)
    sums = np.zeros((n_components, 6), np.int64)
    bounds = np.empty((n_components, 6), np.int32)
    exam = np.empty(n_components, np.int32)
    row_of, component_of = np.empty(n_runs, np.int64), np.empty(n_runs, np.int32)
    for s in range(n_slices):
        for y in range(height):
            for run in range(starts[s * height + y], starts[s * height + y + 1]):
                root = run
                while runs[root, 3] != root:
                    root = runs[root, 3]
                runs[run, 3] = root
                component = index[root]
                row_of[run], component_of[run] = s * height + y, component
                first, last = int(runs[run, 1]), int(runs[run, 2]) - 1
                if size[component] == 0:
                    region[component] = runs[run, 0] - 1
                    exam[component] = owners[s]
                    bounds[component, 0], bounds[component, 1] = s, s
                    bounds[component, 2], bounds[component, 3] = y, y
                    bounds[component, 4], bounds[component, 5] = first, last
                n = last - first + 1
                sum_x = n * (first + last) // 2
                size[component] += n
                sums[component, 0] += n * s
                sums[component, 1] += n * y
                sums[component, 2] += sum_x
                sums[component, 3] += n * y * y
                sums[component, 4] += _squares_to(last) - _squares_to(first - 1)
                sums[component, 5] += sum_x * y
                bounds[component, 1] = s
                bounds[component, 2] = min(bounds[component, 2], y)
                bounds[component, 3] = max(bounds[component, 3], y)
                bounds[component, 4] = min(bounds[component, 4], first)
                bounds[component, 5] = max(bounds[component, 5], last)
    described = (region, size, sums, bounds, exam)
    return described, (row_of, runs[:n_runs, 1], runs[:n_runs, 2], component_of)


@cached_njit(nogil=True)
def _squares_to(last: Any) -> Any:
    """Sum of the squares of 0 to `last`; 0 for -1."""
    return last * (last + 1) * (2 * last + 1) // 6


@cached_njit(nogil=True)
def _join_rows(runs: Int32Array, one: int, one_end: int, other: int, other_end: int) -> None:
    """Join the runs of two rows that touch by an edge or a corner; both lists ascend."""
    while one < one_end and other < other_end:
        if runs[one, 2] < runs[other, 1]:
            one += 1
        elif runs[other, 2] < runs[one, 1]:
            other += 1
        else:
            _join_runs(runs, one, other)
            end_together = runs[one, 2] == runs[other, 2] and one + 1 < one_end
            # the next run of this row may begin where both end, and touch by a corner
            if end_together and runs[one + 1, 1] == runs[other, 2]:
                _join_runs(runs, one + 1, other)
            if runs[one, 2] < runs[other, 2]:
                one += 1
            else:
                other += 1


@cached_njit(nogil=True)
def _join_runs(runs: Int32Array, one: int, other: int) -> None:
    """Join two runs of one region under the earlier root, with path halving."""
    if runs[one, 0] != runs[other, 0]:
        return
    while runs[one, 3] != one:
        runs[one, 3] = runs[runs[one, 3], 3]
        one = runs[one, 3]
    while runs[other, 3] != other:
        runs[other, 3] = runs[runs[other, 3], 3]
        other = runs[other, 3]
    if one < other:
        runs[other, 3] = one
    else:
        runs[one, 3] = other
