"""Sums of co-occurrence matrices over rows, diagonals and antidiagonals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mrnet_features.arrays import Array, Int32Array, device_function
from mrnet_features.compiling import cached_njit


class MatrixSums(NamedTuple):
    """Co-occurrence matrices with the sums that most statistics need.

    Attributes
    ----------
    matrices : array of shape (..., n_levels, n_levels), int32
        Symmetric.
    by_level : array of shape (..., n_levels), int32
        Sum over pairs with level i at [..., i - 1].
    by_sum : array of shape (..., 2 n_levels - 1), int32
        Sum over pairs with ``i + j = k`` at [..., k - 2].
    by_difference : array of shape (..., n_levels), int32
        Sum over pairs with ``abs(i - j) = k`` at [..., k].
    """

    matrices: Array
    by_level: Array
    by_sum: Array
    by_difference: Array


@device_function
def sum_matrices(matrices: Array) -> MatrixSums:
    """Sums of symmetric matrices over rows, diagonals and antidiagonals.

    Parameters
    ----------
    matrices : array of shape (..., n_levels, n_levels), int32
        As from `cooccurrence`.

    Returns
    -------
    MatrixSums

    Examples
    --------
    >>> found = sum_matrices(np.int32([[0, 1], [1, 2]]))
    >>> found.by_level.tolist(), found.by_sum.tolist(), found.by_difference.tolist()
    ([1, 3], [0, 2, 2], [2, 2])
    """
    *lead, n, _ = matrices.shape
    by_level, by_difference = np.zeros((2, *lead, n), np.int32)
    by_sum = np.zeros((*lead, 2 * n - 1), np.int32)
    _add_rows(
        np.ascontiguousarray(matrices).reshape(-1, n, n),
        by_level.reshape(-1, n),
        by_sum.reshape(-1, 2 * n - 1),
        by_difference.reshape(-1, n),
    )
    return MatrixSums(matrices, by_level, by_sum, by_difference)


@sum_matrices.gpu
def _(matrices: Array) -> MatrixSums:
    import cupy

    n = matrices.shape[-1]
    signed = _sum_antidiagonals(cupy.flip(matrices, axis=-1))
    # index n - 1 is i = j; differences of both signs are added
    by_difference = signed[..., n - 1 :].copy()
    by_difference[..., 1:] += cupy.flip(signed[..., : n - 1], axis=-1)
    by_level = cupy.sum(matrices, axis=-1, dtype=cupy.int32)
    return MatrixSums(matrices, by_level, _sum_antidiagonals(matrices), by_difference)


def _sum_antidiagonals(matrices: Array) -> Array:
    """Sums over i + j = 0, 1, ...: each row is shifted by one more column, then rows are added.

    From shape (..., n, n) to (..., 2n - 1), on a GPU.
    """
    import cupy

    *lead, n, _ = matrices.shape
    padded = cupy.concatenate([matrices, cupy.zeros_like(matrices)], axis=-1)
    shifted = padded.reshape((*lead, 2 * n * n))[..., : n * (2 * n - 1)]
    return cupy.sum(shifted.reshape((*lead, n, 2 * n - 1)), axis=-2, dtype=cupy.int32)


@cached_njit(nogil=True, error_model="numpy")
def _add_rows(
    matrices: Int32Array, by_level: Int32Array, by_sum: Int32Array, by_difference: Int32Array
) -> None:
    n = matrices.shape[1]
    for m in range(matrices.shape[0]):
        for i in range(n):
            row, sums, differences = matrices[m, i], by_sum[m, i : i + n], by_difference[m]
            total = np.int32(0)
            for j in range(n):
                total += row[j]
                sums[j] += row[j]
            by_level[m, i] = total
            above = row[i:]
            for j in range(n - i):
                differences[j] += above[j]
        for k in range(1, n):  # of a symmetric matrix, only one half was read
            by_difference[m, k] *= 2
