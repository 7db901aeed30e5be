"""Parts of fitted models are found wherever scikit-learn and we keep them."""

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from mrnet_features.evaluation.checklists.model_parts import list_fitted_parts, list_packages
from mrnet_features.models import SeedAveragedLightGBM, TunedClassifier, logistic_baseline

X = np.random.default_rng(0).normal(size=(40, 4))
Y = (X[:, 0] > 0).astype(int)


def name_parts(model):
    return {type(part).__name__ for part in list_fitted_parts(model.fit(X, Y))}


@pytest.mark.parametrize(
    ("model", "wanted"),
    [
        (make_pipeline(StandardScaler(), SelectKBest(k=2), LogisticRegression()), "SelectKBest"),
        (logistic_baseline(), "StandardScaler"),
        (TunedClassifier(logistic_baseline(), {"C": [0.1]}, n_splits=2), "SimpleImputer"),
        (GridSearchCV(make_pipeline(MinMaxScaler(), LogisticRegression()), {}), "MinMaxScaler"),
        (VotingClassifier([("one", logistic_baseline())]), "StandardScaler"),
        (
            make_pipeline(
                ColumnTransformer([("scaled", MinMaxScaler(), [0, 1])]), LogisticRegression()
            ),
            "MinMaxScaler",
        ),
    ],
)
def test_inner_steps_are_found(model, wanted):
    assert wanted in name_parts(model)


def test_templates_that_were_never_fitted_are_left_out():
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}).fit(X, Y)
    parts = list_fitted_parts(search)
    assert search.best_estimator_ in parts
    assert search.estimator not in parts


def test_boosters_count_as_packages():
    model = SeedAveragedLightGBM(n_estimators=2, n_seeds=1).fit(X, Y)
    assert "lightgbm" in list_packages(model)


def test_models_that_hold_themselves_do_not_loop():
    model = logistic_baseline().fit(X, Y)
    model.itself_ = model
    assert list_fitted_parts(model).count(model) == 1


def test_an_object_without_attributes_is_its_only_part():
    class Bare:
        __slots__ = ()

    bare = Bare()
    assert list_fitted_parts(bare) == [bare]
