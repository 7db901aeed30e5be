"""Per slice -> per stack, without caring from which end the slices were taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mrnet_features.arrays import Array, Int64Array, namespace
from mrnet_features.formulas.exam_axis import pad_slices
from mrnet_features.formulas.histogram import nan_mean
from mrnet_features.stacks.exam_slices import count_slices

Pool = Callable[[Array, Int64Array], Array]
"""From values of shape (n_exams, most_slices, ...), NaN after an exam's last slice, and the number
of slices of each exam, to values of shape (n_exams, ...)."""


def pool_slices(
    statistics: Mapping[Any, Array], pools: Sequence[str], exam_starts: Sequence[int] = (0,)
) -> Array:
    """Pool every statistic over the slices of each exam in which it is defined.

    Parameters
    ----------
    statistics : mapping of name to array of shape (n_slices, n_regions), float64
        At least one. NaN where a statistic is not defined in a slice; such slices are left out.
    pools : sequence of str
        Names of `POOLS`, at least one.
    exam_starts : sequence of int, default (0,)
        First slice of each exam.

    Returns
    -------
    array of shape (n_exams, n_regions, n_statistics, n_pools), float64
        NaN where no slice has a value.

    Raises
    ------
    ValueError
        If a pool is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> pool_slices({"area": np.array([[1.0], [np.nan], [5.0]])}, ["mean", "max"])
    array([[[[3., 5.]]]])
    """
    unknown = [pool for pool in pools if pool not in POOLS]
    if unknown or not pools:
        raise ValueError(f"`pools` must be some of {', '.join(POOLS)}, got {tuple(pools)}.")
    xp = namespace(*statistics.values())
    columns = list(statistics.values())
    if len(columns) == 1:
        # NumPy adds a single column in an order that depends on its length, several line by line
        columns *= 2
    values = xp.stack(columns, axis=-1)
    padded, n_slices = pad_slices(values, exam_starts), count_slices(exam_starts, values.shape[0])
    pooled = xp.stack([POOLS[pool](padded, n_slices) for pool in pools], axis=-1)
    return pooled[..., : len(statistics), :]


def _mean(values: Array, n_slices: Int64Array) -> Array:  # noqa: ARG001
    return nan_mean(values, axis=1)


def _std(values: Array, n_slices: Int64Array) -> Array:  # noqa: ARG001
    xp = namespace(values)
    return xp.sqrt(nan_mean((values - nan_mean(values, axis=1)[:, None, ...]) ** 2, axis=1))


def _max(values: Array, n_slices: Int64Array) -> Array:  # noqa: ARG001
    return _ascending(values)[0][:, -1, ...]


def _p90(values: Array, n_slices: Int64Array) -> Array:
    """90th percentile, linear between order statistics."""
    xp = namespace(values)
    ordered, n_known = _ascending(values)
    n = _of_stacks(xp.asarray(n_slices.astype(np.float64)), n_known)
    # unknown slices were sorted to the front, so ranks count from the first known one
    rank = n - n_known + 0.9 * xp.maximum(n_known - 1, xp.zeros_like(n_known))
    lower = xp.minimum(xp.floor(rank), n - 1.0)
    upper = xp.minimum(lower + 1, n - 1.0)
    beyond = values.shape[1] - n  # in front of them what an exam has fewer slices than the longest
    at_lower, at_upper = (
        xp.take_along_axis(ordered, xp.astype(beyond + place, xp.int64)[:, None, ...], axis=1)
        for place in (lower, upper)
    )
    return at_lower[:, 0, ...] + (rank - lower) * (at_upper[:, 0, ...] - at_lower[:, 0, ...])


def _top3(values: Array, n_slices: Int64Array) -> Array:  # noqa: ARG001
    return nan_mean(_ascending(values)[0][:, -min(3, values.shape[1]) :, ...], axis=1)


def _middle(values: Array, n_slices: Int64Array) -> Array:
    third, last = (n_slices // 3)[:, None], n_slices[:, None]
    place = np.arange(values.shape[1])
    return _mean_where(values, (place >= third) & (place < last - third))


def _outer(values: Array, n_slices: Int64Array) -> Array:
    third, last = np.maximum(n_slices // 3, 1)[:, None], n_slices[:, None]
    place = np.arange(values.shape[1])
    return _mean_where(values, (place < third) | (place >= last - third))


POOLS: Mapping[str, Pool] = {
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


def _mean_where(values: Array, is_chosen: np.ndarray[Any, np.dtype[np.bool_]]) -> Array:
    """Mean over the chosen slices of each exam; what is chosen after its last is NaN."""
    xp = namespace(values)
    chosen = xp.reshape(xp.asarray(is_chosen), (*is_chosen.shape, *[1] * (values.ndim - 2)))
    return nan_mean(xp.where(chosen, values, xp.full_like(values, float("nan"))), axis=1)


def _of_stacks(numbers: Array, values: Array) -> Array:
    """Numbers of the exams, to be put beside values of shape (n_exams, ...)."""
    return namespace(numbers).reshape(numbers, (-1, *[1] * (values.ndim - 1)))


def _ascending(values: Array) -> tuple[Array, Array]:
    """Values sorted over slices with NaN first, and the number of known ones."""
    xp = namespace(values)
    unknown = xp.isnan(values)
    nan, lowest = xp.full_like(values, float("nan")), xp.full_like(values, -float("inf"))
    ordered = xp.sort(xp.where(unknown, lowest, values), axis=1)
    ordered = xp.where(ordered == lowest, nan, ordered)
    return ordered, xp.sum(xp.astype(~unknown, values.dtype), axis=1)
