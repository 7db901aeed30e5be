"""Baselines with their default parameters."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from mrnet_features.models import lightgbm_baseline, logistic_baseline, prior_baseline

# scikit-learn 1.6 derives two-class labels from the first row of two differently ordered sets, so
# the two models of this check get different labels.
WRONG_CHECKS = (
    {"check_sample_weight_equivalence_on_dense_data": "the check gives the models other labels"}
    if sklearn.__version__.startswith("1.6.")
    else {}
)


@parametrize_with_checks(
    [logistic_baseline(), prior_baseline()],
    expected_failed_checks=lambda model: WRONG_CHECKS if hasattr(model, "C") else {},
)
def test_scikit_learn_contract(estimator, check):
    check(estimator)


def test_a_weight_counts_as_repeated_rows():
    X, y = make_latent_table(120, 8, seed=3)
    weights = np.random.default_rng(4).integers(0, 4, len(y))
    repeated = np.repeat(np.arange(len(y)), weights)
    weighted = logistic_baseline().fit(X, y, sample_weight=weights).predict_proba(X)
    other = logistic_baseline().fit(X.iloc[repeated], y[repeated]).predict_proba(X)
    np.testing.assert_allclose(weighted, other, atol=1e-5)


def make_latent_table(n_rows, n_columns, seed):
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(n_rows, 20))
    X = hidden @ rng.normal(size=(20, n_columns)) + rng.normal(size=(n_rows, n_columns))
    y = (hidden[:, :3].sum(axis=1) + rng.normal(size=n_rows) > 1).astype(int)
    return pd.DataFrame(X).add_prefix("column_"), y


@pytest.mark.parametrize("make", [lightgbm_baseline, logistic_baseline])
@pytest.mark.parametrize("n_columns", [40, 600])
def test_learns_from_correlated_columns(make, n_columns):
    X, y = make_latent_table(700, n_columns, seed=0)
    model = make().fit(X[:400], y[:400])
    assert roc_auc_score(y[400:], model.predict_proba(X[400:])[:, 1]) > 0.8


def test_prior_predicts_the_prevalence():
    X, y = make_latent_table(100, 5, seed=0)
    scores = prior_baseline().fit(X, y).predict_proba(X)[:, 1]
    assert set(scores) == {y.mean()}


def test_seed_reaches_the_model_and_overrides_replace_defaults():
    model = clone(lightgbm_baseline(seed=5, n_seeds=2, max_bin=127))
    assert (model.random_state, model.n_seeds, model.max_bin, model.num_leaves) == (5, 2, 127, 7)


def test_misspelt_override_is_refused():
    with pytest.raises(TypeError, match=r"Unknown parameter leaves. Known: .*num_leaves"):
        lightgbm_baseline(leaves=7)
