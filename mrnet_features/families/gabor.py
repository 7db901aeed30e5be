"""Gabor filters: waves of several lengths along rows, columns and diagonals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from mrnet_features.counts.filter_responses import gabor_responses
from mrnet_features.families.base import Counts, Family, Statistics, Words
from mrnet_features.families.documentation import fill_nouns
from mrnet_features.formulas.filter_response import describe_orientations
from mrnet_features.stacks.stack import Stack


@dataclass(frozen=True)
class Gabor(Family):
    """Magnitudes of Gabor filters for waves along rows, columns and diagonals.

    X are the magnitudes at the pixels of a region, to a quarter grey level, for a wave along the
    row (``horizontal``), the column (``vertical``) and the diagonals (``diagonal``, both together,
    because a mirror image swaps them); p are the fractions of their histogram.

    =========== ================== =========== ========
    statistic   formula            unit        range
    =========== ================== =========== ========
    *_energy_*  mean(X^2)          grey^2      0..65025
    *_abs_*     mean(X)            grey levels 0..255
    *_entropy_* -sum(p log2 p)     bits        0..10
    *_median_*  median             grey levels 0..255
    *_p90_*     90th percentile    grey levels 0..255
    =========== ================== =========== ========

    The last ``*`` is the wavelength in pixels. NaN where the region has no pixel. Near the edge of
    a region the response depends on pixels outside it. As scikit-image's ``gabor_kernel`` with
    the default bandwidth of one octave.

    Parameters
    ----------
    wavelengths : tuple of int, default (4, 8, 16)
        2 to 32 pixels.

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((1, 4, 4), np.uint8)
    >>> family, stack = Gabor((4,)), Stack(ones, ones, ones, n_levels=1)
    >>> float(family.describe(family.count(stack))["vertical_abs_4"][0, 0])
    0.0
    """

    name: ClassVar[str] = "gabor"
    words: ClassVar[Mapping[str, Words]] = fill_nouns(
        {
            "*_energy_*": Words("energy of @", "stronger @", "mean square of @"),
            "*_abs_*": Words("size of @", "stronger @", "mean size of @"),
            "*_entropy_*": Words("entropy of @", "more varied @"),
            "*_median_*": Words("median of @", "stronger @"),
            "*_p90_*": Words("strongest @", "stronger @", "90th percentile of @"),
        },
        {"": ("{0} waves, {1} pixels", "{0} waves of {1} pixels (Gabor filter)")},
    )
    wavelengths: tuple[int, ...] = (4, 8, 16)

    def __post_init__(self) -> None:
        if not self.wavelengths or not all(2 <= length <= 32 for length in self.wavelengths):
            raise ValueError(f"`wavelengths` must be 2 to 32 pixels, got {self.wavelengths}.")

    def count(self, stack: Stack) -> Counts:
        """Histograms of the magnitudes, one array per wavelength."""
        return tuple(gabor_responses(stack, wavelength=float(n)) for n in self.wavelengths)

    def describe(self, counts: Counts) -> Statistics:
        """Statistics of the table in the class docstring."""
        return describe_orientations(counts, self.wavelengths)
