"""3-D components against SciPy's labels and plain sums; boundaries against their definition."""

import numpy as np
import pytest
from hypothesis import given
from scipy import ndimage

from mrnet_features.counts.boundaries import boundaries
from mrnet_features.counts.components_3d import components_3d
from mrnet_features.counts.region_extents import region_bounds
from tests.support.zoo import make_stack, stacks


def label_components(bright, regions, n_regions):
    """Region, size, sums and bounds of every component, sorted."""
    found = []
    for region in range(n_regions):
        labels, n_labels = ndimage.label(bright & (regions == region + 1), np.ones((3, 3, 3)))
        for label in range(1, n_labels + 1):
            s, y, x = np.nonzero(labels == label)
            sums = [values.sum() for values in (s, y, x, y * y, x * x, y * x)]
            bounds = [end for values in (s, y, x) for end in (values.min(), values.max())]
            found.append((region, s.size, *sums, *bounds))
    return sorted(found)


@given(stacks())
def test_components_are_labelled_and_summed_as_scipy_does(stack):
    levels, regions, n_levels, n_regions = stack
    threshold = (n_levels + 1) // 2
    found = components_3d(make_stack(levels, regions, n_regions=n_regions), threshold=threshold)
    ours = np.column_stack([found.region, found.size, found.sums, found.bounds])
    expected = label_components(levels >= threshold, regions, n_regions)
    assert sorted(map(tuple, ours.tolist())) == expected


@given(stacks())
def test_bounds_are_those_of_all_pixels(stack):
    _, regions, _, n_regions = stack
    expected = []
    for region in range(n_regions):
        places = np.nonzero(regions == region + 1)
        expected.append([e for p in places for e in ((p.min(), p.max()) if p.size else (0, -1))])
    found = region_bounds(make_stack(regions, regions, n_regions=n_regions))
    assert np.array_equal(found, [expected])


def test_a_winding_component_is_one_component():
    # a snake that returns again and again: parents must be joined through long chains
    grey = np.zeros((3, 41, 41), np.uint8)
    grey[1, ::2] = 200
    grey[1, 1::4, -1] = 200
    grey[1, 3::4, 0] = 200
    found = components_3d(make_stack(grey, np.ones_like(grey)), threshold=200)
    assert found.size.tolist() == [21 * 41 + 20]


def test_runs_that_end_together_still_touch_by_their_corners():
    regions = np.array([[[1, 1, 2, 2], [2, 2, 1, 1]]], np.uint8)
    found = components_3d(make_stack(regions, regions, n_regions=2), threshold=1)
    assert sorted(zip(found.region.tolist(), found.size.tolist(), strict=True)) == [(0, 4), (1, 4)]


def test_a_core_does_not_reach_into_another_region():
    regions = np.ones((1, 4, 4), np.uint8)
    regions[:, 1:] = 2
    found = boundaries(make_stack(regions, regions, n_regions=2), threshold=1, side=2)
    assert found.core.tolist() == [[0, 6]]


def test_many_runs_make_no_difference():
    # more runs than the first table holds
    grey = np.zeros((8, 256, 256), np.uint8)
    grey[::2, ::2, ::2] = 9
    found = components_3d(make_stack(grey, np.ones_like(grey)), threshold=9)
    assert found.size.shape == (4 * 128 * 128,)
    assert (found.size == 1).all()


@pytest.mark.parametrize("side", [1, 2, 5])
@given(stacks())
def test_boundaries_are_as_defined(side, stack):
    levels, regions, n_levels, n_regions = stack
    threshold = (n_levels + 1) // 2
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


def test_a_core_of_no_pixels_is_refused():
    ones = np.ones((1, 2, 2), np.uint8)
    with pytest.raises(ValueError, match="`side` must be at least 1 pixel, got 0"):
        boundaries(make_stack(ones, ones), threshold=1, side=0)
