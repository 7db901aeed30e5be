"""Figures of curves show the numbers of the results they are made from."""

import re

import numpy as np
import pytest

from mrnet_features.evaluation import (
    apply_thresholds,
    measure_calibration,
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


def test_operating_points_are_told_apart_by_marker_and_filling(study):
    labels, scores = study
    cuts = {
        f"cut at {cut}": apply_thresholds(scores, labels, dict.fromkeys(labels, cut))
        for cut in (0.3, 0.5)
    }
    axes = measure_roc(scores, labels, points=cuts, n_draws=5).plot()
    points = [container.lines[0] for container in axes.containers]
    looks = [(point.get_marker(), point.get_fillstyle()) for point in points]
    assert len(set(looks)) == 4
    curves = [line for line in axes.get_lines() if "AUC" in str(line.get_label())]
    assert [marker for marker, _ in looks[::2]] == [line.get_marker() for line in curves]


def test_prevalence_is_a_thin_line_with_the_marker_of_its_task(study):
    labels, scores = study
    axes = measure_precision_recall(scores, labels, n_draws=5).plot()
    thin = [line for line in axes.get_lines() if line.get_gid() == "prevalence"]
    assert [line.get_ydata()[0] for line in thin] == labels.mean().tolist()
    curves = [line for line in axes.get_lines() if "PR-AUC" in str(line.get_label())]
    assert [line.get_marker() for line in thin] == [line.get_marker() for line in curves]
    assert all("prevalence" in text for text in list_texts(axes))


def test_reliability_names_the_size_of_its_bins(study):
    labels, scores = study
    found = measure_calibration(scores, labels)
    assert list_texts(found.plot()) == [f"{t}: 10 bins of 12 exams" for t in ("one", "two")]
    (text,) = list_texts(found.plot(n_bins=7, task="two"))
    assert re.fullmatch(r"two: 7 bins of 1[67] to 18 exams", text)  # pandas rounds in two ways
    constant = measure_calibration(scores * 0 + 0.5, labels)
    assert list_texts(constant.plot(task="one")) == ["one: 1 bin of 120 exams"]


def test_the_area_of_a_marker_is_the_number_of_exams(study):
    labels, scores = study
    tied = scores.where(scores > 0.3, 0.1)
    rows = measure_calibration(tied, labels).frame()
    rows = rows[rows["task"] == "one"]
    axes = measure_calibration(tied, labels).plot(task="one")
    areas = axes.collections[-1].get_sizes()
    np.testing.assert_allclose(areas / areas.max(), rows["n_exams"] / rows["n_exams"].max())


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
