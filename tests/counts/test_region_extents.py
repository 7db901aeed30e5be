"""Region extents against the positions of all pixels."""

import numpy as np
import pytest
from hypothesis import given

from mrnet_features.arrays import to_host
from mrnet_features.counts.region_extents import region_bounds, region_extents
from tests.support.zoo import make_stack, stacks


@given(stacks())
def test_bounds_are_those_of_the_pixels(stack):
    _, regions, _, n_regions = stack
    expected = []
    for region in range(n_regions):
        positions = np.nonzero(regions == region + 1)
        expected.append([e for p in positions for e in ((p.min(), p.max()) if p.size else (0, -1))])
    found = region_bounds(make_stack(regions, regions, n_regions=n_regions))
    assert np.array_equal(found, [expected])


@pytest.mark.usefixtures("gpu")
def test_extents_are_the_same_on_a_gpu():
    regions = np.random.default_rng(1).integers(0, 4, (3, 9, 11)).astype(np.uint8)
    stack = make_stack(regions, regions, n_regions=4)
    found = region_extents(stack.on_device("cuda"))
    assert np.array_equal(to_host(found), region_extents(stack))
