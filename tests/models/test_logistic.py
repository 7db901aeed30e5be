"""ScaledLogistic: ridge regression on imputed, scaled columns."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from mrnet_features.models import logistic_baseline


def make_latent_table(n_rows, n_columns, seed):
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(n_rows, 20))
    X = hidden @ rng.normal(size=(20, n_columns)) + rng.normal(size=(n_rows, n_columns))
    y = (hidden[:, :3].sum(axis=1) + rng.normal(size=n_rows) > 1).astype(int)
    return pd.DataFrame(X).add_prefix("column_"), y


def test_c_of_zero_is_refused():
    with pytest.raises(ValueError, match="`C` must be above 0, got 0"):
        logistic_baseline(C=0).fit([[0.0], [1.0]], [0, 1])


def test_penalty_is_multiplied_by_the_number_of_columns():
    X, y = make_latent_table(150, 40, seed=1)
    standard = (X - X.mean()) / X.std(ddof=0)
    reference = LogisticRegression(C=2.0 / 40, max_iter=1000, tol=1e-10).fit(standard, y)
    ours = logistic_baseline(C=2.0).fit(X, y)
    np.testing.assert_allclose(
        ours.predict_proba(X), reference.predict_proba(standard), rtol=0, atol=1e-5
    )


def test_missing_constant_and_empty_columns_are_allowed():
    X, y = make_latent_table(60, 6, seed=2)
    X.iloc[::3, 0] = np.nan
    X["constant"] = 7.0
    X["empty"] = np.nan
    probabilities = logistic_baseline().fit(X, y).predict_proba(X)
    assert np.isfinite(probabilities).all()


def test_a_series_that_many_exams_lack_is_imputed_from_the_training_exams():
    X, y = make_latent_table(80, 6, seed=3)
    X.iloc[::4, 3:] = np.nan  # the columns of one series
    model = logistic_baseline().fit(X, y)
    medians = model.pipeline_["simpleimputer"].statistics_
    np.testing.assert_allclose(medians, X.median())
    lacking = X.iloc[1:2].copy()
    lacking.iloc[0, 3:] = np.nan
    filled = lacking.fillna(X.median())
    np.testing.assert_array_equal(model.predict_proba(lacking), model.predict_proba(filled))
