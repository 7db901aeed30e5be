"""Stack files: names, headers and sizes are checked without reading a pixel."""

import os
import re
import time

import numpy as np
import pytest

from mrnet_features.data.problems import MOST_PROBLEMS
from mrnet_features.data.stack_files import (
    find_stack_problem,
    list_stack_files,
    read_stack,
    read_stack_shape,
)
from mrnet_features.files.paths import to_path
from tests.support.stores import pack


def make_file(shape="(3, 9, 7)", descr="'|u1'", *, version=1, pixels=189, length=None):
    """Bytes of a .npy file; the header may be wrong."""
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode("latin1")
    size = (len(header) if length is None else length).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + size + header + bytes(pixels)


BROKEN = {
    "uint16": (np.zeros((2, 4, 4), np.uint16), "uint16. Convert it with `mf.to_uint8`"),
    "rank": (np.zeros((4, 4), np.uint8), "dtype uint8, got (4, 4) uint8"),
    "no slices": (np.zeros((0, 4, 4), np.uint8), "at least one slice"),
    "objects": (np.array([{}], object), "never unpickled"),
    "empty file": (b"", "can't be read as a .npy file"),
    "other format": (b"PK\x03\x04 whatever", "can't be read as a .npy file"),
    "other version": (b"\x93NUMPY\x09\x00", "in .npy format (9, 0)"),
    "zeros": (bytes(317), "does not begin as such a file"),
    "half a header": (make_file()[:40], "not that of a plain array"),
    "9000 parentheses": (make_file("(" * 9000), "not that of a plain array"),
    "9000 signs": (make_file("-" * 9000), "not that of a plain array"),
    "shape in 9000 digits": (make_file("9" * 9000), "not that of a plain array"),
    "size in 5000 digits": (make_file(f"({'9' * 5000}, 1, 1)"), "can't be read as a .npy file"),
    "overflow to the right size": (
        make_file(f"({2**63}, 2, {2**62})", pixels=0),
        f"got ({2**63}, 2, {2**62})",
    ),
    "a product of 0 in 64 bits": (make_file(f"({2**32}, {2**32}, 1)", pixels=0), "at most"),
    "negative sizes": (make_file("(-3, -9, 7)"), "not that of a plain array"),
    "boolean sizes": (make_file("(True, 27, 7)"), "not that of a plain array"),
    "float sizes": (make_file("(3.0, 9, 7)"), "not that of a plain array"),
    "two shapes": (make_file("(3, 9, 7), 'shape': (7, 9, 3)"), "not that of a plain array"),
    "header of 4 GiB": (make_file(version=2, length=2**32 - 1), "header has 4294967295 bytes"),
    "header of 65 KiB": (make_file(version=2, length=2**16 + 1), "header has 65537 bytes"),
    "named columns": (make_file(descr="[('a', '|u1')]"), "not that of a plain array"),
    "unknown type": (make_file(descr="'|zz'"), "can't be read as a .npy file"),
    "an endless side": (make_file("(1, 1, 200000)", pixels=200000), "at most"),
    "code": (make_file("__import__('os').abort()"), "not that of a plain array"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_described(tmp_path, case):
    content, message = BROKEN[case]
    path = tmp_path / "0001.npy"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        np.save(path, content, allow_pickle=True)
    problem = find_stack_problem(path)
    assert message in problem
    assert str(path) in problem
    assert len(problem) < 500 + len(str(path))
    for mmap in (False, True):
        with pytest.raises(ValueError, match=f"^{re.escape(problem)}$"):
            read_stack(path, mmap=mmap)


def make_link_to_nothing(path):
    path.symlink_to(path.parent / "nothing")


KINDS = {
    "folder": (os.mkdir, "must be a file, got a folder"),
    "pipe": (os.mkfifo, "must be a regular file, got a pipe"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "must be a regular file, got a pipe"),
    "link to nothing": (make_link_to_nothing, "There is no file"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_regular_file_is_described_and_never_opened(tmp_path, kind):
    make, message = KINDS[kind]
    make(tmp_path / "0001.npy")
    files, problems = list_stack_files(tmp_path, "axial", 4)
    assert (list(files), problems) == (["0001"], [])
    assert message in find_stack_problem(files["0001"])
    with pytest.raises(ValueError, match=message):
        read_stack(files["0001"])


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("mmap", [False, True])
def test_pixels_are_those_that_numpy_reads(tmp_path, order, mmap):
    stack = np.asarray(np.random.default_rng(0).integers(0, 256, (3, 4, 5)), np.uint8, order=order)
    np.save(tmp_path / "0001.npy", stack)
    found = read_stack(tmp_path / "0001.npy", mmap=mmap)
    assert found.dtype == np.uint8
    assert found.flags.writeable is not mmap
    assert np.array_equal(found, np.load(tmp_path / "0001.npy"))


def test_a_header_of_python_2_is_read(tmp_path):
    (tmp_path / "0001.npy").write_bytes(make_file("(3L, 9L, 7L)"))
    assert read_stack(tmp_path / "0001.npy").shape == (3, 9, 7)


def test_a_file_that_is_replaced_while_it_is_read_is_read_to_its_end(tmp_path, monkeypatch):
    path, other = tmp_path / "0001.npy", tmp_path / "other"
    np.save(path, np.full((3, 9, 7), 5, np.uint8))
    other.write_bytes(b"")
    read = np.fromfile

    def replace_and_read(*arguments, **settings):
        other.replace(path)
        return read(*arguments, **settings)

    monkeypatch.setattr(np, "fromfile", replace_and_read)
    assert (read_stack(path) == 5).all()


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_a_stack_is_accepted_and_its_truncation_found(tmp_path, version):
    path = tmp_path / "0001.npy"
    with path.open("wb") as file:
        np.lib.format.write_array(file, np.zeros((3, 9, 7), np.uint8), version=version)
    assert find_stack_problem(path) is None
    path.write_bytes(path.read_bytes()[:-1])
    assert "189 bytes of pixels for shape (3, 9, 7), got 188" in find_stack_problem(path)


def test_files_by_exam_id_and_misnamed_files(tmp_path):
    for name in ("0001.npy", "0000.npy", "7.npy", "12345.npy", ".0002.npy", "0003.txt"):
        (tmp_path / name).touch()
    files, (problem,) = list_stack_files(tmp_path, "axial", 4)
    assert files == {k: tmp_path / f"{k}.npy" for k in ("0000", "0001", "12345")}
    assert problem[:3] == ("stack-file", "", "axial")
    assert "7.npy' has lost the leading zeros of its exam id. Rename it to 0007.npy" in problem.text


def test_ids_may_be_any_text_that_is_an_id(tmp_path):
    ids = ["1.2.840.113", "7", "knee 7, left", "\u00fc"]
    for name in [*ids, "7.0", " 8", "\u0663", "a\x1b[2J"]:
        (tmp_path / f"{name}.npy").touch()
    files, problems = list_stack_files(tmp_path, "axial")
    assert list(files) == ids
    texts = [problem.text for problem in problems]
    assert any("'7.0' is a decimal number" in text for text in texts)
    assert any("'\u0663' must be written with the digits 0 to 9" in text for text in texts)
    assert any(r"'a\x1b[2J' must not hold control characters" in text for text in texts)
    assert len(texts) == 4
    assert all(text.isprintable() for text in texts)


@pytest.mark.skipif(os.name != "posix", reason="names are text on Windows")
def test_a_name_that_is_not_utf_8_is_a_problem_that_can_be_printed(tmp_path):
    with open(os.fsencode(tmp_path) + b"/\xff.npy", "wb"):  # noqa: PTH123
        pass
    files, (problem,) = list_stack_files(tmp_path, "axial")
    assert files == {}
    assert r"'\udcff' must not hold control characters" in problem.text
    assert problem.text.encode()


def test_a_folder_that_cannot_be_read_is_a_problem(tmp_path, monkeypatch):
    def refuse(folder):
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(os, "scandir", refuse)
    files, (problem,) = list_stack_files(tmp_path, "axial")
    assert files == {}
    assert problem[:3] == ("stack-missing", "", "axial")
    assert "can't be read" in problem.text
    assert "Permission denied" in problem.text


def test_the_number_of_problems_is_limited(tmp_path, monkeypatch):
    names = [f"{k}.0" for k in range(MOST_PROBLEMS + 500)]
    monkeypatch.setattr("mrnet_features.data.stack_files.list_stack_ids", lambda folder: names)
    start = time.perf_counter()
    files, problems = list_stack_files(tmp_path, "axial")
    assert files == {}
    assert len(problems) == MOST_PROBLEMS + 1
    assert "has more than 10000 problems" in problems[-1].text
    assert time.perf_counter() - start < 5


def test_a_missing_plane_is_a_problem(tmp_path):
    files, (problem,) = list_stack_files(tmp_path / "coronal", "coronal")
    assert files == {}
    assert problem[:3] == ("stack-missing", "", "coronal")
    assert "coronal' does not exist" in problem.text


@pytest.mark.parametrize("read", [read_stack, read_stack_shape])
def test_a_zip_file_that_may_not_be_read_by_now_is_no_fault_of_a_stack(tmp_path, monkeypatch, read):
    (tmp_path / "set").mkdir()
    np.save(tmp_path / "set" / "0001.npy", np.zeros((1, 8, 8), np.uint8))
    path = to_path(pack(tmp_path / "set", tmp_path / "a.zip")) / "MRNet-v1.0" / "0001.npy"
    assert path.is_file()

    def refuse(*_):
        raise PermissionError(13, "Permission denied", "a.zip")

    monkeypatch.setattr("mrnet_features.files.zip_store.read_range", refuse)
    with pytest.raises(ConnectionError, match="0001.npy' may not be read. Change its permissions"):
        read(path)
