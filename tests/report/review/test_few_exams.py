"""Few exams of a class and few groups are named once, in one sentence."""

import dataclasses

import pandas as pd

from mrnet_features.report.review.few_exams import warn_of_few
from mrnet_features.report.review.inputs import collect_inputs
from tests.support.small_studies import cross_study, hold_out_study


def test_enough_exams_need_no_warning():
    facts = {}
    assert warn_of_few(collect_inputs(cross_study()), facts) == []
    assert facts == {}


def test_few_exams_and_groups_are_named():
    held_out = hold_out_study()
    labels = held_out.labels.astype(float)
    labels.loc[labels.index[labels["one"] == 1][4:], "one"] = float("nan")
    groups = pd.Series([k % 6 for k in range(len(labels))], labels.index)
    few = dataclasses.replace(held_out, labels=labels, groups=groups)
    facts = {}
    (text,) = warn_of_few(collect_inputs(few), facts)
    n_negative = int((labels["one"] == 0).sum())
    assert f"one: 4 positive and {n_negative} negative; groups: 6." in text.text
    assert text.is_warning
    assert facts["few"]["exams"] == {"one": [4, n_negative]}
