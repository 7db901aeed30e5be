"""3-D components against the labels of SciPy and plain sums."""

import numpy as np
from hypothesis import given
from scipy import ndimage

from mrnet_features.counts.components_3d import (
    components_3d,
    count_by_slice,
    find_largest,
    number_components,
    sum_by_region,
)
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
def test_components_equal_those_of_scipy(stack):
    levels, regions, n_levels, n_regions = stack
    threshold = (n_levels + 1) // 2
    found = components_3d(make_stack(levels, regions, n_regions=n_regions), threshold=threshold)
    ours = np.column_stack([found.region, found.size, found.sums, found.bounds])
    expected = label_components(levels >= threshold, regions, n_regions)
    assert sorted(map(tuple, ours.tolist())) == expected


def test_a_winding_component_is_one_component():
    # a winding line needs long chains of parents to be joined
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


def test_the_table_of_runs_grows():
    # more runs than fit into the first table
    grey = np.zeros((8, 256, 256), np.uint8)
    grey[::2, ::2, ::2] = 9
    found = components_3d(make_stack(grey, np.ones_like(grey)), threshold=9)
    assert found.size.shape == (4 * 128 * 128,)
    assert (found.size == 1).all()


@given(stacks())
def test_numbered_pixels_are_those_of_the_counted_components(stack):
    levels, regions, n_levels, n_regions = stack
    threshold = (n_levels + 1) // 2
    made = make_stack(levels, regions, n_regions=n_regions)
    found = components_3d(made, threshold=threshold)
    numbers = number_components(made, threshold=threshold)
    assert np.array_equal(numbers > 0, (levels >= threshold) & (regions > 0))
    s, y, x = np.nonzero(numbers)
    k = numbers[s, y, x] - 1
    for part, values in enumerate((s, y, x, y * y, x * x, y * x)):
        sums = np.bincount(k, values, len(found.size))
        assert np.array_equal(sums, found.sums[:, part])
    assert np.array_equal(regions[s, y, x] - 1, found.region[k])
    by_slice = count_by_slice(made, threshold=threshold)
    assert np.array_equal(by_slice.sum(axis=0), found.size)
    assert (by_slice[s, k] > 0).all()
    by_region = sum_by_region(by_slice, found, n_regions)
    for r in {1, n_regions}:
        of_region = (numbers > 0) & (regions == r)
        assert np.array_equal(by_region[:, r - 1], of_region.sum(axis=(1, 2)))


def test_the_largest_components_of_each_region_include_ties():
    grey = np.uint8([[[9, 9, 0, 9, 9, 0, 9, 0, 9, 9, 9]]])
    regions = np.uint8([[[1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2]]])
    found = components_3d(make_stack(grey, regions, n_regions=2), threshold=9)
    assert find_largest(found, 1).tolist() == [True, True, False, True]
    assert find_largest(found, 3).tolist() == [True, True, True, True]
