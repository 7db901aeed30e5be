"""Sums over cells against NumPy, on both devices."""

import array_api_strict
import numpy as np
import pytest

from mrnet_features.arrays import to_device, to_host
from mrnet_features.counts.cell_sums import sum_cells

RNG = np.random.default_rng(7)


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@pytest.mark.parametrize("highest", [0, 1, 90, 40_000])  # the last without a table of logarithms
@pytest.mark.parametrize("shape", [(3, 2, 1), (2, 7), (1, 4, 131), (2, 1025)])
def test_sums_are_those_of_numpy(dtype, highest, shape):
    counts = RNG.integers(0, highest + 1, shape).astype(dtype)
    counts[RNG.random(shape) < 0.3] = 0
    number = counts.astype(float)
    logs = np.where(counts > 0, number * np.log2(np.maximum(number, 1)), 0).sum(axis=-1)
    for array in (counts, array_api_strict.asarray(counts), to_device(counts, "cuda")):
        found = [to_host(part) for part in sum_cells(array)]
        assert np.array_equal(found[0], counts.sum(axis=-1))
        assert np.array_equal(found[1], counts.max(axis=-1))
        assert np.array_equal(found[2], (number**2).sum(axis=-1))
        assert found[3] == pytest.approx(logs, rel=1e-13)
        assert found[3].shape == shape[:-1]


def test_a_view_is_summed_as_its_copy():
    counts = RNG.integers(0, 50, (6, 4, 40)).astype(np.int32)
    view = counts[::2, :, ::3]
    for ours, expected in zip(sum_cells(view), sum_cells(view.copy()), strict=True):
        assert np.array_equal(ours, expected)
