"""Stored values and values after the rescale."""

import numpy as np
import pytest

from mrnet_features.series.dicom_files import read_dicom_header
from mrnet_features.series.dicom_frames import list_frames
from mrnet_features.series.dicom_pixels import name_syntax, read_image, read_stored
from tests.support.dicom_files import make_dataset, write_dataset

pydicom = pytest.importorskip("pydicom", reason="the extra `dicom` is not installed")


def frame_of(path, values, **tags):
    with np.errstate(all="ignore"):
        dataset = make_dataset("axial", 0, values, **tags)
    return list_frames(read_dicom_header(write_dataset(path / "x.dcm", dataset)))[0]


def test_bits_that_hold_no_value_are_cut_off(tmp_path):
    """12 bits of 16, once with an overlay above, once shifted up by 4, signed and unsigned."""
    values = np.array([[0, 1, 2047], [2048, 4094, 4095]])
    signed = np.where(values >= 2048, values - 4096, values)
    for high, stored in ((11, values | 0x5000), (15, values << 4 | 3)):
        tags = {"BitsStored": 12, "HighBit": high}
        found = read_stored(frame_of(tmp_path, stored.astype(np.uint16), **tags))
        assert np.array_equal(found, values)
        found = read_stored(frame_of(tmp_path, stored.astype(np.uint16).view(np.int16), **tags))
        assert np.array_equal(found, signed)


def test_values_after_slope_intercept_and_inversion(tmp_path):
    values = np.array([[0, 10], [20, 30]], np.uint16)
    tags = {"RescaleSlope": 0.5, "RescaleIntercept": -3.0}
    found = read_image(frame_of(tmp_path, values, **tags))
    assert found.dtype == np.float32
    assert found.tolist() == [[-3, 2], [7, 12]]
    found = read_image(frame_of(tmp_path, values, PhotometricInterpretation="MONOCHROME1", **tags))
    assert found.tolist() == [[3, -2], [-7, -12]]


@pytest.mark.parametrize("limit", [None, 20])
def test_padding_is_nan(tmp_path, limit):
    values = np.array([[0, 10], [20, 30]], np.uint16)
    tags = {"PixelPaddingValue": 10}
    if limit is not None:
        tags["PixelPaddingRangeLimit"] = limit
    found = read_image(frame_of(tmp_path, values, **tags))
    expected = [[0, np.nan], [20 if limit is None else np.nan, 30]]
    assert np.array_equal(found, expected, equal_nan=True)


def test_a_syntax_that_is_not_read_is_named_before_the_decoders(tmp_path):
    dataset = make_dataset("axial", 0, np.ones((4, 4), np.uint16))
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.MPEG2MPML
    dataset.PixelData = pydicom.encaps.encapsulate([b"1234"])
    frame = list_frames(read_dicom_header(write_dataset(tmp_path / "x.dcm", dataset)))[0]
    assert name_syntax(frame.file.syntax) == ""
    with pytest.raises(ValueError, match=r"x\.dcm' has pixels in a transfer syntax that is not"):
        read_stored(frame)


def test_a_second_picture_behind_the_first_is_not_decoded_instead(tmp_path):
    """A table of offsets that leads past the picture whose size was checked."""
    dataset = make_dataset("axial", 0, np.arange(64**2, dtype=np.uint16).reshape(64, 64))
    other = make_dataset("axial", 0, np.arange(96**2, dtype=np.uint16).reshape(96, 96))
    frames = []
    for each in (dataset, other):
        each.compress(
            pydicom.uid.JPEG2000Lossless, encoding_plugin="pylibjpeg", generate_instance_uid=False
        )
        frames.append(next(pydicom.encaps.generate_frames(each.PixelData)))
    both = bytearray(pydicom.encaps.encapsulate(frames))
    start = len(frames[0]) + len(frames[0]) % 2 + 8
    item = bytes(both[:4])
    packed = bytes(both[8 + int.from_bytes(both[4:8], "little") :])
    dataset.PixelData = item + b"\4\0\0\0" + start.to_bytes(4, "little") + packed
    frame = list_frames(read_dicom_header(write_dataset(tmp_path / "x.dcm", dataset)))[0]
    with pytest.raises(ValueError, match="has another size or number of samples"):
        read_stored(frame)
