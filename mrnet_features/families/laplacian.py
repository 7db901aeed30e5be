"""Laplacian of Gaussian: spots and ridges of several sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from mrnet_features.arrays import Array
from mrnet_features.counts.filter_responses import REACH, check_scale, laplacian_responses
from mrnet_features.families.base import Counts, Family, Statistics, Words
from mrnet_features.formulas.filter_response import describe_responses
from mrnet_features.stacks.stack import Stack


@dataclass(frozen=True)
class Laplacian(Family):
    """Responses of the Laplacian of Gaussian: large at spots and ridges of the size of the filter.

    X are the responses of a region's pixels, to a quarter grey level, positive where it is dark; p
    are the fractions of their histogram.

    ========= ================== =========== ==========
    statistic formula            unit        range
    ========= ================== =========== ==========
    energy_*  mean(X^2)          grey^2      0..65025
    abs_*     mean(abs(X))       grey levels 0..255
    entropy_* -sum(p log2 p)     bits        0..9
    p10_*     10th percentile    grey levels -255..255
    p90_*     90th percentile    grey levels -255..255
    ========= ================== =========== ==========

    ``*`` is the standard deviation of the Gaussian in pixels. NaN where the region has no pixel.
    Near the edge of a region the response depends on pixels outside it.

    Parameters
    ----------
    sigmas : tuple of int, default (1, 2, 4)
        1 to 16 pixels.

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((1, 4, 4), np.uint8)
    >>> family, stack = Laplacian(), Stack(ones, ones, ones, n_levels=1)
    >>> float(family.describe(family.count(stack))["abs_2"][0, 0])
    0.0
    """

    name: ClassVar[str] = "laplacian"
    words: ClassVar[Mapping[str, Words]] = {
        "energy_*": Words(
            "squared spot filter, {0} pixels",
            "more spots and ridges of this size",
            "mean square of the Laplacian of Gaussian of {0} pixels",
        ),
        "abs_*": Words(
            "mean spot filter, {0} pixels",
            "more spots and ridges of this size",
            "mean size of the Laplacian of Gaussian of {0} pixels",
        ),
        "entropy_*": Words(
            "entropy of spot filter, {0} pixels",
            "more varied spots and ridges",
            "entropy of the Laplacian of Gaussian of {0} pixels",
        ),
        "p10_*": Words(
            "10th percentile of spot filter, {0} pixels",
            "fewer bright spots and ridges",
            "10th percentile of the Laplacian of Gaussian of {0} pixels, negative on bright spots",
        ),
        "p90_*": Words(
            "90th percentile of spot filter, {0} pixels",
            "more dark spots and ridges",
            "90th percentile of the Laplacian of Gaussian of {0} pixels, positive on dark spots",
        ),
    }
    sigmas: tuple[int, ...] = (1, 2, 4)

    def __post_init__(self) -> None:
        for sigma in self.sigmas:
            check_scale(sigma, "sigmas")

    def count(self, stack: Stack) -> Counts:
        """Histograms of the responses, one per sigma."""
        return tuple(laplacian_responses(stack, sigma=float(sigma)) for sigma in self.sigmas)

    def describe(self, counts: Counts) -> Statistics:
        """Statistics of the table in the class docstring."""
        statistics: dict[str, Array] = {}
        for sigma, histogram in zip(self.sigmas, counts, strict=True):
            described = describe_responses(histogram, lowest=-REACH)
            del described["median"]  # close to 0
            statistics |= {f"{name}_{sigma}": found for name, found in described.items()}
        return statistics
