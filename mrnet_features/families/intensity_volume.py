"""Intensity-volume histogram: fraction of a region at or above a grey level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from mrnet_features.arrays import Array, namespace
from mrnet_features.counts.histogram import histogram
from mrnet_features.families.base import Counts, Family, Statistics, Words
from mrnet_features.formulas.histogram import as_float, divide
from mrnet_features.stacks.stack import Stack


@dataclass(frozen=True)
class IntensityVolume(Family):
    """Statistics of the intensity-volume histogram of the grey levels (IBSI 3.5).

    X are the grey levels of a region, v(g) the fraction of its pixels with X >= g, and
    G(q) = min X + q (max X - min X).

    ============ ============================================== =========== ===== ====
    statistic    formula                                        unit        range IBSI
    ============ ============================================== =========== ===== ====
    v10          v(G(0.1))                                      fraction    0..1  BC2M
    v90          v(G(0.9))                                      fraction    0..1  BC2M
    i10          the least g with v(g) <= 0.1, min X at least   grey levels 0..   GBPN
    i90          the least g with v(g) <= 0.9, min X at least   grey levels 0..   GBPN
    diff_v10_v90 v10 - v90                                      fraction    0..1  DDTU
    diff_i10_i90 i10 - i90                                      grey levels 0..   CNV2
    ============ ============================================== =========== ===== ====

    NaN where the region has no pixel. Where more than a tenth of the pixels share the highest
    grey level, ``i10`` is one above it (256 at the most); likewise ``i90``.

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((1, 1, 4), np.uint8)
    >>> grey = np.uint8([[[0, 10, 10, 100]]])
    >>> family, stack = IntensityVolume(), Stack(grey, ones, ones, n_levels=1)
    >>> float(family.describe(family.count(stack))["v10"][0, 0])
    0.75
    """

    name: ClassVar[str] = "volume"
    words: ClassVar[Mapping[str, Words]] = {
        "v10": Words("share above 10 % of the grey range", "more pixels above the darkest"),
        "v90": Words("share above 90 % of the grey range", "more very bright pixels"),
        "i10": Words("grey level that 10 % of pixels exceed", "bright tissue is brighter"),
        "i90": Words("grey level that 90 % of pixels exceed", "dark tissue is brighter"),
        "diff_v10_v90": Words("share in 10-90 % of the grey range", "fewer extreme pixels"),
        "diff_i10_i90": Words("grey levels spanned by middle 80 %", "more contrast"),
    }

    def count(self, stack: Stack) -> Counts:
        """Histogram of grey levels."""
        return histogram(stack)

    def describe(self, counts: Counts) -> Statistics:
        """Statistics of the table in the class docstring."""
        xp = namespace(counts)
        counts = as_float(counts)
        n_values = counts.shape[-1]
        total = xp.sum(counts, axis=-1)
        grey = xp.arange(n_values + 1, dtype=xp.float64)
        running = xp.cumulative_sum(counts, axis=-1)
        below = xp.concat([xp.zeros_like(running[..., :1]), running], axis=-1)
        share = divide(total[..., None] - below, total[..., None])
        present = counts > 0
        low = xp.min(xp.where(present, grey[:-1], 256.0), axis=-1)
        high = xp.max(xp.where(present, grey[:-1], 0.0), axis=-1)
        unknown = 0 * share[..., 0]  # NaN where nothing is counted, else 0

        def fraction_above(q: float) -> Array:
            is_above = grey[:-1] >= (low + q * (high - low))[..., None]
            return divide(xp.sum(xp.where(is_above, counts, 0.0), axis=-1), total)

        def grey_of(q: float) -> Array:
            least = xp.sum(xp.astype(share > q, xp.float64), axis=-1)
            return xp.maximum(least, low) + unknown

        v10, v90 = fraction_above(0.1), fraction_above(0.9)
        i10, i90 = grey_of(0.1), grey_of(0.9)
        return {
            "v10": v10,
            "v90": v90,
            "i10": i10,
            "i90": i90,
            "diff_v10_v90": v10 - v90,
            "diff_i10_i90": i10 - i90,
        }
