"""Predictions are split into test sets, and measures are averaged over them."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.evaluation import (
    FewExamsWarning,
    HoldOut,
    measure_decision_curve,
    measure_partial_auc,
)
from mrnet_features.evaluation.metrics.scored_sets import (
    _take_task,
    average_folds,
    take_rows,
    take_scored_sets,
)
from tests.support.tables import add_folds, make_models


def mean_of_positives(truth, scores, weights):
    with np.errstate(invalid="ignore"):
        return (weights[:, truth] @ scores[truth]) / weights[:, truth].sum(axis=1)


def test_every_fold_of_every_repeat_counts_once():
    labels, models = make_models(n_exams=53, n_models=1)
    rows = add_folds(labels, models["model 0"], n_splits=4, n_repeats=3)
    rows["acl"] += np.random.default_rng(0).normal(size=len(rows))
    truth = labels["acl"].loc[rows["exam"]].to_numpy() == 1
    expected = rows[truth].groupby(["repeat", "fold"])["acl"].mean().groupby("repeat").mean().mean()
    sets = take_scored_sets(rows.sample(frac=1, random_state=0), labels)["acl"]
    assert [len(repeat) for repeat in sets.repeats] == [4, 4, 4]
    found = average_folds(sets, mean_of_positives, np.ones((1, 53)))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_folds_without_weight_in_a_class_are_left_out_of_the_mean():
    labels = pd.DataFrame({"acl": [1, 0, 1, 0]}, index=list("abcd"))
    rows = pd.DataFrame(
        {"exam": list("abcd"), "repeat": 0, "fold": [0, 0, 1, 1], "acl": [1.0, 2.0, 3.0, 4.0]}
    )
    sets = take_scored_sets(rows, labels)["acl"]
    weights = np.array([[1.0, 1, 1, 1], [0, 1, 1, 1], [0, 1, 0, 1]])
    np.testing.assert_array_equal(
        average_folds(sets, mean_of_positives, weights), [2.0, 3.0, np.nan]
    )


def test_a_hold_out_is_one_test_set_with_its_groups():
    labels, models = make_models(n_exams=30, n_models=1)
    groups = pd.Series(np.arange(30) // 2, labels.index)
    held_out = HoldOut(labels, models["model 0"], {}, labels, groups)
    sets = take_scored_sets(held_out)["meniscus"]
    assert len(sets.repeats) == len(sets.repeats[0]) == 1
    np.testing.assert_array_equal(sets.repeats[0][0][1], models["model 0"]["meniscus"])
    assert sets.groups.tolist() == groups.tolist()
    assert take_rows(held_out)[1][["repeat", "fold"]].drop_duplicates().values.tolist() == [[0, 0]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[rows["exam"] != "0003"], "'0003'"),
        (lambda rows: rows.drop(rows.index[40]), "predictions of repeat 1"),
        (lambda rows: rows.drop(columns="acl"), "must predict every task, but has no 'acl'"),
    ],
)
def test_other_exams_or_tasks_are_refused(change, message):
    labels, models = make_models(n_exams=30, n_models=1)
    rows = add_folds(labels, models["model 0"], n_splits=3, n_repeats=2)
    with pytest.raises(ValueError, match=message):
        take_scored_sets(change(rows), labels)


def test_a_test_set_without_a_class_is_refused_by_name():
    labels = pd.DataFrame({"acl": [1, 0, 0, 0]}, index=list("abcd"))
    rows = pd.DataFrame({"exam": list("abcd"), "repeat": 0, "fold": [0, 0, 1, 1], "acl": 0.5})
    with pytest.raises(ValueError, match="0 positive of 2 for task 'acl' in repeat 0, fold 1"):
        take_scored_sets(rows, labels)
    with pytest.raises(ValueError, match="at least one exam, got none"):
        take_scored_sets(rows[:0], labels[:0])


def test_an_exam_without_a_label_is_left_out():
    labels, models = make_models(n_exams=40, n_models=1)
    rows = add_folds(labels, models["model 0"], n_splits=2, n_repeats=1)
    partly = labels["acl"].astype(float).mask(np.arange(40) % 4 == 0)
    groups = pd.Series(np.arange(40), labels.index)
    sets = _take_task("acl", partly, rows, groups, both_classes=True)
    kept = partly.dropna()
    assert sets.n_positive == (kept == 1).sum()
    assert sets.groups.tolist() == groups[kept.index].tolist()
    expected = rows.set_index("exam")["acl"].loc[kept.index]
    for places, scores in sets.repeats[0]:
        np.testing.assert_array_equal(scores, expected.iloc[places])


def test_folds_of_a_single_group_leave_no_error():
    labels, models = make_models(n_exams=60, n_models=1)
    groups = pd.Series(np.arange(60) // 5, labels.index)
    rows = add_folds(labels, models["model 0"], n_splits=3, n_repeats=1, groups=groups)
    assert take_scored_sets(rows, labels, groups)["acl"].has_error
    alone = rows.assign(fold=(rows["exam"].map(groups) // 4).to_numpy())
    coarse = groups // 4
    with pytest.warns(FewExamsWarning) as caught:
        sets = take_scored_sets(alone, labels, coarse)["acl"]
    assert "since 3 of 3 folds test a single group" in str(caught[-1].message)
    assert not sets.has_error


def test_groups_are_counted_among_the_labelled_exams_of_the_task():
    labels, models = make_models(n_exams=60, n_models=1)
    groups = pd.Series(np.arange(60) // 5, labels.index)
    partly = labels[["acl", "meniscus"]].astype(float)
    partly.loc[groups > 3, "meniscus"] = np.nan
    scores = models["model 0"][list(partly)].rank(pct=True)
    with pytest.warns(FewExamsWarning, match="Intervals from 4 groups are rough"):
        sets = take_scored_sets(scores, partly, groups)
    assert sets["acl"].has_error
    assert sets["meniscus"].has_error


def test_one_labelled_group_leaves_no_interval_for_that_task_alone():
    labels, models = make_models(n_exams=60, n_models=1)
    groups = pd.Series(np.arange(60) // 12, labels.index)
    partly = labels[["acl", "meniscus"]].astype(float)
    partly.loc[groups > 0, "meniscus"] = np.nan
    scores = models["model 0"][list(partly)].rank(pct=True)
    with pytest.warns(FewExamsWarning):
        area = measure_partial_auc(scores, partly, specificity=(0.5, 1), groups=groups)
    with pytest.warns(FewExamsWarning):
        curve = measure_decision_curve(scores, partly, thresholds=[0.5], groups=groups)
    ends = ["partial_auc_low", "partial_auc_high"]
    assert area.loc["meniscus", ends].isna().all()
    assert area.loc["acl", ends].notna().all()
    benefit = curve.frame().set_index("task")
    ends = ["net_benefit_low", "net_benefit_high"]
    assert benefit.loc["meniscus", ends].isna().all()
    assert np.isfinite(benefit.loc["acl", ends].astype(float)).all()
