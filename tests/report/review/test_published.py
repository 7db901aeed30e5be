"""Published AUCs stand beside held-out exams only."""

import dataclasses

import pandas as pd

from mrnet_features.evaluation.comparison.compare_published import compare_published
from mrnet_features.report.review.inputs import collect_inputs
from mrnet_features.report.review.published import describe_published
from tests.support.small_studies import cross_study, hold_out_study


def test_the_held_out_evaluation_is_compared_even_if_it_is_not_the_first():
    inputs = collect_inputs({"train": cross_study(), "valid": hold_out_study()})
    facts, tables = {"not_measured": {}}, {}
    blocks, left_out = describe_published(inputs, facts, tables)
    pd.testing.assert_frame_equal(tables["published"], compare_published(hold_out_study()))
    assert "AUC of valid on the 40 held-out exams" in blocks[0].text
    assert left_out == []


def test_a_cross_validation_alone_is_not_compared():
    tables = {}
    blocks, (left_out,) = describe_published(collect_inputs(cross_study()), {}, tables)
    assert blocks == []
    assert tables == {}
    assert "can't be compared" in left_out.reason


def test_held_out_exams_without_a_score_are_a_sentence():
    labels = hold_out_study().labels.copy()
    labels["one"] = 1
    broken = dataclasses.replace(hold_out_study(), labels=labels)
    facts, tables = {"not_measured": {}}, {}
    ((text,), _) = describe_published(collect_inputs(broken), facts, tables)
    assert text.text.startswith("Published AUCs: not compared.")
