"""A mirrored stack is that of the other knee; a mark moves with its pixels."""

import numpy as np
import pytest

from mrnet_features.names import PLANES
from mrnet_features.stacks.mark import SliceMark
from mrnet_features.stacks.mirror import mirror_mark, mirror_stack
from mrnet_features.stacks.region_sets import REGION_SETS

SHAPE = (3, 4, 5)


@pytest.mark.parametrize("plane", PLANES)
def test_mirrored_twice_a_stack_is_itself(plane):
    stack = np.arange(60).reshape(SHAPE)
    mirrored = mirror_stack(stack, plane)
    assert not np.array_equal(mirrored, stack)
    assert mirrored.flags.c_contiguous
    assert np.array_equal(mirror_stack(mirrored, plane), stack)


@pytest.mark.parametrize("plane", PLANES)
def test_a_mark_moves_with_its_pixels(plane):
    outline = np.zeros(SHAPE[1:], bool)
    outline[1, 3] = True
    stack = np.zeros(SHAPE, bool)
    stack[2] = outline
    mark = mirror_mark(SliceMark(2, 1.0, "knee", outline), plane, SHAPE)
    assert mirror_stack(stack, plane)[mark.slice].tolist() == mark.outline.tolist()
    band = mirror_mark(SliceMark(2, 1.0, "knee", segment=((1, 3), (0, 0))), plane, SHAPE)
    assert outline[1, 3] == mark.outline[band.segment[0]]


def test_every_pair_of_regions_lies_on_the_two_sides_of_the_knee():
    """Columns of sagittal pictures run from front to back, so no pair there is of columns."""
    for sets in REGION_SETS.values():
        for plane, found in sets.items():
            axis = "slices" if plane == "sagittal" else "columns"
            assert {box.pair for box in found.boxes} <= {"", axis}
