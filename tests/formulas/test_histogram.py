"""Formulas of histograms against NumPy on the values themselves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrnet_features.formulas.histogram import (
    average_over,
    count_entropy,
    divide,
    entropy,
    moment,
    nan_mean,
    normalise,
    quantile,
)

VALUES = np.arange(10.0)
samples = st.lists(st.integers(0, 9), min_size=1, max_size=40)


def count(sample):
    return np.bincount(sample, minlength=10).astype(float)


@given(samples, st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]))
def test_quantiles_equal_those_of_numpy(sample, q):
    assert quantile(count(sample), VALUES, q) == pytest.approx(np.quantile(sample, q))


@given(samples)
def test_moments_equal_those_of_numpy(sample):
    fractions = normalise(count(sample))
    mean = moment(fractions, VALUES)
    assert mean == pytest.approx(np.mean(sample))
    assert moment(fractions, VALUES, 2, about=mean) == pytest.approx(np.var(sample))


@given(samples)
def test_both_entropies_agree(sample):
    counts = count(sample)
    assert count_entropy(counts) == pytest.approx(entropy(normalise(counts)), abs=1e-12)


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.float64])
def test_divide_takes_integers_and_floats(dtype):
    found = divide(np.array([3, 3], dtype), np.array([2, 0], dtype), -1.0)
    assert found.dtype == np.float64
    assert found.tolist() == [1.5, -1.0]


def test_empty_histograms_give_nan():
    nothing = np.zeros(10)
    found = (normalise(nothing), quantile(nothing, VALUES, 0.5), count_entropy(nothing))
    assert all(np.isnan(values).all() for values in found)


def test_nan_values_do_not_enter_means():
    values = np.array([[1.0, np.nan], [3.0, np.nan]])
    assert nan_mean(values, axis=0).tolist()[0] == 2.0
    assert np.isnan(average_over({"a": values, "b": values}, axis=0)["b"][1])
