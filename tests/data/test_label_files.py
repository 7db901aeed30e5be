"""Label files: right lines are read, and every wrong line is described."""

import pytest

from mrnet_features.data.label_files import find_label_files, read_label_file
from tests.support.mrnet_folder import GOOD_LABELS, write_acl_file, write_folder


@pytest.fixture
def root(tmp_path):
    return write_folder(tmp_path)


def test_labels_by_exam_id(root):
    assert read_label_file(root, "train", "acl") == ({"0000": 0, "0001": 1, "0002": 0}, [])


@pytest.mark.parametrize(
    "data",
    [b"\xef\xbb\xbf0000,0\r\n0001,1\r\n0002,0\r\n", b"\n0000,0\n\n0001,1\n0002,0"],
    ids=["byte order mark and Windows line ends", "blank lines"],
)
def test_marks_and_blank_lines_are_ignored(root, data):
    (root / "train-acl.csv").write_bytes(data)
    assert read_label_file(root, "train", "acl") == ({"0000": 0, "0001": 1, "0002": 0}, [])


BROKEN = {
    "corrupt first row": ('"_0000","_0"\n', "", "change that line to 0000,0"),
    "header": ("id,acl\n" + GOOD_LABELS, "", "line 1: 'id,acl' looks like a header"),
    "integer id": ("2,0\n", "", "lost its leading zeros (a program read it as a number). Write it"),
    "other id": ("x1,0\n", "", "id 'x1' is not a four-digit exam id"),
    "label 2": ("0001,2\n", "0001", "label of exam '0001' must be 0 or 1, got '2'"),
    "float label": ("0001,1.0\n", "0001", "must be 0 or 1, got '1.0'"),
    "three cells": ("0000,0,1\n", "0000", "line 1: a line must be 'exam id,label'"),
    "spaces": ("0000, 0\n", "0000", "must be exactly '0000,0', got '0000, 0'"),
    "duplicate": (GOOD_LABELS + "0002,1\n", "0002", "line 4: exam id '0002' appears twice"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_line_is_described(root, case):
    text, exam, message = BROKEN[case]
    write_acl_file(root, text)
    labels, (problem,) = read_label_file(root, "train", "acl")
    assert problem[:3] == ("label-file", exam, "")
    assert message in problem.text
    assert problem.text.startswith("train-acl.csv line ")
    assert ("0001" in labels) == (GOOD_LABELS in text)


def test_problems_are_in_the_order_of_the_lines(root):
    write_acl_file(root, "".join(f"{k},0\n" for k in range(12)))
    _, problems = read_label_file(root, "train", "acl")
    found = [int(problem.text.split("line ")[1].split(":")[0]) for problem in problems]
    assert found == list(range(1, 13))


def test_a_missing_file_is_a_problem(root):
    (root / "train-acl.csv").rename(root / "train_acl.csv")
    labels, (problem,) = read_label_file(root, "train", "acl")
    assert labels == {}
    assert "train-acl.csv' does not exist. This copy has 'train_acl.csv'; rename" in problem.text
    (root / "train_acl.csv").unlink()
    _, (problem,) = read_label_file(root, "train", "acl")
    assert problem.text.endswith("does not exist. Copy it from the release.")


def test_other_encodings_are_a_problem(root):
    (root / "train-acl.csv").write_text(GOOD_LABELS, encoding="utf-16")
    labels, (problem,) = read_label_file(root, "train", "acl")
    assert labels == {}
    assert "train-acl.csv must be text in UTF-8, got other bytes" in problem.text


def test_label_files_are_found_under_both_names(root):
    (root / "train-acl.csv").rename(root / "train_acl.csv")
    (root / "valid-acl.csv").write_text("")
    assert find_label_files(root) == [
        "train-abnormal.csv", "train_acl.csv", "train-meniscus.csv", "valid-acl.csv"
    ]  # fmt: skip
    assert find_label_files(root, ["valid"]) == ["valid-acl.csv"]
