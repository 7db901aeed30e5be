"""Noise and sharpness have the values of pictures made with known ones."""

import itertools

import numpy as np
import pytest
from scipy import ndimage

from mrnet_features.quality.slice_checks import (
    count_levels,
    find_blank_slices,
    find_repeated_slices,
    measure_noise,
    measure_sharpness,
)


def scene(noise=0.0, sigma=0.0):
    """Squares of 16 pixels, blurred and noisy, and a foreground that is everything."""
    rng = np.random.default_rng(3)
    squares = rng.uniform(40, 200, (6, 8, 8)).repeat(16, 1).repeat(16, 2)
    stack = ndimage.gaussian_filter(squares, (0, sigma, sigma)) + rng.normal(
        0, noise, (6, 128, 128)
    )
    return np.clip(np.rint(stack), 0, 255).astype(np.uint8), np.ones(stack.shape, dtype=bool)


@pytest.mark.parametrize("sd", [1.5, 4.0, 10.0])
def test_noise_is_the_standard_deviation_in_spite_of_edges(sd):
    assert measure_noise(*scene(noise=sd, sigma=1.0)) == pytest.approx(sd, rel=0.12)


def test_noise_is_zero_on_a_gradient_and_nan_without_foreground():
    ramp = np.broadcast_to(np.arange(128, dtype=np.uint8), (3, 128, 128))
    assert measure_noise(ramp, np.ones(ramp.shape, dtype=bool)) < 0.2
    assert np.isnan(measure_noise(ramp, np.zeros(ramp.shape, dtype=bool)))


def test_sharpness_falls_with_blur_and_not_with_noise():
    values = [measure_sharpness(*scene(sigma=sigma), 0.0) for sigma in (0.5, 1.0, 2.0, 3.0)]
    assert all(after < before for before, after in itertools.pairwise(values))
    noisy = measure_sharpness(*scene(noise=5.0, sigma=2.0), 5.0)
    assert noisy == pytest.approx(values[2], abs=0.02)


def test_blur_along_one_axis_counts():
    grey, leg = scene(sigma=0.5)
    smeared = ndimage.uniform_filter1d(grey, 9, axis=1)
    expected = measure_sharpness(smeared, leg, 0.0)
    assert expected < 0.5 * measure_sharpness(grey, leg, 0.0)
    turned = measure_sharpness(np.ascontiguousarray(smeared.swapaxes(1, 2)), leg, 0.0)
    assert turned == pytest.approx(expected)


def test_sharpness_without_contrast_or_foreground_is_nan():
    grey = np.full((3, 32, 32), 50, np.uint8)
    assert np.isnan(measure_sharpness(grey, np.ones(grey.shape, dtype=bool), 0.0))
    grey, leg = scene()
    assert np.isnan(measure_sharpness(grey, ~leg, 0.0))


def test_a_few_bright_pixels_do_not_make_a_slice_show_something():
    grey = np.full((3, 64, 64), 7, np.uint8)
    grey[0, 0, :4] = 200
    grey[1, 0, :5] = 200
    grey[2, ::2] = 10
    assert find_blank_slices(count_levels(grey)).tolist() == [True, False, True]


def test_a_slice_is_compared_with_the_one_before():
    grey = np.arange(4, dtype=np.uint8)[[0, 1, 1, 0, 0]][:, None, None] * np.ones(
        (1, 2, 2), np.uint8
    )
    assert find_repeated_slices(grey).tolist() == [False, False, True, False, True]
    assert find_repeated_slices(grey[:1]).tolist() == [False]
