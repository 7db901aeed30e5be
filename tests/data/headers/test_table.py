"""Table of header fields of a set of exams."""

import numpy as np
import pandas as pd
import pytest

import mrnet_features as mf
from mrnet_features.data.headers.table import COLUMNS
from tests.support.dicom_files import draw_stack, write_nifti, write_series

pytest.importorskip("pydicom", reason="the extra `dicom` is not installed")


def write_exam(folder, exam_id, planes=("axial", "sagittal"), **tags):
    for number, plane in enumerate(planes, start=1):
        write_series(folder / exam_id / plane, plane, draw_stack(5), SeriesNumber=number, **tags)
    return mf.Exam(exam_id, {f"{plane}_fluid": folder / exam_id / plane for plane in planes})


@pytest.fixture(scope="module")
def exams(tmp_path_factory):
    root = tmp_path_factory.mktemp("set")
    return [
        write_exam(root, "b", PatientID="1", ManufacturerModelName="Skyra", EchoTime=30),
        write_exam(root, "a", ("sagittal",), PatientID="2", ManufacturerModelName="Aera"),
        write_exam(root, "c", PatientID="1", ManufacturerModelName="skyra ", EchoTime=31),
    ]


def test_a_row_per_exam_and_series_in_the_order_of_the_exams(exams):
    table = mf.read_headers(exams, progress=False)
    assert table.index.tolist() == [
        ("b", "axial_fluid"), ("b", "sagittal_fluid"), ("a", "sagittal_fluid"),
        ("c", "axial_fluid"), ("c", "sagittal_fluid"),
    ]  # fmt: skip
    assert table.index.names == ["exam", "series"]
    assert tuple(table.columns) == COLUMNS
    assert (table["files"] == 5).all()
    assert (table["problem"] == "").all()
    assert table["echo_ms"].tolist()[:2] == [30, 30]
    assert np.isnan(table.loc[("a", "sagittal_fluid"), "echo_ms"])
    assert table["model"].tolist() == ["skyra", "skyra", "aera", "skyra", "skyra"]


def test_patients_and_models_are_told_apart_by_codes(exams):
    codes = mf.read_headers(exams, progress=False).groupby("exam")[["patient", "model_code"]]
    assert (codes.nunique() == 1).all().all()
    first = codes.first()
    for name in first:
        assert first.loc["b", name] == first.loc["c", name] != first.loc["a", name]
        assert not set(first[name]) & {"1", "2"}


def test_a_salt_makes_codes_stable_and_none_makes_them_new(exams):
    one, two = (mf.read_headers(exams, salt="a secret", progress=False) for _ in range(2))
    pd.testing.assert_frame_equal(one, two)
    other, new = (mf.read_headers(exams, salt=s, progress=False) for s in (b"another one", None))
    again = mf.read_headers(exams, progress=False)
    tables = [one, other, new, again]
    assert len({table["patient"].iloc[0] for table in tables}) == 4
    assert one.drop(columns=list(CODED)).equals(new.drop(columns=list(CODED)))


CODED = ("patient", "model_code", "institution_code")


def test_worker_processes_read_the_same(exams):
    alone = mf.read_headers(exams, salt="a secret", progress=False)
    pd.testing.assert_frame_equal(mf.read_headers(exams, salt="a secret", n_jobs=2), alone)


def test_no_file_but_the_first_is_opened(exams, tmp_path, monkeypatch):
    exam = write_exam(tmp_path, "x", ("axial",))
    for k in range(1, 5):
        (tmp_path / "x" / "axial" / f"IM{k:04d}").write_bytes(b"damaged")
    assert mf.read_headers([exam], progress=False)["problem"].tolist() == [""]


def test_a_study_exam_gives_the_series_that_were_chosen(tmp_path):
    write_series(tmp_path / "cd", "axial", draw_stack(6), EchoTime=42, PatientID="7")
    exam = mf.Exam.from_dicom(tmp_path / "cd", id="s")
    table = mf.read_headers([exam], progress=False)
    assert table.index.tolist() == [("s", "axial")]
    assert table[["files", "echo_ms"]].to_numpy().tolist() == [[6, 42]]


def test_series_without_a_header_have_a_problem_that_names_the_file(exams, tmp_path):
    damaged = write_exam(tmp_path, "d", ("axial",))
    first = tmp_path / "d" / "axial" / "IM0000"
    first.write_bytes(first.read_bytes()[:132])
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "readme.txt").write_text("x")
    np.save(tmp_path / "a.npy", draw_stack().astype(np.uint8))
    others = {
        "axial": tmp_path / "a.npy", "coronal": tmp_path / "none", "sagittal": tmp_path / "empty",
    }  # fmt: skip
    exams = [*exams, damaged, mf.Exam("e", others)]
    with pytest.warns(UserWarning, match="4 of 9 series have no header that can be read"):
        table = mf.read_headers(exams, progress=False)
    problems = table["problem"]
    assert str(first) in problems["d", "axial_fluid"]
    assert problems["e", "axial"] == f"'{tmp_path / 'a.npy'}' has no DICOM header."
    assert str(tmp_path / "none") in problems["e", "coronal"]
    assert "holds no DICOM file with a picture (of 1 files)" in problems["e", "sagittal"]
    assert table.loc["e", "field_t"].isna().all()
    assert (table.loc["e", "patient"] == "").all()


def test_a_set_without_any_header_is_an_error(tmp_path):
    pytest.importorskip("nibabel", reason="the extra `nifti` is not installed")
    path = write_nifti(tmp_path / "a.nii", "axial", draw_stack().astype(np.int16))
    with pytest.raises(ValueError, match=r"None of the 1 series has a header .* 'a', axial: "):
        mf.read_headers([mf.Exam("a", {"axial": path})], progress=False)


@pytest.mark.parametrize(
    ("exams", "salt", "error", "text"),
    [
        (mf.Exam("a", {}), None, TypeError, "a Dataset or a list of Exam, got Exam"),
        ("folder", None, TypeError, "got str"),
        ([1], None, TypeError, "must hold Exam, got int"),
        ([], None, ValueError, "at least one exam"),
        ([mf.Exam("a", {})] * 2, None, ValueError, "each exam id once, got 'a'"),
        ([mf.Exam("a", {})], "short", ValueError, "at least 8 bytes, got 5"),
        ([mf.Exam("a", {})], 7, TypeError, "must be text or bytes, got int"),
    ],
)
def test_what_is_no_set_or_salt_is_refused(exams, salt, error, text):
    with pytest.raises(error, match=text):
        mf.read_headers(exams, salt=salt, progress=False)
