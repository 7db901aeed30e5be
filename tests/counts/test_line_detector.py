"""Bands, wedges and means against planted lines and plain definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from mrnet_features.counts.line_detector import N_SAMPLES, PATCH, dark_lines
from mrnet_features.counts.morphology import dark_areas
from mrnet_features.counts.smoothing import smooth
from tests.support.zoo import make_stack


def draw_line(degrees, *, half=3, size=81, dark=20, bright=120):
    """A dark line through the middle that rises to the right by `degrees`."""
    y, x = np.mgrid[:size, :size] - size // 2
    angle = np.deg2rad(degrees)
    across = -y * np.cos(angle) - x * np.sin(angle)
    return np.where(np.abs(across) <= half, dark, bright).astype(np.uint8)[None]


def contrast_of(found):
    return (found.beside - found.inside) / (PATCH * N_SAMPLES)


@pytest.mark.parametrize("k", range(12))
def test_a_line_answers_in_its_own_orientation(k):
    grey = draw_line(15 * k)
    found = dark_lines(make_stack(grey, np.ones_like(grey)), offsets=(6,))
    contrast = contrast_of(found)[0, 0, 0]
    assert contrast.argmax() == k
    assert contrast[k] == pytest.approx(100, abs=1)
    assert found.continuity[0, 0, 0, k] == N_SAMPLES


def test_the_width_of_a_line_answers_to_the_offset():
    grey = draw_line(45, half=7)
    found = dark_lines(make_stack(grey, np.ones_like(grey)), offsets=(3, 11))
    thin, wide = contrast_of(found)[0, 0, :, 3]
    assert wide > 95 > thin


def test_a_torn_line_has_less_contrast_and_continuity():
    grey = draw_line(45)
    grey[0, 34:47, 34:47] = 120
    regions = np.zeros_like(grey)
    regions[0, 38:43, 38:43] = 1  # the middle of a band must lie in the gap
    found = dark_lines(make_stack(grey, regions), offsets=(6,))
    assert contrast_of(found)[0, 0, 0, 3] < 60
    assert found.continuity[0, 0, 0, 3] < N_SAMPLES


def test_an_edge_is_no_band():
    grey = np.full((1, 61, 61), 20, np.uint8)
    grey[:, :, 30:] = 120
    found = dark_lines(make_stack(grey, np.ones_like(grey)), offsets=(4,))
    assert contrast_of(found).max() <= 0


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_on_a_ramp_nothing_is_darker_than_both_sides(turn):
    ramp = np.broadcast_to(np.arange(0, 244, 4, dtype=np.uint8), (61, 61))
    grey = np.rot90(ramp, turn)[None].copy()
    found = dark_lines(make_stack(grey, np.ones_like(grey)), offsets=(4,))
    assert found.found.all()
    assert not found.continuity.any()


def test_where_no_band_fits_none_is_found():
    grey = np.zeros((1, 12, 12), np.uint8)
    found = dark_lines(make_stack(grey, np.ones_like(grey)), offsets=(3,))
    assert not any(part.any() for part in found)
    with pytest.raises(ValueError, match="`offsets` must be pixels"):
        dark_lines(make_stack(grey, np.ones_like(grey)), offsets=(0,))


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 3, 5]))
def test_smooth_is_the_mean_of_squares(seed, side):
    shape = np.random.default_rng(seed).integers(1, 9, 3)
    grey = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    half = side // 2
    padded = np.pad(grey.astype(int), ((0, 0), (half, half), (half, half)), mode="edge")
    squares = np.lib.stride_tricks.sliding_window_view(padded, (1, side, side))
    expected = squares.reshape(*shape, -1).sum(axis=-1) // side**2
    assert np.array_equal(smooth(make_stack(grey, np.ones_like(grey)), side=side), expected)


@pytest.mark.parametrize("side", [-1, 0, 2, 254, 257, 65537])
def test_squares_without_a_middle_or_too_large_to_sum_are_refused(side):
    with pytest.raises(ValueError, match=f"`side` must be an odd .* 1 to 255, got {side}"):
        smooth(make_stack(*[np.ones((1, 2, 2), np.uint8)] * 2), side=side)


@given(st.integers(0, 2**32 - 1))
def test_wedges_are_closings_and_top_hats(seed):
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
def test_squares_must_have_a_middle(sides):
    ones = np.ones((1, 2, 2), np.uint8)
    with pytest.raises(ValueError, match="`sides` must be odd"):
        dark_areas(make_stack(ones, ones), threshold=1, sides=sides)
