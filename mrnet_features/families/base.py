"""Family: the whole contract of a group of features, on one page.

A family counts and describes. Write one file in this folder, or a class anywhere::

    @dataclass(frozen=True)
    class Brightness(Family):
        '''How bright the region is. (Then a table of the statistics.)'''

        name: ClassVar[str] = "brightness"

        def count(self, stack):
            return histogram(stack.grey, stack.regions, n_values=256, n_regions=stack.n_regions)

        def describe(self, counts):
            return {"mean": mean(as_float(counts))}

and hand an instance to ``FeatureExtractor(families=[Brightness()])``. What lies in this folder is
also found by name. Its columns are called ``plane__region__brightness__mean__pool``.

The stack that a family gets may be the stacks of several exams laid end to end: a launch on a GPU
pays off for many. Slices are described one by one and exams by their own slices, so the family
above need not know. One that joins slices, or describes an exam in its own way, is told by
``stack.exam_starts`` and `Family.describe_stack` where each exam begins.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self, TypeAlias

from mrnet_features.arrays import Array
from mrnet_features.formulas.exam_axis import merge_slices
from mrnet_features.names import PART, PLANES
from mrnet_features.stacks.stack import Stack

Counts: TypeAlias = Any
"""One integer array, or a named tuple of integer arrays."""

Statistics: TypeAlias = Mapping[str, Array]
"""Statistic's name -> float64 array."""


class Family(ABC):
    """A group of statistics that are read off the same counts.

    A subclass is a frozen dataclass: its fields are its parameters, which gives equality, repr,
    hashing and provenance. `count` holds the heavy work and calls the functions of
    ``mrnet_features.counts``; `describe` holds the formulae, in array-API operations only.

    Attributes
    ----------
    name : str
        Name of the family: letters, digits and single underscores inside.
    planes : tuple of str
        Planes on which the family means something.
    region_sets : tuple of str
        Region sets to describe: ``knee``, the whole foreground, or names of
        ``mrnet_features.stacks.atlas.REGION_SETS``, which must have boxes on all of `planes`.
    uses_neighbouring_slices : bool
        Whether a slice's neighbours can change what is counted in it; never those of another exam.
    extensive : frozenset of str
        Statistics that grow with the number of pixels or slices. They measure the size of the
        knee and the protocol before anything else, so an extractor leaves them out unless asked.
    """

    name: ClassVar[str]
    planes: ClassVar[tuple[str, ...]] = PLANES
    region_sets: ClassVar[tuple[str, ...]] = ("knee",)
    uses_neighbouring_slices: ClassVar[bool] = False
    extensive: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def count(self, stack: Stack) -> Counts:
        """Count what the statistics need.

        Parameters
        ----------
        stack : Stack

        Returns
        -------
        counts
            One integer array or a named tuple of them, with slices as the first axis wherever
            slices are counted one by one.
        """

    @abstractmethod
    def describe(self, counts: Counts) -> Statistics:
        """Describe each slice by itself, whichever exam it belongs to.

        Parameters
        ----------
        counts
            What `count` returned.

        Returns
        -------
        mapping of str to array of shape (n_slices, n_regions), float64
            NaN where the docstring of the family says so. The order of the keys is the order of
            the columns.
        """

    def describe_stack(self, counts: Counts, exam_starts: Sequence[int]) -> Statistics:
        """Describe each exam as a whole: by default its slices' counts merged (IBSI 2.5-D).

        Parameters
        ----------
        counts
            What `count` returned, of the slices of one or more exams.
        exam_starts : sequence of int
            First slice of each exam. The functions of ``mrnet_features.formulas.exam_axis`` split
            and merge slices by exam.

        Returns
        -------
        mapping of str to array of shape (n_exams, n_regions), float64
            What an exam gets must not depend on the others.
        """
        return self.describe(merge_slices(counts, exam_starts))

    @property
    def label(self) -> str:
        """The family's part of a column name: its name, and the parameters that differ.

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
        if hasattr(cls, "name"):  # another process makes a script's class first, and fills it then
            cls._check_name()

    def __new__(cls, *_: Any, **__: Any) -> Self:
        """Make a family, unless its class has no name."""
        cls._check_name()
        return super().__new__(cls)

    @classmethod
    def _check_name(cls) -> None:
        name = getattr(cls, "name", None)
        if not isinstance(name, str) or not PART.fullmatch(name):
            raise TypeError(
                f"{cls.__name__}.name must be letters, digits and single underscores inside, got "
                f"{name!r}. Give the family a class attribute `name: ClassVar[str]`."
            )


def _as_part(value: object) -> str:
    """Parameter's value in letters, digits and single underscores."""
    if isinstance(value, tuple):
        return "_".join(_as_part(item) for item in value)
    text = "".join(c if c.isalnum() else {".": "p", "-": "m"}.get(c, "_") for c in str(value))
    return "_" + text if text[:1].isalpha() else text
