"""The side from a tag, else from the position, else unknown."""

import numpy as np
import pytest

import mrnet_features as mf
from tests.support.dicom_files import draw_stack, make_enhanced, write_dataset, write_series

pytest.importorskip("pydicom", reason="the extra `dicom` is not installed")


@pytest.fixture(scope="module")
def stack():
    return draw_stack(3)


def load(path):
    found = mf.load_series(path, size=64)
    return found.side, found.side_source, found.side_confidence, found.warnings


@pytest.mark.parametrize("name", ["Laterality", "ImageLaterality"])
@pytest.mark.parametrize(("letter", "side"), [("L", "left"), ("R", "right")])
def test_a_tag_counts_first(tmp_path, stack, name, letter, side):
    path = write_series(tmp_path / "s", "coronal", stack, side_mm=90.0, **{name: letter})
    assert load(path)[:3] == (side, "tag", 0.99)


def test_the_tag_of_a_frame_counts(tmp_path, stack):
    from pydicom.dataset import Dataset

    dataset = make_enhanced("coronal", stack, side_mm=90.0)
    anatomy = Dataset()
    anatomy.FrameLaterality = "R"
    dataset.SharedFunctionalGroupsSequence[0].FrameAnatomySequence = [anatomy]
    assert load(write_dataset(tmp_path / "x.dcm", dataset))[:2] == ("right", "tag")


@pytest.mark.parametrize("text", ["", "U", "B"])
@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
@pytest.mark.parametrize(("mm", "side"), [(60, "left"), (-60, "right")])
def test_an_empty_tag_is_none_and_the_position_counts(tmp_path, stack, text, plane, mm, side):
    path = write_series(tmp_path / "s", plane, stack, side_mm=float(mm), Laterality=text)
    found = load(path)
    assert found[:3] == (side, "position", 0.9)
    assert "not better than chance for others. Check it for Siemens" in found[3][-1]


def test_near_the_middle_the_side_is_unknown(tmp_path, stack):
    path = write_series(tmp_path / "s", "axial", stack, side_mm=-19.0)
    assert load(path) == ("unknown", "none", 0.0, ())


def test_two_sides_in_one_series_are_unknown(tmp_path, stack):
    def edit(dataset, k):
        dataset.ImageLaterality = "LR"[k % 2]

    found = load(write_series(tmp_path / "s", "axial", stack, edit=edit))
    assert found[:3] == ("unknown", "none", 0.0)
    assert "left in some slices and right in others" in found[3][0]


@pytest.mark.parametrize("mm", [0.6, 0.69, 0.8])
def test_a_mirrored_file_has_the_other_side(tmp_path, stack, mm):
    """The picture of a right knee is that of the left one, mirrored."""
    left = write_series(tmp_path / "a", "coronal", stack, side_mm=60.0, pixel_mm=mm)
    right = write_series(tmp_path / "b", "coronal", stack[:, :, ::-1], side_mm=-60.0, pixel_mm=mm)
    one, other = mf.load_series(left, size=64), mf.load_series(right, size=64)
    assert (one.side, other.side) == ("left", "right")
    assert np.array_equal(one.stack[:, :, ::-1], other.stack)
