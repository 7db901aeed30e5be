"""`Stack`: grey levels, levels and regions of one plane of one exam; `StackBatch`: many of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

from mrnet_features.arrays import Array, Device, contiguous, namespace, to_device

MAX_LEVELS = 255  # of uint8: levels start at 1, as in the IBSI manual
PARTS = ("grey", "levels", "regions")

R = TypeVar("R")


@dataclass(frozen=True, eq=False)
class Stack:
    """One plane of one exam, the input of every family.

    Arrays are checked once, here, and must not be written to afterwards.

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

    Raises
    ------
    TypeError
        If an array is not uint8.
    ValueError
        If shapes differ or are empty, a level or a region is out of range, or `n_levels` or the
        number of regions is not 1 to 255.

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((3, 4, 4), np.uint8)
    >>> Stack(ones, ones, ones, n_levels=1).n_slices
    3
    """

    grey: Array
    levels: Array
    regions: Array
    n_levels: int
    region_names: tuple[str, ...] = ("knee",)
    _memo: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        for name in PARTS:
            array = getattr(self, name)
            check_stack(array, name)
            if array.shape != self.grey.shape:
                raise ValueError(
                    f"`{name}` must have the shape of `grey`, {self.grey.shape}, got "
                    f"{array.shape}. Make both from the same pixels."
                )
            object.__setattr__(self, name, contiguous(array))
        if not 1 <= self.n_levels <= MAX_LEVELS:
            raise ValueError(f"`n_levels` must be 1 to {MAX_LEVELS}, got {self.n_levels}.")
        if not 1 <= self.n_regions <= MAX_LEVELS:
            raise ValueError(
                f"`region_names` must name 1 to {MAX_LEVELS} regions, got {self.n_regions}."
            )
        self._check_values()

    def _check_values(self) -> None:
        lowest, highest = int(self.levels.min()), int(self.levels.max())
        if not 1 <= lowest <= highest <= self.n_levels:
            raise ValueError(
                f"`levels` must lie in 1..{self.n_levels}, got {lowest}..{highest}. "
                "Discretise the stack with `Discretisation.table`."
            )
        last = int(self.regions.max())
        if last > self.n_regions:
            raise ValueError(
                f"`regions` must lie in 0..{self.n_regions}, one for each of `region_names` "
                f"{self.region_names}, got {last}. Name all regions."
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
    def n_exams(self) -> int:
        """Number of exams: 1, more in a `StackBatch`."""
        return len(self.exam_starts)

    @property
    def exam_starts(self) -> tuple[int, ...]:
        """Index of the first slice of each exam."""
        return (0,)

    @property
    def origins(self) -> tuple[tuple[int, int], ...]:
        """Row and column of each exam from which positions are counted."""
        return ((0, 0),) * self.n_exams

    @property
    def corners(self) -> tuple[tuple[int, int, int], ...]:
        """Slice, row and column of each exam's whole stack where this stack begins."""
        return ((0, 0, 0),) * self.n_exams

    def with_grey(self, grey: Array) -> Self:
        """Stack with other grey levels, such as smoothed ones, and the same levels and regions.

        Parameters
        ----------
        grey : array of shape (n_slices, height, width), uint8

        Returns
        -------
        Stack

        Raises
        ------
        TypeError, ValueError
            If `grey` is not a uint8 array of the stack's shape.

        Examples
        --------
        >>> import numpy as np
        >>> ones = np.ones((1, 2, 2), np.uint8)
        >>> int(Stack(ones, ones, ones, n_levels=1).with_grey(255 - ones).grey.max())
        254
        """
        check_stack(grey, "grey")
        if grey.shape != self.grey.shape:
            raise ValueError(
                f"`grey` must have the shape of the stack, {self.grey.shape}, got {grey.shape}."
            )
        return self._replace(grey=contiguous(grey))

    def remember(self, key: Hashable, make: Callable[[], R]) -> R:
        """Result of `make()`, computed once per stack and key.

        Parameters
        ----------
        key : hashable
        make : callable
            The result is shared and must not be written to.

        Returns
        -------
        object
        """
        if key not in self._memo:
            self._memo[key] = make()
        found: R = self._memo[key]
        return found

    def on_device(self, device: Device) -> Self:
        """Stack with its arrays on a device.

        Parameters
        ----------
        device : {"cpu", "cuda"}

        Returns
        -------
        Stack
        """
        return self._replace(**{part: to_device(getattr(self, part), device) for part in PARTS})

    def _replace(self, **arrays: Array) -> Self:
        """Copy with other arrays, whose values must be in range."""
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.init}
        return self.unchecked(**{**fields, **arrays})

    @classmethod
    def unchecked(cls, **fields: Any) -> Self:
        """Stack made without checking its arrays.

        Checking values would make the host wait for a GPU.

        Parameters
        ----------
        **fields
            All parameters of the class; arrays must be contiguous.

        Returns
        -------
        Stack
        """
        stack = object.__new__(cls)
        for item in dataclasses.fields(cls):
            if item.init:
                object.__setattr__(stack, item.name, fields.get(item.name, item.default))
        object.__setattr__(stack, "_memo", {})
        return stack


@dataclass(frozen=True, eq=False)
class StackBatch(Stack):
    """The same plane of several exams, their slices concatenated.

    Parameters
    ----------
    grey, levels, regions, n_levels, region_names
        As for `Stack`.
    exam_starts : tuple of int, default (0,)
        Index of the first slice of each exam.
    origins : tuple of pairs of int, optional
        Row and column of each exam from which positions are counted. The exams of a batch share
        one window size, so the window that an exam has alone may begin further inside: here.
        Default: (0, 0) for each.
    exam_indices : tuple of int, optional
        Index of each exam in the sequence it comes from. Default: 0, 1, 2, ...
    corners : tuple of three int each, optional
        Slice, row and column of each exam's whole stack where its window begins. Default: (0, 0, 0)
        for each.

    Raises
    ------
    TypeError, ValueError
        As for `Stack`. Also if `exam_starts` does not ascend from 0 within the slices, or `origins`
        are not one pixel of the slice per exam.

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((5, 4, 4), np.uint8)
    >>> StackBatch(ones, ones, ones, n_levels=1, exam_starts=(0, 2)).n_exams
    2
    """

    exam_starts: tuple[int, ...] = (0,)
    origins: tuple[tuple[int, int], ...] = ()
    exam_indices: tuple[int, ...] = ()
    corners: tuple[tuple[int, int, int], ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        ends = (*self.exam_starts[1:], self.n_slices)
        ascend = all(start < end for start, end in zip(self.exam_starts, ends, strict=False))
        if self.exam_starts[:1] != (0,) or not ascend:
            raise ValueError(
                "`exam_starts` must ascend from 0 and stay below the number of slices, "
                f"{self.n_slices}, got {self.exam_starts}. Join stacks with `join_stacks`."
            )
        if not self.origins:
            object.__setattr__(self, "origins", ((0, 0),) * self.n_exams)
        if not self.exam_indices:
            object.__setattr__(self, "exam_indices", tuple(range(self.n_exams)))
        if not self.corners:
            object.__setattr__(self, "corners", ((0, 0, 0),) * self.n_exams)
        _, height, width = self.grey.shape
        within = all(0 <= row < height and 0 <= column < width for row, column in self.origins)
        if len(self.origins) != self.n_exams or not within:
            raise ValueError(
                f"`origins` must be a row and a column within the slice for each of the "
                f"{self.n_exams} exams of `exam_starts`, got {self.origins}. Omit them to "
                "count from the first row and column of the slice."
            )


def join_stacks(stacks: Sequence[Stack]) -> StackBatch:
    """Batch of several stacks, their slices concatenated.

    Parameters
    ----------
    stacks : sequence of Stack
        At least one. All must have the same number of levels, region names, height and width.

    Returns
    -------
    StackBatch

    Raises
    ------
    ValueError
        If there is no stack, or they differ in any of these.

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((3, 2, 2), np.uint8)
    >>> stacks = [Stack(ones[:n], ones[:n], ones[:n], n_levels=1) for n in (2, 3)]
    >>> join_stacks(stacks).exam_starts
    (0, 2)
    """
    kinds = {(s.n_levels, s.region_names, *s.grey.shape[1:]) for s in stacks}
    if len(kinds) != 1:
        raise ValueError(
            "`stacks` must all have the same number of levels, region names, height and width, got "
            f"{sorted(kinds) or 'no stack'}. Join only stacks that agree in these."
        )
    xp = namespace(stacks[0].grey)
    starts: list[int] = []
    n_slices = 0
    for stack in stacks:
        starts += [n_slices + start for start in stack.exam_starts]
        n_slices += stack.n_slices
    arrays = {part: xp.concat([getattr(stack, part) for stack in stacks]) for part in PARTS}
    return StackBatch(
        **arrays,
        n_levels=stacks[0].n_levels,
        region_names=stacks[0].region_names,
        exam_starts=tuple(starts),
        origins=tuple(origin for stack in stacks for origin in stack.origins),
        corners=tuple(corner for stack in stacks for corner in stack.corners),
    )


def check_stack(stack: Array, name: str = "stack") -> None:
    """Raise unless `stack` is a non-empty uint8 array of three dimensions."""
    shape, dtype = getattr(stack, "shape", None), getattr(stack, "dtype", None)
    if shape is None or dtype is None:
        raise TypeError(
            f"`{name}` must be an array of shape (n_slices, height, width) and dtype uint8, got "
            f"{type(stack).__name__}. Pass a NumPy array."
        )
    problem = (
        f"`{name}` must have shape (n_slices, height, width) and dtype uint8, got "
        f"{tuple(shape)} {dtype}."
    )
    if not str(dtype).endswith("uint8"):
        advice = (
            "`mf.to_uint8(stack)`, or with `.astype(np.uint8)` if its values are grey levels 0 to "
            "255 already"
        )
        if name in ("levels", "regions"):  # their values must not be scaled
            advice = "`.astype(np.uint8)`"
        raise TypeError(f"{problem} Convert it with {advice}.")
    if len(shape) != 3 or 0 in shape:
        raise ValueError(
            f"{problem} Stack at least one slice along the first axis; one slice is "
            "`image[np.newaxis]`."
        )
