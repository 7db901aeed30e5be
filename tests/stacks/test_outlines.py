"""Outlines filled on a GPU equal those filled on the CPU."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mrnet_features.arrays import to_device, to_host
from mrnet_features.stacks.outlines import fill_outlines

pytestmark = pytest.mark.usefixtures("gpu")


def draw_masks(rng, shape):
    """Blobs with holes, cut by the edges; noise on some slices."""
    small = rng.random((shape[0], shape[1] // 4 + 2, shape[2] // 4 + 2))
    blobs = (small < rng.uniform(0.2, 0.8)).repeat(4, axis=1).repeat(4, axis=2)
    blobs = blobs[:, 1 : shape[1] + 1, 2 : shape[2] + 2]
    noise = rng.random(shape) < rng.choice([0.02, 0.4, 0.6])
    return blobs ^ (noise & (rng.random((shape[0], 1, 1)) < 0.5))


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(
    st.integers(0, 2**32 - 1), st.tuples(st.integers(1, 4), st.integers(1, 30), st.integers(1, 30))
)
def test_outlines_are_the_same_on_both_devices(seed, shape):
    masks = draw_masks(np.random.default_rng(seed), shape)
    assert np.array_equal(to_host(fill_outlines(to_device(masks, "cuda"))), fill_outlines(masks))


@pytest.mark.parametrize("in_shared", [True, False])
def test_nested_frames_are_filled_in_shared_and_global_memory(monkeypatch, in_shared):
    if not in_shared:
        monkeypatch.setattr("mrnet_features.stacks.outlines.SHARED_BYTES", 0)
        monkeypatch.setattr("mrnet_features.stacks.outlines._MAX_BLOCKS", 2)  # two slices each
    rings = np.zeros((3, 44, 40), bool)  # nested frames, three blocks thick and five apart
    for k in range(0, 20, 8):
        rings[:, k : 44 - k, k : 40 - k] = True
        rings[:, k + 3 : 41 - k, k + 3 : 37 - k] = False
    rings[1, 17:27] = False  # all open to the outside, too wide for the closing
    rings[2] = draw_masks(np.random.default_rng(0), (1, 44, 40))
    found = to_host(fill_outlines(to_device(rings, "cuda")))
    assert np.array_equal(found, fill_outlines(rings))
    assert found[0].all()
    assert not found[1].all()
