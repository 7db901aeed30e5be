"""Intensity: first-order statistics of the grey levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from mrnet_features.arrays import Array, BoolArray, namespace
from mrnet_features.counts.histogram import histogram
from mrnet_features.families.base import Counts, Family, Statistics, Words
from mrnet_features.families.documentation import FIRST_ORDER, fill_nouns
from mrnet_features.formulas.first_order import describe_first_order, where_counted
from mrnet_features.formulas.histogram import as_float, moment, normalise
from mrnet_features.stacks.mark import paint_values
from mrnet_features.stacks.stack import Stack


@dataclass(frozen=True)
class Intensity(Family):
    """Intensity-based statistics of the grey levels (IBSI 3.3, first order).

    X are the n grey levels of a region, m their mean, s^2 = mean((X - m)^2), P10 their 10th
    percentile, linear between order statistics, Q = P75 - P25.

    ========== ================================== =========== ============= =========
    statistic  formula                            unit        range         IBSI
    ========== ================================== =========== ============= =========
    mean       m                                  grey levels 0..255        Q4LE
    var        s^2                                grey^2      0..16256.25   ECT3
    skew       mean((X - m)^3) / s^3              1           real          KE2A
    kurt       mean((X - m)^4) / s^4 - 3          1           -2..          IPH6
    median     P50                                grey levels 0..255        Y12H
    min        min X                              grey levels 0..255        1GSF
    p10        P10                                grey levels 0..255        QG58
    p90        P90                                grey levels 0..255        8DWT
    max        max X                              grey levels 0..255        84IY
    iqr        Q                                  grey levels 0..255        SALO
    range      max X - min X                      grey levels 0..255        2OJQ
    mad        mean(abs(X - m))                   grey levels 0..127.5      4FUA
    rmad       mad of X within P10..P90           grey levels 0..127.5      1128
    medad      mean(abs(X - P50))                 grey levels 0..127.5      N72L
    cov        s / m                              fraction    0..           7TET
    qcod       Q / (P75 + P25)                    fraction    0..1          9S40
    energy     sum(X^2)                           grey^2      0..           N8CA
    rms        sqrt(mean(X^2))                    grey levels 0..255        5ZWQ
    ========== ================================== =========== ============= =========

    NaN where the region has no pixel; ``cov`` and ``qcod`` also where their denominator is 0.
    ``skew`` and ``kurt`` are 0 where all pixels are equal. ``energy`` is extensive.

    PyRadiomics has the same values under the names Mean, Variance, Skewness, Median, Minimum,
    10Percentile, 90Percentile, Maximum, InterquartileRange, Range, MeanAbsoluteDeviation,
    RobustMeanAbsoluteDeviation, Energy and RootMeanSquared; its Kurtosis is ``kurt`` + 3.

    Marks are the pixels with the ``min`` or the ``max``, at or below ``p10``, at or above ``p90``,
    both extremes for ``range``, and else the whole region.

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((1, 1, 3), np.uint8)
    >>> family, stack = Intensity(), Stack(np.uint8([[[1, 2, 6]]]), ones, ones, n_levels=1)
    >>> float(family.describe(family.count(stack))["mean"][0, 0])
    3.0
    """

    name: ClassVar[str] = "intensity"
    extensive: ClassVar[frozenset[str]] = frozenset({"energy"})
    words: ClassVar[Mapping[str, Words]] = fill_nouns(FIRST_ORDER, {"": ("grey level",) * 2}) | {
        "energy": Words("sum of squared grey levels", "larger or brighter"),
        "rms": Words("root mean square grey level", "brighter"),
    }

    def count(self, stack: Stack) -> Counts:
        """Histogram of grey levels."""
        return histogram(stack)

    def describe(self, counts: Counts) -> Statistics:
        """Statistics of the table in the class docstring."""
        xp = namespace(counts)
        counts = as_float(counts)
        grey = xp.arange(counts.shape[-1], dtype=xp.float64)
        return {
            **describe_first_order(counts, grey),
            "energy": where_counted(xp.sum(counts * grey**2, axis=-1), counts),
            "rms": xp.sqrt(moment(normalise(counts), grey, 2)),
        }

    def find_pixels(self, stack: Stack, statistic: str) -> BoolArray:
        """Pixels at or beyond the grey level, or the regions."""
        return _find_levels(stack, statistic, self.describe(self.counts_of(stack)))

    def find_stack_pixels(self, stack: Stack, statistic: str) -> BoolArray:
        """Pixels at or beyond the grey level of the whole stack, or the regions."""
        whole = self.describe_stack(self.counts_of(stack), stack.exam_starts)
        values = {name: level.repeat(stack.n_slices, axis=0) for name, level in whole.items()}
        return _find_levels(stack, statistic, values)


def _find_levels(stack: Stack, statistic: str, values: Mapping[str, Array]) -> BoolArray:
    """Pixels at or beyond a grey level of their region in their slice."""
    found: BoolArray = stack.regions > 0

    def level(name: str) -> Array:
        return paint_values(stack.regions, values[name], float("nan"))

    if statistic in ("min", "p10"):
        found = stack.grey <= level(statistic)
    elif statistic in ("max", "p90"):
        found = stack.grey >= level(statistic)
    elif statistic == "range":
        found = (stack.grey <= level("min")) | (stack.grey >= level("max"))
    return found
