"""Grey level co-occurrence matrix: pairs of levels of neighbouring pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from mrnet_features.arrays import Array, namespace
from mrnet_features.counts.cell_sums import sum_cells
from mrnet_features.counts.cooccurrence import cooccurrence
from mrnet_features.counts.matrix_sums import MatrixSums, sum_matrices
from mrnet_features.families.base import Counts, Family, Statistics, Words
from mrnet_features.families.documentation import fill_nouns
from mrnet_features.formulas.histogram import (
    as_float,
    average_over,
    count_entropy,
    divide,
    entropy_from,
    moment,
    normalise,
)
from mrnet_features.formulas.slice_blocks import describe_in_blocks
from mrnet_features.stacks.stack import Stack


@dataclass(frozen=True)
class Glcm(Family):
    r"""Statistics of the grey level co-occurrence matrix (Haralick 1973, IBSI 3.6).

    p(i, j) is the fraction of the pairs of pixels with levels i and j, symmetric; N the number of
    levels; m = sum(i p) and s^2 = sum((i - m)^2 p) belong to one margin; d(k) sums p over
    abs(i - j) = k, a(k) over i + j = k; H(.) is an entropy in bits and M the margin of p.

    ================= ========================================= ======= ============== =====
    statistic         formula                                   unit    range          IBSI
    ================= ========================================= ======= ============== =====
    joint_max         max p                                     1       0..1           GYBY
    joint_avg         m                                         levels  1..N           60VM
    joint_var         s^2                                       level^2 0..            UR99
    joint_entr        H(p)                                      bits    0..2 log2 N    TU9B
    diff_avg          sum(k d)                                  levels  0..N - 1       TF7R
    diff_var          sum((k - diff_avg)^2 d)                   level^2 0..            D3YU
    diff_entr         H(d)                                      bits    0..log2 N      NTRS
    sum_avg           sum(k a)                                  levels  2..2N          ZGXS
    sum_var           sum((k - sum_avg)^2 a)                    level^2 0..            OEEB
    sum_entr          H(a)                                      bits    0..log2(2N-1)  P6QZ
    energy            sum(p^2)                                  1       0..1           8ZQL
    contrast          sum((i - j)^2 p)                          level^2 0..            ACUI
    dissimilarity     sum(abs(i - j) p)                         levels  0..N - 1       8S9J
    inv_diff          sum(d / (1 + k))                          1       0..1           IB1Z
    inv_diff_norm     sum(d / (1 + k/N))                        1       .5..1          NDRX
    inv_diff_mom      sum(d / (1 + k^2))                        1       0..1           WF0Z
    inv_diff_mom_norm sum(d / (1 + (k/N)^2))                    1       .5..1          1QCO
    inv_var           sum(d / k^2), k > 0                       1       0..1           E8JP
    corr              (sum(i j p) - m^2) / s^2                  1       -1..1          NI2N
    auto_corr         sum(i j p)                                level^2 1..N^2         QWB0
    clust_tend        sum((i + j - 2m)^2 p)                     level^2 0..            DG8W
    clust_shade       sum((i + j - 2m)^3 p)                     level^3 real           7NFM
    clust_prom        sum((i + j - 2m)^4 p)                     level^4 0..            AE86
    info_corr1        (H(p) - 2 H(M)) / H(M)                    1       -1..0          R8DG
    info_corr2        sqrt(1 - exp(-2 (2 H(M) - H(p))))         1       0..1           JN9H
    ================= ========================================= ======= ============== =====

    NaN where the region has no pair. Where all levels are equal ``corr`` is 1 and ``info_corr1``
    is 0. For a symmetric matrix both cross entropies of the information measures equal 2 H(M).

    PyRadiomics has the same values under the names MaximumProbability, JointAverage, SumSquares
    (joint_var), JointEntropy, DifferenceAverage, DifferenceVariance, DifferenceEntropy,
    SumAverage, SumEntropy, JointEnergy, Contrast, Id (inv_diff), Idn, Idm (inv_diff_mom), Idmn,
    InverseVariance, Correlation, Autocorrelation, ClusterTendency, ClusterShade,
    ClusterProminence, Imc1 and Imc2 (info_corr1 and 2), where its bins are the levels.

    Parameters
    ----------
    distance : int, default 1
        Chebyshev distance of the two pixels.
    directions : {"averaged", "merged"}, default "averaged"
        Whether a statistic is computed in each of the four directions and averaged over those
        that have pairs (IBSI 2-D averaged; for the stack 2.5-D by direction), or from the sum of
        the four matrices (2-D merged; for the stack 2.5-D merged).

    References
    ----------
    .. [1] Haralick RM, Shanmugam K, Dinstein I. Textural features for image classification. IEEE
       Trans Syst Man Cybern 1973;SMC-3(6):610-621.
    .. [2] Zwanenburg A et al. Image biomarker standardisation initiative. arXiv:1612.07003.

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((1, 1, 3), np.uint8)
    >>> family, stack = Glcm(), Stack(ones, np.uint8([[[1, 2, 2]]]), ones, n_levels=2)
    >>> float(family.describe(family.count(stack))["contrast"][0, 0])
    0.5
    """

    name: ClassVar[str] = "glcm"
    words: ClassVar[Mapping[str, Words]] = fill_nouns(
        {
            "joint_max": Words(
                "commonest pair @", "one pair of levels dominates", "share of the commonest pair @"
            ),
            "joint_avg": Words("mean level @", "brighter"),
            "joint_var": Words("variance of levels @", "more contrast"),
            "joint_entr": Words("joint entropy @", "more varied pairs of levels"),
            "diff_avg": Words("mean difference @", "rougher"),
            "diff_var": Words("difference variance @", "smooth beside rough areas"),
            "diff_entr": Words("difference entropy @", "rougher"),
            "sum_avg": Words("mean sum of levels @", "brighter"),
            "sum_var": Words("sum variance @", "larger bright and dark areas"),
            "sum_entr": Words("sum entropy @", "more varied pairs of levels"),
            "energy": Words("energy @", "few pairs of levels dominate: smoother"),
            "contrast": Words("contrast @", "rougher", "mean squared difference in level @"),
            "dissimilarity": Words("dissimilarity @", "rougher", "mean difference in level @"),
            "inv_diff": Words("similarity @", "smoother", "similarity (inverse difference) @"),
            "inv_diff_norm": Words(
                "normalised similarity @", "smoother", "normalised inverse difference @"
            ),
            "inv_diff_mom": Words(
                "homogeneity @", "smoother", "homogeneity (inverse difference moment) @"
            ),
            "inv_diff_mom_norm": Words(
                "normalised homogeneity @", "smoother", "normalised inverse difference moment @"
            ),
            "inv_var": Words("inverse variance @", "smaller steps between unequal pixels"),
            "corr": Words("correlation @", "larger even areas"),
            "auto_corr": Words("autocorrelation @", "brighter", "mean product of levels @"),
            "clust_tend": Words("cluster tendency @", "larger bright and dark areas"),
            "clust_shade": Words("cluster shade @", "bright areas among dark ones"),
            "clust_prom": Words("cluster prominence @", "larger very bright or very dark areas"),
            "info_corr1": Words(
                "information measure 1 @",
                "less regular",
                "first information measure of correlation @",
            ),
            "info_corr2": Words(
                "information measure 2 @",
                "more regular",
                "second information measure of correlation @",
            ),
        },
        {"": ("of pixels {distance} apart", "of pixels {distance} apart (co-occurrence)")},
    )
    distance: int = 1
    directions: Literal["averaged", "merged"] = "averaged"

    def __post_init__(self) -> None:
        if self.directions not in {"averaged", "merged"}:
            raise ValueError(
                f"`directions` must be 'averaged' or 'merged', got {self.directions!r}."
            )

    def count(self, stack: Stack) -> Counts:
        """Symmetric co-occurrence matrices and their sums."""
        return sum_matrices(cooccurrence(stack, distance=self.distance))

    def describe(self, counts: Counts) -> Statistics:
        """Statistics of the table in the class docstring."""
        if self.directions == "merged":
            xp = namespace(*counts)
            counts = MatrixSums(*(xp.sum(part, axis=2, keepdims=True) for part in counts))
        return average_over(_describe_matrices(counts), axis=2)


def _describe_matrices(counts: MatrixSums) -> dict[str, Array]:
    """Statistics of symmetric matrices and their sums."""
    xp = namespace(*counts)
    by_level, by_sum, by_diff = (as_float(part) for part in counts[1:])
    n_levels = by_level.shape[-1]
    level = xp.arange(1, n_levels + 1, dtype=xp.float64)
    difference = xp.arange(n_levels, dtype=xp.float64)
    total = xp.arange(2, 2 * n_levels + 1, dtype=xp.float64)
    joint = describe_in_blocks(_describe_joint, counts.matrices)

    n_pairs = xp.sum(by_level, axis=-1)
    margin, sums, diffs = normalise(by_level), normalise(by_sum), normalise(by_diff)

    mean = moment(margin, level)
    var = moment(margin, level, 2, about=mean)
    diff_avg = moment(diffs, difference)
    sum_avg = moment(sums, total)
    sum_var = moment(sums, total, 2, about=sum_avg)
    contrast = moment(diffs, difference, 2)
    auto_corr = (moment(sums, total, 2) - contrast) / 4  # 4ij = (i + j)^2 - (i - j)^2
    covariance = (sum_var - contrast) / 4
    joint_entr, margin_entr = joint["entropy"], count_entropy(counts.by_level)
    excess = xp.maximum(2 * margin_entr - joint_entr, 0.0)
    return {
        "joint_max": divide(joint["largest"], n_pairs),
        "joint_avg": mean,
        "joint_var": var,
        "joint_entr": joint_entr,
        "diff_avg": diff_avg,
        "diff_var": moment(diffs, difference, 2, about=diff_avg),
        "diff_entr": count_entropy(counts.by_difference),
        "sum_avg": sum_avg,
        "sum_var": sum_var,
        "sum_entr": count_entropy(counts.by_sum),
        "energy": divide(joint["squares"], n_pairs**2),
        "contrast": contrast,
        "dissimilarity": diff_avg,
        "inv_diff": xp.sum(diffs / (1 + difference), axis=-1),
        "inv_diff_norm": xp.sum(diffs / (1 + difference / n_levels), axis=-1),
        "inv_diff_mom": xp.sum(diffs / (1 + difference**2), axis=-1),
        "inv_diff_mom_norm": xp.sum(diffs / (1 + (difference / n_levels) ** 2), axis=-1),
        "inv_var": xp.sum(diffs[..., 1:] / difference[1:] ** 2, axis=-1),
        "corr": divide(covariance, var, 1.0) + 0 * mean,
        "auto_corr": auto_corr,
        "clust_tend": sum_var,
        "clust_shade": moment(sums, total, 3, about=sum_avg),
        "clust_prom": moment(sums, total, 4, about=sum_avg),
        "info_corr1": divide(-excess, margin_entr, 0.0),
        "info_corr2": xp.sqrt(1 - xp.exp(-2 * excess)),
    }


def _describe_joint(matrices: Array) -> dict[str, Array]:
    """Largest count, sum of squares and entropy of each matrix."""
    xp = namespace(matrices)
    n_levels = matrices.shape[-1]
    sums = sum_cells(xp.reshape(matrices, (*matrices.shape[:-2], n_levels * n_levels)))
    return {"largest": sums.largest, "squares": sums.squares, "entropy": entropy_from(sums)}
