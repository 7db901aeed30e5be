"""Stack: all that a family may look at, of one exam or of several laid end to end."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mrnet_features.arrays import Array, namespace
from mrnet_features.stacks.ranges import find_range

MAX_LEVELS = 255  # level 0 is kept free, so that levels start at 1 as in the IBSI manual


@dataclass(frozen=True, eq=False)
class Stack:
    """Three arrays of one shape that hold all a family may look at.

    Parameters
    ----------
    grey : array of shape (n_slices, height, width), uint8
        Grey levels 0 to 255 as stored.
    levels : array of shape (n_slices, height, width), uint8
        Grey levels discretised to 1..`n_levels`.
    regions : array of shape (n_slices, height, width), uint8
        0 outside, r inside the region named ``region_names[r - 1]``.
    n_levels : int
        Number of levels, 1 to 255.
    region_names : tuple of str, default ("knee",)
    starts : tuple of int, default (0,)
        First slice of each exam, where stacks of several exams are laid end to end.
    origins : tuple of pairs of int, optional
        Row and column, in each exam's slices, from which places are counted. A window that is
        larger than an exam needs, so that exams can share one size, begins elsewhere than its own
        would; what depends on where a window begins keeps to this. Default: (0, 0) for each.

    Attributes
    ----------
    counted : dict
        Counts of this stack that several families share; see ``counts.once``.

    Raises
    ------
    TypeError
        If an array is not uint8.
    ValueError
        If the shapes differ or are empty, a level or region lies beyond its number, `n_levels` is
        not 1 to 255, `starts` does not ascend from 0 within the slices, or `origins` are not one an
        exam within the slice.
    """

    grey: Array
    levels: Array
    regions: Array
    n_levels: int
    region_names: tuple[str, ...] = ("knee",)
    starts: tuple[int, ...] = (0,)
    origins: tuple[tuple[int, int], ...] = ()
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
        lowest, highest = find_range(self.levels)
        if not 1 <= lowest <= highest <= self.n_levels:
            raise ValueError(
                f"`levels` must lie in 1..{self.n_levels}, got {lowest}..{highest}. "
                "Discretise the stack with `Discretisation.table`."
            )
        _, last = find_range(self.regions)
        if last > self.n_regions:
            raise ValueError(
                f"`regions` must lie in 0..{self.n_regions}, one for each of `region_names` "
                f"{self.region_names}, got {last}. Name every region."
            )
        self._check_layout()

    def _check_layout(self) -> None:
        ends = (*self.starts[1:], self.n_slices)
        ascend = all(start < end for start, end in zip(self.starts, ends, strict=False))
        if self.starts[:1] != (0,) or not ascend:
            raise ValueError(
                f"`starts` must ascend from 0 and stay below the number of slices, {self.n_slices},"
                f" got {self.starts}. Lay stacks end to end with `lay_end_to_end`."
            )
        if not self.origins:
            object.__setattr__(self, "origins", ((0, 0),) * self.n_stacks)
        _, height, width = self.grey.shape
        within = all(0 <= row < height and 0 <= column < width for row, column in self.origins)
        if len(self.origins) != self.n_stacks or not within:
            raise ValueError(
                f"`origins` must be a row and a column within the slice for each of the "
                f"{self.n_stacks} exams of `starts`, got {self.origins}. Leave them out to count "
                "places from the slice's first row and column."
            )

    @property
    def n_slices(self) -> int:
        """Number of slices."""
        return int(self.grey.shape[0])

    @property
    def n_regions(self) -> int:
        """Number of regions."""
        return len(self.region_names)

    @property
    def n_stacks(self) -> int:
        """Number of exams whose stacks are laid end to end."""
        return len(self.starts)


class Group(NamedTuple):
    """Exams of a batch whose stacks have one size of slices, laid end to end.

    Attributes
    ----------
    places : tuple of int
        Which exams of the batch, in order.
    stack : Stack
    """

    places: tuple[int, ...]
    stack: Stack


def lay_end_to_end(stacks: Sequence[Stack]) -> Stack:
    """One stack of several, slices after slices.

    Parameters
    ----------
    stacks : sequence of Stack
        At least one. Number of levels, names of regions, height and width are the same.

    Returns
    -------
    Stack
        The very stack where there is but one.

    Raises
    ------
    ValueError
        If there is none, or they differ in more than their slices.

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((3, 2, 2), np.uint8)
    >>> stacks = [Stack(ones[:n], ones[:n], ones[:n], n_levels=1) for n in (2, 3)]
    >>> lay_end_to_end(stacks).starts
    (0, 2)
    """
    kinds = {(s.n_levels, s.region_names, *s.grey.shape[1:]) for s in stacks}
    if len(kinds) != 1:
        raise ValueError(
            "`stacks` must have one number of levels, the same regions, one height and one width, "
            f"got {sorted(kinds) or 'no stack'}. Group them by these first."
        )
    if len(stacks) == 1:
        return stacks[0]
    xp = namespace(stacks[0].grey)
    starts: list[int] = []
    n_slices = 0
    for stack in stacks:
        starts += [n_slices + start for start in stack.starts]
        n_slices += stack.n_slices
    grey, levels, regions = (
        xp.concat([getattr(stack, part) for stack in stacks])
        for part in ("grey", "levels", "regions")
    )
    return Stack(
        grey,
        levels,
        regions,
        stacks[0].n_levels,
        stacks[0].region_names,
        tuple(starts),
        tuple(origin for stack in stacks for origin in stack.origins),
    )


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
