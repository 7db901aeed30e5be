"""Family: the contract of a group of features that are computed from the same counts.

A family counts (`Family.count`) and describes (`Family.describe`). On existing counts it needs two
imports::

    from mrnet_features.counts.histogram import histogram
    from mrnet_features.families.base import Family, divide, namespace

    @dataclass(frozen=True)
    class Bright(Family):
        '''Share of bright pixels. (Then a table of the statistics.)'''

        name: ClassVar[str] = "bright"
        threshold: int = 200

        def count(self, stack):
            return histogram(stack)

        def describe(self, counts):
            xp = namespace(counts)
            bright = xp.sum(counts[..., self.threshold :], axis=-1)
            return {"share": divide(bright, xp.sum(counts, axis=-1))}

Hand an instance to ``FeatureExtractor([Bright(threshold=180)])``. A family in a file of this folder
is also found by name. Columns are named ``series__region__bright_threshold180__share__pool``.

1. `count` returns integers; `describe` returns float64, in array-API operations only.
2. Each slice and each region is described by itself, unless `uses_neighbouring_slices`.
3. The stack may be a batch of exams, to fill a GPU. No exam may depend on another: a family that
   joins slices splits them at ``stack.exam_starts``.
4. Mirroring the knee or reversing its slices changes no pooled statistic.
5. Nothing is written to; NaN appears only where the docstring says so.

``mrnet_features.testing.check_family`` checks all of this. `Family.find_pixels` may say which
pixels give a value, for ``mf.find_marks``.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np

from mrnet_features.arrays import Array, BoolArray, Float64Array, namespace
from mrnet_features.families.documentation import Words
from mrnet_features.formulas.exam_axis import merge_slices
from mrnet_features.formulas.histogram import divide
from mrnet_features.messages import name_some, quote
from mrnet_features.names import PART, PLANES, parse_series
from mrnet_features.stacks.mark import SliceMark, outline_regions, sort_marks
from mrnet_features.stacks.stack import Stack

__all__ = ["Counts", "Family", "Statistics", "Words", "divide", "namespace"]

Counts: TypeAlias = Any
"""One integer array, or a named tuple of integer arrays."""

Statistics: TypeAlias = Mapping[str, Array]
"""Name of the statistic -> float64 array."""


class Family(ABC):
    """Statistics computed from the same counts.

    A subclass is a frozen dataclass whose fields are its parameters. `count` does the heavy work
    with functions of ``mrnet_features.counts``; `describe` holds the formulas.

    Attributes
    ----------
    name : str
        Name of the family: letters, digits and single underscores inside.
    planes : tuple of str
        Planes for which the family is meant.
    weightings : tuple of str
        Weightings for which it is meant, ``fluid`` (fluid is bright) or ``structural`` (it is not);
        empty if it is meant for any, known or not.
    region_sets : tuple of str
        Region sets to describe: ``knee``, the whole foreground, or names of
        ``mrnet_features.stacks.region_sets.REGION_SETS``, which must have boxes on all of `planes`.
    uses_neighbouring_slices : bool
        Whether the counts of a slice depend on other slices of its exam.
    extensive : frozenset of str
        Statistics that grow with the number of pixels or slices. They measure the size of the knee
        and the protocol, so an extractor leaves them out by default.
    words : mapping of str to Words
        Statistics, or patterns with ``*``, in plain words; `mrnet_features.describe_columns` needs
        them to say more than the names.
    """

    name: ClassVar[str]
    planes: ClassVar[tuple[str, ...]] = PLANES
    weightings: ClassVar[tuple[str, ...]] = ()
    region_sets: ClassVar[tuple[str, ...]] = ("knee",)
    uses_neighbouring_slices: ClassVar[bool] = False
    extensive: ClassVar[frozenset[str]] = frozenset()
    words: ClassVar[Mapping[str, Words]] = {}

    @abstractmethod
    def count(self, stack: Stack) -> Counts:
        """Integer counts of the stack.

        Parameters
        ----------
        stack : Stack

        Returns
        -------
        counts
            One integer array or a named tuple of them. The first axis is the slice wherever slices
            are counted one by one.
        """

    @abstractmethod
    def describe(self, counts: Counts) -> Statistics:
        """Statistics of each slice.

        Parameters
        ----------
        counts
            As `count` returns them.

        Returns
        -------
        mapping of str to array of shape (n_slices, n_regions), float64
            NaN where the docstring of the family says so. The order of the keys is the order of
            the columns.
        """

    def describe_stack(self, counts: Counts, exam_starts: Sequence[int]) -> Statistics:
        """Statistics of each exam; by default from the counts summed over its slices (IBSI 2.5-D).

        Parameters
        ----------
        counts
            As `count` returns them, for the slices of one or more exams.
        exam_starts : sequence of int
            First slice of each exam. The functions of ``mrnet_features.formulas.exam_axis`` split
            and merge slices by exam.

        Returns
        -------
        mapping of str to array of shape (n_exams, n_regions), float64
            An exam's values must not depend on the other exams.
        """
        return self.describe(merge_slices(counts, exam_starts))

    def describe_slices(self, stack: Stack) -> Statistics:
        """Values of each slice, for every statistic that has one; by default those of `describe`.

        A family that describes the stack as a whole can give the same statistics of each slice
        here. They are shown, but don't become features.

        Parameters
        ----------
        stack : Stack
            One exam, on the CPU.

        Returns
        -------
        mapping of str to array of shape (n_slices, n_regions), float64
            Names are those of `describe` and `describe_stack`. NaN where the region has no pixel.
        """
        return self.describe(self.counts_of(stack))

    def find_pixels(self, stack: Stack, statistic: str) -> BoolArray:  # noqa: ARG002
        """Pixels that give the value of a statistic on each slice; by default all of the regions.

        Parameters
        ----------
        stack : Stack
            One exam, on the CPU.
        statistic : str
            A statistic of the family.

        Returns
        -------
        ndarray of shape (n_slices, height, width), bool
            Pixels outside all regions are ignored.
        """
        found: BoolArray = stack.regions > 0
        return found

    def find_stack_pixels(self, stack: Stack, statistic: str) -> BoolArray:
        """Pixels that give the value of the whole stack; by default those of `find_pixels`.

        Parameters
        ----------
        stack, statistic
            As for `find_pixels`.

        Returns
        -------
        ndarray of shape (n_slices, height, width), bool
            No pixel on the slices that don't count, such as those without the highest value.
        """
        return self.find_pixels(stack, statistic)

    def mark(self, stack: Stack, statistic: str) -> tuple[SliceMark, ...]:
        """Where each slice gives its value of a statistic.

        Parameters
        ----------
        stack : Stack
            One exam, on the CPU.
        statistic : str
            A statistic of `describe` or `describe_stack`.

        Returns
        -------
        tuple of SliceMark
            One per region and slice, slice by slice, in the pixels of this stack. An outline may be
            empty, such as that of fluid on a slice without fluid.

        Raises
        ------
        ValueError
            If the family has no such statistic, or the stack holds several exams.
        """
        values = self._find_values(stack, statistic)
        pixels = self.find_pixels(stack, statistic)
        return outline_regions(stack.regions, stack.region_names, pixels, values)

    def mark_stack(self, stack: Stack, statistic: str) -> tuple[SliceMark, ...]:
        """Where the value of the whole stack comes from, most important slice of a region first.

        Parameters
        ----------
        stack, statistic
            As for `mark`.

        Returns
        -------
        tuple of SliceMark
            Of the slices that count; none of a region without a pixel to mark, such as no fluid.

        Raises
        ------
        ValueError
            As `mark`.
        """
        values = self._find_values(stack, statistic)
        pixels = self.find_stack_pixels(stack, statistic)
        marks = outline_regions(stack.regions, stack.region_names, pixels, values)
        marks = tuple(mark for mark in marks if mark.outline is not None and mark.outline.any())
        return sort_marks(marks, stack.n_slices)

    def mark_regions(self, stack: Stack, statistic: str) -> tuple[SliceMark, ...]:
        """All pixels of each region, the largest slice first: what was searched for a statistic.

        Parameters
        ----------
        stack, statistic
            As for `mark`.

        Returns
        -------
        tuple of SliceMark
            One per region and slice on which the region has a pixel.

        Raises
        ------
        ValueError
            As `mark`.
        """
        values = self._find_values(stack, statistic)
        marks = outline_regions(stack.regions, stack.region_names, stack.regions > 0, values)
        return sort_marks(marks, stack.n_slices)

    def counts_of(self, stack: Stack) -> Counts:
        """Counts of the stack, which remembers them: several marks need the same.

        Parameters
        ----------
        stack : Stack

        Returns
        -------
        counts
            As from `count`; must not be written to.
        """
        return stack.remember((self, "counts"), lambda: self.count(stack))

    def _find_values(self, stack: Stack, statistic: str) -> Float64Array:
        """Values of each slice and region, NaN if the statistic has none per slice."""
        if stack.n_exams > 1:
            raise ValueError(
                f"`stack` must hold one exam to mark, got {stack.n_exams}. Mark each by itself."
            )

        def describe() -> tuple[Statistics, set[str]]:
            counts = self.counts_of(stack)
            whole = self.describe_stack(counts, stack.exam_starts)
            return self.describe_slices(stack), {*self.describe(counts), *whole}

        slices, names = stack.remember((self, "marks"), describe)
        if statistic not in names:
            raise ValueError(
                f"Family {self.label!r} has no statistic {quote(statistic)}. It has "
                f"{name_some(sorted(names))}."
            )
        unknown = np.full((stack.n_slices, stack.n_regions), np.nan)
        values: Float64Array = slices.get(statistic, unknown)
        return values

    @classmethod
    def describes(cls, series: str) -> bool:
        """Whether the family is meant for a series, by its plane and weighting.

        Parameters
        ----------
        series : str
            Name of a series. A plane alone has the weighting that it has in MRNet.

        Returns
        -------
        bool

        Examples
        --------
        >>> from mrnet_features.families.fluid import Fluid
        >>> Fluid.describes("sagittal"), Fluid.describes("sagittal_structural")
        (True, False)
        """
        found = parse_series(series)
        return found.plane in cls.planes and (
            not cls.weightings or found.known_weighting in cls.weightings
        )

    @classmethod
    def say_scope(cls) -> str:
        """Series that the family is meant for, for the end of a sentence.

        Examples
        --------
        >>> from mrnet_features.families.fluid import Fluid
        >>> Fluid.say_scope()
        "the planes axial and sagittal, and series whose name states 'fluid', such as 'axial_fluid'"
        """
        planes = [plane for plane in PLANES if cls.describes(plane)]
        bare = f"the plane{'s' if len(planes) > 1 else ''} {' and '.join(planes)}"
        if not cls.weightings:
            return bare
        stated = " or ".join(map(repr, cls.weightings))
        named = f"series whose name states {stated}, such as '{cls.planes[0]}_{cls.weightings[0]}'"
        return f"{bare}, and {named}" if planes else named

    @property
    def label(self) -> str:
        """Part of the column name: the name, and the parameters that differ from their default.

        Examples
        --------
        >>> from mrnet_features.families.glcm import Glcm
        >>> Glcm().label, Glcm(distance=2).label
        ('glcm', 'glcm_distance2')
        """
        parts = [self.name]
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if value != field.default:
                parts.append(field.name.replace("_", "") + _as_part(value))
        return "_".join(parts)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if hasattr(cls, "name"):  # unpickling creates a script's class before its attributes
            cls._check_name()

    def __new__(cls, *_: Any, **__: Any) -> Self:
        """Instance of the class; raise if the class has no valid name."""
        cls._check_name()
        return super().__new__(cls)

    @classmethod
    def _check_name(cls) -> None:
        name = getattr(cls, "name", None)
        if not isinstance(name, str) or not PART.fullmatch(name):
            raise TypeError(
                f"{cls.__name__}.name must be letters and digits with single underscores "
                f"between them, got {name!r}. Give the family a class attribute "
                "`name: ClassVar[str]`."
            )


def _as_part(value: object) -> str:
    """Value of a parameter in letters, digits and single underscores."""
    if isinstance(value, tuple):
        return "_".join(_as_part(item) for item in value)
    text = "".join(c if c.isalnum() else {".": "p", "-": "m"}.get(c, "_") for c in str(value))
    return "_" + text if text[:1].isalpha() else text
