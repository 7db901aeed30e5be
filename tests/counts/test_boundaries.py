"""Boundaries and cores of bright areas against their definitions."""

import numpy as np
import pytest
from hypothesis import given
from scipy import ndimage

from mrnet_features.counts.boundaries import boundaries, find_cores
from tests.support.zoo import make_stack, stacks


@pytest.mark.parametrize("side", [1, 2, 5])
@given(stacks())
def test_boundaries_are_as_defined(side, stack):
    levels, regions, n_levels, n_regions = stack
    check_definition(levels, regions, n_regions, (n_levels + 1) // 2, side)


@pytest.mark.parametrize("side", [1, 3, 6])
def test_few_bright_areas(side):
    rng = np.random.default_rng(side)
    for _ in range(20):
        grey = rng.integers(0, 100, (3, 30, 40)).astype(np.uint8)
        regions = (np.arange(40) // rng.integers(5, 20) % 3).astype(np.uint8)
        for _ in range(rng.integers(0, 5)):
            s, y, x = (rng.integers(0, n) for n in grey.shape)
            grey[s, y : y + rng.integers(1, 12), x : x + rng.integers(1, 20)] = 200
        check_definition(grey, np.broadcast_to(regions, grey.shape).copy(), 2, 150, side)


def check_definition(levels, regions, n_regions, threshold, side):
    made = make_stack(levels, regions, n_regions=n_regions)
    found = boundaries(made, threshold=threshold, side=side)
    bright, grey = levels >= threshold, levels.astype(int)
    for r in {1, n_regions}:
        mask = bright & (regions == r)
        core = ndimage.binary_erosion(mask, np.ones((1, side, side), bool)).sum(axis=(1, 2))
        assert np.array_equal(found.core[:, r - 1], core)
        n_steps, steps = 0, 0
        for axis in (1, 2):
            one, other = (np.swapaxes(a, 1, axis) for a in (grey, regions))
            step = (other[:, 1:] == r) & (other[:, :-1] == r)
            step &= (one[:, 1:] >= threshold) != (one[:, :-1] >= threshold)
            n_steps = n_steps + step.sum(axis=(1, 2))
            steps = steps + (np.abs(np.diff(one, axis=1)) * step).sum(axis=(1, 2))
        assert np.array_equal(found.n_steps[:, r - 1], n_steps)
        assert np.array_equal(found.steps[:, r - 1], steps)


def test_a_core_lies_in_one_region():
    regions = np.ones((1, 4, 4), np.uint8)
    regions[:, 1:] = 2
    found = boundaries(make_stack(regions, regions, n_regions=2), threshold=1, side=2)
    assert found.core.tolist() == [[0, 6]]


def test_a_core_of_no_pixels_is_refused():
    ones = np.ones((1, 2, 2), np.uint8)
    with pytest.raises(ValueError, match="`side` must be at least 1 pixel, got 0"):
        boundaries(make_stack(ones, ones), threshold=1, side=0)


@pytest.mark.parametrize("side", [1, 2, 5])
@given(stacks())
def test_cores_have_as_many_squares_as_counted(side, stack):
    levels, regions, n_levels, n_regions = stack
    made = make_stack(levels, regions, n_regions=n_regions)
    threshold = (n_levels + 1) // 2
    cores = find_cores(made, threshold=threshold, side=side)
    counted = boundaries(made, threshold=threshold, side=side).core
    assert not (cores & ((levels < threshold) | (regions == 0))).any()
    for r in {1, n_regions}:
        squares = ndimage.binary_erosion(cores & (regions == r), np.ones((1, side, side), bool))
        assert np.array_equal(squares.sum(axis=(1, 2)), counted[:, r - 1])
