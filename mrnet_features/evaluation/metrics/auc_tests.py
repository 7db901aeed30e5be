"""Tests of the difference of two AUCs: DeLong, Nadeau-Bengio, detectable difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri
from scipy.stats import nct, norm, t

from mrnet_features.evaluation.metrics.auc import standard_error

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = [
    "Difference",
    "delong_test",
    "minimum_detectable_difference",
    "nadeau_bengio_test",
]


@dataclass(frozen=True)
class Difference:
    """Difference of two AUCs, or of two means of AUCs, on the same exams.

    Attributes
    ----------
    estimate : float
        First minus second, -1 to 1.
    se : float
        Its standard error.
    degrees : float
        Degrees of freedom of the error; infinite for the normal distribution.
    """

    estimate: float
    se: float
    degrees: float = float("inf")

    @property
    def p(self) -> float:
        """Two-sided p value; null hypothesis: no difference.

        1 if the two are equal with `se` 0. NaN if they differ with `se` 0, as for perfect
        separation against a constant score.
        """
        if self.se == 0:
            return 1.0 if self.estimate == 0 else float("nan")
        ratio = abs(self.estimate) / self.se
        if np.isinf(self.degrees):
            return float(2 * norm.sf(ratio))
        return float(2 * t.sf(ratio, self.degrees))

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Confidence interval of the difference, clipped to [-1, 1].

        Parameters
        ----------
        confidence : float, default 0.95
            Coverage, above 0 and below 1.

        Returns
        -------
        ci_low, ci_high : float
            NaN if `p` is NaN.
        """
        if np.isnan(self.p):
            return float("nan"), float("nan")
        half = _quantile(0.5 + confidence / 2, self.degrees) * self.se
        return max(-1.0, self.estimate - half), min(1.0, self.estimate + half)


def delong_test(
    first: ArrayLike, second: ArrayLike, difference: float, groups: ArrayLike | None = None
) -> Difference:
    """DeLong's paired test of two AUCs of fixed predictions on the same exams.

    The variance is the sum of the squared differences of the influence values. For the mean of
    several tasks it includes the covariance of the tasks.

    Parameters
    ----------
    first, second : array of shape (n_exams,), float
        Influence values of both models, the same exams in the same order; see `measure_auc`.
    difference : float
        First AUC minus second AUC.
    groups : array of shape (n_exams,), optional
        See `standard_error`.

    Returns
    -------
    Difference
        With infinite degrees of freedom.

    Raises
    ------
    ValueError
        If the shapes differ.

    References
    ----------
    DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44(3):837-845.

    Examples
    --------
    >>> delong_test([0.03, 0.0], [0.0, 0.04], 0.1).se
    0.05
    """
    one, two = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != two.shape or one.ndim != 1:
        raise ValueError(
            "`first` and `second` must hold one influence value for each of the same exams, got "
            f"shapes {one.shape} and {two.shape}."
        )
    return Difference(float(difference), standard_error(one - two, groups))


def nadeau_bengio_test(differences: ArrayLike, test_train_ratio: float) -> Difference:
    r"""Nadeau-Bengio corrected t test of two learning procedures on the same folds.

    The training sets of the folds overlap, so the plain variance is far too small. The corrected
    variance is

    .. math:: \mathrm{Var} = \left(\frac{1}{J} + \frac{n_{test}}{n_{train}}\right) s^2

    for J folds over all repeats, with the sample variance :math:`s^2` and J - 1 degrees of
    freedom.

    Parameters
    ----------
    differences : array of shape (n_folds,), float
        Difference of the two AUCs in each fold of each repeat, at least two.
    test_train_ratio : float
        Number of test exams over number of training exams, 1 / (K - 1) for K folds; above 0.

    Returns
    -------
    Difference
        With ``n_folds - 1`` degrees of freedom.

    Raises
    ------
    ValueError
        If there are fewer than two folds, or `test_train_ratio` is not above 0.

    References
    ----------
    Nadeau and Bengio 2003, Machine Learning 52:239-281; Bouckaert and Frank 2004, PAKDD, LNCS
    3056:3-12, for repeated cross-validation.

    Examples
    --------
    Variance .02 of two folds, (1/2 + 1/1) times .02 is .03:

    >>> found = nadeau_bengio_test([0.0, 0.2], test_train_ratio=1.0)
    >>> round(found.estimate, 12), round(found.se**2, 12), found.degrees
    (0.1, 0.03, 1)
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(
            "`differences` must hold one difference per fold, for at least two folds, got "
            f"shape {values.shape}."
        )
    if not test_train_ratio > 0:
        raise ValueError(f"`test_train_ratio` must be above 0, got {test_train_ratio}.")
    # The variance of equal differences is rounding error.
    variance = 0.0 if np.ptp(values) < 1e-12 else float(values.var(ddof=1))
    return Difference(
        estimate=float(values.mean()),
        se=float(np.sqrt((1 / len(values) + test_train_ratio) * variance)),
        degrees=len(values) - 1,
    )


def minimum_detectable_difference(
    se: float, degrees: float = float("inf"), power: float = 0.8, alpha: float = 0.05
) -> float:
    """Smallest true difference that a two-sided test finds with the given power.

    Parameters
    ----------
    se : float
        Standard error of the difference, at least 0, or NaN.
    degrees : float, default infinity
        Degrees of freedom of the test.
    power : float, default 0.8
        Power of the test, above `alpha` and below 1.
    alpha : float, default 0.05
        Significance level of the test.

    Returns
    -------
    float
        In the unit of `se`; for the normal distribution with the defaults 2.80 `se`. NaN if `se`
        is 0 or NaN: without variance there is no test to find anything.

    Raises
    ------
    ValueError
        If a value is out of range.

    Examples
    --------
    1.96 + 0.84 standard errors:

    >>> round(minimum_detectable_difference(0.01), 4)
    0.028
    """
    if se < 0 or not 0 < alpha < power < 1:
        raise ValueError(
            f"`se` must be at least 0 and 0 < `alpha` < `power` < 1, got {se}, {alpha}, {power}."
        )
    if se == 0 or np.isnan(se):
        return float("nan")
    if np.isinf(degrees):
        # The other tail adds less than 1e-6 to the power.
        return float(ndtri(1 - alpha / 2) + ndtri(power)) * se
    critical = _quantile(1 - alpha / 2, degrees)

    def shortfall(shift: float) -> float:
        return float(nct.sf(critical, degrees, shift)) - power

    return float(brentq(shortfall, 0.0, 10 * critical + 10)) * se


def _quantile(probability: float, degrees: float) -> float:
    return float(ndtri(probability) if np.isinf(degrees) else t.ppf(probability, degrees))
