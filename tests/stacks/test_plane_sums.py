"""Sums along planes against a search row by row."""

import numpy as np
import pytest

from mrnet_features.stacks.plane_sums import sum_along

RNG = np.random.default_rng(11)


@pytest.mark.parametrize("shape", [(1, 1, 5), (3, 2, 9), (9, 23, 40)])
def test_each_block_is_read_at_the_row_of_the_plane(shape):
    n_slices, n_columns, height = shape
    responses = RNG.integers(-99, 99, shape).astype(np.int32)
    responses[RNG.random(shape[:2]) < 0.4] = 0
    columns, slices = RNG.integers(-80, 80, n_columns), RNG.integers(-30, 30, n_slices)
    tilts, slice_tilts = RNG.integers(-400, 400, 3), RNG.integers(-2000, 2000, 2)
    first, end = height // 4, height
    expected = np.zeros((3, 2, end - first), np.int32)
    for a, tilt in enumerate(tilts):
        for b, slice_tilt in enumerate(slice_tilts):
            for i in range(n_slices):
                for j in range(n_columns):
                    rows = (tilt * columns[j] + slice_tilt * slices[i]) / 2048
                    for y in range(first, end):
                        row = y + int(np.floor(rows + 0.5))
                        if 0 <= row < height:
                            expected[a, b, y - first] += responses[i, j, row]
    found = sum_along(responses, columns, slices, tilts, slice_tilts, first, end)
    assert np.array_equal(found, expected)
