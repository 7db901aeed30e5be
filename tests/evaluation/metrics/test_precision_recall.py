"""Average precision equals scikit-learn's in every fold."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve

from mrnet_features.evaluation import measure_precision_recall
from mrnet_features.evaluation.metrics.precision_recall import _measure_area
from mrnet_features.evaluation.metrics.resampling import jackknife
from mrnet_features.evaluation.metrics.scored_sets import ScoredSets
from tests.support.tables import TASKS, add_folds, make_models


@pytest.fixture(scope="module")
def study():
    labels, models = make_models(n_exams=150, n_models=1)
    rows = add_folds(labels, models["model 0"].round(1), n_splits=3, n_repeats=2)
    return labels, rows, measure_precision_recall(rows, labels, n_draws=50)


@pytest.mark.parametrize("task", TASKS)
def test_average_precision_equals_scikit_learn(study, task):
    labels, rows, result = study
    by_repeat, pooled = [], []
    for _, part in rows.groupby("repeat"):
        pooled.append(average_precision_score(labels.loc[part["exam"], task], part[task]))
        folds = [
            average_precision_score(labels.loc[fold["exam"], task], fold[task])
            for _, fold in part.groupby("fold")
        ]
        by_repeat.append(np.mean(folds))
    found = result.summary().loc[task]
    assert found["average_precision"] == pytest.approx(np.mean(by_repeat), abs=1e-12)
    assert found["pooled"] == pytest.approx(np.mean(pooled), abs=1e-12)
    assert found["prevalence"] == labels[task].mean()
    assert found["ci_low"] < found["average_precision"] < found["ci_high"]
    assert found["n_positive"] + found["n_negative"] == 150
    assert found["positives_per_fold"] == pytest.approx(labels[task].sum() / 3)


def test_curve_is_scikit_learns_at_each_recall(study):
    labels, rows, _ = study
    single = rows[rows["repeat"] == 0].set_index("exam")[TASKS]
    found = measure_precision_recall(single, labels, n_draws=20).frame()
    for task in TASKS:
        precision, recall, _ = precision_recall_curve(labels[task], single[task].loc[labels.index])
        own = found[found["task"] == task]
        expected = [precision[recall >= level][-1] for level in np.arange(1, 101) / 100]
        np.testing.assert_allclose(own["precision"], expected, atol=1e-12)
        # At full recall every exam down to the last positive is called.
        assert own["precision"].iloc[-1] >= labels[task].mean()
        assert (own["ci_low"] <= own["precision"]).all()
        assert (own["precision"] <= own["ci_high"]).all()


def test_area_under_the_curve_is_the_average_precision(study):
    _, _, result = study
    mean = result.frame().groupby("task")["precision"].mean()[TASKS]
    np.testing.assert_allclose(mean, result.summary()["average_precision"], atol=0.02)


def test_constant_scores_have_the_prevalence_as_average_precision():
    labels = pd.DataFrame({"acl": [1, 0, 0, 0] * 10}, index=[f"{k:02d}" for k in range(40)])
    found = measure_precision_recall(labels * 0, labels, n_draws=20).summary().loc["acl"]
    assert found["average_precision"] == found["prevalence"] == 0.25
    perfect = measure_precision_recall(labels, labels, n_draws=20).summary().loc["acl"]
    assert perfect["average_precision"] == perfect["ci_high"] == 1
    assert 0.6 < perfect["ci_low"] < 0.8


def test_error_in_small_folds_is_the_spread_of_new_samples():
    """With 5 positives per fold, where a bootstrap error is .8 of the true one."""
    rng = np.random.default_rng(0)
    truth = np.repeat([True, False], [24, 96])
    fold = np.concatenate([np.arange(24) % 5, np.arange(96) % 5])
    values, errors = [], []
    for _ in range(60):
        scores = truth + rng.normal(size=120)
        repeat = tuple((np.flatnonzero(fold == k), scores[fold == k]) for k in range(5))
        value, se = jackknife(ScoredSets(truth, (repeat,), None, has_error=True), _measure_area)
        values.append(float(value))
        errors.append(float(se))
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.15)
