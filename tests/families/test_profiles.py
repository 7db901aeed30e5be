"""Profiles: planted waves are found, and no others."""

import numpy as np
import pytest

from mrnet_features.families.profiles import Profiles
from mrnet_features.stacks.stack import Stack


def describe(means, regions=None):
    """Profiles of a stack of uniform slices with these grey levels."""
    grey = np.broadcast_to(np.uint8(means)[:, None, None], (len(means), 3, 4)).copy()
    ones = np.ones_like(grey)
    stack = Stack(grey, ones, ones if regions is None else regions, 1)
    found = Profiles().describe_stack(Profiles().count(stack), stack.exam_starts)
    return {name: float(values[0, 0]) for name, values in found.items()}


@pytest.mark.parametrize("k", [2, 4, 6])
@pytest.mark.parametrize("n_slices", [16, 48])
def test_a_planted_wave_has_its_coefficient(k, n_slices):
    depth = (np.arange(n_slices) + 0.5) / n_slices
    found = describe(np.rint(100 + 80 * np.cos(np.pi * k * depth)))
    for other in (2, 4, 6):
        # the mean of cos^2 is a half
        assert found[f"mean_{other}"] == pytest.approx(40 if other == k else 0, abs=1.5)


def test_a_uniform_stack_has_a_flat_profile():
    assert all(value == pytest.approx(0) for value in describe([70] * 9).values())


def test_order_of_slices_matters_but_reversal_does_not():
    means = np.random.default_rng(0).integers(0, 255, 23)
    one, back = describe(means), describe(means[::-1])
    assert one == pytest.approx(back)
    assert describe(np.sort(means))["mean_steps"] < one["mean_steps"]


def test_the_number_of_slices_does_not_matter():
    depth = np.linspace(0, 1, 15)
    means = 60 + 100 * depth * (1 - depth)
    coarse, fine = describe(np.rint(means)), describe(np.rint(means.repeat(3)))
    assert coarse["mean_2"] == pytest.approx(fine["mean_2"], abs=1)


def test_an_empty_slice_takes_the_mean_of_the_others():
    regions = np.ones((4, 3, 4), np.uint8)
    regions[2] = 0
    assert describe([80, 80, 0, 80], regions) == pytest.approx(describe([80] * 4))
