"""Filter responses equal plain integer correlations, and symmetric taps are filtered in pairs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from mrnet_features.counts import filter_responses as responses
from mrnet_features.counts.symmetric_filters import filter_both, filter_even, halve_taps
from tests.support.zoo import make_stack

RNG = np.random.default_rng(5)


def correlate(images, taps, axis):
    """Correlation in whole numbers; the slice is padded with its edge pixels."""
    return ndimage.correlate1d(images.astype(np.int64), taps, axis=axis, mode="nearest")


def round_off(sums, bits):
    return (sums + (1 << (bits - 1)) + (sums >> 63)) >> bits


def count(values, regions, n_regions, n_values):
    return np.stack(
        [
            [
                np.bincount(values[s][regions[s] == r + 1], minlength=n_values)
                for s in range(len(values))
            ]
            for r in range(n_regions)
        ],
        axis=1,
    )


@st.composite
def pictures(draw):
    shape = draw(st.tuples(st.integers(1, 2), st.integers(1, 30), st.integers(1, 40)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    grey = rng.integers(0, 256, shape).astype(np.uint8)
    if draw(st.booleans()):
        grey[:] = rng.choice([0, 255], shape)
    regions = np.zeros(shape, np.uint8)
    top, left = rng.integers(0, shape[1]), rng.integers(0, shape[2])
    regions[:, top:, left:] = rng.integers(0, 3, regions[:, top:, left:].shape)
    return grey, regions


@given(pictures(), st.floats(0.5, 16))
@settings(max_examples=30)
def test_laplacian_equals_integer_correlations(picture, sigma):
    grey, regions = picture
    gauss, second = responses._make_laplacian_taps(sigma)
    of_gauss, of_second = (round_off(correlate(grey, taps, 2), 8) for taps in (gauss, second))
    total = round_off(correlate(of_gauss, second, 1) + correlate(of_second, gauss, 1), 16)
    values = np.clip((total + 2) >> 2, -1020, 1020) + 1020
    found = responses.laplacian_responses(make_stack(grey, regions, n_regions=2), sigma=sigma)
    assert np.array_equal(found, count(values, regions, 2, 2041))


@given(pictures(), st.floats(2, 32))
@settings(max_examples=30)
def test_gabor_equals_integer_correlations(picture, wavelength):
    grey, regions = picture
    taps = responses._make_gabor_taps(wavelength)
    gauss, even, odd, slant_even, slant_odd = taps
    rows = [round_off(correlate(grey, each, 2), 8) for each in taps]
    ee, eo = (correlate(rows[k], slant_even, 1) for k in (3, 4))
    oe, oo = (correlate(rows[k], slant_odd, 1) for k in (3, 4))
    waves = [
        (correlate(rows[1], gauss, 1), correlate(rows[2], gauss, 1)),
        (correlate(rows[0], even, 1), correlate(rows[0], odd, 1)),
        (ee - oo, oe + eo),
        (ee + oo, oe - eo),
    ]
    counted = []
    for real, imaginary in waves:
        square = round_off(real, 16) ** 2 + round_off(imaginary, 16) ** 2
        values = np.minimum((np.sqrt(square).astype(np.int64) + 2) >> 2, 1020)
        counted.append(count(values, regions, 2, 1021))
    expected = np.stack([counted[0], counted[1], counted[2] + counted[3]], axis=2)
    stack = make_stack(grey, regions, n_regions=2)
    assert np.array_equal(responses.gabor_responses(stack, wavelength=wavelength), expected)


def test_taps_are_even_or_odd():
    for sigma in np.linspace(0.5, 16, 63):
        taps = responses._make_laplacian_taps(sigma)
        assert np.array_equal(taps, taps[:, ::-1])
    sign = np.array([1, 1, -1, 1, -1])[:, None]
    for wavelength in np.linspace(2, 32, 121):
        taps = responses._make_gabor_taps(wavelength)
        # between the passes, the sum of two samples fits in 16 bits
        assert 2 * (255 * np.abs(taps).sum(axis=1).max() * 2.0**-8 + 1) < 2**15
        assert np.array_equal(taps, sign * taps[:, ::-1])


@pytest.mark.parametrize("radius", [0, 1, 4, 5, 11])
@pytest.mark.parametrize("step", [1, 7])
@pytest.mark.parametrize(("total", "most"), [(np.int32, 2**15), (np.int16, 2**14)])
def test_pairs_of_samples_give_the_sum_over_all_taps(radius, step, total, most):
    half = RNG.integers(-9000, 9000, (2, radius + 1)).astype(np.int32)
    half[1, 0] = 0
    even = np.concatenate([half[0, :0:-1], half[0]])
    odd = np.concatenate([-half[1, :0:-1], half[1]])
    halves = halve_taps(np.stack([even, odd]))
    reach = halves.shape[1] - 1
    n_pixels = 50
    image = RNG.integers(-most, most, 2 * reach * step + n_pixels).astype(np.int16)
    shifts = step * np.arange(-radius, radius + 1)
    samples = image[reach * step + np.arange(n_pixels)[:, None] + shifts].astype(np.int64)
    found = np.empty((3, n_pixels), np.int32)
    filter_even(image, reach * step, step, halves[0], found[0], total)
    filter_both(image, reach * step, step, halves[0], halves[1], found[1], found[2], total)
    expected = [(samples @ taps).astype(np.int32) for taps in (even, even, odd)]
    assert np.array_equal(found, expected)
