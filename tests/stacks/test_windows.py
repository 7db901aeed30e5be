"""Windows, boxes and extents on a GPU equal those on the CPU, and their definitions."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mrnet_features.arrays import to_device, to_host
from mrnet_features.stacks.windows import cut_windows, draw_boxes, find_extents

pytestmark = pytest.mark.usefixtures("gpu")


def draw_boxes_table(rng, n, shape):
    ends = [np.sort(rng.integers(0, size + 1, (2, n)), axis=0) for size in shape]
    ends[1] += rng.integers(-4, 5, n)  # rows may lie beyond the picture
    spans = [line for pair in ends for line in pair]
    tilts = rng.integers(-1500, 1501, (2, n)) * (rng.random(n) < 0.7)
    middles = [rng.integers(0, 2 * size, n) for size in (shape[2], shape[0])]
    return np.stack([*spans, rng.integers(1, 9, n), *tilts, *middles], 1).astype(np.int32)


def holds(box, shape):
    """Pixels of a tilted box, by its definition."""
    first, end, top, bottom, left, right, _, tilt, slice_tilt, column, depth = box.tolist()
    s, y, x = np.indices(shape)
    shift = np.floor(tilt / 1024 * (x - column / 2) + slice_tilt / 1024 * (s - depth / 2) + 0.5)
    inside = (s >= first) & (s < end) & (x >= left) & (x < right)
    return inside & (y - shift >= top) & (y - shift < bottom)


def use_windows(mask, boxes, cuts, spans):
    drawn = np.zeros((5, 6, 7), np.uint8)
    cut = np.zeros_like(drawn)
    drawn, cut = (
        (to_device(t, "cuda") if not isinstance(mask, np.ndarray) else t) for t in (drawn, cut)
    )
    draw_boxes(mask, boxes, spans, cuts, drawn)
    cut_windows(mask, cuts, cut)
    return drawn, cut, find_extents(mask, boxes, 9)


def check_windows(seed):
    rng = np.random.default_rng(seed)
    shape = (4, 11, 13)
    mask = (rng.random(shape) < 0.3).astype(np.uint8)
    boxes = draw_boxes_table(rng, 8, shape)
    cuts = rng.integers(0, (4, 6, 7, 1), (4, 4)).astype(np.int32)
    cuts[:, 3] = rng.permutation(5)[:4]
    spans = np.sort(rng.integers(0, 9, (4, 2)), axis=1).astype(np.int32)
    expected = use_windows(mask, boxes, cuts, spans)
    on_device = use_windows(to_device(mask, "cuda"), boxes, cuts, spans)
    for found, what in zip(on_device, expected, strict=True):
        assert np.array_equal(to_host(found), what)
    return mask, boxes, expected[2]


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32 - 1))
def test_windows_are_the_same_and_extents_are_those_of_the_pixels(seed):
    mask, boxes, extents = check_windows(seed)
    for k, extent in enumerate(extents):
        inside = np.zeros(mask.shape, bool)
        for box in boxes[boxes[:, 6] == k]:
            inside |= holds(box, mask.shape)
        found = np.nonzero(inside & (mask > 0))
        ends = [end for axis in found for end in (axis.min(), axis.max())] if len(found[0]) else []
        assert extent.tolist() == (ends or [2**31 - 1, -1] * 3)


def test_drawn_boxes_hold_the_pixels_between_their_tilted_rows():
    rng = np.random.default_rng(0)
    mask = np.ones((3, 20, 30), np.uint8)
    slices, zeros = np.arange(3, dtype=np.int32), np.zeros(3, np.int32)
    cuts = np.stack([slices, zeros, zeros, slices], axis=1)
    for _ in range(50):
        boxes, drawn = draw_boxes_table(rng, 1, mask.shape), np.zeros_like(mask)
        draw_boxes(mask, boxes, np.stack([zeros, zeros + 1], 1), cuts, drawn)
        assert np.array_equal(drawn, boxes[0, 6] * holds(boxes[0], mask.shape))


@pytest.mark.usefixtures("watched_gpu")
def test_no_data_races():
    for seed in range(3):
        check_windows(seed)
