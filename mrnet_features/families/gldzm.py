"""Grey level distance zone matrix: zones by level and distance from the edge of the region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from mrnet_features.arrays import Array
from mrnet_features.counts.distance_zone import distance_zones
from mrnet_features.families.base import Counts, Family, Statistics, Words
from mrnet_features.families.documentation import word_emphases
from mrnet_features.formulas.histogram import as_float
from mrnet_features.formulas.level_matrix import describe_emphases, read_matrix
from mrnet_features.stacks.stack import Stack

NAMES = (
    *("sde", "lde", "lgze", "hgze", "sdlge", "sdhge", "ldlge", "ldhge"),
    *("glnu", "glnu_norm", "zdnu", "zdnu_norm", "z_perc", "gl_var", "zd_var", "zd_entr"),
)


@dataclass(frozen=True)
class Gldzm(Family):
    """Statistics of the grey level distance zone matrix (Thibault 2014, IBSI 3.9).

    A zone is a set of 8-connected pixels of one level in one region of one slice; its distance is
    that of its pixel nearest to the edge of the region, in steps along rows and columns, 1 at
    the edge. c(i, j) is the number of zones of level i and distance j, n their sum, p = c / n;
    c(i) and c(j) are its margins, m the mean in a variance, H(.) an entropy in bits,
    N the number of levels, D the largest distance, P the number of pixels.

    ========= ====================== ======== ============ ====
    statistic formula                unit     range        IBSI
    ========= ====================== ======== ============ ====
    sde       sum(p / j^2)           1        0..1         0GBI
    lde       sum(p j^2)             pixel^2  1..D^2       MB4I
    lgze      sum(p / i^2)           1        0..1         S1RA
    hgze      sum(p i^2)             level^2  1..N^2       K26C
    sdlge     sum(p / (i j)^2)       1        0..1         RUVG
    sdhge     sum(p i^2 / j^2)       level^2  0..N^2       DKNJ
    ldlge     sum(p j^2 / i^2)       pixel^2  0..D^2       A7WM
    ldhge     sum(p i^2 j^2)         1        1..(N D)^2   KLTH
    glnu      sum(c(i)^2) / n        zones    1..n         VFT7
    glnu_norm sum(c(i)^2) / n^2      1        1/N..1       7HP3
    zdnu      sum(c(j)^2) / n        zones    1..n         V294
    zdnu_norm sum(c(j)^2) / n^2      1        1/D..1       IATH
    z_perc    n / P                  fraction 0..1         VIWW
    gl_var    sum(p (i - m)^2)       level^2  0..          QK93
    zd_var    sum(p (j - m)^2)       pixel^2  0..          7WT1
    zd_entr   H(p)                   bits     0..log2(N D) GBDU
    ========= ====================== ======== ============ ====

    NaN where the region has no pixel. ``glnu`` and ``zdnu`` are extensive. For the
    stack, zones of all slices are counted together (IBSI 2.5-D). PyRadiomics has no such family.

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((1, 3, 3), np.uint8)
    >>> levels = ones.copy()
    >>> levels[0, 1, 1] = 2
    >>> family, stack = Gldzm(), Stack(ones, levels, ones, n_levels=2)
    >>> float(family.describe(family.count(stack))["lde"][0, 0])  # distances 1 and 2
    2.5
    """

    name: ClassVar[str] = "gldzm"
    extensive: ClassVar[frozenset[str]] = frozenset({"glnu", "zdnu"})
    words: ClassVar[Mapping[str, Words]] = word_emphases(
        NAMES,
        "{}zones near the edge",
        "{}zones far from the edge",
        "{}zones at any depth",
        "distance zones",
        "depth",
        "distance zone matrix",
    )

    def count(self, stack: Stack) -> Counts:
        """Zones by level and distance."""
        return distance_zones(stack)

    def describe(self, counts: Counts) -> Statistics:
        """Statistics of the table in the class docstring."""
        return _describe_distances(counts.distances, counts.n_pixels)


def _describe_distances(distances: Array, n_pixels: Array) -> dict[str, Array]:
    return describe_emphases(read_matrix(distances), as_float(n_pixels), NAMES)
