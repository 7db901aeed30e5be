"""Figures of curves show the numbers of the results they are made from."""

import numpy as np
import pytest

from mrnet_features.evaluation import (
    apply_thresholds,
    measure_decision_curve,
    measure_precision_recall,
    measure_roc,
)
from tests.support.tables import make_probabilities


@pytest.fixture(scope="module")
def study():
    return make_probabilities(120)


def list_texts(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_roc_starts_at_the_origin_and_names_its_auc(study):
    labels, scores = study
    result = measure_roc(scores, labels, n_draws=5)
    axes = result.plot()
    lines = {line.get_label(): line for line in axes.get_lines()}
    for task in ("one", "two"):
        label = next(text for text in list_texts(axes) if text.startswith(task))
        assert f"AUC {result.summary().loc[task, 'auc']:.2f} (" in label
        x, y = lines[label].get_data()
        assert (x[0], y[0]) == (0, 0)
        frame = result.frame()
        np.testing.assert_array_equal(y[1:], frame.loc[frame["task"] == task, "sensitivity"])
    assert len(list_texts(result.plot(task="two"))) == 1


def test_operating_points_have_their_intervals(study):
    labels, scores = study
    points = apply_thresholds(scores, labels, {"one": 0.4, "two": 0.4})
    axes = measure_roc(scores, labels, points=points, n_draws=5).plot(task="one")
    assert "sens." in list_texts(axes)[-1]
    point, row = axes.containers[0], points.loc["one"]
    (x,), (y,) = point.lines[0].get_data()
    assert (x, y) == (1 - row["specificity"], row["sensitivity"])
    (across,), (up,) = (bars.get_segments() for bars in point.lines[2])
    np.testing.assert_allclose(
        across[:, 0], [1 - row["specificity_high"], 1 - row["specificity_low"]]
    )
    np.testing.assert_allclose(up[:, 1], [row["sensitivity_low"], row["sensitivity_high"]])


def test_prevalence_is_the_dashed_line_of_precision(study):
    labels, scores = study
    axes = measure_precision_recall(scores, labels, n_draws=5).plot()
    dashed = [line.get_ydata()[0] for line in axes.get_lines() if line.get_linestyle() == "--"]
    assert dashed == labels.mean().tolist()
    assert all("prevalence" in text for text in list_texts(axes))


def test_decision_curve_shows_three_strategies_of_one_task(study):
    labels, scores = study
    result = measure_decision_curve(scores, labels)
    axes = result.plot(task="two", highest=0.6)
    assert list_texts(axes) == ["treat none", "treat all", "model"]
    model = next(line for line in axes.get_lines() if line.get_label() == "model")
    frame = result.frame()
    expected = frame[(frame["task"] == "two") & (frame["threshold"] <= 0.6)]
    np.testing.assert_array_equal(model.get_ydata(), expected["net_benefit"])
    low, high = axes.get_ylim()
    assert low < 0 < labels["two"].mean() < high
    assert axes.get_title() == f"two, prevalence {labels['two'].mean():.2f}"
