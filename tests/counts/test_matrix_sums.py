"""Sums of co-occurrence matrices on both devices, against the definition."""

import numpy as np
import pytest

from mrnet_features.arrays import to_device, to_host
from mrnet_features.counts.matrix_sums import sum_matrices

RNG = np.random.default_rng(17)


def make_matrices(n_levels):
    half = RNG.integers(0, 50, (3, 2, 4, n_levels, n_levels)).astype(np.int32)
    return half + np.swapaxes(half, -1, -2)


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("n_levels", [1, 2, 7, 32])
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_sums_are_as_defined(n_levels, device):
    matrices = make_matrices(n_levels)
    found = [to_host(part) for part in sum_matrices(to_device(matrices, device))]
    i, j = np.indices((n_levels, n_levels))
    assert np.array_equal(found[0], matrices)
    for part, index, n_values in (
        (found[1], i, n_levels),
        (found[2], i + j, 2 * n_levels - 1),
        (found[3], abs(i - j), n_levels),
    ):
        assert part.dtype == np.int32
        expected = [matrices[..., index == k].sum(axis=-1) for k in range(n_values)]
        assert np.array_equal(part, np.stack(expected, axis=-1))


def test_sums_of_matrices_of_both_memory_orders_are_equal():
    matrices = make_matrices(5)
    ours, theirs = (sum_matrices(each) for each in (matrices, np.swapaxes(matrices, -1, -2)))
    for one, other in zip(ours[1:], theirs[1:], strict=True):
        assert np.array_equal(one, other)
