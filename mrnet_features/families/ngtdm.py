"""Neighbourhood grey tone difference matrix: differences between pixels and their neighbours."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from mrnet_features.arrays import Array, namespace
from mrnet_features.counts.neighbourhood import neighbourhoods
from mrnet_features.families.base import Counts, Family, Statistics, Words
from mrnet_features.formulas.histogram import as_float, divide, moment, normalise
from mrnet_features.formulas.slice_blocks import describe_in_blocks
from mrnet_features.stacks.stack import Stack


@dataclass(frozen=True)
class Ngtdm(Family):
    """Statistics of neighbourhood grey tone differences (Amadasun 1989, IBSI 3.10).

    n is the number of pixels with at least one of their eight neighbours in their region, p(i) the
    fraction of them with level i, s(i) the sum over them of abs(i - mean of these neighbours),
    g the number of levels present; i and j run over levels present.

    ========== ============================================= ======== ===== ==== ===========
    statistic  formula                                       unit     range IBSI PyRadiomics
    ========== ============================================= ======== ===== ==== ===========
    coarseness 1 / sum(p s)                                  1/level  0..   QCDE Coarseness
    contrast   sum(p(i) p(j) (i - j)^2) / (g (g - 1))        level^3  0..   65HE Contrast
               sum(s) / n
    busyness   sum(p s) / sum(abs(i p(i) - j p(j)))          1        0..   NQ30 Busyness
    complexity sum(abs(i - j) (p(i) s(i) + p(j) s(j))        level^2  0..   HDEZ Complexity
               / (p(i) + p(j))) / n
    strength   sum((p(i) + p(j)) (i - j)^2) / sum(s)         level    0..   1X9X Strength
    ========== ============================================= ======== ===== ==== ===========

    NaN where no pixel has a neighbour in its region. Where all such pixels have one level
    ``coarseness`` is 1e6, the manual's upper limit, ``contrast``, ``busyness``, ``complexity``
    and ``strength`` are 0; so are the last two quotients wherever their denominator is 0.
    ``coarseness``, ``busyness`` and ``strength`` change with the number of pixels, and are
    extensive. PyRadiomics counts pixels without neighbours too.

    References
    ----------
    .. [1] Amadasun M, King R. Textural features corresponding to textural properties. IEEE Trans
       Syst Man Cybern 1989;19(5):1264-1274.

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((1, 1, 3), np.uint8)
    >>> family, stack = Ngtdm(), Stack(ones, np.uint8([[[1, 2, 2]]]), ones, n_levels=2)
    >>> float(family.describe(family.count(stack))["coarseness"][0, 0])  # s = 1 and 1/2
    1.5
    """

    name: ClassVar[str] = "ngtdm"
    extensive: ClassVar[frozenset[str]] = frozenset({"coarseness", "busyness", "strength"})
    words: ClassVar[Mapping[str, Words]] = {
        "coarseness": Words("coarseness of texture", "coarser texture"),
        "contrast": Words("contrast with the neighbourhood", "more contrast between near pixels"),
        "busyness": Words("busyness of texture", "quicker changes from pixel to pixel"),
        "complexity": Words("complexity of texture", "more details of unequal brightness"),
        "strength": Words("strength of texture", "more distinct details"),
    }

    def count(self, stack: Stack) -> Counts:
        """Neighbourhoods, shared with the dependence family."""
        return neighbourhoods(stack)

    def describe(self, counts: Counts) -> Statistics:
        """Statistics of the table in the class docstring."""
        return _describe_tones(counts.number, counts.difference)


def _describe_tones(number: Array, difference: Array) -> dict[str, Array]:
    """Statistics of counts of shape (..., n_levels) and (..., n_levels, 8)."""
    xp = namespace(number)
    number = as_float(number)
    level = xp.arange(1, number.shape[-1] + 1, dtype=xp.float64)
    n_neighbours = xp.arange(1, difference.shape[-1] + 1, dtype=xp.float64)
    s = xp.sum(as_float(difference) / n_neighbours, axis=-1)
    p = normalise(number)
    n = xp.sum(number, axis=-1)
    is_present = as_float(number > 0)
    g = xp.sum(is_present, axis=-1)
    sum_s, sum_ps = xp.sum(s, axis=-1), xp.sum(p * s, axis=-1)

    # sums over ordered pairs of levels present: each pair twice, as in the IBSI manual
    present_level, present_square = (
        xp.sum(is_present * level, axis=-1),
        xp.sum(is_present * level**2, axis=-1),
    )
    # of (i - j)^2 over the levels j present, for each i
    squares_to = (
        g[..., None] * level**2 - 2 * level * present_level[..., None] + present_square[..., None]
    )
    # of abs(x - y): each value times how many are smaller minus how many are larger; absent levels
    # have the value 0 and are the first
    ascending = xp.sort(level * p, axis=-1)
    n_levels = number.shape[-1]
    rank = xp.arange(n_levels, dtype=xp.float64) - (n_levels - g[..., None])
    unlike = 2 * xp.sum((2 * rank - g[..., None] + 1) * ascending, axis=-1)
    variance = moment(p, level, 2, about=moment(p, level))
    unknown = 0 * sum_ps  # NaN where nothing is counted, else 0
    return {
        "coarseness": xp.minimum(divide(xp.ones_like(sum_ps), sum_ps, 1e6), 1e6 + unknown),
        "contrast": divide(2 * variance, g * (g - 1), 0.0) * divide(sum_s, n) + unknown,
        "busyness": divide(sum_ps, unlike, 0.0) + unknown,
        "complexity": divide(_sum_complexity(p, p * s), n),
        "strength": divide(2 * xp.sum(p * squares_to, axis=-1), sum_s, 0.0) + unknown,
    }


def _sum_complexity(p: Array, ps: Array) -> Array:
    """Sum over pairs of levels present of their distance times their mean difference."""
    xp = namespace(p)
    level = xp.arange(p.shape[-1], dtype=xp.float64)
    distance = xp.abs(level[:, None] - level[None, :])
    present = p > 0
    # an infinite sum leaves out pairs with an absent level
    p, ps = xp.where(present, p, float("inf")), xp.where(present, ps, 0.0)

    def sum_pairs(p: Array, ps: Array) -> dict[str, Array]:
        # both summands of the mean difference add up to the same, as pairs are ordered
        shares = xp.sum(distance / (p[..., :, None] + p[..., None, :]), axis=-1)
        return {"sum": 2 * xp.sum(ps * shares, axis=-1)}

    n_pairs = math.prod(p.shape[1:]) * p.shape[-1]
    return describe_in_blocks(sum_pairs, p, ps, n_cells=n_pairs)["sum"]
