"""Frames: where they lie and how they are stored."""

import numpy as np
import pytest

import mrnet_features as mf
from mrnet_features.series.dicom_files import read_dicom_header
from mrnet_features.series.dicom_frames import has_picture, list_frames
from mrnet_features.series.first_picture import read_pictures
from tests.support.dicom_files import (
    draw_stack,
    make_dataset,
    make_enhanced,
    write_dataset,
    write_series,
)

pydicom = pytest.importorskip("pydicom", reason="the extra `dicom` is not installed")


def read(path, dataset):
    return read_dicom_header(write_dataset(path / "x.dcm", dataset))


def test_a_single_frame(tmp_path):
    tags = {"EchoTime": 20, "RepetitionTime": 3000, "ScanOptions": "FS"}
    dataset = make_dataset("axial", 2, draw_stack(1)[0], pixel_mm=(0.5, 0.4), **tags)
    (frame,) = list_frames(read(tmp_path, dataset))
    assert frame.pixel_mm == (0.5, 0.4)
    assert frame.position == pytest.approx((60 - 24.5 * 0.4, -29.5 * 0.5, 6.6))
    assert frame.directions.right == (1, 0, 0)
    assert (frame.number, frame.gap_mm) == (3, 3.0)
    assert (frame.sequence.echo, frame.sequence.scan_options) == (20, ("FS",))


def test_frames_of_an_enhanced_file_take_shared_and_own_groups(tmp_path):
    dataset = make_enhanced("sagittal", draw_stack(4))
    own = pydicom.Dataset()
    own.EffectiveEchoTime = 33.0
    dataset.PerFrameFunctionalGroupsSequence[2].MREchoSequence = [own]
    frames = list_frames(read(tmp_path, dataset))
    assert [frame.order for frame in frames] == [0, 1, 2, 3]
    assert np.diff([frame.position[0] for frame in frames]) == pytest.approx([3.3] * 3)
    assert {(frame.slope, frame.intercept, frame.pixel_mm) for frame in frames} == {
        (2.0, -7.0, (0.6, 0.6))
    }
    assert frames[2].sequence.echo == 33.0


def test_a_file_without_pixels_holds_no_picture(tmp_path):
    dataset = make_dataset("axial", 0, draw_stack(1)[0])
    assert has_picture(read(tmp_path, dataset))
    del dataset.PixelData
    file = read(tmp_path, dataset)
    assert not has_picture(file)
    with pytest.raises(ValueError, match="holds no picture"):
        list_frames(file)


@pytest.mark.parametrize("size", [0, 600])
def test_a_slice_that_was_cut_off_is_an_error_not_a_missing_slice(tmp_path, size):
    names = [f"{k}.dcm" for k in range(4)]
    path = write_series(tmp_path / "s", "sagittal", draw_stack(4), names=names)
    whole = (path / "2.dcm").read_bytes()
    (path / "2.dcm").write_bytes(whole[:size])
    with pytest.raises(ValueError, match=r"2.dcm' (must hold a picture|does not begin as a DICOM)"):
        mf.load_series(path)
    with pytest.raises(ValueError, match=r"2.dcm'"):
        list(read_pictures(sorted(path.iterdir())))
