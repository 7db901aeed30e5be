"""Stack files: names, headers and sizes are checked without reading a pixel."""

import numpy as np
import pytest

from mrnet_features.data.stack_files import find_stack_problem, list_stack_files

BROKEN = {
    "uint16": (np.zeros((2, 4, 4), np.uint16), "uint16. Convert it with `mf.to_uint8`"),
    "rank": (np.zeros((4, 4), np.uint8), "dtype uint8, got (4, 4) uint8"),
    "no slices": (np.zeros((0, 4, 4), np.uint8), "at least one slice"),
    "objects": (np.array([{}], object), "never unpickled"),
    "empty file": (b"", "can't be read as a .npy file"),
    "other format": (b"PK\x03\x04 whatever", "can't be read as a .npy file"),
    "other version": (b"\x93NUMPY\x09\x00", "in .npy format (9, 0)"),
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


@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
def test_a_stack_is_accepted_and_its_truncation_found(tmp_path, version):
    path = tmp_path / "0001.npy"
    with path.open("wb") as file:
        np.lib.format.write_array(file, np.zeros((3, 9, 7), np.uint8), version=version)
    assert find_stack_problem(path) is None
    path.write_bytes(path.read_bytes()[:-1])
    assert "189 bytes of pixels for shape (3, 9, 7), got 188" in find_stack_problem(path)


def test_files_by_exam_id_and_misnamed_files(tmp_path):
    for name in ("0001.npy", "0000.npy", "7.npy", "knee.npy", ".0002.npy", "0003.txt"):
        (tmp_path / name).touch()
    files, problems = list_stack_files(tmp_path, "axial")
    assert files == {k: tmp_path / f"{k}.npy" for k in ("0000", "0001")}
    assert {problem[:3] for problem in problems} == {("stack-file", "", "axial")}
    assert "Rename it to 0007.npy" in problems[0].text
    assert "Rename it to an id such as 0042.npy" in problems[1].text


def test_a_missing_plane_is_a_problem(tmp_path):
    files, (problem,) = list_stack_files(tmp_path / "coronal", "coronal")
    assert files == {}
    assert problem[:3] == ("stack-missing", "", "coronal")
    assert "coronal' does not exist" in problem.text
