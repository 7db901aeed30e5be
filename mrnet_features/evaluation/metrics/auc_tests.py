"""Difference of two AUCs: p value, interval and minimum detectable difference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri
from scipy.stats import nct, norm, t

from mrnet_features.evaluation.metrics.auc import t_quantile

__all__ = ["Difference", "minimum_detectable_difference"]


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
        half = t_quantile(0.5 + confidence / 2, self.degrees) * self.se
        return max(-1.0, self.estimate - half), min(1.0, self.estimate + half)


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
        is 0 or NaN: without variance there is no test to find anything. With few exams it may be
        above 1: then no difference of two AUCs is found with that power.

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
    critical = t_quantile(1 - alpha / 2, degrees)

    def shortfall(shift: float) -> float:
        return float(nct.sf(critical, degrees, shift)) - power

    return float(brentq(shortfall, 0.0, 10 * critical + 10)) * se
