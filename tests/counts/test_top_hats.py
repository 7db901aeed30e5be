"""Top-hats against SciPy, and what they keep."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from mrnet_features.counts.top_hats import find_top_hats, top_hats
from tests.support.zoo import make_stack


def count_with_scipy(grey, regions, side, n_regions):
    """Counts of shape (6, n_slices, n_regions) from openings and closings of whole slices."""
    found = np.zeros((6, len(grey), n_regions), int)
    square = (side, side)
    for s, (image, inside) in enumerate(zip(grey.astype(int), regions, strict=True)):
        bright = image - ndimage.grey_opening(image, square, mode="nearest")
        dark = ndimage.grey_closing(image, square, mode="nearest") - image
        for r in range(n_regions):
            here = inside == r + 1
            sums = [here.sum(), image[here].sum(), bright[here].sum(), dark[here].sum()]
            highest = [bright[here].max(initial=0), dark[here].max(initial=0)]
            found[:, s, r] = [*sums, *highest]
    return found


@given(st.integers(0, 2**32 - 1))
def test_top_hats_equal_those_of_scipy(seed):
    rng = np.random.default_rng(seed)
    for side in (1, 3, 5, 9):
        shape = (2, *rng.integers(1, 24, 2))
        grey = rng.integers(0, 256, shape, np.uint8)
        regions = rng.integers(0, 4, shape).astype(np.uint8)
        regions[:, : rng.integers(0, shape[1])] = 0  # the window around the regions is smaller
        found = top_hats(make_stack(grey, regions, n_regions=3), side=side)
        assert np.array_equal(np.stack(found), count_with_scipy(grey, regions, side, 3))


@pytest.mark.parametrize("width", [1, 2, 3, 4, 5])
def test_a_line_is_kept_by_squares_wider_than_it(width):
    grey = np.full((1, 30, 21), 100, np.uint8)
    grey[0, 4 : 4 + width] = 130
    grey[0, 14 : 14 + width] = 60
    found = top_hats(make_stack(grey, np.ones_like(grey)), side=5)
    assert int(found.bright_max[0, 0]) == (30 if width < 5 else 0)
    assert int(found.dark_max[0, 0]) == (40 if width < 5 else 0)
    assert int(found.bright[0, 0]) == (30 * 21 * width if width < 5 else 0)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_reversing_an_axis_changes_no_count(axis):
    rng = np.random.default_rng(axis)
    grey = rng.integers(0, 256, (3, 17, 22), np.uint8)
    regions = rng.integers(0, 3, grey.shape).astype(np.uint8)
    found = top_hats(make_stack(grey, regions, n_regions=2), side=5)
    turned = (np.flip(part, axis) for part in (grey, regions))
    other = top_hats(make_stack(*turned, n_regions=2), side=5)
    for part, what in zip(found, other, strict=True):
        assert np.array_equal(part, np.flip(what, 0) if axis == 0 else what)


def test_inverting_swaps_bright_and_dark():
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 256, (2, 15, 15), np.uint8)
    ones = np.ones_like(grey)
    found = top_hats(make_stack(grey, ones), side=3)
    other = top_hats(make_stack(255 - grey, ones), side=3)
    assert np.array_equal(found.bright, other.dark)
    assert np.array_equal(found.bright_max, other.dark_max)


@pytest.mark.parametrize("side", [0, 2, 257])
def test_even_and_large_sides_are_refused(side):
    ones = np.ones((1, 2, 2), np.uint8)
    with pytest.raises(ValueError, match="`side` must be an odd number"):
        top_hats(make_stack(ones, ones), side=side)


@given(st.integers(0, 2**32 - 1))
def test_top_hats_of_pixels_add_up_to_those_of_regions(seed):
    rng = np.random.default_rng(seed)
    shape = (2, *rng.integers(1, 24, 2))
    stack = make_stack(rng.integers(0, 256, shape, np.uint8), np.ones(shape, np.uint8))
    found = top_hats(stack, side=5)
    bright, dark = find_top_hats(stack, side=5)
    assert np.array_equal(bright.sum(axis=(1, 2), dtype=int), found.bright[:, 0])
    assert np.array_equal(dark.sum(axis=(1, 2), dtype=int), found.dark[:, 0])
    assert np.array_equal(bright.max(axis=(1, 2)), found.bright_max[:, 0])
    assert np.array_equal(dark.max(axis=(1, 2)), found.dark_max[:, 0])
