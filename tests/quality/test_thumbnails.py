"""Block means are exact for blocks of any size; thumbnails keep means at any shape."""

import numpy as np
import pytest

from mrnet_features.quality.thumbnails import THUMBNAIL_SHAPE, block_means, make_thumbnail


@pytest.mark.parametrize("side", [1, 2, 5, 16, 17, 40])
def test_blocks_of_any_size_hold_their_mean(side):
    stack = np.random.default_rng(side).integers(200, 256, (2, 85, 83)).astype(np.uint8)
    rows, columns = 85 // side, 83 // side
    cut = stack[:, : rows * side, : columns * side].astype(float)
    expected = cut.reshape(2, rows, side, columns, side).mean(axis=(2, 4))
    np.testing.assert_allclose(block_means(stack, side), expected, rtol=1e-6)


@pytest.mark.parametrize("shape", [(8, 32, 32), (16, 64, 96), (3, 20, 50), (37, 101, 64)])
def test_a_thumbnail_has_one_shape_and_the_mean_of_the_stack(shape):
    stack = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    thumbnail = make_thumbnail(stack)
    assert thumbnail.shape == THUMBNAIL_SHAPE
    assert thumbnail.mean() == pytest.approx(stack.mean(), abs=1)


def test_a_thumbnail_of_whole_cells_holds_their_means():
    stack = np.random.default_rng(0).integers(0, 256, (16, 64, 96)).astype(np.uint8)
    expected = stack.reshape(8, 2, 32, 2, 32, 3).mean(axis=(1, 3, 5))
    assert np.abs(make_thumbnail(stack) - expected).max() <= 0.5 + 1e-3
