"""Predictive values follow Bayes' theorem, with the logit intervals of Mercaldo et al."""

import numpy as np
import pytest
from scipy.special import expit, logit

from mrnet_features.evaluation.metrics.predictive_values import (
    choose_prevalences,
    measure_predictive_values,
)


@pytest.mark.parametrize("prevalence", [0.01, 0.3, 0.8])
def test_equations_of_the_paper(prevalence):
    """Mercaldo 2007, equations 8 to 11, on the counts of their example (ApoE e4, 418 and 375)."""
    sensitivity, specificity = 240 / 418, 288 / 375
    found = measure_predictive_values(240, 418, 288, 375, prevalence)
    ppv = sensitivity * prevalence
    ppv /= ppv + (1 - specificity) * (1 - prevalence)
    npv = specificity * (1 - prevalence)
    npv /= npv + (1 - sensitivity) * prevalence
    ppv_variance = (1 - sensitivity) / sensitivity / 418 + specificity / (1 - specificity) / 375
    npv_variance = sensitivity / (1 - sensitivity) / 418 + (1 - specificity) / specificity / 375
    for name, value, variance in (("ppv", ppv, ppv_variance), ("npv", npv, npv_variance)):
        half = 1.959963984540054 * np.sqrt(variance)
        expected = value, expit(logit(value) - half), expit(logit(value) + half)
        got = found[name], found[f"{name}_low"], found[f"{name}_high"]
        np.testing.assert_allclose(got, expected, atol=1e-12)


def test_at_the_prevalence_of_the_exams_they_are_plain_fractions():
    found = measure_predictive_values(30, 40, 50, 60, 0.4)
    assert found["ppv"] == pytest.approx(30 / 40)
    assert found["npv"] == pytest.approx(50 / 60)


def test_intervals_cover_in_repeated_samples():
    rng = np.random.default_rng(0)
    n_hits, n_rejected = rng.binomial(48, 0.8, 800), rng.binomial(72, 0.8, 800)
    truth = {"ppv": 0.8 * 0.1 / (0.8 * 0.1 + 0.2 * 0.9), "npv": 0.8 * 0.9 / (0.8 * 0.9 + 0.2 * 0.1)}
    rows = [
        measure_predictive_values(a, 48, b, 72, 0.1)
        for a, b in zip(n_hits, n_rejected, strict=True)
    ]
    for name, value in truth.items():
        covered = np.mean([row[f"{name}_low"] <= value <= row[f"{name}_high"] for row in rows])
        assert 0.93 <= covered <= 0.975


def test_perfect_sensitivity_or_specificity_leaves_a_proper_interval():
    perfect = measure_predictive_values(40, 40, 60, 60, 0.1)
    assert perfect["ppv"] == perfect["ppv_high"] == perfect["npv"] == perfect["npv_high"] == 1
    assert 0 < perfect["ppv_low"] < perfect["npv_low"] < 1
    more = measure_predictive_values(400, 400, 600, 600, 0.1)
    assert perfect["ppv_low"] < more["ppv_low"]
    nothing = measure_predictive_values(0, 40, 30, 60, 0.1)
    assert nothing["ppv"] == nothing["ppv_low"] == 0
    assert 0 < nothing["ppv_high"] < 0.1


def test_without_calls_or_exams_there_is_no_value():
    never = measure_predictive_values(0, 40, 60, 60, 0.1)
    assert np.isnan([never["ppv"], never["ppv_low"], never["ppv_high"]]).all()
    assert never["npv"] == pytest.approx(0.9)
    assert np.isnan(list(measure_predictive_values(0, 0, 50, 60, 0.1).values())).all()


def test_prevalences_are_fractions_of_known_tasks():
    assert choose_prevalences(0.1, ["one", "two"]) == {"one": 0.1, "two": 0.1}
    assert choose_prevalences(None, ["one"]) == {"one": None}
    for wrong in (0, 1, -0.1, 30, float("nan")):
        with pytest.raises(ValueError, match="`prevalence` must be a fraction"):
            choose_prevalences(wrong, ["one"])
    with pytest.raises(ValueError, match="must name tasks, got 'three'"):
        choose_prevalences({"three": 0.1}, ["one", "two"])
