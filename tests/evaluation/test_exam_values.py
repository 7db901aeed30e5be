"""Groups and weights are matched by exam id."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.evaluation import (
    HoldOut,
    apply_thresholds,
    measure_decision_curve,
    measure_partial_auc,
    measure_precision_recall,
    measure_roc,
    measure_subgroups,
    permutation_test,
)
from mrnet_features.evaluation.exam_values import (
    align_groups,
    align_weights,
    share_groups,
    take_weights,
)
from tests.support.tables import make_probabilities


def test_groups_are_found_by_id():
    exams = pd.Index(["a", "b", "c"])
    groups = pd.Series({"c": "Ann", "b": "Bob", "a": "Ann", "not asked for": "Eve"})
    assert align_groups(groups, exams).tolist() == [0, 1, 0]
    assert align_groups(None, exams) is None


@pytest.mark.parametrize(
    ("groups", "kind", "message"),
    [
        ([1, 2, 3], TypeError, "Series indexed by exam id or a mapping from exam id, got list"),
        ({"a": 1, "b": 2}, ValueError, "got none for 'c'"),
        ({"a": 1, "b": 2, "c": None}, ValueError, "got none for 'c'"),
        (pd.Series([1, 2, 3], index=["a", "a", "b"]), ValueError, "got 'a' more than once"),
    ],
)
def test_groups_that_do_not_fit_are_refused(groups, kind, message):
    with pytest.raises(kind, match=message):
        align_groups(groups, pd.Index(["a", "b", "c"]))


@pytest.mark.parametrize("groups", ["site", pd.DataFrame({"site": [1, 2]}, ["a", "b"])])
def test_a_name_or_a_table_is_no_group(groups):
    with pytest.raises(TypeError, match="one value per exam, got a .* Pass a column: table"):
        align_groups(groups, pd.Index(["a", "b"]))


def test_weights_are_found_by_id_and_checked():
    exams = pd.Index(["a", "b"])
    assert align_weights(pd.Series([2, 1], ["b", "a"]), exams).tolist() == [1.0, 2.0]
    for wrong in (-1.0, np.inf):
        with pytest.raises(ValueError, match="finite and at least 0, got .* for exam 'b'"):
            align_weights({"a": 1.0, "b": wrong}, exams)
    with pytest.raises(ValueError, match="a value for every exam, got none for 'b'"):
        align_weights({"a": 1.0, "b": np.nan}, exams)


def test_each_task_may_have_its_own_weights():
    exams = pd.Index(["a", "b"])
    table = pd.DataFrame({"two": [4.0, 3.0], "one": [2, 1]}, index=["b", "a"])
    found = align_weights(table, exams, None, ["one", "two"])
    assert found.columns.tolist() == ["one", "two"]
    assert take_weights(found, "one").tolist() == [1, 2]
    assert take_weights(found, "two").tolist() == [3, 4]
    assert take_weights(align_weights({"a": 5, "b": 6}, exams), "one").tolist() == [5, 6]
    assert take_weights(None, "one") is None
    for tasks in (["one"], ["one", "two", "three"]):
        with pytest.raises(ValueError, match="one column per task, got 'two', 'one' for"):
            align_weights(table, exams, None, tasks)
    with pytest.raises(ValueError, match="finite and at least 0, got -1.0 for exam 'b'"):
        align_weights(table.assign(one=[-1, 1]), exams, None, ["one", "two"])


def test_groups_are_those_of_the_models_whatever_their_numbers():
    exams = pd.Index(["a", "b", "c"])
    model = HoldOut(None, None, {}, None, pd.Series([0, 0, 1], exams))
    found = share_groups({"a": "Ann", "b": "Ann", "c": "Bob"}, {"`model`": model}, exams)
    assert found.tolist() == share_groups(None, {"`model`": model}, exams).tolist() == [0, 0, 1]
    assert share_groups(None, {"`model`": pd.DataFrame()}, exams) is None


@pytest.mark.parametrize(
    "measure",
    [
        measure_decision_curve,
        lambda run, groups: measure_partial_auc(run, specificity=(0.5, 1), groups=groups),
        lambda run, groups: measure_precision_recall(run, groups=groups, n_draws=9),
        lambda run, groups: measure_roc(run, groups=groups, n_draws=9),
        lambda run, groups: apply_thresholds(run, None, 0.5, groups=groups),
        lambda run, groups: measure_subgroups(run, groups % 2, groups=groups),
        lambda run, groups: permutation_test(run, groups=groups, n_permutations=9),
    ],
)
def test_every_measure_refuses_groups_other_than_those_of_the_run(measure):
    labels, chances = make_probabilities(60)
    groups = pd.Series(np.arange(60) // 2, labels.index, name="pair")
    run = HoldOut(labels, chances, {}, labels, groups)
    with pytest.raises(ValueError, match="`groups` and `model` must put the same exams"):
        measure(run, groups=groups // 2)
