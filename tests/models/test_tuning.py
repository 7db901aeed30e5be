"""Tuning uses only the training rows and finds better parameters."""

from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, PolynomialFeatures
from sklearn.utils.estimator_checks import parametrize_with_checks

from mrnet_features.evaluation import cross_validate
from mrnet_features.models import (
    LIGHTGBM_GRID,
    ScaledLogistic,
    TunedClassifier,
    lightgbm_baseline,
)

NO_ROWS = {"check_sample_weight_equivalence_on_dense_data": "inner folds hold rows, not weights"}


@parametrize_with_checks(
    [TunedClassifier(ScaledLogistic(), {"C": [0.1, 1.0]}, n_candidates=2, n_splits=2)],
    expected_failed_checks=lambda _: NO_ROWS,
)
def test_scikit_learn_contract(estimator, check):
    check(estimator)


def make_tables(n_exams=200, seed=0):
    rng = np.random.default_rng(seed)
    exams = [f"{i:04d}" for i in range(n_exams)]
    X = rng.normal(size=(n_exams, 6))
    labels = pd.DataFrame(
        {
            "product": (X[:, 0] * X[:, 1] > 0).astype(int),
            "sum": (X[:, 0] + X[:, 1] > 0).astype(int),
        },
        exams,
    )
    return pd.DataFrame(X, exams).add_prefix("f"), labels


def test_chooses_what_scikit_learn_would():
    features, labels = make_tables()
    model = TunedClassifier(ScaledLogistic(), {"C": [1e-4, 1.0, 100.0]}, n_candidates=3)
    model.fit(features, labels["sum"])
    random = np.random.RandomState(0)
    random.permutation(3)
    inner = StratifiedKFold(4, shuffle=True, random_state=random.randint(2**31 - 1))
    theirs = GridSearchCV(ScaledLogistic(), {"C": [1e-4, 1.0, 100.0]}, scoring="roc_auc", cv=inner)
    theirs.fit(features, labels["sum"])
    ours = {point.get("C", 1.0): auc for point, auc in model.candidates_}
    for point, auc in zip(
        theirs.cv_results_["params"], theirs.cv_results_["mean_test_score"], strict=True
    ):
        assert ours[point["C"]] == pytest.approx(auc, abs=1e-12)


def test_parameters_per_fold_are_listed_and_help():
    features, labels = make_tables()
    base = make_pipeline(PolynomialFeatures(1, include_bias=False), LogisticRegression())
    tuned = TunedClassifier(base, {"polynomialfeatures__degree": [1, 2]}, n_candidates=2)
    plain, found = (
        cross_validate(m, features, labels, n_splits=3, n_repeats=1) for m in (base, tuned)
    )
    chosen = found.chosen_parameters()
    degrees = chosen.set_index("task")["polynomialfeatures__degree"]
    assert (degrees["product"] == 2).all()
    assert len(chosen) == 6
    gain = found.summary()["auc"] - plain.summary()["auc"]
    assert gain["product"] > 0.3
    assert plain.chosen_parameters().columns.tolist() == ["task", "repeat", "fold"]


def test_published_grid_holds_the_published_values():
    defaults = lightgbm_baseline().get_params()
    assert all(defaults[name] in values for name, values in LIGHTGBM_GRID.items())
    features, labels = make_tables(80)
    model = TunedClassifier(n_candidates=1, n_splits=2).fit(features, labels["sum"])
    assert len(model.candidates_) == 2
    assert model.predict(features).shape == (80,)


def test_tuning_sees_no_scored_exam():
    features, labels = make_tables()
    model = TunedClassifier(ScaledLogistic(), {"C": [0.01, 1.0]}, n_candidates=2)
    first = cross_validate(model, features, labels, n_splits=3, n_repeats=1)
    _, _, _, test = next(iter(first.folds.split()))
    spoilt = labels.copy()
    spoilt.loc[test] = 1 - spoilt.loc[test]
    again = cross_validate(model, features, spoilt, folds=first.folds)
    for task in labels:
        one, two = (e.models[task, 0, 0] for e in (first, again))
        assert one.candidates_ == two.candidates_
        np.testing.assert_array_equal(
            one.predict_proba(features.loc[test]), two.predict_proba(features.loc[test])
        )


def test_refusals():
    features, labels = make_tables(40)
    with pytest.raises(ValueError, match="`n_candidates` must be at least 1, got 0"):
        TunedClassifier(n_candidates=0).fit(features, labels["sum"])
    rare = np.r_[[1, 1], np.zeros(38, int)]
    with pytest.raises(ValueError, match="at least 4 rows of each class .* got 2"):
        TunedClassifier().fit(features, rare)


class Remember(ScaledLogistic):
    """Keeps the rows it was fitted on and those it scored."""

    seen: ClassVar = []

    def fit(self, X, y, sample_weight=None):
        self.rows_ = set(X.index)
        self.weights_ = sample_weight
        return super().fit(X, y, sample_weight)

    def predict_proba(self, X):
        self.seen.append((self.rows_, set(X.index), self.weights_))
        return super().predict_proba(X)


@pytest.mark.parametrize("nested", [False, True])
def test_groups_stay_together_in_the_inner_folds(nested):
    features, labels = make_tables(120)
    patients = {exam: int(exam) // 3 for exam in labels.index}
    Remember.seen.clear()
    tuned = TunedClassifier(Remember(), {"C": [0.1]}, n_candidates=1, n_splits=3)
    model = make_pipeline(FunctionTransformer(), tuned) if nested else tuned
    cross_validate(model, features, labels["sum"], n_splits=2, groups=patients, n_repeats=1)
    inner = [(fitted, scored) for fitted, scored, _ in Remember.seen if len(scored) < 40]
    assert len(inner) == 2 * 2 * 3
    for fitted, scored in inner:
        assert not {patients[e] for e in fitted} & {patients[e] for e in scored}


def test_weights_reach_every_fit_and_the_inner_auc():
    features, labels = make_tables(120)
    weights = np.where(features["f3"] > 0, 3.0, 1.0)
    Remember.seen.clear()
    model = TunedClassifier(Remember(), {"C": [0.1]}, n_candidates=1, n_splits=2)
    model.fit(features, labels["sum"], weights)
    by_exam = pd.Series(weights, features.index)
    for fitted, _, own in Remember.seen:
        np.testing.assert_array_equal(own, by_exam[features.index.isin(fitted)])
    inner = StratifiedKFold(2, shuffle=True, random_state=_draw_seed(1))
    aucs = []
    for train, test in inner.split(features, labels["sum"]):
        truth = labels["sum"].to_numpy()
        fresh = ScaledLogistic().fit(features.iloc[train], truth[train], weights[train])
        scores = fresh.predict_proba(features.iloc[test])[:, 1]
        aucs.append(roc_auc_score(truth[test], scores, sample_weight=weights[test]))
    assert model.candidates_[0] == ({}, pytest.approx(np.mean(aucs), abs=1e-12))


def _draw_seed(n_points):
    random = np.random.RandomState(0)
    random.permutation(n_points)
    return random.randint(2**31 - 1)
