"""Implications are found in labels, never assumed, and applied to probabilities alone."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.models.implications import (
    apply_implications,
    explain_violations,
    find_implications,
)

ACL, MENISCUS = ("acl", "abnormal"), ("meniscus", "abnormal")


@pytest.fixture
def labels():
    exams = [f"{k:04d}" for k in range(60)]
    table = pd.DataFrame(0, exams, ["abnormal", "acl", "meniscus"])
    table.iloc[:50, 0] = 1
    table.iloc[:10, 1] = 1
    table.iloc[5:30, 2] = 1
    return table


def test_labels_that_obey_the_rule(labels):
    assert find_implications(labels) == (ACL, MENISCUS)
    assert find_implications(labels.astype(bool)) == (ACL, MENISCUS)


def test_one_exam_that_breaks_the_rule_is_enough(labels):
    labels.loc["0055", "acl"] = 1
    assert find_implications(labels) == (MENISCUS,)
    assert explain_violations(labels)[ACL] == (
        "1 exam is positive for 'acl' and not for 'abnormal', such as '0055'"
    )


def test_few_positives_prove_nothing(labels):
    labels.loc["0000", "acl"] = 0
    assert find_implications(labels) == (MENISCUS,)
    assert find_implications(labels, min_positives=9) == (ACL, MENISCUS)


def test_exams_without_one_of_the_labels_say_nothing(labels):
    labels = labels.astype(float)
    labels.loc["0000", "abnormal"] = np.nan
    assert find_implications(labels) == (MENISCUS,)  # nine torn exams are known to be abnormal
    labels.loc["0058", ["abnormal", "meniscus"]] = np.nan, 1
    assert find_implications(labels) == (MENISCUS,)


def test_other_tasks_have_no_implications(labels):
    other = labels.rename(columns={"abnormal": "any"})
    assert find_implications(other) == ()
    assert explain_violations(other)[ACL] == "there is no task 'abnormal'"
    assert find_implications(other, [("acl", "any")]) == (("acl", "any"),)


def test_a_soft_label_must_not_be_larger_than_the_implied_one(labels):
    soft = labels * 0.9
    assert find_implications(soft, min_positives=5) == (ACL, MENISCUS)
    soft.loc["0000", "abnormal"] = 0.8
    assert find_implications(soft, min_positives=5) == (MENISCUS,)


def test_the_implied_task_is_never_below_the_tasks_that_imply_it():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.random((100, 4)), columns=["abnormal", "acl", "meniscus", "age"])
    before = table.copy()
    found = apply_implications(table, (ACL, MENISCUS))
    assert (found["abnormal"] >= table[["abnormal", "acl", "meniscus"]].max(axis=1) - 1e-15).all()
    expected = 1 - (1 - table["abnormal"]) * (1 - table["acl"]) * (1 - table["meniscus"])
    np.testing.assert_allclose(found["abnormal"], expected, rtol=1e-12)
    pd.testing.assert_frame_equal(found.drop(columns="abnormal"), table.drop(columns="abnormal"))
    pd.testing.assert_frame_equal(table, before)


def test_without_implications_no_bit_changes():
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(9, 2)), columns=["abnormal", "acl"])
    pd.testing.assert_frame_equal(apply_implications(table, ()), table, check_exact=True)


def test_chains_use_the_probabilities_as_given():
    table = pd.DataFrame({"a": [0.5], "b": [0.5], "c": [0.5]})
    found = apply_implications(table, [("a", "b"), ("b", "c")])
    assert found.iloc[0].tolist() == [0.5, 0.75, 0.75]


def test_scores_that_are_no_probabilities_and_wrong_pairs_are_refused(labels):
    table = pd.DataFrame({"abnormal": [0.5, 0.5], "acl": [-3.0, 2.0]})
    with pytest.raises(ValueError, match="from 0 to 1, got -3 to 2 for 'acl'"):
        apply_implications(table, [ACL])
    with pytest.raises(TypeError, match=r"pairs of tasks, such as \[\('acl', 'abnormal'\)\]"):
        find_implications(labels, "acl")
    with pytest.raises(TypeError, match="pairs of tasks"):
        find_implications(labels, 5)
    with pytest.raises(TypeError, match="pairs of tasks"):
        find_implications(labels, [("acl", "abnormal", "meniscus")])
    with pytest.raises(ValueError, match="can't imply itself, got 'acl' twice"):
        find_implications(labels, [("acl", "acl")])
