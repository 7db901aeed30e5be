"""Net benefit equals its definition, exam by exam."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import t

from mrnet_features.evaluation import FewExamsWarning, measure_decision_curve
from mrnet_features.evaluation.metrics.decision_curve import _measure_errors, _measure_influence
from mrnet_features.evaluation.metrics.scored_sets import ScoredSets
from tests.support.tables import add_folds, make_models, make_probabilities

CUTS = np.array([0.1, 0.25, 0.5, 0.8])


def count_benefit(labels, rows, task, cut, prevalence=None):
    """Net benefit from the counts of each fold, averaged over the folds and repeats."""
    repeats = []
    for _, part in rows.groupby("repeat"):
        folds = []
        for _, fold in part.groupby("fold"):
            truth, called = labels.loc[fold["exam"], task].to_numpy() == 1, fold[task] >= cut
            share = truth.mean() if prevalence is None else prevalence
            sensitivity, alarms = called[truth].mean(), called[~truth].mean()
            folds.append(share * sensitivity - (1 - share) * alarms * cut / (1 - cut))
        repeats.append(np.mean(folds))
    return np.mean(repeats)


@pytest.fixture(scope="module")
def study():
    labels, models = make_models(n_exams=151, n_models=1)
    rows = add_folds(labels, models["model 0"], n_splits=3, n_repeats=2)
    noise = np.random.default_rng(0).normal(0, 0.1, size=len(rows))
    return labels, rows.assign(acl=np.clip(rows["acl"].to_numpy() + noise, 0, 1))


@pytest.mark.parametrize("prevalence", [None, 0.15])
def test_net_benefit_of_every_fold(study, prevalence):
    labels, rows = study
    result = measure_decision_curve(rows, labels, thresholds=CUTS, prevalence=prevalence)
    table = result.frame().set_index(["task", "threshold"])
    for task in labels:
        share = labels[task].mean() if prevalence is None else prevalence
        assert result.prevalence[task] == pytest.approx(share, abs=1e-12)
        for cut in CUTS:
            row = table.loc[(task, cut)]
            expected = count_benefit(labels, rows, task, cut, prevalence)
            everyone = count_benefit(labels, rows.assign(**{task: 1.0}), task, cut, prevalence)
            assert row["net_benefit"] == pytest.approx(expected, abs=1e-12)
            assert row["treat_all"] == pytest.approx(everyone, abs=1e-12)
            assert row["gain_over_treat_all"] == pytest.approx(expected - everyone, abs=1e-12)


def test_error_of_one_test_set_is_that_of_a_mean():
    """Each exam adds 1, -t / (1 - t) or 0; the error is that of the mean of these."""
    labels, chances = make_probabilities(200)
    found = measure_decision_curve(chances, labels, thresholds=CUTS).curves
    for _, row in found.iterrows():
        truth, called = labels[row["task"]] == 1, chances[row["task"]] >= row["threshold"]
        gains = called * np.where(truth, 1, -row["threshold"] / (1 - row["threshold"]))
        if np.isfinite(row["net_benefit_se"]):
            expected = gains.std(ddof=1) / np.sqrt(200)
            assert row["net_benefit_se"] == pytest.approx(expected, abs=1e-12)
    single = labels[["one"]]
    groups = pd.Series(np.arange(200), labels.index)
    alone = measure_decision_curve(chances, single, thresholds=CUTS, groups=groups).curves
    np.testing.assert_allclose(
        alone["net_benefit_se"], found.loc[found["task"] == "one", "net_benefit_se"], rtol=1e-12
    )


def test_few_groups_have_their_degrees_of_freedom():
    labels, chances = make_probabilities(200)
    groups = pd.Series(np.arange(200) // 50, labels.index)
    with pytest.warns(FewExamsWarning, match="4 groups"):
        found = measure_decision_curve(chances, labels, thresholds=[0.5], groups=groups)
    width = found.frame()["net_benefit_high"] - found.frame()["net_benefit"]
    np.testing.assert_allclose(width / found.curves["net_benefit_se"], t.ppf(0.975, 3))


def test_a_known_prevalence_makes_treating_all_certain():
    labels, chances = make_probabilities(200)
    stated = measure_decision_curve(chances, labels, prevalence={"one": 0.2}).frame()
    own = stated[stated["task"] == "one"]
    np.testing.assert_allclose(own["treat_all_high"], own["treat_all_low"], atol=1e-12)
    other = stated[stated["task"] == "two"]
    assert (other["treat_all_high"] > other["treat_all_low"]).all()


def test_errors_are_the_spread_of_new_samples():
    rng = np.random.default_rng(0)
    values, errors = [], []
    for _ in range(400):
        chances = expit(rng.normal(-0.5, 1.2, size=150))
        sets = ScoredSets(
            rng.random(150) < chances, (((np.arange(150), chances),),), None, has_error=True
        )
        benefit, _ = _measure_influence(sets, CUTS, None)
        values.append(benefit[0])
        errors.append(_measure_errors(benefit[1], sets, stratified=False))
    np.testing.assert_allclose(np.mean(errors, axis=0), np.std(values, axis=0), rtol=0.1)


def test_few_costly_mistakes_leave_no_interval():
    labels, chances = make_probabilities(100)
    found = measure_decision_curve(chances, labels).frame()
    for task in labels:
        own = found[found["task"] == task].set_index("threshold")
        n_missed = [((chances[task] < t) & (labels[task] == 1)).sum() for t in own.index]
        few = (np.array(n_missed) < 5) & (own.index < 0.25)
        assert few.any()
        assert (own["gain_over_treat_all_low"].isna() == few).all()
        assert own.loc[:0.75, "net_benefit_low"].notna().all()


def test_an_exam_at_the_threshold_is_treated():
    labels = pd.DataFrame({"one": [1, 0, 1, 0]}, index=list("abcd"))
    found = measure_decision_curve(labels * 0 + 0.3, labels, thresholds=[0.3, 0.31]).curves
    np.testing.assert_allclose(found["net_benefit"], [0.5 - 0.5 * 3 / 7, 0], atol=1e-12)


def test_summary_shows_the_nearest_thresholds():
    labels, chances = make_probabilities(100)
    found = measure_decision_curve(chances, labels).summary(thresholds=[0.104, 0.5])
    assert found.index.tolist() == [("one", 0.1), ("one", 0.5), ("two", 0.1), ("two", 0.5)]
    assert found["prevalence"].tolist() == np.repeat(labels.mean(), 2).tolist()


def test_only_probabilities_and_proper_thresholds():
    labels, chances = make_probabilities(100)
    with pytest.raises(ValueError, match="probabilities from 0 to 1 for a net benefit, got"):
        measure_decision_curve(chances * 3 - 1, labels)
    for wrong in ([], [0.0], [0.5, 1.0], [[0.5]], [np.nan]):
        with pytest.raises(ValueError, match="`thresholds` must be one or more probabilities"):
            measure_decision_curve(chances, labels, thresholds=wrong)
    one_class = labels.assign(one=0)
    assert measure_decision_curve(chances, one_class).curves["net_benefit"].notna().all()
    with pytest.raises(ValueError, match="`prevalence` needs exams of both classes"):
        measure_decision_curve(chances, one_class, prevalence=0.1)
