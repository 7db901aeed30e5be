"""Negative controls: correct procedures pass, procedures that leak or ignore the data fail."""

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression

from mrnet_features.evaluation import cross_validate
from mrnet_features.evaluation.leakage.negative_controls import (
    plant_leak,
    replace_by_noise,
    shuffle_labels,
)
from mrnet_features.models import lightgbm_baseline, logistic_baseline

FAST = lightgbm_baseline(n_seeds=1, n_estimators=25)


def make_tables(n_exams=120, n_features=15, seed=0, signal=1.0):
    rng = np.random.default_rng(seed)
    exams = [f"{i:04d}" for i in range(n_exams)]
    hidden = rng.normal(size=(n_exams, 3))
    X = rng.normal(size=(n_exams, n_features))
    X[:, :3] += signal * hidden
    labels = pd.DataFrame((hidden > 0.3).astype(int), exams, ["abnormal", "acl", "meniscus"])
    names = [f"axial__knee__glcm__s{k}__mean" for k in range(n_features)]
    return pd.DataFrame(X, exams, names), labels


@pytest.mark.parametrize("model", [FAST, logistic_baseline()])
def test_a_correct_procedure_passes_all_three(model):
    features, labels = make_tables()
    assert shuffle_labels(model, features, labels, n_rounds=5, n_splits=3, n_repeats=1).passed
    assert replace_by_noise(model, features, labels, n_rounds=5, n_splits=3, n_repeats=1).passed
    assert plant_leak(model, features, labels, n_splits=3, n_repeats=1).passed


def select_outside(model, features, labels, seed, **options):
    """The mistake: columns chosen with the labels of the exams they are scored on."""
    chooser = SelectKBest(k=10).fit(features, labels["acl"])
    kept = features.loc[:, chooser.get_support()]
    return cross_validate(model, kept, labels[["acl"]], seed=seed, **options)


def test_selection_outside_the_folds_fails_the_negative_controls():
    features, labels = make_tables(n_features=300)
    options = {"n_rounds": 5, "procedure": select_outside, "n_splits": 3, "n_repeats": 1}
    for control in (shuffle_labels, replace_by_noise):
        found = control(LogisticRegression(), features, labels, **options)
        assert not found.passed
        assert found.aucs.mean() > 0.65
        assert "FAILED" in repr(found)


def test_a_procedure_that_always_gives_one_half_fails_the_planted_leak():
    features, labels = make_tables()

    def blind(model, features, labels, seed):
        constant = pd.DataFrame({"nothing": 1.0}, index=features.index)
        return cross_validate(logistic_baseline(), constant, labels, seed=seed, n_repeats=1)

    assert shuffle_labels(None, features, labels, n_rounds=3, procedure=blind).passed
    assert not plant_leak(None, features, labels, procedure=blind).passed


def test_too_few_rounds_are_refused():
    with pytest.raises(ValueError, match="at least 3 to estimate a spread, got 1"):
        shuffle_labels(None, *make_tables(), n_rounds=1)


def test_groups_and_text_labels_reach_the_procedure():
    features, labels = make_tables()
    words = labels["acl"].map({0: "intact", 1: "torn"}).to_numpy()
    seen = []

    def watch(model, features, labels, seed, groups, **options):
        seen.append((groups, labels))
        return cross_validate(model, features, labels, seed=seed, groups=groups, **options)

    patients = np.arange(120) // 2
    options = {"n_rounds": 3, "procedure": watch, "n_splits": 2, "n_repeats": 1}
    found = shuffle_labels(FAST, features, words, groups=patients, positive="torn", **options)
    assert found.summary().loc["shuffled labels", "n_rounds"] == 3
    for groups, truth in seen:
        assert groups[features.index].tolist() == patients.tolist()
        assert truth["label"].sum() == labels["acl"].sum()


def test_a_table_as_model_names_the_order():
    features, labels = make_tables()
    for control in (shuffle_labels, replace_by_noise, plant_leak):
        order = rf"The order is {control.__name__}\(model, features, labels\)"
        with pytest.raises(TypeError, match=order):
            control(features, labels, FAST)
