"""Prediction files of several formats are compared."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.names import TASKS
from mrnet_features.workflows.compare_files import compare_files


@pytest.fixture
def labels():
    rng = np.random.default_rng(1)
    exams = [f"{k:04d}" for k in range(1130, 1250)]
    labels = pd.DataFrame(rng.integers(0, 2, (120, 3)), exams, list(TASKS))
    labels["abnormal"] = labels.max(axis=1)
    return labels


@pytest.fixture
def files(labels, tmp_path):
    """A headerless file with its paths, and a table with ids."""
    rng = np.random.default_rng(0)
    planes = ("sagittal", "coronal", "axial")
    lines = [f"valid/{plane}/{exam}.npy\n" for exam in labels.index for plane in planes]
    (tmp_path / "paths.csv").write_text("".join(lines))
    odds = labels + rng.normal(size=labels.shape) + [2.0, 0.0, 0.0]
    table = 1 / (1 + np.exp(-odds))
    table.to_csv(tmp_path / "cnn.csv", header=False, index=False)
    table.rename_axis("id").to_csv(tmp_path / "features.csv")
    return {"cnn": tmp_path / "cnn.csv", "features": tmp_path / "features.csv"}


@pytest.mark.parametrize("row", ["1E-05,1e+0,0.5", "+1e-7, 0.2 ,1.", "1.2e-3,-0.0,0"])
def test_a_first_line_of_numbers_is_no_header(files, labels, row):
    lines = files["cnn"].read_text().splitlines()
    files["cnn"].write_text("\n".join([row, *lines[1:]]) + "\n")
    result = compare_files(files, labels, paths=files["cnn"].with_name("paths.csv"))
    assert set(result.comparison.scores) == {"cnn", "features"}
    assert len(result.comparison.scores["cnn"].influence) == 120


def test_equal_predictions_have_no_difference_and_no_added_value(files, labels):
    paths = files["cnn"].with_name("paths.csv")
    result = compare_files(files, labels, paths=paths, added_value=True)
    rows = result.as_dict()
    assert [row["difference"] for row in rows["differences"]] == pytest.approx([0, 0, 0, 0])
    assert [row["gain"] for row in rows["added_value"]["features"]] == pytest.approx(
        [0, 0, 0, 0], abs=1e-3
    )
    assert {row["model"] for row in rows["aucs"]} == {"cnn", "features"}
    assert compare_files(files, labels, paths=paths).as_dict()["added_value"] == {}


def test_the_added_value_takes_fewer_folds_where_exams_are_few(files, labels):
    few = labels.copy()
    few.loc[few.index[6:], "acl"] = 0
    few.loc[few.index[:6], "acl"] = 1
    few["abnormal"] = labels["meniscus"]
    paths = files["cnn"].with_name("paths.csv")
    with pytest.warns(UserWarning, match="measured with n_splits=3"):
        result = compare_files(files, few, paths=paths, added_value=True)
    assert len(result.added_values["features"].summary()) == 4
    asked = compare_files(files, few, paths=paths, added_value=True, n_splits=2)
    assert len(asked.added_values["features"].summary()) == 4
    with pytest.raises(ValueError, match="Pass n_splits=3, add exams"):
        compare_files(files, few, paths=paths, added_value=True, n_splits=5)


def test_added_value_is_measured_on_the_shared_exams(files, labels):
    table = pd.read_csv(files["features"], dtype={"id": str})
    table.iloc[:-10].to_csv(files["features"], index=False)
    paths = files["cnn"].with_name("paths.csv")
    result = compare_files(files, labels, paths=paths, subset=True, added_value=True)
    scores = result.added_values["features"].comparison.scores
    assert {len(each.influence) for each in scores.values()} == {110}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_files_of_spreadsheets_and_shells_compare_like_plain_ones(files, labels, encoding):
    paths = files["cnn"].with_name("paths.csv")
    expected = compare_files(files, labels, paths=paths).as_dict()
    for file in (*files.values(), paths):
        file.write_text(file.read_text(), encoding=encoding, newline="\r\n")
    assert compare_files(files, labels, paths=paths).as_dict() == expected
