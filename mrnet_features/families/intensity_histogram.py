"""Intensity histogram: first-order statistics of the discretised levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from mrnet_features.arrays import Array, namespace
from mrnet_features.counts.histogram import histogram
from mrnet_features.families.base import Counts, Family, Statistics, Words
from mrnet_features.families.documentation import FIRST_ORDER, fill_nouns
from mrnet_features.formulas.first_order import describe_first_order, where_counted
from mrnet_features.formulas.histogram import as_float, entropy, normalise
from mrnet_features.stacks.stack import Stack


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
    mode         argmax c, nearest to m if tied   levels  1..N         AMMC
    entropy      -sum(p log2 p)                   bits    0..log2 N    TLU2
    uniformity   sum(p^2)                         1       1/N..1       BJ5W
    max_grad     max c'                           pixels  real         12CE
    max_grad_g   its level, the first             levels  1..N         8E6O
    min_grad     min c'                           pixels  real         VQB3
    min_grad_g   its level, the first             levels  1..N         RHQZ
    ============ ================================ ======= ============ =========

    NaN where the region has no pixel. ``skew`` and ``kurt`` are 0 where all levels are equal.
    The two gradients are extensive, as they count pixels. With one level the gradient is 0, at
    level 1.

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
    words: ClassVar[Mapping[str, Words]] = fill_nouns(FIRST_ORDER, {"": ("binned level",) * 2}) | {
        "mode": Words("most frequent binned level", "the commonest tissue is brighter"),
        "entropy": Words("entropy of binned levels", "more varied grey levels"),
        "uniformity": Words("uniformity of binned levels", "few grey levels dominate"),
        "max_grad": Words("steepest rise of the level histogram", "more alike pixels"),
        "max_grad_g": Words(
            "level where the histogram rises most", "the commonest tissue is brighter"
        ),
        "min_grad": Words("steepest fall of the level histogram", "fewer alike pixels"),
        "min_grad_g": Words(
            "level where the histogram falls most", "the commonest tissue is brighter"
        ),
    }

    def count(self, stack: Stack) -> Counts:
        """Histogram of levels 1 to `n_levels`."""
        return histogram(stack, of="levels")

    def describe(self, counts: Counts) -> Statistics:
        """Statistics of the table in the class docstring."""
        xp = namespace(counts)
        counts = as_float(counts)
        level = xp.arange(1, counts.shape[-1] + 1, dtype=xp.float64)
        fractions = normalise(counts)
        statistics = describe_first_order(counts, level)
        gradient = _central_difference(counts)
        farness = xp.abs(level - statistics["mean"][..., None])
        is_mode = counts == xp.max(counts, axis=-1, keepdims=True)
        mode = xp.argmin(xp.where(is_mode, farness, float("inf")), axis=-1)
        return {
            **statistics,
            "mode": _level_at(mode, counts),
            "entropy": entropy(fractions),
            "uniformity": xp.sum(fractions**2, axis=-1),
            "max_grad": where_counted(xp.max(gradient, axis=-1), counts),
            "max_grad_g": _level_at(xp.argmax(gradient, axis=-1), counts),
            "min_grad": where_counted(xp.min(gradient, axis=-1), counts),
            "min_grad_g": _level_at(xp.argmin(gradient, axis=-1), counts),
        }


def _level_at(index: Array, counts: Array) -> Array:
    """Level of a 0-based index, NaN where nothing is counted."""
    return where_counted(as_float(index) + 1, counts)


def _central_difference(counts: Array) -> Array:
    """Central differences over the last axis, one-sided at both ends; 0 for a single value."""
    xp = namespace(counts)
    if counts.shape[-1] == 1:
        return xp.zeros_like(counts)
    inner = (counts[..., 2:] - counts[..., :-2]) / 2
    first, last = counts[..., 1:2] - counts[..., :1], counts[..., -1:] - counts[..., -2:-1]
    return xp.concat([first, inner, last], axis=-1)
