"""Files that are broken or hostile: a clear error of the library, in bounded time and memory."""

import os
import socket
import threading
import tracemalloc
import warnings
import zlib

import numpy as np
import pytest

import mrnet_features as mf
from mrnet_features.series import dicom_files
from mrnet_features.series.dicom_files import (
    LimitedFile,
    list_files,
    quiet_pydicom,
    read_dicom_header,
)
from tests.support.dicom_files import draw_stack, make_dataset, write_dataset, write_series

pydicom = pytest.importorskip("pydicom", reason="the extra `dicom` is not installed")


@pytest.fixture
def file(tmp_path):
    return write_dataset(tmp_path / "a.dcm", make_dataset("axial", 0, draw_stack(1)[0]))


def test_the_header_holds_listed_tags_alone(file):
    header = read_dicom_header(file)
    assert header.tags.number("Rows") == 60
    assert header.tags.numbers("PixelSpacing") == (0.6, 0.6)
    names = {element.keyword for element in header.tags._dataset}
    assert not names & {"PatientName", "PatientID", "AccessionNumber", "PatientBirthDate"}
    assert header.pixel_bytes == 60 * 50 * 2
    with file.open("rb") as opened:
        opened.seek(header.pixel_start)
        assert opened.read() == make_dataset("axial", 0, draw_stack(1)[0]).PixelData


@pytest.mark.parametrize("keep", [0, 100, 131, 140, 200, 340, 500, 700, 900, 1500, 4000])
def test_a_truncated_file_is_named(file, keep):
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(ValueError, match=r"'.*a\.dcm'"):
        mf.load_series(file, size=64)


def test_random_damage_gives_no_other_error(file):
    data = file.read_bytes()
    rng = np.random.default_rng(0)
    said = []
    for _ in range(150):
        changed = bytearray(data[: len(data) - 5000])
        for place in rng.integers(128, len(changed), 6):
            changed[place] = rng.integers(0, 256)
        file.write_bytes(bytes(changed) + data[-5000:])
        try:
            mf.load_series(file, size=64)
        except (ValueError, OSError) as error:
            said.append(str(error))
    assert len(said) > 20
    assert all("a.dcm" in text for text in said)


def test_a_deflated_file_is_refused_before_it_is_unpacked(file, tmp_path):
    dataset = make_dataset("axial", 0, draw_stack(1)[0])
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian
    write_dataset(file, dataset)
    data = file.read_bytes()
    packer = zlib.compressobj(9, wbits=-15)
    bomb = packer.compress(bytes(200 * 2**20)) + packer.flush()
    file.write_bytes(data[:350] + bomb)
    tracemalloc.start()
    with pytest.raises(ValueError, match="is deflated as a whole, which is not read"):
        mf.load_series(file)
    assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("tags", "text"),
    [
        ({"Rows": 65535, "Columns": 65535}, "must have at most 2048 slices of 4096 rows"),
        ({"NumberOfFrames": 10**8}, "must have at most 2048 slices"),
        ({"NumberOfFrames": 2000, "Rows": 4096, "Columns": 4096}, "at most 536870912 pixels"),
        ({"Rows": 0}, "must have at least one slice, row and column"),
        ({"BitsAllocated": 32}, "must hold values of 8 or 16 bits"),
        ({"BitsStored": 0}, "must hold values of 8 or 16 bits"),
        ({"HighBit": 30}, "must hold values of 8 or 16 bits"),
        ({"SamplesPerPixel": 3}, "must hold grey values"),
        ({"PhotometricInterpretation": "RGB"}, "must hold grey values"),
        ({"PixelSpacing": [1e-9, 1e-9]}, "0.02 to 10 mm apart"),
        ({"PixelSpacing": [0.5, 1000]}, "0.02 to 10 mm apart"),
        ({"RescaleSlope": 0, "RescaleIntercept": 0}, "RescaleSlope other than 0"),
        ({"RescaleSlope": "1e300", "RescaleIntercept": 0}, "RescaleSlope other than 0"),
        ({"Rows": 61}, "must hold 6100 bytes of pixels, but ends early"),
        ({"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]}, "no valid ImageOrientationPatient"),
        ({"ImageOrientationPatient": [0, 0, 0, 0, 0, 0]}, "no valid ImageOrientationPatient"),
        ({"ModalityLUTSequence": []}, "Modality LUT"),
    ],
)
def test_implausible_headers_are_refused_before_pixels_are_read(tmp_path, tags, text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = make_dataset("axial", 0, draw_stack(1)[0], **tags)
    path = write_dataset(tmp_path / "x.dcm", dataset)
    with pytest.raises(ValueError, match=text) as caught:
        mf.load_series(path)
    assert "x.dcm" in str(caught.value)


def test_a_long_header_ends_early(file, monkeypatch):
    monkeypatch.setattr(dicom_files, "MOST_HEADER_BYTES", 500)
    with pytest.raises(ValueError, match="its header is too long"):
        read_dicom_header(file)


def test_nested_sequences_end_in_an_error(file):
    data = file.read_bytes()
    deep = b"\x00\x52\x29\x92SQ\x00\x00\xff\xff\xff\xff"  # (5200,9229) in itself, never closed
    start = data.index(b"\xe0\x7f\x10\x00OW")
    item = b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    file.write_bytes(data[:start] + (deep + item) * 50_000)
    with pytest.raises(ValueError, match=r"a\.dcm"):
        mf.load_series(file)


def test_a_limited_file_reads_no_more(file):
    with file.open("rb") as opened:
        limited = LimitedFile(opened, 10)
        assert len(limited.read(6)) == 6
        with pytest.raises(ValueError, match="too long"):
            limited.read()


def test_folders_are_walked_without_links_and_devices(tmp_path):
    inside = tmp_path / "study" / "one"
    inside.mkdir(parents=True)
    (inside / "a").write_text("x")
    (inside / ".hidden").write_text("x")
    (inside / "DICOMDIR").write_text("x")
    (inside / "to_file").symlink_to(inside / "a")
    (inside / "to_folder").symlink_to(tmp_path)
    (inside / "to_nothing").symlink_to(tmp_path / "gone")
    os.mkfifo(inside / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(inside / "socket"))
        files, said = list_files(tmp_path / "study")
    assert [path.name for path in files] == ["a", "to_file"]
    assert "'pipe', 'socket', 'to_folder' and 1 more" in said[0]


def test_pipes_and_devices_are_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link.dcm").symlink_to("/dev/zero")
    for name in ("pipe", "link.dcm"):
        with pytest.raises(OSError, match="must be a regular file"):
            mf.load_series(tmp_path / name)


def test_deep_and_large_folders_are_refused(tmp_path, monkeypatch):
    path = tmp_path
    for k in range(10):
        path = path / str(k)
    path.mkdir(parents=True)
    with pytest.raises(ValueError, match="must have at most 8 levels of folders"):
        list_files(tmp_path)
    monkeypatch.setattr(dicom_files, "MOST_FILES", 2)
    for name in "abc":
        (path / name).touch()
    with pytest.raises(ValueError, match="must hold at most 2 files"):
        list_files(path)


def test_a_folder_without_pictures_says_so(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(ValueError, match=r"holds no DICOM file with a picture \(of 1 files\)"):
        mf.load_series(tmp_path)


def test_warnings_of_others_pass_while_pydicom_is_quiet():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        filters = list(warnings.filters)
        with quiet_pydicom(), quiet_pydicom():
            warnings.warn("mine", UserWarning, stacklevel=1)
            warnings.warn_explicit("quoted", UserWarning, "f", 1, module="pydicom.valuerep")
        assert warnings.filters == filters
    assert [str(w.message) for w in caught] == ["mine"]


def test_threads_leave_the_filters_as_they_were(file):
    before = list(warnings.filters)
    threads = [
        threading.Thread(target=lambda: [read_dicom_header(file) for _ in range(30)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert warnings.filters == before


def test_without_pydicom_the_extra_is_named(file, monkeypatch):
    monkeypatch.setattr(
        dicom_files.importlib,
        "import_module",
        lambda name: (_ for _ in ()).throw(ModuleNotFoundError(name)),
    )
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'mrnet-features\[dicom\]'"):
        read_dicom_header(file)


def test_a_damaged_file_of_a_series_is_an_error(tmp_path):
    path = write_series(tmp_path / "s", "axial", draw_stack())
    broken = path / "IM0003"
    broken.write_bytes(broken.read_bytes()[:-100])
    with pytest.raises(ValueError, match="IM0003' must hold 6000 bytes of pixels"):
        mf.load_series(path)
