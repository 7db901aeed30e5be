"""Pixels -> what can be counted: a stack's grey levels, levels and regions."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mrnet_features.arrays import Array, Device, to_device
from mrnet_features.stacks.layout import lay_out
from mrnet_features.stacks.passes import BoolArray, count_grey, map_grey
from mrnet_features.stacks.places import KNEE, draw_regions, find_frame, region_names
from mrnet_features.stacks.regions import Uint8Array, find_foreground

N_LEVELS = 32
MAX_LEVELS = 255  # level 0 is kept free, so that levels start at 1 as in the IBSI manual


WINDOW_MARGIN = 24  # pixels around boxes: the farthest that a family looks beyond its region


@dataclass(frozen=True, eq=False)
class Stack:
    """Three arrays of one shape that hold all a family may look at.

    Parameters
    ----------
    grey : array of shape (n_slices, height, width), uint8
        Grey levels 0 to 255 as stored.
    levels : array of shape (n_slices, height, width), uint8
        Grey levels quantised to 1..`n_levels`.
    regions : array of shape (n_slices, height, width), uint8
        0 outside, r inside the region named ``region_names[r - 1]``.
    n_levels : int
        Number of levels, 1 to 255.
    region_names : tuple of str, default ("knee",)

    Attributes
    ----------
    counted : dict
        Counts of this stack that several families share; see ``counts.once``.

    Raises
    ------
    TypeError
        If an array is not uint8.
    ValueError
        If the shapes differ or are empty, a level or region lies beyond its number, or
        `n_levels` is not 1 to 255.
    """

    grey: Array
    levels: Array
    regions: Array
    n_levels: int
    region_names: tuple[str, ...] = ("knee",)
    counted: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        check_stack(self.grey, "grey")
        for name in ("levels", "regions"):
            check_stack(getattr(self, name), name)
            if getattr(self, name).shape != self.grey.shape:
                raise ValueError(
                    f"`{name}` must have the shape of `grey`, {self.grey.shape}, got "
                    f"{getattr(self, name).shape}. Make both from the same stack."
                )
        if not 1 <= self.n_levels <= MAX_LEVELS:
            raise ValueError(f"`n_levels` must be 1 to {MAX_LEVELS}, got {self.n_levels}.")
        lowest, highest = int(self.levels.min()), int(self.levels.max())
        if not 1 <= lowest <= highest <= self.n_levels:
            raise ValueError(
                f"`levels` must lie in 1..{self.n_levels}, got {lowest}..{highest}. "
                "Quantise the stack with `Quantisation.table`."
            )
        if int(self.regions.max()) > self.n_regions:
            raise ValueError(
                f"`regions` must lie in 0..{self.n_regions}, one for each of `region_names` "
                f"{self.region_names}, got {int(self.regions.max())}. Name every region."
            )

    @property
    def n_slices(self) -> int:
        """Number of slices."""
        return int(self.grey.shape[0])

    @property
    def n_regions(self) -> int:
        """Number of regions."""
        return len(self.region_names)


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
    owner = lay_out((0,), grey).owner
    table = chosen.table(count_grey(grey, regions, owner, 1)[0])
    levels = map_grey(grey, table[None], owner)
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
    wanted = [name for name in dict.fromkeys(region_sets) if name != KNEE]
    if wanted:
        frame = find_frame(grey, knee.regions, plane)
        for name in wanted:
            regions = draw_regions(name, plane, knee.regions, frame)
            window = _find_window(regions)
            grey_part, levels_part, regions_part = (
                np.ascontiguousarray(part[window]) for part in (knee.grey, knee.levels, regions)
            )
            names = region_names(name, plane)
            stacks[name] = Stack(grey_part, levels_part, regions_part, knee.n_levels, names)
    return {name: _move(stack, device) for name, stack in stacks.items()}


def _move(stack: Stack, device: Device) -> Stack:
    """Stack with its arrays on the device; itself where they are there already."""
    if device == "cpu":
        return stack
    grey, levels, regions = (
        to_device(part, device) for part in (stack.grey, stack.levels, stack.regions)
    )
    return Stack(grey, levels, regions, stack.n_levels, stack.region_names)


def _find_window(regions: Uint8Array) -> tuple[slice, slice, slice]:
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


def check_stack(stack: Array, name: str = "stack") -> None:
    """Raise unless `stack` is a non-empty uint8 array of three dimensions."""
    shape, dtype = getattr(stack, "shape", None), getattr(stack, "dtype", None)
    if shape is None or dtype is None:
        raise TypeError(
            f"`{name}` must be an array of shape (n_slices, height, width) and dtype uint8, got "
            f"{type(stack).__name__}. Load it with `Exam.load`."
        )
    problem = (
        f"`{name}` must have shape (n_slices, height, width) and dtype uint8, got "
        f"{tuple(shape)} {dtype}. Load it with `Exam.load`."
    )
    if not str(dtype).endswith("uint8"):
        raise TypeError(problem)
    if len(shape) != 3 or 0 in shape:
        raise ValueError(problem)
