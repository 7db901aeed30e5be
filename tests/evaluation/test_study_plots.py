"""Figures of subgroups, sample sizes and permutations show the numbers of their tables."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.evaluation.study_plots import (
    plot_permutations,
    plot_sample_size,
    plot_subgroups,
)


def test_levels_stand_from_top_to_bottom_and_missing_ones_say_why():
    table = pd.DataFrame(
        {
            "factor": ["site", "site"],
            "level": ["north", "south"],
            "task": "acl",
            "n_exams": [40, 6],
            "n_positive": [20, 2],
            "auc": [0.8, np.nan],
            "ci_low": [0.7, np.nan],
            "ci_high": [0.9, np.nan],
        }
    )
    drawn = plot_subgroups(table, 0.75)
    labels = [label.get_text() for label in drawn.get_yticklabels()]
    assert labels == ["site: north (n = 40, 20 positive)", "site: south (n = 6, 2 positive)"]
    assert drawn.get_yticks().tolist() == [1, 0]
    assert [text.get_text() for text in drawn.texts] == ["too few exams"]
    assert drawn.lines[0].get_xdata()[0] == 0.75


@pytest.mark.parametrize(("value", "place"), [("power", 0.8), ("half_width", 0.05)])
def test_the_number_of_exams_is_marked_on_the_curve(value, place):
    table = pd.DataFrame({"n_exams": [10, 20, 30], value: [0.1, place, 0.9]})
    drawn = plot_sample_size(table, value, place, 20)
    assert drawn.lines[-1].get_xydata().tolist() == [[20, place]]
    assert drawn.get_legend().get_texts()[0].get_text() == "20 exams"


def test_every_permutation_is_in_the_histogram():
    drawn = plot_permutations(pd.Series(np.linspace(0.4, 0.6, 50)), 0.7, "acl")
    assert sum(bar.get_height() for bar in drawn.patches) == 50
    assert drawn.lines[0].get_xdata()[0] == 0.7
    assert drawn.get_title() == "acl"
