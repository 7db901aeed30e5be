"""Variance and covariance of AUCs before there are scores, from a model of their distribution."""

from __future__ import annotations

from math import exp, pi, sqrt

from scipy.special import ndtri
from scipy.stats import multivariate_normal

__all__ = ["METHODS", "auc_covariance", "auc_variance"]

METHODS = ("hanley-mcneil", "obuchowski")


def auc_variance(auc: float, m: float, n: float, method: str = "hanley-mcneil") -> float:
    r"""Expected variance of an AUC.

    Hanley and McNeil's variance with Newcombe's equal weights of the classes (his method 4) is

    .. math:: \frac{A (1 - A)}{m n} \left[1 + \left(\frac{m + n}{2} - 1\right)
              \left(\frac{1 - A}{2 - A} + \frac{A}{1 + A}\right)\right]

    and Obuchowski's, with :math:`a = \sqrt 2 \, \Phi^{-1}(A)`,

    .. math:: 0.0099 \, e^{-a^2/2} \left[\frac{5 a^2 + 8}{m} + \frac{a^2 + 8}{n}\right]

    Parameters
    ----------
    auc : float
        Above 0 and below 1.
    m, n : float
        Positive and negative exams.
    method : {"hanley-mcneil", "obuchowski"}, default "hanley-mcneil"

    Returns
    -------
    float

    References
    ----------
    Hanley and McNeil 1982, Radiology 143(1):29-36; Newcombe 2006, Statistics in Medicine
    25(4):559-573; Obuchowski, Lieber and Wians 2004, Clinical Chemistry 50(7):1118-1125.

    Examples
    --------
    Without signal it is that of the Mann-Whitney statistic, (m + n + 1) / (12 m n):

    >>> round(auc_variance(0.5, 10, 20) * 12 * 10 * 20, 12)
    31.0
    """
    if method == "obuchowski":
        a = sqrt(2) * float(ndtri(auc))
        return 0.0099 * exp(-(a**2) / 2) * ((5 * a**2 + 8) / m + (a**2 + 8) / n)
    weight = (m + n) / 2 - 1
    spread = 1 + weight * ((1 - auc) / (2 - auc) + auc / (1 + auc))
    return auc * (1 - auc) * spread / (m * n)


def auc_covariance(
    first: float, second: float, r: float, m: float, n: float, method: str = "hanley-mcneil"
) -> float:
    """Expected covariance of the AUCs of two models on the same exams.

    Scores of both are normal in each class, with the same variance in both classes and correlation
    r between the models. For "hanley-mcneil" the exact correlation of the two empirical AUCs
    multiplies the standard errors of `auc_variance`; "obuchowski" is the formula of Obuchowski and
    McClish.

    Parameters
    ----------
    first, second : float
        AUCs, above 0 and below 1.
    r : float
        Correlation of the scores within a class, 0 to 1.
    m, n : float
        Positive and negative exams.
    method : {"hanley-mcneil", "obuchowski"}, default "hanley-mcneil"

    Returns
    -------
    float

    References
    ----------
    Hanley and McNeil 1983, Radiology 148(3):839-843; Obuchowski and McClish 1997, Statistics in
    Medicine 16(13):1529-1542.

    Examples
    --------
    Equal scores have equal AUCs:

    >>> auc_covariance(0.8, 0.8, 1.0, 30, 50) / auc_variance(0.8, 30, 50)
    1.0
    """
    if method == "obuchowski":
        a, b = (sqrt(2) * float(ndtri(auc)) for auc in (first, second))
        linear = r / m + r / n + r**2 * a * b / (2 * m)
        square = a * b * r**2 * (1 / m + 1 / n) / 2
        return exp(-(a**2 + b**2) / 4) * (linear / (4 * pi) + square / (16 * pi))
    both = _empirical_covariance(first, second, r, m, n)
    own = [_empirical_covariance(auc, auc, 1.0, m, n) for auc in (first, second)]
    variances = [auc_variance(auc, m, n, method) for auc in (first, second)]
    return both / sqrt(own[0] * own[1]) * sqrt(variances[0] * variances[1])


def _empirical_covariance(first: float, second: float, r: float, m: float, n: float) -> float:
    """Two comparisons that share one exam correlate by r / 2, those of the same two exams by r."""
    one = _both_right(first, second, r / 2) - first * second
    two = _both_right(first, second, r) - first * second
    return ((m + n - 2) * one + two) / (m * n)


def _both_right(first: float, second: float, r: float) -> float:
    """Probability that two comparisons with correlation r are both in the right order."""
    if r >= 1:
        return min(first, second)
    at = [float(ndtri(first)), float(ndtri(second))]
    return float(multivariate_normal.cdf(at, mean=[0, 0], cov=[[1, r], [r, 1]]))
