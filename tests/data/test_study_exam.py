"""Exams of DICOM studies: from a CD to a row of features."""

import dataclasses
import os
import pickle

import numpy as np
import pytest

import mrnet_features as mf
from tests.support.dicom_files import draw_stack, write_series

pytest.importorskip("pydicom", reason="the extra `dicom` is not installed")

PLANES = ("axial", "coronal", "sagittal")


@pytest.fixture(scope="module")
def disc(tmp_path_factory):
    """A CD: three planes and a localiser in one folder, under names without meaning."""
    root = tmp_path_factory.mktemp("disc")
    for number, plane in enumerate(PLANES, start=1):
        names = [f"{7 * k % 23:02d}{number}" for k in range(8)]
        write_series(
            root / "DICOM", plane, draw_stack(8, 80, 70, seed=number), SeriesNumber=number,
            names=names, ScanOptions="" if plane == "coronal" else "FS", Laterality="L",
        )  # fmt: skip
    for plane in PLANES:
        names = [f"scout {plane} {k}" for k in range(3)]
        write_series(root / "DICOM", plane, draw_stack(3), SeriesNumber=9, names=names)
    (root / "DICOMDIR").write_text("x")
    (root / "viewer.exe").write_text("x")
    return root


def test_three_lines_from_a_disc_to_a_row(disc):
    exam = mf.Exam.from_dicom(disc, id="0042")
    row = mf.FeatureExtractor("minimal", progress=False).fit_transform([exam])
    assert row.index.tolist() == ["0042"]
    stacks = {plane: exam.load(plane) for plane in PLANES}
    expected = mf.FeatureExtractor("minimal", progress=False).fit_transform({"0042": stacks})
    assert row.equals(expected)


def test_shapes_are_known_from_headers(disc):
    exam = mf.Exam.from_dicom(disc, size=128)
    assert {plane: exam.find_shape(plane) for plane in PLANES} == {
        plane: exam.load(plane).shape for plane in PLANES
    }


def test_series_are_listed_and_one_per_plane_is_chosen(disc):
    exam = mf.Exam.from_dicom(disc)
    table = exam.table()
    assert tuple(exam.paths) == PLANES
    assert table["chosen"].tolist() == [True, True, True, False]
    assert table["plane"].tolist() == [*PLANES, ""]
    assert "got 3 orientations" in table["problem"].iloc[3]
    assert repr(exam).startswith("StudyExam('disc")
    assert exam.warnings == (f"1 of 34 files in '{disc}' are no DICOM pictures.",)
    series = exam.load_series("coronal")
    assert (series.plane, series.side, series.side_source) == ("coronal", "left", "tag")
    assert np.array_equal(series.stack, exam.load("coronal"))


def test_worker_processes_read_the_same(disc):
    exams = {k: mf.Exam.from_dicom(disc, size=128) for k in ("a", "b")}
    extractor = mf.FeatureExtractor("minimal", planes=("axial",), progress=False)
    alone = extractor.fit_transform(exams)
    assert extractor.set_params(n_jobs=2).fit_transform(exams).equals(alone)
    copied = pickle.loads(pickle.dumps(exams["a"]))
    assert np.array_equal(copied.load("axial"), exams["a"].load("axial"))
    renamed = dataclasses.replace(copied, id="c")
    assert np.array_equal(renamed.load("axial"), exams["a"].load("axial"))


def test_scale_and_choice_can_be_passed(disc):
    exam = mf.Exam.from_dicom(disc, pixel_mm=1.0, size=64, percentiles=(0, 100))
    series = exam.load_series("axial")
    assert series.stack.shape == (8, 64, 64)
    assert series.spacing_mm[1:] == (1.0, 1.0)
    assert series.recipe["percentiles"] == [0.0, 100.0]
    uid = exam.table().index[0]
    assert mf.Exam.from_dicom(disc, series={"axial": uid}).chosen["axial"].uid == uid
    with pytest.raises(ValueError, match="`pixel_mm` must be a number"):
        mf.Exam.from_dicom(disc, pixel_mm=-1)
    with pytest.raises(ValueError, match="`id` must be an exam id"):
        mf.Exam.from_dicom(disc, id=" ")
    with pytest.raises(TypeError, match="`id` must be text such as '0042', got 42"):
        mf.Exam.from_dicom(disc, id=42)
    with pytest.raises(TypeError, match="`series` must be a mapping of plane .*, got list"):
        mf.Exam.from_dicom(disc, series=[uid])


def test_a_changed_file_or_scale_is_seen(disc):
    exam = mf.Exam.from_dicom(disc)
    before = exam.describe_files("axial")
    assert mf.Exam.from_dicom(disc, size=128).describe_files("axial") != before
    path = exam.chosen["axial"].paths[3]
    os.utime(path, ns=(7, 7))
    assert exam.describe_files("axial") != before


def test_a_missing_plane_and_file_are_named(tmp_path):
    path = write_series(tmp_path / "s", "sagittal", draw_stack())
    exam = mf.Exam.from_dicom(tmp_path)
    with pytest.raises(KeyError, match=r"has no file for plane 'axial' \(series present: sagittal"):
        exam.load("axial")
    (path / "IM0002").unlink()
    with pytest.raises(FileNotFoundError, match="IM0002"):
        exam.load("sagittal")


def test_a_series_unlike_that_of_mrnet_is_said(tmp_path):
    write_series(tmp_path / "s", "coronal", draw_stack(), ScanOptions="FS")
    exam = mf.Exam.from_dicom(tmp_path)
    assert exam.warnings == ("The coronal series suppresses fat, unlike that of MRNet.",)
