"""Region sets of a batch: boxes drawn into windows of one size, exams laid end to end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from mrnet_features.arrays import Int32Array, namespace, to_host
from mrnet_features.stacks.atlas import list_boxes, region_names
from mrnet_features.stacks.locate import Knees
from mrnet_features.stacks.ranges import vouch_for
from mrnet_features.stacks.stack import Group, Stack
from mrnet_features.stacks.windows import cut_windows, draw_boxes, find_extents

Window: TypeAlias = tuple[slice, slice, slice]
"""Slices, rows and columns."""

WINDOW_MARGIN = 24  # pixels around boxes: the farthest that a family looks beyond its region


class SetBoxes(NamedTuple):
    """What a set is in one exam.

    Attributes
    ----------
    boxes : ndarray of shape (n_boxes, 7), int32
        As `list_boxes` has them, but for slices counted from the first exam's first.
    own : Window
        What holds all of the set's regions and a margin; everything where there are none.
    """

    boxes: Int32Array
    own: Window


def cut_sets(
    knees: Sequence[Knees], plane: str, region_sets: Sequence[str]
) -> dict[str, list[Group]]:
    """Stacks of region sets, cut to windows that the exams of a batch share.

    Parameters
    ----------
    knees : sequence of Knees
        Exams by picture size, every exam of the batch in one of them.
    plane : {"axial", "coronal", "sagittal"}
    region_sets : sequence of str
        Names of ``mrnet_features.stacks.atlas.REGION_SETS``.

    Returns
    -------
    dict of str to list of Group
        By region set; every exam is in one group of each.
    """
    found = [_find_parts(of_size, plane, region_sets) for of_size in knees]
    groups: dict[str, list[Group]] = {}
    for k, name in enumerate(region_sets):
        parts = {place: part for of_size in found for place, part in of_size[k].items()}
        shapes = {place: of_size.stack.grey.shape for of_size in knees for place in of_size.places}
        order = sorted(parts)
        shared = share_windows([parts[p].own for p in order], [shapes[p] for p in order])
        by_size: dict[tuple[int, int], dict[int, Window]] = {}
        for place, window in zip(order, shared, strict=True):
            size = (window[1].stop - window[1].start, window[2].stop - window[2].start)
            by_size.setdefault(size, {})[place] = window
        names = region_names(name, plane)
        groups[name] = [_cut(knees, parts, windows, names) for windows in by_size.values()]
    return groups


def share_windows(windows: Sequence[Window], shapes: Sequence[tuple[int, ...]]) -> list[Window]:
    """Windows of one height and one width that hold each its own, wherever the picture can.

    Parameters
    ----------
    windows : sequence of tuple of slice
        Slices, rows and columns that each exam needs.
    shapes : sequence of tuple of int
        Shape of each exam's stack.

    Returns
    -------
    list of tuple of slice
        The same slices; rows and columns as many as the window with the most of them has, or as the
        picture has if these are fewer. They begin where the exam's own begin, unless they
        would leave the picture.

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


def _find_parts(knees: Knees, plane: str, region_sets: Sequence[str]) -> list[dict[int, SetBoxes]]:
    """What each set is in each exam. How far knees reach in boxes comes to the host at once."""
    size = knees.stack.grey.shape[1:]
    bounds = knees.layout.bounds
    listed = [
        list_boxes(name, plane, frame, (end - first, *size))
        for name in region_sets
        for frame, (first, end) in zip(knees.frames, bounds.tolist(), strict=True)
    ]
    if not listed:
        return []
    ends = np.cumsum([len(rows) for rows in listed])
    boxes = np.array([row for rows in listed for row in rows], np.int32)
    of_part = np.arange(len(listed), dtype=np.int32).repeat(np.diff(ends, prepend=0))
    boxes[:, :2] += bounds[of_part % len(bounds), :1]
    tables = np.split(boxes.copy(), ends[:-1])
    boxes[:, 6] = of_part
    extents = to_host(find_extents(knees.stack.regions, boxes, len(listed))).tolist()
    its_bounds = bounds.tolist() * len(region_sets)
    parts = [
        SetBoxes(table, _surround(extent, its_bound, size))
        for table, extent, its_bound in zip(tables, extents, its_bounds, strict=True)
    ]
    n_exams = len(knees.places)
    return [
        dict(zip(knees.places, parts[k : k + n_exams], strict=True))
        for k in range(0, len(parts), n_exams)
    ]


def _surround(extent: Sequence[int], bounds: Sequence[int], size: Sequence[int]) -> Window:
    """Window that holds an extent and a margin; everything where the extent is empty."""
    first, last, top, bottom, left, right = extent
    start, end = bounds
    if last < 0:
        return slice(0, end - start), slice(0, size[0]), slice(0, size[1])
    return (
        slice(first - start, last + 1 - start),
        slice(max(top - WINDOW_MARGIN, 0), min(bottom + 1 + WINDOW_MARGIN, size[0])),
        slice(max(left - WINDOW_MARGIN, 0), min(right + 1 + WINDOW_MARGIN, size[1])),
    )


def _cut(
    knees: Sequence[Knees],
    parts: Mapping[int, SetBoxes],
    windows: Mapping[int, Window],
    names: tuple[str, ...],
) -> Group:
    """Exams whose windows have one size, laid end to end; places count from each one's own."""
    order = list(windows)
    corners = np.array([[axis.start for axis in window] for window in windows.values()], np.int32)
    depths = np.array([slices.stop - slices.start for slices, _, _ in windows.values()], np.int32)
    starts = np.cumsum(depths) - depths
    _, rows, columns = windows[order[0]]
    shape = (int(depths.sum()), rows.stop - rows.start, columns.stop - columns.start)
    xp = namespace(knees[0].stack.grey)
    grey, levels, regions = (xp.empty(shape, dtype=xp.uint8) for _ in range(3))
    for of_size in knees:
        here = [k for k, place in enumerate(order) if place in of_size.places]
        if not here:
            continue
        exams = [of_size.places.index(order[k]) for k in here]
        n = depths[here]
        steps = np.arange(n.sum(), dtype=np.int32) - (np.cumsum(n) - n).repeat(n)
        cuts = np.empty((len(steps), 4), np.int32)
        cuts[:, :3] = corners[here].repeat(n, axis=0)
        cuts[:, 0] += of_size.layout.bounds[exams, 0].repeat(n) + steps
        cuts[:, 3] = starts[here].repeat(n) + steps
        boxes = [parts[order[k]].boxes for k in here]
        ends = np.cumsum([len(table) for table in boxes], dtype=np.int32)
        spans = np.stack([np.append(np.int32(0), ends[:-1]), ends], axis=1).repeat(n, axis=0)
        table = xp.asarray(cuts)  # for three launches
        cut_windows(of_size.stack.grey, table, grey)
        cut_windows(of_size.stack.levels, table, levels)
        draw_boxes(of_size.stack.regions, np.concatenate(boxes), spans, table, regions)
    origins = tuple(
        (parts[place].own[1].start - rows.start, parts[place].own[2].start - columns.start)
        for place, (_, rows, columns) in windows.items()
    )
    n_levels = knees[0].stack.n_levels
    vouch_for(levels, 1, n_levels)
    vouch_for(regions, 0, len(names))
    begins = tuple(starts.tolist())
    stack = Stack(grey, levels, regions, n_levels, names, starts=begins, origins=origins)
    return Group(tuple(windows), stack)
