"""ICC(2,1) against published values, an analysis of variance and simulated truth."""

import numpy as np
import pytest

from mrnet_features.evaluation.metrics.intraclass import intraclass_correlation

# Shrout and Fleiss 1979, table 2: six targets rated by four judges
RATINGS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
)


def test_the_example_of_shrout_and_fleiss():
    found = intraclass_correlation(RATINGS.T[:, :, None])
    assert round(found.icc[0], 2) == 0.29
    # the interval as printed by `ICC` of the R package psych
    assert [round(float(end[0]), 2) for end in (found.low, found.high)] == [0.02, 0.76]
    assert found.n_exams == 6


def test_columns_are_independent_of_each_other_and_of_their_unit():
    rng = np.random.default_rng(0)
    first = rng.normal(size=(20, 3)) * [1, 1e-6, 1e200]
    second = first + rng.normal(size=(20, 3)) * [0.5, 1e-6, 1e199]
    together = intraclass_correlation([first, second])
    for k in range(3):
        alone = intraclass_correlation([first[:, [k]] / 3, second[:, [k]] / 3])
        assert together.icc[k] == pytest.approx(alone.icc[0])
        assert together.low[k] == pytest.approx(alone.low[0])


def test_equal_measurements_are_1_and_a_shared_shift_counts():
    first = np.arange(8.0)[:, None] * 0.1
    same = intraclass_correlation([first, first])
    assert (same.icc[0], same.low[0], same.high[0]) == (1, 1, 1)
    shifted = intraclass_correlation([first, first + 0.3])
    variance = first.var(ddof=1)
    assert shifted.icc[0] == pytest.approx(variance / (variance + 0.3**2 / 2))
    assert shifted.low[0] < shifted.icc[0]


def test_columns_without_variance_or_with_few_exams_have_no_icc():
    constant = np.full((5, 1), 0.1)
    assert np.isnan(intraclass_correlation([constant, constant]).icc[0])
    few = np.array([[1.0], [2.0], [np.nan], [4.0]])
    other = np.array([[1.0], [np.inf], [3.0], [4.0]])
    found = intraclass_correlation([few, other])
    assert np.isnan(found.icc[0])
    assert found.n_exams[0] == 2


def test_incomplete_exams_are_left_out_of_their_column():
    rng = np.random.default_rng(1)
    first = rng.normal(size=(12, 2))
    second = first + rng.normal(size=(12, 2))
    second[3, 0] = np.nan
    kept = np.arange(12) != 3
    found = intraclass_correlation([first, second])
    assert found.n_exams.tolist() == [11, 12]
    assert found.icc[0] == pytest.approx(intraclass_correlation([first[kept], second[kept]]).icc[0])


def test_the_interval_covers_the_true_value():
    rng = np.random.default_rng(2)
    exams, noise = rng.normal(size=(30, 2000)), rng.normal(size=(2, 30, 2000))
    found = intraclass_correlation(exams + 0.5 * noise)  # true ICC 1 / (1 + .25) = .8
    covered = (found.low < 0.8) & (found.high > 0.8)
    assert 0.93 < covered.mean() < 0.97
    assert np.median(found.icc) == pytest.approx(0.8, abs=0.01)


def test_one_measurement_is_refused():
    with pytest.raises(ValueError, match=r"k of at least 2, got \(1, 3, 1\)"):
        intraclass_correlation(np.zeros((1, 3, 1)))
