"""Headers that contradict the names of series, or each other, are found; no pixel is read."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.data.dataset import Dataset
from mrnet_features.data.exam import Exam
from mrnet_features.quality import audit as quality_audit
from mrnet_features.quality.audit import audit
from mrnet_features.quality.findings import HEADER_CODES
from mrnet_features.quality.series_headers import find_other_part, read_series_headers
from tests.quality.test_audit import list_findings
from tests.support.dicom_files import PLANTED, make_enhanced, write_dataset, write_series
from tests.support.rsna_folder import HEADER, write_rows

pytest.importorskip("pydicom")

STACK = np.random.default_rng(0).integers(0, 900, (9, 8, 8), np.uint16)
FLUID = {"EchoTime": 40.0, "RepetitionTime": 3000.0, "ScanOptions": "FS"}
STRUCTURAL = {"EchoTime": 12.0, "RepetitionTime": 600.0}


def write_exam(folder, **series):
    """Exam with series of a plane and tags; `of` is another plane, `n` the number of slices."""
    paths = {}
    for name, given in series.items():
        tags = dict(FLUID if name.endswith("fluid") else STRUCTURAL) | given
        plane, n = tags.pop("of", name.split("_")[0]), tags.pop("n", len(STACK))
        paths[name] = write_series(folder / name, plane, STACK[:n], **tags)
    return Exam("0042", paths)


def find_codes(folder, codes=HEADER_CODES, **series):
    table = audit(Dataset((write_exam(folder, **series),), pd.DataFrame()), codes=codes)
    return {(plane, code) for _, plane, code in list_findings(table)}, table


def test_sound_headers_have_no_finding(tmp_path):
    found, _ = find_codes(
        tmp_path, axial_fluid={}, sagittal_fluid={"BodyPartExamined": "KNEE"},
        coronal_structural={"Laterality": "L", "BodyPartExamined": "LOWER EXTREMITY"},
    )  # fmt: skip
    assert found == set()


FAULTS = {
    "another plane": ({"of": "coronal"}, "header-plane", "the slices are coronal"),
    "T1": (STRUCTURAL | {"ScanOptions": ""}, "header-weighting", "fluid is dark"),
    "no fat suppression": (
        {"ScanOptions": "", "SeriesDescription": "AX PD NON FS"},
        "header-weighting",
        "fat is not suppressed",
    ),
    "a shoulder": ({"BodyPartExamined": "SHOULDER"}, "header-body-part", "(shoulder)"),
    "a scout": ({"SeriesDescription": "3-plane Scout"}, "header-localiser", "names a localiser"),
    "three slices": ({"n": 3}, "header-localiser", "Only 3 pictures"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_header_that_contradicts_the_name_is_found(tmp_path, fault):
    tags, code, advice = FAULTS[fault]
    found, table = find_codes(tmp_path, axial_fluid=tags, sagittal_fluid={})
    assert found == {("axial_fluid", code)}
    assert advice in table["advice"].item()
    assert table["severity"].item() == "check"


def test_a_structural_series_with_fat_suppression_is_found(tmp_path):
    found, _ = find_codes(tmp_path, coronal_structural=FLUID)
    assert found == {("coronal_structural", "header-weighting")}


def test_entries_of_scan_options_are_no_proof_against_fat_suppression(tmp_path):
    # a Dixon series names none there
    found, _ = find_codes(tmp_path, axial_fluid={"ScanOptions": "PFP"})
    assert found == set()


@pytest.mark.parametrize(
    ("axial", "coronal", "advice"),
    [
        ({"Laterality": "L"}, {"Laterality": "R"}, "Tags say left (axial_fluid) and right"),
        ({"side_mm": 60.0}, {"side_mm": -60.0}, "on both sides of the middle of the scanner"),
        ({"Laterality": "R"}, {"side_mm": 60.0}, "lie 60 mm to the left"),
        ({"Laterality": "L", "side_mm": -45.0}, {"side_mm": -45.0}, "lie 45 mm to the right"),
    ],
)
def test_a_changed_side_is_found(tmp_path, axial, coronal, advice):
    found, table = find_codes(tmp_path, axial_fluid=axial, coronal_fluid=coronal)
    assert found == {("", "header-side")}
    assert advice in table["advice"].item()


def test_a_tag_that_contradicts_the_given_side_is_found(tmp_path):
    exam = write_exam(tmp_path, axial_fluid={"Laterality": "R", "side_mm": -60.0})
    for side, advice in (("right", None), ("left", "was given as left, but the tag says right")):
        given = Exam(exam.id, exam.paths, side=side)
        table = audit(Dataset((given,), pd.DataFrame()), codes="header-side")
        assert len(table) == (advice is not None)
        assert advice is None or advice in table["advice"].item()


def test_a_folder_in_the_rsna_layout_is_audited_with_both_splits(tmp_path):
    for split, study, plane in (("train", "1.2.1", "axial"), ("test", "1.2.2", "coronal")):
        header = ("StudyInstanceUID",) if split == "test" else ("StudyInstanceUID", "Report", "ACL")
        write_rows(tmp_path / f"{split}.csv", [header, (study, "", "")[: len(header)]])
        listed = (study, f"{study}.1", 1, 1, "Axial")
        write_rows(tmp_path / f"{split}_series.csv", [HEADER, listed])
        write_series(tmp_path / f"{split}_series" / study / f"{study}.1", plane, STACK, **FLUID)
    table = audit(tmp_path, codes=HEADER_CODES)
    row = table.iloc[0]
    assert len(table) == 1
    assert tuple(row[["exam", "plane", "code", "split"]]) == (
        "1.2.2", "axial_fluid", "header-plane", "test",
    )  # fmt: skip
    assert table.attrs["examined"]["exams"] == {"train": 1, "test": 1}


def test_pictures_near_the_middle_contradict_no_tag(tmp_path):
    found, _ = find_codes(tmp_path, axial_fluid={"Laterality": "R", "side_mm": 15.0})
    assert found == set()


def test_the_position_of_one_sagittal_picture_tells_nothing(tmp_path):
    exam = write_exam(tmp_path, sagittal_fluid={"Laterality": "R", "side_mm": 60.0})
    ((header,), _) = read_series_headers(exam)
    assert np.isnan(header.offset_mm)


def test_one_file_of_each_series_is_opened(tmp_path, monkeypatch):
    exam = write_exam(tmp_path, axial_fluid={}, coronal_structural={})
    opened = []
    from mrnet_features.series import dicom_frames

    read = dicom_frames.read_dicom_header
    monkeypatch.setattr(
        dicom_frames, "read_dicom_header", lambda *a: opened.append(a[0]) or read(*a)
    )
    monkeypatch.setattr(quality_audit, "measure_exam", None)
    audit(Dataset((exam,), pd.DataFrame()), codes=HEADER_CODES)
    assert [path.parent.name for path in opened] == ["axial_fluid", "coronal_structural"]


def test_all_files_of_a_series_of_a_study_are_counted(tmp_path):
    write_series(tmp_path / "cd", "sagittal", STACK)
    exam = Exam.from_dicom(tmp_path / "cd")
    ((header,), _) = read_series_headers(exam)
    assert header.n_slices == len(exam.chosen["sagittal"].paths) == len(STACK)


def test_frames_of_several_planes_are_a_localiser(tmp_path):
    from pydicom.dataset import Dataset as Tags
    from pydicom.sequence import Sequence

    dataset = make_enhanced("axial", STACK)
    for k, group in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        facing = Tags()
        facing.ImageOrientationPatient = [[1, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, -1]][k % 2]
        group.PlaneOrientationSequence = Sequence([facing])
    exam = Exam("0042", {"axial_fluid": write_dataset(tmp_path / "all.dcm", dataset)})
    table = audit(Dataset((exam,), pd.DataFrame()), codes="header-localiser")
    assert "several planes (axial, sagittal)" in table["advice"].item()


def test_a_series_that_cannot_be_read_is_found_once(tmp_path):
    exam = write_exam(tmp_path, axial_fluid={}, coronal_structural={})
    for path in exam.paths["axial_fluid"].iterdir():
        path.write_bytes(path.read_bytes()[:200])
    dataset = Dataset((exam,), pd.DataFrame())
    for codes in ([*HEADER_CODES, "stack-file"], [*HEADER_CODES, "stack-file", "blank-slices"]):
        table = audit(dataset, codes=codes)
        assert (table["code"] == "stack-file").sum() == 1
        assert table.loc[table["code"] == "stack-file", "plane"].item() == "axial_fluid"


def test_no_text_of_a_header_is_passed_on(tmp_path):
    planted = {
        "BodyPartExamined": "HIP", "SeriesDescription": "Planted scout", "Laterality": "L",
    }  # fmt: skip
    _, table = find_codes(tmp_path, axial_fluid=planted, coronal_fluid={"side_mm": -60.0})
    text = table.to_csv() + repr(table.attrs)
    assert len(table) == 3
    assert not [word for word in PLANTED if word in text]


@pytest.mark.parametrize(
    ("text", "part"), [("CSPINE", "spine"), ("Knee/Ankle", ""), ("EXTREMITY", ""), ("", "")]
)
def test_parts_of_the_body_are_known_words(text, part):
    assert find_other_part(text) == part


def test_files_that_are_no_dicom_have_no_header(tmp_path):
    exam = Exam("1", {"axial_fluid": tmp_path / "a.npy", "coronal": tmp_path / "b.nii"})
    assert read_series_headers(exam) == ([], [])
