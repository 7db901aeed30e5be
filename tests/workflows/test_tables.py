"""Tables of a folder, with and without excluded exams."""

import shutil

import pandas as pd
import pytest

from mrnet_features import write_knees
from mrnet_features.files.csv_files import read_table as read_csv
from mrnet_features.workflows.tables import make_table, read_table


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    write_knees(folder / "knees", n_train=3, n_valid=2, seed=1)
    return folder


def test_a_table_is_made_and_read_with_its_labels(folder):
    path = folder / "valid.parquet"
    dataset, made = make_table(folder / "knees", "valid", path, families="intensity", n_jobs=1)
    features, labels = read_table(path, folder / "knees", "valid")
    pd.testing.assert_frame_equal(features, made)
    pd.testing.assert_frame_equal(labels, dataset.labels)
    assert list(features.index) == ["0003", "0004"]


def test_a_folder_of_tables_is_read_with_its_labels(folder, tmp_path):
    root, options = folder / "knees", {"families": "intensity", "n_jobs": 1}
    for k, exclude in enumerate((["0000"], ["0001", "0002"])):
        make_table(root, "train", tmp_path / f"{k}.parquet", exclude=exclude, **options)
    _, whole = make_table(root, "train", folder / "whole.parquet", **options)
    features, labels = read_table(tmp_path, root, "train")
    pd.testing.assert_frame_equal(features.sort_index(), whole)
    assert list(labels.index) == list(whole.index)
    (tmp_path / "empty").mkdir()
    with pytest.raises(IsADirectoryError, match="must be a feature table, got a folder"):
        read_table(tmp_path / "empty", root)


def test_excluded_exams_are_left_out_of_features_and_labels(folder):
    path, exclude = folder / "fewer.parquet", ["0001", "0003"]  # the second is of valid
    root = folder / "knees"
    dataset, made = make_table(root, "train", path, families="intensity", exclude=exclude, n_jobs=1)
    assert list(made.index) == list(dataset.labels.index) == ["0000", "0002"]
    for table in read_table(path, root, exclude=iter(["0001", "0002"])):
        assert list(table.index) == ["0000"]
    findings = pd.DataFrame({"exam": ["0001", ""]})
    for table in read_table(path, root, exclude=findings):
        assert list(table.index) == ["0000", "0002"]
    with pytest.raises(ValueError, match=r"2 such exams, 1 only in the labels .such as 0001"):
        read_table(path, root)
    with pytest.raises(ValueError, match=r"0 such exams, 2 only in the table .* Pass the `split`"):
        read_table(path, root, "valid")


def test_broken_exams_are_skipped_on_request_and_named_when_they_are_missed(folder, tmp_path):
    root, path = tmp_path / "knees", tmp_path / "train.parquet"
    shutil.copytree(folder / "knees", root)
    (root / "train" / "axial" / "0000.npy").write_bytes(b"")
    (root / "train" / "coronal" / "0002.npy").unlink()
    options = {"families": "intensity", "n_jobs": 1}
    with pytest.raises(ValueError, match="has 2 problems"):
        make_table(root, "train", path, **options)
    with pytest.warns(UserWarning, match=r"2 of 3 exams were skipped \('0000', '0002'\)"):
        dataset, features = make_table(root, "train", path, on_error="skip", **options)
    assert list(features.index) == list(dataset.ids) == ["0001"]
    rows = read_csv(tmp_path / "train.errors.csv")
    assert rows[["exam", "plane"]].to_numpy().tolist() == [["0000", "axial"], ["0002", "coronal"]]
    with pytest.raises(ValueError, match=r"were skipped by .*: '0000', '0002'. Pass them in"):
        read_table(path, root)
    for table in read_table(path, root, exclude=["0000", "0002"]):
        assert list(table.index) == ["0001"]


def test_an_exam_without_a_label_is_an_error_with_skip_too(folder, tmp_path):
    root = tmp_path / "knees"
    shutil.copytree(folder / "knees", root)
    lines = (root / "train-acl.csv").read_text().splitlines(keepends=True)
    (root / "train-acl.csv").write_text("".join(lines[1:]))
    with pytest.raises(ValueError, match="'0000' has no label in train-acl.csv"):
        make_table(root, "train", tmp_path / "t.parquet", on_error="skip")


def test_exams_without_a_stack_of_a_plane_have_nan_on_request(folder, tmp_path):
    root, path = tmp_path / "knees", tmp_path / "train.parquet"
    shutil.copytree(folder / "knees", root)
    (root / "train" / "axial" / "0000.npy").unlink()
    (root / "train" / "coronal" / "0002.npy").unlink()
    options = {"families": "intensity", "n_jobs": 1, "missing": "nan"}
    dataset, features = make_table(root, "train", path, **options)
    assert list(features.index) == list(dataset.ids) == ["0000", "0001", "0002"]
    assert features.attrs["provenance"]["missing"] == {"axial": ["0000"], "coronal": ["0002"]}
    table, labels = read_table(path, root)
    pd.testing.assert_frame_equal(table, features)
    pd.testing.assert_frame_equal(labels, dataset.labels)
    (root / "train" / "sagittal" / "0001.npy").write_bytes(b"")
    with pytest.raises(ValueError, match="Exam '0001', plane 'sagittal'"):
        make_table(root, "train", path, **options)
    path.unlink()
    with pytest.warns(UserWarning, match=r"1 of 3 exams was skipped \('0001'\)"):
        dataset, features = make_table(root, "train", path, on_error="skip", **options)
    assert list(features.index) == list(dataset.ids) == ["0000", "0002"]


def test_an_exam_without_any_stack_is_an_error(folder, tmp_path):
    root = tmp_path / "knees"
    shutil.copytree(folder / "knees", root)
    for plane in ("axial", "coronal", "sagittal"):
        (root / "train" / plane / "0001.npy").unlink()
    with pytest.raises(ValueError, match="Exam '0001' has labels .* but no stack in 'train/'"):
        make_table(root, "train", tmp_path / "t.parquet", families="intensity", missing="nan")
