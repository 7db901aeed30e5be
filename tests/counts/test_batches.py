"""Exams of a batch have the counts of each exam alone, whatever the origin of its window."""

import numpy as np
import pytest

from mrnet_features.arrays import to_device, to_host
from mrnet_features.counts.boundaries import boundaries
from mrnet_features.counts.components_3d import components_3d
from mrnet_features.counts.line_detector import dark_lines
from mrnet_features.counts.morphology import dark_areas
from mrnet_features.counts.region_extents import region_bounds
from tests.support.zoo import make_batch, make_stack

N_REGIONS = 2
N_SLICES = (2, 1, 4, 1)
THRESHOLDS = (90, 140, 100, 256)
ORIGINS = ((0, 0), (3, 2), (1, 5), (2, 0))  # origins of the exams in the wide window


@pytest.fixture(params=["cpu", "cuda"])
def device(request):
    if request.param == "cuda":
        request.getfixturevalue("gpu")
    return request.param


def draw(seed, n_slices):
    """Blobs that extend over all slices, in two regions with a wide margin."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 200, (1, 16, 15)).repeat(4, axis=1).repeat(4, axis=2)
    grey = (coarse + rng.integers(0, 56, (n_slices, 64, 60))).astype(np.uint8)
    grey[:, 27:30, 25:29] = 20  # a dark ring around something bright
    grey[:, 28, 26:28] = 220
    regions = np.zeros_like(grey)
    regions[:, 25:33, 22:38] = 1
    regions[1:, 33:37, 22:38] = 2
    return grey, regions


EXAMS = [draw(seed, n_slices) for seed, n_slices in enumerate(N_SLICES)]


def own_window(exam, corner):
    parts = [np.ascontiguousarray(part[:, corner[0] :, corner[1] :]) for part in exam]
    return make_stack(*parts, n_regions=N_REGIONS)


def make_wide(device, origins=ORIGINS):
    return make_batch(EXAMS, origins, n_regions=N_REGIONS).on_device(device)


def assert_equal(found, expected):
    for part, what in zip(found, expected, strict=True):
        np.testing.assert_array_equal(to_host(part), what)


def thresholds_per_slice(device):
    return to_device(np.repeat(THRESHOLDS, N_SLICES), device)


@pytest.mark.parametrize(
    ("count", "options"),
    [(boundaries, {"side": 2}), (dark_areas, {"sides": (3, 5)})],
    ids=["boundaries", "dark areas"],
)
def test_each_slice_has_its_threshold(count, options, device):
    expected = [
        count(own_window(exam, (0, 0)), threshold=threshold, **options)
        for exam, threshold in zip(EXAMS, THRESHOLDS, strict=True)
    ]
    found = count(make_wide(device), threshold=thresholds_per_slice(device), **options)
    assert_equal(found, [np.concatenate(parts) for parts in zip(*expected, strict=True)])


def test_components_do_not_cross_exams(device):
    expected = [
        components_3d(own_window(exam, corner), threshold=threshold)
        for exam, corner, threshold in zip(EXAMS, ORIGINS, THRESHOLDS, strict=True)
    ]
    found = components_3d(make_wide(device), threshold=thresholds_per_slice(device))
    owners = np.repeat(np.arange(4), [len(exam.size) for exam in expected])
    joined = [np.concatenate(parts) for parts in zip(*expected, strict=True)]
    assert_equal(found, [*joined[:4], owners, joined[5]])
    assert len(expected[0].size) > 2
    assert not len(expected[3].size)


def test_bounds_are_those_of_each_exam(device):
    expected = [
        region_bounds(own_window(exam, corner)) for exam, corner in zip(EXAMS, ORIGINS, strict=True)
    ]
    found = region_bounds(make_wide(device))
    assert_equal(found, np.concatenate(expected))
    assert found[1, 1].tolist() == [0, -1] * 3  # a region without a pixel


def test_line_centres_are_those_of_each_exam(device):
    options = {"offsets": (2, 3)}
    expected = [
        dark_lines(own_window(exam, corner), **options)
        for exam, corner in zip(EXAMS, ORIGINS, strict=True)
    ]
    found = dark_lines(make_wide(device), **options)
    assert_equal(found, [np.concatenate(parts) for parts in zip(*expected, strict=True)])
    elsewhere = dark_lines(make_wide(device, ((0, 0),) * 4), **options)
    assert not np.array_equal(to_host(elsewhere.inside), to_host(found.inside))
