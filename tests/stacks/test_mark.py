"""Marks: outlines of regions, their order, and pictures of values."""

import numpy as np

from mrnet_features.stacks.mark import SliceMark, outline_regions, paint_values, sort_marks

REGIONS = np.uint8([[[1, 1, 2, 0]], [[0, 2, 2, 0]]])


def test_each_region_of_each_slice_has_a_mark_of_its_own_pixels():
    pixels = np.array([[[True, False, True, True]], [[True, True, False, False]]])
    values = np.array([[0.1, 0.2], [0.3, 0.4]])
    marks = outline_regions(REGIONS, ("left", "right"), pixels, values)
    assert [(m.slice, m.region, m.value) for m in marks] == [
        (0, "left", 0.1),
        (0, "right", 0.2),
        (1, "right", 0.4),  # the left region has no pixel on this slice
    ]
    assert [np.flatnonzero(m.outline).tolist() for m in marks] == [[0], [2], [1]]
    assert all(m.segment is None for m in marks)


def test_a_slice_without_pixel_is_marked_only_if_it_has_a_value():
    none = np.zeros(REGIONS.shape, bool)
    values = np.array([[np.nan, 0.0], [np.nan, np.nan]])
    marks = outline_regions(REGIONS, ("left", "right"), none, values)
    assert [(m.slice, m.region) for m in marks] == [(0, "right")]


def test_marks_are_sorted_by_pixels_or_by_value():
    sizes, values = (2, 3, 3, 1), (0.1, 0.2, 0.3, 0.9)
    marks = [
        SliceMark(s, value, "knee", np.arange(4)[None] < size)
        for s, (size, value) in enumerate(zip(sizes, values, strict=True))
    ]
    assert [m.slice for m in sort_marks(marks, 7)] == [2, 1, 0, 3]  # slice 3 is in the middle
    assert [m.slice for m in sort_marks(marks, 7, by_value=True)] == [3, 2, 1, 0]


def test_values_are_painted_into_their_regions():
    values = np.array([[True, False], [False, True]])
    painted = paint_values(REGIONS, values, False)
    assert painted.dtype == bool
    assert painted.astype(int).tolist() == [[[1, 1, 0, 0]], [[0, 1, 1, 0]]]
