"""Laplacian of Gaussian: spots and ridges of several sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from mrnet_features.arrays import Array
from mrnet_features.counts.filter_responses import REACH, check_scale, laplacian_responses
from mrnet_features.families.base import Counts, Family, Statistics, Words
from mrnet_features.families.documentation import fill_nouns
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
    entropy_* -sum(p log2 p)     bits        0..11
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
    words: ClassVar[Mapping[str, Words]] = fill_nouns(
        {
            "energy_*": Words("energy of @", "more spots and ridges of this size"),
            "abs_*": Words("mean size of @", "more spots and ridges of this size"),
            "entropy_*": Words("entropy of @", "more varied spots and ridges"),
            "p10_*": Words(
                "bright end of @",
                "fewer bright spots",
                "10th percentile of @, negative on bright spots,",
            ),
            "p90_*": Words(
                "dark end of @", "more dark spots", "90th percentile of @, positive on dark spots,"
            ),
        },
        {"": ("spot filter ({0} pixels)", "the Laplacian of Gaussian of {0} pixels")},
    )
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
            # the median is close to 0
            described = describe_responses(histogram, ("p10", "p90"), lowest=-REACH)
            statistics |= {f"{name}_{sigma}": found for name, found in described.items()}
        return statistics
