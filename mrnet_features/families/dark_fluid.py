"""Dark fluid: amount of dark fluid in the recesses on T1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from mrnet_features.arrays import BoolArray, namespace
from mrnet_features.counts.histogram import histogram
from mrnet_features.families.base import Counts, Family, Statistics, Words
from mrnet_features.formulas.exam_axis import merge_slices
from mrnet_features.formulas.fluid_amount import count_fluid, describe_amounts
from mrnet_features.formulas.fluid_marks import describe_amount_slices, find_fluid
from mrnet_features.formulas.histogram import median_of_stacks
from mrnet_features.stacks.stack import Stack

STATISTICS = ("fraction", "core", "largest_component")


@dataclass(frozen=True)
class DarkFluid(Family):
    """Pixels as dark as fluid where fat is bright: the T1 counterpart of `Fluid`.

    On T1 images an effusion is dark grey and displaces bright fat in the recesses of the joint.
    Muscle, ligament and cortex are dark as well, so this is less specific than bright fluid. Dark
    pixels have at most `share` of the median grey level of the stack's regions.

    ================= ============================================ ======== =====
    statistic         formula                                      unit     range
    ================= ============================================ ======== =====
    fraction          dark pixels / region                         fraction 0..1
    core              squares of 5 x 5 dark pixels / region        fraction 0..1
    largest_component pixels of the largest 3-D component / region fraction 0..1
    ================= ============================================ ======== =====

    For the stack only. NaN where the region has no pixel. Marks are the dark pixels, their cores or
    the largest 3-D component.

    Parameters
    ----------
    share : float, default 0.6

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((1, 1, 4), np.uint8)
    >>> family, stack = DarkFluid(), Stack(np.uint8([[[9, 99, 99, 99]]]), ones, ones, n_levels=1)
    >>> float(family.describe_stack(family.count(stack), stack.exam_starts)["fraction"][0, 0])
    0.25
    """

    name: ClassVar[str] = "dark_fluid"
    weightings: ClassVar[tuple[str, ...]] = ("structural",)
    region_sets: ClassVar[tuple[str, ...]] = ("recesses",)
    uses_neighbouring_slices: ClassVar[bool] = True
    words: ClassVar[Mapping[str, Words]] = {
        "fraction": Words(
            "tissue as dark as fluid",
            "more dark tissue, fluid or not",
            "share of tissue as dark as fluid on T1",
        ),
        "core": Words(
            "thick tissue as dark as fluid",
            "thicker dark tissue, fluid or not",
            "share of tissue as dark as fluid on T1 in layers of 5 pixels or more",
        ),
        "largest_component": Words(
            "largest patch as dark as fluid",
            "a larger dark patch, fluid or not",
            "share taken by the largest patch as dark as fluid on T1",
        ),
    }

    share: float = 0.6

    def count(self, stack: Stack) -> Counts:
        """Histogram, components and boundaries of the inverted grey levels."""
        counts = histogram(stack)
        xp = namespace(counts)
        darkest = xp.floor(self.share * median_of_stacks(merge_slices(counts, stack.exam_starts)))
        least = 255 - xp.astype(darkest, xp.int32)
        return count_fluid(_invert(stack), xp.flip(counts, axis=-1), (least,))

    def describe(self, counts: Counts) -> Statistics:  # noqa: ARG002
        """No statistics: the amount in one slice has little meaning."""
        return {}

    def describe_stack(self, counts: Counts, exam_starts: Sequence[int]) -> Statistics:
        """All statistics of the table in the class docstring."""
        values = describe_amounts(counts, exam_starts)[0]
        return {name: values[name] for name in STATISTICS}

    def describe_slices(self, stack: Stack) -> Statistics:
        """The same statistics of each slice; the component is that of the stack."""
        values = describe_amount_slices(_invert(stack), self.counts_of(stack), 0)
        return {name: values[name] for name in STATISTICS}

    def find_pixels(self, stack: Stack, statistic: str) -> BoolArray:
        """Dark pixels, their cores or the largest component."""
        return find_fluid(_invert(stack), self.counts_of(stack), 0, statistic)


def _invert(stack: Stack) -> Stack:
    return stack.with_grey(255 - stack.grey)
