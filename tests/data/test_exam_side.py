"""Side of an exam, from the headers of its series."""

from pathlib import Path

import numpy as np
import pytest

from mrnet_features.data.exam import Exam
from mrnet_features.series import dicom_pixels
from mrnet_features.series.side import Side, combine_sides
from tests.support.dicom_files import write_nifti, write_series

pytest.importorskip("pydicom", reason="needs the extra dicom")
pytest.importorskip("nibabel", reason="needs the extra nifti")

STACK = np.random.default_rng(0).integers(0, 255, (30, 40, 40)).astype(np.uint8)


@pytest.fixture(autouse=True)
def no_pixels(monkeypatch):
    """No pixel is decoded to find a side."""

    def refuse(*args):
        raise AssertionError

    monkeypatch.setattr(dicom_pixels, "read_stored", refuse)


def write(folder, plane, **tags):
    return write_series(folder, plane, STACK, **tags)


def test_a_tag_of_one_series_tells_the_side_of_the_exam(tmp_path):
    paths = {
        "coronal_fluid": write(tmp_path / "a", "coronal", side_mm=60.0),
        "axial": write(tmp_path / "b", "axial", Laterality="R"),
        "sagittal": tmp_path / "none.npy",
    }
    side = Exam("0042", paths).find_side()
    assert side == Side("right", "tag", 0.99)
    given = Exam("0042", paths, side="left").find_side()
    assert given == Side("left", "given", 1.0)


def test_series_that_contradict_each_other_tell_nothing(tmp_path):
    paths = {
        "coronal": write(tmp_path / "a", "coronal", Laterality="L"),
        "axial": write(tmp_path / "b", "axial", Laterality="R"),
    }
    side = Exam("0042", paths).find_side()
    assert (side.name, side.confidence) == ("unknown", 0.0)
    assert side.warnings == ("Tags say left (coronal) and right (axial), so the side is unknown.",)


@pytest.mark.parametrize(("middle", "name"), [(60.0, "left"), (-60.0, "right"), (5.0, "unknown")])
def test_the_position_of_a_picture_is_a_guess(tmp_path, middle, name):
    path = write(tmp_path / "a", "coronal", side_mm=middle)
    side = Exam("0042", {"coronal": path}).find_side()
    assert side.name == name
    assert side.source == ("none" if name == "unknown" else "position")


def test_all_sagittal_slices_count_not_the_first(tmp_path):
    """The first slice of `near` lies 30 mm right, the last 66 mm left, the middle 18 mm left."""
    near = write(tmp_path / "a", "sagittal", side_mm=-30.0)
    far = write(tmp_path / "b", "sagittal", side_mm=-18.0)
    assert Exam("0042", {"sagittal": near}).find_side().name == "unknown"
    assert Exam("0042", {"sagittal": far}).find_side().name == "left"
    coronal = write(tmp_path / "c", "coronal", side_mm=-60.0)
    both = {"sagittal": far, "coronal": coronal}
    assert Exam("0042", both).find_side().name == "right"


def test_nifti_tells_the_side_by_its_json_or_its_affine(tmp_path):
    path = write_nifti(tmp_path / "knee.nii.gz", "coronal", STACK)
    side = Exam("0042", {"coronal": path}).find_side()
    assert side.name in ("left", "right", "unknown")
    Path(tmp_path / "knee.json").write_text('{"Laterality": "R"}')
    assert Exam("0042", {"coronal": path}).find_side() == Side("right", "tag", 0.99)


def test_a_study_reads_the_files_of_its_own_series(tmp_path):
    write(tmp_path / "disc" / "a", "coronal", Laterality="L", SeriesNumber=1)
    exam = Exam.from_dicom(tmp_path / "disc", id="0042")
    assert exam.find_side().name == "left"
    given = Exam.from_dicom(tmp_path / "disc", id="0042", side="right")
    assert given.find_side() == Side("right", "given", 1.0)


def test_a_series_of_any_name_may_tell_the_side(tmp_path):
    """Of a name without a plane, all headers count."""
    near = write(tmp_path / "a", "sagittal", side_mm=-30.0)
    assert Exam("0042", {"scout": near}).find_side().name == "unknown"
    tagged = write(tmp_path / "b", "axial", Laterality="R")
    assert Exam("0042", {"scout": near, "survey": tagged}).find_side().name == "right"


def test_npy_files_tell_nothing_and_are_not_opened(tmp_path):
    path = tmp_path / "a.npy"
    path.write_bytes(b"broken")
    assert Exam("0042", {"axial": path}).find_side() == Side()
    assert combine_sides({}) == Side()


@pytest.mark.parametrize("side", ["L", "", 3])
def test_other_words_are_refused(side):
    with pytest.raises(ValueError, match="Exam '0042': `side` must be 'left', 'right' or None"):
        Exam("0042", {}, side=side)
