"""Difference of two AUCs of different exams: interval and p agree, small sets are covered."""

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import norm

from mrnet_features.evaluation.metrics.auc import logit_interval, measure_auc
from mrnet_features.evaluation.metrics.unpaired_difference import (
    MeasuredAuc,
    unpaired_interval,
    unpaired_p,
)

ONE, TWO = MeasuredAuc(0.9, 0.03, 40, 60), MeasuredAuc(0.75, 0.04, 30, 50)


def test_without_an_error_of_the_second_the_interval_is_that_of_the_first():
    fixed = MeasuredAuc(0.75, 0.0, 30, 50)
    low, high = unpaired_interval(ONE, fixed)
    expected = logit_interval(*ONE[:4])
    assert (low, high) == pytest.approx((expected[0] - 0.75, expected[1] - 0.75), abs=1e-15)


def test_p_is_the_level_at_which_the_interval_touches_zero():
    few = ONE._replace(degrees=2)
    for one in (ONE, few):
        p = unpaired_p(one, TWO)
        assert unpaired_interval(one, TWO, confidence=1 - p)[0] == pytest.approx(0, abs=1e-10)
    assert 0 < unpaired_p(ONE, TWO) < 0.05 < p < 0.2
    assert unpaired_interval(ONE, TWO)[0] > 0


def test_swapping_the_two_changes_signs_only():
    low, high = unpaired_interval(ONE, TWO, 0.0004)
    assert unpaired_interval(TWO, ONE, 0.0004) == pytest.approx((-high, -low), abs=1e-15)
    assert unpaired_p(TWO, ONE) == pytest.approx(unpaired_p(ONE, TWO), abs=1e-12)


def test_small_errors_give_the_usual_test():
    one, two = MeasuredAuc(0.801, 0.0004, 9, 9), MeasuredAuc(0.8, 0.0003, 9, 9)
    assert unpaired_p(one, two) == pytest.approx(2 * norm.sf(2), rel=0.02)
    low, _ = unpaired_interval(one, two, covariance=0.6e-7)
    expected = 0.001 - ndtri(0.975) * np.sqrt(25e-8 - 2 * 0.6e-7)
    assert low == pytest.approx(expected, abs=3e-6)


def test_p_of_equal_and_of_impossible_pairs():
    constant = MeasuredAuc(0.5, 0.0, 9, 9)
    assert unpaired_p(ONE, ONE) == 1
    assert unpaired_p(constant, constant) == 1
    assert np.isnan(unpaired_p(constant, MeasuredAuc(0.6, 0.0, 9, 9)))
    assert np.isnan(unpaired_p(ONE, MeasuredAuc(0.6, float("nan"), 9, 9)))
    assert np.isnan(unpaired_p(ONE, ONE._replace(se=float("nan"))))
    assert unpaired_p(MeasuredAuc(0.99, 1e-6, 9, 9), constant) == 1e-15


def test_perfect_separation_of_few_exams_is_not_certain():
    perfect = MeasuredAuc(1.0, 0.0, 5, 5)
    low, high = unpaired_interval(perfect, TWO)
    assert low < 0 < high
    assert unpaired_p(perfect, TWO) > 0.05


def test_level_and_coverage_with_ten_exams_of_a_class():
    rng = np.random.default_rng(0)
    labels, shift = np.repeat([1, 0], [10, 20]), np.sqrt(2) * ndtri(0.85)
    rejected, covered = [], []
    for _ in range(600):
        one, two = (measure_auc(labels, shift * labels + rng.normal(size=30)) for _ in range(2))
        pair = [MeasuredAuc(found.auc, found.se, 10, 20) for found in (one, two)]
        low, high = unpaired_interval(*pair)
        covered.append(low <= 0 <= high)
        rejected.append(unpaired_p(*pair) < 0.05)
    assert 0.93 <= np.mean(covered) <= 0.98
    assert np.mean(rejected) == pytest.approx(1 - np.mean(covered), abs=1e-12)
