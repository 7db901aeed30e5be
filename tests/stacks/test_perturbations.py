"""Perturbed stacks: uint8, repeatable, as strong as stated, and nothing for an empty picture."""

import numpy as np
import pytest
from scipy import ndimage

from mrnet_features.stacks.perturbations import (
    BIAS,
    DEGREES,
    PERTURBATIONS,
    SPACING,
    estimate_noise,
    perturb,
)
from tests.support.knees import make_knee

KNEE = make_knee(60, (5, 120, 100))
MIDDLE = (slice(None), slice(20, 100), slice(20, 80))


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_each_gives_another_stack_that_depends_on_seed_and_key_alone(name):
    before = KNEE.copy()
    once = perturb(KNEE, name, 1, "0042 axial")
    assert once.dtype == np.uint8
    assert once.ndim == 3
    assert once.flags.c_contiguous
    assert not np.array_equal(once, KNEE)
    assert np.array_equal(once, perturb(KNEE.copy(), name, 1, "0042 axial"))
    assert np.array_equal(KNEE, before)
    if name != "blur":
        others = [perturb(KNEE, name, 1, f"{k} axial") for k in range(9)]
        assert any(not np.array_equal(once, other) for other in others)


@pytest.mark.parametrize("name", PERTURBATIONS)
@pytest.mark.parametrize("grey", [0, 200, 255])
def test_an_empty_picture_keeps_its_grey_level(name, grey):
    stack = np.full((1, 30, 31), grey, np.uint8)
    found = perturb(stack, name)
    assert len(found) == 1
    if name != "bias_field":
        assert np.all(found == grey)


@pytest.mark.parametrize("sd", [2, 6])
def test_the_noise_of_a_picture_with_edges_is_found(sd):
    rng = np.random.default_rng(1)
    noisy = KNEE.astype(float) + rng.normal(0, sd, KNEE.shape)
    found = estimate_noise(np.clip(np.rint(noisy), 0, 255).astype(np.uint8))
    assert found == pytest.approx(np.hypot(3, sd), rel=0.1)  # the knee has noise of SD 3


def test_added_noise_is_as_strong_as_that_in_the_stack():
    change = perturb(KNEE, "noise")[MIDDLE].astype(float) - KNEE[MIDDLE]
    assert change[KNEE[MIDDLE] > 60].std() == pytest.approx(estimate_noise(KNEE), rel=0.1)


def test_a_stack_without_noise_gets_some():
    clean = ndimage.uniform_filter(KNEE, (5, 1, 1))
    clean = np.repeat(np.repeat(clean, 2, axis=1), 2, axis=2)  # no finest detail at all
    assert estimate_noise(clean) == 0
    assert not np.array_equal(perturb(clean, "noise"), clean)


def test_the_bias_field_is_smooth_and_of_the_stated_strength():
    flat = np.full((2, 80, 80), 100, np.uint8)
    field = perturb(flat, "bias_field", 3) / 100 - 1
    assert np.array_equal(field[0], field[1])
    assert np.abs(field).max() == pytest.approx(BIAS, abs=0.006)
    assert np.abs(np.diff(field, axis=1)).max() < 0.04


def test_contrast_keeps_the_order_of_the_grey_levels():
    found = perturb(KNEE, "contrast")
    order = np.argsort(KNEE, axis=None, kind="stable")
    assert np.all(np.diff(found.ravel()[order].astype(int)) >= 0)


def test_a_shift_is_one_pixel_along_rows_and_columns():
    found = perturb(KNEE, "shift")
    moved = [
        np.array_equal(np.roll(KNEE, (down, right), (1, 2))[MIDDLE], found[MIDDLE])
        for down in (-1, 1)
        for right in (-1, 1)
    ]
    assert sum(moved) == 1


def test_a_rotation_is_by_two_degrees():
    bar = np.zeros((1, 201, 201), np.uint8)
    bar[:, 99:102] = 200
    found = perturb(bar, "rotation")[0].astype(float)
    centres = (found * np.arange(201)[:, None]).sum(axis=0) / found.sum(axis=0)
    slope = np.polyfit(np.arange(40, 161), centres[40:161], 1)[0]
    assert abs(np.degrees(np.arctan(slope))) == pytest.approx(DEGREES, abs=0.1)


def test_one_slice_is_missing_and_the_others_keep_their_order():
    found = perturb(KNEE, "slice_dropped")
    left = [k for k in range(len(KNEE)) if any(np.array_equal(KNEE[k], each) for each in found)]
    assert len(left) == len(found) == len(KNEE) - 1
    assert np.array_equal(found, KNEE[left])


def test_another_spacing_shows_the_same_on_other_pixels():
    sizes = {perturb(KNEE, "spacing", seed).shape[1:] for seed in range(8)}
    assert sizes == {(round(120 * f), round(100 * f)) for f in (SPACING, 1 / SPACING)}
    found = perturb(KNEE, "spacing")
    assert found.mean() == pytest.approx(KNEE.mean(), rel=0.01)


def test_other_names_and_other_arrays_are_refused():
    with pytest.raises(ValueError, match="must be one of noise, blur, .* got 'fog'"):
        perturb(KNEE, "fog")
    with pytest.raises(TypeError, match="uint8"):
        perturb(KNEE.astype(float), "blur")
