"""A table with planted signal, its cross-validation, and the importance of its families."""

import pytest

from mrnet_features.evaluation import cross_validate, importance
from mrnet_features.models import lightgbm_baseline
from tests.support.tables import plant_signal

FAST = lightgbm_baseline(n_seeds=2, n_estimators=40, colsample_bytree=0.5)


@pytest.fixture(scope="module")
def planted():
    features, labels = plant_signal()
    return features, labels, cross_validate(FAST, features, labels, n_repeats=1)


@pytest.fixture(scope="module")
def found(planted):
    features, _, evaluation = planted
    views = ("shap", "permutation", "drop_group", "single_group")
    return importance(evaluation, features, views=views)
