"""Pool statistics over the slices of an exam, and fold or name the two sides of the knee.

Pooling and folding don't depend on the order in which the slices were taken or on which side is
medial.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mrnet_features.arrays import Array, Float64Array, Int64Array, namespace
from mrnet_features.formulas.exam_axis import pad_slices
from mrnet_features.formulas.histogram import nan_mean
from mrnet_features.stacks.exam_slices import count_slices
from mrnet_features.stacks.region_sets import KNOWN_PAIR, PAIR

FIRST, SECOND = (f"_{ending}" for ending in PAIR)
"""Endings of the names of two regions that are a pair, one on each side of the knee."""

PAIR_VALUES: Mapping[str, Callable[[Any, Array, Array], Array]] = {
    "low": lambda xp, one, other: xp.minimum(one, other),
    "high": lambda xp, one, other: xp.maximum(one, other),
    "difference": lambda xp, one, other: xp.abs(one - other),
}
"""Values that replace those of a pair of regions, by the ending of the new name."""

Pool = Callable[[Array, Int64Array], Array]
"""From values of shape (n_exams, max_slices, ...), NaN after the last slice of an exam, and the
number of slices of each exam, to values of shape (n_exams, ...)."""


def pool_slices(
    statistics: Mapping[Any, Array], pools: Sequence[str], exam_starts: Sequence[int] = (0,)
) -> Array:
    """Pool every statistic over those slices of each exam in which it is defined.

    Parameters
    ----------
    statistics : mapping of name to array of shape (n_slices, n_regions), float64
        At least one. NaN where a statistic is not defined in a slice; that slice is left out.
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
    >>> pool_slices({"area": np.array([[1.0], [np.nan], [5.0]])}, ["mean", "max"])
    array([[[[3., 5.]]]])
    """
    unknown = [pool for pool in pools if pool not in POOLS]
    if unknown or not pools:
        raise ValueError(f"`pools` must be some of {', '.join(POOLS)}, got {tuple(pools)}.")
    xp = namespace(*statistics.values())
    columns = list(statistics.values())
    if len(columns) == 1:
        # NumPy sums a single column in an order that depends on its length, several row by row
        columns *= 2
    values = xp.stack(columns, axis=-1)
    padded, n_slices = pad_slices(values, exam_starts), count_slices(exam_starts, values.shape[0])
    pooled = xp.stack([POOLS[pool](padded, n_slices) for pool in pools], axis=-1)
    return pooled[..., : len(statistics), :]


def rank_slices(values: Float64Array, pool: str) -> list[int]:
    """Slices of one exam that a pool uses, most important first.

    Parameters
    ----------
    values : ndarray of shape (n_slices,), float64
        NaN where the statistic is not defined.
    pool : str
        A name of `POOLS`.

    Returns
    -------
    list of int
        From the highest value to the lowest; for ``std`` from the farthest from the mean. Of equal
        values the slice nearest to the middle is first.

    Examples
    --------
    >>> rank_slices(np.array([1.0, np.nan, 5.0, 3.0, 2.0]), "top3")
    [2, 3, 4]
    """
    n = len(values)
    known = [s for s in range(n) if not np.isnan(values[s])]
    mean = np.mean(values[known]) if pool == "std" and known else 0.0
    strength = np.abs(values - mean) if pool == "std" else values
    ranked = sorted(known, key=lambda s: (-strength[s], abs(2 * s + 1 - n)))
    third = n // 3
    if pool in ("max", "top3"):
        return ranked[: 1 if pool == "max" else 3]
    if pool == "p90" and ranked:
        rank = 0.1 * (len(ranked) - 1)  # from the highest
        return ranked[math.floor(rank) : math.ceil(rank) + 1]
    if pool == "middle":
        return [s for s in ranked if third <= s < n - third]
    if pool == "outer":
        third = max(third, 1)
        return [s for s in ranked if s < third or s >= n - third]
    return ranked


def fold_pairs(
    region_names: Sequence[str], table: Array, pair_values: Sequence[str] = tuple(PAIR_VALUES)
) -> dict[str, Array]:
    """Rows by region; left/right pairs are replaced by lower value, higher value and difference.

    The side of the knee is unknown, so a pair ``x_one``, ``x_other`` becomes ``x_low``, the smaller
    value of each column, ``x_high``, the larger, and ``x_difference``, their absolute difference.
    Where it is known, they become ``x_medial`` and ``x_lateral``.

    Parameters
    ----------
    region_names : sequence of str, length n_regions
    table : array of shape (..., n_regions, n_columns), float64
    pair_values : sequence of str, default all of `PAIR_VALUES`
        Which of these values replace a pair; or medial and lateral, of a right knee.

    Returns
    -------
    dict of str to array of shape (..., n_columns), float64
        NaN where one of a pair is NaN.

    Raises
    ------
    ValueError
        If a region ends in ``_one`` and the next one is not its pair.

    Examples
    --------
    >>> pair = fold_pairs(["horn_one", "horn_other"], np.array([[1.0, 5.0], [3.0, 2.0]]))
    >>> {name: row.tolist() for name, row in pair.items()}
    {'horn_low': [1.0, 2.0], 'horn_high': [3.0, 5.0], 'horn_difference': [2.0, 3.0]}
    """
    xp = namespace(table)
    folded: dict[str, Array] = {}
    for name, rows in list_folded(region_names, pair_values).items():
        values = [table[..., row, :] for row in rows]
        ending = name.rpartition("_")[2]
        folded[name] = values[0] if len(rows) == 1 else PAIR_VALUES[ending](xp, *values)
    return folded


def list_folded(
    region_names: Sequence[str], pair_values: Sequence[str] = tuple(PAIR_VALUES)
) -> dict[str, tuple[int, ...]]:
    """Indices of the one or two regions behind each folded name.

    Parameters
    ----------
    region_names, pair_values
        As for `fold_pairs`.

    Returns
    -------
    dict of str to tuple of int

    Raises
    ------
    ValueError
        As `fold_pairs`.

    Examples
    --------
    >>> list_folded(["notch", "horn_one", "horn_other"], ["high"])
    {'notch': (0,), 'horn_high': (1, 2)}
    >>> list_folded(["horn_one", "horn_other"], ["medial", "lateral"])
    {'horn_medial': (1,), 'horn_lateral': (0,)}
    """
    folded: dict[str, tuple[int, ...]] = {}
    index = 0
    while index < len(region_names):
        name = region_names[index]
        stem = name.removesuffix(FIRST)
        if stem == name:
            folded[name] = (index,)
            index += 1
            continue
        if list(region_names[index + 1 : index + 2]) != [stem + SECOND]:
            raise ValueError(
                f"Region {name!r} must be followed by {stem + SECOND!r}, got "
                f"{', '.join(region_names)}. Name both regions of a pair, or neither."
            )
        for ending in pair_values:
            known = ending in KNOWN_PAIR
            rows = (index + KNOWN_PAIR.index(ending),) if known else (index, index + 1)
            folded[f"{stem}_{ending}"] = rows
        index += 2
    return folded


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
    n = _add_axes(xp.asarray(n_slices.astype(np.float64)), n_known)
    # NaN was sorted to the front, so ranks count from the first known value
    rank = n - n_known + 0.9 * xp.maximum(n_known - 1, 0.0)
    lower = xp.minimum(xp.floor(rank), n - 1.0)
    upper = xp.minimum(lower + 1, n - 1.0)
    padding = values.shape[1] - n  # NaN too, and also at the front after sorting
    at_lower, at_upper = (
        xp.take_along_axis(ordered, xp.astype(padding + index, xp.int64)[:, None, ...], axis=1)
        for index in (lower, upper)
    )
    return at_lower[:, 0, ...] + (rank - lower) * (at_upper[:, 0, ...] - at_lower[:, 0, ...])


def _top3(values: Array, n_slices: Int64Array) -> Array:  # noqa: ARG001
    return nan_mean(_ascending(values)[0][:, -min(3, values.shape[1]) :, ...], axis=1)


def _middle(values: Array, n_slices: Int64Array) -> Array:
    third, last = (n_slices // 3)[:, None], n_slices[:, None]
    index = np.arange(values.shape[1])
    return _mean_where(values, (index >= third) & (index < last - third))


def _outer(values: Array, n_slices: Int64Array) -> Array:
    third, last = np.maximum(n_slices // 3, 1)[:, None], n_slices[:, None]
    index = np.arange(values.shape[1])
    return _mean_where(values, (index < third) | (index >= last - third))


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
"""Level, spread, extreme and position. Over some thirty slices the maximum and the 90th percentile
add little to the mean of the three largest; the outer thirds add little to mean and middle."""


def _mean_where(values: Array, is_chosen: np.ndarray[Any, np.dtype[np.bool_]]) -> Array:
    """Mean over the chosen slices of each exam; padding after its last slice is NaN."""
    xp = namespace(values)
    chosen = xp.reshape(xp.asarray(is_chosen), (*is_chosen.shape, *[1] * (values.ndim - 2)))
    return nan_mean(xp.where(chosen, values, float("nan")), axis=1)


def _add_axes(numbers: Array, values: Array) -> Array:
    """One number per exam, with axes added to broadcast against values of shape (n_exams, ...)."""
    return namespace(numbers).reshape(numbers, (-1, *[1] * (values.ndim - 1)))


def _ascending(values: Array) -> tuple[Array, Array]:
    """Values sorted over slices with NaN first, and the number of values that are not NaN."""
    xp = namespace(values)
    unknown = xp.isnan(values)
    nan, lowest = xp.full_like(values, float("nan")), xp.full_like(values, -float("inf"))
    ordered = xp.sort(xp.where(unknown, lowest, values), axis=1)
    ordered = xp.where(ordered == lowest, nan, ordered)
    return ordered, xp.sum(xp.astype(~unknown, values.dtype), axis=1)
