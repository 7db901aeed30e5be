"""Slice profiles show the values of the slices, the feature, and the slices that give it."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features import describe_slices, find_marks
from mrnet_features.report.slice_plots import plot_slices

GREYS = np.array([90, 140, 120, 80, 130, 70], np.uint8)


def make_exam():
    """A square of constant grey on each slice, with a brighter spot on slice 2."""
    stack = np.zeros((6, 64, 64), np.uint8)
    stack[:, 8:56, 8:56] = GREYS[:, None, None]
    return {"axial": stack}


def list_labels(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_circles_lie_on_the_slices_of_the_pool():
    columns = [f"axial__knee__intensity__mean__{pool}" for pool in ("top3", "max", "mean")]
    figure = plot_slices(make_exam(), columns, families="minimal")
    for axes, slices in zip(figure.axes, ([1, 4, 2], [1], range(6)), strict=True):
        profile, circles, level = axes.lines
        np.testing.assert_array_equal(profile.get_ydata(), GREYS)
        assert profile.get_xdata().tolist() == [1, 2, 3, 4, 5, 6]  # as the viewer counts
        shown = np.array(circles.get_xdata()) - 1
        assert sorted(shown) == sorted(slices)
        np.testing.assert_array_equal(circles.get_ydata(), GREYS[shown])
        assert level.get_ydata()[0] == pytest.approx(GREYS[list(slices)].mean())
        assert list_labels(axes)[0] == "knee"
    assert figure.axes[-1].get_xlabel() == "Slice"


def test_a_spread_is_not_a_level_of_the_axis():
    column = "axial__knee__intensity__mean__std"
    (axes,) = plot_slices(make_exam(), column, families="minimal").axes
    assert list_labels(axes)[-1] == f"feature: {GREYS.std():.4g}"
    assert axes.lines[-1].get_xdata().size == 0


def test_circles_without_pixels_are_named_so():
    stack = np.zeros((5, 64, 64), np.uint8)
    stack[:, 8:56, 8:56] = 90
    column = "axial__knee__fluid__core_192__stack"
    (axes,) = plot_slices({"axial": stack}, column, families="fluid").axes
    assert "slices searched,\nnone found" in list_labels(axes)


def test_titles_are_words_or_those_given():
    column = "axial__knee__intensity__mean__max"
    (axes,) = plot_slices(make_exam(), column, families="minimal").axes
    assert axes.get_title(loc="left") == "mean grey level, highest slice, axial"
    assert axes.get_ylabel() == "grey levels"
    (axes,) = plot_slices(
        make_exam(), column, families="minimal", names=pd.Series({column: "grey"})
    ).axes
    assert axes.get_title(loc="left") == "grey"


def test_a_statistic_of_the_stack_has_bars_of_its_pixels():
    rng = np.random.default_rng(0)
    stack = rng.integers(30, 60, size=(9, 96, 96), dtype=np.uint8)
    stack[:, :8] = stack[:, -8:] = stack[:, :, :8] = stack[:, :, -8:] = 0
    stack[3:6, 30:50, 30:50] = 250
    exam = {"sagittal": stack}
    column = "sagittal__knee__fluid__component_fill_brightest__stack"
    assert "knee__fluid__component_fill_brightest" not in describe_slices(exam, "fluid")
    mark = find_marks(exam, column, families="fluid")[column]
    (axes,) = plot_slices(exam, column, families="fluid").axes
    drawn = {round(bar.get_x() + bar.get_width() / 2) - 1: bar.get_height() for bar in axes.patches}
    expected = {}
    for part in mark.slices:
        expected[part.slice] = expected.get(part.slice, 0) + part.outline.sum()
    assert drawn == expected
    assert set(drawn) == {3, 4, 5}
    assert axes.get_ylabel() == "Pixels that\ngive the value"


def test_regions_are_told_apart_without_colour():
    rng = np.random.default_rng(1)
    stack = rng.integers(60, 200, size=(8, 128, 128), dtype=np.uint8)
    stack[:, :10] = stack[:, -10:] = stack[:, :, :10] = stack[:, :, -10:] = 0
    column = "coronal__femur_difference__marrow__fraction_0p6__stack"
    (axes,) = plot_slices({"coronal": stack}, column, families="marrow").axes
    first, second = axes.lines[:2]
    assert first.get_linestyle() != second.get_linestyle()
    assert first.get_marker() != second.get_marker()


@pytest.mark.parametrize("columns", [[], [f"axial__knee__f__s{k}__max" for k in range(13)]])
def test_none_and_too_many_columns_are_refused(columns):
    with pytest.raises(ValueError, match=f"must hold 1 to 12 features, got {len(columns)}"):
        plot_slices(make_exam(), columns)
