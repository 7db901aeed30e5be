"""Shape: the fractal dimension of masks against boxes counted one by one."""

import numpy as np
import pytest

from mrnet_features.families.shape import Shape
from mrnet_features.stacks.stack import Stack


def count_boxes(mask, side):
    """Mean of a grid from the left and one from the right."""
    height, width = mask.shape
    corners = [(y, x) for y in range(0, height, side) for x in range(0, width, side)]
    grids = mask, mask[:, ::-1]
    return sum(grid[y : y + side, x : x + side].any() for grid in grids for y, x in corners) / 2


@pytest.mark.parametrize(
    ("shape", "sides"),
    [((5, 3), (1, 2)), ((7, 8), (1, 2)), ((9, 6), (1, 2, 4)), ((4, 16), (1, 2, 4))],
)
def test_the_slope_is_over_boxes_up_to_the_first_of_a_quarter_of_the_longer_side(shape, sides):
    mask = np.random.default_rng(3).random(shape) < 0.3
    ones = np.ones((1, *shape), np.uint8)
    stack = Stack(ones, ones + mask, ones, n_levels=2)
    family = Shape((50,))
    found = family.describe(family.count(stack))["fractal_50"].item()
    numbers = [count_boxes(mask, side) for side in sides]
    assert found == pytest.approx(-np.polyfit(np.log(sides), np.log(numbers), 1)[0])


def test_a_slice_of_four_pixels_has_no_fractal_dimension():
    ones = np.ones((1, 3, 4), np.uint8)
    family = Shape((50,))
    stack = Stack(ones, ones + 1, ones, n_levels=2)
    assert np.isnan(family.describe(family.count(stack))["fractal_50"]).all()
