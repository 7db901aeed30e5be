"""Contents of a split: exams in labels and files must agree, and empty files are reported once."""

import numpy as np
import pytest

from mrnet_features.data.mrnet.release import check_request, has_split, list_ids, read_contents
from mrnet_features.data.problems import MOST_PROBLEMS, format_problems
from tests.support.mrnet_folder import GOOD_LABELS, write_acl_file, write_folder, write_labels


@pytest.fixture
def root(tmp_path):
    return write_folder(tmp_path)


def texts(root, **settings):
    return [problem.text for problem in read_contents(root, "train", **settings).problems]


def test_contents_of_a_complete_folder(root):
    contents = read_contents(root, "train")
    assert contents.ids == ("0000", "0001", "0002")
    assert contents.problems == ()
    assert contents.labels["acl"] == {"0000": 0, "0001": 1, "0002": 0}
    assert contents.files["axial"]["0002"] == root / "train/axial/0002.npy"
    assert read_contents(root, "train", planes=()).files == {}


BROKEN = {
    "label missing": (
        lambda root: write_acl_file(root, "0000,0\n0001,1\n"),
        "'0002' has no label in train-acl.csv",
    ),
    "exam missing": (
        lambda root: write_acl_file(root, GOOD_LABELS + "0003,1\n"),
        "'0003' has labels (acl) but no stack in 'train/'",
    ),
    "contradiction": (
        lambda root: write_labels(root, acl="110"),
        "'0000' has acl = 1 but abnormal = 0",
    ),
    "plane missing": (
        lambda root: (root / "train/axial/0001.npy").unlink(),
        "'0001' has no file for plane 'axial' (planes present: coronal, sagittal)",
    ),
    "broken stack": (
        lambda root: (root / "train/axial/0001.npy").write_bytes(b""),
        "Exam '0001', plane 'axial': '",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_disagreements_are_problems_unless_the_exam_is_excluded(root, case):
    act, message = BROKEN[case]
    act(root)
    found = texts(root)
    assert any(message in text for text in found)
    assert texts(root, exclude=["0000", "0001", "0002", "0003"]) == []


def test_a_broken_line_is_not_reported_as_a_missing_label_too(root):
    for line in ("0001,1.0", "1,1", "_0001,_1", "0001"):
        write_acl_file(root, f"0000,0\n{line}\n0002,0\n")
        (text,) = texts(root)
        assert text.startswith("train-acl.csv line 2: ")


def test_labels_of_1_and_2_are_one_problem_and_contradict_nothing(root):
    write_labels(root, abnormal="000", acl="000", meniscus="000")
    write_acl_file(root, "0000,1\n0001,2\n0002,2\n")  # 1 was written for 0
    problems = read_contents(root, "train").problems
    assert [(problem.code, problem.exam) for problem in problems] == [
        ("label-file", "0001"),
        ("label-file", "0002"),
    ]
    assert "has 1 problem:" in format_problems(root, "train", problems)
    write_acl_file(root, "0000,1\n0001,x\n0002,0\n")  # here a 1 is a 1
    assert any("'0000' has acl = 1 but abnormal = 0" in text for text in texts(root))


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_an_empty_file_is_one_problem(root, text):
    write_acl_file(root, text)
    assert texts(root) == ["train-acl.csv has no line. Copy it from the release."]
    for path in (root / "train/coronal").iterdir():
        path.unlink()
    assert "coronal' has no stack" in texts(root)[1]


def test_a_split_of_empty_files_has_no_exam_and_no_problem(root):
    for path in root.glob("train-*.csv"):
        path.write_text("")
    for path in root.glob("train/*/*.npy"):
        path.unlink()
    assert read_contents(root, "train")[::3] == ((), ())


def test_ids_of_labels_files_and_broken_lines(root):
    write_acl_file(root, GOOD_LABELS + "0007,2\n")
    np.save(root / "train/axial/0009.npy", np.zeros(1))
    assert list_ids(root, "train") == {"0000", "0001", "0002", "0007", "0009"}


def test_a_split_is_there_if_its_folder_or_a_label_file_is(root):
    assert has_split(root, "train")
    assert not has_split(root, "valid")
    (root / "valid_acl.csv").touch()
    assert has_split(root, "valid")


def test_an_unknown_split_or_folder_is_refused(root):
    with pytest.raises(ValueError, match="must be 'train' or 'valid', got 'test'"):
        check_request(root, "test")
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        check_request(root / "nowhere", "train")


def test_the_width_of_ids_is_that_of_all_planes(root):
    write_acl_file(root, "0,0\n1,1\n2,0\n")
    for path in root.glob("train-[am][be]*.csv"):
        path.write_text("0,0\n1,1\n2,0\n")
    (found,) = {len(texts(root, planes=planes)) for planes in ((), ("axial",), ("sagittal",))}
    assert found == 9
    assert all("lost its leading zeros" in text for text in texts(root, planes=()))


def test_thousands_of_exams_that_disagree_are_a_bounded_list(root):
    write_acl_file(root, GOOD_LABELS + "".join(f"{k},1\n" for k in range(10_000, 25_000)))
    problems = read_contents(root, "train").problems
    assert len(problems) == MOST_PROBLEMS + 1
    assert "more than 10000 problems" in problems[-1].text
    assert read_contents(root, "train", exclude=map(str, range(10_000, 25_000))).problems == ()


@pytest.mark.parametrize("content", [b"", bytes(206), b"\x93NUMPY\x01\x00v\x00{"])
def test_a_stack_cut_by_a_crash_is_a_problem(root, content):
    (root / "train/axial/0001.npy").write_bytes(content)
    (text,) = texts(root)
    assert text.startswith("Exam '0001', plane 'axial': '")
    assert "0001.npy' can't be read as a .npy file" in text
