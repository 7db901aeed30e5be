"""Tests of differences equal statsmodels, MLstatkit, definitions and simulation."""

import numpy as np
import pytest
from MLstatkit import Delong_test
from scipy.stats import nct, norm, t, ttest_1samp

from mrnet_features.evaluation.metrics.auc import measure_auc
from mrnet_features.evaluation.metrics.auc_tests import (
    Difference,
    delong_test,
    minimum_detectable_difference,
    nadeau_bengio_test,
)


@pytest.mark.parametrize("seed", range(12))
def test_delong_test_equals_mlstatkit(seed):
    rng = np.random.default_rng(seed)
    labels = (rng.random(90) < 0.35).astype(int)
    first, second = (labels + rng.normal(size=90) for _ in range(2))
    if seed % 3 == 0:
        first, second = np.round(first), np.round(second)  # ties
    one, two = measure_auc(labels, first), measure_auc(labels, second)
    found = delong_test(one.influence, two.influence, one.auc - two.auc)
    z, p, *_ = Delong_test(labels, first, second, return_ci=False, return_auc=False)
    assert abs(found.estimate / found.se) == pytest.approx(abs(z), abs=1e-9)
    assert found.p == pytest.approx(p, abs=1e-9)


def test_level_of_delongs_test_for_the_mean_of_three_tasks():
    rng = np.random.default_rng(0)
    rejected = []
    for _ in range(800):
        hidden = rng.normal(size=(120, 3)) + rng.normal(size=(120, 1))
        labels = (hidden + rng.normal(size=hidden.shape) > 0.4).astype(int)
        one, two = (
            [measure_auc(labels[:, k], scores[:, k]) for k in range(3)]
            for scores in (hidden + rng.normal(size=hidden.shape) for _ in range(2))
        )
        means = [np.mean([estimate.influence for estimate in m], axis=0) for m in (one, two)]
        aucs = [np.mean([estimate.auc for estimate in m]) for m in (one, two)]
        rejected.append(delong_test(*means, aucs[0] - aucs[1]).p < 0.05)
    # Three standard errors of a proportion of .05 over 800 draws are .023.
    assert np.mean(rejected) == pytest.approx(0.05, abs=0.023)


def test_corrected_t_is_the_plain_t_with_a_wider_error():
    values = np.random.default_rng(0).normal(0.01, 0.03, size=50)
    found = nadeau_bengio_test(values, 1 / 4)
    plain = ttest_1samp(values, 0)
    widened = plain.statistic / np.sqrt(1 + 50 / 4)
    assert found.p == pytest.approx(2 * t.sf(abs(widened), 49))
    low, high = found.interval()
    assert (low + high) / 2 == pytest.approx(values.mean())
    assert (high - low) / 2 == pytest.approx(t.ppf(0.975, 49) * found.se)


@pytest.mark.parametrize("degrees", [4, 49, np.inf])
def test_minimum_detectable_difference_has_its_power(degrees):
    shift = minimum_detectable_difference(1.0, degrees)
    if np.isinf(degrees):
        power = norm.sf(norm.ppf(0.975) - shift)
    else:
        power = nct.sf(t.ppf(0.975, degrees), degrees, shift)
    assert power == pytest.approx(0.8, abs=1e-6)
    rng = np.random.default_rng(1)
    error = 1.0 if np.isinf(degrees) else np.sqrt(rng.chisquare(degrees, 20_000) / degrees)
    drawn = rng.normal(shift, 1, 20_000) / error
    critical = norm.ppf(0.975) if np.isinf(degrees) else t.ppf(0.975, degrees)
    assert np.mean(np.abs(drawn) > critical) == pytest.approx(0.8, abs=0.012)


def test_no_spread_has_no_p():
    same, extreme = Difference(0.0, 0.0), Difference(0.5, 0.0)
    assert same.p == 1
    assert same.interval() == (0.0, 0.0)
    assert np.isnan(extreme.p)
    assert np.isnan(extreme.interval()).all()
    assert Difference(0.9, 0.5).interval()[1] == 1
    assert nadeau_bengio_test([0.1, 0.1, 0.1], 0.25).se == 0


@pytest.mark.parametrize("degrees", [4, np.inf])
def test_no_spread_has_no_detectable_difference(degrees):
    assert np.isnan(minimum_detectable_difference(0.0, degrees))
    assert np.isnan(minimum_detectable_difference(np.nan, degrees))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: delong_test([0.1], [0.1, 0.2], 0.0), r"shapes \(1,\) and \(2,\)"),
        (lambda: nadeau_bengio_test([0.1], 0.25), r"at least two folds, got shape \(1,\)"),
        (lambda: nadeau_bengio_test([0.1, 0.2], 0), "`test_train_ratio` must be above 0, got 0"),
        (lambda: minimum_detectable_difference(-1.0), "`se` must be at least 0"),
        (lambda: minimum_detectable_difference(1.0, power=0.01), "`alpha` < `power`"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()
