"""The first file with a picture is found among others, and no further one is opened."""

import pytest

from mrnet_features.data.exam_side import find_headers_side
from mrnet_features.series import dicom_frames
from mrnet_features.series.first_picture import read_first_picture, read_pictures
from tests.support.dicom_files import draw_stack, write_series

pytest.importorskip("pydicom", reason="the extra `dicom` is not installed")


def write(folder):
    """Files of a series, the first of which is no DICOM file."""
    path = write_series(folder / "s", "coronal", draw_stack(3), Laterality="L")
    (path / "A.txt").write_text("no picture")
    return sorted(path.iterdir())


def test_files_without_a_picture_are_passed_over(tmp_path):
    paths = write(tmp_path)
    assert read_first_picture(paths, "s").path == paths[1]
    assert [file.path for file in read_pictures(paths)] == paths[1:]
    with pytest.raises(ValueError, match=r"'s' holds no DICOM file with a picture \(of 1 files\)"):
        read_first_picture(paths[:1], "s")


def test_the_side_needs_one_picture(tmp_path, monkeypatch):
    paths, opened = write(tmp_path), []
    read = dicom_frames.read_dicom_header
    monkeypatch.setattr(
        dicom_frames, "read_dicom_header", lambda *a: opened.append(a[0]) or read(*a)
    )
    assert find_headers_side({"coronal": paths}).name == "left"
    assert opened == paths[:2]
