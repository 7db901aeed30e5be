"""Compiled counts equal the plain loops of tests/support/reference.py on random stacks."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrnet_features.counts.binary_patterns import binary_patterns
from mrnet_features.counts.cooccurrence import cooccurrence
from mrnet_features.counts.distance_zone import distance_zones
from mrnet_features.counts.histogram import histogram
from mrnet_features.counts.neighbourhood import neighbourhoods
from mrnet_features.counts.run_length import run_lengths
from mrnet_features.counts.size_zone import size_zones
from tests.support import reference
from tests.support.zoo import make_stack, stacks


@given(stacks())
def test_histogram(stack):
    levels, regions, n_levels, n_regions = stack
    made = make_stack(levels, regions, n_levels=n_levels, n_regions=n_regions)
    options = {"n_values": 256, "n_regions": n_regions}
    expected = reference.histogram(levels, regions, **options)
    assert np.array_equal(histogram(made), expected)
    assert np.array_equal(histogram(made, of="levels"), expected[..., 1 : n_levels + 1])


@given(stacks())
def test_cooccurrence(stack):
    levels, regions, n_levels, n_regions = stack
    if n_levels * n_regions > 1000:
        return  # a few gigabytes of zeros
    for distance in (1, 2, 9):
        options = {"n_levels": n_levels, "n_regions": n_regions}
        expected = reference.cooccurrence(levels, regions, **options, distance=distance)
        ours = cooccurrence(make_stack(levels, regions, **options), distance=distance)
        assert np.array_equal(ours, expected)


@given(stacks())
def test_run_lengths(stack):
    levels, regions, n_levels, n_regions = stack
    options = {"n_levels": n_levels, "n_regions": n_regions}
    ours = run_lengths(make_stack(levels, regions, **options))
    expected = reference.run_lengths(levels, regions, **options)
    longest = ours.shape[-1]
    assert np.array_equal(ours, expected[..., :longest])
    assert not expected[..., longest:].any()


@given(stacks())
def test_size_zones(stack):
    levels, regions, n_levels, n_regions = stack
    ours = size_zones(make_stack(levels, regions, n_levels=n_levels, n_regions=n_regions))
    sizes, by_level = Counter(), Counter()
    for (s, r, i, size, _), number in reference.size_zones(levels, regions).items():
        sizes[s, r, i, size] += number
        by_level[s, r - 1, i - 1] += number
    cells = {}
    for s, r, k in np.argwhere(ours.number):
        level, size, number = (int(part[s, r, k]) for part in ours[:3])
        assert (s, r + 1, level, size) not in cells
        cells[int(s), int(r) + 1, level, size] = number
    assert cells == dict(sizes)
    assert cells_of(ours.by_level) == dict(by_level)
    assert np.array_equal(ours.n_pixels, pixels_of(regions, n_regions))


@given(stacks())
def test_distance_zones(stack):
    levels, regions, n_levels, n_regions = stack
    ours = distance_zones(make_stack(levels, regions, n_levels=n_levels, n_regions=n_regions))
    expected = Counter()
    for (s, r, i, _, distance), number in reference.size_zones(levels, regions).items():
        expected[s, r - 1, i - 1, int(distance) - 1] += number
    assert cells_of(ours.distances) == dict(expected)
    assert np.array_equal(ours.n_pixels, pixels_of(regions, n_regions))


def cells_of(counts):
    return {tuple(map(int, k)): int(counts[tuple(k)]) for k in np.argwhere(counts)}


def pixels_of(regions, n_regions):
    return np.stack([np.sum(regions == r + 1, axis=(1, 2)) for r in range(n_regions)], axis=-1)


@given(stacks())
def test_neighbourhoods(stack):
    levels, regions, n_levels, n_regions = stack
    options = {"n_levels": n_levels, "n_regions": n_regions}
    expected = reference.neighbourhoods(levels, regions, **options)
    ours = neighbourhoods(make_stack(levels, regions, **options))
    for part, what in zip(ours, expected, strict=True):
        assert np.array_equal(part, what)


@given(stacks(), st.integers(1, 8))
def test_binary_patterns(stack, radius):
    levels, regions, _, n_regions = stack
    expected = reference.binary_patterns(levels, regions, radius=radius, n_regions=n_regions)
    ours = binary_patterns(make_stack(levels, regions, n_regions=n_regions), radius=radius)
    assert np.array_equal(ours, expected)


@pytest.mark.parametrize("radius", range(1, 9))
def test_binary_patterns_of_each_radius(radius):
    rng = np.random.default_rng(radius)
    grey = rng.integers(0, 256, (2, 21, 75), np.uint8)
    grey[1] = np.arange(75) * 3  # edges, of which most patterns are uniform
    regions = np.repeat(np.uint8([1, 1, 1, 0, 2]), 15) * np.ones_like(grey)
    regions[:, :2, 5] = 0
    expected = reference.binary_patterns(grey, regions, radius=radius, n_regions=2)
    assert expected[:, 0].any(axis=1).all()
    ours = binary_patterns(make_stack(grey, regions, n_regions=2), radius=radius)
    assert np.array_equal(ours, expected)
