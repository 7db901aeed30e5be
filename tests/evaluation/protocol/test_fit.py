"""One fit of a cross-validation: seeds, one thread, errors that name it."""

import lightgbm
import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_info

from mrnet_features.evaluation import cross_validate, evaluate
from mrnet_features.evaluation.protocol.fit import seed_classifier
from mrnet_features.models import TunedClassifier, lightgbm_baseline

X = np.random.default_rng(0).normal(size=(60, 3))
Y = np.arange(60) % 2
LGBM = lightgbm.LGBMClassifier


class OwnLightGBM(LGBM):
    """As a user would derive it."""


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (LGBM(), "n_jobs"),
        (OwnLightGBM(), "n_jobs"),
        (make_pipeline(StandardScaler(), LGBM()), "lgbmclassifier__n_jobs"),
        (CalibratedClassifierCV(make_pipeline(LGBM())), "estimator__lgbmclassifier__n_jobs"),
        (TunedClassifier(LGBM()), "estimator__n_jobs"),
    ],
)
def test_lightgbm_gets_one_thread_unless_the_user_says_more(model, name):
    fresh = seed_classifier(model, 0, "acl", 0, 0)
    assert fresh.get_params()[name] == 1
    assert model.get_params()[name] is None
    model.set_params(**{name: 4})
    assert seed_classifier(model, 0, "acl", 0, 0).get_params()[name] == 4


def test_other_names_of_the_number_of_threads_are_respected():
    fresh = seed_classifier(LGBM(num_threads=4), 0, "acl", 0, 0)
    assert fresh.get_params()["n_jobs"] is None
    assert fresh.get_params()["num_threads"] == 4


def test_classifiers_for_which_none_is_one_thread_keep_it():
    assert seed_classifier(RandomForestClassifier(), 0, "acl", 0, 0).n_jobs is None


class Recorder(HistGradientBoostingClassifier):
    """Records how many threads OpenMP has while it is fitted."""

    def fit(self, X, y):
        pools = [pool for pool in threadpool_info() if pool["user_api"] == "openmp"]
        self.threads_ = {pool["num_threads"] for pool in pools}
        return super().fit(X, y)


def test_openmp_has_one_thread_in_a_fit():
    evaluation = cross_validate(Recorder(max_iter=2), X, Y, n_splits=2, n_repeats=1)
    assert all(model.threads_ == {1} for model in evaluation.models.values())


def test_lightgbm_fits_on_one_thread(monkeypatch):
    seen = []
    train = lightgbm.sklearn.train

    def record(params, *args, **kwargs):
        seen.append(params["num_threads"])
        return train(params, *args, **kwargs)

    monkeypatch.setattr(lightgbm.sklearn, "train", record)
    cross_validate(LGBM(n_estimators=1, verbose=-1), X, Y, n_splits=2, n_repeats=1)
    assert seen == [1, 1]


@pytest.mark.parametrize("model", [lightgbm_baseline(num_leaves=1), LGBM(num_leaves=1, verbose=-1)])
def test_errors_of_lightgbm_name_the_task(model):
    with pytest.raises(ValueError, match="LightGBM refused the model .*num_leaves") as caught:
        cross_validate(model, X, pd.Series(Y, name="acl").to_frame().to_numpy())
    assert caught.value.__notes__ == ["while fitting and scoring task 'task_0', repeat 0, fold 0"]
    assert type(caught.value.__cause__).__name__ == "LightGBMError"


def test_one_class_in_the_training_split_is_refused_by_name():
    train, valid = (X, 0 * Y), (X, Y)
    with pytest.raises(ValueError, match="both classes to fit a model, got 0 in 60") as caught:
        evaluate(DummyClassifier(), train, valid)
    assert caught.value.__notes__ == ["while fitting and scoring task 'label'"]
