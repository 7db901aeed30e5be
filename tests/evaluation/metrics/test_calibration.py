"""Calibration equals statsmodels and scikit-learn."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.special import expit, logit
from scipy.stats import t
from sklearn.metrics import brier_score_loss
from statsmodels.stats.proportion import proportion_confint

from mrnet_features.evaluation import cross_validate
from mrnet_features.evaluation.metrics.calibration import (
    Calibration,
    measure_calibration,
    wilson_interval,
)
from mrnet_features.models import logistic_baseline
from tests.support.tables import make_probabilities


def test_slope_intercept_and_brier_equal_statsmodels_and_scikit_learn():
    labels, chances = make_probabilities(shift=0.4, factor=1.7)
    summary = measure_calibration(chances, labels).summary()
    for task in labels:
        odds = logit(chances[task])
        line = sm.Logit(labels[task], sm.add_constant(odds.to_numpy())).fit(disp=0)
        np.testing.assert_allclose(
            summary.loc[task, ["slope", "slope_low", "slope_high"]].astype(float),
            [line.params.iloc[1], *line.conf_int().iloc[1]],
            rtol=1e-6,
        )
        shift = sm.GLM(
            labels[task], np.ones(len(odds)), family=sm.families.Binomial(), offset=odds
        ).fit()
        np.testing.assert_allclose(
            summary.loc[task, ["intercept", "intercept_low", "intercept_high"]].astype(float),
            [shift.params.iloc[0], *shift.conf_int().iloc[0]],
            rtol=1e-5,
        )
        brier = brier_score_loss(labels[task], chances[task])
        assert summary.loc[task, "brier"] == pytest.approx(brier)


def test_true_probabilities_have_slope_one_and_distorted_ones_do_not():
    labels, chances = make_probabilities(20_000)
    summary = measure_calibration(chances, labels).summary(0.999)
    assert summary["slope_low"].lt(1).all()
    assert summary["slope_high"].gt(1).all()
    assert summary["intercept"].abs().lt(0.06).all()
    extreme = measure_calibration(*reversed(make_probabilities(20_000, factor=2.0))).summary()
    np.testing.assert_allclose(extreme["slope"], 0.5, atol=0.03)
    high = measure_calibration(*reversed(make_probabilities(20_000, shift=1.0))).summary()
    np.testing.assert_allclose(high["intercept"], -1.0, atol=0.08)


def test_reliability_bands_hold_the_truth():
    labels, chances = make_probabilities(20_000)
    curve = measure_calibration(chances, labels).frame(n_bins=10, confidence=0.999)
    assert len(curve) == 20
    assert curve.groupby("task")["n_exams"].sum().tolist() == [20_000, 20_000]
    assert curve["expected"].between(curve["ci_low"], curve["ci_high"]).all()


def test_a_constant_is_one_point_of_the_curve():
    labels, chances = make_probabilities()
    curve = measure_calibration(chances.assign(two=0.25), labels).frame(n_bins=4)
    assert curve.groupby("task")["n_exams"].agg(list).to_dict() == {"one": [100] * 4, "two": [400]}
    assert curve["expected"].iloc[-1] == 0.25
    assert curve["n_positive"].iloc[-1] == labels["two"].sum()
    none = Calibration(labels[[]], chances[[]]).frame()
    assert none.columns.tolist() == curve.columns.tolist()


def test_constant_and_separating_scores_have_no_slope():
    labels, _ = make_probabilities()
    constant = labels * 0 + labels.mean()
    summary = measure_calibration(constant, labels).summary()
    assert summary["slope"].isna().all()
    np.testing.assert_allclose(summary["brier_skill"], 0, atol=1e-12)
    np.testing.assert_allclose(summary["intercept"], 0, atol=1e-8)
    assert measure_calibration(labels.astype(float), labels).summary()["slope"].isna().all()


@pytest.mark.parametrize("only", [0, 1])
def test_one_class_has_no_intercept_slope_or_skill(only):
    labels, chances = make_probabilities(50)
    found = measure_calibration(chances, labels.assign(two=only))
    summary = found.summary()
    names = ["brier_skill", "intercept", "intercept_low", "slope", "slope_high"]
    assert summary.loc["two", names].isna().all()
    assert summary.loc["two", "observed"] == only
    assert summary.loc["two", "brier"] == pytest.approx(((chances["two"] - only) ** 2).mean())
    assert summary.loc["one"].notna().all()
    assert (found.frame().query("task == 'two'")["observed"] == only).all()
    with pytest.raises(ValueError, match="at least one exam, got none"):
        measure_calibration(chances[:0], labels[:0])


@pytest.mark.parametrize("n_hits", [0, 1, 7, 19, 20])
def test_wilson_equals_statsmodels(n_hits):
    theirs = proportion_confint(n_hits, 20, method="wilson")
    np.testing.assert_allclose(wilson_interval(n_hits, 20), theirs, atol=1e-12)


def test_scores_that_are_not_probabilities_are_refused():
    labels, chances = make_probabilities()
    with pytest.raises(ValueError, match="probabilities from 0 to 1"):
        measure_calibration(logit(chances), labels)
    with pytest.raises(ValueError, match="no 'two'"):
        measure_calibration(chances[["one"]], labels)
    with pytest.raises(TypeError, match="got list"):
        measure_calibration([0.5], labels)
    with pytest.raises(ValueError, match="got 3 of 2"):
        wilson_interval(3, 2)


def test_an_evaluation_brings_its_labels():
    labels, chances = make_probabilities(300)
    features = logit(chances).add_prefix("log_odds_")
    evaluation = cross_validate(logistic_baseline(), features, labels, n_repeats=2)
    summary = measure_calibration(evaluation, labels).summary()
    assert summary["slope"].between(0.6, 1.5).all()
    pd.testing.assert_frame_equal(measure_calibration(evaluation).summary(), summary)


def test_an_array_of_labels_fits_results_made_from_arrays():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(80, 3)), rng.integers(0, 2, 80)
    evaluation = cross_validate(logistic_baseline(), X, y, n_repeats=1)
    own = measure_calibration(evaluation).summary()
    pd.testing.assert_frame_equal(measure_calibration(evaluation, y).summary(), own)
    with pytest.raises(ValueError, match="with the 80 exams"):
        measure_calibration(evaluation, y[:-1])
    named = cross_validate(
        logistic_baseline(),
        pd.DataFrame(X).add_prefix("x").add_suffix("_").set_axis([f"e{k}" for k in range(80)]),
        y,
        n_repeats=1,
    )
    with pytest.raises(TypeError, match="DataFrame or Series indexed by exam id, got ndarray"):
        measure_calibration(named, y)


def test_groups_give_the_sandwich_errors_of_statsmodels():
    rng = np.random.default_rng(0)
    exams = pd.Index([f"{k:03d}" for k in range(120)])
    groups = pd.Series(np.arange(120) // 3, exams)
    odds = rng.normal(size=120) + rng.normal(size=40)[groups]
    labels = pd.DataFrame({"acl": (odds + rng.logistic(size=120) > 0).astype(int)}, exams)
    chances = pd.DataFrame({"acl": expit(odds)}, exams)
    found = measure_calibration(chances, labels, groups=groups).summary().loc["acl"]
    fitted = sm.GLM(labels["acl"], sm.add_constant(odds), family=sm.families.Binomial()).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
    )
    se = fitted.bse.iloc[1] * np.sqrt(40 / 39)
    assert found["slope"] == pytest.approx(fitted.params.iloc[1], rel=1e-9)
    assert found["slope_high"] - found["slope"] == pytest.approx(t.ppf(0.975, 39) * se, rel=1e-7)


def test_repeated_exams_of_a_group_do_not_narrow_the_intervals():
    rng = np.random.default_rng(1)
    exams = pd.Index([f"{k:03d}" for k in range(100)])
    odds = rng.normal(size=100)
    labels = pd.DataFrame({"acl": (odds + rng.logistic(size=100) > 0).astype(int)}, exams)
    chances = pd.DataFrame({"acl": expit(odds)}, exams)
    once = measure_calibration(chances, labels, groups=dict(zip(exams, exams, strict=True)))
    copies = exams + " again"
    twice = measure_calibration(
        pd.concat([chances, chances.set_axis(copies)]),
        pd.concat([labels, labels.set_axis(copies)]),
        groups={exam: exam[:3] for exam in [*exams, *copies]},
    )
    np.testing.assert_allclose(twice.summary(), once.summary(), rtol=1e-9)
    apart = measure_calibration(twice.probabilities, twice.labels).summary()
    assert apart.loc["acl", "slope_high"] < twice.summary().loc["acl", "slope_high"] - 0.05
    columns = ["ci_low", "ci_high"]
    np.testing.assert_allclose(twice.frame(1)[columns], once.frame(1)[columns], rtol=1e-9)
