"""Tables that are too good to be true, and procedures that are."""

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression

from mrnet_features.evaluation import cross_validate
from mrnet_features.evaluation.leakage.checks import check_leakage, find_repeated_rows
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


def test_an_ordinary_table_raises_no_suspicion():
    assert check_leakage(*make_tables()) == []


def test_each_kind_is_found_once():
    features, labels = make_tables()
    rng = np.random.default_rng(1)
    odd = features.assign(
        copy=labels["acl"] + rng.normal(0, 0.01, 120),
        reversed_copy=-labels["acl"].astype(float).where(labels["acl"] == 1),
        id=np.arange(120.0),
    )
    found = {(s.kind, s.subject) for s in check_leakage(odd, labels)}
    assert found == {
        ("single column", "copy"), ("single column", "reversed_copy"), ("id", "id")
    }  # fmt: skip


def test_acquisition_alone_is_noticed_where_it_explains_a_task():
    features, labels = make_tables(signal=0.0, n_exams=300)
    rng = np.random.default_rng(0)
    slices = labels["abnormal"] + rng.normal(size=300)
    shortcut = features.assign(axial__knee__acquisition__n_slices__stack=slices)
    found = check_leakage(shortcut, labels)
    assert [(s.kind, s.subject) for s in found] == [("acquisition", "abnormal")]
    assert "with and without" in found[0].text
    real, _ = make_tables(signal=3.0, n_exams=300)
    honest = real.assign(axial__knee__acquisition__n_slices__stack=rng.normal(size=300))
    assert check_leakage(honest, labels) == []


def test_duplicates_across_splits():
    train, valid = make_tables()[0], make_tables(30, seed=1)[0].rename(lambda e: f"1{e[1:]}")
    valid.iloc[3] = train.iloc[7] * (1 + 1e-9)
    valid.iloc[4] = valid.iloc[5].to_numpy()
    pairs = find_repeated_rows({"train": train, "valid": valid[train.columns[::-1]]})
    assert pairs.values.tolist() == [
        ["train", "0007", "valid", "1003"],
        ["valid", "1004", "valid", "1005"],
    ]
    assert len(find_repeated_rows({"train": train})) == 0
    with pytest.raises(ValueError, match="same columns, got others in 'valid'"):
        find_repeated_rows({"train": train, "valid": valid.iloc[:, 1:]})


@pytest.mark.parametrize("model", [FAST, logistic_baseline()])
def test_an_honest_procedure_passes_all_three(model):
    features, labels = make_tables()
    assert shuffle_labels(model, features, labels, n_rounds=5, n_splits=3).passed
    assert replace_by_noise(model, features, labels, n_rounds=5, n_splits=3).passed
    assert plant_leak(model, features, labels, n_splits=3).passed


def select_outside(model, features, labels, seed, **options):
    """The mistake: columns chosen with the labels of the exams they are scored on."""
    chooser = SelectKBest(k=10).fit(features, labels["acl"])
    kept = features.loc[:, chooser.get_support()]
    return cross_validate(model, kept, labels[["acl"]], seed=seed, **options)


def test_selection_outside_the_folds_fails_the_negative_controls():
    features, labels = make_tables(n_features=300)
    options = {"n_rounds": 5, "procedure": select_outside, "n_splits": 3}
    for control in (shuffle_labels, replace_by_noise):
        found = control(LogisticRegression(), features, labels, **options)
        assert not found.passed
        assert found.aucs.mean() > 0.65
        assert "FAILED" in repr(found)


def test_a_procedure_that_always_says_one_half_fails_on_the_leak():
    features, labels = make_tables()

    def blind(model, features, labels, seed):
        constant = pd.DataFrame({"nothing": 1.0}, index=features.index)
        return cross_validate(logistic_baseline(), constant, labels, seed=seed)

    assert shuffle_labels(None, features, labels, n_rounds=3, procedure=blind).passed
    assert not plant_leak(None, features, labels, procedure=blind).passed


def test_too_few_rounds_are_refused():
    with pytest.raises(ValueError, match="at least 3 to show a spread, got 1"):
        shuffle_labels(None, *make_tables(), n_rounds=1)
