"""Exams and labels of a folder, whatever its layout."""

import logging

import numpy as np
import pandas as pd
import pytest

from mrnet_features import write_knees
from mrnet_features.workflows.audit_folder import audit_folder
from mrnet_features.workflows.exam_folders import (
    list_inputs,
    list_series,
    load_exams,
    load_known_labels,
    name_layout,
)
from mrnet_features.workflows.groups import read_groups
from mrnet_features.workflows.tables import make_table, read_scored_table, read_table
from tests.support.dicom_files import UID
from tests.support.rsna_folder import REPORT
from tests.support.small_sets import FINDINGS, write_small_rsna, write_study

STUDIES = [f"{UID}.{k}" for k in range(1, 8)]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_small_rsna(tmp_path_factory.mktemp("rsna") / "set", n_train=7)


@pytest.fixture(scope="module")
def table(root):
    """A table with the series that the studies have."""
    path = root.parent / "train.parquet"
    make_table(root, "train", path, families="acquisition", n_jobs=1)
    return path


def test_layouts_are_told_apart(root, tmp_path):
    assert name_layout(root) == "rsna"
    assert name_layout(root / "train_series") == "studies"
    write_knees(tmp_path / "knees", n_train=1, n_valid=0)
    assert name_layout(tmp_path / "knees") == "mrnet"
    assert load_exams(tmp_path / "knees").ids == ("0000",)
    (tmp_path / "empty").mkdir()
    for nothing in ("empty", "nowhere"):
        with pytest.raises(FileNotFoundError):
            name_layout(tmp_path / nothing)


def test_exams_of_each_split_with_the_series_that_there_are(root):
    train = load_exams(root)
    assert list(train.ids) == STUDIES
    assert list_series(train) == ("axial_fluid", "coronal_fluid", "sagittal_structural")
    assert set(load_exams(root, planes=["axial_fluid"]).exams[0].paths) == {"axial_fluid"}
    assert len(load_exams(root, "test")) == 3
    assert list(load_exams(root, exclude=STUDIES[:6]).ids) == STUDIES[6:]
    with pytest.raises(ValueError, match="Leave it out"):
        load_exams(root, ids="ids.csv")


def test_studies_without_files_are_left_out_with_a_sentence(root, tmp_path, caplog):
    part = tmp_path / "part"
    part.mkdir()
    for name in ("train.csv", "train_series.csv"):
        (part / name).write_bytes((root / name).read_bytes())
    (part / "train_series").mkdir()
    (part / "train_series" / STUDIES[0]).symlink_to(root / "train_series" / STUDIES[0])
    with caplog.at_level(logging.WARNING):
        assert list(load_exams(part).ids) == STUDIES[:1]
    assert "the folder has none of their series: 6 of 7 studies" in caplog.text
    assert REPORT.split()[0] not in caplog.text


def test_studies_have_no_labels_and_say_what_to_pass(root, tmp_path):
    write_study(tmp_path / "K1", 1, ("axial_fluid",))
    write_study(tmp_path / "K2", 2, ("axial_fluid",))
    with pytest.warns(UserWarning, match="should hold exams of .*'K3'"):
        dataset = load_exams(tmp_path, exclude=["K2", "K3"])
    assert dataset.ids == ("K1",)
    assert not len(dataset.labels)
    with pytest.raises(ValueError, match="Pass a CSV of labels in its place"):
        load_known_labels(tmp_path)
    with pytest.raises(ValueError, match="Every study of .* is excluded"):
        load_exams(tmp_path, exclude=["K1", "K2"])
    assert not len(audit_folder(tmp_path, codes=["label-file", "stack-file"], n_jobs=1))


def test_labels_come_from_the_table_of_the_set_or_from_a_csv(root, tmp_path):
    labels = load_known_labels(root)
    assert list(labels.columns) == list(FINDINGS)
    assert labels["MCL"].isna().all()
    file = tmp_path / "labels.csv"
    file.write_text("exam,acl,Report\n0002,1,text\n0001,0.0,\n0003,,more\n")
    read = load_known_labels(file, tasks=["acl"], exclude=["0002"])
    expected = pd.DataFrame({"acl": [0.0, np.nan]}, pd.Index(["0001", "0003"], name="exam"))
    pd.testing.assert_frame_equal(read, expected)
    with pytest.raises(ValueError, match="0, 1 or nothing in the column 'Report', got 'text'"):
        load_known_labels(file)
    with pytest.raises(ValueError, match="lacks 'mcl'"):
        load_known_labels(file, tasks=["mcl"])
    with pytest.raises(FileNotFoundError, match=r"There is no file '.*lab\.csv'. Pass a CSV"):
        load_known_labels(tmp_path / "lab.csv")


def test_the_default_series_are_all_that_an_exam_has(root, table):
    features, labels = read_table(table, root)
    assert list(features.index) == STUDIES
    assert {name.partition("__")[0] for name in features} == {
        "axial_fluid",
        "coronal_fluid",
        "sagittal_structural",
    }
    assert features.attrs["provenance"]["missing"] == {"coronal_fluid": [STUDIES[2], STUDIES[5]]}
    assert list(labels.columns) == list(FINDINGS)
    _, scored = read_scored_table(table, root, tasks=["ACL"])
    assert list(scored.columns) == ["ACL"]


def test_labels_of_exams_that_the_table_lacks_are_left_out_with_a_sentence(root, tmp_path, caplog):
    path = tmp_path / "fewer.parquet"
    make_table(root, "train", path, families="acquisition", exclude=STUDIES[:1], n_jobs=1)
    features, labels = read_table(path, root)
    assert list(features.index) == list(labels.index) == STUDIES[1:]
    assert "Left out, since the table lacks them: 1 of 7 exams with labels" in caplog.text


def test_a_csv_of_labels_may_hold_fewer_or_other_exams(table, tmp_path):
    file = tmp_path / "labels.csv"
    file.write_text(f"exam,tear\n{STUDIES[3]},1\n{STUDIES[0]},0\nother,1\n")
    features, labels = read_table(table, file)
    assert labels["tear"].dropna().to_dict() == {STUDIES[0]: 0, STUDIES[3]: 1}
    assert set(labels.index) == set(features.index)
    file.write_text("exam,tear\nother,1\n")
    with pytest.raises(ValueError, match="must hold labels of the exams of .* got other ids"):
        read_table(table, file)


def test_groups_of_a_csv(root, tmp_path):
    file = tmp_path / "sites.csv"
    file.write_text("exam,site\na,x\nb,y\nc,x\n")
    assert read_groups(file, root, "train", ["b", "a"]).to_dict() == {"b": "y", "a": "x"}
    with pytest.raises(ValueError, match="give every exam a group, and lacks 1 of 2: 'd'"):
        read_groups(file, root, "train", ["a", "d"])
    file.write_text("exam,site,sex\na,x,f\n")
    with pytest.raises(ValueError, match="one of groups, got the groups 'site', 'sex'"):
        read_groups(file, root, "train", ["a"])


def test_groups_by_scanner_keep_makers_together(root, table, tmp_path):
    with pytest.warns(UserWarning, match="the largest has"):
        groups = read_groups("scanner", root, "train", STUDIES[1:], n_jobs=1)
    assert list(groups.index) == STUDIES[1:]
    assert groups.nunique() == 3
    assert groups[STUDIES[1]] == groups[STUDIES[4]]
    file = tmp_path / "labels.csv"
    file.write_text("exam,acl\n")
    with pytest.raises(ValueError, match="which has no images"):
        read_groups("scanner", file, "train", STUDIES)


def test_no_result_may_replace_a_table_of_the_set(tmp_path):
    names = {path.name for path in list_inputs(tmp_path, "train")}
    assert {"train-acl.csv", "train.csv", "test_series.csv", "sample_submission.csv"} <= names
