"""Intraclass correlation: agreement of repeated measurements of the same exams."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import fdtri

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Agreement", "intraclass_correlation"]

FEWEST_EXAMS = 3
"""With fewer exams there is no ICC."""


class Agreement(NamedTuple):
    """ICC of each column, with its confidence interval.

    Attributes
    ----------
    icc, low, high : ndarray of shape (n_columns,), float64
        NaN if fewer than three exams are complete, or all values of a column are equal.
    n_exams : ndarray of shape (n_columns,), int64
        Exams with a finite value in each measurement.
    """

    icc: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    n_exams: NDArray[np.int64]


def intraclass_correlation(measurements: ArrayLike, confidence: float = 0.95) -> Agreement:
    r"""ICC(2,1) of each column: two-way random effects, absolute agreement, single measurement.

    The form that Koo and Li [2]_ recommend for test and retest. It is the fraction of the variance
    that is between exams; a shift that all exams share counts as disagreement. Koo and Li call .75
    to .9 good and more excellent.

    With n exams, k measurements, and the mean squares of exams :math:`M_R`, measurements
    :math:`M_C` and residuals :math:`M_E`,

    .. math:: ICC = \frac{M_R - M_E}{M_R + (k - 1) M_E + k (M_C - M_E) / n}

    The interval is that of Shrout and Fleiss [1]_.

    Parameters
    ----------
    measurements : array of shape (k, n_exams, n_columns)
        At least two measurements. An exam without a finite value in one of them is left out of
        that column.
    confidence : float, default 0.95
        Coverage of the two-sided interval.

    Returns
    -------
    Agreement

    Raises
    ------
    ValueError
        If the array has another number of dimensions or fewer than two measurements.

    References
    ----------
    .. [1] Shrout PE, Fleiss JL. Intraclass correlations: uses in assessing rater reliability.
       Psychol Bull 1979;86:420-428.
    .. [2] Koo TK, Li MY. A guideline of selecting and reporting intraclass correlation coefficients
       for reliability research. J Chiropr Med 2016;15:155-163.

    Examples
    --------
    Exams 1, 2 and 3 apart, and all measured 1 higher the second time:

    >>> first = np.array([[1.0], [2.0], [3.0]])
    >>> intraclass_correlation([first, first + 1]).icc.round(4).tolist()
    [0.6667]
    """
    values = np.asarray(measurements, dtype=np.float64)
    if values.ndim != 3 or len(values) < 2:
        raise ValueError(
            "`measurements` must have shape (k, n_exams, n_columns) with k of at least 2, got "
            f"{values.shape}."
        )
    k = len(values)
    complete = np.isfinite(values).all(axis=0)
    found = complete.sum(axis=0)
    n = np.maximum(found, FEWEST_EXAMS).astype(np.float64)  # the rest becomes NaN below
    kept = np.where(complete, values, 0.0)
    scale = np.abs(kept).max(axis=(0, 1))  # so that squares of large values stay finite
    kept = kept / np.where(scale > 0, scale, 1.0)
    of_exam = kept.mean(axis=0)
    rest = kept - of_exam  # exactly 0 where the measurements agree
    of_measurement = rest.sum(axis=1) / n
    between = np.where(complete, of_exam - of_exam.sum(axis=0) / n, 0.0)
    residual = np.where(complete, rest - of_measurement[:, None], 0.0)
    rows = k * (between**2).sum(axis=0) / (n - 1)
    columns = n * (of_measurement**2).sum(axis=0) / (k - 1)
    errors = (residual**2).sum(axis=(0, 1)) / ((n - 1) * (k - 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        icc = (rows - errors) / (rows + (k - 1) * errors + k * (columns - errors) / n)
        # Degrees of freedom by Satterthwaite, as in Shrout and Fleiss.
        one = k * icc * columns
        two = errors * (n * (1 + (k - 1) * icc) - k * icc)
        degrees = (k - 1) * (n - 1) * (one + two) ** 2 / ((n - 1) * one**2 + two**2)
        tail = 1 - (1 - confidence) / 2
        above, below = fdtri(n - 1, degrees, tail), fdtri(degrees, n - 1, tail)
        both = k * columns + (k * n - k - n) * errors
        low = n * (rows - above * errors) / (above * both + n * rows)
        high = n * (below * rows - errors) / (both + n * below * rows)
    same = (errors == 0) & (columns == 0) & (rows > 0)
    unknown = (found < FEWEST_EXAMS) | (scale == 0)
    icc, low, high = (
        np.where(unknown, np.nan, np.where(same, 1.0, each)) for each in (icc, low, high)
    )
    return Agreement(icc, low, high, found.astype(np.int64))
