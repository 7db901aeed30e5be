"""Permutation test: exact p, groups that stay together, the same folds in every permutation."""

import itertools

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from mrnet_features.evaluation import cross_validate, evaluate, permutation_test
from mrnet_features.models import logistic_baseline

COLUMNS = [f"axial__knee__f{k}__s__mean" for k in range(3)]


class Centroid:
    """Distance along the difference of the class means; fast."""

    classes_ = np.array([0, 1])

    def fit(self, X, y):
        values = np.asarray(X)
        self.direction = values[y == 1].mean(axis=0) - values[y == 0].mean(axis=0)
        return self

    def predict_proba(self, X):
        positive = 1 / (1 + np.exp(-np.asarray(X) @ self.direction))
        return np.column_stack([1 - positive, positive])


def make_tables(n_exams=48, signal=1.0, seed=0):
    rng = np.random.default_rng(seed)
    exams = [f"{k:03d}" for k in range(n_exams)]
    hidden = rng.normal(size=(n_exams, 2))
    X = rng.normal(size=(n_exams, 3))
    X[:, :2] += signal * hidden
    labels = pd.DataFrame((hidden > 0).astype(int), exams, ["acl", "meniscus"])
    return pd.DataFrame(X, exams, COLUMNS), labels


def test_p_of_fixed_predictions_approaches_the_count_of_all_arrangements():
    scores = np.array([0.1, 0.4, 0.2, 0.9, 0.6, 0.8, 0.7])
    labels = np.array([0, 0, 0, 0, 1, 1, 1])
    observed = roc_auc_score(labels, scores)
    ways = [np.isin(np.arange(7), chosen) for chosen in itertools.combinations(range(7), 3)]
    exact = np.mean([roc_auc_score(way, scores) >= observed - 1e-12 for way in ways])
    index = list("abcdefg")
    found = permutation_test(
        pd.DataFrame({"acl": scores}, index),
        labels=pd.DataFrame({"acl": labels}, index),
        n_permutations=1999,
    ).summary()
    assert found.loc["acl", "p"] == pytest.approx(exact, abs=3 * np.sqrt(exact / 2000))
    assert found.loc["acl", "auc"] == pytest.approx(observed, abs=1e-15)


def test_p_is_counted_with_the_observed_one():
    features, labels = make_tables(signal=3.0)
    found = permutation_test(Centroid(), features, labels, n_permutations=9, n_splits=2)
    table = found.summary()
    assert (table["p"] == 0.1).all()  # 1 / (1 + 9): the smallest possible
    assert table.loc["mean", "p_holm"] == 0.1
    assert table.loc["acl", "p_holm"] == 0.2
    assert found.refitted
    assert "mean: p = 0.1" in repr(found)
    assert found.frame()["permutation"].tolist() == list(range(1, 10))
    np.testing.assert_allclose(found.null.mean(axis=1).mean(), 0.5, atol=0.1)


def test_the_observed_auc_is_that_of_the_procedure():
    features, labels = make_tables()
    options = {"n_splits": 3, "n_repeats": 2, "seed": 4}
    found = permutation_test(Centroid(), features, labels, n_permutations=1, **options)
    expected = cross_validate(Centroid(), features, labels, **options).summary()["auc"]
    pd.testing.assert_series_equal(found.observed, expected, check_names=False)


def test_labels_and_folds_stay_and_whole_rows_of_features_move():
    features, labels = make_tables()
    seen = []

    def procedure(model, features, labels, seed, **options):
        found = cross_validate(model, features, labels, seed=seed, **options)
        seen.append((features, labels, found.folds.hash))
        return found

    shuffled = features.sample(frac=1, random_state=1)
    permutation_test(
        Centroid(), shuffled, labels, n_permutations=3, procedure=procedure, n_splits=2
    )
    assert len({folds for _, _, folds in seen}) == 1
    for moved, truth, _ in seen:
        pd.testing.assert_frame_equal(truth.sort_index(), labels.astype("int8"), check_names=False)
        assert moved.index.tolist() == shuffled.index.tolist()
        assert sorted(map(tuple, moved.to_numpy())) == sorted(map(tuple, features.to_numpy()))
    np.testing.assert_array_equal(seen[0][0], shuffled)
    assert not np.array_equal(seen[1][0], seen[2][0])


def test_any_number_of_jobs_gives_the_same_bits():
    features, labels = make_tables()
    one, two = (
        permutation_test(
            logistic_baseline(), features, labels, n_permutations=3, n_splits=2, n_jobs=n_jobs
        )
        for n_jobs in (1, 2)
    )
    pd.testing.assert_frame_equal(one.null, two.null, check_exact=True)
    again = permutation_test(
        logistic_baseline(), features, labels, n_permutations=3, n_splits=2, seed=1
    )
    assert not again.null.equals(one.null)


def test_correlated_exams_of_a_patient_need_groups():
    """Ten patients with ten nearly equal exams each: without groups p is far too small."""
    rng = np.random.default_rng(3)
    patients = np.repeat(np.arange(10), 10)
    exams = [f"{k:03d}" for k in range(100)]
    labels = pd.DataFrame({"acl": (patients % 2).astype(int)}, exams)
    owner = pd.Series(patients, exams)
    small = {"free": 0, "grouped": 0}
    for _ in range(40):
        levels = rng.normal(size=10)[patients] + 0.1 * rng.normal(size=100)
        scores = pd.DataFrame({"acl": levels}, exams)
        for name, groups in (("free", None), ("grouped", owner)):
            found = permutation_test(scores, labels=labels, groups=groups, n_permutations=19)
            small[name] += float(found.summary()["p"].iloc[0]) <= 0.05
    assert small["free"] >= 8
    assert small["grouped"] <= 5


def test_a_hold_out_is_tested_without_a_refit():
    features, labels = make_tables(n_exams=96)
    train, valid = labels.index[:48], labels.index[48:]
    held_out = evaluate(
        Centroid(),
        (features.loc[train], labels.loc[train]),
        (features.loc[valid], labels.loc[valid]),
    )
    found = permutation_test(held_out, n_permutations=39)
    assert not found.refitted
    np.testing.assert_allclose(found.observed, held_out.summary()["auc"], atol=1e-15)
    assert found.summary()["p"].max() == 1 / 40


def test_the_figure_shows_the_observed_auc_and_all_permutations():
    features, labels = make_tables()
    found = permutation_test(features[COLUMNS[:2]].set_axis(labels.columns, axis=1), labels=labels)
    axes = found.plot(task="acl")
    assert axes.lines[0].get_xdata()[0] == found.observed["acl"]
    assert sum(bar.get_height() for bar in axes.patches) == 99
    with pytest.raises(ValueError, match="`task` must be one of"):
        found.plot(task="bone")


def test_refusals():
    features, labels = make_tables()
    found = cross_validate(Centroid(), features, labels, n_splits=2)
    with pytest.raises(TypeError, match="can't be tested without a refit"):
        permutation_test(found)
    with pytest.raises(TypeError, match=r"`folds=evaluation.folds`"):
        permutation_test(found, features)
    with pytest.raises(TypeError, match="`features` and `labels` must be given"):
        permutation_test(Centroid(), features)
    with pytest.raises(ValueError, match="`n_permutations` must be at least 1"):
        permutation_test(Centroid(), features, labels, n_permutations=0)
