"""Frames: where they lie and how they are stored."""

import numpy as np
import pytest

from mrnet_features.series.dicom_files import read_dicom_header
from mrnet_features.series.dicom_frames import has_picture, list_frames
from tests.support.dicom_files import draw_stack, make_dataset, make_enhanced, write_dataset

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
