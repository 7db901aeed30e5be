"""Marrow: planted patches in bright and in dark marrow."""

import numpy as np
import pytest
from scipy import ndimage

from mrnet_features.families.marrow import Marrow
from mrnet_features.stacks.stack import Stack


def make_bone(marrow, patch, *, radius=8, on=(1, 2), seed=0):
    """Two bones of uniform marrow with trabecular noise; the first has a patch."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:60, :50]
    grey = rng.normal(marrow, 0.08 * marrow, (4, 60, 50))
    for s in on:
        disc = (y - 14) ** 2 + (x - 25) ** 2 <= radius**2
        grey[s, disc] += patch - marrow
    regions = np.where(y < 30, 1, 2)[None].repeat(4, 0).astype(np.uint8)
    grey = np.clip(grey, 0, 255).astype(np.uint8)
    return Stack(grey, np.ones_like(grey), regions, 1, ("femur", "tibia"))


def describe(stack):
    found = Marrow().describe_stack(Marrow().count(stack), stack.exam_starts)
    return {name: values[0] for name, values in found.items()}


@pytest.mark.parametrize(("marrow", "patch", "share"), [(160, 40, "0p6"), (50, 110, "1p6")])
def test_oedema_is_found_in_its_bone(marrow, patch, share):
    found = describe(make_bone(marrow, patch))
    area = 2 * np.pi * 8**2 / (4 * 30 * 50)
    for name in ("fraction", "largest"):
        femur, tibia = found[f"{name}_{share}"]
        assert femur == pytest.approx(area, rel=0.2)
        assert tibia == 0
    assert found[f"core_{share}"][0] > 0
    other = "1p6" if share == "0p6" else "0p6"
    assert found[f"fraction_{other}"][0] == 0


def test_healthy_marrow_with_texture_has_no_patch():
    found = describe(make_bone(120, 120))
    assert all((found[f"fraction_{s}"] == 0).all() for s in ("0p6", "0p8", "1p25", "1p6"))
    assert found["level_p1"] == pytest.approx([1, 1], abs=0.06)


def test_gain_changes_nothing():
    one, other = (describe(make_bone(m, p)) for m, p in ((60, 100), (120, 200)))
    for name, values in one.items():
        assert np.allclose(values, other[name], atol=0.03), name


def test_thin_bright_lines_have_no_core():
    stack = make_bone(50, 50)
    stack.grey[:, 10:14] = 200  # cartilage at the edge of a box
    found = describe(stack)
    assert found["fraction_1p6"][0] > 0.1
    assert found["core_1p6"][0] == 0


def test_shares_are_measured_on_averaged_grey_levels():
    stack = make_bone(160, 70)
    mean = ndimage.uniform_filter(stack.grey.astype(float), (0, 5, 5), mode="nearest")
    dark = np.floor(mean + 1e-9) <= int(0.6 * np.median(np.floor(mean + 1e-9)))
    expected = dark[stack.regions == 1].mean()
    assert describe(stack)["fraction_0p6"][0] == pytest.approx(expected)


@pytest.mark.parametrize("shares", [(), (1.0,), (-0.5,)])
def test_impossible_shares_are_refused(shares):
    with pytest.raises(ValueError, match="`shares` must hold at least one value, each above 0"):
        Marrow(shares=shares)


@pytest.mark.parametrize(("marrow", "patch", "share"), [(160, 40, "0p6"), (50, 110, "1p6")])
def test_the_patch_is_marked_where_it_was_planted(marrow, patch, share):
    stack = make_bone(marrow, patch)
    y, x = np.mgrid[:60, :50]
    disc = (y - 14) ** 2 + (x - 25) ** 2 <= 8**2
    extreme = "level_p1" if share == "0p6" else "level_p99"
    for statistic in (f"fraction_{share}", f"largest_{share}", f"core_{share}", extreme):
        marks = [m for m in Marrow().mark_stack(stack, statistic) if m.region == "femur"]
        assert {mark.slice for mark in marks} == {1, 2}, statistic
        for mark in marks:
            assert (mark.outline & disc).sum() > 0.9 * mark.outline.sum()
            if not statistic.startswith("level"):
                assert (mark.outline & disc).sum() > 0.75 * disc.sum()


@pytest.mark.parametrize("share", ["0p6", "0p8", "1p25", "1p6"])
def test_marked_patches_are_those_that_are_counted(share):
    stack = make_bone(100, 160, seed=3)
    found, slices = describe(stack), Marrow().describe_slices(stack)
    area = 4 * 30 * 50
    for part in ("fraction", "largest"):
        for r, bone in enumerate(("femur", "tibia")):
            name = f"{part}_{share}"
            marks = [m for m in Marrow().mark(stack, name) if m.region == bone]
            assert sum(int(m.outline.sum()) for m in marks) == round(found[name][r] * area)
            assert np.nansum(slices[name][:, r]) / 4 == pytest.approx(found[name][r])
    assert np.nanmean(slices[f"core_{share}"], axis=0) == pytest.approx(found[f"core_{share}"])
