"""Figures of a set of exams."""

from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from mrnet_features.report.explore import figures
from mrnet_features.report.explore.labels import measure_cooccurrence, measure_prevalence
from mrnet_features.report.svg import to_svg

LABELS = pd.DataFrame({"abnormal": [1, 1, 1, 0], "acl": [1, 0, 0, 0]})


def draw():
    return figures.draw_cooccurrence(measure_cooccurrence(LABELS), ["abnormal", "acl"])


def test_a_combination_that_cannot_be_has_no_ratio():
    texts = [text.get_text() for text in draw().texts]
    assert texts == ["× 1.33", "0, as it must be", "× 0.89", "× 1.33"]


def test_bars_and_marks_of_cooccurrence_are_the_numbers_of_the_table():
    axes = draw()
    assert [bar.get_width() for bar in axes.patches] == [1, 0, 2, 1]
    np.testing.assert_allclose(axes.lines[0].get_xdata(), [0.75, 0.25, 2.25, 0.75])
    assert [text.get_text() for text in axes.get_yticklabels()] == [
        "none",
        "acl",
        "abnormal",
        "abnormal + acl",
    ]


def test_prevalence_names_the_number_of_positive_exams():
    axes = figures.draw_prevalence(measure_prevalence(LABELS))
    assert [text.get_text() for text in axes.get_yticklabels()] == ["abnormal (3)", "acl (1)"]
    assert {line.get_linestyle() for line in axes.lines} == {"None"}  # points, and no dashed line


def test_the_two_classes_of_a_histogram_differ_in_line_and_filling():
    shares = np.full((3, 64), 1 / 64)
    axes = figures.draw_histograms({"acl positive": shares, "acl negative": shares}, 4)
    assert {line.get_linestyle() for line in axes.lines} == {"-", "--"}
    assert {band.get_hatch() for band in axes.collections} == {None, "////"}
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert legend == ["acl positive (3)", "acl negative (3)"]


def test_an_empty_class_of_a_histogram_is_left_out():
    axes = figures.draw_histograms({"a": np.full((1, 64), 1 / 64), "b": np.empty((0, 64))}, 4)
    assert len(axes.lines) == 1


TEX = "a$\\frac$"


def test_names_with_dollar_signs_are_drawn_as_they_are():
    labels = LABELS.set_axis([TEX, f"b{TEX}"], axis=1)
    row = {"task": TEX, "auc": 0.5, "ci_low": 0.4, "ci_high": 0.6}
    shares = ("05", "25", "50", "75", "95")
    row |= {f"{kind}_{share}": 1.0 for kind in ("positive", "negative") for share in shares}
    for axes in (
        figures.draw_prevalence(measure_prevalence(labels)),
        figures.draw_cooccurrence(measure_cooccurrence(labels), list(labels)),
        figures.draw_quantiles(pd.DataFrame([row]), "Slices"),
        figures.draw_histograms({TEX: np.full((2, 64), 1 / 64)}, 4),
    ):
        assert TEX in ET.tostring(ET.fromstring(to_svg(axes, "", "f")), "unicode", "text")


@pytest.mark.parametrize("draw", [figures.draw_cooccurrence, figures.draw_tissues])
def test_text_in_place_of_axes_is_the_part_of_an_exploration(draw):
    table = pd.DataFrame({"ratio": []})
    arguments = [["acl"]] if draw is figures.draw_cooccurrence else []
    with pytest.raises(TypeError, match=r"got 'grey'\. Name the argument: plot\(part='grey'\)"):
        draw(table, *arguments, "grey")


def test_combinations_of_tasks_with_long_names_leave_room_for_the_bars():
    names = ["Medial Meniscus", "Lateral Meniscus", "Medial OA of both", "Effusion and synovitis"]
    labels = pd.DataFrame(np.eye(4, dtype=int), columns=names)
    axes = figures.draw_cooccurrence(measure_cooccurrence(labels), names)
    axes.get_figure().canvas.draw()
    assert axes.get_position().width > 0.4
