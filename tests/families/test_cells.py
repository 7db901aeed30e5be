"""Cells: a line is found in its cell, on any scanner, on either side."""

import numpy as np
import pytest

from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.families.cells import Cells
from mrnet_features.stacks.stack import Stack
from tests.support.knees import make_knee


def make_grid(*, line=0, seed=0, noise=0.0):
    """Six cells of 16 x 16 pixels and different grey levels; a bright line in the second."""
    rng = np.random.default_rng(seed)
    regions = np.arange(1, 7, dtype=np.uint8).reshape(2, 3).repeat(16, 0).repeat(16, 1)
    grey = np.stack([60.0 + 10.0 * regions] * 3) + noise * rng.normal(size=(3, 32, 48))
    grey[1, 7:9, 20:28] += line
    grey = np.rint(grey).astype(np.uint8)
    regions = np.stack([regions] * 3)
    return Stack(grey, np.ones_like(grey), regions, 1, tuple(f"cell{k}" for k in range(6)))


def describe(stack, n_depths=1):
    family = Cells(n_depths=n_depths)
    found = family.describe_stack(family.count(stack), stack.exam_starts)
    return {name: values[0] for name, values in found.items()}


def test_a_line_on_one_slice_is_found_in_its_cell_only():
    plain, torn = describe(make_grid()), describe(make_grid(line=60))
    change = torn["bright_depth0"] - plain["bright_depth0"]
    assert change[1] > 0.5
    assert np.abs(np.delete(change, 1)).max() < 0.05


@pytest.mark.parametrize("n_slices", [1, 2, 6, 7, 11])
def test_depth_is_counted_from_both_ends(n_slices):
    ones = np.ones((n_slices, 4, 4), np.uint8)
    for k in range(n_slices):
        grey = 100 * ones
        grey[k] = 160
        regions = ones.copy()
        regions[:, 2:] = 2  # black, so that S is not 0
        grey[:, 2:] = 0
        stack = Stack(grey, ones, regions, 1, ("one", "other"))
        found = describe(stack, n_depths=3)
        levels = [found[f"level_depth{depth}"][0] for depth in range(3)]
        from_end = min(k, n_slices - 1 - k)
        expected = min(int(3 * (from_end + 0.5) / (n_slices / 2)), 2)
        assert int(np.nanargmax(levels)) == expected


@pytest.mark.parametrize("n_depths", [0, -1])
def test_depths_below_one_are_refused(n_depths):
    with pytest.raises(ValueError, match="`n_depths` must be 1 or more"):
        Cells(n_depths=n_depths)


@pytest.mark.parametrize(("gain", "offset"), [(1.7, 0.0), (1.0, 40.0), (0.7, 20.0)])
def test_gain_and_offset_of_the_scanner_hardly_matter(gain, offset):
    stack = make_grid(line=60)
    scanned = np.rint(gain * stack.grey + offset).astype(np.uint8)
    one, other = describe(stack), describe(stack.with_grey(scanned))
    for name, values in one.items():
        assert other[name] == pytest.approx(values, abs=0.05), name


def test_a_line_exceeds_the_noise():
    noisy = describe(make_grid(line=40, noise=4.0))["bright_depth0"]
    assert noisy[1] > 1.5 * np.delete(noisy, 1).max()


def test_a_cell_without_pixels_is_nan_and_changes_no_other():
    stack = make_grid(line=60)
    names = (*stack.region_names, "empty")
    wider = Stack(stack.grey, stack.levels, stack.regions, 1, names)
    one, other = describe(stack), describe(wider)
    for name, values in one.items():
        assert np.isnan(other[name][-1])
        assert np.array_equal(other[name][:-1], values)


def test_a_line_on_either_side_gives_the_same_columns():
    grey = make_knee(60, (10, 121, 101))
    torn = grey.copy()
    torn[3:5, 59:61, 25:35] = 230
    exams = [
        {"coronal": stack, "sagittal": stack[:, :, :100]} for stack in (grey, torn, torn[::-1])
    ]
    mirrored = {
        plane: stack if plane == "sagittal" else stack[:, :, ::-1]
        for plane, stack in exams[1].items()
    }
    plain, one, reverse, mirror = (
        FeatureExtractor(["cells"], planes=("coronal", "sagittal"))
        .transform([*exams, mirrored])
        .values
    )
    assert np.nanmax(np.abs(one - plain)) > 0.3
    for other in (reverse, mirror):
        np.testing.assert_allclose(other, one, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ["bright", "dark"])
def test_a_line_is_marked_in_its_cell_on_its_slice(name):
    stack = make_grid(line=60 if name == "bright" else -60)
    marks = [
        m for m in Cells(n_depths=1).mark_stack(stack, f"{name}_depth0") if m.region == "cell1"
    ]
    assert [mark.slice for mark in marks] == [1]
    marked = np.argwhere(marks[0].outline)
    assert marked.min(axis=0)[0] >= 4
    assert marked.max(axis=0)[0] <= 11
    assert marks[0].value == describe(stack)[f"{name}_depth0"][1]


def test_a_cell_is_marked_at_its_depth():
    stack = make_grid()
    family = Cells(n_depths=2)
    slices = family.describe_slices(stack)
    whole = family.describe_stack(family.count(stack), (0,))
    for depth, expected in (("0", {0, 2}), ("1", {1})):
        marks = family.mark(stack, f"level_depth{depth}")
        assert {mark.slice for mark in marks} == expected
        assert all(int(mark.outline.sum()) == 256 for mark in marks)
        for name in ("level", "bright", "dark"):
            key = f"{name}_depth{depth}"
            pool = np.nanmean if name == "level" else np.nanmax
            assert pool(slices[key], axis=0) == pytest.approx(whole[key][0])
