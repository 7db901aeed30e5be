"""Otsu thresholds equal those of scikit-image; logarithms are the same on both devices."""

import array_api_strict
import numpy as np
import pytest
from skimage.filters import threshold_otsu

from mrnet_features.arrays import to_device, to_host
from mrnet_features.stacks.otsu import find_brightness, find_thresholds


def draw_histograms(seed, n):
    """Histograms: wide, narrow, with few values, symmetric, with many ties."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, rng.choice([2, 10, 1000, 60000], (n, 1)), (n, 256))
    counts *= rng.random((n, 256)) < rng.choice([0.01, 0.1, 1.0], (n, 1))
    first, last = np.sort(rng.integers(0, 256, (2, n, 1)), axis=0)
    counts[(np.arange(256) < first) | (np.arange(256) > last)] = 0
    counts[::5] = counts[::5, ::-1] + counts[::5]
    counts[np.arange(n), first[:, 0]] += 1
    return counts.astype(np.int64)


def test_thresholds_are_those_of_scikit_image():
    counts = draw_histograms(0, 3000)
    found = find_thresholds(counts)
    values = np.arange(256, dtype=np.uint8)
    for row, threshold in zip(counts, found, strict=True):
        pixels = values.repeat(row)
        assert threshold == threshold_otsu(pixels)


@pytest.mark.usefixtures("gpu")
def test_thresholds_are_the_same_on_a_gpu():
    counts = draw_histograms(1, 500)
    expected = find_thresholds(counts)
    assert np.array_equal(to_host(find_thresholds(to_device(counts, "cuda"))), expected)


def test_thresholds_use_only_the_array_api():
    counts = draw_histograms(2, 50)
    found = find_thresholds(array_api_strict.asarray(counts))
    assert np.array_equal(np.asarray(found), find_thresholds(counts))


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("areas", [[[1]], [[16]], [[4, 6], [6, 9]], [[30, 25, 30]]])
def test_brightness_is_the_same_to_the_last_bit(areas):
    areas = np.array(areas)
    rng = np.random.default_rng(areas.size)
    sums = (rng.random((50, *areas.shape)) * (255 * areas + 1)).astype(np.uint32)
    sums[0], sums[1] = 0, 255 * areas
    expected = find_brightness(sums, areas)
    for found, what in zip(find_brightness(to_device(sums, "cuda"), areas), expected, strict=True):
        assert np.array_equal(to_host(found), what)
