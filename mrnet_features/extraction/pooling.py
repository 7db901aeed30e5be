"""Per slice -> per stack, without caring from which end the slices were taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from mrnet_features.arrays import Array, namespace
from mrnet_features.families.base import Statistics
from mrnet_features.families.distributions import nan_mean


def pool_slices(statistics: Statistics, pools: Sequence[str]) -> Array:
    """Pool every statistic over the slices in which it is defined.

    Parameters
    ----------
    statistics : mapping of str to array of shape (n_slices, n_regions), float64
        At least one. NaN where a statistic is not defined in a slice; such slices are left out.
    pools : sequence of str
        Names of `POOLS`, at least one.

    Returns
    -------
    array of shape (n_regions, n_statistics, n_pools), float64
        NaN where no slice has a value.

    Raises
    ------
    ValueError
        If a pool is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> pool_slices({"area": np.array([[1.0], [np.nan], [5.0]])}, ["mean", "max"])
    array([[[3., 5.]]])
    """
    unknown = [pool for pool in pools if pool not in POOLS]
    if unknown or not pools:
        raise ValueError(f"`pools` must be some of {', '.join(POOLS)}, got {tuple(pools)}.")
    xp = namespace(*statistics.values())
    values = xp.stack(list(statistics.values()), axis=-1)
    return xp.stack([POOLS[pool](values) for pool in pools], axis=-1)


def _mean(values: Array) -> Array:
    return nan_mean(values, axis=0)


def _std(values: Array) -> Array:
    xp = namespace(values)
    return xp.sqrt(nan_mean((values - nan_mean(values, axis=0)[None, ...]) ** 2, axis=0))


def _max(values: Array) -> Array:
    return _ascending(values)[0][-1, ...]


def _p90(values: Array) -> Array:
    """90th percentile, linear between order statistics."""
    xp = namespace(values)
    ordered, n_known = _ascending(values)
    n_slices = values.shape[0]
    # unknown slices were sorted to the front, so ranks count from the first known one
    rank = n_slices - n_known + 0.9 * xp.maximum(n_known - 1, xp.zeros_like(n_known))
    lower = xp.minimum(xp.floor(rank), xp.full_like(rank, n_slices - 1.0))
    upper = xp.minimum(lower + 1, xp.full_like(rank, n_slices - 1.0))
    at_lower, at_upper = (
        xp.take_along_axis(ordered, xp.astype(place, xp.int64)[None, ...], axis=0)[0, ...]
        for place in (lower, upper)
    )
    return at_lower + (rank - lower) * (at_upper - at_lower)


def _top3(values: Array) -> Array:
    return nan_mean(_ascending(values)[0][-min(3, values.shape[0]) :, ...], axis=0)


def _middle(values: Array) -> Array:
    third = values.shape[0] // 3
    return nan_mean(values[third : values.shape[0] - third, ...], axis=0)


def _outer(values: Array) -> Array:
    xp = namespace(values)
    third = max(values.shape[0] // 3, 1)
    return nan_mean(xp.concat([values[:third, ...], values[-third:, ...]], axis=0), axis=0)


POOLS: Mapping[str, Callable[[Array], Array]] = {
    "mean": _mean,
    "std": _std,
    "max": _max,
    "p90": _p90,
    "top3": _top3,
    "middle": _middle,
    "outer": _outer,
}
"""Pools by name: mean, standard deviation, maximum, 90th percentile, mean of the three largest,
mean over the middle third of the slices, mean over the two outer thirds."""

DEFAULT_POOLS = ("mean", "std", "top3", "middle")
"""One of each kind: level, spread, extreme, place. The maximum and the 90th percentile of some
thirty slices say what the mean of the three largest says; the outer thirds are what mean and middle
leave."""


def _ascending(values: Array) -> tuple[Array, Array]:
    """Values sorted over slices with NaN first, and the number of known ones."""
    xp = namespace(values)
    unknown = xp.isnan(values)
    nan, lowest = xp.full_like(values, float("nan")), xp.full_like(values, -float("inf"))
    ordered = xp.sort(xp.where(unknown, lowest, values), axis=0)
    ordered = xp.where(ordered == lowest, nan, ordered)
    return ordered, xp.sum(xp.astype(~unknown, values.dtype), axis=0)
