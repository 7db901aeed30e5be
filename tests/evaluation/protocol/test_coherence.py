"""Coherent predictions: fitted on nothing, checked on the training exams of each fold alone."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import RidgeClassifier

from mrnet_features.evaluation import cross_validate, evaluate, make_coherent
from mrnet_features.evaluation.metrics.operating_points import measure_operating_points
from mrnet_features.models import logistic_baseline

TASKS = ["abnormal", "acl", "meniscus"]
PAIRS = (("acl", "abnormal"), ("meniscus", "abnormal"))


def make_tables(seed=0, n_exams=200):
    """Tears that are seen well, and abnormal knees that are mostly torn."""
    rng = np.random.default_rng(seed)
    exams = [f"{seed}{k:04d}" for k in range(n_exams)]
    hidden = rng.normal(size=(n_exams, 3))
    labels = pd.DataFrame((hidden > [1.5, 0.8, 0.6]).astype(int), exams, TASKS)
    labels["abnormal"] = labels.max(axis=1)
    seen = hidden + 0.5 * rng.normal(size=hidden.shape)
    return pd.DataFrame(seen, exams, ["other", "ligament", "cartilage"]), labels


@pytest.fixture(scope="module")
def run():
    features, labels = make_tables()
    return cross_validate(logistic_baseline(), features, labels, n_repeats=2)


def test_abnormal_is_raised_by_the_tears_and_nothing_else_changes(run):
    found = make_coherent(run)
    assert found.implications == PAIRS
    before, after = run.predictions, found.predictions
    expected = 1 - (1 - before[TASKS]).prod(axis=1)
    np.testing.assert_allclose(after["abnormal"], expected, rtol=1e-12)
    pd.testing.assert_frame_equal(after.drop(columns="abnormal"), before.drop(columns="abnormal"))
    pd.testing.assert_frame_equal(after[["exam", "repeat", "fold"]], found.folds.frame)
    assert "coherent" in repr(found)
    assert "coherent" not in repr(run)
    pd.testing.assert_frame_equal(
        found.summary().loc[["acl", "meniscus"]], run.summary().loc[["acl", "meniscus"]]
    )


def test_one_broken_exam_is_seen_only_where_it_is_trained_on():
    features, labels = make_tables(1)
    broken = labels.index[labels["abnormal"] == 0][0]
    labels.loc[broken, "acl"] = 1
    run = cross_validate(logistic_baseline(), features, labels, n_splits=4, n_repeats=1)
    with pytest.warns(UserWarning, match="'acl implies abnormal' is used in 1 of 4 folds: 1 exam "):
        found = make_coherent(run)
    rows = run.predictions
    own = rows.loc[rows["exam"] == broken, "fold"].item()
    used = rows["fold"].to_numpy() == own
    expected = 1 - (1 - rows["abnormal"]) * (1 - rows["meniscus"]) * np.where(
        used, 1 - rows["acl"], 1
    )
    np.testing.assert_allclose(found.predictions["abnormal"], expected, rtol=1e-12)


def test_held_out_labels_are_not_looked_at(run):
    """Predictions of an exam are the same whatever its own labels are."""
    changed = run.labels.copy()
    fold = run.predictions.query("repeat == 0 and fold == 0")["exam"]
    changed.loc[fold, "acl"] = 1 - changed.loc[fold, "acl"]
    other = type(run)(changed, run.predictions, run.folds, run.models)
    with pytest.warns(UserWarning, match="'acl implies abnormal' is used in"):
        found = make_coherent(other).predictions
    rows = (found["repeat"] == 0) & (found["fold"] == 0)
    expected = make_coherent(run).predictions
    pd.testing.assert_frame_equal(found[rows], expected[rows])


def test_other_tasks_and_labels_that_break_the_rule_leave_every_bit():
    features, labels = make_tables(2)
    labels = labels[["acl", "meniscus"]].assign(abnormal=0)
    labels.iloc[::2, 2] = 1
    run = cross_validate(logistic_baseline(), features, labels, n_splits=2, n_repeats=1)
    with pytest.warns(UserWarning, match="is not used: .* positive for 'acl' and not for"):
        found = make_coherent(run)
    assert found.implications == ()
    pd.testing.assert_frame_equal(found.predictions, run.predictions, check_exact=True)
    renamed = cross_validate(
        logistic_baseline(), features, labels.set_axis(list("abc"), axis=1), n_repeats=1
    )
    with pytest.warns(UserWarning, match="is not used: there is no task 'acl', 'abnormal'"):
        assert make_coherent(renamed).implications == ()


def test_the_labels_that_were_fitted_on_are_checked():
    features, labels = make_tables(3)
    reports = labels.astype(float)
    reports.loc[labels["acl"] == 1, "abnormal"] = 0
    run = cross_validate(
        logistic_baseline(), features, labels, fit_labels=reports, n_splits=2, n_repeats=1
    )
    with pytest.warns(UserWarning, match="'acl implies abnormal' is not used"):
        assert ("acl", "abnormal") not in make_coherent(run).implications


def test_a_held_out_split_is_checked_on_the_training_labels():
    (features, labels), (new, truth) = make_tables(4), make_tables(5)
    truth["abnormal"] = 1 - truth["abnormal"]  # breaks the rule, but is not looked at
    run = evaluate(logistic_baseline(), (features, labels), (new, truth))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = make_coherent(run)
    assert found.implications == PAIRS
    assert repr(found).endswith("coherent)")
    assert not repr(run).endswith("coherent)")
    np.testing.assert_allclose(
        found.predictions["abnormal"], 1 - (1 - run.predictions).prod(axis=1), rtol=1e-12
    )


def test_the_rule_helps_where_it_is_true(run):
    gain = make_coherent(run).summary()["auc"] - run.summary()["auc"]
    assert gain["abnormal"] > 0
    assert gain["mean"] == pytest.approx(gain["abnormal"] / 3)


def test_what_has_no_probabilities_is_refused(run):
    with pytest.raises(TypeError, match="must be an Evaluation or a HoldOut, got DataFrame"):
        make_coherent(run.predictions)
    with pytest.raises(ValueError, match="coherent already"):
        make_coherent(make_coherent(run))
    features, labels = make_tables()
    scores = cross_validate(RidgeClassifier(), features, labels, n_splits=2, n_repeats=1)
    with pytest.raises(ValueError, match="RidgeClassifier of 'abnormal' has no `predict_proba`"):
        make_coherent(scores)
    with pytest.raises(ValueError, match="`rule` can't be 'model' for coherent predictions"):
        measure_operating_points(make_coherent(run), rule="model")
