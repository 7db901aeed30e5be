"""Plane ensembles: the right columns to the right model, combined out of fold."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from mrnet_features.evaluation import cross_validate
from mrnet_features.models import PlaneEnsemble, ScaledLogistic, lightgbm_baseline

PLANES = ("axial", "coronal", "sagittal")


def make_case(n_exams=240, n_columns=8, seed=0):
    """Each plane sees a part of the truth; the axial one little."""
    rng = np.random.default_rng(seed)
    exams = [f"{i:04d}" for i in range(n_exams)]
    hidden = rng.normal(size=(n_exams, 3)) * [0.2, 1.0, 1.0]
    columns = {}
    for k, plane in enumerate(PLANES):
        for j in range(n_columns):
            signal = hidden[:, k] if j == 0 else 0.0
            columns[f"{plane}__knee__glcm__s{j}__mean"] = signal + 0.7 * rng.normal(size=n_exams)
    labels = (hidden.sum(axis=1) + 0.5 * rng.normal(size=n_exams) > 0).astype(int)
    return pd.DataFrame(columns, exams), pd.DataFrame({"acl": labels}, exams)


@pytest.mark.parametrize("combine", ["average", "logistic"])
def test_each_model_sees_its_plane_only(combine):
    features, labels = make_case()
    model = PlaneEnsemble(ScaledLogistic(), combine).fit(features, labels["acl"])
    for plane, fitted in model.models_.items():
        assert all(name.startswith(plane) for name in fitted.feature_names_in_)
    chances = [
        fitted.predict_proba(features[model.columns_[plane]])[:, 1]
        for plane, fitted in model.models_.items()
    ]
    if combine == "average":
        np.testing.assert_allclose(model.predict_proba(features)[:, 1], np.mean(chances, axis=0))
    turned = features.iloc[:, ::-1]
    np.testing.assert_array_equal(model.predict_proba(turned), model.predict_proba(features))


def test_regression_trusts_out_of_fold_scores_not_those_of_the_fit():
    # Noise in every plane: scores for the rows fitted on would look excellent.
    rng = np.random.default_rng(0)
    names = [f"{plane}__knee__glcm__s{k}__mean" for plane in PLANES for k in range(30)]
    features = pd.DataFrame(rng.normal(size=(200, 90)), columns=names)
    labels = rng.integers(0, 2, 200)
    model = PlaneEnsemble(lightgbm_baseline(n_seeds=1, n_estimators=60)).fit(features, labels)
    assert np.abs(model.combiner_.coef_).max() < 0.5
    fitted = [
        roc_auc_score(labels, fit.predict_proba(features[model.columns_[plane]])[:, 1])
        for plane, fit in model.models_.items()
    ]
    assert min(fitted) > 0.9


def test_regression_beats_the_average_where_a_plane_is_poor():
    features, labels = make_case(400)
    aucs = {
        combine: cross_validate(features, labels, PlaneEnsemble(ScaledLogistic(), combine))
        .summary()
        .loc["acl", "auc"]
        for combine in ("average", "logistic")
    }
    assert aucs["logistic"] > aucs["average"] - 0.01
    assert min(aucs.values()) > 0.75


def test_refusals():
    features, labels = make_case(40)
    with pytest.raises(ValueError, match="one of average, logistic, got 'concat'"):
        PlaneEnsemble(combine="concat").fit(features, labels["acl"])
    with pytest.raises(TypeError, match="named columns, got ndarray"):
        PlaneEnsemble().fit(features.to_numpy(), labels["acl"])
    with pytest.raises(ValueError, match="must be of the form"):
        PlaneEnsemble().fit(
            features.set_axis(list("abcdefghijklmnopqrstuvwx"), axis=1), labels["acl"]
        )
    with pytest.raises(ValueError, match="at least 5 rows of each class .* got 2"):
        PlaneEnsemble().fit(features, np.r_[1, 1, np.zeros(38, int)])
