"""Contributions and baseline add up to the log-odds of the model that is explained."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mrnet_features.evaluation.importance.explain_model import explain_model
from mrnet_features.models import (
    PlaneEnsemble,
    TunedClassifier,
    lightgbm_baseline,
    logistic_baseline,
    select_stable,
)

SMALL = {"n_estimators": 30, "n_seeds": 1}
NAMES = [f"{plane}__knee__f__s{k}__mean" for plane in ("axial", "coronal") for k in range(4)]
STABLE = dict.fromkeys(NAMES, 0.9) | {NAMES[0]: 0.1}


def make_rows(n_rows=160, seed=0):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n_rows, 8))
    truth = (values[:, 1] - values[:, 5] + rng.normal(size=n_rows) > 0.5).astype(int)
    values[rng.random(values.shape) < 0.03] = np.nan
    return pd.DataFrame(values, columns=NAMES), truth


MODELS = {
    "lightgbm": lightgbm_baseline(**SMALL),
    "logistic": logistic_baseline(),
    "stable columns": make_pipeline(select_stable(STABLE), lightgbm_baseline(**SMALL)),
    "scikit-learn": make_pipeline(
        SimpleImputer(), "passthrough", StandardScaler(), SelectKBest(k=3), LogisticRegression()
    ),
    "tuned": TunedClassifier(logistic_baseline(), {"C": [0.1]}, n_splits=2),
    "planes, logistic": PlaneEnsemble(logistic_baseline(), n_splits=2),
    "planes, average": PlaneEnsemble(lightgbm_baseline(**SMALL), combine="average"),
}


@pytest.mark.parametrize("name", MODELS)
def test_contributions_add_up_to_the_log_odds(name):
    X, y = make_rows()
    model = MODELS[name].fit(X[:120], y[:120])
    found = explain_model(model, X[120:], X[:120])
    assert found.contributions.shape == (40, 8)
    chances = model.predict_proba(X[120:])[:, 1]
    np.testing.assert_allclose(found.log_odds, logit(chances), atol=1e-6)


def test_seeds_add_up_to_their_mean_log_odds():
    X, y = make_rows()
    model = lightgbm_baseline(n_estimators=30).fit(X[:120], y[:120])
    raw = [b.predict(X[120:].to_numpy(), raw_score=True) for b in model.boosters_]
    found = explain_model(model, X[120:], X[:120])
    np.testing.assert_allclose(found.log_odds, np.mean(raw, axis=0), atol=1e-6)
    assert np.abs(found.log_odds - logit(model.predict_proba(X[120:])[:, 1])).max() < 0.05


def test_the_baseline_of_a_linear_model_is_the_mean_of_its_training_rows():
    X, y = make_rows()
    model = logistic_baseline().fit(X, y)
    found = explain_model(model, X, X)
    mean = logit(model.predict_proba(X)[:, 1]).mean()
    np.testing.assert_allclose(found.baseline, mean, atol=1e-9)
    np.testing.assert_allclose(found.contributions.mean(axis=0), 0, atol=1e-9)


def test_columns_left_out_by_a_step_contribute_nothing():
    X, y = make_rows()
    model = MODELS["stable columns"].fit(X, y)
    found = explain_model(model, X, X).contributions
    assert not found[:, 0].any()
    assert np.abs(found[:, 1]).mean() > 0.05


def test_lightgbm_of_its_own_package():
    lightgbm = pytest.importorskip("lightgbm")
    X, y = make_rows()
    model = lightgbm.LGBMClassifier(n_estimators=10, verbose=-1, n_jobs=1).fit(X, y)
    found = explain_model(model, X, X)
    np.testing.assert_allclose(found.log_odds, logit(model.predict_proba(X)[:, 1]), atol=1e-6)


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        (RandomForestClassifier(n_estimators=3), "got RandomForestClassifier"),
        (make_pipeline(PCA(2), LogisticRegression()), r"step 'pca' \(PCA\) makes new columns"),
        (SGDClassifier(loss="modified_huber"), "SGDClassifier, whose probability is not logistic"),
    ],
)
def test_models_without_an_explanation_are_refused(model, kind):
    X, y = make_rows()
    X = X.fillna(0.0)
    with pytest.raises(ValueError, match=kind):
        explain_model(model.fit(X, y), X, X)
