"""Intensity: marks of extreme pixels."""

import numpy as np
import pytest

from mrnet_features.families.intensity import Intensity
from mrnet_features.stacks.example_stack import make_stack


@pytest.mark.parametrize("statistic", ["min", "max", "p10", "p90", "range"])
def test_pixels_at_or_beyond_the_level_are_marked(statistic):
    stack, family = make_stack(), Intensity()
    low, high = {"min": (0, None), "p10": (10, None), "max": (None, 100), "p90": (None, 90)}.get(
        statistic, (0, 100)
    )
    for mark in family.mark(stack, statistic):
        inside = stack.regions[mark.slice] == stack.region_names.index(mark.region) + 1
        grey = stack.grey[mark.slice]
        expected = np.zeros_like(inside)
        for q, is_beyond in ((low, np.less_equal), (high, np.greater_equal)):
            if q is not None:
                expected |= is_beyond(grey, np.percentile(grey[inside], q))
        assert np.array_equal(mark.outline, expected & inside)


def test_the_stack_is_marked_where_it_reaches_its_own_maximum():
    stack = make_stack()
    for r, region in enumerate(stack.region_names):
        highest = stack.grey[stack.regions == r + 1].max()
        marks = [m for m in Intensity().mark_stack(stack, "max") if m.region == region]
        inside = (stack.regions == r + 1) & (stack.grey == highest)
        assert {mark.slice for mark in marks} == set(np.nonzero(inside)[0].tolist())
        assert all(mark.value == highest for mark in marks)


def test_other_statistics_mark_the_whole_region():
    stack = make_stack()
    for mark in Intensity().mark(stack, "skew"):
        inside = stack.regions[mark.slice] == stack.region_names.index(mark.region) + 1
        assert np.array_equal(mark.outline, inside)
