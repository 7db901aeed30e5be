"""Series can be told apart without colour, and labels are words of bounded length."""

import itertools
import pickle

import numpy as np
import pandas as pd
import pytest
from IPython.core.formatters import DisplayFormatter

from mrnet_features.evaluation.plots import (
    choose_axes,
    choose_style,
    draw_forest,
    label_column,
    make_axes,
    shorten,
    wrap,
)


def test_no_two_series_share_dashes_and_marker():
    styles = [choose_style(k) for k in range(64)]
    for one, other in itertools.combinations(styles, 2):
        assert (one["linestyle"], one["marker"]) != (other["linestyle"], other["marker"])
    for one, other in itertools.combinations(styles[:8], 2):
        assert one["linestyle"] != other["linestyle"]
        assert one["marker"] != other["marker"]
        assert one["color"] != other["color"]


def test_long_labels_keep_both_ends():
    name = f"axial__knee__{'family' * 20}__energy__top3"
    label = label_column(name)
    assert len(label) == 56
    assert label.startswith("axial knee · family")
    assert label.endswith("energy, top3")
    assert label_column("age_in_years") == "age in years"
    assert shorten("0042") == "0042"
    assert wrap("") == ""
    assert wrap("unbreakable", 4) == "unbreakable"


def test_a_missing_estimate_says_so():
    table = pd.DataFrame({"gain": [0.1, np.nan], "ci_low": [0.0, np.nan], "ci_high": [0.2, np.nan]})
    axes = draw_forest(table, "gain", ["one", "two"], None)
    (text,) = axes.texts
    assert text.get_text() == "not measured"
    assert text.get_position()[1] == 0  # the second row is the lower one


def test_a_notebook_shows_axes_as_their_figure():
    axes = make_axes(2, 1)
    formatted, _ = DisplayFormatter().format(axes)
    assert formatted["image/png"].startswith(b"\x89PNG")
    pickle.loads(pickle.dumps(axes.figure))


def test_dollar_signs_are_text_and_not_formulas():
    axes = choose_axes(None, 2, 2)
    axes.set_title(shorten("a$\\frac$"))
    axes.set_xlabel(label_column("axial__knee__a$\\frac$__s__mean"))
    axes.figure.canvas.draw()  # a broken formula would be an error
    assert len(shorten("$" * 80, 20).replace(r"\$", "$")) == 20


def test_text_in_place_of_axes_is_refused_with_the_argument_it_is_for():
    message = r"`axes` must be matplotlib Axes, got 'acl'\. Name the argument: plot\(task='acl'\)"
    with pytest.raises(TypeError, match=message):
        choose_axes("acl", 2, 2)
    with pytest.raises(TypeError, match="got 3"):
        choose_axes(3, 2, 2)
