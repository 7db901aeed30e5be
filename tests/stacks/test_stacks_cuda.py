"""On a device the same knee is found as on the CPU, to the pixel; the device is an emulated one.

Or a real one, with ``pytest --require-gpu``.
"""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mrnet_features.arrays import to_device, to_host
from mrnet_features.stacks.exam_slices import index_slices
from mrnet_features.stacks.foreground import find_foregrounds, find_knee_boxes
from mrnet_features.stacks.joint_line import count_changes
from mrnet_features.stacks.outlines import fill_outlines

pytestmark = pytest.mark.usefixtures("gpu")


def draw_leg(rng, shape, kind):
    """Pixels of a stack: a leg in noise, with all that goes wrong, or no leg at all."""
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
        for _ in range(rng.integers(1, 6)):  # legs, specks and, where they are dark, holes and bays
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
    """Stacks of one size and one to three exams, laid end to end, and where each begins."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size = draw(st.tuples(st.integers(1, most_side), st.integers(1, most_side)))
    lengths = draw(st.lists(st.integers(1, 7), min_size=1, max_size=3))
    greys = [draw_leg(rng, (n, *size), draw(st.sampled_from(KINDS))) for n in lengths]
    return greys, tuple(np.cumsum([0, *lengths])[:-1].tolist())


def find_all(grey, starts):
    """Masks, boxes and changes, where the pixels live."""
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
    for place, grey in enumerate(greys):  # nor does it matter who lies beside whom
        alone = find_all(grey, (0,))
        start = starts[place]
        assert np.array_equal(alone[0], expected[0][start : start + len(grey)])
        assert np.array_equal(alone[1][0], expected[1][place])
        assert np.array_equal(alone[2][0], expected[2][place])


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(batches())
def test_legs_boxes_and_changes_are_the_same(batch):
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


def draw_masks(rng, shape):
    """Blobs with holes that reach over the edges, on some slices noise."""
    small = rng.random((shape[0], shape[1] // 4 + 2, shape[2] // 4 + 2))
    blobs = (small < rng.uniform(0.2, 0.8)).repeat(4, axis=1).repeat(4, axis=2)
    blobs = blobs[:, 1 : shape[1] + 1, 2 : shape[2] + 2]
    noise = rng.random(shape) < rng.choice([0.02, 0.4, 0.6])
    return blobs ^ (noise & (rng.random((shape[0], 1, 1)) < 0.5))


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(
    st.integers(0, 2**32 - 1), st.tuples(st.integers(1, 4), st.integers(1, 30), st.integers(1, 30))
)
def test_outlines_are_filled_the_same(seed, shape):
    masks = draw_masks(np.random.default_rng(seed), shape)
    assert np.array_equal(to_host(fill_outlines(to_device(masks, "cuda"))), fill_outlines(masks))


@pytest.mark.parametrize("in_shared", [True, False])
def test_outlines_that_wind_are_filled_in_either_memory(monkeypatch, in_shared):
    if not in_shared:
        monkeypatch.setattr("mrnet_features.stacks.outlines.SHARED_BYTES", 0)
        monkeypatch.setattr("mrnet_features.stacks.outlines._MOST_BLOCKS", 2)  # a block, two slices
    rings = np.zeros((3, 44, 40), bool)  # nested frames, three blocks thick and five apart
    for k in range(0, 20, 8):
        rings[:, k : 44 - k, k : 40 - k] = True
        rings[:, k + 3 : 41 - k, k + 3 : 37 - k] = False
    rings[1, 17:27] = False  # all open to the air, by more than closing shuts
    rings[2] = draw_masks(np.random.default_rng(0), (1, 44, 40))
    found = to_host(fill_outlines(to_device(rings, "cuda")))
    assert np.array_equal(found, fill_outlines(rings))
    assert found[0].all()
    assert not found[1].all()


@pytest.mark.usefixtures("watched_gpu")
@settings(max_examples=4, suppress_health_check=list(HealthCheck))
@given(batches(most_side=20))
def test_no_accesses_race(batch):
    assert_same(*batch)


@pytest.mark.usefixtures("watched_gpu")
def test_no_accesses_race_in_larger_pictures():
    rng = np.random.default_rng(5)
    assert_same([draw_leg(rng, (1, 40, 33), "leg"), draw_leg(rng, (2, 40, 33), "leg")], (0, 1))
