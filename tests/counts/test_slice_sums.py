"""Sums over the slices of each exam against plain sums, on both devices."""

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mrnet_features.arrays import to_device, to_host
from mrnet_features.counts.slice_sums import sum_slices


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("device", ["cpu", "cuda"])
@settings(suppress_health_check=list(HealthCheck))
@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=6),
    shape=st.sampled_from([(), (1,), (3,), (2, 300), (2, 0), (3, 4, 5)]),
    dtype=st.sampled_from([np.int32, np.int64, np.uint8, np.uint16, np.uint32]),
    is_strided=st.booleans(),
    seed=st.integers(0, 999),
)
def test_sums_are_those_of_each_exam(device, lengths, shape, dtype, is_strided, seed):
    n_slices = sum(lengths)
    most = min(np.iinfo(dtype).max, 2**40)
    counts = np.random.default_rng(seed).integers(0, most, (n_slices, *shape), dtype, endpoint=True)
    edges = np.cumsum([0, *lengths])
    expected = [counts[first:end].sum(0, np.int64) for first, end in itertools.pairwise(edges)]
    there = to_device(counts, device)
    if is_strided:
        there = to_device(counts[::-1], device)[::-1]
    found = to_host(sum_slices(there, tuple(edges[:-1].tolist())))
    assert found.dtype == np.int64
    assert found.tolist() == np.stack(expected).tolist()
