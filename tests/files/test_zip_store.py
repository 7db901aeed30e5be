"""Zip files: read in place to the byte; what lies is one error that names zip and file."""

import os
import struct
import zipfile
import zlib

import numpy as np
import pytest

from mrnet_features.files import zip_store
from mrnet_features.files.paths import to_path
from tests.support.stores import pack

NOISE = os.urandom(5000)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "set").mkdir()
    for name, content in CONTENTS.items():
        (tmp_path / "set" / name).write_bytes(content)
    return tmp_path / "set"


CONTENTS = {"empty": b"", "flat": bytes(100_000), "noise": NOISE, "text": b"0000,1\n" * 100}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_files_are_read_to_the_byte(folder, method):
    root = to_path(pack(folder, folder.parent / "a.zip", method=method)) / "MRNet-v1.0"
    for name, content in CONTENTS.items():
        file = root / name
        assert file.find().size == len(content)
        for start, stop in ((0, 10**9), (0, 1), (3, 900), (0, len(content) // 2), (7, 7)):
            assert file.read(start, stop) == content[start:stop]


@pytest.mark.parametrize("extra", [b"", struct.pack("<2H", 0x5455, 1000) + bytes(1000)])
def test_what_stands_before_a_file_may_be_long_or_of_several_disks(tmp_path, extra):
    info = zipfile.ZipInfo("\u00fcb\u00e9r/" + "x" * 300)
    info.extra = extra
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as opened:
        opened.writestr(info, NOISE)
    data = (tmp_path / "a.zip").read_bytes()
    (tmp_path / "a.zip").write_bytes(b"#!/bin/sh\n" + data)  # as of an archive that unpacks itself
    assert (to_path(tmp_path / "a.zip") / info.filename).read(0, 10**9) == NOISE


def test_a_file_written_to_a_stream_is_read(tmp_path):
    """Its sizes stand behind it, and only the directory has them too."""
    read, write = os.pipe()
    with (
        os.fdopen(write, "wb") as stream,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as opened,
    ):
        opened.writestr("a", NOISE)
    with os.fdopen(read, "rb") as stream:
        (tmp_path / "a.zip").write_bytes(stream.read())
    assert (to_path(tmp_path / "a.zip") / "a").read(0, 10**9) == NOISE


def test_names_that_would_lie_elsewhere_or_are_of_macos_are_left_out(tmp_path):
    names = [
        "/etc/passwd",
        "../a",
        "b/../../c",
        "__MACOSX/._d",
        "e\\f",
        "./g",
        "h//i",
        "j/",
        "k/l/",
    ]
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as opened:
        for name in names:
            opened.writestr(zipfile.ZipInfo(name), b"")
    root = to_path(tmp_path / "a.zip")
    assert sorted(path.name for path in root.iterdir()) == ["e", "j", "k"]
    assert (root / "e" / "f").is_file()
    assert (root / "k" / "l").is_dir()


def write(path, *, name="train/axial/0000.npy", content=NOISE, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as opened:
        opened.writestr(name, content)
    return bytearray(path.read_bytes())


def find_directory(data):
    return data.index(b"PK\x01\x02")


def change(offset, form, value):
    """Change a field in the directory, which starts with PK, 1, 2."""

    def act(data):
        struct.pack_into(form, data, find_directory(data) + offset, value)

    return act


def flip_pixels(data):
    data[len(data) // 3] ^= 0xFF


BROKEN_FILES = {
    "wrong checksum": (change(16, "<I", 1), "is damaged: its size or checksum"),
    "larger than stated": (change(24, "<I", 4000), "is damaged: its size or checksum"),
    "smaller than stated": (change(24, "<I", 6000), "is damaged: its size or checksum"),
    "a bomb": (change(24, "<I", 2**32 - 2), "is damaged: its size or checksum"),
    "packed size of nothing": (change(20, "<I", 0), "is damaged"),
    "elsewhere": (change(42, "<I", 7), "is damaged: no file begins where it should"),
    "far away": (change(42, "<I", 2**32 - 2), "is damaged: no file begins where it should"),
    "encrypted": (change(8, "<H", 1), "is encrypted. Unpack"),
    "another method": (change(10, "<H", 12), r"is packed by another method than deflate \(12\)"),
    "flipped bits": (flip_pixels, "is damaged"),
}


@pytest.mark.parametrize("case", BROKEN_FILES)
@pytest.mark.parametrize("content", [NOISE, bytes(5000)], ids=["noise", "zeros"])
def test_a_broken_file_is_one_error_that_names_zip_and_file(tmp_path, case, content):
    act, message = BROKEN_FILES[case]
    data = write(tmp_path / "a.zip", content=content)
    act(data)
    (tmp_path / "a.zip").write_bytes(data)
    file = to_path(tmp_path / "a.zip") / "train" / "axial" / "0000.npy"
    with pytest.raises(ValueError, match=f"a.zip/train/axial/0000.npy' {message}"):
        file.read(0, 2**27)


def test_what_comes_out_is_bounded_by_what_was_asked_for(tmp_path, monkeypatch):
    """Unpacked, 128 MiB of zeros; only what is asked for is ever in memory."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"".join(packer.compress(bytes(2**24)) for _ in range(8)) + packer.flush()
    data = write(tmp_path / "a.zip", content=packed, method=zipfile.ZIP_STORED)
    for place in (8, find_directory(data) + 10):  # it is packed
        struct.pack_into("<H", data, place, zipfile.ZIP_DEFLATED)
    for place in (22, find_directory(data) + 24):
        struct.pack_into("<I", data, place, 2**27)
    (tmp_path / "a.zip").write_bytes(data)
    file = to_path(tmp_path / "a.zip") / "train" / "axial" / "0000.npy"
    made = []
    decompressor = zlib.decompressobj

    class Watched:
        def __init__(self, *options):
            self.inner = decompressor(*options)

        def decompress(self, data, most):
            made.append(most)
            return self.inner.decompress(data, most)

    monkeypatch.setattr(zip_store.zlib, "decompressobj", Watched)
    assert file.read(0, 1000) == bytes(1000)
    assert made == [1000]


def test_a_packed_size_beyond_the_zip_file_is_not_believed(tmp_path):
    data = write(tmp_path / "a.zip")
    change(20, "<I", 2**32 - 2)(data)
    (tmp_path / "a.zip").write_bytes(data)
    assert (to_path(tmp_path / "a.zip") / "train/axial/0000.npy").read(0, 2**27) == NOISE


END = b"PK\x05\x06"
NO_ZIPS = {
    "text": b"not a zip file at all",
    "empty": b"",
    "end alone, which states a directory": b"PK\x05\x06"
    + struct.pack("<4H2LH", 0, 0, 9, 9, 900, 7, 0),
    "end alone, cut off": END + bytes(10),
}


@pytest.mark.parametrize("case", NO_ZIPS)
def test_what_is_no_zip_file_is_refused(tmp_path, case):
    (tmp_path / "a.zip").write_bytes(NO_ZIPS[case])
    with pytest.raises(ValueError, match="a.zip' can't be read as a zip file"):
        to_path(tmp_path / "a.zip")


@pytest.mark.parametrize("seed", range(40))
def test_any_damage_is_one_error_or_the_right_bytes(tmp_path, seed):
    rng = np.random.default_rng(seed)
    data = write(tmp_path / "a.zip")
    for _ in range(rng.integers(1, 5)):
        place = rng.choice([rng.integers(len(data)), len(data) - rng.integers(1, 120)])
        data[place] ^= 1 << rng.integers(8)
    (tmp_path / "a.zip").write_bytes(data[: len(data) - rng.integers(2)])
    try:
        file = to_path(tmp_path / "a.zip") / "train" / "axial" / "0000.npy"
        read = file.read(0, 2**27) if file.exists() else NOISE
    except ValueError as error:
        read = NOISE if "a.zip" in str(error) else b""
    assert read == NOISE


@pytest.mark.parametrize(
    "names", [("a", "a"), ("a/b", "a"), ("a", "a/b"), ("a\\b", "a/b")], ids=str
)
def test_a_name_that_stands_there_twice_is_refused(tmp_path, names):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as opened:
        for name in names:
            if name in opened.namelist():
                with pytest.warns(UserWarning, match="Duplicate"):
                    opened.writestr(name, b"")
            else:
                opened.writestr(name, b"")
    with pytest.raises(ValueError, match="a.zip' can't be read as a zip file .*twice"):
        to_path(tmp_path / "a.zip")


def test_a_directory_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as opened:
        for k in range(3000):
            opened.writestr(f"{k}", b"")
    monkeypatch.setattr(zip_store, "MOST_DIRECTORY_BYTES", 1000)
    monkeypatch.setattr(zip_store, "TAIL_BYTES", 70_000)
    with pytest.raises(ValueError, match="its directory has more than 1000 bytes"):
        to_path(tmp_path / "a.zip")


def test_a_changed_zip_file_is_another_one(tmp_path):
    write(tmp_path / "a.zip")
    old = to_path(tmp_path / "a.zip") / "train" / "axial" / "0000.npy"
    state = old.state()
    write(tmp_path / "a.zip", content=NOISE[::-1])
    new = to_path(tmp_path / "a.zip") / "train" / "axial" / "0000.npy"
    assert new.state() != state
    assert new.read(0, 9) == NOISE[::-1][:9]
    with pytest.raises(OSError, match="a.zip' has changed since it was opened. Load it anew"):
        old.state()


def test_a_copy_of_a_zip_file_has_files_of_the_same_state(tmp_path):
    data = write(tmp_path / "a.zip")
    (tmp_path / "b.zip").write_bytes(data)
    one, other = (to_path(tmp_path / name) / "train/axial/0000.npy" for name in ("a.zip", "b.zip"))
    assert one.state() == other.state()
    assert one != other


def test_a_folder_may_be_named_as_a_zip_file(tmp_path):
    (tmp_path / "a.zip" / "b").mkdir(parents=True)
    assert to_path(tmp_path / "a.zip" / "b") == tmp_path / "a.zip" / "b"


@pytest.mark.parametrize("level", [1, 6, 9])
def test_the_start_of_a_file_is_read_if_it_takes_more_bytes_packed(tmp_path, level):
    """The code of the first block is made for what follows."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, 1000, np.uint8).tobytes()
    content = noise + rng.integers(0, 2, 200_000, np.uint8).tobytes()
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=level) as out:
        out.writestr("a", content)
    file = to_path(tmp_path / "a.zip") / "a"
    for stop in (1, 128, 1000, 1024, 5000):
        assert file.read(0, stop) == content[:stop]


def test_a_name_of_too_many_levels_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as opened:
        opened.writestr("a/" * 32, b"")
    assert (to_path(tmp_path / "a.zip") / ("a/" * 32)).is_dir()
    with zipfile.ZipFile(tmp_path / "a.zip", "a") as opened:
        opened.writestr("a/" * 30_000 + "b", b"")
    with pytest.raises(ValueError, match=r"a.zip' can't be read .* has 30001 levels; at most 32"):
        to_path(tmp_path / "a.zip")
