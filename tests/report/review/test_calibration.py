"""Calibration in a report is that of the library, and its words follow the intervals."""

import dataclasses

import pandas as pd
import pytest

import mrnet_features as mf
from mrnet_features.report.page import Text
from mrnet_features.report.review.calibration import describe_calibration, say_calibration
from mrnet_features.report.review.inputs import collect_inputs
from mrnet_features.report.review.part import Plot
from tests.support.small_studies import cross_study, hold_out_study, plant_study
from tests.support.tables import make_probabilities


def list_texts(part):
    return " ".join(block.text for block in part.blocks if isinstance(block, Text))


def test_tables_are_those_of_the_library():
    (part,) = describe_calibration(collect_inputs(cross_study()))
    wanted = mf.measure_calibration(cross_study())
    pd.testing.assert_frame_equal(part.tables["summary"], wanted.summary())
    pd.testing.assert_frame_equal(part.tables["bins"], wanted.frame(part.facts["n_bins"]))
    assert "those of the first repeat" in list_texts(part)


def test_bins_are_fewer_where_exams_are_few():
    (part,) = describe_calibration(collect_inputs(cross_study()))
    assert part.facts["n_bins"] == 4
    assert part.tables["bins"]["n_exams"].min() >= 25
    (small,) = describe_calibration(collect_inputs(hold_out_study()))
    assert small.facts["n_bins"] == 2
    assert "repeat" not in list_texts(small)


def test_each_task_has_a_figure_as_wide_as_a_phone():
    (part,) = describe_calibration(collect_inputs(hold_out_study()))
    plots = [block for block in part.blocks if isinstance(block, Plot)]
    assert len(plots) == 2
    assert plots[0].draw().get_figure().get_figwidth() == 4.4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"shift": 1.0}, "too high on the whole"),
        ({"shift": -1.0}, "too low on the whole"),
        ({"factor": 3.0}, "too extreme"),
        ({"factor": 0.4}, "too cautious"),
        ({}, "no miscalibration was shown"),
    ],
)
def test_words_follow_how_the_probabilities_are_wrong(options, words):
    labels, probabilities = make_probabilities(800, **options)
    row = mf.measure_calibration(probabilities, labels).summary().loc["one"].to_dict()
    assert words in say_calibration(row)


def test_only_lightgbm_is_called_lightgbm():
    features, labels = plant_study()
    boosted = mf.evaluate(None, (features[:80], labels[:80]), (features[80:], labels[80:]))
    (part,) = describe_calibration(collect_inputs(boosted))
    assert "LightGBM" in list_texts(part)
    (part,) = describe_calibration(collect_inputs(hold_out_study()))
    assert "LightGBM" not in list_texts(part)


def test_scores_that_are_no_probabilities_are_a_sentence():
    held_out = hold_out_study()
    scores = dataclasses.replace(held_out, predictions=held_out.predictions * 4)
    (part,) = describe_calibration(collect_inputs(scores))
    assert part.tables == {}
    assert list_texts(part).startswith("Calibration was not measured.")
