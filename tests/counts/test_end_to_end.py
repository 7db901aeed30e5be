"""Exams laid end to end are counted as each by itself, wherever its window begins."""

import numpy as np
import pytest

from mrnet_features.arrays import to_device, to_host
from mrnet_features.counts.boundaries import rims
from mrnet_features.counts.components_3d import pools
from mrnet_features.counts.inputs import spread_threshold
from mrnet_features.counts.line_detector import bands
from mrnet_features.counts.morphology import wedges
from mrnet_features.counts.region_extents import bounds
from mrnet_features.stacks.slices import count_slices

N_REGIONS = 2
N_SLICES = (2, 1, 4, 1)
STARTS = (0, 2, 3, 7)
THRESHOLDS = (90, 140, 100, 256)
CORNERS = ((0, 0), (3, 2), (1, 5), (2, 0))  # where each exam's own window begins in the wide one


@pytest.fixture(params=["cpu", "cuda"])
def device(request):
    if request.param == "cuda":
        request.getfixturevalue("gpu")
    return request.param


def draw(seed, n_slices):
    """Blobs that go on from slice to slice, in two regions amid a wide margin."""
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
WIDE = [np.concatenate(parts) for parts in zip(*EXAMS, strict=True)]


def own_window(exam, corner):
    return [np.ascontiguousarray(part[:, corner[0] :, corner[1] :]) for part in exam]


def assert_equal(found, expected):
    for part, what in zip(found, expected, strict=True):
        np.testing.assert_array_equal(to_host(part), what)


def per_slice(thresholds, device):
    return to_device(np.repeat(thresholds, count_slices(STARTS, sum(N_SLICES))), device)


@pytest.mark.parametrize(
    ("count", "options"), [(rims, {"side": 2}), (wedges, {"sides": (3, 5)})], ids=["rims", "wedges"]
)
def test_each_slice_has_its_threshold(count, options, device):
    expected = [
        count(*exam, threshold=threshold, n_regions=N_REGIONS, **options)
        for exam, threshold in zip(EXAMS, THRESHOLDS, strict=True)
    ]
    found = count(
        *(to_device(part, device) for part in WIDE),
        threshold=per_slice(THRESHOLDS, device),
        n_regions=N_REGIONS,
        **options,
    )
    assert_equal(found, [np.concatenate(parts) for parts in zip(*expected, strict=True)])


def test_pools_end_with_their_exam(device):
    expected = [
        pools(*own_window(exam, corner), threshold=threshold, n_regions=N_REGIONS)
        for exam, corner, threshold in zip(EXAMS, CORNERS, THRESHOLDS, strict=True)
    ]
    found = pools(
        *(to_device(part, device) for part in WIDE),
        threshold=per_slice(THRESHOLDS, device),
        n_regions=N_REGIONS,
        starts=STARTS,
        origins=CORNERS,
    )
    owners = np.repeat(np.arange(4), [len(exam.size) for exam in expected])
    joined = [np.concatenate(parts) for parts in zip(*expected, strict=True)]
    assert_equal(found, [*joined[:-1], owners])
    assert len(expected[0].size) > 2
    assert not len(expected[3].size)


def test_bounds_are_those_of_each_exam(device):
    expected = [
        bounds(own_window(exam, corner)[1], n_regions=N_REGIONS)
        for exam, corner in zip(EXAMS, CORNERS, strict=True)
    ]
    found = bounds(to_device(WIDE[1], device), n_regions=N_REGIONS, starts=STARTS, origins=CORNERS)
    assert_equal(found, np.concatenate(expected))
    assert found[1, 1].tolist() == [0, -1] * 3  # a region without a pixel


def test_bands_are_sought_in_the_same_places(device):
    options = {"n_regions": N_REGIONS, "offsets": (2, 3)}
    expected = [
        bands(*own_window(exam, corner), **options)
        for exam, corner in zip(EXAMS, CORNERS, strict=True)
    ]
    on_device = [to_device(part, device) for part in WIDE]
    found = bands(*on_device, **options, starts=STARTS, origins=CORNERS)
    assert_equal(found, [np.concatenate(parts) for parts in zip(*expected, strict=True)])
    elsewhere = bands(*on_device, **options, starts=STARTS)
    assert not np.array_equal(to_host(elsewhere.inside), to_host(found.inside))


def test_thresholds_are_one_or_one_a_slice():
    grey = WIDE[0]
    assert spread_threshold(7, grey).tolist() == [7] * len(grey)
    with pytest.raises(ValueError, match=r"`threshold` must be one number, or one for each of the"):
        spread_threshold(np.arange(3), grey)
