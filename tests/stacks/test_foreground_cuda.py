"""Foreground, knee box and changes are the same on a GPU as on the CPU.

On an emulated GPU, or on a real one with ``pytest --require-gpu``.
"""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mrnet_features.arrays import to_device, to_host
from mrnet_features.stacks.exam_slices import index_slices
from mrnet_features.stacks.foreground import find_foregrounds, find_knee_boxes
from mrnet_features.stacks.joint_line import count_changes

pytestmark = pytest.mark.usefixtures("gpu")


def draw_leg(rng, shape, kind):
    """A leg in noise with specks, holes and bays; or a stack without a leg."""
    _, height, width = shape
    if kind == "constant":
        return np.full(shape, rng.integers(0, 256), np.uint8)
    if kind == "noise":
        return rng.integers(0, 256, shape, np.uint8)
    if kind == "dark":
        return rng.integers(0, 3, shape).astype(np.uint8)
    y, x = np.mgrid[:height, :width]
    grey = np.zeros(shape)
    for plane in grey:
        for _ in range(rng.integers(1, 6)):  # legs and specks; holes and bays where dark
            row, column = rng.uniform(-0.1, 1.1, 2) * (height, width)
            radius = rng.uniform(0.02, 0.6) * max(height, width)
            disk = np.hypot(y - row, (x - column) * rng.uniform(0.5, 2)) < radius
            plane[disk] = rng.choice([0, 2, 20, 90, 200, 255])
    if kind == "saturated":
        grey *= 9
    noise = rng.normal(0, rng.choice([0, 2, 15]), shape)
    return np.clip(grey + noise, 0, 255).astype(np.uint8)


KINDS = ("leg", "leg", "leg", "saturated", "noise", "constant", "dark")


@st.composite
def batches(draw, most_side=90):
    """Stacks of one to three exams of one picture size, and their first slices in a batch."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size = draw(st.tuples(st.integers(1, most_side), st.integers(1, most_side)))
    lengths = draw(st.lists(st.integers(1, 7), min_size=1, max_size=3))
    greys = [draw_leg(rng, (n, *size), draw(st.sampled_from(KINDS))) for n in lengths]
    return greys, tuple(np.cumsum([0, *lengths])[:-1].tolist())


def find_all(grey, starts):
    """Masks, knee boxes and changes, on the device of the pixels."""
    slices = index_slices(starts, grey)
    found = find_foregrounds(grey, slices)
    boxes = find_knee_boxes(found.view(np.uint8), slices)
    return found, boxes, count_changes(grey, boxes, slices)


def assert_same(greys, starts):
    together = np.concatenate(greys)
    expected = find_all(together, starts)
    for found, what in zip(find_all(to_device(together, "cuda"), starts), expected, strict=True):
        found = to_host(found)
        assert (found.dtype, found.shape) == (what.dtype, what.shape)
        assert np.array_equal(found, what)
    for index, grey in enumerate(greys):  # other exams of the batch make no difference
        alone = find_all(grey, (0,))
        start = starts[index]
        assert np.array_equal(alone[0], expected[0][start : start + len(grey)])
        assert np.array_equal(alone[1][0], expected[1][index])
        assert np.array_equal(alone[2][0], expected[2][index])


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(batches())
def test_random_batches_are_the_same_on_both_devices(batch):
    assert_same(*batch)


@pytest.mark.parametrize("shape", [(2, 128, 131), (1, 193, 150), (2, 256, 256), (1, 64, 300)])
def test_larger_pictures(shape):
    rng = np.random.default_rng(shape[1])
    greys = [draw_leg(rng, shape, kind) for kind in ("leg", "constant", "leg")]
    assert_same(greys, (0, shape[0], 2 * shape[0]))


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 9), (2, 7, 1), (1, 2, 3), (3, 9, 7)])
def test_tiny_pictures(shape):
    rng = np.random.default_rng(shape[0])
    assert_same([draw_leg(rng, shape, kind) for kind in ("noise", "leg")], (0, shape[0]))


@pytest.mark.usefixtures("watched_gpu")
@settings(max_examples=4, suppress_health_check=list(HealthCheck))
@given(batches(most_side=20))
def test_no_data_races(batch):
    assert_same(*batch)


@pytest.mark.usefixtures("watched_gpu")
def test_no_data_races_in_larger_pictures():
    rng = np.random.default_rng(5)
    assert_same([draw_leg(rng, (1, 40, 33), "leg"), draw_leg(rng, (2, 40, 33), "leg")], (0, 1))
