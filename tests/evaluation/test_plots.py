"""Figures show the numbers of the results they are made from."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.evaluation import (
    NegativeControl,
    compare,
    cross_validate,
    importance,
    measure_added_value,
    measure_calibration,
    null_importance,
)
from mrnet_features.models import logistic_baseline


@pytest.fixture(scope="module")
def study():
    rng = np.random.default_rng(0)
    exams = [f"{k:04d}" for k in range(120)]
    X = rng.normal(size=(120, 4))
    labels = pd.DataFrame((X[:, :2] + rng.normal(size=(120, 2)) > 0).astype(int), exams)
    labels.columns = ["acl", "meniscus"]
    features = pd.DataFrame(X, exams, [f"axial__knee__f{k}__s__mean" for k in range(4)])
    return features, labels, cross_validate(logistic_baseline(), features, labels)


def test_bars_of_importance(study):
    features, _, evaluation = study
    found = importance(evaluation, features)
    axes = found.plot(top=2)
    widths = [bar.get_width() for bar in axes.patches]
    np.testing.assert_allclose(widths[::-1], found.summary()["permutation"].iloc[:2])


def test_reliability_of_a_constant(study):
    _, labels, _ = study
    axes = measure_calibration(labels * 0 + 0.5, labels).plot()
    assert {text.get_text() for text in axes.get_legend().get_texts()} == {"acl", "meniscus"}


def test_reliability(study):
    _, labels, evaluation = study
    axes = measure_calibration(evaluation, labels).plot(n_bins=5)
    assert {text.get_text() for text in axes.get_legend().get_texts()} == {"acl", "meniscus"}


def list_points(axes):
    """Coordinates of all drawn points that are no line across the axes."""
    points = [np.column_stack(line.get_data()) for line in axes.get_lines()]
    return np.concatenate(points).astype(float)


def test_fold_aucs_and_their_mean(study):
    _, _, evaluation = study
    axes = evaluation.scores.plot()
    heights = list_points(axes)[:, 1].round(9)
    for task in ("acl", "meniscus", "mean"):
        assert set(evaluation.fold_scores()[task].round(9)) <= set(heights)
        assert evaluation.summary().loc[task, "auc"].round(9) in heights
    assert [label.get_text() for label in axes.get_xticklabels()] == ["acl", "meniscus", "mean"]


def test_forests_hold_differences_and_gains(study):
    features, labels, evaluation = study
    poor = cross_validate(
        model=logistic_baseline(), features=features.iloc[:, 1:], labels=labels,
        folds=evaluation.folds,
    )  # fmt: skip
    comparison = compare({"all": evaluation, "some": poor}, labels)
    axes = comparison.plot()
    assert set(comparison.summary()["difference"]) <= set(list_points(axes)[:, 0])
    assert axes.get_title() == "all − some"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["acl", "meniscus", "mean"]
    gain = measure_added_value(poor, evaluation, labels, n_repeats=1)
    assert set(gain.summary()["gain"]) <= set(list_points(gain.plot())[:, 0])


def test_observed_importance_next_to_the_rounds(study):
    features, _, evaluation = study
    found = null_importance(evaluation, features, n_rounds=3, n_permutations=1)
    drawn = set(list_points(found.plot(task="meniscus"))[:, 0])
    assert set(found.summary().loc["meniscus", "observed"]) <= drawn
    null = found.frame()
    assert set(null.loc[null["task"] == "meniscus", "value"]) <= drawn


def test_rounds_of_a_negative_control():
    found = NegativeControl("shuffled labels", pd.Series([0.45, 0.5, 0.52]), True, "")
    axes = found.plot()
    assert {0.45, 0.5, 0.52} <= set(list_points(axes)[:, 0])
    assert axes.get_title() == "shuffled labels: passed"
