"""Fluid: its fractions, thresholds, pools and profiles against direct definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.measure import label

from mrnet_features.families.fluid import MAD_TO_SD, MIN_POOL, Fluid
from mrnet_features.stacks.prepare import Stack


def make_stack(grey, regions=None, n_regions=1):
    regions = np.ones_like(grey) if regions is None else regions
    names = tuple(f"r{k}" for k in range(n_regions))
    return Stack(grey, np.ones_like(grey), regions, n_levels=1, region_names=names)


def describe(stack, family=None):
    family = family or Fluid()
    counts = family.count(stack)
    return counts, family.describe(counts), family.describe_stack(counts)


@st.composite
def stacks(draw):
    shape = draw(hnp.array_shapes(min_dims=3, max_dims=3, max_side=8))
    grey = draw(hnp.arrays(np.uint8, shape))
    regions = draw(hnp.arrays(np.uint8, shape, elements=st.integers(0, 2)))
    return make_stack(grey, regions, n_regions=2)


@given(stacks())
def test_fractions_are_shares_of_bright_pixels(stack):
    counts, slices, whole = describe(stack)
    names = ("128", "160", "192", "adaptive")
    for name, threshold in zip(names, counts.thresholds, strict=True):
        for r in (1, 2):
            inside = stack.regions == r
            bright = inside & (stack.grey >= threshold)
            n_pixels = inside.sum()
            expected = bright.sum() / n_pixels if n_pixels else np.nan
            assert np.isclose(whole[f"fraction_{name}"][r - 1], expected, equal_nan=True)
            for s in range(stack.n_slices):
                n_pixels = inside[s].sum()
                expected = bright[s].sum() / n_pixels if n_pixels else np.nan
                ours = slices[f"fraction_{name}"][s, r - 1]
                assert np.isclose(ours, expected, equal_nan=True)


@given(stacks())
def test_the_adaptive_threshold_stands_out_from_the_regions(stack):
    counts, _, _ = describe(stack)
    grey = stack.grey[stack.regions > 0].astype(float)
    if grey.size == 0:
        assert counts.thresholds[-1] == 255
        return
    median = np.median(grey)
    deviation = MAD_TO_SD * np.median(np.abs(grey - median))
    # the first grey level above median + 3 deviations, a deviation being at least one grey level
    expected = min(int(median + 3 * max(deviation, 1)) + 1, 255)
    assert counts.thresholds[-1] == expected


@given(stacks())
def test_pools_are_the_connected_pieces(stack):
    counts, _, whole = describe(stack)
    for r in (1, 2):
        inside = stack.regions == r
        if not inside.any():
            assert np.isnan(whole["n_pools_160"][r - 1])
            continue
        pieces = label(inside & (stack.grey >= 160), connectivity=3)
        sizes = np.sort(np.bincount(pieces.ravel())[1:])[::-1]
        n_pixels = inside.sum()
        assert whole["largest_pool_160"][r - 1] == pytest.approx(sizes[:1].sum() / n_pixels)
        assert whole["top3_pools_160"][r - 1] == pytest.approx(sizes[:3].sum() / n_pixels)
        assert whole["n_pools_160"][r - 1] == (sizes >= max(MIN_POOL * n_pixels, 1)).sum()
    assert all(part.dtype == np.int32 for found in counts.pools for part in found)


def test_specks_are_no_pools():
    grey = np.zeros((1, 200, 200), np.uint8)
    grey[0, 0, 0] = 255  # 1 of 40,000 pixels: below a ten-thousandth
    grey[0, 50:60, 50:60] = 255
    _, _, whole = describe(make_stack(grey))
    assert whole["n_pools_160"][0] == 1


def test_the_profile_of_one_bright_slice():
    grey = np.zeros((5, 4, 4), np.uint8)
    grey[4, :2] = 200
    _, _, whole = describe(make_stack(grey))
    values = {name: float(whole[f"{name}_160"][0]) for name in ("peak", "peak_place", "off_centre")}
    # all of the fluid in the last of five slices: depth .9, folded to .8
    assert values == pytest.approx({"peak": 5.0, "peak_place": 0.8, "off_centre": 0.8})
    assert float(whole["spread_160"][0]) == pytest.approx(0.0, abs=1e-12)


def test_the_profile_of_even_fluid():
    grey = np.zeros((4, 4, 4), np.uint8)
    grey[:, 0] = 200
    _, _, whole = describe(make_stack(grey))
    depths = np.array([0.125, 0.375, 0.625, 0.875])
    assert float(whole["peak_160"][0]) == pytest.approx(1.0)
    assert float(whole["peak_place_160"][0]) == pytest.approx(np.abs(2 * depths - 1).mean())
    assert float(whole["off_centre_160"][0]) == pytest.approx(0.0, abs=1e-12)
    assert float(whole["spread_160"][0]) == pytest.approx(depths.std())


def test_without_fluid_there_is_no_profile_but_there_are_fractions():
    _, slices, whole = describe(make_stack(np.full((2, 3, 3), 9, np.uint8)))
    assert (slices["fraction_160"] == 0).all()
    assert np.isnan(whole["peak_160"]).all()
    assert (whole["n_pools_160"] == 0).all()


@pytest.mark.parametrize("thresholds", [(0,), (256,), (128, 128)])
def test_impossible_thresholds_are_refused(thresholds):
    with pytest.raises(ValueError, match="`thresholds` must"):
        Fluid(thresholds=thresholds)


def test_thresholds_show_in_the_label():
    assert Fluid(thresholds=(100, 200)).label == "fluid_thresholds100_200"
