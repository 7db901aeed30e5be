"""Haar wavelet: differences in mean grey level between the halves of squares of several sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from mrnet_features.counts.haar_wavelet import haar_responses
from mrnet_features.families.base import Counts, Family, Statistics, Words
from mrnet_features.families.documentation import fill_nouns
from mrnet_features.formulas.filter_response import describe_orientations
from mrnet_features.stacks.stack import Stack


@dataclass(frozen=True)
class Haar(Family):
    """Undecimated Haar wavelet: differences in mean grey level between the halves of a square.

    X are the absolute details, to a quarter grey level, of every square of side S that lies in
    the region: the difference of the means of its left and right half (``horizontal``), of its
    upper and lower half (``vertical``), and of its two pairs of opposite quarters (``diagonal``);
    p are the fractions of their histogram.

    =========== ================== =========== ========
    statistic   formula            unit        range
    =========== ================== =========== ========
    *_energy_*  mean(X^2)          grey^2      0..65025
    *_abs_*     mean(X)            grey levels 0..255
    *_entropy_* -sum(p log2 p)     bits        0..10
    *_median_*  median             grey levels 0..255
    *_p90_*     90th percentile    grey levels 0..255
    =========== ================== =========== ========

    The last ``*`` is S. NaN where no square fits into the region. S = 2, 4 and 8 are the first
    three levels of the stationary wavelet transform with the Haar filter, up to a factor.

    Parameters
    ----------
    sides : tuple of int, default (2, 4, 8)
        S in pixels: 2, 4, 8, 16, 32 or 64.

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((1, 2, 2), np.uint8)
    >>> family, stack = Haar((2,)), Stack(np.uint8([[[0, 4], [0, 4]]]), ones, ones, n_levels=1)
    >>> float(family.describe(family.count(stack))["horizontal_abs_2"][0, 0])
    4.0
    """

    name: ClassVar[str] = "haar"
    words: ClassVar[Mapping[str, Words]] = fill_nouns(
        {
            "*_energy_*": Words("energy of @", "stronger @", "mean square of @"),
            "*_abs_*": Words("size of @", "stronger @", "mean size of @"),
            "*_entropy_*": Words("entropy of @", "more varied @"),
            "*_median_*": Words("median of @", "stronger @"),
            "*_p90_*": Words("strongest @", "stronger @", "90th percentile of @"),
        },
        {"": ("{0} steps, {1} pixels", "{0} grey level steps over {1} pixels (Haar wavelet)")},
    )
    sides: tuple[int, ...] = (2, 4, 8)

    def __post_init__(self) -> None:
        if not self.sides or not set(self.sides) <= {2, 4, 8, 16, 32, 64}:
            raise ValueError(f"`sides` must be 2, 4, 8, 16, 32 or 64 pixels, got {self.sides}.")

    def count(self, stack: Stack) -> Counts:
        """Histograms of the details, one array per side."""
        return tuple(haar_responses(stack, side=side) for side in self.sides)

    def describe(self, counts: Counts) -> Statistics:
        """Statistics of the table in the class docstring."""
        return describe_orientations(counts, self.sides)
