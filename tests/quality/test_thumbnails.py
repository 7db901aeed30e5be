"""Block means: exact for blocks of any size."""

import numpy as np
import pytest

from mrnet_features.quality.thumbnails import block_means


@pytest.mark.parametrize("side", [1, 2, 5, 16, 17, 40])
def test_blocks_of_any_size_hold_their_mean(side):
    stack = np.random.default_rng(side).integers(200, 256, (2, 85, 83)).astype(np.uint8)
    rows, columns = 85 // side, 83 // side
    cut = stack[:, : rows * side, : columns * side].astype(float)
    expected = cut.reshape(2, rows, side, columns, side).mean(axis=(2, 4))
    np.testing.assert_allclose(block_means(stack, side), expected, rtol=1e-6)
