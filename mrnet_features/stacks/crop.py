"""Batches of region sets, cropped to windows of one size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from mrnet_features.arrays import Int32Array, namespace, to_host
from mrnet_features.stacks.atlas import list_boxes
from mrnet_features.stacks.locate import LocatedKnees
from mrnet_features.stacks.region_sets import region_names
from mrnet_features.stacks.stack import StackBatch
from mrnet_features.stacks.windows import cut_windows, draw_boxes, find_extents

Window: TypeAlias = tuple[slice, slice, slice]
"""Slices, rows and columns."""

WINDOW_MARGIN = 24  # pixels around the boxes: no family uses pixels further outside its region


class SetBoxes(NamedTuple):
    """Boxes of a region set in one exam.

    Attributes
    ----------
    boxes : ndarray of shape (n_boxes, 11), int32
        As from `list_boxes`, with slices counted from the first slice of the batch.
    own : Window
        Window around all regions of the set, with a margin; the whole stack if there are none.
    """

    boxes: Int32Array
    own: Window


def cut_sets(
    knees: Sequence[LocatedKnees], plane: str, region_sets: Sequence[str]
) -> dict[str, list[StackBatch]]:
    """Batches of region sets, cropped to windows of one size.

    Parameters
    ----------
    knees : sequence of LocatedKnees
        Exams by picture size; every exam of the batch is in one of them.
    plane : {"axial", "coronal", "sagittal"}
    region_sets : sequence of str
        Names of ``mrnet_features.stacks.region_sets.REGION_SETS``.

    Returns
    -------
    dict of str to list of StackBatch
        By region set; every exam is in one batch of each.
    """
    found = [_find_boxes(of_size, plane, region_sets) for of_size in knees]
    batches: dict[str, list[StackBatch]] = {}
    for k, name in enumerate(region_sets):
        sets = {index: one for of_size in found for index, one in of_size[k].items()}
        shapes = {
            index: of_size.batch.grey.shape
            for of_size in knees
            for index in of_size.batch.exam_indices
        }
        order = sorted(sets)
        shared = share_windows([sets[k].own for k in order], [shapes[k] for k in order])
        by_size: dict[tuple[int, int], dict[int, Window]] = {}
        for index, window in zip(order, shared, strict=True):
            size = (window[1].stop - window[1].start, window[2].stop - window[2].start)
            by_size.setdefault(size, {})[index] = window
        names = region_names(name, plane)
        batches[name] = [_crop(knees, sets, windows, names) for windows in by_size.values()]
    return batches


def share_windows(windows: Sequence[Window], shapes: Sequence[tuple[int, ...]]) -> list[Window]:
    """Enlarge windows to one common size, where the picture allows.

    Parameters
    ----------
    windows : sequence of tuple of slice
        Slices, rows and columns of each exam.
    shapes : sequence of tuple of int
        Shape of each exam's stack.

    Returns
    -------
    list of tuple of slice
        The same slices; height and width of the largest window, or of the picture if that is
        smaller. A window begins where the given one begins, or earlier where it would leave the
        picture.

    Examples
    --------
    >>> everything = slice(0, 3)
    >>> windows = [(everything, slice(0, 4), slice(2, 8)), (everything, slice(5, 8), slice(0, 3))]
    >>> share_windows(windows, [(3, 8, 8), (3, 8, 8)])[1]
    (slice(0, 3, None), slice(4, 8, None), slice(0, 6, None))
    """
    shared = [list(window) for window in windows]
    for axis in (1, 2):
        spans = [
            window[axis].indices(shape[axis])[:2]
            for window, shape in zip(windows, shapes, strict=True)
        ]
        most = max(stop - start for start, stop in spans)
        for window, (start, _), shape in zip(shared, spans, shapes, strict=True):
            size = min(most, shape[axis])
            first = min(start, shape[axis] - size)
            window[axis] = slice(first, first + size)
    return [(slices, rows, columns) for slices, rows, columns in shared]


def _find_boxes(
    knees: LocatedKnees, plane: str, region_sets: Sequence[str]
) -> list[dict[int, SetBoxes]]:
    """Boxes of each set in each exam; extents are copied from the GPU once."""
    batch, bounds = knees.batch, knees.slices.bounds
    size = batch.grey.shape[1:]
    listed = [
        list_boxes(name, plane, frame, (end - first, *size))
        for name in region_sets
        for frame, (first, end) in zip(knees.frames, bounds.tolist(), strict=True)
    ]
    if not listed:
        return []
    ends = np.cumsum([len(rows) for rows in listed])
    boxes = np.array([row for rows in listed for row in rows], np.int32)
    set_and_exam = np.arange(len(listed), dtype=np.int32).repeat(np.diff(ends, prepend=0))
    first = bounds[set_and_exam % len(bounds), :1]
    boxes[:, :2] += first
    boxes[:, 10:] += 2 * first  # twice the middle slice
    tables = np.split(boxes.copy(), ends[:-1])
    boxes[:, 6] = set_and_exam
    extents = to_host(find_extents(batch.regions, boxes, len(listed))).tolist()
    sets = [
        SetBoxes(table, _surround(extent, span, size))
        for table, extent, span in zip(
            tables, extents, bounds.tolist() * len(region_sets), strict=True
        )
    ]
    return [
        dict(zip(batch.exam_indices, sets[k : k + batch.n_exams], strict=True))
        for k in range(0, len(sets), batch.n_exams)
    ]


def _surround(extent: Sequence[int], bounds: Sequence[int], size: Sequence[int]) -> Window:
    """Window around an extent, with a margin; the whole stack if the extent is empty."""
    first, last, top, bottom, left, right = extent
    start, end = bounds
    if last < 0:
        return slice(0, end - start), slice(0, size[0]), slice(0, size[1])
    return (
        slice(first - start, last + 1 - start),
        slice(max(top - WINDOW_MARGIN, 0), min(bottom + 1 + WINDOW_MARGIN, size[0])),
        slice(max(left - WINDOW_MARGIN, 0), min(right + 1 + WINDOW_MARGIN, size[1])),
    )


def _crop(
    knees: Sequence[LocatedKnees],
    sets: Mapping[int, SetBoxes],
    windows: Mapping[int, Window],
    names: tuple[str, ...],
) -> StackBatch:
    """Batch of exams with windows of one size; origins are where their own windows begin."""
    order = list(windows)
    corners = np.array([[axis.start for axis in window] for window in windows.values()], np.int32)
    depths = np.array([slices.stop - slices.start for slices, _, _ in windows.values()], np.int32)
    starts = np.cumsum(depths) - depths
    _, rows, columns = windows[order[0]]
    shape = (int(depths.sum()), rows.stop - rows.start, columns.stop - columns.start)
    xp = namespace(knees[0].batch.grey)
    grey, levels, regions = (xp.empty(shape, dtype=xp.uint8) for _ in range(3))
    for of_size in knees:
        batch = of_size.batch
        here = [k for k, index in enumerate(order) if index in batch.exam_indices]
        if not here:
            continue
        exams = [batch.exam_indices.index(order[k]) for k in here]
        n = depths[here]
        steps = np.arange(n.sum(), dtype=np.int32) - (np.cumsum(n) - n).repeat(n)
        cuts = np.empty((len(steps), 4), np.int32)
        cuts[:, :3] = corners[here].repeat(n, axis=0)
        cuts[:, 0] += of_size.slices.bounds[exams, 0].repeat(n) + steps
        cuts[:, 3] = starts[here].repeat(n) + steps
        boxes = [sets[order[k]].boxes for k in here]
        ends = np.cumsum([len(table) for table in boxes], dtype=np.int32)
        spans = np.stack([np.append(np.int32(0), ends[:-1]), ends], axis=1).repeat(n, axis=0)
        table = xp.asarray(cuts)  # uploaded once for three launches
        cut_windows(batch.grey, table, grey)
        cut_windows(batch.levels, table, levels)
        draw_boxes(batch.regions, np.concatenate(boxes), spans, table, regions)
    origins = tuple(
        (sets[index].own[1].start - rows.start, sets[index].own[2].start - columns.start)
        for index, (_, rows, columns) in windows.items()
    )
    return StackBatch.unchecked(
        grey=grey,
        levels=levels,
        regions=regions,
        n_levels=knees[0].batch.n_levels,
        region_names=names,
        exam_starts=tuple(starts.tolist()),
        origins=origins,
        exam_indices=tuple(windows),
        corners=tuple((int(first), int(top), int(left)) for first, top, left in corners),
    )
