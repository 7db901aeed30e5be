"""Outlines filled on the CPU equal those of SciPy, and those filled on a GPU."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import ndimage

from mrnet_features.arrays import to_device, to_host
from mrnet_features.stacks.outlines import fill_outlines


def draw_masks(rng, shape):
    """Blobs with holes, cut by the edges; noise on some slices."""
    small = rng.random((shape[0], shape[1] // 4 + 2, shape[2] // 4 + 2))
    blobs = (small < rng.uniform(0.2, 0.8)).repeat(4, axis=1).repeat(4, axis=2)
    blobs = blobs[:, 1 : shape[1] + 1, 2 : shape[2] + 2]
    noise = rng.random(shape) < rng.choice([0.02, 0.4, 0.6])
    return blobs ^ (noise & (rng.random((shape[0], 1, 1)) < 0.5))


def fill_with_scipy(mask):
    """Outline of one slice, step by step."""
    wide = np.pad(mask, 3, mode="edge")
    closed = ndimage.binary_dilation(wide, iterations=2)
    closed = ndimage.binary_erosion(closed, iterations=2)[3:-3, 3:-3] | mask
    filled = ndimage.binary_fill_holes(closed)
    if min(mask.shape) > 4:
        filled = ndimage.binary_opening(filled, np.ones((3, 3)))
    labels, n = ndimage.label(filled)
    sizes = ndimage.sum_labels(filled, labels, range(n + 1))
    return filled & (4 * sizes[labels] >= sizes.max())


@settings(max_examples=200)
@given(
    st.integers(0, 2**32 - 1), st.tuples(st.integers(1, 3), st.integers(1, 40), st.integers(1, 40))
)
def test_outlines_are_those_of_scipy(seed, shape):
    masks = draw_masks(np.random.default_rng(seed), shape)
    expected = np.stack([fill_with_scipy(mask) for mask in masks])
    assert np.array_equal(fill_outlines(masks), expected)


@pytest.mark.usefixtures("gpu")
@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(
    st.integers(0, 2**32 - 1), st.tuples(st.integers(1, 4), st.integers(1, 30), st.integers(1, 30))
)
def test_outlines_are_the_same_on_both_devices(seed, shape):
    masks = draw_masks(np.random.default_rng(seed), shape)
    assert np.array_equal(to_host(fill_outlines(to_device(masks, "cuda"))), fill_outlines(masks))


@pytest.mark.usefixtures("gpu")
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
