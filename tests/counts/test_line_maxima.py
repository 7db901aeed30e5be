"""Brightest pixel of each line inside the regions."""

import numpy as np
from hypothesis import given

from mrnet_features.counts.line_maxima import line_maxima
from tests.support.zoo import make_stack, stacks


@given(stacks())
def test_maxima_are_those_of_the_pixels_in_regions(stack):
    grey, regions, _, n_regions = stack
    inside = np.where(regions > 0, grey.astype(np.int16), -1)
    found = line_maxima(make_stack(grey, regions, n_regions=n_regions))
    assert np.array_equal(found, inside.max(axis=2))


def test_a_stack_remembers_its_maxima_and_not_those_of_other_grey_levels():
    ones = np.ones((1, 2, 2), np.uint8)
    stack = make_stack(ones, ones)
    assert line_maxima(stack) is line_maxima(stack)
    assert line_maxima(stack.with_grey(5 * ones)).tolist() == [[5, 5]]
