"""Neighbouring grey level dependence matrix: pixels by level and number of equal neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from mrnet_features.arrays import Array, namespace
from mrnet_features.counts.cell_sums import sum_cells
from mrnet_features.counts.neighbourhood import neighbourhoods
from mrnet_features.families.base import Counts, Family, Statistics, Words
from mrnet_features.families.documentation import word_emphases
from mrnet_features.formulas.histogram import divide
from mrnet_features.formulas.level_matrix import describe_emphases, read_matrix
from mrnet_features.stacks.stack import Stack

NAMES = (
    *("lde", "hde", "lgce", "hgce", "ldlge", "ldhge", "hdlge", "hdhge"),
    *("glnu", "glnu_norm", "dcnu", "dcnu_norm", "dc_perc", "gl_var", "dc_var", "dc_entr"),
)


@dataclass(frozen=True)
class Ngldm(Family):
    """Statistics of the neighbouring grey level dependence matrix (Sun 1983, IBSI 3.11).

    c(i, j) is the number of pixels of level i with j - 1 of their eight neighbours of the same
    level and region (Chebyshev radius 1, coarseness 0); n is the number of pixels,
    p = c / n; c(i) and c(j) are its margins, m the mean in a variance, H(.) an entropy
    in bits, N the number of levels.

    ========= =================== ======== =========== ==== =======================================
    statistic formula             unit     range       IBSI PyRadiomics (GLDM)
    ========= =================== ======== =========== ==== =======================================
    lde       sum(p / j^2)        1        1/81..1     SODN SmallDependenceEmphasis
    hde       sum(p j^2)          1        1..81       IMOQ LargeDependenceEmphasis
    lgce      sum(p / i^2)        1        0..1        TL9H LowGrayLevelEmphasis
    hgce      sum(p i^2)          level^2  1..N^2      OAE7 HighGrayLevelEmphasis
    ldlge     sum(p / (i j)^2)    1        0..1        EQ3F SmallDependenceLowGrayLevelEmphasis
    ldhge     sum(p i^2 / j^2)    level^2  0..N^2      JA6D SmallDependenceHighGrayLevelEmphasis
    hdlge     sum(p j^2 / i^2)    1        0..81       NBZI LargeDependenceLowGrayLevelEmphasis
    hdhge     sum(p i^2 j^2)      level^2  1..81 N^2   9QMG LargeDependenceHighGrayLevelEmphasis
    glnu      sum(c(i)^2) / n     pixels   1..n        FP8K GrayLevelNonUniformity
    glnu_norm sum(c(i)^2) / n^2   1        1/N..1      5SPA
    dcnu      sum(c(j)^2) / n     pixels   1..n        Z87G DependenceNonUniformity
    dcnu_norm sum(c(j)^2) / n^2   1        1/9..1      OKJI DependenceNonUniformityNormalized
    dc_perc   sum(c) / n          fraction 1           6XV8
    gl_var    sum(p (i - m)^2)    level^2  0..         1PFV GrayLevelVariance
    dc_var    sum(p (j - m)^2)    1        0..16       DNX2 DependenceVariance
    dc_entr   H(p)                bits     0..log2 9 N FCBV DependenceEntropy
    dc_energy sum(p^2)            1        0..1        CAS9
    ========= =================== ======== =========== ==== =======================================

    NaN where the region has no pixel. ``dc_perc`` is 1, as every pixel has a neighbourhood.
    ``glnu`` and ``dcnu`` are extensive. PyRadiomics has the same values where its bins are the
    levels.

    References
    ----------
    .. [1] Sun C, Wee WG. Neighboring gray level dependence matrix for texture classification.
       Comput Vis Graph Image Process 1983;23(3):341-352.

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((1, 1, 3), np.uint8)
    >>> family, stack = Ngldm(), Stack(ones, np.uint8([[[1, 2, 2]]]), ones, n_levels=2)
    >>> float(family.describe(family.count(stack))["hde"][0, 0])  # 1, 4 and 4
    3.0
    """

    name: ClassVar[str] = "ngldm"
    extensive: ClassVar[frozenset[str]] = frozenset({"glnu", "dcnu"})
    words: ClassVar[Mapping[str, Words]] = {
        **word_emphases(
            NAMES,
            "{}pixels with few like neighbours",
            "{}pixels with many like neighbours",
            "{}pixels with any like neighbours",
            "dependences",
            "count",
            "neighbouring grey level dependence",
        ),
        "dc_perc": Words("dependences per pixel", "", "dependences per pixel (always 1)"),
        "dc_energy": Words("energy of dependences", "few kinds of neighbourhoods dominate"),
    }

    def count(self, stack: Stack) -> Counts:
        """Neighbourhoods, shared with the tone difference family."""
        return neighbourhoods(stack)

    def describe(self, counts: Counts) -> Statistics:
        """Statistics of the table in the class docstring."""
        return _describe_dependence(counts.dependence)


def _describe_dependence(dependence: Array) -> dict[str, Array]:
    xp = namespace(dependence)
    matrix = read_matrix(dependence)
    n_pixels = xp.sum(matrix.by_level, axis=-1)
    statistics = describe_emphases(matrix, n_pixels, NAMES)
    energy = divide(sum_cells(matrix.number).squares, n_pixels**2)
    return {**statistics, "dc_energy": energy}
