"""Expected variances of AUCs equal published values and simulation."""

import numpy as np
import pytest
from scipy.special import ndtri

from mrnet_features.evaluation.metrics.auc import measure_auc
from mrnet_features.evaluation.metrics.auc_variance import METHODS, auc_covariance, auc_variance


def test_hanley_and_mcneil_1982_example():
    """An area of .893 with 51 abnormal and 58 normal images: standard error .032."""
    assert auc_variance(0.893, 51, 58) == pytest.approx(0.032**2, rel=0.03)


def test_hanley_mcneil_equals_their_formula_for_equal_classes():
    for auc in (0.5, 0.7, 0.93):
        q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
        expected = (auc * (1 - auc) + 39 * (q1 + q2 - 2 * auc**2)) / 1600
        assert auc_variance(auc, 40, 40) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("method", METHODS)
def test_covariance_is_zero_without_correlation_and_the_variance_with_equal_scores(method):
    assert auc_covariance(0.8, 0.7, 0.0, 30, 60, method) == pytest.approx(0, abs=1e-9)
    ratio = auc_covariance(0.8, 0.8, 1.0, 30, 60, method) / auc_variance(0.8, 30, 60, method)
    assert ratio == pytest.approx(1, abs=0.005)  # 0.0099 stands for 1 / 32 pi
    assert auc_covariance(0.8, 0.7, 0.5, 30, 60, method) == pytest.approx(
        auc_covariance(0.7, 0.8, 0.5, 30, 60, method), abs=1e-9
    )


def test_correlation_of_aucs_equals_simulation():
    rng = np.random.default_rng(0)
    labels, shift = np.repeat([1, 0], [20, 30]), np.sqrt(2) * ndtri([0.85, 0.75])
    noise = rng.multivariate_normal([0, 0], [[1, 0.7], [0.7, 1]], (700, 50))
    scores = noise + np.outer(labels, shift)
    aucs = [[measure_auc(labels, draw[:, k]).auc for k in (0, 1)] for draw in scores]
    found = auc_covariance(0.85, 0.75, 0.7, 20, 30)
    found /= np.sqrt(auc_variance(0.85, 20, 30) * auc_variance(0.75, 20, 30))
    assert np.corrcoef(np.transpose(aucs))[0, 1] == pytest.approx(found, abs=0.05)
