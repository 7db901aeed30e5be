"""Moments, quantiles and entropy of histograms.

The last axis of counts is the value. Counts and values are whole numbers, so sums are exact in any
order of addition.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from mrnet_features.arrays import Array, namespace
from mrnet_features.counts.cell_sums import CellSums, sum_cells, times_log2


def as_float(counts: Array) -> Array:
    """Integer counts as float64."""
    xp = namespace(counts)
    return xp.astype(counts, xp.float64)


def divide(numerator: Array, denominator: Array, otherwise: float = float("nan")) -> Array:
    """Quotient of two arrays, `otherwise` where the denominator is 0.

    Parameters
    ----------
    numerator, denominator : array
        Float64 or integer.
    otherwise : float, default NaN

    Returns
    -------
    array, float64

    Examples
    --------
    >>> import numpy as np
    >>> divide(np.array([1, 1]), np.array([4, 0]))
    array([0.25,  nan])
    """
    xp = namespace(numerator, denominator)
    if numerator.dtype != xp.float64:
        numerator = xp.astype(numerator, xp.float64)
    if denominator.dtype != xp.float64:
        denominator = xp.astype(denominator, xp.float64)
    zero = denominator == 0
    quotient = numerator / xp.where(zero, float("nan"), denominator)
    return quotient if math.isnan(otherwise) else xp.where(zero, otherwise, quotient)


def normalise(counts: Array) -> Array:
    """Counts divided by their sum over the last axis; NaN where nothing is counted."""
    xp = namespace(counts)
    return divide(counts, xp.sum(counts, axis=-1, keepdims=True))


def moment(fractions: Array, values: Array, order: int = 1, about: Array | None = None) -> Array:
    """Moment of a distribution: mean of ``(value - about) ** order``."""
    xp = namespace(fractions)
    deviation = values if about is None else values - about[..., None]
    # a power other than 2 costs as much as tens of products
    for _ in range(order):
        fractions = fractions * deviation
    return xp.sum(fractions, axis=-1)


def entropy(fractions: Array) -> Array:
    """Shannon entropy in bits over the last axis."""
    xp = namespace(fractions)
    positive = xp.where(fractions > 0, fractions, 1.0)
    return -xp.sum(fractions * xp.log2(positive), axis=-1)


def count_entropy(counts: Array) -> Array:
    """Shannon entropy in bits of the normalised counts; NaN where nothing is counted.

    Parameters
    ----------
    counts : array of shape (..., n_values), integer, or float64 with whole numbers

    Returns
    -------
    array of shape (...), float64

    Examples
    --------
    >>> import numpy as np
    >>> float(count_entropy(np.array([2.0, 0.0, 1.0, 1.0])))
    1.5
    """
    xp = namespace(counts)
    if not xp.isdtype(counts.dtype, "integral"):
        counts = xp.astype(counts, xp.int64)
    return entropy_from(sum_cells(counts))


def entropy_from(sums: CellSums) -> Array:
    """Shannon entropy in bits of counts with these sums; NaN where nothing is counted."""
    total = as_float(sums.total)
    found = divide(times_log2(total) - sums.logs, total)
    # rounding must not make the entropy of a single value negative
    return namespace(found).maximum(found, namespace(found).zeros_like(found))


def quantile(counts: Array, values: Array, q: float) -> Array:
    """Quantile of a histogram, linear between order statistics; NaN where nothing is counted.

    Parameters
    ----------
    counts : array of shape (..., n_values), integer, or float64 with whole numbers
    values : array of shape (n_values,), float64
        Ascending by one.
    q : float
        0 to 1.

    Returns
    -------
    array of shape (...), float64

    Examples
    --------
    >>> import numpy as np
    >>> float(quantile(np.array([1.0, 0.0, 1.0]), np.array([1.0, 2.0, 3.0]), 0.5))
    2.0
    """
    return quantiles(counts, values, (q,))[0]


def quantiles(counts: Array, values: Array, shares: Sequence[float]) -> list[Array]:
    """Several quantiles of a histogram, with one running sum.

    Parameters
    ----------
    counts, values
        As for `quantile`.
    shares : sequence of float
        0 to 1 each.

    Returns
    -------
    list of array of shape (...), float64
        As from `quantile`, for each share.

    Examples
    --------
    >>> import numpy as np
    >>> counts, values = np.array([1.0, 0.0, 1.0]), np.array([1.0, 2.0, 3.0])
    >>> [float(found) for found in quantiles(counts, values, (0.5, 1.0))]
    [2.0, 3.0]
    """
    xp = namespace(counts)
    below = xp.cumulative_sum(counts, axis=-1)
    total = as_float(below[..., -1])
    last = xp.maximum(total - 1, 0.0)
    ranks = xp.stack([share * last for share in shares], axis=-1)
    lower_ranks = xp.floor(ranks)
    orders = xp.astype(xp.concat([lower_ranks, xp.ceil(ranks)], axis=-1), below.dtype)
    # the first value with more counts up to it than the order statistic has before it
    is_beyond = below[..., None, :] > orders[..., None]
    index = as_float(xp.argmax(xp.astype(is_beyond, xp.uint8), axis=-1))
    lower, upper = values[0] + index[..., : len(shares)], values[0] + index[..., len(shares) :]
    between = lower + (ranks - lower_ranks) * (upper - lower)
    found = xp.where(total[..., None] > 0, between, float("nan"))
    return [found[..., k] for k in range(len(shares))]


def median_of_stacks(merged: Array) -> Array:
    """Median grey level of each exam, over all regions.

    Parameters
    ----------
    merged : array of shape (n_exams, n_regions, 256), integer
        Histograms, merged over slices.

    Returns
    -------
    array of shape (n_exams,), float64
        0 where no region has a pixel.
    """
    xp = namespace(merged)
    total = as_float(xp.sum(merged, axis=1))
    median = quantile(total, xp.arange(256, dtype=xp.float64), 0.5)
    return xp.where(xp.isnan(median), 0.0, median)


def nan_mean(values: Array, axis: int) -> Array:
    """Mean over an axis, ignoring NaN; NaN where all values are NaN."""
    xp = namespace(values)
    known = ~xp.isnan(values)
    total = xp.sum(xp.where(known, values, 0.0), axis=axis)
    return divide(total, xp.sum(xp.astype(known, xp.float64), axis=axis))


def average_over(statistics: dict[str, Array], axis: int) -> dict[str, Array]:
    """`nan_mean` of each statistic; all must have the same shape."""
    xp = namespace(*statistics.values())
    means = nan_mean(xp.stack(list(statistics.values()), axis=0), axis=axis + 1)
    return {name: means[k, ...] for k, name in enumerate(statistics)}
