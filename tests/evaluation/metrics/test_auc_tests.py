"""Differences of AUCs: p, interval and detectable difference equal definitions and simulation."""

import numpy as np
import pytest
from scipy.stats import nct, norm, t

from mrnet_features.evaluation.metrics.auc_tests import (
    Difference,
    minimum_detectable_difference,
)


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


@pytest.mark.parametrize("degrees", [4, np.inf])
def test_no_spread_has_no_detectable_difference(degrees):
    assert np.isnan(minimum_detectable_difference(0.0, degrees))
    assert np.isnan(minimum_detectable_difference(np.nan, degrees))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: minimum_detectable_difference(-1.0), "`se` must be at least 0"),
        (lambda: minimum_detectable_difference(1.0, power=0.01), "`alpha` < `power`"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()
