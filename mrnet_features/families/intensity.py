"""Intensity statistics of grey levels, and of discretised levels as a histogram."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mrnet_features.arrays import Array, namespace
from mrnet_features.counts.histogram import histogram
from mrnet_features.families.base import Counts, Family, Statistics
from mrnet_features.formulas.histogram import (
    as_float,
    divide,
    entropy,
    moment,
    normalise,
    quantile,
)
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

    def count(self, stack: Stack) -> Counts:
        """Histogram of grey levels."""
        return histogram(stack)

    def describe(self, counts: Counts) -> Statistics:
        """Formulae of the table above."""
        xp = namespace(counts)
        counts = as_float(counts)
        grey = xp.arange(counts.shape[-1], dtype=xp.float64)
        return {
            **_describe_values(counts, grey),
            "energy": _defined(xp.sum(counts * grey**2, axis=-1), counts),
            "rms": xp.sqrt(moment(normalise(counts), grey, 2)),
        }


@dataclass(frozen=True)
class IntensityHistogram(Family):
    """Statistics of the histogram of discretised levels (IBSI 3.4).

    X are the levels of a region, 1 to N, c their histogram, p = c / sum(c), m their mean,
    s^2 = mean((X - m)^2), Q = P75 - P25, c' the central difference of c, one-sided at both ends.

    ============ ================================ ======= ============ =========
    statistic    formula                          unit    range        IBSI
    ============ ================================ ======= ============ =========
    mean         m                                levels  1..N         X6K6
    var          s^2                              level^2 0..          CH89
    skew         mean((X - m)^3) / s^3            1       real         88K1
    kurt         mean((X - m)^4) / s^4 - 3        1       -2..         C3I7
    median       P50                              levels  1..N         WIFQ
    min          min X                            levels  1..N         1PR8
    p10          P10                              levels  1..N         GPMT
    p90          P90                              levels  1..N         OZ0C
    max          max X                            levels  1..N         3NCY
    iqr          Q                                levels  0..N - 1     WR0O
    range        max X - min X                    levels  0..N - 1     5Z3W
    mad          mean(abs(X - m))                 levels  0..N / 2     D2ZX
    rmad         mad of X within P10..P90         levels  0..N / 2     WRZB
    medad        mean(abs(X - P50))               levels  0..N / 2     4RNL
    cov          s / m                            1       0..          CWYJ
    qcod         Q / (P75 + P25)                  1       0..1         SLWD
    mode         argmax c, the nearest to m       levels  1..N         AMMC
    entropy      -sum(p log2 p)                   bits    0..log2 N    TLU2
    uniformity   sum(p^2)                         1       1/N..1       BJ5W
    max_grad     max c'                           pixels  real         12CE
    max_grad_g   its level, the first             levels  1..N         8E6O
    min_grad     min c'                           pixels  real         VQB3
    min_grad_g   its level, the first             levels  1..N         RHQZ
    ============ ================================ ======= ============ =========

    NaN where the region has no pixel. ``skew`` and ``kurt`` are 0 where all levels are equal.
    The two gradients are extensive, as they count pixels. With one level there is no gradient:
    0 at level 1.

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((1, 1, 4), np.uint8)
    >>> family, stack = IntensityHistogram(), Stack(ones, np.uint8([[[1, 1, 2, 2]]]), ones, 2)
    >>> float(family.describe(family.count(stack))["entropy"][0, 0])
    1.0
    """

    name: ClassVar[str] = "histogram"
    extensive: ClassVar[frozenset[str]] = frozenset({"max_grad", "min_grad"})

    def count(self, stack: Stack) -> Counts:
        """Histogram of levels 1 to `n_levels`."""
        return histogram(stack, of="levels")

    def describe(self, counts: Counts) -> Statistics:
        """Formulae of the table above."""
        xp = namespace(counts)
        counts = as_float(counts)
        level = xp.arange(1, counts.shape[-1] + 1, dtype=xp.float64)
        fractions = normalise(counts)
        statistics = _describe_values(counts, level)
        gradient = _central_difference(counts)
        farness = xp.abs(level - statistics["mean"][..., None])
        is_mode = counts == xp.max(counts, axis=-1, keepdims=True)
        mode = xp.argmin(xp.where(is_mode, farness, xp.full_like(farness, float("inf"))), axis=-1)
        return {
            **statistics,
            "mode": _level_at(mode, counts),
            "entropy": entropy(fractions),
            "uniformity": xp.sum(fractions**2, axis=-1),
            "max_grad": _defined(xp.max(gradient, axis=-1), counts),
            "max_grad_g": _level_at(xp.argmax(gradient, axis=-1), counts),
            "min_grad": _defined(xp.min(gradient, axis=-1), counts),
            "min_grad_g": _level_at(xp.argmin(gradient, axis=-1), counts),
        }


def _describe_values(counts: Array, values: Array) -> dict[str, Array]:
    """Statistics that grey levels and levels have in common, from their float64 histogram."""
    xp = namespace(counts)
    fractions = normalise(counts)
    mean = moment(fractions, values)
    var = moment(fractions, values, 2, about=mean)
    p10, p25, median, p75, p90 = (quantile(counts, values, q) for q in (0.1, 0.25, 0.5, 0.75, 0.9))
    is_robust = (values >= p10[..., None]) & (values <= p90[..., None])
    robust = normalise(xp.where(is_robust, counts, xp.zeros_like(counts)))
    robust_mean = moment(robust, values)
    present = counts > 0
    beyond = xp.full_like(counts, 256.0)
    lowest = xp.min(xp.where(present, values, beyond), axis=-1)
    highest = xp.max(xp.where(present, values, -beyond), axis=-1)
    return {
        "mean": mean,
        "var": var,
        "skew": _defined(divide(moment(fractions, values, 3, about=mean), var**1.5, 0.0), counts),
        "kurt": _defined(
            divide(moment(fractions, values, 4, about=mean), var**2, 3.0) - 3.0, counts
        ),
        "median": median,
        "min": _defined(lowest, counts),
        "p10": p10,
        "p90": p90,
        "max": _defined(highest, counts),
        "iqr": p75 - p25,
        "range": _defined(highest - lowest, counts),
        "mad": xp.sum(fractions * xp.abs(values - mean[..., None]), axis=-1),
        "rmad": xp.sum(robust * xp.abs(values - robust_mean[..., None]), axis=-1),
        "medad": xp.sum(fractions * xp.abs(values - median[..., None]), axis=-1),
        "cov": divide(xp.sqrt(var), mean),
        "qcod": divide(p75 - p25, p75 + p25),
    }


def _defined(values: Array, counts: Array) -> Array:
    """Values, NaN where nothing is counted."""
    xp = namespace(values)
    return xp.where(xp.any(counts > 0, axis=-1), values, xp.full_like(values, float("nan")))


def _level_at(index: Array, counts: Array) -> Array:
    """Level of a 0-based index, NaN where nothing is counted."""
    return _defined(as_float(index) + 1, counts)


def _central_difference(counts: Array) -> Array:
    """Central differences over the last axis, one-sided at both ends; 0 for a single value."""
    xp = namespace(counts)
    if counts.shape[-1] == 1:
        return xp.zeros_like(counts)
    inner = (counts[..., 2:] - counts[..., :-2]) / 2
    first, last = counts[..., 1:2] - counts[..., :1], counts[..., -1:] - counts[..., -2:-1]
    return xp.concat([first, inner, last], axis=-1)
