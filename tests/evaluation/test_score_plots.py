"""Figures of scores show the numbers of the results they are made from."""

import itertools

import numpy as np
import pandas as pd
import pytest

from mrnet_features.evaluation import (
    NegativeControl,
    compare,
    cross_validate,
    measure_added_value,
)
from mrnet_features.evaluation.score_plots import plot_permutations, plot_scores, plot_subgroups
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


def test_rounds_of_a_negative_control():
    found = NegativeControl("shuffled labels", pd.Series([0.45, 0.5, 0.52]), True, "")
    axes = found.plot()
    assert {0.45, 0.5, 0.52} <= set(list_points(axes)[:, 0])
    assert axes.get_title() == "shuffled labels: passed"


def test_levels_stand_from_top_to_bottom_and_missing_ones_say_why():
    table = pd.DataFrame(
        {
            "factor": ["site", "site"],
            "level": ["north", "south"],
            "task": "acl",
            "n_exams": [40, 6],
            "n_positive": [20, 2],
            "auc": [0.8, np.nan],
            "ci_low": [0.7, np.nan],
            "ci_high": [0.9, np.nan],
        }
    )
    drawn = plot_subgroups(table, 0.75)
    labels = [label.get_text() for label in drawn.get_yticklabels()]
    assert labels == ["site: north (n = 40, 20 positive)", "site: south (n = 6, 2 positive)"]
    assert drawn.get_yticks().tolist() == [1, 0]
    assert [text.get_text() for text in drawn.texts] == ["too few exams"]
    assert drawn.lines[0].get_xdata()[0] == 0.75


def test_every_permutation_is_in_the_histogram():
    drawn = plot_permutations(pd.Series(np.linspace(0.4, 0.6, 50)), 0.7, "acl")
    assert sum(bar.get_height() for bar in drawn.patches) == 50
    assert drawn.lines[0].get_xdata()[0] == 0.7
    assert drawn.get_title() == "acl"


def test_long_names_of_many_tasks_do_not_touch():
    tasks = [f"rupture_of_the_lateral_collateral_ligament_{k}" for k in range(8)]
    table = pd.DataFrame({"auc": 0.8, "ci_low": np.nan, "ci_high": np.nan}, index=tasks)
    axes = plot_scores(table, pd.DataFrame({"repeat": [0], "fold": [0]}))
    axes.figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in axes.get_xticklabels()]
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))
