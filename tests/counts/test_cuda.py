"""GPU bodies give exactly the counts of the CPU bodies.

On an emulated GPU, or on a real one with ``pytest --require-gpu``.
"""

import importlib
import pkgutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from mrnet_features import counts
from mrnet_features.arrays import to_device, to_host
from mrnet_features.counts.counting import Count
from mrnet_features.stacks.stack import Stack
from tests.support.zoo import make_stack, stacks


def find_counts():
    """All counts by name."""
    modules = [
        importlib.import_module(f"{counts.__name__}.{info.name}")
        for info in pkgutil.iter_modules(counts.__path__)
    ]
    return {
        name: item
        for module in modules
        for name, item in vars(module).items()
        if isinstance(item, Count) and item.__module__ == module.__name__
    }


COUNTS = find_counts()

# options of each count, given the number of levels
OPTIONS = {
    "binary_patterns": lambda n: [{"radius": radius} for radius in (1, 2, 3, 8)],
    "boundaries": lambda n: [{"threshold": (n + 1) // 2, "side": side} for side in (1, 2, 5)],
    "components_3d": lambda n: [{"threshold": (n + 1) // 2}, {"threshold": 0}],
    "cooccurrence": lambda n: [{"distance": distance} for distance in (1, 2, 9)],
    "dark_areas": lambda n: [{"threshold": (n + 1) // 2, "sides": (3, 5)}],
    "dark_lines": lambda n: [{"offsets": (1,)}, {"offsets": (2, 4)}],
    "distance_zones": lambda n: [{}],
    "gabor_responses": lambda n: [{"wavelength": 2.0}, {"wavelength": 4.5}],
    "haar_responses": lambda n: [{"side": 2}, {"side": 4}],
    "histogram": lambda n: [{"of": "levels"}, {"of": "grey"}],
    "laplacian_responses": lambda n: [{"sigma": 0.5}, {"sigma": 1.7}],
    "neighbourhoods": lambda n: [{}],
    "oriented_gradients": lambda n: [
        {"n_rows": 2, "n_columns": 3, "n_orientations": 9},
        {"n_rows": 7, "n_columns": 7, "n_orientations": 255},  # too many for shared memory
    ],
    "region_bounds": lambda n: [{}],
    "run_lengths": lambda n: [{}],
    "size_zones": lambda n: [{}],
    "smooth": lambda n: [{"side": side} for side in (1, 3, 7)],
    "threshold_masks": lambda n: [{"thresholds": (1, (n + 1) // 2, n)}],
    "top_hats": lambda n: [{"side": side} for side in (1, 3, 7)],
}


def compare(name, stack):
    """Count on both devices and compare the values, dtype and shape of every array."""
    count, on_device = COUNTS[name], stack.on_device("cuda")
    for options in OPTIONS[name](stack.n_levels):
        expected, found = count(stack, **options), count(on_device, **options)
        assert type(found) is type(expected) or not isinstance(expected, tuple)
        for part, what in zip(parts_of(found), parts_of(expected), strict=True):
            part = to_host(part)
            assert part.dtype == what.dtype, (name, options)
            assert part.shape == what.shape, (name, options)
            assert np.array_equal(part, what), (name, options)


def parts_of(found):
    return found if isinstance(found, tuple) else (found,)


def test_every_count_has_a_gpu_body_and_is_compared():
    assert [name for name, count in COUNTS.items() if count._gpu is None] == []
    assert set(COUNTS) == set(OPTIONS)


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.usefixtures("gpu")
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(stack=stacks())
def test_both_bodies_count_the_same(name, stack):
    levels, regions, n_levels, n_regions = stack
    if n_levels * n_regions > 1000:
        n_regions = 3  # otherwise gigabytes of zeros
        regions = regions % np.uint8(4)
    compare(name, make_stack(levels, regions, n_levels=n_levels, n_regions=n_regions))


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize(
    ("shape", "n_levels", "n_regions"),
    [((2, 70, 263), 32, 2), ((3, 131, 20), 60, 3), ((4, 1, 1), 1, 1)],
    ids=["several tiles", "more levels than fit", "one pixel"],
)
@pytest.mark.usefixtures("gpu")
def test_larger_stacks(name, shape, n_levels, n_regions):
    rng = np.random.default_rng(0)
    small = rng.integers(1, n_levels + 1, (shape[0], shape[1] // 9 + 1, shape[2] // 40 + 1))
    levels = small.repeat(9, axis=1).repeat(40, axis=2)[:, : shape[1], : shape[2]]
    noisy = rng.random(shape) < 0.1
    levels = np.where(noisy, rng.integers(1, n_levels + 1, shape), levels).astype(np.uint8)
    regions = np.zeros(shape, np.uint8)
    for region in range(1, n_regions + 1):  # large regions that touch each other and the edges
        left = (region - 1) * shape[2] // n_regions
        regions[:, : shape[1] - 3 * region + 3, left : left + shape[2] // n_regions] = region
    regions[-1] = 0
    compare(name, make_stack(levels, regions, n_levels=n_levels, n_regions=n_regions))


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("name", COUNTS)
def test_strided_and_reversed_stacks_are_copied(name):
    rng = np.random.default_rng(2)
    values, regions = (rng.integers(1, 4, (2, 8, 20)).astype(np.uint8) for _ in range(2))
    view = (slice(None), slice(None, None, -1), slice(None, None, 2))
    on_device = [to_device(part, "cuda")[view] for part in (values, regions)]
    assert not any(part.flags.c_contiguous for part in on_device)
    names = ("a", "b", "c")
    found = Stack(on_device[0], on_device[0], on_device[1], 3, names)
    expected = Stack(values[view], values[view], regions[view], 3, names)
    for options in OPTIONS[name](3):
        ours, theirs = (COUNTS[name](stack, **options) for stack in (expected, found))
        for part, what in zip(parts_of(theirs), parts_of(ours), strict=True):
            assert np.array_equal(to_host(part), what)


BAD = {
    "dtype": np.ones((1, 2, 2), np.int32),
    "one slice": np.ones((2, 2), np.uint8),
    "no slices": np.ones((0, 2, 2), np.uint8),
    "region beyond their number": np.full((1, 2, 2), 200, np.uint8),
}


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("bad", BAD)
def test_stacks_raise_the_same_errors_on_both_devices(bad):
    refusals = []
    for part in (BAD[bad], to_device(BAD[bad], "cuda")):
        with pytest.raises((TypeError, ValueError), match="must") as caught:
            Stack(part, part, part, 255)
        refusals.append((caught.type, str(caught.value)))
    assert refusals[0] == refusals[1]


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.usefixtures("watched_gpu")
@settings(max_examples=4, suppress_health_check=list(HealthCheck))
@given(stack=stacks())
def test_no_data_races(name, stack):
    levels, regions, n_levels, n_regions = stack
    n_levels, n_regions = min(n_levels, 8), min(n_regions, 3)
    levels, regions = (levels - 1) % np.uint8(8) + np.uint8(1), regions % np.uint8(4)
    compare(name, make_stack(levels, regions, n_levels=n_levels, n_regions=n_regions))


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.usefixtures("watched_gpu")
def test_no_data_races_between_tiles(name):
    rng = np.random.default_rng(4)
    levels = rng.integers(1, 4, (2, 22, 8)).repeat(3, axis=1).repeat(5, axis=2).astype(np.uint8)
    regions = np.ones_like(levels)
    regions[:, 30:, 12:] = 2
    compare(name, make_stack(levels, regions, n_levels=3, n_regions=2))
