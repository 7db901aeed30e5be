"""ROC AUC with DeLong standard errors and confidence intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit, ndtri, stdtrit

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["AucEstimate", "logit_interval", "measure_auc", "standard_error", "t_quantile"]

# Sums of influence values below this fraction of their absolute values are rounding errors.
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class AucEstimate:
    """AUC of one task on one test set, with the influence of each exam.

    Attributes
    ----------
    auc : float
        Fraction of (positive, negative) pairs in the right order, ties counted as half.
    influence : ndarray of shape (n_exams,), float64
        Influence values psi. The sum of their squares is DeLong's variance of the AUC. The sum of
        their products with those of another model or task on the same exams is the covariance.
    """

    auc: float
    influence: NDArray[np.float64]

    @property
    def se(self) -> float:
        """Standard error of the AUC (same scale, 0 to 1)."""
        return standard_error(self.influence)


def measure_auc(labels: ArrayLike, scores: ArrayLike) -> AucEstimate:
    r"""Measure the AUC and its influence values from mid-ranks.

    With m positives, n negatives and mid-ranks r among all exams,

    .. math::
        V_i = \frac{r_i - r_i^{+}}{n} \text{ (positives)}, \quad
        V_j = 1 - \frac{r_j - r_j^{-}}{m} \text{ (negatives)}, \quad
        \mathrm{AUC} = \overline{V_i}

    where :math:`r^{+}, r^{-}` are mid-ranks within the own class, and
    :math:`\psi_i = (V_i - \mathrm{AUC}) / \sqrt{m (m - 1)}` for positives,
    :math:`\psi_j = (V_j - \mathrm{AUC}) / \sqrt{n (n - 1)}` for negatives.

    Parameters
    ----------
    labels : array of shape (n_exams,)
        0 or 1, at least two exams of each class.
    scores : array of shape (n_exams,), float
        Higher means more likely positive. Any finite scale: only the order matters.

    Returns
    -------
    AucEstimate
        The AUC and one influence value per exam.

    Raises
    ------
    ValueError
        If shapes differ, a label is not 0 or 1, a score is not finite, or a class has fewer
        than two exams.

    References
    ----------
    DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44(3):837-845, for the variance; Sun and
    Xu 2014, IEEE Signal Processing Letters 21(11):1389-1393, for mid-ranks; LeDell, Petersen and
    van der Laan 2015, Electronic Journal of Statistics 9(1):1583-1607, for influence values in
    cross-validation.

    Examples
    --------
    Of the four pairs (positives .3 and .9, negatives .1 and .5) three are in order:

    >>> measure_auc([0, 1, 0, 1], [0.1, 0.3, 0.5, 0.9]).auc
    0.75
    """
    truth = np.asarray(labels)
    values = np.asarray(scores, dtype=np.float64)
    if truth.ndim != 1 or truth.shape != values.shape:
        raise ValueError(
            "`labels` and `scores` must be one-dimensional and of equal length, got shapes "
            f"{truth.shape} and {values.shape}."
        )
    if not np.isin(truth, (0, 1)).all():
        wrong = truth[~np.isin(truth, (0, 1))][0]
        raise ValueError(f"`labels` must be 0 or 1, got {wrong}.")
    if not np.isfinite(values).all():
        n_bad = int((~np.isfinite(values)).sum())
        raise ValueError(
            f"`scores` must be finite, got NaN or infinity for {n_bad} of {len(values)} exams. "
            "Score every exam or drop those exams from both arrays."
        )
    positive = truth == 1
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    if min(n_positive, n_negative) < 2:
        raise ValueError(
            f"`labels` must hold at least two exams of each class, got {n_positive} positive and "
            f"{n_negative} negative. A standard error needs two exams per class. In a "
            "cross-validation, use fewer folds."
        )
    placements = np.empty_like(values)
    placements[positive] = _count_below(values[positive], values[~positive]) / n_negative
    placements[~positive] = 1 - _count_below(values[~positive], values[positive]) / n_positive
    auc = float(placements[positive].mean())
    spread = np.where(positive, n_positive * (n_positive - 1), n_negative * (n_negative - 1))
    return AucEstimate(auc=auc, influence=(placements - auc) / np.sqrt(spread))


def _count_below(values: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Others below each value, those equal to it counted as half: difference of two mid-ranks."""
    ordered = np.sort(others)
    return (ordered.searchsorted(values, "left") + ordered.searchsorted(values, "right")) / 2


def standard_error(influence: ArrayLike, groups: ArrayLike | None = None) -> float:
    """Standard error from influence values.

    Parameters
    ----------
    influence : array of shape (n_exams,), float
        Influence values of an AUC, of a mean of AUCs, or of a difference of two.
    groups : array of shape (n_exams,), optional
        Group of each exam, such as the patient. Exams of a group may be correlated, so their
        influence is summed before it is squared.

    Returns
    -------
    float
        Square root of the sum of squares over exams, or over groups. NaN if there is only one
        group, or if the influence of every group sums to 0 up to rounding, as that of whole test
        sets does: then the groups hold no information on the error.

    References
    ----------
    Obuchowski 1997, Biometrics 53(2):567-578, for clustered exams.

    Examples
    --------
    >>> standard_error([0.3, 0.4])
    0.5
    >>> standard_error([0.1, 0.2, 0.4], groups=["one", "one", "two"])
    0.5
    """
    values = np.asarray(influence, dtype=np.float64)
    if groups is not None:
        _, codes = np.unique(np.asarray(groups), return_inverse=True)
        sums = np.bincount(codes.ravel(), weights=values)
        total = np.abs(values).sum()
        cancel = total > 0 and np.abs(sums).sum() <= ROUNDING * total
        if len(sums) < 2 or cancel:
            return float("nan")
        values = sums
    return float(np.sqrt(np.sum(values**2)))


def logit_interval(
    auc: float,
    se: float,
    n_positive: int,
    n_negative: int,
    confidence: float = 0.95,
    degrees: float = float("inf"),
) -> tuple[float, float]:
    """Confidence interval of an AUC on the logit scale, inside [0, 1].

    The log-odds of the AUC have the standard error ``se / (auc * (1 - auc))``.

    An AUC of exactly 1 or 0 has `se` 0 and infinite log-odds. The other end of its interval is
    then the AUC from which 1 (or 0) is just reached with the Hanley-McNeil error: method 5 of
    Newcombe 2006, which needs the number of exams. An AUC inside (0, 1) with `se` 0 is that of a
    constant score, or a mean of such AUCs and perfect ones; its interval is that value.

    Parameters
    ----------
    auc : float
        AUC or mean of AUCs, 0 to 1.
    se : float
        Its standard error, at least 0, or NaN.
    n_positive, n_negative : int
        Number of exams of each class, at least 1; used only if `auc` is 0 or 1.
    confidence : float, default 0.95
        Coverage, above 0 and below 1.
    degrees : float, default infinity
        Degrees of freedom of the t distribution; infinite for the normal distribution.

    Returns
    -------
    ci_low, ci_high : float
        Ends of the interval, between 0 and 1; NaN if `se` is.

    Raises
    ------
    ValueError
        If a value is out of range.

    References
    ----------
    Pepe 2003, The statistical evaluation of medical tests, section 5.2.4, for the logit scale;
    Newcombe 2006, Statistics in Medicine 25(4):559-573, method 5, for perfect separation.

    Examples
    --------
    At .5 the logit has slope 4, so an `se` of .25 / 1.96 gives a half-width of one unit of
    log-odds, and the ends are 1 / (1 + e) and e / (1 + e):

    >>> low, high = logit_interval(0.5, 0.25 / 1.959964, 50, 50)
    >>> round(low, 4), round(high, 4)
    (0.2689, 0.7311)
    """
    if not 0 <= auc <= 1 or se < 0 or not 0 < confidence < 1:
        raise ValueError(
            "`auc` must be 0 to 1, `se` at least 0 and `confidence` between 0 and 1, got "
            f"{auc}, {se} and {confidence}."
        )
    if min(n_positive, n_negative) < 1:
        raise ValueError(
            f"`n_positive` and `n_negative` must be at least 1, got {n_positive} and {n_negative}."
        )
    if np.isnan(se):
        return float("nan"), float("nan")
    z = t_quantile(0.5 + confidence / 2, degrees)
    if auc == 1:
        return _lowest_auc_of_perfect_separation(z, n_positive, n_negative), 1.0
    if auc == 0:
        return 0.0, 1 - _lowest_auc_of_perfect_separation(z, n_positive, n_negative)
    half_width = z * se / (auc * (1 - auc))
    return float(expit(logit(auc) - half_width)), float(expit(logit(auc) + half_width))


def t_quantile(probability: float, degrees: float = float("inf")) -> float:
    """Quantile of the t distribution, or of the normal distribution for infinite degrees.

    Parameters
    ----------
    probability : float
        Above 0 and below 1.
    degrees : float, default infinity
        Degrees of freedom, at least 1.

    Returns
    -------
    float
    """
    return float(ndtri(probability) if np.isinf(degrees) else stdtrit(degrees, probability))


def _lowest_auc_of_perfect_separation(z: float, n_positive: int, n_negative: int) -> float:
    """Solve (1 - A)^2 = z^2 Var(A) for A < 1, both sides divided by 1 - A."""
    weight = (n_positive + n_negative) / 2 - 1

    def excess(auc: float) -> float:
        spread = 1 + weight * ((1 - auc) / (2 - auc) + auc / (1 + auc))
        return (1 - auc) * n_positive * n_negative - z**2 * auc * spread

    from scipy.optimize import brentq  # here: its import takes a tenth of a second

    return float(brentq(excess, 0.0, 1.0))
