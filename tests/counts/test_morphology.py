"""Morphology of dark areas against SciPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from mrnet_features.counts.morphology import dark_areas, find_clefts, find_dark_holes
from tests.support.zoo import make_stack


@given(st.integers(0, 2**32 - 1))
def test_clefts_and_holes_equal_those_of_scipy(seed):
    rng = np.random.default_rng(seed)
    shape = (2, *rng.integers(1, 16, 2))
    grey = rng.integers(0, 256, shape, np.uint8)
    regions = rng.integers(0, 3, shape).astype(np.uint8)
    found = dark_areas(make_stack(grey, regions, n_regions=2), threshold=120, sides=(3, 5))
    for s in range(2):
        dark = grey[s] <= 120
        for r in (1, 2):
            inside = regions[s] == r
            assert found.n_pixels[s, r - 1] == inside.sum()
            assert found.dark[s, r - 1] == (dark & inside).sum()
            holes = ndimage.binary_fill_holes(dark & inside) & ~(dark & inside)
            assert found.holes[s, r - 1] == holes.sum()
            assert found.hole_excess[s, r - 1] == (grey[s].astype(int) - 120)[holes].sum()
            assert found.width[s, r - 1] == ((dark & inside).sum(axis=0) > 1).sum()
            assert found.height[s, r - 1] == ((dark & inside).sum(axis=1) > 1).sum()
            for k, side in enumerate((3, 5)):
                square = np.ones((side, side), bool)
                closed = ndimage.binary_dilation(dark, square)
                closed = ndimage.binary_erosion(closed, square, border_value=1)
                cleft = closed & ~dark & inside
                opened = ndimage.grey_opening(grey[s], (side, side), mode="nearest")
                assert found.filled[s, r - 1, k] == cleft.sum()
                assert found.residue[s, r - 1, k] == (grey[s].astype(int) - opened)[cleft].sum()


@pytest.mark.parametrize("sides", [(), (2,), (3, 0)])
def test_even_sides_are_refused(sides):
    ones = np.ones((1, 2, 2), np.uint8)
    with pytest.raises(ValueError, match="`sides` must be odd"):
        dark_areas(make_stack(ones, ones), threshold=1, sides=sides)


@given(st.integers(0, 2**32 - 1))
def test_clefts_and_holes_have_as_many_pixels_as_counted(seed):
    rng = np.random.default_rng(seed)
    shape = (2, *rng.integers(1, 16, 2))
    grey = rng.integers(0, 256, shape, np.uint8)
    regions = np.where(np.arange(shape[2]) < shape[2] // 2, 1, 2) * np.ones(shape, np.uint8)
    stack = make_stack(grey, regions.astype(np.uint8), n_regions=2)
    found = dark_areas(stack, threshold=120, sides=(3, 5))
    holes = find_dark_holes(stack, threshold=120)
    for r in (1, 2):
        assert np.array_equal((holes & (regions == r)).sum(axis=(1, 2)), found.holes[:, r - 1])
        for k, side in enumerate((3, 5)):
            clefts = find_clefts(stack, threshold=120, side=side) & (regions == r)
            assert np.array_equal(clefts.sum(axis=(1, 2)), found.filled[:, r - 1, k])
