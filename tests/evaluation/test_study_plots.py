"""Figures of sample sizes, stability and checklists show the numbers of their tables."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.evaluation.study_plots import (
    plot_checklist,
    plot_sample_size,
    plot_stability,
)


@pytest.mark.parametrize(("value", "place"), [("power", 0.8), ("half_width", 0.05)])
def test_the_number_of_exams_is_marked_on_the_curve(value, place):
    table = pd.DataFrame({"n_exams": [10, 20, 30], value: [0.1, place, 0.9]})
    drawn = plot_sample_size(table, value, place, 20)
    assert drawn.lines[-1].get_xydata().tolist() == [[20, place]]
    assert drawn.get_legend().get_texts()[0].get_text() == "20 exams"


def test_shares_are_written_into_their_cells_and_missing_ones_as_a_dash():
    table = pd.DataFrame(
        {"n_columns": [3, 2], "noise": [1.0, np.nan], "other_scan": [0.25, 0.0]},
        index=["glcm", "bone_marrow"],
    )
    drawn = plot_stability(table, 0.75)
    assert [text.get_text() for text in drawn.texts] == ["100", "25", "–", "0"]
    assert [text.get_text() for text in drawn.get_yticklabels()] == ["glcm (3)", "bone marrow (2)"]


def test_states_of_a_checklist_are_stacked():
    table = pd.DataFrame({"computed": [3], "stated": [2], "open": [5]}, index=["CLAIM"])
    bars = plot_checklist(table).patches
    assert [(bar.get_x(), bar.get_width()) for bar in bars] == [(0, 3), (3, 2), (5, 5)]
