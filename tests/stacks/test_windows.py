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
    return np.stack([*(line for pair in ends for line in pair), rng.integers(1, 9, n)], 1).astype(
        np.int32
    )


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
        for s, s_end, y, y_end, x, x_end, number in boxes:
            if number == k:
                inside[s:s_end, y:y_end, x:x_end] = True
        found = np.nonzero(inside & (mask > 0))
        ends = [end for axis in found for end in (axis.min(), axis.max())] if len(found[0]) else []
        assert extent.tolist() == (ends or [2**31 - 1, -1] * 3)


@pytest.mark.usefixtures("watched_gpu")
def test_no_data_races():
    for seed in range(3):
        check_windows(seed)
