"""Grey level run length matrix: runs of equal level, by level and length."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from mrnet_features.arrays import namespace
from mrnet_features.counts.run_length import run_lengths
from mrnet_features.families.base import Counts, Family, Statistics, Words
from mrnet_features.families.documentation import word_emphases
from mrnet_features.formulas.histogram import average_over
from mrnet_features.formulas.level_matrix import describe_emphases, read_matrix
from mrnet_features.stacks.stack import Stack

NAMES = (
    *("sre", "lre", "lgre", "hgre", "srlge", "srhge", "lrlge", "lrhge"),
    *("glnu", "glnu_norm", "rlnu", "rlnu_norm", "r_perc", "gl_var", "rl_var", "rl_entr"),
)


@dataclass(frozen=True)
class Glrlm(Family):
    """Statistics of the grey level run length matrix (Galloway 1975, IBSI 3.7).

    c(i, j) is the number of runs of level i and length j pixels, n their sum, p = c / n; c(i) and
    c(j) are its margins, m the mean in a variance, H(.) an entropy in bits, N the
    number of levels, L the longest possible run.

    ========= ========================= ======== ============ ==== =================================
    statistic formula                   unit     range        IBSI PyRadiomics
    ========= ========================= ======== ============ ==== =================================
    sre       sum(p / j^2)              1        0..1         22OV ShortRunEmphasis
    lre       sum(p j^2)                pixel^2  1..L^2       W4KF LongRunEmphasis
    lgre      sum(p / i^2)              1        0..1         V3SW LowGrayLevelRunEmphasis
    hgre      sum(p i^2)                level^2  1..N^2       G3QZ HighGrayLevelRunEmphasis
    srlge     sum(p / (i j)^2)          1        0..1         HTZT ShortRunLowGrayLevelEmphasis
    srhge     sum(p i^2 / j^2)          level^2  0..N^2       GD3A ShortRunHighGrayLevelEmphasis
    lrlge     sum(p j^2 / i^2)          pixel^2  0..L^2       IVPO LongRunLowGrayLevelEmphasis
    lrhge     sum(p i^2 j^2)            1        1..(N L)^2   3KUM LongRunHighGrayLevelEmphasis
    glnu      sum(c(i)^2) / n           runs     1..n         R5YN GrayLevelNonUniformity
    glnu_norm sum(c(i)^2) / n^2         1        1/N..1       OVBL GrayLevelNonUniformityNormalized
    rlnu      sum(c(j)^2) / n           runs     1..n         W92Y RunLengthNonUniformity
    rlnu_norm sum(c(j)^2) / n^2         1        1/L..1       IC23 RunLengthNonUniformityNormalized
    r_perc    n / sum(c j)              fraction 1/L..1       9ZK5 RunPercentage
    gl_var    sum(p (i - m)^2)          level^2  0..          8CE5 GrayLevelVariance
    rl_var    sum(p (j - m)^2)          pixel^2  0..          SXLW RunVariance
    rl_entr   H(p)                      bits     0..log2(N L) HJ9O RunEntropy
    ========= ========================= ======== ============ ==== =================================

    NaN where the region has no pixel. ``glnu`` and ``rlnu`` are extensive. The sum of the run
    lengths is the number of pixels times the number of merged directions. PyRadiomics averages
    over directions too and has the same values where its bins are the levels.

    Parameters
    ----------
    directions : {"averaged", "merged"}, default "averaged"
        Whether a statistic is computed in each of the four directions and averaged (IBSI 2-D
        averaged; for the stack 2.5-D by direction), or from the sum of the four matrices (2-D
        merged; for the stack 2.5-D merged).

    References
    ----------
    .. [1] Galloway MM. Texture analysis using gray level run lengths. Comput Graph Image Process
       1975;4(2):172-179.

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((1, 1, 3), np.uint8)
    >>> family, stack = Glrlm("merged"), Stack(ones, np.uint8([[[1, 2, 2]]]), ones, n_levels=2)
    >>> float(family.describe(family.count(stack))["r_perc"][0, 0])  # 2 + 3 + 3 + 3 of 12
    0.9166666666666666
    """

    name: ClassVar[str] = "glrlm"
    extensive: ClassVar[frozenset[str]] = frozenset({"glnu", "rlnu"})
    words: ClassVar[Mapping[str, Words]] = word_emphases(
        NAMES,
        "short {}runs of equal level",
        "long {}runs of equal level",
        "{}runs of any length",
        "runs",
        "length",
        "run length matrix",
    )
    directions: Literal["averaged", "merged"] = "averaged"

    def __post_init__(self) -> None:
        if self.directions not in {"averaged", "merged"}:
            raise ValueError(
                f"`directions` must be 'averaged' or 'merged', got {self.directions!r}."
            )

    def count(self, stack: Stack) -> Counts:
        """Run length matrices."""
        return run_lengths(stack)

    def describe(self, counts: Counts) -> Statistics:
        """Statistics of the table in the class docstring."""
        xp = namespace(counts)
        if self.directions == "merged":
            counts = xp.sum(counts, axis=2, keepdims=True)
        matrix = read_matrix(counts)
        n_pixels = xp.sum(matrix.by_value * matrix.values, axis=-1)
        statistics = describe_emphases(matrix, n_pixels, NAMES)
        return average_over(statistics, axis=2)
