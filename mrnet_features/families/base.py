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
is also found by name. Columns are named ``plane__region__bright_threshold180__share__pool``.

1. `count` returns integers; `describe` returns float64, in array-API operations only.
2. Each slice and each region is described by itself, unless `uses_neighbouring_slices`.
3. The stack may be a batch of exams, to fill a GPU. No exam may depend on another: a family that
   joins slices splits them at ``stack.exam_starts``.
4. Mirroring the knee or reversing its slices changes no pooled statistic.
5. Nothing is written to; NaN appears only where the docstring says so.

``mrnet_features.testing.check_family`` checks all of this.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self, TypeAlias

from mrnet_features.arrays import Array, namespace
from mrnet_features.families.documentation import Words
from mrnet_features.formulas.exam_axis import merge_slices
from mrnet_features.formulas.histogram import divide
from mrnet_features.names import PART, PLANES
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
