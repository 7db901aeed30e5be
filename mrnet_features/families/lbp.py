"""Local binary patterns: edges, corners, spots and flat areas, independent of contrast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from mrnet_features.counts.binary_patterns import binary_patterns
from mrnet_features.families.base import Counts, Family, Statistics, Words
from mrnet_features.formulas.histogram import as_float, entropy, normalise
from mrnet_features.stacks.stack import Stack


@dataclass(frozen=True)
class Lbp(Family):
    """Rotation-invariant uniform local binary patterns (Ojala 2002) of the grey levels.

    Each pixel is compared with 8 R points on a circle of radius R around it. A pattern is uniform
    if the points at least as bright as the centre are adjacent: none in a bright spot, half on a
    straight edge, all in a dark spot or a flat area. A change of grey levels that keeps their order
    keeps patterns of radius 1 without interpolated points.

    ========= ============================================== ======== ==========
    statistic formula                                        unit     range
    ========= ============================================== ======== ==========
    bright_*  pixels with * bright points, uniform / n       fraction 0..1
    mixed     pixels whose pattern is not uniform / n        fraction 0..1
    entropy   -sum(p log2 p) of the fractions above          bits     0..log2(8R + 2)
    ========= ============================================== ======== ==========

    ``*`` is 0 to 8 R; n is the number of pixels whose surrounding square of side 2 R + 1 lies in
    their region. NaN where there is none. The same as scikit-image's ``local_binary_pattern`` with
    ``method="uniform"``, except that weights are rounded to 1/2048, and integer sums keep flat
    areas flat.

    Parameters
    ----------
    radius : int, default 1
        R in pixels, 1 to 8.

    References
    ----------
    .. [1] Ojala T, Pietikainen M, Maenpaa T. Multiresolution gray-scale and rotation invariant
       texture classification with local binary patterns. IEEE Trans Pattern Anal Mach Intell
       2002;24(7):971-987.

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((1, 3, 3), np.uint8)
    >>> family, stack = Lbp(), Stack(ones, ones, ones, n_levels=1)
    >>> float(family.describe(family.count(stack))["bright_8"][0, 0])
    1.0
    """

    name: ClassVar[str] = "lbp"
    words: ClassVar[Mapping[str, Words]] = {
        "bright_0": Words(
            "bright spots, radius {radius}",
            "more bright spots",
            "share of pixels brighter than all around at radius {radius}",
        ),
        "bright_1": Words(
            "1 brighter neighbour, radius {radius}",
            "more pixels of this kind",
            "share of pixels with 1 brighter neighbour at radius {radius}",
        ),
        "bright_*": Words(
            "{0} brighter neighbours, radius {radius}",
            "more pixels of this kind",
            "share of pixels with {0} brighter neighbours side by side at radius {radius}",
        ),
        "mixed": Words(
            "mixed neighbourhoods, radius {radius}",
            "noisier",
            "share of pixels whose brighter neighbours at radius {radius} are not side by side",
        ),
        "entropy": Words(
            "pattern entropy, radius {radius}",
            "more varied edges, corners and spots",
            "entropy of the patterns of brighter neighbours at radius {radius}",
        ),
    }
    radius: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.radius <= 8:
            raise ValueError(f"`radius` must be 1 to 8 pixels, got {self.radius}.")

    def count(self, stack: Stack) -> Counts:
        """Patterns of the grey levels."""
        return binary_patterns(stack, radius=self.radius)

    def describe(self, counts: Counts) -> Statistics:
        """Statistics of the table in the class docstring."""
        fractions = normalise(as_float(counts))
        n_points = fractions.shape[-1] - 2
        return {
            **{f"bright_{k}": fractions[..., k] for k in range(n_points + 1)},
            "mixed": fractions[..., n_points + 1],
            "entropy": entropy(fractions),
        }
