"""Compiled counts equal the plain loops of tests/support/reference.py, on stacks of every kind."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mrnet_features.counts.binary_patterns import patterns
from mrnet_features.counts.cooccurrence import pairs
from mrnet_features.counts.distance_zone import depths
from mrnet_features.counts.histogram import histogram
from mrnet_features.counts.neighbourhood import neighbours
from mrnet_features.counts.run_length import runs
from mrnet_features.counts.size_zone import zones
from tests.support import reference
from tests.support.zoo import stacks


@given(stacks())
def test_histogram(stack):
    levels, regions, n_levels, n_regions = stack
    options = {"n_values": n_levels + 1, "n_regions": n_regions}
    expected = reference.histogram(levels, regions, **options)
    assert np.array_equal(histogram(levels, regions, **options), expected)


@given(stacks())
def test_pairs(stack):
    levels, regions, n_levels, n_regions = stack
    if n_levels * n_regions > 1000:
        return  # a few gigabytes of zeros
    for distance in (1, 2, 9):
        options = {"n_levels": n_levels, "n_regions": n_regions, "distance": distance}
        expected = reference.pairs(levels, regions, **options)
        assert np.array_equal(pairs(levels, regions, **options), expected)


@given(stacks())
def test_runs(stack):
    levels, regions, n_levels, n_regions = stack
    options = {"n_levels": n_levels, "n_regions": n_regions}
    ours, expected = runs(levels, regions, **options), reference.runs(levels, regions, **options)
    longest = ours.shape[-1]
    assert np.array_equal(ours, expected[..., :longest])
    assert not expected[..., longest:].any()


@given(stacks())
def test_zones(stack):
    levels, regions, n_levels, n_regions = stack
    ours = zones(levels, regions, n_levels=n_levels, n_regions=n_regions)
    sizes, by_level = Counter(), Counter()
    for (s, r, i, size, _), number in reference.zones(levels, regions).items():
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
def test_depths(stack):
    levels, regions, n_levels, n_regions = stack
    ours = depths(levels, regions, n_levels=n_levels, n_regions=n_regions)
    expected = Counter()
    for (s, r, i, _, distance), number in reference.zones(levels, regions).items():
        expected[s, r - 1, i - 1, int(distance) - 1] += number
    assert cells_of(ours.distances) == dict(expected)
    assert np.array_equal(ours.n_pixels, pixels_of(regions, n_regions))


def cells_of(counts):
    return {tuple(map(int, k)): int(counts[tuple(k)]) for k in np.argwhere(counts)}


def pixels_of(regions, n_regions):
    return np.stack([np.sum(regions == r + 1, axis=(1, 2)) for r in range(n_regions)], axis=-1)


@given(stacks())
def test_neighbours(stack):
    levels, regions, n_levels, n_regions = stack
    options = {"n_levels": n_levels, "n_regions": n_regions}
    expected = reference.neighbours(levels, regions, **options)
    for part, what in zip(neighbours(levels, regions, **options), expected, strict=True):
        assert np.array_equal(part, what)


@given(stacks(), st.sampled_from([1, 2, 3]))
def test_patterns(stack, radius):
    levels, regions, _, n_regions = stack
    expected = reference.patterns(levels, regions, radius=radius, n_regions=n_regions)
    ours = patterns(levels, regions, radius=radius, n_regions=n_regions)
    assert np.array_equal(ours, expected)
