"""Whatever comes in, compiled code never crashes: a clear error, or counts that add up."""

import inspect

import numpy as np
import pytest

from mrnet_features.counts.binary_patterns import patterns
from mrnet_features.counts.components_3d import pools
from mrnet_features.counts.cooccurrence import pairs
from mrnet_features.counts.distance_zone import depths
from mrnet_features.counts.filter_responses import gabor_responses, laplacian_responses
from mrnet_features.counts.haar_wavelet import haar_responses
from mrnet_features.counts.histogram import histogram
from mrnet_features.counts.neighbourhood import neighbours
from mrnet_features.counts.oriented_gradients import gradients
from mrnet_features.counts.region_extents import extents
from mrnet_features.counts.run_length import runs
from mrnet_features.counts.size_zone import zones
from mrnet_features.counts.threshold_masks import masks

LEVELS = {"n_levels": 4}
COUNTS = {
    histogram: {"n_values": 5},
    pairs: {**LEVELS, "distance": 1},
    runs: LEVELS,
    zones: LEVELS,
    depths: LEVELS,
    neighbours: LEVELS,
    patterns: {"radius": 1},
    gradients: {"n_rows": 2, "n_columns": 3, "n_orientations": 9},
    masks: {**LEVELS, "thresholds": (2, 3)},
    pools: {"threshold": 3},
    laplacian_responses: {"sigma": 1.0},
    gabor_responses: {"wavelength": 4.0},
    haar_responses: {"side": 2},
}
GOOD = np.ones((2, 4, 5), np.uint8)


def name_of(item):
    return getattr(item, "__name__", str(item))


@pytest.mark.parametrize("count", COUNTS, ids=name_of)
@pytest.mark.parametrize(
    ("values", "regions", "error"),
    [
        (GOOD.astype(np.uint16), GOOD, TypeError),
        (GOOD.astype(float), GOOD, TypeError),
        (GOOD * np.nan, GOOD, TypeError),
        (GOOD, GOOD.astype(bool), TypeError),
        (GOOD.tolist(), GOOD, TypeError),
        (None, GOOD, TypeError),
        (GOOD[0], GOOD[0], ValueError),
        (GOOD[0, 0], GOOD[0, 0], ValueError),
        (GOOD[:0], GOOD[:0], ValueError),
        (GOOD[:, :, :0], GOOD[:, :, :0], ValueError),
        (GOOD, GOOD[:1], ValueError),
        (GOOD, GOOD + np.uint8(1), ValueError),
    ],
)
def test_bad_arrays_are_refused(count, values, regions, error):
    with pytest.raises(error, match="must"):
        count(values, regions, n_regions=1, **COUNTS[count])


@pytest.mark.parametrize("count", COUNTS, ids=name_of)
@pytest.mark.parametrize("n_regions", [0, -1, 256])
def test_bad_numbers_of_regions_are_refused(count, n_regions):
    with pytest.raises(ValueError, match="must"):
        count(GOOD, GOOD, n_regions=n_regions, **COUNTS[count])


@pytest.mark.parametrize("count", [pairs, runs, zones, depths, neighbours, masks], ids=name_of)
@pytest.mark.parametrize("n_levels", [0, -3, 256, 300])
def test_bad_numbers_of_levels_are_refused(count, n_levels):
    with pytest.raises(ValueError, match="must"):
        count(GOOD, GOOD, n_regions=1, **{**COUNTS[count], "n_levels": n_levels})


@pytest.mark.parametrize("count", [pairs, runs, zones, depths, neighbours, masks], ids=name_of)
@pytest.mark.parametrize("level", [0, 5, 255])
def test_levels_beyond_their_number_are_refused(count, level):
    with pytest.raises(ValueError, match="must lie in 1"):
        count(GOOD * np.uint8(level), GOOD, n_regions=1, **COUNTS[count])


@pytest.mark.parametrize(
    ("count", "option", "value"),
    [
        (histogram, "n_values", 0),
        (histogram, "n_values", 257),
        (pairs, "distance", 0),
        (patterns, "radius", 0),
        (patterns, "radius", 9),
        (gradients, "n_rows", 0),
        (gradients, "n_orientations", 256),
        (masks, "thresholds", ()),
        (laplacian_responses, "sigma", 0.0),
        (laplacian_responses, "sigma", float("nan")),
        (gabor_responses, "wavelength", 1.0),
        (haar_responses, "side", 3),
    ],
)
def test_bad_parameters_are_refused(count, option, value):
    with pytest.raises(ValueError, match=f"`{option}` must|must be at least 1"):
        count(GOOD, GOOD, n_regions=1, **{**COUNTS[count], option: value})


def test_every_count_is_fuzzed():
    assert {inspect.signature(count).parameters["n_regions"].name for count in COUNTS} == {
        "n_regions"
    }
    assert extents(GOOD, n_regions=1).shape == (2, 1, 5)


def test_ten_thousand_random_inputs():
    rng = np.random.default_rng(0)
    dtypes = [np.uint8] * 28 + [np.uint16, np.int8, np.float32, bool]
    refused, unclear = 0, []
    for k in range(10_000):
        shape = tuple(rng.integers(0 if k % 10 == 0 else 1, 8, rng.choice([3] * 12 + [2, 1])))
        other = shape if rng.random() < 0.95 else tuple(rng.integers(0, 8, 3))
        values = rng.integers(0, rng.choice([2, 4, 6, 255]), shape).astype(rng.choice(dtypes))
        regions = rng.integers(0, rng.choice([1, 2, 3, 4, 9]), other).astype(rng.choice(dtypes))
        if rng.random() < 0.9 and values.dtype == np.uint8:
            values = np.clip(values, 1, 4)
        if rng.random() < 0.3:
            values, regions = np.asfortranarray(values), regions[..., ::-1]
        count = list(COUNTS)[k % len(COUNTS)]
        try:
            found = count(values, regions, n_regions=int(rng.integers(0, 9)), **COUNTS[count])
        except (TypeError, ValueError) as error:
            refused += 1
            unclear += [] if "must" in str(error) else [str(error)]
            continue
        for part in found if isinstance(found, tuple) else (found,):
            assert part.min(initial=0) >= 0
    assert not unclear
    assert 1_000 < refused < 8_000
