"""Figures hold the numbers of the tables they are made from."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.evaluation import compare, cross_validate, importance, measure_calibration
from mrnet_features.evaluation.plots import plot_aucs, plot_calibration, plot_importance
from mrnet_features.models import logistic_baseline


@pytest.fixture(scope="module")
def study():
    rng = np.random.default_rng(0)
    exams = [f"{k:04d}" for k in range(120)]
    X = rng.normal(size=(120, 4))
    labels = pd.DataFrame((X[:, :2] + rng.normal(size=(120, 2)) > 0).astype(int), exams)
    labels.columns = ["acl", "meniscus"]
    features = pd.DataFrame(X, exams, [f"axial__knee__f{k}__s__mean" for k in range(4)])
    return features, labels, cross_validate(features, labels, logistic_baseline())


def test_aucs_and_published_lines(study, tmp_path):
    _, labels, evaluation = study
    comparison = compare({"one": evaluation, "two": evaluation}, labels)
    axes = plot_aucs(comparison)
    heights = {round(float(line.get_ydata()[0]), 3) for line in axes.get_lines()}
    assert {0.799, 0.916} <= heights
    assert [label.get_text() for label in axes.get_xticklabels()] == ["acl", "meniscus", "mean"]
    axes.figure.savefig(tmp_path / "aucs.png")
    assert (tmp_path / "aucs.png").stat().st_size > 1000
    assert len(plot_aucs(comparison, published=False).get_lines()) < len(axes.get_lines())


def test_bars_of_importance(study):
    features, _, evaluation = study
    found = importance(evaluation, features)
    axes = plot_importance(found, top=2)
    widths = [bar.get_width() for bar in axes.patches]
    np.testing.assert_allclose(widths[::-1], found.summary()["permutation"].iloc[:2])


def test_reliability_of_a_constant(study):
    _, labels, _ = study
    axes = plot_calibration(measure_calibration(labels * 0 + 0.5, labels))
    assert {text.get_text() for text in axes.get_legend().get_texts()} == {"acl", "meniscus"}


def test_reliability(study):
    _, labels, evaluation = study
    axes = plot_calibration(measure_calibration(evaluation, labels), n_bins=5)
    assert {text.get_text() for text in axes.get_legend().get_texts()} == {"acl", "meniscus"}
