"""Grey level size zone matrix: zones by level and size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from mrnet_features.arrays import Array, namespace
from mrnet_features.counts.size_zone import size_zones
from mrnet_features.families.base import Counts, Family, Statistics, Words
from mrnet_features.families.documentation import word_emphases
from mrnet_features.formulas.exam_axis import merge_slices, pad_slices
from mrnet_features.formulas.histogram import as_float
from mrnet_features.formulas.level_matrix import describe_emphases, read_cells
from mrnet_features.stacks.stack import Stack

NAMES = (
    *("sze", "lze", "lgze", "hgze", "szlge", "szhge", "lzlge", "lzhge"),
    *("glnu", "glnu_norm", "zsnu", "zsnu_norm", "z_perc", "gl_var", "zs_var", "zs_entr"),
)


@dataclass(frozen=True)
class Glszm(Family):
    """Statistics of the grey level size zone matrix (Thibault 2014, IBSI 3.8).

    A zone is a set of 8-connected pixels of one level in one region of one slice. c(i, j) is the
    number of zones of level i and size j pixels, n their sum, p = c / n; c(i) and c(j) are its
    margins, m the mean in a variance, H(.) an entropy in bits, N the number of levels,
    P the number of pixels.

    ========= ====================== ======== =========== ==== ====================================
    statistic formula                unit     range       IBSI PyRadiomics
    ========= ====================== ======== =========== ==== ====================================
    sze       sum(p / j^2)           1        0..1        5QRC SmallAreaEmphasis
    lze       sum(p j^2)             pixel^2  1..P^2      48P8 LargeAreaEmphasis
    lgze      sum(p / i^2)           1        0..1        XMSY LowGrayLevelZoneEmphasis
    hgze      sum(p i^2)             level^2  1..N^2      5GN9 HighGrayLevelZoneEmphasis
    szlge     sum(p / (i j)^2)       1        0..1        5RAI SmallAreaLowGrayLevelEmphasis
    szhge     sum(p i^2 / j^2)       level^2  0..N^2      HW1V SmallAreaHighGrayLevelEmphasis
    lzlge     sum(p j^2 / i^2)       pixel^2  0..P^2      YH51 LargeAreaLowGrayLevelEmphasis
    lzhge     sum(p i^2 j^2)         1        1..(N P)^2  J17V LargeAreaHighGrayLevelEmphasis
    glnu      sum(c(i)^2) / n        zones    1..n        JNSA GrayLevelNonUniformity
    glnu_norm sum(c(i)^2) / n^2      1        1/N..1      Y1RO GrayLevelNonUniformityNormalized
    zsnu      sum(c(j)^2) / n        zones    1..n        4JP3 SizeZoneNonUniformity
    zsnu_norm sum(c(j)^2) / n^2      1        0..1        VB3A SizeZoneNonUniformityNormalized
    z_perc    n / P                  fraction 0..1        P30P ZonePercentage
    gl_var    sum(p (i - m)^2)       level^2  0..         BYLV GrayLevelVariance
    zs_var    sum(p (j - m)^2)       pixel^2  0..         3NSA ZoneVariance
    zs_entr   H(p)                   bits     0..log2 n   GU8N ZoneEntropy
    ========= ====================== ======== =========== ==== ====================================

    NaN where the region has no pixel. ``glnu`` and ``zsnu`` are extensive. For the stack, zones of
    all slices are counted together (IBSI 2.5-D). PyRadiomics has the same values where its bins are
    the levels.

    References
    ----------
    .. [1] Thibault G, Angulo J, Meyer F. Advanced statistical matrices for texture
       characterization: application to cell classification. IEEE Trans Biomed Eng
       2014;61(3):630-637.

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((1, 1, 4), np.uint8)
    >>> family, stack = Glszm(), Stack(ones, np.uint8([[[1, 2, 2, 1]]]), ones, n_levels=2)
    >>> float(family.describe(family.count(stack))["z_perc"][0, 0])
    0.75
    """

    name: ClassVar[str] = "glszm"
    extensive: ClassVar[frozenset[str]] = frozenset({"glnu", "zsnu"})
    words: ClassVar[Mapping[str, Words]] = word_emphases(
        NAMES,
        "small {}zones of equal level",
        "large {}zones of equal level",
        "{}zones of any size",
        "size zones",
        "size",
        "size zone matrix",
    )

    def count(self, stack: Stack) -> Counts:
        """Zones by level and size."""
        return size_zones(stack)

    def describe(self, counts: Counts) -> Statistics:
        """Statistics of the table in the class docstring."""
        matrix = read_cells(
            counts.level, counts.size, counts.number, counts.by_level, are_unique=True
        )
        return describe_emphases(matrix, as_float(counts.n_pixels), NAMES)

    def describe_stack(self, counts: Counts, exam_starts: Sequence[int]) -> Statistics:
        """Statistics of the table in the class docstring, for zones of all slices of an exam."""
        by_level, n_pixels = merge_slices((counts.by_level, counts.n_pixels), exam_starts)
        level, size, number = (_join_slices(part, exam_starts) for part in counts[:3])
        matrix = read_cells(level, size, number, by_level)
        return describe_emphases(matrix, as_float(n_pixels), NAMES)


def _join_slices(part: Array, exam_starts: Sequence[int]) -> Array:
    """Cells of all slices of each exam, of shape (n_exams, n_regions, most_cells)."""
    xp = namespace(part)
    padded = xp.permute_dims(pad_slices(part, exam_starts, 0), (0, 2, 1, 3))
    return xp.reshape(padded, (*padded.shape[:2], padded.shape[2] * padded.shape[3]))
