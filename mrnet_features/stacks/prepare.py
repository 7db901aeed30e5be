"""Pixels -> what can be counted: a stack's grey levels, levels and regions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from mrnet_features.arrays import Array, Device, to_device, to_host
from mrnet_features.stacks.passes import BoolArray, count_grey, map_grey
from mrnet_features.stacks.places import KNEE, draw_regions, find_frame, region_names
from mrnet_features.stacks.regions import Uint8Array, find_foreground
from mrnet_features.stacks.stack import MAX_LEVELS, Group, Stack, check_stack, lay_end_to_end

__all__ = [
    "Group",
    "Quantisation",
    "Stack",
    "check_stack",
    "lay_end_to_end",
    "prepare",
    "prepare_batch",
    "prepare_sets",
    "share_windows",
]

N_LEVELS = 32


Window: TypeAlias = tuple[slice, slice, slice]
"""Slices, rows and columns."""

WINDOW_MARGIN = 24  # pixels around boxes: the farthest that a family looks beyond its region


@dataclass(frozen=True)
class Quantisation:
    """How 256 grey levels become a few: a table, so that any stack is mapped in one look-up.

    Either a fixed number of bins between robust grey limits of the stack's foreground, or fixed
    grey edges, the same for every stack.

    Parameters
    ----------
    n_levels : int, default 32
        Number of bins; with `edges` it must be left alone.
    low, high : float, default 0.005 and 0.995
        Quantiles of the foreground's grey levels that bound the first and the last bin; what lies
        beyond falls into those bins.
    edges : tuple of int, optional
        Grey levels at which the second, third, ... level begins, ascending, 1 to 255.

    Examples
    --------
    >>> Quantisation(edges=(64, 128)).table(np.zeros(256))[[0, 63, 64, 127, 128, 255]]
    array([1, 1, 2, 2, 3, 3], dtype=uint8)
    """

    n_levels: int = N_LEVELS
    low: float = 0.005
    high: float = 0.995
    edges: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if self.edges is not None:
            edges = np.asarray(self.edges)
            if not 1 <= edges.size < MAX_LEVELS or not (
                np.all(np.diff(edges) > 0) and edges[0] >= 1 and edges[-1] <= 255
            ):
                raise ValueError(
                    f"`edges` must be 1 to 254 ascending grey levels from 1 to 255, got "
                    f"{self.edges}."
                )
            if self.n_levels not in {N_LEVELS, edges.size + 1}:
                raise ValueError(
                    f"`n_levels` follows from `edges` ({edges.size + 1}), got {self.n_levels}. "
                    "Leave it out."
                )
            # plain integers: the recipe is hashed and written as JSON
            object.__setattr__(self, "edges", tuple(int(edge) for edge in edges))
            object.__setattr__(self, "n_levels", edges.size + 1)
        if not 1 <= self.n_levels <= MAX_LEVELS:
            raise ValueError(f"`n_levels` must be 1 to {MAX_LEVELS}, got {self.n_levels}.")
        if not 0 <= self.low < self.high <= 1:
            raise ValueError(
                f"`low` and `high` must be quantiles with 0 <= low < high <= 1, got {self.low} "
                f"and {self.high}."
            )

    def table(self, histogram: np.ndarray[Any, Any]) -> Uint8Array:
        """Level of each grey level.

        Parameters
        ----------
        histogram : ndarray of shape (256,)
            Number of foreground pixels at each grey level.

        Returns
        -------
        ndarray of shape (256,), uint8
            Levels 1 to `n_levels`.
        """
        grey = np.arange(256)
        if self.edges is not None:
            return (np.searchsorted(self.edges, grey, side="right") + 1).astype(np.uint8)
        share = np.cumsum(histogram)
        if share[-1] == 0:
            lowest, highest = 0, 255
        else:
            lowest = int(np.searchsorted(share, self.low * share[-1], side="right"))
            highest = int(np.searchsorted(share, self.high * share[-1], side="left"))
        # IBSI's fixed bin number: equal bins over the closed range, the top value in the last bin
        width = max(highest - lowest, 1)
        level = np.floor(self.n_levels * (grey - lowest) / width) + 1
        return np.asarray(np.clip(level, 1, self.n_levels), dtype=np.uint8)


def prepare(
    grey: Uint8Array,
    *,
    quantisation: Quantisation | None = None,
    find_regions: Callable[[Uint8Array], BoolArray] = find_foreground,
    device: Device = "cpu",
) -> Stack:
    """Stack of a plane's pixels: foreground found, grey levels quantised.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
        Grey levels 0 to 255.
    quantisation : Quantisation, optional
        Default: 32 levels between the foreground's robust limits.
    find_regions : callable, default `find_foreground`
        From `grey` to a mask (bool) of its shape.
    device : {"cpu", "cuda"}, default "cpu"
        Where the three arrays shall live.

    Returns
    -------
    Stack
        With one region, "knee".

    Raises
    ------
    TypeError
        If `grey` is not a uint8 array.
    ValueError
        If `grey` is not three-dimensional, or empty.

    Examples
    --------
    >>> grey = np.zeros((1, 8, 8), np.uint8)
    >>> grey[:, 2:6, 2:6] = 200
    >>> int(prepare(grey).regions.sum())
    16
    """
    check_stack(grey, "stack")
    grey = np.ascontiguousarray(grey)
    regions = np.ascontiguousarray(find_regions(grey), dtype=np.uint8)
    chosen = quantisation or Quantisation()
    levels = map_grey(grey, chosen.table(count_grey(grey, regions)))
    return _move(Stack(grey, levels, regions, chosen.n_levels), device)


def prepare_sets(
    grey: Uint8Array,
    plane: str,
    region_sets: Iterable[str],
    *,
    quantisation: Quantisation | None = None,
    device: Device = "cpu",
) -> dict[str, Stack]:
    """Stacks of one plane, one for each region set.

    Foreground, knee box, joint line and levels are found once. A set of boxes is cut to the window
    that holds them and a margin of 24 pixels, since nothing farther away is looked at. Its slices
    are those that the boxes reach: thirds and depths of such a set are those of its own slices.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
        Grey levels 0 to 255.
    plane : {"axial", "coronal", "sagittal"}
    region_sets : iterable of str
        ``knee`` or names of ``mrnet_features.stacks.places.REGION_SETS``.
    quantisation : Quantisation, optional
        As `prepare`.
    device : {"cpu", "cuda"}, default "cpu"

    Returns
    -------
    dict of str to Stack
        By region set, with ``knee`` among them.

    Raises
    ------
    TypeError, ValueError
        As `prepare`; and if a set has no boxes on this plane.

    Examples
    --------
    >>> grey = np.zeros((4, 64, 64), np.uint8)
    >>> grey[:, 8:56, 8:56] = 200
    >>> prepare_sets(grey, "sagittal", ["notch"])["notch"].region_names
    ('notch',)
    """
    knee = prepare(grey, quantisation=quantisation)
    stacks = {KNEE: knee}
    for name, regions in _draw_sets(knee, plane, region_sets).items():
        window = _find_window(regions)
        stacks[name] = _cut(knee, regions, window, window, region_names(name, plane))
    return {name: _move(stack, device) for name, stack in stacks.items()}


def prepare_batch(
    greys: Sequence[Array],
    plane: str,
    region_sets: Iterable[str],
    *,
    quantisation: Quantisation | None = None,
) -> dict[str, list[Group]]:
    """Stacks of one plane of several exams, laid end to end, for each region set.

    As `prepare_sets`, but that the windows of a set are as large as the largest that an exam of
    the batch needs, wherever the picture is large enough: then exams share one size. Each exam's
    ``origins`` say where its own window would have begun.

    Parameters
    ----------
    greys : sequence of array of shape (n_slices, height, width), uint8
        Grey levels 0 to 255; at least one exam. All live in one place, and so will the stacks.
    plane : {"axial", "coronal", "sagittal"}
    region_sets : iterable of str
        ``knee`` or names of ``mrnet_features.stacks.places.REGION_SETS``.
    quantisation : Quantisation, optional
        As `prepare`.

    Returns
    -------
    dict of str to list of Group
        By region set, with ``knee`` among them; every exam is in one group of each.

    Raises
    ------
    TypeError, ValueError
        As `prepare_sets`.

    Examples
    --------
    >>> grey = np.zeros((4, 64, 64), np.uint8)
    >>> grey[:, 8:56, 8:56] = 200
    >>> [group] = prepare_batch([grey, grey[:3]], "sagittal", ["notch"])["knee"]
    >>> group.places, group.stack.starts
    ((0, 1), (0, 4))
    """
    knees = [prepare(to_host(grey), quantisation=quantisation) for grey in greys]
    wanted = dict.fromkeys(region_sets)
    drawn = [_draw_sets(knee, plane, wanted) for knee in knees]
    stacks = {KNEE: knees}
    for name in wanted:
        if name == KNEE:
            continue
        own = [_find_window(regions[name]) for regions in drawn]
        shared = share_windows(own, [knee.grey.shape for knee in knees])
        stacks[name] = [
            _cut(knee, regions[name], window, place, region_names(name, plane))
            for knee, regions, window, place in zip(knees, drawn, shared, own, strict=True)
        ]
    return {name: _group(of_set, greys) for name, of_set in stacks.items()}


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


def _draw_sets(knee: Stack, plane: str, region_sets: Iterable[str]) -> dict[str, Uint8Array]:
    """Regions of each set but the knee."""
    wanted = [name for name in dict.fromkeys(region_sets) if name != KNEE]
    if not wanted:
        return {}
    frame = find_frame(knee.grey, knee.regions, plane)
    return {name: draw_regions(name, plane, knee.regions, frame) for name in wanted}


def _cut(
    knee: Stack, regions: Uint8Array, window: Window, own: Window, names: tuple[str, ...]
) -> Stack:
    """Stack of a window, with places counted from where the exam's own window begins."""
    grey, levels, inside = (
        np.ascontiguousarray(part[window]) for part in (knee.grey, knee.levels, regions)
    )
    sizes = zip(own[1:], window[1:], regions.shape[1:], strict=True)
    row, column = (mine.indices(n)[0] - ours.indices(n)[0] for mine, ours, n in sizes)
    return Stack(grey, levels, inside, knee.n_levels, names, origins=((row, column),))


def _group(stacks: Sequence[Stack], greys: Sequence[Array]) -> list[Group]:
    """Exams with slices of one size laid end to end, where their grey levels live."""
    by_size: dict[tuple[int, ...], list[int]] = {}
    for place, stack in enumerate(stacks):
        by_size.setdefault(tuple(stack.grey.shape[1:]), []).append(place)
    device: Device = "cpu" if isinstance(greys[0], np.ndarray) else "cuda"
    return [
        Group(tuple(places), _move(lay_end_to_end([stacks[k] for k in places]), device))
        for places in by_size.values()
    ]


def _move(stack: Stack, device: Device) -> Stack:
    """Stack with its arrays on the device; itself where they are there already."""
    if device == "cpu":
        return stack
    grey, levels, regions = (
        to_device(part, device) for part in (stack.grey, stack.levels, stack.regions)
    )
    return dataclasses.replace(stack, grey=grey, levels=levels, regions=regions)


def _find_window(regions: Uint8Array) -> Window:
    """Slices, rows and columns that hold all regions and a margin; everything where none is."""
    spans = []
    flat = regions.max(axis=0)
    for axis, line in enumerate((regions.any(axis=(1, 2)), flat.any(axis=1), flat.any(axis=0))):
        used = np.flatnonzero(line)
        if used.size == 0:
            return slice(None), slice(None), slice(None)
        margin = WINDOW_MARGIN if axis else 0
        spans.append(slice(max(int(used[0]) - margin, 0), int(used[-1]) + 1 + margin))
    return spans[0], spans[1], spans[2]
