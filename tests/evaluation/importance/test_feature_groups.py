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
    evaluation = cross_validate(logistic_baseline(), joined, labels, n_repeats=1)
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
    with pytest.raises(ValueError, match="mapping or one of series, plane"):
        group_columns(features, "colour")
    with pytest.raises(ValueError, match="none for 29, such as"):
        group_columns(features, {features.columns[0]: "first"})
    with pytest.raises(ValueError, match="1 are repeated"):
        attach_table(features, features.iloc[:, :2].set_axis(["a b", "a-b"], axis=1), "clinic")
    np.save(tmp_path / "a.npy", np.zeros((3, 2)))
    with pytest.raises(ValueError, match="must have the exam id of each row, got none"):
        read_external_table(tmp_path / "a.npy")


@pytest.fixture
def clinic():
    """Clinical data with integers, text, truth values and missing values."""
    return pd.DataFrame(
        {"age": [30, 41], "score": [0.25, np.nan], "site": ["a", "b"], "smoker": [True, False]},
        index=pd.Index(["0007", "0012"], name="ID"),
    )


def test_csv_and_parquet_of_a_table_agree(clinic, tmp_path):
    clinic.to_csv(tmp_path / "a.csv")
    clinic.to_parquet(tmp_path / "a.parquet")
    clinic.to_csv(tmp_path / "b.csv", sep=";", decimal=",", encoding="utf-8-sig")
    clinic.reset_index().iloc[:, ::-1].to_parquet(tmp_path / "b.parquet")
    for name in ("a.csv", "a.parquet", "b.csv", "b.parquet"):
        found = read_external_table(tmp_path / name)[list(clinic.columns)]
        pd.testing.assert_frame_equal(found, clinic, check_names=False, check_dtype=False)
        assert [kind.kind for kind in found.dtypes[["age", "score", "smoker"]]] == ["i", "f", "b"]


def test_lost_zeros_of_a_table_are_refused_or_restored(clinic, tmp_path):
    clinic.set_axis([7, 12]).rename_axis("case").to_csv(tmp_path / "a.csv")
    with pytest.raises(ValueError, match="a.csv' must hold exam ids with their leading zeros"):
        read_external_table(tmp_path / "a.csv")
    found = read_external_table(tmp_path / "a.csv", id_width=4)
    assert found.index.tolist() == clinic.index.tolist()


def test_row_numbers_of_a_table_are_refused(clinic, tmp_path):
    numbered = clinic.reset_index(drop=True)
    numbered.to_csv(tmp_path / "a.csv")
    numbered.to_parquet(tmp_path / "a.parquet")
    clinic.rename_axis("patient").to_csv(tmp_path / "b.csv")
    clinic.rename_axis("patient").to_parquet(tmp_path / "b.parquet")
    for name in ("a.csv", "a.parquet", "b.csv", "b.parquet"):
        with pytest.raises(ValueError, match=f"{name}' must have a column of exam ids"):
            read_external_table(tmp_path / name, id_width=4)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b"(3, 2), }     ", b"(3000000000, 2), }"[:14]),
        lambda data: data[:-1],
        lambda data: data[:30],
        lambda data: b"",
        lambda data: data.replace(b"'descr': '<f8'", b"'descr': '|O'  "[:14]),
        lambda data: data.replace(b"(3, 2)", b"(-3,2)"),
    ],
)
def test_broken_arrays_are_named(tmp_path, change):
    np.save(tmp_path / "a.npy", np.zeros((3, 2)))
    (tmp_path / "a.npy").write_bytes(change((tmp_path / "a.npy").read_bytes()))
    with pytest.raises(ValueError, match="a.npy' can't be read as a NumPy array"):
        read_external_table(tmp_path / "a.npy", exams=["a", "b", "c"])


def test_other_files_are_refused(tmp_path):
    with pytest.raises(ValueError, match="a.xlsx' must be a .parquet, .csv or .npy file"):
        read_external_table(tmp_path / "a.xlsx")
    for name in ("a.npy", "a.csv", "a.parquet"):
        (tmp_path / name).mkdir()
        with pytest.raises(IsADirectoryError, match="must be a file, got a folder"):
            read_external_table(tmp_path / name)


def test_a_structure_is_a_region_without_its_side():
    names = ["femur_low", "femur_difference", "notch", "row0_column3_high", "row12_column0_low"]
    columns = [f"coronal__{name}__f__s__mean" for name in names]
    table = pd.DataFrame([range(5)], columns=columns)
    found = group_columns(table, "structure")
    assert found == {"femur": columns[:2], "notch": columns[2:3], "cell": columns[3:]}
    assert list(group_columns(table, ("plane", "structure"))) == [
        "coronal, femur", "coronal, notch", "coronal, cell",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="tuple of parts of a name, got 'plane', 'colour'"):
        group_columns(table, ("plane", "colour"))


def test_medial_and_lateral_are_sides_of_a_structure():
    columns = [f"coronal__meniscus_{s}__meniscus__dark_mean__stack" for s in ("medial", "lateral")]
    assert group_columns(pd.DataFrame(columns=columns), "structure") == {"meniscus": columns}
