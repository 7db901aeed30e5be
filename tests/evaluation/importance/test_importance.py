"""Importance: planted signal ranks first in every view, noise does not."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit
from scipy.stats import t

from mrnet_features.evaluation import FewExamsWarning, Folds, cross_validate, standard_error
from mrnet_features.evaluation.importance.importance import importance, measure_groupings
from mrnet_features.models import logistic_baseline
from tests.support.tables import plant_signal


def test_every_view_ranks_the_planted_families_first(found):
    for task, planted_family in (("one", "glcm"), ("two", "fluid")):
        summary = found.summary(task)
        assert summary.index[0] == planted_family
        for view in ("shap", "permutation", "drop_group", "single_group"):
            assert summary[view].idxmax() == planted_family
            idle = summary.loc[["noise", "more_noise"]]
            assert (summary.loc[planted_family, f"{view}_low"] > idle[f"{view}_high"]).all()
    mean = found.summary()
    assert mean["share"].sum() == pytest.approx(1)
    np.testing.assert_allclose(
        mean["permutation"],
        (found.summary("one")["permutation"] + found.summary("two")["permutation"])[mean.index] / 2,
    )


def test_correlated_columns_are_important_as_a_group_only(planted, found):
    features, _, evaluation = planted
    summary = found.summary()
    assert summary.loc["copies", "permutation_low"] > 0.02
    assert summary.loc["copies", "drop_group_low"] > 0
    assert set(summary.index[:3]) == {"copies", "glcm", "fluid"}
    single = importance(evaluation, features, by="column", views=("permutation",)).summary()
    copies = [column for column in features if "__copies__" in column]
    assert single.loc[copies, "permutation"].max() < 0.5 * summary.loc["copies", "permutation"]
    clusters = importance(evaluation, features, by="cluster", views=("permutation",))
    assert max(map(len, clusters.groups.values())) == 6


def test_direction_has_the_planted_sign(found):
    assert found.summary("one").loc["glcm", "direction"] > 0.7
    assert found.summary("two").loc["fluid", "direction"] < -0.7


def test_drop_group_equals_a_cross_validation_without_the_group(planted, found):
    features, labels, _ = planted
    kept = features[[column for column in features if "__glcm__" not in column]]
    model = logistic_baseline()
    full, without = (
        cross_validate(model, table, labels, n_repeats=1) for table in (features, kept)
    )
    views = importance(full, features, views=("drop_group", "single_group")).frame()
    row = views[(views["task"] == "mean") & (views["group"] == "glcm")].iloc[0]
    drop = full.summary()["auc"] - without.summary()["auc"]
    assert row["drop_group"] == pytest.approx(drop["mean"], abs=1e-12)
    error = np.sqrt(((full.influence() - without.influence())["mean"] ** 2).sum())
    assert row["drop_group_se"] == pytest.approx(error, abs=1e-12)


def test_intervals_are_those_of_the_scores():
    """The AUC of the only group is that of the model, with the same t distribution."""
    rng = np.random.default_rng(0)
    labels = pd.DataFrame({"acl": [0, 1, 1] * 8, "fluid": [0, 0, 1] * 8})
    features = (labels + rng.normal(0, 0.8, labels.shape)).set_axis(["a", "b"], axis=1)
    site = pd.Series(range(24), labels.index) // 2
    for groups in (None, site):
        run = cross_validate(
            logistic_baseline(), features, labels, n_splits=2, n_repeats=1, groups=groups
        )
        whole = {"a": "all", "b": "all"}
        found = importance(run, features, whole, views=("single_group", "permutation"))
        scores = run.scores
        for task in ("acl", "fluid", "mean"):
            row = found.summary(task).loc["all"]
            n_smallest = 8 if groups is None else min(8, len(set(site)))
            auc, error = row["single_group"], standard_error(scores.influence[task], run.groups)
            half = t.ppf(0.975, n_smallest - 1) * error / (auc * (1 - auc))
            assert logit(row["single_group_high"]) - logit(auc) == pytest.approx(half)
            assert logit(auc) - logit(row["single_group_low"]) == pytest.approx(half)
            own = found.frame().set_index("task").loc[task, "permutation_se"]
            width = row["permutation_high"] - row["permutation_low"]
            assert width == pytest.approx(2 * t.ppf(0.975, n_smallest - 1) * own)


def test_a_group_that_separates_the_classes_has_an_interval_that_ends_at_1():
    labels = pd.DataFrame({"acl": [0, 1] * 12})
    features = pd.DataFrame({"size": labels["acl"] + 0.5, "idle": 1.0})
    run = cross_validate(logistic_baseline(), features, labels, n_splits=2)
    found = importance(run, features, "column", views="single_group").summary().loc["size"]
    assert found["single_group"] == found["single_group_high"] == 1
    assert found["single_group_low"] == pytest.approx(run.summary().loc["acl", "ci_low"])


def test_same_numbers_on_two_workers(planted):
    features, _, evaluation = planted
    one, two = (
        importance(evaluation, features, n_permutations=1, n_jobs=n_jobs).frame()
        for n_jobs in (1, 2)
    )
    pd.testing.assert_frame_equal(one, two, check_exact=True)


def test_other_models_get_the_permutation_view(planted):
    features, labels, _ = planted
    evaluation = cross_validate(logistic_baseline(), features, labels, n_repeats=1)
    found = importance(evaluation, features)
    assert found.summary("two").index[0] == "fluid"
    assert "shap" not in found.frame()
    with pytest.raises(ValueError, match="'shap' for ScaledLogistic"):
        importance(evaluation, features, views=("shap",))


def test_refusals(planted):
    features, _, evaluation = planted
    with pytest.raises(ValueError, match="mapping or one of series, plane"):
        importance(evaluation, features, by="colour")
    with pytest.raises(ValueError, match="1 only in `evaluation`"):
        importance(evaluation, features.iloc[1:])
    with pytest.raises(ValueError, match=r"some of shap.*got \('gain',\)"):
        importance(evaluation, features, views="gain")
    with pytest.raises(ValueError, match="if there is only one group"):
        importance(evaluation, features, by="plane", views="drop_group")
    with pytest.raises(ValueError, match="must be one of 'one', 'two', 'mean', got 'three'"):
        importance(evaluation, features, views="permutation", n_permutations=1).summary("three")


def test_a_task_with_one_labelled_group_per_fold_has_no_interval():
    features, labels = plant_signal(80)
    labels = labels.astype(float)
    groups = pd.Series(np.arange(80) // 20, labels.index)
    rows = pd.DataFrame({"exam": labels.index, "repeat": 0, "fold": (groups % 2).to_numpy()})
    labels.loc[groups > 2, "two"] = np.nan
    run = cross_validate(logistic_baseline(), features, labels, folds=Folds(rows), groups=groups)
    with pytest.warns(FewExamsWarning):
        found = importance(run, features, by="plane", views="permutation", n_permutations=1)
    errors = found.frame().groupby("task")["permutation_se"].first()
    assert np.isnan(errors["two"])
    assert errors["one"] > 0


def test_several_groupings_are_measured_as_each_by_itself(planted):
    features, _, evaluation = planted
    halves = {column: column[-8:-6] for column in features}
    together = measure_groupings(evaluation, features, [None, halves], n_permutations=1)
    for by, one in zip((None, halves), together, strict=True):
        alone = importance(evaluation, features, by, n_permutations=1)
        pd.testing.assert_frame_equal(one.table, alone.table)
        pd.testing.assert_frame_equal(one.by_fold, alone.by_fold)
        assert (one.by, one.groups) == (alone.by, alone.groups)
