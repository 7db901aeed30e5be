"""Meniscus: intact, torn and blunt wedges."""

import numpy as np
import pytest

from mrnet_features.families.meniscus import Meniscus
from mrnet_features.stacks.stack import Stack


def make_band(*, cleft=0, blunt=False, n_slices=6, on=(2, 3), dark=20, around=110, bright=90):
    """Slices with a dark triangle, apex to the right; some have a horizontal bright cleft."""
    y, x = np.mgrid[:24, :60]
    half = 7 - np.clip(x - 10, 0, None) * 7 / 30
    wedge = (np.abs(y - 12) <= half) & (x >= 10) & (x < (20 if blunt else 40))
    grey = np.full((n_slices, 24, 60), around, np.uint8)
    for s in range(n_slices):
        grey[s, wedge] = dark
        if s in on and cleft:
            grey[s, 11 : 11 + cleft, 14:26] = bright
    ones = np.ones_like(grey)
    return Stack(grey, ones, ones, 1, ("meniscus",))


def describe(stack, **parameters):
    family = Meniscus(**parameters)
    found = family.describe_stack(family.count(stack), stack.exam_starts)
    return {k: float(v[0, 0]) for k, v in found.items()}


@pytest.mark.parametrize("width", [1, 2, 4, 6])
def test_a_cleft_is_found_by_squares_wider_than_it(width):
    whole, torn = describe(make_band()), describe(make_band(cleft=width))
    for side in (3, 5, 7):
        if side > width:
            assert torn[f"cleft{side}_top"] > whole[f"cleft{side}_top"] + 0.03
            assert torn[f"residue{side}_top"] > whole[f"residue{side}_top"] + 2
        else:
            assert torn[f"cleft{side}_top"] < whole[f"cleft{side}_top"] + 0.02


def test_a_tear_on_two_slices_is_found_among_many():
    few, many = (describe(make_band(cleft=2, n_slices=n)) for n in (6, 30))
    assert many["cleft3_top"] == pytest.approx(few["cleft3_top"])
    assert many["cleft3_mean"] < few["cleft3_mean"] / 2


def test_a_brighter_tear_has_more_residue_and_the_same_area():
    faint, bright = (describe(make_band(cleft=2, bright=b)) for b in (70, 105))
    assert bright["cleft3_top"] == pytest.approx(faint["cleft3_top"])
    assert bright["residue3_top"] > 1.3 * faint["residue3_top"]


def test_an_enclosed_spot_is_a_hole_and_an_open_cleft_is_not():
    assert describe(make_band(cleft=2))["hole_top"] > 0.05
    open_to_the_left = make_band(cleft=2)
    open_to_the_left.grey[2:4, 11:13, :26] = 90
    assert describe(open_to_the_left)["hole_top"] == 0


def test_a_wedge_without_tip_is_smaller_and_blunter():
    whole, blunt = describe(make_band()), describe(make_band(blunt=True))
    assert blunt["dark_mean"] < whole["dark_mean"]
    assert whole["blunt_mean"] == pytest.approx(0.55, abs=0.1)
    assert blunt["blunt_mean"] > whole["blunt_mean"] + 0.2


def test_gain_changes_no_area():
    grey = make_band(cleft=2, dark=20, around=100, bright=80)
    double = make_band(cleft=2, dark=40, around=200, bright=160)
    one, other = describe(grey), describe(double)
    for name, value in one.items():
        if "residue" not in name:
            assert other[name] == pytest.approx(value), name


def test_the_cleft_is_marked_on_the_slices_that_are_averaged():
    stack = make_band(cleft=2, on=(1, 2, 4))
    planted = np.zeros((24, 60), bool)
    planted[11:13, 14:26] = True
    for statistic in ("cleft3_top", "residue5_top", "hole_top", "hole_residue_top"):
        marks = Meniscus().mark_stack(stack, statistic)
        assert {mark.slice for mark in marks} == {1, 2, 4}, statistic
        for mark in marks:
            assert (mark.outline & planted).sum() == planted.sum()
            assert mark.outline.sum() < 1.5 * planted.sum()


def test_dark_pixels_are_marked_and_the_darkest_slice_comes_first():
    stack = make_band(cleft=2, on=(0, 1, 3, 4, 5))
    marks = Meniscus().mark_stack(stack, "dark_mean")
    assert len(marks) == 6
    assert marks[0].slice == 2  # without a cleft more is dark
    assert all(np.array_equal(mark.outline, stack.grey[mark.slice] == 20) for mark in marks)


def test_statistics_are_means_of_the_values_of_slices():
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 256, (7, 20, 30), np.uint8)
    ones = np.ones_like(grey)
    stack = Stack(grey, ones, ones, 1, ("meniscus",))
    whole, slices = describe(stack), Meniscus().describe_slices(stack)
    assert set(slices) == set(whole)
    for name, value in whole.items():
        of_slices = np.sort(slices[name][:, 0])[::-1]
        used = of_slices[:3] if name.endswith("_top") else of_slices
        assert value == pytest.approx(used.mean())
        marks = Meniscus().mark_stack(stack, name)
        assert [mark.value for mark in marks] == pytest.approx(used)
