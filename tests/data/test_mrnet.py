"""An MRNet folder is read as the release has it, or refused with every problem named."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mrnet_features.data.mrnet import load_labels, load_mrnet
from mrnet_features.names import PLANES, TASKS


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three exams: normal, torn ACL, torn meniscus; planes of different slice counts."""
    for depth, plane in enumerate(PLANES, start=2):
        folder = tmp_path / "train" / plane
        folder.mkdir(parents=True)
        for k in range(3):
            stack = np.full((depth + k, 9, 7), 10 * k, np.uint8)
            np.save(folder / f"{k:04d}.npy", stack)
    write_labels(tmp_path, abnormal="011", acl="010", meniscus="001")
    return tmp_path


def write_labels(root: Path, **tasks: str) -> None:
    for task, labels in tasks.items():
        lines = [f"{k:04d},{label}" for k, label in enumerate(labels)]
        (root / f"train-{task}.csv").write_text("\n".join(lines) + "\n")


def test_exams_and_labels_are_in_one_order(root):
    dataset = load_mrnet(root)
    assert [exam.id for exam in dataset.exams] == ["0000", "0001", "0002"]
    assert list(dataset.labels.index) == ["0000", "0001", "0002"]
    assert dataset.labels.index.name == "exam"
    assert list(dataset.labels.columns) == list(TASKS)
    assert dataset.labels.loc["0001"].tolist() == [1, 1, 0]
    assert len(dataset) == 3
    assert repr(dataset) == "Dataset(3 exams; abnormal 2, acl 1, meniscus 1)"


def test_a_stack_of_any_size_is_loaded(root):
    exam = load_mrnet(root).exams[2]
    stack = exam.load("sagittal")
    assert stack.shape == (6, 9, 7)
    assert stack.dtype == np.uint8
    assert (stack == 20).all()


def test_a_mapped_stack_is_read_only(root):
    stack = load_mrnet(root).exams[0].load("axial", mmap=True)
    assert isinstance(stack, np.memmap)
    assert not stack.flags.writeable


def test_labels_alone_need_no_stacks(root):
    expected = load_mrnet(root).labels
    for plane in PLANES:
        for path in (root / "train" / plane).iterdir():
            path.unlink()
    assert load_labels(root).equals(expected)


@pytest.mark.parametrize("text", [b"", "0000,0\n".encode("utf-16")])
def test_a_label_file_without_labels_is_named_once(root, text):
    (root / "train-acl.csv").write_bytes(text)
    with pytest.raises(ValueError, match=r"has 1 problem:\n- train-acl\.csv"):
        load_labels(root)


def test_one_plane_can_be_asked_for(root):
    for path in (root / "train" / "coronal").iterdir():
        path.unlink()
    dataset = load_mrnet(root, planes=("axial", "sagittal"))
    with pytest.raises(KeyError, match=r"no file for plane 'coronal' \(planes present: axial"):
        dataset.exams[0].load("coronal")


def test_a_single_plane_needs_no_list(root):
    assert list(load_mrnet(root, planes="axial").exams[0].paths) == ["axial"]
    with pytest.raises(ValueError, match=r"must be some of .*, got \('oblique',\)"):
        load_mrnet(root, planes="oblique")


def break_labels(text):
    return lambda root: (root / "train-acl.csv").write_text(text)


def break_stack(array=None, data=None, name="0001.npy"):
    def act(root):
        path = root / "train" / "axial" / name
        if data is not None:
            path.write_bytes(data)
        else:
            np.save(path, array, allow_pickle=True)

    return act


GOOD = "0000,0\n0001,1\n0002,0\n"
BROKEN = {
    "corrupt first row": (
        break_labels('"_0000","_0"\n0001,1\n0002,0\n'),
        "mend that line to 0000,0",
    ),
    "header": (break_labels("id,acl\n" + GOOD), "line 1: 'id,acl' looks like a header"),
    "integer ids": (break_labels("0,0\n1,1\n2,0\n"), "lost its leading zeros.*Write it as 0002"),
    "label 2": (break_labels("0000,0\n0001,2\n0002,0\n"), "label of exam '0001' must be 0 or 1"),
    "float label": (break_labels("0000,0\n0001,1.0\n0002,0\n"), "must be 0 or 1, got '1.0'"),
    "three cells": (break_labels("0000,0,1\n0001,1\n0002,0\n"), "line 1: a line must be"),
    "spaces": (break_labels("0000, 0\n0001,1\n0002,0\n"), "must be exactly '0000,0'"),
    "duplicate": (break_labels(GOOD + "0002,1\n"), "'0002' stands there twice"),
    "label missing": (break_labels("0000,0\n0001,1\n"), "'0002' has no label in train-acl.csv"),
    "exam missing": (break_labels(GOOD + "0003,1\n"), "'0003' has labels .* but no stack"),
    "contradiction": (
        lambda root: write_labels(root, acl="110"),
        "'0000' has acl = 1 but abnormal = 0",
    ),
    "csv missing": (
        lambda root: (root / "train-acl.csv").unlink(),
        "train-acl.csv' does not exist",
    ),
    "csv renamed": (
        lambda root: (root / "train-acl.csv").rename(root / "train_acl.csv"),
        "has 'train_acl.csv'; rename it",
    ),
    "csv empty": (break_labels(""), "train-acl.csv has no line"),
    "csv of blank lines": (break_labels("\n \n"), "train-acl.csv has no line"),
    "csv in utf-16": (
        lambda root: (root / "train-acl.csv").write_text(GOOD, encoding="utf-16"),
        "train-acl.csv must be text in UTF-8.*Save it again as CSV in UTF-8",
    ),
    "plane emptied": (
        lambda root: [path.unlink() for path in (root / "train/coronal").iterdir()],
        "coronal' has no stack",
    ),
    "all planes emptied": (
        lambda root: [path.unlink() for path in (root / "train").glob("*/*.npy")],
        "3 problems",
    ),
    "plane missing": (
        lambda root: (root / "train/axial/0001.npy").unlink(),
        r"'0001' has no file for plane 'axial' \(planes present: coronal, sagittal\)",
    ),
    "file name": (
        break_stack(np.zeros((1, 2, 2), np.uint8), name="7.npy"),
        "Rename it to 0007.npy",
    ),
    "uint16": (break_stack(np.zeros((2, 4, 4), np.uint16)), r"got \(2, 4, 4\) uint16"),
    "rank": (break_stack(np.zeros((4, 4), np.uint8)), r"dtype uint8, got \(4, 4\) uint8"),
    "no slices": (break_stack(np.zeros((0, 4, 4), np.uint8)), "at least one slice"),
    "objects": (break_stack(np.array([{}], object)), "never unpickled"),
    "empty file": (break_stack(data=b""), "can't be read as a .npy file"),
    "not npy": (break_stack(data=b"PK\x03\x04 whatever"), "can't be read as a .npy file"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_folder_is_refused(root, case):
    act, message = BROKEN[case]
    act(root)
    with pytest.raises(ValueError, match=message):
        load_mrnet(root)


def test_a_truncated_file_is_refused(root):
    path = root / "train" / "axial" / "0001.npy"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match="189 bytes of pixels .* got 188.*truncated"):
        load_mrnet(root)


def test_all_problems_are_shown_together(root):
    break_labels("0000,0\n0001,7\n")(root)
    (root / "train/axial/0001.npy").unlink()
    (root / "train/coronal/0002.npy").write_bytes(b"")
    with pytest.raises(ValueError, match="problem") as caught:
        load_mrnet(root)
    text = str(caught.value)
    assert "line 2" in text
    assert "plane 'axial'" in text
    assert "0002.npy" in text
    assert f"has {text.count(chr(10) + '- ')} problems" in text


def test_a_long_list_of_problems_is_cut_and_counted(root):
    lines = [f"{k:04d},0" for k in range(3, 103)]
    break_labels(GOOD + "\n".join(lines))(root)
    with pytest.raises(ValueError, match=r"- and \d+ more$"):
        load_mrnet(root)


def test_a_file_that_breaks_after_the_check_is_refused_when_loaded(root):
    exam = load_mrnet(root).exams[0]
    break_stack(np.array([{}], object), name="0000.npy")(root)
    with pytest.raises(ValueError, match="Exam '0000', plane 'axial': .*never unpickled"):
        exam.load("axial")


@pytest.mark.parametrize(
    ("make", "split", "message"),
    [
        (lambda root: root / "nowhere", "train", "There is no folder"),
        (lambda root: root.parent, "train", "which has it"),
        (lambda root: root, "valid", r"Folders present: train\. Pass"),
    ],
)
def test_a_wrong_folder_gets_advice(root, make, split, message):
    (root / ".records" / "train").mkdir(parents=True)  # such as synthetic knees have
    (root / ".records" / "valid").mkdir()
    with pytest.raises(FileNotFoundError, match=message):
        load_mrnet(make(root), split)


@pytest.mark.parametrize("below", ["train", "train/axial"])
@pytest.mark.parametrize("labels", ["labels", "no labels"])
def test_a_folder_inside_of_a_release_leads_back_to_it(root, below, labels, monkeypatch):
    if labels == "no labels":
        for path in root.glob("*.csv"):
            path.unlink()
    message = f"no folder 'train'.*Pass '{root}'"
    with pytest.raises(FileNotFoundError, match=message):
        load_mrnet(root / below)
    monkeypatch.chdir(root / below)
    with pytest.raises(FileNotFoundError, match=message):
        load_mrnet(".")


@pytest.mark.parametrize("name", ["release", "train"])
def test_planes_beside_the_labels_are_to_be_moved(root, name):
    flat = (root / "train").rename(root / name)
    for path in root.glob("*.csv"):
        path.rename(flat / path.name)
    with pytest.raises(FileNotFoundError, match=f"lie flat.*move them into '{flat / 'train'}/'"):
        load_mrnet(flat)


@pytest.mark.parametrize(
    ("split", "name"), [("valid", "val"), ("valid", "Valid"), ("valid", "Test"), ("train", "Train")]
)
def test_a_renamed_split_gets_advice(root, split, name):
    (root / "train").rename(root / name)
    with pytest.raises(FileNotFoundError, match=f"has '{name}/'; rename it to '{split}'"):
        load_mrnet(root, split)


def test_an_unknown_split_or_plane_is_refused(root):
    with pytest.raises(ValueError, match="must be 'train' or 'valid', got 'test'"):
        load_mrnet(root, "test")
    with pytest.raises(ValueError, match="`planes` must be some of"):
        load_mrnet(root, planes=("oblique",))


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(root):
    (root / "train-acl.csv").write_bytes(b"\xef\xbb\xbf0000,0\r\n0001,1\r\n0002,0\r\n")
    assert load_mrnet(root).labels["acl"].tolist() == [0, 1, 0]


def test_an_excluded_exam_is_left_out_of_exams_and_labels(root):
    (root / "valid-acl.csv").write_text("1130,0\n")
    (root / "valid" / "axial").mkdir(parents=True)
    np.save(root / "valid" / "axial" / "1131.npy", np.zeros((1, 9, 7), np.uint8))
    exclude = ["0001", "1130", "1131"]  # those of valid are passed over
    dataset = load_mrnet(root, exclude=exclude)
    assert [exam.id for exam in dataset.exams] == ["0000", "0002"]
    assert list(dataset.labels.index) == ["0000", "0002"]
    assert load_labels(root, exclude=exclude).equals(dataset.labels)


@pytest.mark.parametrize("load", [load_mrnet, load_labels])
def test_an_excluded_exam_that_neither_split_has_gives_a_warning(root, load):
    (root / "valid-acl.csv").write_text("1130,0\n")
    exclude = ["9999", "0001", "1130", "0777"]
    with pytest.warns(UserWarning, match=r"got 0777, 9999 \(2 in all\), of which there is neither"):
        assert len(load(root, exclude=exclude)) == 2
    many = [f"{k}" for k in range(2000, 2010)]
    with pytest.warns(UserWarning, match=r"2003, 2004 \.\.\. \(10 in all\)"):
        assert len(load(root, exclude=many)) == 3


@pytest.mark.parametrize("load", [load_mrnet, load_labels])
def test_an_excluded_exam_may_be_of_a_split_that_is_not_there(root, load):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(load(root, exclude=["1130", "0001"])) == 2


@pytest.mark.parametrize("load", [load_mrnet, load_labels])
def test_none_excludes_nothing(root, load):
    assert len(load(root, exclude=None)) == 3


@pytest.mark.parametrize("case", ["label 2", "exam missing", "contradiction", "plane missing"])
def test_what_is_wrong_with_an_excluded_exam_does_not_matter(root, case):
    BROKEN[case][0](root)
    exclude = ["0000", "0001", *(["0003"] if case == "exam missing" else [])]
    dataset = load_mrnet(root, exclude=exclude)
    assert [exam.id for exam in dataset.exams] == ["0002"]
    assert load_labels(root, exclude=exclude).equals(dataset.labels)


def test_a_table_of_findings_excludes_the_exams_it_names(root):
    findings = pd.DataFrame({"exam": ["0002", "", "0002"], "code": ["ghosting", "label-file", "x"]})
    assert len(load_mrnet(root, exclude=findings)) == 2


@pytest.mark.parametrize(
    ("exclude", "error", "message"),
    [
        ("0001", TypeError, "several exam ids, got '0001'. List it."),
        (Path("audit.json"), TypeError, "Read a file with pandas"),
        ([1], TypeError, "exam ids as text, got 1"),
        ([{"exam": "0001"}], TypeError, r"got {'exam': '0001'}\. Make a table"),
        (["1"], ValueError, "holds '1', which is no four-digit exam id"),
        (pd.DataFrame({"id": ["0001"]}), ValueError, r"column 'exam', got \['id'\]"),
        (["0000", "0001", "0002"], ValueError, "every exam of .* is excluded"),
    ],
)
def test_a_wrong_exclusion_is_refused(root, exclude, error, message):
    for load in (load_mrnet, load_labels):
        with pytest.raises(error, match=message):
            load(root, exclude=exclude)
