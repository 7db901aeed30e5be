"""Dark fluid: dark areas in bright tissue, counted by hand."""

import numpy as np
import pytest

from mrnet_features.families.dark_fluid import DarkFluid
from mrnet_features.stacks.stack import Stack


def describe(grey):
    ones = np.ones_like(grey)
    stack = Stack(grey, ones, ones, n_levels=1)
    whole = DarkFluid().describe_stack(DarkFluid().count(stack), stack.exam_starts)
    return {name: values[0, 0] for name, values in whole.items()}


def test_uniform_grey_has_no_dark_fluid():
    assert describe(np.full((2, 40, 40), 180, np.uint8))["fraction"] == 0


def test_dark_area_in_bright_tissue_is_measured():
    grey = np.full((2, 40, 40), 180, np.uint8)
    grey[:, 10:20, 10:26] = 70
    whole = describe(grey)
    assert whole["fraction"] == pytest.approx(160 / 1600)
    assert whole["largest_component"] == pytest.approx(160 / 1600)
    assert whole["core"] == pytest.approx(6 * 12 / 1600)
