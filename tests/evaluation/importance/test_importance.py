"""Importance: planted signal ranks first, noise does not, SHAP values are those of shap."""

import warnings

import numpy as np
import pandas as pd
import pytest

from mrnet_features.evaluation import cross_validate, measure_auc
from mrnet_features.evaluation.importance.feature_groups import (
    attach_table,
    cluster_columns,
    group_columns,
    read_external_table,
)
from mrnet_features.evaluation.importance.importance import importance
from mrnet_features.evaluation.importance.null_importance import null_importance
from mrnet_features.evaluation.importance.per_fold import sum_shap_values
from mrnet_features.evaluation.importance.stability import measure_stability, nogueira_index
from mrnet_features.models import lightgbm_baseline, logistic_baseline

FAST = lightgbm_baseline(n_seeds=2, n_estimators=40, colsample_bytree=0.5)
FAMILIES = ("glcm", "fluid", "copies", "noise", "more_noise")


def plant_signal(n_exams=400, seed=0):
    """Five families of six columns: `glcm` alone carries task one, `fluid` alone task two.

    `copies` are six nearly equal columns that all carry both tasks a little: each by itself can
    be replaced by the five others.
    """
    rng = np.random.default_rng(seed)
    exams = [f"{i:04d}" for i in range(n_exams)]
    hidden = rng.normal(size=(n_exams, 3))
    odds = pd.DataFrame(
        {"one": 2 * hidden[:, 0] + hidden[:, 2], "two": -2 * hidden[:, 1] + hidden[:, 2]}
    )
    labels = (odds + rng.logistic(size=odds.shape) > 0).astype(int).set_index(pd.Index(exams))
    columns = {}
    for family in FAMILIES:
        for k in range(6):
            values = rng.normal(size=n_exams)
            if family == "copies":
                values = hidden[:, 2] + 0.05 * values
            elif family in ("glcm", "fluid") and k < 2:
                values = hidden[:, FAMILIES.index(family)] + 0.5 * values
            columns[f"axial__knee__{family}__s{k}__mean"] = values
    return pd.DataFrame(columns, index=exams), labels


@pytest.fixture(scope="module")
def planted():
    features, labels = plant_signal()
    return features, labels, cross_validate(FAST, features, labels)


@pytest.fixture(scope="module")
def found(planted):
    features, _, evaluation = planted
    views = ("shap", "permutation", "drop_group", "single_group")
    return importance(evaluation, features, views=views)


def test_shap_values_equal_those_of_shap(planted):
    shap = pytest.importorskip("shap")
    features, _, evaluation = planted
    model = evaluation.models["one", 0, 0]
    held_out = features.loc[next(iter(evaluation.folds.split()))[3]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # shap's own, about what it returns for LightGBM
        theirs = [
            shap.TreeExplainer(booster).shap_values(held_out.to_numpy())
            for booster in model.boosters_
        ]
    theirs = np.mean([values[1] if isinstance(values, list) else values for values in theirs], 0)
    ours = model.shap_values(held_out)
    np.testing.assert_allclose(ours[:, :-1], theirs, atol=1e-9)
    odds = np.mean([b.predict(held_out.to_numpy(), raw_score=True) for b in model.boosters_], 0)
    np.testing.assert_allclose(ours.sum(axis=1), odds, atol=1e-9)


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


def test_copies_get_their_shared_credit_as_a_group_only(planted, found):
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


def test_direction_tells_more_from_less(found):
    assert found.summary("one").loc["glcm", "direction"] > 0.7
    assert found.summary("two").loc["fluid", "direction"] < -0.7


def test_drop_of_a_refit_is_that_of_a_cross_validation_without_the_group(planted, found):
    features, labels, _ = planted
    kept = features[[column for column in features if "__glcm__" not in column]]
    model = logistic_baseline()
    full, without = (cross_validate(model, table, labels) for table in (features, kept))
    views = importance(full, features, views=("drop_group", "single_group")).frame()
    row = views[(views["task"] == "mean") & (views["group"] == "glcm")].iloc[0]
    drop = full.summary()["auc"] - without.summary()["auc"]
    assert row["drop_group"] == pytest.approx(drop["mean"], abs=1e-12)
    error = np.sqrt(((full.influence() - without.influence())["mean"] ** 2).sum())
    assert row["drop_group_se"] == pytest.approx(error, abs=1e-12)


def test_summed_before_the_absolute_value():
    class Opposed:
        def shap_values(self, X):
            return np.column_stack([X.iloc[:, 0], -X.iloc[:, 0], np.zeros(len(X))])

    table = pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": [1.0, 2.0, 4.0]})
    together, _ = sum_shap_values(Opposed(), table, [[0, 1]])
    np.testing.assert_array_equal(together, 0)
    _, directions = sum_shap_values(Opposed(), table, [[0], [1]])
    np.testing.assert_allclose(directions, [1, -1])


def test_same_numbers_on_two_workers(planted):
    features, _, evaluation = planted
    one, two = (
        importance(evaluation, features, n_permutations=1, n_jobs=n_jobs).frame()
        for n_jobs in (1, 2)
    )
    pd.testing.assert_frame_equal(one, two, check_exact=True)


def test_other_models_get_the_permutation_view(planted):
    features, labels, _ = planted
    evaluation = cross_validate(logistic_baseline(), features, labels)
    found = importance(evaluation, features)
    assert found.summary("two").index[0] == "fluid"
    assert "shap" not in found.frame()
    with pytest.raises(ValueError, match="'shap' for ScaledLogistic"):
        importance(evaluation, features, views=("shap",))


def test_stability_and_selection(found):
    stability = found.stability(top=2)
    assert (stability["rank_correlation"] > 0.5).all()
    assert (stability["nogueira"] > 0.5).all()
    assert found.selection(top=2).loc["glcm", "one"] == 1
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(
        [
            {"task": "acl", "repeat": r, "fold": 0, "group": g, "value": rng.random()}
            for r in range(40)
            for g in range(30)
        ]
    )
    agreement = measure_stability(rows)[0].loc["acl"]
    assert abs(agreement["rank_correlation"]) < 0.03
    assert abs(agreement["nogueira"]) < 0.03
    assert np.isnan(nogueira_index([[True], [True]]))
    with pytest.raises(ValueError, match="at least two folds"):
        nogueira_index([[True, False]])


def test_nothing_in_noise_beats_shuffled_labels_and_signal_does(planted):
    features, _, evaluation = planted
    null = null_importance(evaluation, features, n_rounds=4).summary()
    assert null.loc[("one", "glcm"), "p"] == pytest.approx(0.2)
    assert null.loc[("two", "fluid"), "p"] == pytest.approx(0.2)
    assert null.loc[("one", "glcm"), "observed"] > 2 * null.loc[("one", "glcm"), "null_max"]
    assert null.loc[("one", "noise"), "observed"] < 2 * null.loc[("one", "noise"), "null_max"]


def test_another_tools_table_is_one_more_group(planted, tmp_path):
    features, labels, _ = planted
    rng = np.random.default_rng(0)
    embedding = labels.to_numpy() @ rng.normal(size=(2, 8)) + rng.normal(size=(400, 8))
    np.save(tmp_path / "cnn.npy", embedding)
    cnn = read_external_table(tmp_path / "cnn.npy", exams=features.index)
    cnn.to_parquet(tmp_path / "cnn.parquet")
    cnn.to_csv(tmp_path / "cnn.csv")
    for name in ("cnn.parquet", "cnn.csv"):
        pd.testing.assert_frame_equal(read_external_table(tmp_path / name), cnn, check_names=False)
    joined = attach_table(features, cnn.sample(frac=1, random_state=0), "cnn")
    for by in ("plane", "region", "family", "pool"):
        assert group_columns(joined, by)["cnn"] == list(joined.columns[-8:])
    evaluation = cross_validate(logistic_baseline(), joined, labels)
    found = importance(evaluation, joined, views=("drop_group", "single_group"))
    aucs = [measure_auc(labels[task], embedding @ np.ones(8)).auc for task in labels]
    assert found.summary().loc["cnn", "single_group"] > max(aucs)


def test_clusters():
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(100, 3))
    table = pd.DataFrame(
        {f"f{k}": hidden[:, k % 3] * (-1) ** k + 0.1 * rng.normal(size=100) for k in range(9)}
    ).assign(constant=1.0, empty=np.nan)
    clusters = cluster_columns(table)
    assert sorted(map(sorted, clusters.values())) == [
        ["constant"], ["empty"], ["f0", "f3", "f6"], ["f1", "f4", "f7"], ["f2", "f5", "f8"],
    ]  # fmt: skip
    assert all(name in members for name, members in clusters.items())
    with pytest.raises(ValueError, match="above 0 and below 1, got 1"):
        cluster_columns(table, 1)


def test_refusals(planted, tmp_path):
    features, _, evaluation = planted
    with pytest.raises(ValueError, match="mapping or one of plane"):
        importance(evaluation, features, by="colour")
    with pytest.raises(ValueError, match="1 only in `evaluation`"):
        importance(evaluation, features.iloc[1:])
    with pytest.raises(ValueError, match=r"some of shap.*got \('gain',\)"):
        importance(evaluation, features, views="gain")
    with pytest.raises(ValueError, match="if there is only one group"):
        importance(evaluation, features, by="plane", views="drop_group")
    with pytest.raises(ValueError, match="none for 29, such as"):
        group_columns(features, {features.columns[0]: "first"})
    with pytest.raises(ValueError, match="and 1 repeated"):
        attach_table(features, features.iloc[:, :2].set_axis(["a b", "a-b"], axis=1), "clinic")
    np.save(tmp_path / "a.npy", np.zeros((3, 2)))
    with pytest.raises(ValueError, match="must have the exam id of each row, got none"):
        read_external_table(tmp_path / "a.npy")
    with pytest.raises(ValueError, match="must be one of one, two, mean, got 'three'"):
        importance(evaluation, features, views="permutation", n_permutations=1).summary("three")
