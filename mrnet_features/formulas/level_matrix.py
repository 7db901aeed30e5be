"""Formulas of matrices that count levels by run length, zone size, zone distance or dependence.

GLRLM, GLSZM, GLDZM and NGLDM share these emphases, non-uniformities and variances; each family
names them after its chapter of the IBSI manual.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mrnet_features.arrays import Array, namespace
from mrnet_features.formulas.histogram import as_float, count_entropy, divide


class LevelMatrix(NamedTuple):
    """Matrix of level i against value j, or a list of its cells, with its margins.

    Attributes
    ----------
    number : array of shape (..., n_cells), integer
        Count of each pair of level and value.
    by_level, levels : arrays that broadcast to shape (..., n_of_levels), float64
        Count of each level.
    by_value, values : arrays that broadcast to shape (..., n_of_values), float64
        Count of each value.
    mixed : array of shape (..., 2, 2), float64
        Sums of `number` times 1/i^2 and i^2 (rows), 1/j^2 and j^2 (columns).
    """

    number: Array
    by_level: Array
    levels: Array
    by_value: Array
    values: Array
    mixed: Array


def read_matrix(counts: Array) -> LevelMatrix:
    """Level matrix of counts of shape (..., n_levels, n_values); levels and values begin at 1."""
    xp = namespace(counts)
    n_levels, n_values = counts.shape[-2:]
    number = xp.reshape(counts, (*counts.shape[:-2], n_levels * n_values))
    counts = as_float(counts)
    levels = xp.arange(1, n_levels + 1, dtype=xp.float64)
    values = xp.arange(1, n_values + 1, dtype=xp.float64)
    of_values = xp.stack([1 / values**2, values**2, xp.ones_like(values)], axis=-1)
    of_levels = xp.stack([1 / levels**2, levels**2], axis=0)
    by_row = xp.matmul(counts, of_values)
    return LevelMatrix(
        number=number,
        by_level=by_row[..., 2],
        levels=levels,
        by_value=xp.sum(counts, axis=-2),
        values=values,
        mixed=xp.matmul(of_levels, by_row[..., :2]),
    )


def read_cells(
    level: Array, value: Array, number: Array, by_level: Array, *, are_unique: bool = False
) -> LevelMatrix:
    """Level matrix of a list of its cells.

    Parameters
    ----------
    level, value, number : array of shape (..., n_cells), integer
        A cell with number 0 is padding.
    by_level : array of shape (..., n_levels), integer
        Count of each level.
    are_unique : bool, default False
        Whether cells are unique and sorted by value, then level, with padding last. Then they are
        not sorted again.
    """
    xp = namespace(number)
    level, value, number = (xp.astype(part, xp.int64) for part in (level, value, number))
    if not are_unique:
        codes = value * 256 + level
        order = xp.argsort(codes, axis=-1)
        codes, number = _merge(
            *(xp.take_along_axis(part, order, axis=-1) for part in (codes, number))
        )
        level, value = codes % 256, codes // 256
    values, by_value = _merge(value, number)
    cells, i, j = as_float(number), as_float(level), as_float(value)
    of_level = (divide(xp.ones_like(i), i**2, 0.0), i**2)
    of_value = (divide(xp.ones_like(j), j**2, 0.0), j**2)
    sums = [xp.sum(cells * a * b, axis=-1) for a in of_level for b in of_value]
    return LevelMatrix(
        number=number,
        by_level=as_float(by_level),
        levels=xp.arange(1, by_level.shape[-1] + 1, dtype=xp.float64),
        by_value=as_float(by_value),
        values=as_float(values),
        mixed=xp.reshape(xp.stack(sums, axis=-1), (*cells.shape[:-1], 2, 2)),
    )


def describe_emphases(
    matrix: LevelMatrix, n_pixels: Array, names: Sequence[str]
) -> dict[str, Array]:
    """Sixteen statistics of a level matrix.

    Parameters
    ----------
    matrix : LevelMatrix
    n_pixels : array of shape (...), float64
        Denominator of the percentage.
    names : sequence of 16 str
        Names for: emphasis of small values, large values, low levels, high levels; small and low,
        small and high, large and low, large and high; non-uniformity of levels, normalised, of
        values, normalised; percentage; variance of levels, of values; entropy.

    Returns
    -------
    dict of str to array of shape (...), float64
        NaN where nothing is counted.
    """
    xp = namespace(matrix.number)
    total = xp.sum(matrix.by_level, axis=-1)
    levels, values = matrix.levels, matrix.values

    def mean_of(number: Array, *terms: Array) -> list[Array]:
        means = divide(
            xp.stack([xp.sum(number * term, axis=-1) for term in terms], axis=-1), total[..., None]
        )
        return [means[..., k] for k in range(len(terms))]

    def inverse_square(x: Array) -> Array:
        return divide(xp.ones_like(x), x**2, 0.0)

    uneven_level = xp.sum(matrix.by_level**2, axis=-1)
    uneven_value = xp.sum(matrix.by_value**2, axis=-1)
    small, large, value_mean = mean_of(matrix.by_value, inverse_square(values), values**2, values)
    low, high, level_mean = mean_of(matrix.by_level, inverse_square(levels), levels**2, levels)
    mixed = divide(matrix.mixed, total[..., None, None])
    found = (
        small,
        large,
        low,
        high,
        mixed[..., 0, 0],
        mixed[..., 1, 0],
        mixed[..., 0, 1],
        mixed[..., 1, 1],
        divide(uneven_level, total),
        divide(uneven_level, total**2),
        divide(uneven_value, total),
        divide(uneven_value, total**2),
        divide(total, n_pixels),
        *mean_of(matrix.by_level, (levels - level_mean[..., None]) ** 2),
        *mean_of(matrix.by_value, (values - value_mean[..., None]) ** 2),
        count_entropy(matrix.number),
    )
    return dict(zip(names, found, strict=True))


def _merge(keys: Array, number: Array) -> tuple[Array, Array]:
    """Unique keys of the last axis and the sum of the numbers of each; the first ones may be 0.

    Keys ascend; key 0 is padding. The number of a key is the difference of the running sum at its
    last position and at that of the key before. Sorting moves these positions together without
    changing their order, as keys and running sums both ascend.
    """
    xp = namespace(keys, number)
    sums = xp.cumulative_sum(number, axis=-1)
    following = xp.concat([keys[..., 1:], xp.zeros_like(keys[..., :1])], axis=-1)
    is_last = (keys != following) & (keys > 0)
    keys = xp.sort(xp.where(is_last, keys, 0), axis=-1)
    sums = xp.sort(xp.where(is_last, sums, 0), axis=-1)
    before = xp.concat([xp.zeros_like(sums[..., :1]), sums[..., :-1]], axis=-1)
    return keys, sums - before
