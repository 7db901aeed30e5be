"""The three baselines as they come from the shelf."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from mrnet_features.models import lightgbm_baseline, logistic_baseline, prior_baseline


@parametrize_with_checks([logistic_baseline(), prior_baseline()])
def test_scikit_learn_contract(estimator, check):
    check(estimator)


def test_logistic_refuses_a_penalty_that_is_none():
    with pytest.raises(ValueError, match="`C` must be above 0, got 0"):
        logistic_baseline(C=0).fit([[0.0], [1.0]], [0, 1])


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


def test_prior_knows_nothing():
    X, y = make_latent_table(100, 5, seed=0)
    scores = prior_baseline().fit(X, y).predict_proba(X)[:, 1]
    assert set(scores) == {y.mean()}


def test_logistic_is_ridge_with_the_penalty_times_the_number_of_columns():
    X, y = make_latent_table(150, 40, seed=1)
    standard = (X - X.mean()) / X.std(ddof=0)
    reference = LogisticRegression(C=2.0 / 40, max_iter=1000, tol=1e-10).fit(standard, y)
    ours = logistic_baseline(C=2.0).fit(X, y)
    np.testing.assert_allclose(
        ours.predict_proba(X), reference.predict_proba(standard), rtol=0, atol=1e-5
    )


def test_logistic_takes_missing_constant_and_empty_columns():
    X, y = make_latent_table(60, 6, seed=2)
    X.iloc[::3, 0] = np.nan
    X["constant"] = 7.0
    X["empty"] = np.nan
    probabilities = logistic_baseline().fit(X, y).predict_proba(X)
    assert np.isfinite(probabilities).all()


def test_seed_reaches_the_model_and_overrides_replace_defaults():
    model = clone(lightgbm_baseline(seed=5, n_seeds=2, max_bin=127))
    assert (model.random_state, model.n_seeds, model.max_bin, model.num_leaves) == (5, 2, 127, 7)


def test_misspelt_override_is_refused():
    with pytest.raises(TypeError, match=r"must be among .*num_leaves.*; got leaves"):
        lightgbm_baseline(leaves=7)
