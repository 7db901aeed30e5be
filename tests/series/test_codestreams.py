"""A compressed picture that states another size is never decoded."""

import struct
from types import SimpleNamespace

import numpy as np
import pytest

import mrnet_features as mf
from mrnet_features.series import dicom_pixels
from mrnet_features.series.codestreams import find_stated_size
from tests.support.dicom_files import draw_stack, make_dataset, write_dataset

pydicom = pytest.importorskip("pydicom", reason="the extra `dicom` is not installed")


def compress(values):
    dataset = make_dataset("axial", 0, values)
    dataset.compress(
        pydicom.uid.JPEG2000Lossless, encoding_plugin="pylibjpeg", generate_instance_uid=False
    )
    return dataset


def test_the_size_of_jpeg_2000_is_found():
    frame = next(pydicom.encaps.generate_frames(compress(draw_stack(1)[0]).PixelData))
    assert find_stated_size(frame) == (60, 50, 1)
    assert find_stated_size(b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(70) + frame) == (60, 50, 1)


@pytest.mark.parametrize("keep", [0, 1, 2, 10, 30])
def test_a_short_codestream_has_no_size(keep):
    frame = next(pydicom.encaps.generate_frames(compress(draw_stack(1)[0]).PixelData))
    assert find_stated_size(frame[:keep]) is None
    assert find_stated_size(b"\xff\xd8" + b"\xff" * keep) is None


def test_the_size_of_jpeg_stands_after_other_segments():
    comment = b"\xff\xfe" + struct.pack(">H", 9) + b"comment"
    size = b"\xff\xf7" + struct.pack(">HBHHB", 11, 16, 300, 400, 1)
    assert find_stated_size(b"\xff\xd8" + comment + b"\xff" + size) == (300, 400, 1)


def test_a_bomb_is_refused(tmp_path):
    """A header of 60 x 50 pixels, and a codestream of 30,000 x 30,000."""
    dataset = compress(draw_stack(1)[0])
    frame = bytearray(next(pydicom.encaps.generate_frames(dataset.PixelData)))
    start = frame.index(b"\xff\x4f\xff\x51")
    frame[start + 8 : start + 16] = struct.pack(">II", 30_000, 30_000)
    dataset.PixelData = pydicom.encaps.encapsulate([bytes(frame)])
    path = write_dataset(tmp_path / "x.dcm", dataset)
    with pytest.raises(ValueError, match=r"x.dcm' can't be decoded.*has another size"):
        mf.load_series(path)


def test_a_compressed_picture_larger_than_the_decoded_one_is_refused(tmp_path):
    dataset = compress(draw_stack(1)[0])
    frame = next(pydicom.encaps.generate_frames(dataset.PixelData)) + bytes(200_000)
    dataset.PixelData = pydicom.encaps.encapsulate([frame])
    path = write_dataset(tmp_path / "x.dcm", dataset)
    with pytest.raises(ValueError, match=r"x.dcm' can't be decoded"):
        mf.load_series(path)


@pytest.mark.parametrize("name", ["JPEG2000Lossless", "RLELossless"])
def test_damaged_codestreams_give_no_other_error(tmp_path, name):
    dataset = make_dataset("axial", 0, draw_stack(1)[0])
    syntax = getattr(pydicom.uid, name)
    dataset.compress(syntax, encoding_plugin="pylibjpeg", generate_instance_uid=False)
    frame = next(pydicom.encaps.generate_frames(dataset.PixelData))
    rng = np.random.default_rng(0)
    texts = []
    for _ in range(60):
        changed = bytearray(frame)
        for place in (*rng.integers(0, len(changed), 4), *rng.integers(0, 64, 2)):
            changed[place] = rng.integers(0, 256)
        dataset.PixelData = pydicom.encaps.encapsulate([bytes(changed)])
        path = write_dataset(tmp_path / "x.dcm", dataset)
        try:
            mf.load_series(path, size=64)
        except ValueError as error:
            texts.append(str(error))
    assert len(texts) > 5
    assert all("x.dcm" in text for text in texts)


@pytest.mark.parametrize("kind", [BaseException, KeyboardInterrupt])
def test_a_panic_of_a_decoder_names_the_file(tmp_path, monkeypatch, kind):
    """Decoders written in Rust panic with an error that is no Exception."""

    def panic(*_, **__):
        raise kind

    decoder = SimpleNamespace(available_plugins=("pylibjpeg",), as_array=panic)
    module = SimpleNamespace(get_decoder=lambda syntax: decoder)
    path = write_dataset(tmp_path / "x.dcm", compress(draw_stack(1)[0]))
    mf.load_series(path)
    real = dicom_pixels.import_pydicom
    monkeypatch.setattr(
        dicom_pixels, "import_pydicom", lambda name: module if "pixels" in name else real(name)
    )
    expected = kind if kind is KeyboardInterrupt else ValueError
    with pytest.raises(expected):
        mf.load_series(path)
