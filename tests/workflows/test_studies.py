"""DICOM studies in a folder without tables."""

import dataclasses
import json
import logging
import os
import pickle

import pandas as pd
import pytest

from mrnet_features.data.study_exam import read_study
from mrnet_features.workflows.studies import (
    UnreadableStudy,
    find_studies,
    holds_dicom,
    load_studies,
)
from mrnet_features.workflows.tables import make_table
from tests.support.command_line import run
from tests.support.dicom_files import PLANTED
from tests.support.small_sets import write_study


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Three studies, one of them without a coronal series, a damaged one, and other files."""
    root = tmp_path_factory.mktemp("studies")
    for number in (1, 2, 3):
        slots = ("axial_fluid", "sagittal_structural", "coronal_fluid")[: 2 if number == 3 else 3]
        write_study(root / f"K{number}", number, slots)
    (root / "K4").mkdir()
    (root / "K4" / "IM1").write_bytes(bytes(128) + b"DICM" + b"damaged" * 40)
    (root / "notes").mkdir()
    (root / "notes" / "a.txt").write_text("no picture")
    (root / "README.txt").write_text("no picture")
    return root


def test_each_subfolder_is_a_study_named_by_its_folder(root, caplog):
    with caplog.at_level(logging.INFO, "mrnet_features"):
        found = find_studies(root)
    assert found == {f"K{k}": root / f"K{k}" for k in (1, 2, 3, 4)}
    assert caplog.messages == ["1 folder holds no DICOM file and is left out: 'notes'."]


def test_a_folder_of_series_of_one_study_is_that_study(root):
    assert find_studies(root / "K1") == {"K1": root / "K1"}
    assert find_studies(root / "K1" / "axial_fluid") == {"axial_fluid": root / "K1/axial_fluid"}


def test_a_disc_with_an_index_is_one_study(root, tmp_path):
    write_study(tmp_path / "IMAGES", 5, ("axial_fluid",))
    (tmp_path / "DICOMDIR").write_bytes(b"index")
    assert find_studies(tmp_path) == {tmp_path.name: tmp_path}


def test_ids_come_from_a_csv(root, tmp_path):
    file = tmp_path / "ids.csv"
    file.write_text("folder,exam\n" + "".join(f"K{k},0{k}\n" for k in (1, 2, 3, 4)))
    assert list(find_studies(root, file)) == ["01", "02", "03", "04"]
    file.write_text("folder,exam\nK1,01\nK2,02\n")
    with pytest.raises(ValueError, match="must name every folder .* lacks 'K3', 'K4'"):
        find_studies(root, file)
    file.write_text("folder,exam\n" + "".join(f"K{k},01\n" for k in (1, 2, 3, 4)))
    with pytest.raises(ValueError, match="must give each folder its own id, got '01' twice"):
        find_studies(root, file)
    file.write_text("folder,exam\n" + "".join(f"K{k},0{k}\n" for k in (1, 2, 3, 4)) + "K2,05\n")
    with pytest.raises(ValueError, match="must name each folder once, got 'K2' again"):
        find_studies(root, file)
    file.write_text("name,id\nK1,01\n")
    with pytest.raises(ValueError, match="must have the columns folder and exam, got 'name', 'id'"):
        find_studies(root, file)


def test_a_folder_name_that_is_no_id_needs_a_csv(root, tmp_path):
    for name in ("nan", "K1"):
        (tmp_path / name).symlink_to(root / {"nan": "K2", "K1": "K1"}[name])
    with pytest.raises(ValueError, match="'nan' stands for a missing value .* pass `ids`"):
        find_studies(tmp_path)


def test_folders_without_dicom_are_told_apart(root, tmp_path):
    assert holds_dicom(root)
    assert not holds_dicom(root / "notes")
    os.mkfifo(tmp_path / "pipe")  # is not opened for reading, which would never end
    assert not holds_dicom(tmp_path)
    with pytest.raises(ValueError, match="holds no DICOM file"):
        find_studies(root / "notes")
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        find_studies(root / "nowhere")


def test_a_study_that_cannot_be_read_gives_its_reason_when_it_is_loaded(root, caplog):
    with caplog.at_level(logging.INFO, "mrnet_features"):
        exams = load_studies(root, n_jobs=1)
    assert [exam.id for exam in exams] == ["K1", "K2", "K3", "K4"]
    assert "holds 4 DICOM studies; exam ids are the names of the folders." in caplog.text
    assert set(exams[0].paths) == {"axial", "coronal", "sagittal"}
    assert set(exams[2].paths) == {"axial", "sagittal"}
    broken = pickle.loads(pickle.dumps(exams[3]))
    assert isinstance(broken, UnreadableStudy)
    for read in (broken.load, broken.find_shape):
        with pytest.raises(ValueError, match="does not say how it is encoded"):
            read("axial")
    with pytest.raises(OSError, match="does not say how it is encoded"):
        broken.describe_files("axial")
    with pytest.raises(ValueError, match="No study of '.*' can be read. The first: "):
        load_studies(root / "K4", n_jobs=1)


def test_every_different_note_is_told_with_the_studies_that_have_it(root, caplog, monkeypatch):
    notes = {"K1": ("No T2.", "Two sides."), "K2": ("No T2.",), "K3": ()}

    def read(folder, **options):
        exam = read_study(folder, **options)
        return dataclasses.replace(exam, warnings=notes[exam.id])

    monkeypatch.setattr("mrnet_features.workflows.studies.read_study", read)
    with caplog.at_level(logging.INFO, "mrnet_features"):
        load_studies(root, n_jobs=1)
    told = "2 of 4 DICOM studies have notes: 'K1', 'K2': No T2. 'K1': Two sides."
    assert told in caplog.messages
    monkeypatch.setattr("mrnet_features.workflows.studies.MOST_NOTES", 1)
    caplog.clear()
    with caplog.at_level(logging.INFO, "mrnet_features"):
        load_studies(root, n_jobs=1)
    told = "2 of 4 DICOM studies have notes: 'K1', 'K2': No T2. Not shown: 1 more."
    assert told in caplog.messages


def test_a_page_leaves_out_the_studies_that_can_not_be_read(root, tmp_path, caplog):
    page = tmp_path / "view.html"
    done = run("view", root, "--out", page, "--json")
    assert json.loads(done.stdout) == {"file": str(page), "exams": ["K1", "K2", "K3"]}
    assert "1 of 4 studies can't be read and is left out: 'K4'. The first: " in caplog.text
    named = run("view", root, "--out", page, "--exams", "K1,K4")
    assert named.status == 1
    assert "does not say how it is encoded" in named.stderr


def test_a_table_of_the_studies_that_can_be_read(root, tmp_path):
    out = tmp_path / "t.parquet"
    options = {"families": "acquisition", "n_jobs": 1}
    with pytest.warns(UserWarning, match=r"1 of 4 exams was skipped \('K4'\)"):
        dataset, features = make_table(root, "train", out, **options)
    assert list(features.index) == list(dataset.ids) == ["K1", "K2", "K3"]
    coronal = features.filter(like="coronal__")
    assert coronal.loc["K3"].isna().all()
    assert coronal.loc[["K1", "K2"]].notna().any(axis=None)
    errors = pd.read_csv(tmp_path / "t.errors.csv")
    assert errors["exam"].tolist() == ["K4"]
    text = f"{(tmp_path / 't.errors.csv').read_text()} {features.attrs} {features.to_csv()}"
    assert not any(word in text for word in PLANTED)
    with pytest.raises(ValueError, match="does not say how it is encoded"):
        make_table(root, "train", tmp_path / "u.parquet", on_error="stop", **options)
    with pytest.raises(ValueError, match="Leave `split` out"):
        make_table(root, "valid", out)


def test_a_series_of_skipped_exams_alone_is_not_asked_for(tmp_path, caplog):
    write_study(tmp_path / "K1", 1, ("axial_fluid", "sagittal_structural"), Laterality="R")
    write_study(tmp_path / "K2", 2, Laterality="", side_mm=0.0)
    assert load_studies(tmp_path, n_jobs=1)[1].find_side().name == "unknown"
    out, options = tmp_path / "t.parquet", {"families": "intensity", "sides": "known", "n_jobs": 1}
    with (
        caplog.at_level(logging.INFO, "mrnet_features"),
        pytest.warns(UserWarning, match=r"1 of 2 exams was skipped \('K2'\)"),
    ):
        _, table = make_table(tmp_path, "train", out, **options)
    assert list(table.index) == ["K1"]
    assert {name.partition("__")[0] for name in table} == {"axial", "sagittal"}
    assert "The side of 1 of 2 exams is unknown; they are skipped: 'K2'." in caplog.messages
    out.unlink()
    with pytest.raises(ValueError, match="at least one exam has, got 'coronal'") as caught:
        make_table(tmp_path, "train", out, planes=["axial", "coronal"], **options)
    assert "skipped: 'K2'" in caught.value.__notes__[0]
