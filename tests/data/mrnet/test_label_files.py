"""Label files: right lines are read, and every wrong line is described."""

import os

import pytest

from mrnet_features.data import problems as problems_module
from mrnet_features.data.mrnet import label_files
from mrnet_features.data.mrnet.label_files import find_label_files, list_label_ids, read_label_file
from tests.support.mrnet_folder import GOOD_LABELS, write_acl_file, write_folder


@pytest.fixture
def root(tmp_path):
    return write_folder(tmp_path)


def test_labels_by_exam_id(root):
    assert read_label_file(root, "train", "acl") == ({"0000": 0, "0001": 1, "0002": 0}, [])


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf0000,0\r\n0001,1\r\n0002,0\r\n",
        b"\n0000,0\n\n0001,1\n0002,0",
        GOOD_LABELS.encode("utf-16"),
        b"0000;0\n0001;1\n0002;0\n",
        b"0000\t0\n0001\t1\n0002\t0\n",
        b'"0000","0"\n"0001","1"\n"0002","0"\n',
        b" 0000, 0 \n0001 ,1,\n0002,0,,\n",
    ],
    ids=["byte order mark and Windows line ends", "blank lines", "UTF-16", "semicolons", "tabs",
         "quotes", "spaces and empty cells"],
)  # fmt: skip
def test_what_reads_in_one_way_only_is_read(root, data):
    (root / "train-acl.csv").write_bytes(data)
    assert read_label_file(root, "train", "acl") == ({"0000": 0, "0001": 1, "0002": 0}, [])


BROKEN = {
    "corrupt first row": ('"_0000","_0"\n', "", "change that line to 0000,0"),
    "a corrupt row with more": (
        "_0000,\x01_0\n",
        "_0000",
        r"must be 0 or 1, got '\x01_0'",
    ),
    "header": ("id,acl\n" + GOOD_LABELS, "", "line 1: 'id,acl' looks like a header"),
    "integer id": ("2,0\n", "", "lost its leading zeros (a program read it as a number). Write it"),
    "zero": ("0,0\n", "", "Write it as 0000."),
    "decimal id": ("7.0,0\n", "", "id '7.0' is a decimal number, not an exam id"),
    "other digits": ("\u0660\u0660\u0660\u0661,0\n", "", "must be written with the digits 0 to 9"),
    "no id": (",1\n", "", "id '' is empty"),
    "control characters": ("a\x1b[2J,1\n", "", r"id 'a\x1b[2J' must not hold control characters"),
    "two lines in an id": ('"00\n01",1\n', "", r"id '00\n01' must not hold control characters"),
    "a long id": ("9" * 100_000 + ",1\n", "", "must have at most 200 characters, got 100000"),
    "a long label": ("0001," + "9" * 100_000, "0001", "must be 0 or 1, got '999"),
    "many cells": ("0001" + ",9" * 100_000, "0001", "a line must be 'exam id,label'"),
    "one cell": ("0001\n", "0001", "a line must be 'exam id,label'"),
    "boolean label": ("0001,True\n", "0001", "must be 0 or 1, got 'True'"),
    "label 2": ("0001,2\n", "0001", "label of exam '0001' must be 0 or 1, got '2'"),
    "float label": ("0001,1.0\n", "0001", "must be 0 or 1, got '1.0'"),
    "three cells": ("0000,0,1\n", "0000", "line 1: a line must be 'exam id,label'"),
    "duplicate": (GOOD_LABELS + "0002,1\n", "0002", "line 4: exam id '0002' appears twice"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_line_is_described(root, case):
    text, exam, message = BROKEN[case]
    write_acl_file(root, text)
    labels, (problem,) = read_label_file(root, "train", "acl", 4)
    assert problem[:3] == ("label-file", exam, "")
    assert message in problem.text
    assert len(problem.text) < 400
    assert problem.text.startswith("train-acl.csv line ")
    assert ("0001" in labels) == (GOOD_LABELS in text)


def test_problems_are_in_the_order_of_the_lines(root):
    write_acl_file(root, "".join(f"{k},0\n" for k in range(12)))
    _, problems = read_label_file(root, "train", "acl", 4)
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


def test_ids_may_be_any_text_that_is_an_id(root):
    write_acl_file(root, 'knee,0\n"knee 7, left",1\n7,1\n12345,0\n1.2.840.113,1\n_0,1\n')
    ids = {"knee": 0, "knee 7, left": 1, "7": 1, "12345": 0, "1.2.840.113": 1, "_0": 1}
    assert read_label_file(root, "train", "acl") == (ids, [])


def test_many_exams_named_by_dicom_uids_are_read(root):
    uids = [f"1.2.826.0.1.3680043.8.498.{k:038d}" for k in range(40_000)]
    write_acl_file(root, "".join(f"{uid},1\n" for uid in uids))
    assert read_label_file(root, "train", "acl") == (dict.fromkeys(uids, 1), [])


UNREADABLE = {
    "latin 1": (b"0000,0\n\xfc,1\n", "must be text in UTF-8, got other bytes in line 2"),
    "UTF-16 without a mark": (GOOD_LABELS.encode("utf-16-le"), "a null character in line 1"),
    "an open quote": (b'0000,0\n"0001,1\n0002,0\n', "can't be read as CSV"),
    "too large": (b"0001,1\n" * 5_000_000, "at most 16 MiB"),
    "too many": (b"0001,1\n" * 250_001, "at most 250,000 lines"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNREADABLE)
def test_a_file_that_is_no_csv_is_one_problem(root, case):
    data, message = UNREADABLE[case]
    (root / "train-acl.csv").write_bytes(data)
    labels, (problem,) = read_label_file(root, "train", "acl")
    assert labels == {}
    assert message in problem.text
    assert "train-acl.csv" in problem.text


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_regular_file_is_one_problem(root, make):
    (root / "train-acl.csv").unlink()
    make(root / "train-acl.csv")
    labels, (problem,) = read_label_file(root, "train", "acl")
    assert labels == {}
    assert "train-acl.csv' must be a" in problem.text


def test_a_file_of_wrong_lines_is_not_read_to_its_end(root, monkeypatch):
    monkeypatch.setattr(problems_module, "MOST_PROBLEMS", 10)
    monkeypatch.setattr(label_files, "MOST_PROBLEMS", 10)
    write_acl_file(root, "0001,1\n" * 11 + "0002,7\n")
    _, problems = read_label_file(root, "train", "acl")
    assert len(problems) == 11
    write_acl_file(root, "0001,1\n" * 20)
    labels, problems = read_label_file(root, "train", "acl")
    assert labels == {}
    assert len(problems) == 11
    assert problems[-1][:4] == (
        "label-file", "", "", "train-acl.csv has more than 10 problems. Correct these first."
    )  # fmt: skip


def test_ids_of_all_lines_of_all_files(root):
    write_acl_file(root, "id,acl\n7,0\nx,3\n")
    (root / "train-meniscus.csv").write_bytes(b"\xff\xff\xff")
    assert list(list_label_ids(root, "train")) == ["0000", "0001", "0002", "id", "7", "x"]


def test_label_files_are_found_under_both_names(root):
    (root / "train-acl.csv").rename(root / "train_acl.csv")
    (root / "valid-acl.csv").write_text("")
    assert find_label_files(root) == [
        "train-abnormal.csv", "train_acl.csv", "train-meniscus.csv", "valid-acl.csv"
    ]  # fmt: skip
    assert find_label_files(root, ["valid"]) == ["valid-acl.csv"]
