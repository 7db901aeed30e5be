"""The folder of studies: layout, determinism, resuming, damage, settings."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mrnet_features as mf
from mrnet_features.synthetic import write_knees
from mrnet_features.synthetic.studies.findings import FINDINGS
from tests.support.quick_studies import TINY


@pytest.fixture(scope="module")
def two_studies(tmp_path_factory):
    folder = tmp_path_factory.mktemp("studies") / "two"
    return write_knees(folder, "rsna", n_train=1, n_valid=1, seed=3, style=TINY, n_jobs=1)


@pytest.fixture
def small(two_studies, tmp_path):
    return Path(shutil.copytree(two_studies, tmp_path / "two"))


def read_all(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def write_again(folder):
    write_knees(folder, "rsna", n_train=1, n_valid=1, seed=3, style=TINY, n_jobs=1)


@pytest.mark.parametrize(("name", "n"), [("train", 10), ("test", 2)])
def test_every_listed_series_is_a_folder_of_pictures(quick_studies, name, n):
    ids = pd.read_csv(quick_studies / f"{name}.csv").StudyInstanceUID
    assert len(ids) == ids.nunique() == n
    folder = quick_studies / f"{name}_series"
    assert {path.name for path in folder.iterdir()} == set(ids)
    series = pd.read_csv(quick_studies / f"{name}_series.csv")
    assert set(series.StudyInstanceUID) == set(ids)
    assert series.SeriesInstanceUID.is_unique
    assert list(series.columns) == [
        "StudyInstanceUID", "SeriesInstanceUID", "Fluid_Sensitive", "Fat_Suppression",
        "Anatomical_Plane",
    ]  # fmt: skip
    assert (series.Fluid_Sensitive == series.Fat_Suppression).all()
    assert set(series.Anatomical_Plane) == {"Axial", "Coronal", "Sagittal"}
    for row in series.itertuples():
        files = list((folder / row.StudyInstanceUID / row.SeriesInstanceUID).iterdir())
        assert files
        assert all(path.suffix == ".dcm" for path in files)


def test_tables_have_the_columns_of_the_layout(quick_studies):
    train = pd.read_csv(quick_studies / "train.csv")
    assert list(train.columns) == ["StudyInstanceUID", "Report", *FINDINGS]
    values = train[list(FINDINGS)].to_numpy(float)
    assert np.isin(values[~np.isnan(values)], (0, 1)).all()
    assert list(pd.read_csv(quick_studies / "test.csv").columns) == ["StudyInstanceUID"]
    sample = pd.read_csv(quick_studies / "sample_submission.csv")
    assert list(sample.columns) == ["StudyInstanceUID", *FINDINGS]
    assert (sample[list(FINDINGS)] == 0.5).all(axis=None)
    truth = pd.read_csv(quick_studies / "test-truth.csv")
    assert truth.StudyInstanceUID.tolist() == sample.StudyInstanceUID.tolist()
    assert truth.ACL.notna().all()


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_reader_of_the_layout_finds_the_listed_slots(quick_studies, split):
    studies = mf.load_rsna_knee(quick_studies, split=split)
    truth = pd.read_csv(quick_studies / f"{split}-series-truth.csv", keep_default_na=False)
    listed = truth[truth.is_listed == 1]
    slots = (listed.listed_plane + "_" + listed.listed_weighting).groupby(listed.StudyInstanceUID)
    assert {exam.id: set(exam.paths) for exam in studies.exams} == slots.agg(set).to_dict()
    assert len(studies.labels) == (10 if split == "train" else 0)


def test_gold_studies_have_the_true_labels_and_others_a_report(quick_studies):
    train = pd.read_csv(quick_studies / "train.csv")
    truth = pd.read_csv(quick_studies / "train-truth.csv")
    gold = truth.is_gold == 1
    assert gold.tolist() == [True] + [False] * 9
    labels, true = (table[list(FINDINGS)][gold].astype(float) for table in (train, truth))
    pd.testing.assert_frame_equal(labels, true)
    assert train.Report.notna().tolist() == (~gold).tolist()
    assert train.Report[~gold].str.startswith("Synthetic report").all()
    assert train[["MCL", "Synovitis", "Fracture"]].isna().all(axis=None)


def test_two_processes_and_other_counts_write_the_same_bytes(two_studies, tmp_path):
    folder = tmp_path / "other"
    write_knees(folder, "rsna", n_train=2, n_valid=1, seed=3, style=TINY, n_jobs=2)
    before, after = read_all(two_studies / "train_series"), read_all(folder / "train_series")
    assert before.items() <= after.items()
    assert len(after) > len(before)
    assert read_all(two_studies / "test_series") == read_all(folder / "test_series")


def test_finished_studies_are_kept(small):
    files = {path: path.stat().st_mtime_ns for path in small.rglob("*.dcm")}
    write_again(small)
    assert {path: path.stat().st_mtime_ns for path in small.rglob("*.dcm")} == files


DAMAGES = {
    "lost": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "a bit": lambda path: path.write_bytes(path.read_bytes()[:-1] + b"\x7f"),
    "its folder lost": lambda path: shutil.rmtree(path.parent),
    "its study lost": lambda path: shutil.rmtree(path.parent.parent),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_picture_is_made_again(small, damage):
    before = read_all(small)
    DAMAGES[damage](sorted((small / "train_series").rglob("*.dcm"))[7])
    (small / "train.csv").unlink()
    write_again(small)
    assert read_all(small) == before


@pytest.mark.parametrize("name", [".records/train/000000.json", "knees.json"])
def test_a_damaged_record_is_made_again(small, name):
    before = read_all(small)
    (small / name).write_bytes(b"{")
    write_again(small)
    assert read_all(small) == before


def test_what_a_killed_run_had_begun_is_removed_and_other_files_are_kept(small):
    before = read_all(small)
    partial = small / ".unfinished" / "2.25.1" / "2.25.2"
    partial.mkdir(parents=True)
    (partial / "half.dcm").write_bytes(b"half")
    note = next((small / "train_series").iterdir()) / "note.txt"
    note.write_text("mine")
    next((small / "train_series").rglob("*.dcm")).unlink()
    write_again(small)
    assert note.read_text() == "mine"
    note.unlink()
    assert read_all(small) == before


@pytest.mark.parametrize(
    "change", [{"seed": 4}, {"site_leak": 0.5}, {"style": None}, {"layout": "mrnet"}]
)
def test_a_folder_of_other_settings_is_refused(two_studies, change):
    settings = {"layout": "rsna", "n_train": 1, "n_valid": 1, "seed": 3, "style": TINY} | change
    before = read_all(two_studies)
    with pytest.raises(ValueError, match="must hold synthetic knees made with"):
        write_knees(two_studies, **settings)
    assert read_all(two_studies) == before


def test_settings_are_recorded(two_studies):
    record = json.loads((two_studies / "knees.json").read_text())
    assert (record["layout"], record["site_leak"], record["n_valid"]) == ("rsna", 0.0, 1)


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"layout": "brats"}, "layout"),
        ({"site_leak": 1.5}, "site_leak"),
        ({"layout": "mrnet", "site_leak": 0.5}, "site_leak"),
    ],
)
def test_settings_that_can_not_be_used_are_refused(tmp_path, settings, word):
    with pytest.raises(ValueError, match=word):
        write_knees(tmp_path / "new", **{"layout": "rsna", "n_train": 1} | settings)
    assert not (tmp_path / "new").exists()


def test_without_pydicom_the_extra_is_named_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(ModuleNotFoundError, match=r"mrnet-features\[dicom\]"):
        write_knees(tmp_path / "new", "rsna", n_train=1)
    assert not (tmp_path / "new").exists()
