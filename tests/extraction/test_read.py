"""Pixels and shapes of an exam, from files or memory; errors name exam and plane."""

import numpy as np
import pytest

from mrnet_features.data.exam import Exam
from mrnet_features.extraction.read import read_exam, read_shapes

RNG = np.random.default_rng(0)
STACKS = {plane: RNG.integers(0, 256, (2, 9, 11), np.uint8) for plane in ("axial", "coronal")}


@pytest.fixture
def exam(tmp_path):
    for plane, stack in STACKS.items():
        np.save(tmp_path / f"{plane}.npy", stack)
    return Exam("0042", {plane: tmp_path / f"{plane}.npy" for plane in STACKS})


def test_files_and_memory_give_the_same_pixels_and_fingerprint(exam):
    from_file, from_memory = (read_exam(each, 3, list(STACKS)) for each in (exam, STACKS))
    for plane, stack in STACKS.items():
        assert np.array_equal(from_file.stacks[plane], stack)
        assert np.array_equal(from_memory.stacks[plane], stack)
    assert from_file.fingerprint == from_memory.fingerprint
    assert from_file.label == "exam '0042'"
    assert from_memory.label == "the exam at index 3"


def test_the_fingerprint_depends_on_pixels_shapes_and_planes():
    axial = STACKS["axial"]
    changed = axial.copy()
    changed[0, 0, 0] ^= 1
    exams = [
        {"axial": axial},
        {"axial": changed},
        {"axial": axial.reshape(1, 18, 11)},
        {"coronal": axial},
    ]
    prints = {read_exam(exam, 0, list(exam)).fingerprint for exam in exams}
    assert len(prints) == len(exams)


def test_views_are_made_contiguous():
    pixels = read_exam({"axial": STACKS["axial"][:, ::-1]}, 0, ["axial"])
    assert pixels.stacks["axial"].flags.c_contiguous


def test_shapes_equal_those_of_the_pixels(exam):
    expected = {plane: stack.shape for plane, stack in STACKS.items()}
    assert read_shapes(exam, 0, list(STACKS)) == read_shapes(STACKS, 0, list(STACKS)) == expected


@pytest.mark.parametrize("read", [read_exam, read_shapes])
def test_a_missing_plane_names_exam_and_plane(read):
    with pytest.raises(
        KeyError, match=r"no plane 'sagittal' \(series present: axial, cor"
    ) as caught:
        read(STACKS, 5, ["axial", "sagittal"])
    assert "while reading the exam at index 5, plane 'sagittal'" in caught.value.__notes__


@pytest.mark.parametrize("read", [read_exam, read_shapes])
def test_a_broken_file_names_exam_and_plane(read, exam):
    exam.paths["coronal"].write_bytes(b"not an array")
    with pytest.raises(ValueError, match="coronal.npy") as caught:
        read(exam, 0, list(STACKS))
    assert "while reading exam '0042', plane 'coronal'" in caught.value.__notes__


def test_an_exam_without_planes_is_to_be_left_out():
    with pytest.raises(KeyError, match=r"series present: none\). Leave it out"):
        read_exam({}, 0, ["axial"])


@pytest.mark.parametrize("read", [read_exam, read_shapes])
@pytest.mark.parametrize("stack", [np.zeros((2, 3, 4)), np.zeros((2, 3, 4), np.int16)])
def test_pixels_of_another_type_are_to_be_converted(read, stack, tmp_path):
    with pytest.raises(TypeError, match=r"Convert it with `mf\.to_uint8\(stack\)`, or"):
        read({"axial": stack}, 0, ["axial"])
    np.save(tmp_path / "axial.npy", stack)
    with pytest.raises(ValueError, match=r"axial\.npy.*Convert it with `mf\.to_uint8`"):
        read(Exam("0042", {"axial": tmp_path / "axial.npy"}), 0, ["axial"])


def test_faults_are_listed_by_plane():
    exam = {**STACKS, "coronal": np.ones((2, 9, 9), np.uint8)}
    pixels = read_exam(exam, 0, list(STACKS))
    assert pixels.faults["axial"] == ()
    assert pixels.faults["coronal"][0].startswith("All pixels have grey level 1.")


def test_control_characters_of_an_id_are_escaped(tmp_path):
    np.save(tmp_path / "axial.npy", STACKS["axial"])
    exam = Exam("00\x1b[2J42", {"axial": tmp_path / "axial.npy"})
    assert read_exam(exam, 0, ["axial"]).label == r"exam '00\x1b[2J42'"


def test_what_is_not_a_stack_is_refused():
    with pytest.raises(ValueError, match="must have shape"):
        read_exam({"axial": np.zeros((2, 3), np.uint8)}, 0, ["axial"])
