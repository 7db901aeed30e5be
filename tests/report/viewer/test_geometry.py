"""Where series lie: positions of slices, the height of a row, and files that do not say."""

import numpy as np
import pytest

import mrnet_features as mf
from mrnet_features.report.viewer.geometry import find_geometry, is_scanned
from tests.support.dicom_files import draw_stack, write_nifti, write_series

pytest.importorskip("pydicom", reason="pydicom is not installed")


def test_positions_are_those_of_the_middles_of_slices_in_order(tmp_path):
    folder = write_series(tmp_path / "a", "sagittal", draw_stack(5), gap_mm=3.0, side_mm=40.0)
    exam = mf.Exam("1", {"sagittal_fluid": folder})
    found = find_geometry(exam, "sagittal_fluid")
    assert found.positions == pytest.approx([40, 43, 46, 49, 52])
    assert found.middle == pytest.approx(0)  # rows of the file run about height 0
    assert found.pixel_mm == 0.6


def test_the_order_of_files_does_not_matter(tmp_path):
    names = [f"IM{9 - k}" for k in range(5)]
    folder = write_series(tmp_path / "a", "axial", draw_stack(5), gap_mm=2.0, names=names)
    found = find_geometry(mf.Exam("1", {"axial": folder}), "axial")
    assert found.positions == pytest.approx([0, 2, 4, 6, 8])  # from the foot up, as `load_series`


def test_nifti_files_have_the_same_positions(tmp_path):
    pytest.importorskip("nibabel", reason="nibabel is not installed")
    options = {"gap_mm": 3.5, "side_mm": 40.0}
    folder = write_series(tmp_path / "a", "coronal", draw_stack(6), **options)
    file = write_nifti(tmp_path / "b.nii.gz", "coronal", draw_stack(6), **options)
    exam = mf.Exam("1", {"coronal_fluid": folder, "coronal_structural": file})
    one, other = (find_geometry(exam, series) for series in exam.paths)
    assert one.positions == pytest.approx(other.positions)
    assert one.middle == pytest.approx(other.middle)


def test_a_study_has_positions_too(tmp_path):
    write_series(tmp_path / "cd", "sagittal", draw_stack(6), gap_mm=3.0)
    exam = mf.Exam.from_dicom(tmp_path / "cd", id="1")
    assert is_scanned(exam, "sagittal")
    assert len(find_geometry(exam, "sagittal").positions) == 6


def test_arrays_and_files_without_directions_have_none(tmp_path):
    np.save(tmp_path / "axial.npy", np.zeros((3, 8, 8), np.uint8))
    exam = mf.Exam("1", {"axial": tmp_path / "axial.npy"})
    assert not is_scanned(exam, "axial")
    assert find_geometry(exam, "axial") is None
    assert find_geometry({"axial": np.zeros((3, 8, 8), np.uint8)}, "axial") is None
    folder = write_series(
        tmp_path / "a",
        "axial",
        draw_stack(5),
        edit=lambda dataset, _: delattr(dataset, "ImageOrientationPatient"),
    )
    assert find_geometry(mf.Exam("1", {"axial_fluid": folder}), "axial_fluid") is None
