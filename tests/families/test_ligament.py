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


@pytest.mark.parametrize("degrees", [30, 45, 60, 105, 135])
def test_the_planted_band_is_marked(degrees):
    stack = make_notch(degrees, n_slices=5, on=(3,))
    ligament = "acl" if degrees < 90 else "pcl"
    angle = np.deg2rad(degrees)
    for name in ("contrast", "angle"):
        [mark] = Ligament().mark_stack(stack, f"{ligament}_{name}")
        assert (mark.slice, mark.region, mark.outline) == (3, "notch", None)
        for y, x in mark.segment:
            across = -(y - 45) * np.cos(angle) - (x - 45) * np.sin(angle)
            assert abs(across) <= 6
            assert np.hypot(y - 45, x - 45) < 35


def test_the_contrast_along_the_mark_is_the_value():
    stack = make_notch(45, n_slices=4, seed=2)
    family = Ligament(offsets=(5,))
    slices = family.describe(family.count(stack))["acl_contrast"][:, 0]
    for mark in family.mark(stack, "acl_contrast"):
        (y, x), (end_y, end_x) = mark.segment
        length = np.hypot(end_y - y, end_x - x)
        across = np.array([end_x - x, y - end_y]) / length * 5  # row and column
        grey, means = stack.grey[mark.slice].astype(float), []
        for side in (0, -1, 1):
            rows = np.round(np.linspace(y, end_y, 11) + side * across[0]).astype(int)
            columns = np.round(np.linspace(x, end_x, 11) + side * across[1]).astype(int)
            patches = [
                grey[b - 1 : b + 2, a - 1 : a + 2].mean()
                for b, a in zip(rows, columns, strict=True)
            ]
            means.append(np.mean(patches))
        assert min(means[1:]) - means[0] == pytest.approx(slices[mark.slice], abs=6)
        assert mark.value == slices[mark.slice]


def test_seen_slices_are_the_share_of_the_marks():
    stack = make_notch(50, n_slices=4, on=(1, 2))
    _, whole = describe(stack)
    marks = Ligament().mark_stack(stack, "acl_seen")
    assert np.mean([mark.value for mark in marks]) == whole["acl_seen"]
    assert {mark.slice for mark in marks[:2]} == {1, 2}
