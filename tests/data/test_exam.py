"""An exam loads its stacks."""

import dataclasses
import os

import numpy as np
import pytest

from mrnet_features.data.exam import Exam
from mrnet_features.data.exam_files import describe_states
from mrnet_features.data.mrnet.load import load_mrnet
from mrnet_features.extraction.read import hold_stacks
from mrnet_features.series.assemble import Scale
from mrnet_features.series.load import load_series
from tests.support.dicom_files import draw_stack, write_series
from tests.support.html_tables import read_rows
from tests.support.mrnet_folder import write_folder


@pytest.fixture
def root(tmp_path):
    return write_folder(tmp_path)


@pytest.fixture
def train(root):
    return load_mrnet(root)


def test_a_stack_of_any_size_is_loaded(train):
    stack = train["0002"].load("sagittal")
    assert stack.shape == (6, 9, 7)
    assert stack.dtype == np.uint8
    assert (stack == 20).all()


def test_a_mapped_stack_is_read_only(train):
    stack = train["0000"].load("axial", mmap=True)
    assert isinstance(stack, np.memmap)
    assert not stack.flags.writeable


def test_a_plane_without_a_file_is_an_error(root):
    exam = load_mrnet(root, planes=("axial", "sagittal"))["0000"]
    with pytest.raises(KeyError, match=r"Pass planes=\('axial',.*to describe what it has; beside"):
        exam.load("coronal")
    with pytest.raises(KeyError, match=r"no file for plane 'coronal' \(series present: axial"):
        exam.load("coronal")


def test_a_file_damaged_after_the_check_is_an_error_when_loaded(root, train):
    np.save(root / "train/axial/0000.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(ValueError, match="Exam '0000', plane 'axial': .*never unpickled"):
        train["0000"].load("axial")


def test_a_notebook_shows_the_files_of_an_exam_and_which_of_them_can_not_be_read(root, train):
    (root / "train/axial/0000.npy").unlink()
    (root / "train/coronal/0000.npy").write_bytes(b"none")
    rows = read_rows(train["0000"]._repr_html_())
    assert rows[0] == ["plane", "size", "file"]
    assert rows[1] == ["axial", "no such file", str(root / "train/axial/0000.npy")]
    assert "can't be read as a .npy file" in rows[2][1]
    assert rows[3][1] == "4 slices of 9 x 7"
    assert "mf.plot_exam(exam)" in train["0000"]._repr_html_()


def test_a_notebook_gets_no_pixels_of_an_exam(train, monkeypatch):
    monkeypatch.setattr(Exam, "load", None)
    monkeypatch.setattr(np, "fromfile", None)
    assert "<img" not in train["0002"]._repr_html_()
    assert len(train["0002"]._repr_html_()) < 3000


def test_an_exam_without_files_is_shown():
    assert Exam("a", {})._repr_html_() == "<p>Exam(&#x27;a&#x27;, planes none)</p>"


def test_files_are_found_after_the_working_folder_has_changed(root, monkeypatch):
    monkeypatch.chdir(root.parent)
    dataset = load_mrnet(root.name)
    monkeypatch.chdir(root)
    assert dataset.exams[0].load("axial").ndim == 3


def test_a_file_that_becomes_a_pipe_is_an_error_when_loaded(root, train):
    (root / "train/axial/0000.npy").unlink()
    os.mkfifo(root / "train/axial/0000.npy")
    with pytest.raises(ValueError, match="Exam '0000', plane 'axial': .*got a pipe"):
        train["0000"].load("axial")


@pytest.mark.parametrize("content", [b"", bytes(317), "half"])
def test_a_stack_cut_by_a_crash_is_an_error_when_loaded(root, train, content):
    path = root / "train/axial/0000.npy"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if content == "half" else content)
    for mmap in (False, True):
        with pytest.raises(ValueError, match="Exam '0000', plane 'axial': .*0000.npy"):
            train["0000"].load("axial", mmap=mmap)


@pytest.fixture
def scan(tmp_path):
    """An exam with one DICOM series, named by plane and weighting."""
    pytest.importorskip("pydicom", reason="the extra `dicom` is not installed")
    write_series(tmp_path / "1.2.3", "sagittal", draw_stack(7))
    return Exam("a", {"sagittal_fluid": tmp_path / "1.2.3"}, scale=Scale(1.0, 64, (0.0, 100.0)))


def test_a_series_with_a_weighting_is_read_in_its_plane_and_scale(scan):
    path = scan.paths["sagittal_fluid"]
    series = load_series(path, plane="sagittal", pixel_mm=1.0, size=64, percentiles=(0, 100))
    assert np.array_equal(scan.load("sagittal_fluid"), series.stack)
    other = Exam("a", {"axial_fluid": path})
    for read in (other.load, other.find_shape):
        with pytest.raises(
            ValueError, match="Exam 'a', series 'axial_fluid'.*must be of the axial"
        ):
            read("axial_fluid")


def test_the_shape_of_a_scan_is_known_without_decoding_a_slice(scan, monkeypatch):
    expected = scan.load("sagittal_fluid").shape
    monkeypatch.setattr("mrnet_features.series.dicom_series.read_image", None)
    assert scan.find_shape("sagittal_fluid") == expected == (7, 64, 64)


def test_another_scale_is_another_state_of_the_files_of_a_scan(scan):
    states = {
        dataclasses.replace(scan, scale=scale).describe_files("sagittal_fluid")
        for scale in (scan.scale, Scale(), Scale(size=128), Scale(percentiles=(1.0, 99.0)))
    }
    assert len(states) == 4


def test_the_scale_is_no_state_of_npy_files(train):
    exam = dataclasses.replace(train["0000"], scale=Scale(size=64))
    assert exam.describe_files("axial") == train["0000"].describe_files("axial")
    assert exam.find_shape("axial") == train["0000"].load("axial").shape


def test_a_stack_of_known_spacing_is_resampled(tmp_path):
    """To 256 pixels of 0.6 mm, or to the scale of the exam; grey levels stay."""
    path = tmp_path / "a.npy"
    np.save(path, np.full((3, 512, 400), 90, np.uint8))
    paths = {"coronal_fluid": path, "sagittal": path}
    plain = Exam("0042", paths)
    assert plain.load("sagittal").shape == plain.find_shape("sagittal") == (3, 512, 400)
    exam = Exam("0042", paths, spacing_mm=(0.3, 0.3))
    for series in paths:
        stack = exam.load(series)
        assert stack.shape == exam.find_shape(series) == (3, 256, 256)
        assert np.unique(stack).tolist() == [0, 90]
    other = Exam("0042", paths, spacing_mm={"sagittal": (0.3, 0.3)}, scale=Scale(1.2, 128))
    assert other.find_shape("sagittal") == other.load("sagittal").shape == (3, 128, 128)
    assert other.find_shape("coronal_fluid") == (3, 512, 400)


def test_the_spacing_belongs_to_the_state_of_the_files(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.zeros((3, 8, 8), np.uint8))
    spacings = (None, (0.3, 0.3), (0.3, 0.4), {"axial": (0.5, 0.5)})
    states = {Exam("1", {"axial": path}, spacing_mm=mm).describe_files("axial") for mm in spacings}
    assert len(states) == 4
    assert Exam("1", {"axial": path}).describe_files("axial") == describe_states([path])


def test_no_files_have_no_state():
    with pytest.raises(OSError, match="without files has no state"):
        describe_states([])


@pytest.mark.parametrize(
    ("spacing", "message"),
    [
        (0.3, "must be two numbers"),
        ((0.3,), "must be two numbers|not enough values"),
        ((0.3, 30.0), "0.02 to 10 mm apart, got 0.3 and 30"),
        ((0.3, float("nan")), "0.02 to 10 mm apart"),
        ({"axial": (0.3, 0)}, "0.02 to 10 mm apart"),
        ({"coronal": (0.3, 0.3)}, "must name series of the exam, got 'coronal'. It has axial"),
    ],
)
def test_a_wrong_spacing_is_refused(spacing, message):
    with pytest.raises(ValueError, match=f"Exam '0042': `spacing_mm` .*{message}"):
        Exam("0042", {"axial": "a.npy"}, spacing_mm=spacing)


@pytest.mark.parametrize("exam", [42, None])
def test_an_exam_id_that_is_no_text_is_refused(exam):
    with pytest.raises(TypeError, match="`id` must be text such as '0042', got"):
        Exam(exam, {})


def test_a_dicom_file_without_an_ending_is_said_to_need_one(tmp_path):
    pytest.importorskip("pydicom", reason="the extra `dicom` is not installed")
    path = write_series(tmp_path / "s", "sagittal", draw_stack(1)) / "IM0000"
    with pytest.raises(ValueError, match="of DICOM files in .dcm"):
        Exam("0042", {"sagittal": path}).load("sagittal")
    named = path.rename(path.with_suffix(".dcm"))
    assert Exam("0042", {"sagittal": named}).load("sagittal").shape == (1, 256, 256)


def test_a_stack_in_memory_has_a_scale_if_its_spacing_is_given():
    stacks = {"axial": np.zeros((1, 8, 8), np.uint8)}
    assert not hold_stacks(stacks).has_scale("axial")
    assert hold_stacks({**stacks, "spacing_mm": (0.5, 0.5)}).has_scale("axial")
