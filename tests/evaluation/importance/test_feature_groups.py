"""Feature groups by name, cluster and mapping; tables of other tools."""

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
from mrnet_features.models import logistic_baseline


def test_table_of_another_tool_is_one_more_group(planted, tmp_path):
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
    features, _, _ = planted
    with pytest.raises(ValueError, match="mapping or one of plane"):
        group_columns(features, "colour")
    with pytest.raises(ValueError, match="none for 29, such as"):
        group_columns(features, {features.columns[0]: "first"})
    with pytest.raises(ValueError, match="1 are repeated"):
        attach_table(features, features.iloc[:, :2].set_axis(["a b", "a-b"], axis=1), "clinic")
    np.save(tmp_path / "a.npy", np.zeros((3, 2)))
    with pytest.raises(ValueError, match="must have the exam id of each row, got none"):
        read_external_table(tmp_path / "a.npy")
