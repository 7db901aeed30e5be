"""Haar details equal plain sums over the squares that lie in one region."""

import numpy as np
import pytest

from mrnet_features.counts.haar_wavelet import haar_responses
from tests.support.zoo import make_stack

RNG = np.random.default_rng(9)


def count_squares(grey, regions, side, n_regions):
    """Details of each square, one after the other."""
    n_slices, height, width = grey.shape
    counts = np.zeros((n_slices, n_regions, 3, 1021), np.int32)
    half, area = side // 2, side * side // 2
    for s, y, x in np.ndindex(n_slices, height - side + 1, width - side + 1):
        square = (s, slice(y, y + side), slice(x, x + side))
        inside = np.unique(regions[square])
        if len(inside) > 1 or inside[0] == 0:
            continue
        pixels = grey[square].astype(int)
        upper, lower = pixels[:half], pixels[half:]
        differences = (
            pixels[:, half:].sum() - pixels[:, :half].sum(),
            lower.sum() - upper.sum(),
            upper[:, :half].sum()
            + lower[:, half:].sum()
            - upper[:, half:].sum()
            - lower[:, :half].sum(),
        )
        for k, difference in enumerate(differences):
            counts[s, inside[0] - 1, k, (4 * abs(difference) + area // 2) // area] += 1
    return counts


@pytest.mark.parametrize("side", [2, 4, 8])
def test_squares_of_regions(side):
    for _ in range(8):
        shape = (3, *RNG.integers(side, 26, 2))
        grey = RNG.integers(0, 256, shape).astype(np.uint8)
        regions = np.zeros(shape, np.uint8)
        for region in (1, 2, 1, 2):
            top, left = RNG.integers(0, shape[1]), RNG.integers(0, shape[2])
            height, width = RNG.integers(1, 20, 2)
            regions[RNG.integers(0, 3) :, top : top + height, left : left + width] = region
        found = haar_responses(make_stack(grey, regions, n_regions=2), side=side)
        assert np.array_equal(found, count_squares(grey, regions, side, 2))
