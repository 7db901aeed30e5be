"""Holm's correction of p values for multiple tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["adjust_holm"]


def adjust_holm(p: ArrayLike) -> NDArray[np.float64]:
    """P values adjusted for multiple tests by Holm's step-down procedure.

    Parameters
    ----------
    p : array of shape (n_tests,), float
        P values from 0 to 1. NaN is not counted and stays NaN.

    Returns
    -------
    ndarray of shape (n_tests,), float64
        Adjusted p values, at most 1.

    References
    ----------
    Holm 1979, Scandinavian Journal of Statistics 6(2):65-70.

    Examples
    --------
    The smallest is multiplied by three, the next by two:

    >>> adjust_holm([0.01, 0.5, 0.02]).tolist()
    [0.03, 0.5, 0.04]
    """
    values = np.asarray(p, dtype=np.float64)
    adjusted = np.full_like(values, np.nan)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    steps = values[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return adjusted
