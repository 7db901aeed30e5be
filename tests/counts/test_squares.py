"""Squares of one region against a search pixel by pixel."""

import numpy as np
import pytest

from mrnet_features.counts.squares import find_squares

RNG = np.random.default_rng(3)


@pytest.mark.parametrize("side", [1, 2, 3, 5, 8, 17])
@pytest.mark.parametrize("shape", [(1, 1), (9, 4), (20, 31)])
def test_a_square_has_one_region(side, shape):
    height, width = shape
    for n_regions in (1, 3):
        coarse = RNG.integers(0, n_regions + 1, (height // 6 + 1, width // 6 + 1))
        regions = coarse.repeat(6, axis=0).repeat(6, axis=1)[:height, :width].astype(np.uint8)
        regions[RNG.random(shape) < 0.02] = 255
        expected = np.zeros(shape, np.uint8)
        for y in range(height - side + 1):
            for x in range(width - side + 1):
                square = regions[y : y + side, x : x + side]
                expected[y, x] = square[0, 0] if (square == square[0, 0]).all() else 0
        found = np.pad(regions, ((0, 0), (0, 1))).ravel()
        find_squares(found, side, width + 1, np.empty_like(found))
        assert np.array_equal(found.reshape(height, width + 1)[:, :width], expected)
