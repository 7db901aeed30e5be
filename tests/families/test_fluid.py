"""Fluid: fractions, thresholds, components and profiles against direct definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.ndimage import binary_erosion
from skimage.measure import label

from mrnet_features.families.fluid import MAD_TO_SD, Fluid
from mrnet_features.formulas.component_shapes import MIN_COMPONENT
from mrnet_features.formulas.fluid_amount import CORE_SIDE
from mrnet_features.stacks.stack import Stack


def make_stack(grey, regions=None, n_regions=1):
    regions = np.ones_like(grey) if regions is None else regions
    names = tuple(f"r{k}" for k in range(n_regions))
    return Stack(grey, np.ones_like(grey), regions, n_levels=1, region_names=names)


def describe(stack, family=None):
    family = family or Fluid()
    counts = family.count(stack)
    whole = family.describe_stack(counts, stack.exam_starts)
    return counts, family.describe(counts), {name: values[0] for name, values in whole.items()}


def thresholds_of(counts):
    """Threshold of each kind: one for all slices of an exam."""
    assert all(len(set(of_slices.tolist())) == 1 for of_slices in counts.thresholds)
    return tuple(int(of_slices[0]) for of_slices in counts.thresholds)


@st.composite
def stacks(draw):
    shape = draw(hnp.array_shapes(min_dims=3, max_dims=3, max_side=8))
    grey = draw(hnp.arrays(np.uint8, shape))
    regions = draw(hnp.arrays(np.uint8, shape, elements=st.integers(0, 2)))
    return make_stack(grey, regions, n_regions=2)


@given(stacks())
def test_fractions_are_those_of_bright_pixels(stack):
    counts, slices, whole = describe(stack)
    names = ("192", "adaptive", "brightest")
    for name, threshold in zip(names, thresholds_of(counts), strict=True):
        for r in (1, 2):
            inside = stack.regions == r
            bright = inside & (stack.grey >= threshold)
            n_pixels = inside.sum()
            expected = bright.sum() / n_pixels if n_pixels else np.nan
            assert np.isclose(whole[f"fraction_{name}"][r - 1], expected, equal_nan=True)
            for s in range(stack.n_slices if name != "192" else 0):
                n_pixels = inside[s].sum()
                expected = bright[s].sum() / n_pixels if n_pixels else np.nan
                ours = slices[f"fraction_{name}"][s, r - 1]
                assert np.isclose(ours, expected, equal_nan=True)


@given(stacks())
def test_adaptive_threshold_is_median_plus_three_deviations(stack):
    counts, _, _ = describe(stack)
    grey = stack.grey[stack.regions > 0].astype(float)
    if grey.size == 0:
        assert thresholds_of(counts) == (192, 255, 255)
        return
    median = np.median(grey)
    deviation = MAD_TO_SD * np.median(np.abs(grey - median))
    # first grey level above median + 3 deviations; a deviation is at least one grey level
    adaptive = min(int(median + 3 * max(deviation, 1)) + 1, 255)
    brightest = max(int(0.9 * np.percentile(grey, 99.9)), adaptive)
    assert thresholds_of(counts) == (192, adaptive, brightest)


@given(stacks())
def test_components_equal_those_of_scikit_image(stack):
    _, _, whole = describe(stack)
    for r in (1, 2):
        inside = stack.regions == r
        if not inside.any():
            assert np.isnan(whole["n_components_192"][r - 1])
            continue
        components = label(inside & (stack.grey >= 192), connectivity=3)
        sizes = np.sort(np.bincount(components.ravel())[1:])[::-1]
        n_pixels = inside.sum()
        assert whole["largest_component_192"][r - 1] == pytest.approx(sizes[:1].sum() / n_pixels)
        assert whole["top3_components_192"][r - 1] == pytest.approx(sizes[:3].sum() / n_pixels)
        assert whole["n_components_192"][r - 1] == (sizes >= max(MIN_COMPONENT * n_pixels, 1)).sum()


def test_tiny_components_are_not_counted():
    grey = np.zeros((1, 200, 200), np.uint8)
    grey[0, 0, 0] = 255  # 1 of 40,000 pixels: below a ten-thousandth
    grey[0, 50:60, 50:60] = 255
    _, _, whole = describe(make_stack(grey))
    assert whole["n_components_192"][0] == 1


def test_the_profile_of_one_bright_slice():
    grey = np.zeros((5, 4, 4), np.uint8)
    grey[4, :2] = 200
    _, _, whole = describe(make_stack(grey))
    values = {
        name: float(whole[f"{name}_brightest"][0])
        for name in ("peak", "peak_slice_offset", "centre_slice_offset")
    }
    # all of the fluid in the last of five slices: depth .9, folded to .8
    assert values == pytest.approx(
        {"peak": 5.0, "peak_slice_offset": 0.8, "centre_slice_offset": 0.8}
    )
    assert float(whole["spread_brightest"][0]) == pytest.approx(0.0, abs=1e-12)


def test_the_profile_of_uniform_fluid():
    grey = np.zeros((4, 4, 4), np.uint8)
    grey[:, 0] = 200
    _, _, whole = describe(make_stack(grey))
    depths = np.array([0.125, 0.375, 0.625, 0.875])
    assert float(whole["peak_brightest"][0]) == pytest.approx(1.0)
    assert float(whole["peak_slice_offset_brightest"][0]) == pytest.approx(
        np.abs(2 * depths - 1).mean()
    )
    assert float(whole["centre_slice_offset_brightest"][0]) == pytest.approx(0.0, abs=1e-12)
    assert float(whole["spread_brightest"][0]) == pytest.approx(depths.std())


def test_without_fluid_there_is_no_profile_but_there_are_fractions():
    _, slices, whole = describe(make_stack(np.full((2, 3, 3), 9, np.uint8)))
    assert (slices["fraction_adaptive"] == 0).all()
    assert np.isnan(whole["peak_brightest"]).all()
    assert (whole["n_components_192"] == 0).all()


@pytest.mark.parametrize("thresholds", [(0,), (256,), (128, 128)])
def test_impossible_thresholds_are_refused(thresholds):
    with pytest.raises(ValueError, match="`thresholds` must"):
        Fluid(thresholds=thresholds)


def test_thresholds_show_in_the_label():
    assert Fluid(thresholds=(100, 200)).label == "fluid_thresholds100_200"


def disc(height, width, row, column, radius):
    y, x = np.mgrid[:height, :width]
    return (y - row) ** 2 + (x - column) ** 2 <= radius**2


def test_the_core_excludes_thin_cartilage_but_not_an_effusion_of_equal_area():
    sheet, effusion = np.full((2, 1, 80, 80), 60, np.uint8)
    sheet[0, 40:44, :76] = 230  # cartilage, four pixels thick
    effusion[0, disc(80, 80, 40, 40, 9.8)] = 230
    thin, thick = (describe(make_stack(grey))[2] for grey in (sheet, effusion))
    assert thin["fraction_192"] == pytest.approx(thick["fraction_192"], rel=0.05)
    assert thin["core_192"] == 0
    assert thick["core_192"] > 0.4 * thick["fraction_192"]


@given(stacks())
def test_the_core_equals_an_erosion(stack):
    _, _, whole = describe(stack)
    square = np.ones((1, CORE_SIDE, CORE_SIDE), bool)
    for r in (1, 2):
        inside = stack.regions == r
        core = binary_erosion(inside & (stack.grey >= 192), square).sum()
        expected = core / inside.sum() if inside.any() else np.nan
        assert np.isclose(whole["core_192"][r - 1], expected, equal_nan=True)


def test_sharpness_is_the_grey_step_at_the_boundary():
    grey = np.full((1, 20, 20), 60, np.uint8)
    grey[0, 5:12, 5:12] = 210
    assert describe(make_stack(grey))[2]["sharpness_192"] == 150.0
    grey[0, 5:12, 5:12] = 200
    assert describe(make_stack(grey))[2]["sharpness_192"] == 140.0


def test_position_and_shape_of_a_planted_component():
    grey = np.full((10, 40, 60), 50, np.uint8)
    grey[7:9, 8:12, 40:52] = 240
    whole = describe(make_stack(grey))[2]
    names = ("row", "column_offset", "slice_offset")
    found = {name: float(whole[f"component_{name}_brightest"][0]) for name in names}
    # centre of rows 8..11 is 10 of 40, of columns 40..51 is 46 of 60, of slices 7..8 is 8 of 10
    assert found == pytest.approx(dict(zip(names, (0.25, 2 * 46 / 60 - 1, 0.6), strict=True)))
    assert whole["component_fill_brightest"][0] == pytest.approx(1.0)
    # a box of 4 by 12 has variances 4^2 / 12 and 12^2 / 12
    assert whole["component_elongation_brightest"][0] == pytest.approx(3.0)


def test_rotation_does_not_change_the_elongation():
    y, x = np.mgrid[:101, :101] - 50
    shapes = []
    for angle in np.deg2rad([0, 30, 45, 90]):
        u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        grey = np.where((u / 30) ** 2 + (v / 10) ** 2 <= 1, 240, 50).astype(np.uint8)
        shapes.append(describe(make_stack(grey[None]))[2]["component_elongation_brightest"][0])
    assert shapes == pytest.approx([3.0] * 4, rel=0.02)


def test_position_is_averaged_over_two_equally_large_components():
    grey = np.full((1, 40, 40), 50, np.uint8)
    grey[0, 4:8, 10:14] = 240
    grey[0, 24:28, 10:14] = 240
    whole = describe(make_stack(grey))[2]
    assert whole["component_row_brightest"][0] == pytest.approx((6 + 26) / 2 / 40)


def count_marked(stack, statistic):
    """Marked pixels of each region, and the slices they lie on."""
    marks = Fluid().mark_stack(stack, statistic)
    numbers = dict.fromkeys(stack.region_names, 0)
    for mark in marks:
        numbers[mark.region] += int(mark.outline.sum())
    return np.array(list(numbers.values())), {mark.slice for mark in marks}


@given(stacks())
def test_marked_pixels_are_those_that_are_counted(stack):
    _, _, whole = describe(stack)
    n_pixels = np.bincount(stack.regions.ravel(), minlength=3)[1:]
    for name in ("192", "adaptive", "brightest"):
        for part in ("fraction", "largest_component"):
            value, (marked, _) = whole[f"{part}_{name}"], count_marked(stack, f"{part}_{name}")
            found = (n_pixels > 0) & (value > 0)  # else all of the region is marked
            if part == "largest_component":  # of equally large ones all are marked
                ratio = marked[found] / (value * n_pixels)[found]
                assert np.allclose(ratio, np.round(ratio))
            else:
                assert np.allclose(marked[found], (value * n_pixels)[found])


def test_the_largest_component_is_marked_on_its_slices_only():
    grey = np.full((6, 40, 40), 30, np.uint8)
    grey[1:4, 5:15, 5:15] = 250  # an effusion on three slices
    grey[5, 30:36, 30:36] = 250  # and a smaller cyst
    stack = make_stack(grey)
    for statistic in ("largest_component_brightest", "component_row_brightest"):
        marks = Fluid().mark_stack(stack, statistic)
        assert sorted(mark.slice for mark in marks) == [1, 2, 3]
        assert all(np.array_equal(mark.outline, grey[1] == 250) for mark in marks)
    assert sorted(m.slice for m in Fluid().mark_stack(stack, "n_components_192")) == [1, 2, 3, 5]
    assert {m.slice for m in Fluid().mark_stack(stack, "peak_brightest")} == {1, 2, 3}
    cores = Fluid().mark_stack(stack, "core_brightest")
    assert {m.slice: int(m.outline.sum()) for m in cores} == {1: 100, 2: 100, 3: 100, 5: 36}
    edge = Fluid().mark_stack(stack, "sharpness_192")
    assert {m.slice: int(m.outline.sum()) for m in edge} == {1: 36, 2: 36, 3: 36, 5: 20}


@given(stacks())
def test_values_of_slices_agree_with_those_of_the_stack(stack):
    _, _, whole = describe(stack)
    slices = Fluid().describe_slices(stack)
    area = np.stack([(stack.regions == r).sum(axis=(1, 2)) for r in (1, 2)], axis=-1)
    for name, value in whole.items():
        part = name.rpartition("_")[0]
        if part in ("fraction", "core"):
            weighted = np.nansum(slices[name] * area, axis=0)
            assert np.allclose(weighted, np.nan_to_num(value * area.sum(axis=0)))
        elif name == "peak_brightest":
            present = ~np.isnan(value)
            assert np.allclose(np.nanmax(slices[name][:, present], axis=0), value[present])
        elif part in ("peak_slice_offset", "component_fill", "spread"):
            assert name not in slices


def test_without_fluid_only_the_region_can_be_marked():
    stack = make_stack(np.full((3, 8, 8), 30, np.uint8))
    assert Fluid().mark_stack(stack, "largest_component_192") == ()
    marks = Fluid().mark_regions(stack, "largest_component_192")
    assert [(mark.slice, mark.value) for mark in marks] == [(1, 0), (0, 0), (2, 0)]
    assert all(mark.outline.all() for mark in marks)
