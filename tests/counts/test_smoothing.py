"""Smoothing against means of sliding windows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrnet_features.counts.smoothing import smooth
from tests.support.zoo import make_stack


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 3, 5]))
def test_means_equal_those_of_sliding_windows(seed, side):
    shape = np.random.default_rng(seed).integers(1, 9, 3)
    grey = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    half = side // 2
    padded = np.pad(grey.astype(int), ((0, 0), (half, half), (half, half)), mode="edge")
    squares = np.lib.stride_tricks.sliding_window_view(padded, (1, side, side))
    expected = squares.reshape(*shape, -1).sum(axis=-1) // side**2
    assert np.array_equal(smooth(make_stack(grey, np.ones_like(grey)), side=side), expected)


@pytest.mark.parametrize("side", [-1, 0, 2, 254, 257, 65537])
def test_even_or_too_large_sides_are_refused(side):
    with pytest.raises(ValueError, match=f"`side` must be an odd .* 1 to 255, got {side}"):
        smooth(make_stack(*[np.ones((1, 2, 2), np.uint8)] * 2), side=side)
