"""Difference of two AUCs of different exams: Newcombe's interval and its p value."""

from __future__ import annotations

from math import isnan, sqrt
from typing import NamedTuple

from scipy.optimize import brentq
from scipy.special import ndtr

from mrnet_features.evaluation.metrics.auc import logit_interval

__all__ = ["MeasuredAuc", "unpaired_interval", "unpaired_p"]

# Two-sided p below this is given as this.
SMALLEST_P = 1e-15


class MeasuredAuc(NamedTuple):
    """AUC of one set of exams.

    Attributes
    ----------
    auc, se : float
        AUC and its standard error.
    n_positive, n_negative : int
        Number of exams of each class.
    degrees : float, default infinity
        Degrees of freedom of the standard error; infinite for the normal distribution.
    """

    auc: float
    se: float
    n_positive: int
    n_negative: int
    degrees: float = float("inf")


def unpaired_interval(
    first: MeasuredAuc, second: MeasuredAuc, covariance: float = 0.0, confidence: float = 0.95
) -> tuple[float, float]:
    r"""Confidence interval of the difference of two AUCs, from the interval of each.

    With the intervals :math:`(l_1, u_1)` and :math:`(l_2, u_2)` on the logit scale, the lower end
    is

    .. math:: A_1 - A_2 - \sqrt{(A_1 - l_1)^2 - 2 r (A_1 - l_1)(u_2 - A_2) + (u_2 - A_2)^2}

    and the upper end likewise. Unlike plus or minus 1.96 standard errors, it fits small sets and
    an AUC of 1.

    Parameters
    ----------
    first, second : MeasuredAuc
    covariance : float, default 0
        Covariance of the two AUCs; not 0 if exams of a patient are in both sets.
    confidence : float, default 0.95
        Coverage, above 0 and below 1.

    Returns
    -------
    ci_low, ci_high : float
        NaN if a standard error is.

    References
    ----------
    Newcombe 1998, Statistics in Medicine 17(8):873-890, method 10, for proportions; Zou and
    Donner 2008, Statistics in Medicine 27(10):1693-1702, for other estimates and correlation.

    Examples
    --------
    >>> one, two = MeasuredAuc(0.9, 0.03, 40, 60), MeasuredAuc(0.8, 0.04, 40, 60)
    >>> low, high = unpaired_interval(one, two)
    >>> round(low, 3), round(high, 3)
    (-0.001, 0.201)
    """
    if isnan(first.se) or isnan(second.se):
        return float("nan"), float("nan")
    difference = first.auc - second.auc
    low_1, high_1 = logit_interval(*first[:4], confidence, first.degrees)
    low_2, high_2 = logit_interval(*second[:4], confidence, second.degrees)
    both = first.se * second.se
    r = max(-1.0, min(1.0, covariance / both)) if both > 0 else 0.0
    below = _combine(first.auc - low_1, high_2 - second.auc, r)
    above = _combine(high_1 - first.auc, second.auc - low_2, r)
    return difference - below, difference + above


def unpaired_p(first: MeasuredAuc, second: MeasuredAuc, covariance: float = 0.0) -> float:
    """Two-sided p; null hypothesis: equal AUCs.

    It is 1 minus the confidence at which the interval just reaches 0.

    Parameters
    ----------
    first, second, covariance
        See `unpaired_interval`.

    Returns
    -------
    float
        1 if the AUCs are equal. NaN if a standard error is, or if the AUCs differ without
        variance. At least 1e-15.

    Examples
    --------
    >>> round(unpaired_p(MeasuredAuc(0.9, 0.03, 40, 60), MeasuredAuc(0.8, 0.04, 40, 60)), 3)
    0.053
    """
    difference = first.auc - second.auc
    if difference == 0:
        return 1.0 if first.se >= 0 and second.se >= 0 else float("nan")

    def distance(z: float) -> float:
        # the end that faces 0, which is positive while the interval is without 0
        low, high = unpaired_interval(first, second, covariance, float(2 * ndtr(z) - 1))
        return low if difference > 0 else -high

    if not distance(1e-6) > 0:
        return float("nan")
    if distance(7.9) > 0:
        return SMALLEST_P if first.se > 0 or second.se > 0 else float("nan")
    return float(2 * ndtr(-brentq(distance, 1e-6, 7.9, xtol=1e-12)))


def _combine(one: float, two: float, r: float) -> float:
    return sqrt(max(0.0, one**2 - 2 * r * one * two + two**2))
