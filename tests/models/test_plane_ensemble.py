"""Plane ensembles: each model gets its columns, combined out of fold."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from mrnet_features.evaluation import cross_validate
from mrnet_features.models import PlaneEnsemble, ScaledLogistic, lightgbm_baseline

PLANES = ("axial", "coronal", "sagittal")


@dataclass(frozen=True)
class Halves:
    """Two groups of one width or, of a single column, one; its repr is the same everywhere."""

    def __call__(self, columns):
        middle = len(columns) // 2
        halves = {"first": columns[:middle], "second": columns[middle:]}
        return {name: members for name, members in halves.items() if members}


# The check of scikit-learn 1.6 also gives repeated and weighted rows different labels.
NO_ROWS = {"check_sample_weight_equivalence_on_dense_data": "inner folds hold rows, not weights"}


@parametrize_with_checks(
    [
        PlaneEnsemble(ScaledLogistic(), combine, by=Halves(), n_splits=2)
        for combine in ("average", "logistic")
    ],
    expected_failed_checks=lambda model: (
        NO_ROWS if model.combine == "logistic" or sklearn.__version__.startswith("1.6.") else {}
    ),
)
def test_scikit_learn_contract(estimator, check):
    check(estimator)


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
    with pytest.raises(ValueError, match="same order"):
        model.predict_proba(features.iloc[:, ::-1])


def test_regression_is_fitted_on_out_of_fold_scores():
    # Noise in every plane: scores of the training rows are far too high.
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
        combine: cross_validate(
            PlaneEnsemble(ScaledLogistic(), combine), features, labels, n_repeats=1
        )
        .summary()
        .loc["acl", "auc"]
        for combine in ("average", "logistic")
    }
    assert aucs["logistic"] > aucs["average"] - 0.01
    assert min(aucs.values()) > 0.75


def test_a_function_groups_other_tables():
    features, labels = make_case()
    by_name = PlaneEnsemble(ScaledLogistic()).fit(features, labels["acl"])
    renamed = features.set_axis([f"x{k}" for k in range(features.shape[1])], axis=1)

    def by_eights(columns):
        return {plane: columns[8 * k : 8 * k + 8] for k, plane in enumerate(PLANES)}

    for table in (renamed, features.to_numpy()):
        by_place = PlaneEnsemble(ScaledLogistic(), by=by_eights).fit(table, labels["acl"])
        np.testing.assert_allclose(
            by_place.predict_proba(table), by_name.predict_proba(features), rtol=1e-9
        )
    for wrong in ({}, {"a": []}, {"a": ["x0", "y"]}):
        with pytest.raises(ValueError, match="at least one group, each of columns that `X` has"):
            PlaneEnsemble(ScaledLogistic(), by=lambda _, wrong=wrong: wrong).fit(
                renamed, labels["acl"]
            )


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


def test_a_weight_of_the_average_counts_as_repeated_rows():
    features, labels = make_case(80)
    times = np.arange(80) % 3 + 1
    again = np.repeat(np.arange(80), times)
    weighted = PlaneEnsemble(ScaledLogistic(), "average").fit(features, labels["acl"], times)
    repeated = PlaneEnsemble(ScaledLogistic(), "average").fit(
        features.iloc[again], labels["acl"].iloc[again]
    )
    np.testing.assert_allclose(
        weighted.predict_proba(features), repeated.predict_proba(features), atol=1e-5
    )
    with pytest.raises(TypeError, match="KNeighborsClassifier.fit does not"):
        PlaneEnsemble(KNeighborsClassifier()).fit(features, labels["acl"], times)


def test_the_regression_is_weighted_too():
    features, labels = make_case(120)
    first, second = np.ones(120), np.where(labels["acl"] == 1, 5.0, 1.0)
    plain, heavy = (
        PlaneEnsemble(ScaledLogistic()).fit(features, labels["acl"], w) for w in (first, second)
    )
    assert heavy.predict_proba(features)[:, 1].mean() > plain.predict_proba(features)[:, 1].mean()
    rows = labels["acl"].to_numpy() == 1
    alike = PlaneEnsemble(Constant()).fit(features, labels["acl"], second)
    share = (5 * rows.sum()) / (5 * rows.sum() + (~rows).sum())
    np.testing.assert_allclose(alike.predict_proba(features)[:, 1], share, atol=1e-4)


class Constant(ClassifierMixin, BaseEstimator):
    """Says one half, so that the regression has only its intercept."""

    def fit(self, X, y, sample_weight=None):
        self.classes_ = np.array([0, 1])
        return self

    def predict_proba(self, X):
        return np.full((len(X), 2), 0.5)


def test_groups_stay_together_in_the_inner_folds():
    # Copies of a row in two folds would let a nearest neighbour recognise it.
    rng = np.random.default_rng(0)
    features, _ = make_case(60)
    copies = features.iloc[np.repeat(np.arange(60), 3)]
    noise = np.repeat(rng.integers(0, 2, 60), 3)
    model = PlaneEnsemble(KNeighborsClassifier(1), n_splits=3)
    apart, together = (
        model.fit(copies, noise, groups=groups).combiner_.coef_.max()
        for groups in (None, np.repeat(np.arange(60), 3))
    )
    assert apart > 0.2
    assert together < 0.1
