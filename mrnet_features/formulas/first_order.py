"""First-order statistics of histograms of grey levels or discretised levels (IBSI 3.3, 3.4)."""

from __future__ import annotations

from mrnet_features.arrays import Array, namespace
from mrnet_features.formulas.histogram import divide, moment, normalise, quantiles


def describe_first_order(counts: Array, values: Array) -> dict[str, Array]:
    """First-order statistics defined for both grey levels and discretised levels.

    Parameters
    ----------
    counts : array of shape (..., n_values), float64
        Whole numbers.
    values : array of shape (n_values,), float64
        0 to 255, ascending by one.

    Returns
    -------
    dict of str to array of shape (...), float64
        The statistics of `Intensity` from ``mean`` to ``qcod``; NaN where nothing is counted, 0 for
        ``skew`` and ``kurt`` where all values are equal.

    Examples
    --------
    >>> import numpy as np
    >>> found = describe_first_order(np.array([1.0, 0.0, 3.0]), np.arange(3.0))
    >>> float(found["mean"]), float(found["range"])
    (1.5, 2.0)
    """
    xp = namespace(counts)
    fractions = normalise(counts)
    mean = moment(fractions, values)
    var = moment(fractions, values, 2, about=mean)
    p10, p25, median, p75, p90 = quantiles(counts, values, (0.1, 0.25, 0.5, 0.75, 0.9))
    is_robust = (values >= p10[..., None]) & (values <= p90[..., None])
    robust = normalise(xp.where(is_robust, counts, 0.0))
    robust_mean = moment(robust, values)
    present = counts > 0
    beyond = xp.full_like(counts, 256.0)
    lowest = xp.min(xp.where(present, values, beyond), axis=-1)
    highest = xp.max(xp.where(present, values, -beyond), axis=-1)
    skew = divide(moment(fractions, values, 3, about=mean), var**1.5, 0.0)
    kurt = divide(moment(fractions, values, 4, about=mean), var**2, 3.0) - 3.0
    return {
        "mean": mean,
        "var": var,
        "skew": where_counted(skew, counts),
        "kurt": where_counted(kurt, counts),
        "median": median,
        "min": where_counted(lowest, counts),
        "p10": p10,
        "p90": p90,
        "max": where_counted(highest, counts),
        "iqr": p75 - p25,
        "range": where_counted(highest - lowest, counts),
        "mad": xp.sum(fractions * xp.abs(values - mean[..., None]), axis=-1),
        "rmad": xp.sum(robust * xp.abs(values - robust_mean[..., None]), axis=-1),
        "medad": xp.sum(fractions * xp.abs(values - median[..., None]), axis=-1),
        "cov": divide(xp.sqrt(var), mean),
        "qcod": divide(p75 - p25, p75 + p25),
    }


def where_counted(values: Array, counts: Array) -> Array:
    """Values where something is counted, else NaN.

    Parameters
    ----------
    values : array of shape (...), float64
    counts : array of shape (..., n_values)

    Returns
    -------
    array of shape (...), float64
    """
    xp = namespace(values)
    return xp.where(xp.any(counts > 0, axis=-1), values, float("nan"))
