"""Slices with a mark: where the line lies, and that the picture keeps its proportions."""

import numpy as np
import pytest

from mrnet_features.report.review.marked_slice import COLOUR, draw_marked_slice, enlarge
from mrnet_features.stacks.mark import FeatureMark, SliceMark

GREY = np.full((3, 128, 96), 100, np.uint8)
SCALE = 4


def make_mark(kind="pixels", index=1, **fields):
    marks = (SliceMark(index, 1.0, "knee", **fields),)
    return FeatureMark("sagittal__knee__own__x__max", "sagittal", 1.0, marks, index, kind)


def make_box(top, bottom, left, right):
    outline = np.zeros(GREY.shape[1:], bool)
    outline[top:bottom, left:right] = True
    return outline


def find_line(picture):
    """Pixels in the colour of a mark."""
    return (picture == COLOUR).all(axis=2)


def test_the_line_lies_around_the_marked_pixels_and_hides_none():
    box = make_box(40, 60, 30, 50)
    picture = draw_marked_slice(GREY, make_mark(outline=box), 1)
    inside = box.repeat(SCALE, 0).repeat(SCALE, 1)
    assert picture.shape == (128 * SCALE, 96 * SCALE, 3)
    assert (picture[inside] == 100).all()
    rows, columns = np.nonzero(find_line(picture))
    assert (rows.min(), rows.max()) == (40 * SCALE - 2, 60 * SCALE + 1)
    assert (columns.min(), columns.max()) == (30 * SCALE - 2, 50 * SCALE + 1)


def test_a_segment_is_drawn_between_its_ends():
    picture = draw_marked_slice(GREY, make_mark("segment", segment=((20, 30), (60, 30))), 1)
    rows, columns = np.nonzero(find_line(picture))
    assert rows.min() == pytest.approx(20.5 * SCALE, abs=2)
    assert rows.max() == pytest.approx(60.5 * SCALE, abs=2)
    assert np.abs(columns - 30.5 * SCALE).max() <= 2


def test_a_searched_region_is_dashed():
    box = make_box(20, 100, 20, 80)
    whole = find_line(draw_marked_slice(GREY, make_mark(outline=box), 1)).sum()
    dashed = find_line(draw_marked_slice(GREY, make_mark("region", outline=box), 1)).sum()
    assert 0.4 * whole < dashed < 0.6 * whole


def test_a_mark_of_one_pixel_is_ringed_so_that_it_is_seen():
    picture = draw_marked_slice(GREY, make_mark(outline=make_box(40, 41, 30, 31)), 1)
    rows, _ = np.nonzero(find_line(picture))
    assert rows.max() - rows.min() > 12


def test_lines_are_seen_without_colour_on_dark_and_on_bright_tissue():
    mark = make_mark(outline=make_box(40, 60, 30, 50))
    for level in (0, 100, 255):
        picture = draw_marked_slice(np.full_like(GREY, level), mark, 1)
        luminance = picture @ np.array([0.299, 0.587, 0.114])
        around = luminance[150:165, 160]  # across the upper line
        assert around.max() - around.min() > 180


def test_other_slices_stay_as_they_are():
    box = make_box(40, 60, 30, 50)
    np.testing.assert_array_equal(
        draw_marked_slice(GREY, make_mark(outline=box), 2), enlarge(GREY[2])
    )


@pytest.mark.parametrize("shape", [(256, 256), (300, 200), (640, 512), (1500, 1000), (7, 3)])
def test_proportions_stay(shape):
    height, width = enlarge(np.zeros(shape, np.uint8)).shape
    assert max(height, width) <= 512
    assert height / width == pytest.approx(shape[0] / shape[1], rel=0.02)


def test_marks_of_large_slices_are_reduced_with_them():
    grey = np.full((1, 1024, 1024), 100, np.uint8)
    outline = np.zeros((1024, 1024), bool)
    outline[401:500, 601:700] = True
    picture = draw_marked_slice(grey, make_mark(index=0, outline=outline), 0)
    rows, columns = np.nonzero(find_line(picture))
    assert (rows.min(), rows.max()) == (198, 251)
    assert (columns.min(), columns.max()) == (298, 351)
