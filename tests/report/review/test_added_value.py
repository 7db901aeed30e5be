"""Added value in a report is that of the library, in both directions."""

import dataclasses

import pandas as pd
import pytest

from mrnet_features.evaluation import measure_added_value
from mrnet_features.report.review.added_value import describe_added_value, say_gain
from mrnet_features.report.review.inputs import collect_inputs
from tests.support.small_studies import cross_study, hold_out_study, plant_study


def test_both_directions_are_those_of_the_library():
    other = plant_study()[1] * 0.5 + 0.25
    facts, tables = {"not_measured": {}}, {}
    inputs = collect_inputs({"features": cross_study()})
    blocks = list(describe_added_value(inputs, {"oracle": other}, facts, tables))
    wanted = measure_added_value(cross_study(), other, n_splits=3, n_repeats=2).summary()
    found = tables["added"].query("base == 'features'").set_index("task")
    pd.testing.assert_frame_equal(found[list(wanted.columns)], wanted)
    assert blocks[1].text.startswith("oracle adds to features")
    assert blocks[2].text.startswith("That features adds to oracle was not shown")
    assert facts["n_folds"] == 3


def test_too_few_exams_of_a_class_are_a_sentence():
    held_out = hold_out_study()
    labels = held_out.labels.astype(float)
    labels.loc[labels.index[labels["one"] == 1][3:], "one"] = float("nan")
    inputs = collect_inputs(dataclasses.replace(held_out, labels=labels))
    facts, tables = {"not_measured": {}}, {}
    (text,) = describe_added_value(inputs, {"cnn": held_out.predictions}, facts, tables)
    assert text.text.startswith("cnn: not combined with model.")
    assert "3 positive" in text.text
    assert tables == {}


@pytest.mark.parametrize(
    ("low", "high", "start"),
    [
        (0.01, 0.03, "cnn adds to features"),
        (-0.01, 0.05, "That cnn adds to features was not shown"),
        (-0.05, -0.01, "cnn does not add to features"),
    ],
)
def test_a_gain_is_claimed_only_if_its_interval_lies_above_zero(low, high, start):
    row = {"base": "features", "added": "cnn", "task": "acl", "gain": (low + high) / 2}
    row |= {"ci_low": low, "ci_high": high, "auc_base": 0.9, "auc_combined": 0.92}
    assert say_gain(row).startswith(start)
