"""Changes of grey levels by block."""

import numpy as np
import pytest

from mrnet_features.stacks.exam_slices import index_slices
from mrnet_features.stacks.joint_line import count_changes, cut_blocks


@pytest.mark.parametrize("length", [0, 1, 2, 9, 10, 23, 24, 100, 101])
@pytest.mark.parametrize("n_blocks", [9, 23])
def test_blocks_are_symmetric_and_cover_all(length, n_blocks):
    edges = cut_blocks(length, n_blocks)
    assert (edges[0], edges[-1], len(edges)) == (0, length, n_blocks + 1)
    assert (np.diff(edges) >= 0).all()
    assert np.array_equal(edges, length - edges[::-1])


def test_mirrored_and_reversed_stacks_have_mirrored_changes():
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 256, (11, 60, 210), np.uint8)
    for left, right in ((3, 206), (0, 210)):
        one = count_changes(grey, np.int32([[2, 55, left, right]]), index_slices((0,), grey))
        turned = np.ascontiguousarray(grey[::-1, :, ::-1])
        box = np.int32([[2, 55, 210 - right, 210 - left]])
        other = count_changes(turned, box, index_slices((0,), turned))
        assert np.array_equal(one, other[:, ::-1, ::-1])


def test_changes_are_those_of_runs_of_columns():
    grey = np.random.default_rng(1).integers(0, 256, (1, 9, 200), np.uint8)
    found = count_changes(grey, np.int32([[0, 9, 0, 200]]), index_slices((0,), grey))[0, 4]
    # 200 columns: a margin of 30, runs of 5, the middle block of 140 columns has edges 66 and 74
    first, end = 30 + 66, 30 + 74
    sums = [grey[0, [2, 0], x - 2 : x + 3].astype(int).sum(axis=1) for x in range(first, end)]
    assert found[11, 1] == sum(abs(below - above) for below, above in sums)
    assert not found[:, [0, 8]].any()
