"""Thresholds follow their rule, and keep it on exams they were not chosen on."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from mrnet_features.evaluation import HoldOut, cross_validate, wilson_interval
from mrnet_features.evaluation.metrics.operating_points import (
    apply_thresholds,
    choose_threshold,
    choose_thresholds,
    measure_operating_points,
)
from mrnet_features.models import logistic_baseline
from tests.support.tables import make_probabilities


@pytest.mark.parametrize("seed", range(10))
def test_thresholds_follow_their_rule(seed):
    rng = np.random.default_rng(seed)
    truth = rng.random(60) < 0.4
    scores = np.round(truth + rng.normal(size=60), 1)

    def rates(cut):
        called = scores >= cut
        return called[truth].mean(), (~called[~truth]).mean()

    cuts = np.append(np.unique(scores), np.inf)
    best = max(sum(rates(cut)) for cut in cuts)
    assert sum(rates(choose_threshold(truth, scores))) == pytest.approx(best)
    sensitivity = choose_threshold(truth, scores, "sensitivity", 0.8)
    assert rates(sensitivity)[0] >= 0.8
    n_called = (scores >= sensitivity).sum()
    assert all(rates(cut)[0] < 0.8 for cut in cuts if (scores >= cut).sum() < n_called)
    specificity = choose_threshold(truth, scores, "specificity", 0.8)
    assert rates(specificity)[1] >= 0.8
    n_called = (scores >= specificity).sum()
    assert all(rates(cut)[1] < 0.8 for cut in cuts if (scores >= cut).sum() > n_called)
    with pytest.raises(ValueError, match="got 'accuracy' and 0.9"):
        choose_threshold(truth, scores, "accuracy")


@pytest.fixture(scope="module")
def evaluation():
    labels, chances = make_probabilities(600)
    features = logit(chances).add_prefix("log_odds_")
    return cross_validate(logistic_baseline(), features, labels, n_repeats=2)


def test_operating_points_reach_the_level_on_exams_not_chosen_on(evaluation):
    found = measure_operating_points(evaluation, "sensitivity", 0.8)
    assert found["sensitivity"].between(0.72, 0.88).all()
    assert found["sensitivity"].between(found["sensitivity_low"], found["sensitivity_high"]).all()
    assert (found["n_positive"] + found["n_negative"]).tolist() == [600, 600]


def test_thresholds_apply_to_new_exams(evaluation):
    thresholds = choose_thresholds(evaluation, "specificity", 0.9)
    labels, chances = make_probabilities(5000, seed=9)
    fitted = {
        task: next(m for (t, _, _), m in evaluation.models.items() if t == task) for task in labels
    }
    features = logit(chances).add_prefix("log_odds_")
    scores = pd.DataFrame(
        {task: model.predict_proba(features)[:, 1] for task, model in fitted.items()}, labels.index
    )
    found = apply_thresholds(scores, labels, thresholds)
    np.testing.assert_allclose(found["specificity"], 0.9, atol=0.04)
    alone = apply_thresholds(scores, labels * 0, thresholds)
    assert alone["sensitivity"].isna().all()
    with pytest.raises(ValueError, match="got none for 'two'"):
        apply_thresholds(scores, labels, {"one": 0.5})


@pytest.mark.parametrize("rule", ["youden", "sensitivity", "specificity"])
def test_one_class_has_no_threshold(evaluation, rule):
    with pytest.raises(ValueError, match="both classes, 0 and 1, to choose a threshold, got 0 in"):
        choose_threshold([0, 0, 0], [0.1, 0.2, 0.3], rule)
    single = dataclasses.replace(evaluation, labels=evaluation.labels.assign(two=1))
    for call in (choose_thresholds, measure_operating_points):
        with pytest.raises(ValueError, match="got 1 in") as caught:
            call(single, rule)
        assert caught.value.__notes__ == ["while choosing the threshold of task 'two'"]


def test_thresholds_need_out_of_fold_predictions(evaluation):
    with pytest.raises(TypeError, match="must be an Evaluation of `cross_validate`, got DataFrame"):
        choose_thresholds(evaluation.labels)
    rows = evaluation.predictions
    held_out = HoldOut(evaluation.labels, rows[["one", "two"]], {}, evaluation.labels)
    with pytest.raises(TypeError, match="got HoldOut"):
        measure_operating_points(held_out)


def test_predictive_values_are_fractions_of_the_calls():
    labels = pd.DataFrame({"acl": [0, 0, 0, 1, 1, 1, 1, 0]}, index=list("abcdefgh"))
    scores = pd.DataFrame({"acl": [0.1, 0.6, 0.7, 0.9, 0.8, 0.2, 0.7, 0.3]}, index=list("abcdefgh"))
    found = apply_thresholds(scores, labels, {"acl": 0.5}).loc["acl"]
    assert found[["ppv", "npv", "prevalence"]].tolist() == [3 / 5, 2 / 3, 0.5]
    assert found[["ppv_low", "ppv_high"]].tolist() == list(wilson_interval(3, 5))
    assert found[["npv_low", "npv_high"]].tolist() == list(wilson_interval(2, 3))
    never = apply_thresholds(scores, labels, {"acl": 2.0}).loc["acl"]
    assert np.isnan([never["ppv"], never["ppv_low"]]).all()
    assert never["npv"] == 0.5


def test_predictive_values_at_a_stated_prevalence(evaluation):
    found = measure_operating_points(evaluation, prevalence={"one": 0.05})
    plain = measure_operating_points(evaluation)
    row = found.loc["one"]
    hits, alarms = 0.05 * row["sensitivity"], 0.95 * (1 - row["specificity"])
    assert row["ppv"] == pytest.approx(hits / (hits + alarms), abs=1e-12)
    assert row["ppv"] < plain.loc["one", "ppv"]
    assert row["npv"] > plain.loc["one", "npv"]
    assert (found["prevalence"] == [0.05, evaluation.labels["two"].mean()]).all()
    pd.testing.assert_series_equal(found.loc["two"], plain.loc["two"])
    same = ["sensitivity", "sensitivity_low", "specificity_high"]
    pd.testing.assert_frame_equal(found[same], plain[same])


def test_copies_of_an_exam_in_a_group_add_no_information():
    labels, scores = make_probabilities(100)
    twice = [*labels.index, *(f"{exam}b" for exam in labels.index)]
    both = pd.concat([labels, labels]).set_axis(twice), pd.concat([scores, scores]).set_axis(twice)
    groups = pd.Series(np.tile(np.arange(100), 2), twice)
    cuts = {"one": 0.4, "two": 0.4}
    single = apply_thresholds(scores, labels, cuts)
    copies = apply_thresholds(both[1], both[0], cuts, groups=groups)
    ends = [f"{name}{end}" for name in ("sensitivity", "ppv") for end in ("_low", "_high")]
    np.testing.assert_allclose(copies[ends], single[ends], atol=0.005)
    naive = apply_thresholds(both[1], both[0], cuts)
    assert (naive["ppv_high"] < copies["ppv_high"] - 0.005).all()
    alone = apply_thresholds(scores, labels, cuts, groups=pd.Series(np.arange(100), labels.index))
    np.testing.assert_allclose(alone[ends], single[ends], atol=0.005)


@pytest.mark.parametrize("rule", ["youden", "sensitivity", "specificity"])
def test_scores_that_differ_in_the_last_bit_are_told_apart(rule):
    """The mean of two neighbouring floats rounds to one of them, often to the lower."""
    for low in np.random.default_rng(0).random(20):
        high = np.nextafter(low, 1)
        cut = choose_threshold([0, 0, 1, 1], [low / 2, low, high, 1], rule, target=1.0)
        assert low < cut <= high


@pytest.mark.parametrize("n_groups", [7, 14])
def test_perfect_sensitivity_of_groups_counts_each_group_once(n_groups):
    """25 * (7 / 25) is above 7 in floating point."""
    exams = [f"{k:02d}" for k in range(50)]
    labels = pd.DataFrame({"acl": [1] * 25 + [0] * 25}, index=exams)
    groups = pd.Series([k % n_groups for k in range(25)] + [*range(100, 125)], index=exams)
    found = apply_thresholds(labels * 0.5, labels, {"acl": 0.5}, groups=groups).loc["acl"]
    ends = found["sensitivity_low"], found["sensitivity_high"]
    assert ends == pytest.approx(wilson_interval(n_groups, n_groups))
