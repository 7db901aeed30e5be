"""Ligament: intact, torn and flat bands."""

import numpy as np
import pytest

from mrnet_features.families.ligament import Ligament
from mrnet_features.stacks.stack import Stack


def make_notch(degrees, *, gap=0, n_slices=3, on=(1,), seed=0):
    """Slices of fat and noise; some with a dark band that has a gap in its middle."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:91, :91] - 45
    angle = np.deg2rad(degrees)
    distance = -y * np.cos(angle) - x * np.sin(angle)
    position = x * np.cos(angle) - y * np.sin(angle)
    band = (np.abs(distance) <= 4) & (np.abs(position) <= 22) & (np.abs(position) >= gap)
    grey = rng.normal(110, 4, (n_slices, 91, 91))
    for s in on:
        grey[s, band] = rng.normal(25, 4, band.sum())
    regions = np.zeros(grey.shape, np.uint8)
    regions[:, 25:66, 25:66] = 1
    grey = np.clip(grey, 0, 255).astype(np.uint8)
    return Stack(grey, np.ones_like(grey), regions, 1, ("notch",))


def describe(stack):
    counts = Ligament().count(stack)
    return Ligament().describe(counts), {
        name: float(values[0, 0])
        for name, values in Ligament().describe_stack(counts, (0,)).items()
    }


@pytest.mark.parametrize("degrees", [30, 40, 45, 52, 60, 70])
def test_the_angle_is_that_of_the_band(degrees):
    _, whole = describe(make_notch(degrees))
    assert whole["acl_angle"] == pytest.approx(degrees, abs=6)


def test_an_intact_band_stands_out_more_than_a_torn_one_or_none():
    intact, torn, none = (
        describe(make_notch(50, gap=gap, on=on))[1] for gap, on in ((0, (1,)), (16, (1,)), (0, ()))
    )
    for name in ("acl_contrast", "acl_relative"):
        assert intact[name] > 1.5 * torn[name] > 3 * none[name]
    assert intact["acl_continuity"] == 1 > torn["acl_continuity"]
    assert (intact["acl_seen"], none["acl_seen"]) == (pytest.approx(1 / 3), 0.0)


def test_anterior_and_posterior_ligament_are_separated():
    front, back = (describe(make_notch(degrees))[1] for degrees in (45, 135))
    assert front["acl_contrast"] > front["pcl_contrast"] + 20
    assert back["pcl_contrast"] > back["acl_contrast"] + 20
    assert back["pcl_angle"] == pytest.approx(135, abs=6)


def test_stack_statistics_are_those_of_the_clearest_slice():
    stack = make_notch(60, n_slices=5, on=(3,))
    slices, whole = describe(stack)
    assert np.argmax(slices["acl_contrast"][:, 0]) == 3
    for name in ("acl_contrast", "acl_continuity", "acl_angle"):
        assert whole[name] == slices[name][3, 0]


def test_slices_without_notch_are_nan():
    stack = make_notch(50)
    stack.regions[0] = 0
    slices, whole = describe(stack)
    assert np.isnan(slices["acl_contrast"][0]).all()
    assert whole["acl_seen"] == 0.5  # of the two slices that show the notch
