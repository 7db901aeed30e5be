"""Bad stacks and options raise clear errors before compiled code runs."""

import numpy as np
import pytest

from mrnet_features.counts.binary_patterns import binary_patterns
from mrnet_features.counts.boundaries import boundaries
from mrnet_features.counts.components_3d import components_3d
from mrnet_features.counts.cooccurrence import cooccurrence
from mrnet_features.counts.distance_zone import distance_zones
from mrnet_features.counts.filter_responses import gabor_responses, laplacian_responses
from mrnet_features.counts.haar_wavelet import haar_responses
from mrnet_features.counts.histogram import histogram
from mrnet_features.counts.line_detector import dark_lines
from mrnet_features.counts.morphology import dark_areas
from mrnet_features.counts.neighbourhood import neighbourhoods
from mrnet_features.counts.oriented_gradients import oriented_gradients
from mrnet_features.counts.region_extents import region_bounds, region_extents
from mrnet_features.counts.run_length import run_lengths
from mrnet_features.counts.size_zone import size_zones
from mrnet_features.counts.smoothing import smooth
from mrnet_features.counts.threshold_masks import threshold_masks
from mrnet_features.counts.top_hats import top_hats
from mrnet_features.stacks.stack import Stack
from tests.counts.test_cuda import COUNTS as ALL_COUNTS

COUNTS = {
    binary_patterns: {"radius": 1},
    boundaries: {"threshold": 3, "side": 2},
    components_3d: {"threshold": 3},
    cooccurrence: {"distance": 1},
    dark_areas: {"threshold": 3, "sides": (3,)},
    dark_lines: {"offsets": (1,)},
    distance_zones: {},
    gabor_responses: {"wavelength": 4.0},
    haar_responses: {"side": 2},
    histogram: {"of": "levels"},
    laplacian_responses: {"sigma": 1.0},
    neighbourhoods: {},
    oriented_gradients: {"n_rows": 2, "n_columns": 3, "n_orientations": 9},
    region_bounds: {},
    region_extents: {},
    run_lengths: {},
    size_zones: {},
    smooth: {"side": 3},
    threshold_masks: {"thresholds": (2, 3)},
    top_hats: {"side": 3},
}
GOOD = np.ones((2, 4, 5), np.uint8)


def name_of(item):
    return getattr(item, "__name__", str(item))


def test_every_count_is_tested():
    assert set(ALL_COUNTS.values()) <= set(COUNTS)


@pytest.mark.parametrize("count", ALL_COUNTS.values(), ids=name_of)
def test_arrays_instead_of_a_stack_are_refused(count):
    with pytest.raises(TypeError, match="must get one Stack and keyword options, got ndarray"):
        count(GOOD, **COUNTS[count])
    with pytest.raises(TypeError, match="got nothing"):
        count(**COUNTS[count])


@pytest.mark.parametrize(
    ("count", "option", "value"),
    [
        (binary_patterns, "radius", 0),
        (binary_patterns, "radius", 9),
        (boundaries, "side", 0),
        (cooccurrence, "distance", 0),
        (dark_areas, "sides", ()),
        (dark_areas, "sides", (2,)),
        (dark_lines, "offsets", ()),
        (dark_lines, "offsets", (0,)),
        (gabor_responses, "wavelength", 1.0),
        (haar_responses, "side", 3),
        (histogram, "of", "regions"),
        (laplacian_responses, "sigma", 0.0),
        (laplacian_responses, "sigma", float("nan")),
        (oriented_gradients, "n_rows", 0),
        (oriented_gradients, "n_orientations", 256),
        (smooth, "side", 2),
        (smooth, "side", 257),
        (top_hats, "side", 2),
        (top_hats, "side", 257),
        (threshold_masks, "thresholds", ()),
    ],
)
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_bad_options_are_refused(request, device, count, option, value):
    if device == "cuda":
        request.getfixturevalue("gpu")
    stack = Stack(GOOD, GOOD, GOOD, n_levels=1).on_device(device)
    with pytest.raises(ValueError, match=f"`{option}` must|must be at least 1"):
        count(stack, **{**COUNTS[count], option: value})


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
        names = tuple(f"r{r}" for r in range(rng.integers(0, 9)))
        try:
            stack = Stack(values, values, regions, 4, names)
            found = count(stack, **COUNTS[count])
        except (TypeError, ValueError) as error:
            refused += 1
            unclear += [] if "must" in str(error) else [str(error)]
            continue
        for part in found if isinstance(found, tuple) else (found,):
            assert part.dtype.kind in "iu"
            # boxes of empty regions end at -1; holes may be dark in another region
            assert part.min(initial=0) >= 0 or count in {region_bounds, dark_areas}
    assert not unclear
    assert 1_000 < refused < 8_000
