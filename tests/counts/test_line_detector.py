"""Line detector on planted lines."""

import numpy as np
import pytest

from mrnet_features.counts.line_detector import N_SAMPLES, PATCH, dark_lines, locate_lines
from tests.support.zoo import make_batch, make_stack


def draw_line(degrees, *, half=3, size=81, dark=20, bright=120):
    """A dark line through the centre that rises to the right by `degrees`."""
    y, x = np.mgrid[:size, :size] - size // 2
    angle = np.deg2rad(degrees)
    distance = -y * np.cos(angle) - x * np.sin(angle)
    return np.where(np.abs(distance) <= half, dark, bright).astype(np.uint8)[None]


def contrast_of(found):
    return (found.beside - found.inside) / (PATCH * N_SAMPLES)


@pytest.mark.parametrize("k", range(12))
def test_a_line_has_the_most_contrast_in_its_orientation(k):
    grey = draw_line(15 * k)
    found = dark_lines(make_stack(grey, np.ones_like(grey)), offsets=(6,))
    contrast = contrast_of(found)[0, 0, 0]
    assert contrast.argmax() == k
    assert contrast[k] == pytest.approx(100, abs=1)
    assert found.continuity[0, 0, 0, k] == N_SAMPLES


def test_wide_lines_need_a_large_offset():
    grey = draw_line(45, half=7)
    found = dark_lines(make_stack(grey, np.ones_like(grey)), offsets=(3, 11))
    thin, wide = contrast_of(found)[0, 0, :, 3]
    assert wide > 95 > thin


def test_a_torn_line_has_less_contrast_and_continuity():
    grey = draw_line(45)
    grey[0, 34:47, 34:47] = 120
    regions = np.zeros_like(grey)
    regions[0, 38:43, 38:43] = 1  # lines centred in the gap
    found = dark_lines(make_stack(grey, regions), offsets=(6,))
    assert contrast_of(found)[0, 0, 0, 3] < 60
    assert found.continuity[0, 0, 0, 3] < N_SAMPLES


def test_an_edge_is_not_a_dark_line():
    grey = np.full((1, 61, 61), 20, np.uint8)
    grey[:, :, 30:] = 120
    found = dark_lines(make_stack(grey, np.ones_like(grey)), offsets=(4,))
    assert contrast_of(found).max() <= 0


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_a_ramp_has_no_continuity(turn):
    ramp = np.broadcast_to(np.arange(0, 244, 4, dtype=np.uint8), (61, 61))
    grey = np.rot90(ramp, turn)[None].copy()
    found = dark_lines(make_stack(grey, np.ones_like(grey)), offsets=(4,))
    assert found.found.all()
    assert not found.continuity.any()


def test_lines_that_do_not_fit_are_not_found():
    grey = np.zeros((1, 12, 12), np.uint8)
    found = dark_lines(make_stack(grey, np.ones_like(grey)), offsets=(3,))
    assert not any(part.any() for part in found)
    with pytest.raises(ValueError, match="`offsets` must be pixels"):
        dark_lines(make_stack(grey, np.ones_like(grey)), offsets=(0,))


def test_the_line_that_was_counted_lies_where_it_is_marked():
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 256, (2, 61, 57), np.uint8)
    regions = np.zeros_like(grey)
    regions[:, 20:40, 15:30], regions[:, 20:40, 30:42] = 1, 2
    stack = make_batch([(grey, regions)], ((1, 0),), n_regions=2)
    offsets = (3, 5)
    found = dark_lines(stack, offsets=offsets)
    ends = locate_lines(stack, offsets=offsets)
    for s, r, o, k in np.ndindex(*found.found.shape):
        centre = ends[s, r, o, k].mean(axis=0)
        assert regions[s, *centre.astype(int)] == r + 1
        up, right = np.sin(np.pi * k / 12), np.cos(np.pi * k / 12)
        sums = []
        for shift in (0, -offsets[o], offsets[o]):
            steps = 2 * np.arange(-5, 6)
            y = np.round(centre[0] + np.round(-steps * up + shift * right)).astype(int)
            x = np.round(centre[1] + np.round(steps * right + shift * up)).astype(int)
            patches = [grey[s, b - 1 : b + 2, a - 1 : a + 2] for b, a in zip(y, x, strict=True)]
            sums.append(sum(int(patch.sum()) for patch in patches))
        assert sums[0] == found.inside[s, r, o, k]
        assert min(sums[1:]) == found.beside[s, r, o, k]


@pytest.mark.parametrize("k", range(12))
def test_a_line_is_marked_along_its_middle(k):
    grey = draw_line(15 * k)
    regions = np.zeros_like(grey)
    regions[0, 36:45, 36:45] = 1
    (y, x), (end_y, end_x) = locate_lines(make_stack(grey, regions), offsets=(6,))[0, 0, 0, k]
    assert np.hypot(end_y - y, end_x - x) == pytest.approx(20, abs=1)
    angle = np.deg2rad(15 * k)
    for row, column in ((y, x), (end_y, end_x)):
        assert abs((40 - row) * np.cos(angle) - (column - 40) * np.sin(angle)) < 3


def test_lines_that_do_not_fit_have_no_ends():
    grey = np.zeros((1, 12, 12), np.uint8)
    assert (locate_lines(make_stack(grey, np.ones_like(grey)), offsets=(3,)) == -1).all()
