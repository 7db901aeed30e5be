"""Figures of importance and contributions show the numbers of their results."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.evaluation import cross_validate, importance, null_importance
from mrnet_features.evaluation.importance.feature_groups import group_columns
from mrnet_features.evaluation.importance_plots import plot_contributions, plot_importance_map
from mrnet_features.models import logistic_baseline


@pytest.fixture(scope="module")
def study():
    rng = np.random.default_rng(0)
    exams = [f"{k:04d}" for k in range(120)]
    X = rng.normal(size=(120, 4))
    labels = pd.DataFrame((X[:, :2] + rng.normal(size=(120, 2)) > 0).astype(int), exams)
    labels.columns = ["acl", "meniscus"]
    names = [("knee", "glcm"), ("notch", "glcm"), ("notch", "fluid"), ("notch", "fluid")]
    columns = [f"axial__{r}__{f}__s{k}__mean" for k, (r, f) in enumerate(names)]
    features = pd.DataFrame(X, exams, columns)
    return features, labels, cross_validate(logistic_baseline(), features, labels, n_repeats=1)


def test_bars_of_importance(study):
    features, _, evaluation = study
    found = importance(evaluation, features)
    axes = found.plot(top=2)
    widths = [bar.get_width() for bar in axes.patches]
    np.testing.assert_allclose(widths[::-1], found.summary()["permutation"].iloc[:2])


def test_observed_importance_next_to_the_rounds(study):
    features, _, evaluation = study
    found = null_importance(evaluation, features, n_rounds=3, n_permutations=1)
    axes = found.plot(task="meniscus")
    drawn = {float(x) for line in axes.get_lines() for x in line.get_xdata()}
    assert set(found.summary().loc["meniscus", "observed"]) <= drawn
    null = found.frame()
    assert set(null.loc[null["task"] == "meniscus", "value"]) <= drawn


def test_a_heat_map_has_a_cell_for_each_family_and_region(study):
    features, _, evaluation = study
    found = importance(evaluation, features, by=("family", "region"), n_permutations=2)
    assert found.by == "family, region"
    assert set(found.groups) == {"glcm, knee", "glcm, notch", "fluid, notch"}
    axes = found.plot(task="acl", kind="heatmap")
    cells = np.asarray(axes.images[0].get_array().filled(np.nan))
    rows = [text.get_text() for text in axes.get_yticklabels()]
    columns = [text.get_text() for text in axes.get_xticklabels()]
    for group, value in found.summary("acl")["permutation"].items():
        family, region = group.split(", ")
        assert cells[rows.index(family), columns.index(region)] == pytest.approx(value)
    assert np.isnan(cells[rows.index("fluid"), columns.index("knee")])
    assert "–" in [text.get_text() for text in axes.texts]


def test_a_heat_map_of_other_groups_is_refused(study):
    features, _, evaluation = study
    found = importance(evaluation, features, n_permutations=1)
    with pytest.raises(ValueError, match=r"got groups by family. Measure them: .*by=\('family'"):
        found.plot(kind="heatmap")
    with pytest.raises(ValueError, match="`kind` must be 'bars' or 'heatmap', got 'pie'"):
        found.plot(kind="pie")


def test_nothing_important_is_drawn_all_the_same():
    values = pd.DataFrame([[0.0, -0.1], [np.nan, 0.0]], index=["a", "b"], columns=["c", "d"])
    axes = plot_importance_map(values, "permutation", "acl")
    assert [text.get_text() for text in axes.texts] == ["0.0000", "-0.1000", "–", "0.0000"]


def test_the_smaller_contributions_are_one_bar():
    rows = pd.DataFrame(
        {"value": [1.0, np.nan, 3.0], "contribution": [0.1, -2.0, 0.3]}, index=["a", "b", "c"]
    )
    axes = plot_contributions(rows, 0.5, "exam", 1, {"b": "volume of fluid"})
    bars = [(bar.get_x(), bar.get_width()) for bar in axes.patches]
    np.testing.assert_allclose(bars, [(0.5, -2.0), (-1.5, 0.4)])
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels == ["volume of fluid = nan", "2 other columns"]
    assert [bar.get_hatch() for bar in axes.patches] == ["////", ""]


def test_no_part_of_a_name_holds_the_comma_between_two_parts():
    table = pd.DataFrame(columns=["axial__a, b__glcm__energy__mean"], index=["0001"], data=1.0)
    with pytest.raises(ValueError, match="must be of the form"):
        group_columns(table, ("family", "region"))
