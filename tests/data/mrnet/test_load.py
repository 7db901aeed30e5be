"""Loading a folder: exams and labels in one order, all problems in one error, exclusion."""

import os
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mrnet_features.data.mrnet.load import load_labels, load_mrnet
from mrnet_features.names import PLANES, TASKS
from tests.support.mrnet_folder import GOOD_LABELS, write_acl_file, write_folder, write_labels


@pytest.fixture
def root(tmp_path):
    return write_folder(tmp_path)


def test_exams_and_labels_are_in_one_order(root):
    dataset = load_mrnet(root)
    assert dataset.ids == ("0000", "0001", "0002")
    assert list(dataset.labels.index) == ["0000", "0001", "0002"]
    assert dataset.labels.index.name == "exam"
    assert list(dataset.labels.columns) == list(TASKS)
    assert dataset.labels.loc["0001"].tolist() == [1, 1, 0]
    assert set(dataset.labels.dtypes) == {np.dtype(np.int8)}


def test_labels_need_no_stacks(root):
    expected = load_mrnet(root).labels
    for plane in PLANES:
        for path in (root / "train" / plane).iterdir():
            path.unlink()
    assert load_labels(root).equals(expected)


@pytest.mark.parametrize("text", [b"", b"\xff\xfe\x00"])
def test_a_label_file_without_labels_is_reported_once(root, text):
    (root / "train-acl.csv").write_bytes(text)
    with pytest.raises(ValueError, match=r"has 1 problem:\n- .*train-acl\.csv"):
        load_labels(root)


def test_planes_can_be_chosen(root):
    for path in (root / "train" / "coronal").iterdir():
        path.unlink()
    assert list(load_mrnet(root, planes=("axial", "sagittal"))["0000"].paths) == [
        "axial",
        "sagittal",
    ]


def test_a_single_plane_needs_no_list(root):
    assert list(load_mrnet(root, planes="axial")["0000"].paths) == ["axial"]
    with pytest.raises(ValueError, match=r"must be some of .*, got \('oblique',\)"):
        load_mrnet(root, planes="oblique")
    with pytest.raises(TypeError, match="must be names of planes, got int"):
        load_mrnet(root, planes=3)


def test_planes_of_an_iterator_are_those_of_the_exams(root):
    assert tuple(load_mrnet(root, planes=iter(PLANES))["0000"].paths) == PLANES


BROKEN = {
    "label 2": (
        lambda root: write_acl_file(root, "0000,0\n0001,2\n0002,0\n"),
        "label of exam '0001' must be 0 or 1",
    ),
    "exam missing": (
        lambda root: write_acl_file(root, GOOD_LABELS + "0003,1\n"),
        "'0003' has labels .* but no stack",
    ),
    "contradiction": (
        lambda root: write_labels(root, acl="110"),
        "'0000' has acl = 1 but abnormal = 0",
    ),
    "plane missing": (
        lambda root: (root / "train/axial/0001.npy").unlink(),
        "'0001' has no file for plane 'axial'",
    ),
    "plane emptied": (
        lambda root: [path.unlink() for path in (root / "train/coronal").iterdir()],
        "coronal' has no stack",
    ),
    "all planes emptied": (
        lambda root: [path.unlink() for path in (root / "train").glob("*/*.npy")],
        "3 problems",
    ),
    "truncated stack": (
        lambda root: (root / "train/axial/0001.npy").write_bytes(b"\x93NUMPY"),
        "can't be read as a .npy file",
    ),
    "nothing left": (
        lambda root: (
            [path.write_text("") for path in root.glob("*.csv")]
            + [path.unlink() for path in (root / "train").glob("*/*.npy")]
        ),
        "has no exam. Pass the folder of a complete release",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_folder_is_refused(root, case):
    act, message = BROKEN[case]
    act(root)
    with pytest.raises(ValueError, match=message):
        load_mrnet(root)


def test_all_problems_are_shown_together(root):
    write_acl_file(root, "0000,0\n0001,7\n")
    (root / "train/axial/0001.npy").unlink()
    (root / "train/coronal/0002.npy").write_bytes(b"")
    with pytest.raises(ValueError, match="problem") as caught:
        load_mrnet(root)
    text = str(caught.value)
    assert "line 2" in text
    assert "plane 'axial'" in text
    assert "0002.npy" in text
    assert f"has {text.count(chr(10) + '- ')} problems" in text


def test_an_unknown_split_is_refused(root):
    with pytest.raises(ValueError, match="must be 'train' or 'valid', got 'test'"):
        load_mrnet(root, "test")


def test_an_excluded_exam_is_left_out_of_exams_and_labels(root):
    (root / "valid-acl.csv").write_text("1130,0\n")
    (root / "valid" / "axial").mkdir(parents=True)
    np.save(root / "valid" / "axial" / "1131.npy", np.zeros((1, 9, 7), np.uint8))
    exclude = ["0001", "1130", "1131"]  # ids of valid are ignored
    dataset = load_mrnet(root, exclude=exclude)
    assert dataset.ids == ("0000", "0002")
    assert list(dataset.labels.index) == ["0000", "0002"]
    assert load_labels(root, exclude=exclude).equals(dataset.labels)


@pytest.mark.parametrize("load", [load_mrnet, load_labels])
def test_an_excluded_exam_that_neither_split_has_gives_a_warning(root, load):
    (root / "valid-acl.csv").write_text("1130,0\n")
    exclude = ["9999", "0001", "1130", "0777"]
    with pytest.warns(UserWarning, match="got '0777', '9999' without a label or a stack"):
        assert len(load(root, exclude=exclude)) == 2
    many = [f"{k}" for k in range(2000, 2010)]
    with pytest.warns(UserWarning, match="'2002' and 7 more without"):
        assert len(load(root, exclude=many)) == 3


@pytest.mark.parametrize("load", [load_mrnet, load_labels])
def test_an_excluded_exam_may_be_of_a_split_that_is_absent(root, load):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(load(root, exclude=["1130", "0001"])) == 2


@pytest.mark.parametrize("load", [load_mrnet, load_labels])
def test_none_excludes_nothing(root, load):
    assert len(load(root, exclude=None)) == 3


@pytest.mark.parametrize("case", ["label 2", "exam missing", "contradiction", "plane missing"])
def test_problems_of_an_excluded_exam_are_ignored(root, case):
    BROKEN[case][0](root)
    exclude = ["0000", "0001", *(["0003"] if case == "exam missing" else [])]
    dataset = load_mrnet(root, exclude=exclude)
    assert dataset.ids == ("0002",)
    assert load_labels(root, exclude=exclude).equals(dataset.labels)


def test_a_table_of_findings_excludes_its_exams(root):
    findings = pd.DataFrame({"exam": ["0002", "", "0002"], "code": ["ghosting", "label-file", "x"]})
    assert len(load_mrnet(root, exclude=findings)) == 2


@pytest.mark.parametrize("load", [load_mrnet, load_labels])
def test_only_reject_excludes_an_exam(root, load):
    marks = pd.DataFrame({"exam": ["0000", "0001", "0002"]})
    marks["severity"] = ["agree", "reject", "check"]
    assert len(load(root, exclude=marks)) == 2
    assert len(load(root, exclude=marks.assign(severity="note"))) == 3


@pytest.mark.parametrize(
    ("exclude", "error", "message"),
    [
        ("0001", TypeError, "several exam ids, got '0001'. Pass a list."),
        (Path("audit.json"), TypeError, "Read a file with pandas"),
        ([1], TypeError, "exam ids as text, got 1"),
        ([{"exam": "0001"}], TypeError, r"got {'exam': '0001'}\. Make a table"),
        (["1"], ValueError, "with their leading zeros such as '0001', got '1'"),
        (["42"], ValueError, "with their leading zeros such as '0042', got '42'"),
        (["7.0"], ValueError, "must hold exam ids, but '7.0' is a decimal number"),
        (["\u0661"], ValueError, "but '\u0661' must be written with the digits 0 to 9"),
        (["9" * 10_000], ValueError, "must have at most 200 characters, got 10000"),
        (pd.DataFrame({"id": ["0001"]}), ValueError, "column 'exam', got 'id'"),
        (["0000", "0001", "0002"], ValueError, "every exam of .* is excluded"),
    ],
)
def test_a_wrong_exclusion_is_refused(root, exclude, error, message):
    for load in (load_mrnet, load_labels):
        with pytest.raises(error, match=message):
            load(root, exclude=exclude)


def write_exams(root, ids, *, labelled=None):
    """Write stacks of some ids, and labels of the same or of other ids."""
    for plane in PLANES:
        (root / "train" / plane).mkdir(parents=True)
        for exam in ids:
            np.save(root / "train" / plane / f"{exam}.npy", np.full((1, 2, 2), 9, np.uint8))
    rows = "".join(f'"{exam}",1\n' for exam in labelled or ids)
    for task in TASKS:
        (root / f"train-{task}.csv").write_text(rows)
    return root


IDS = {
    "more than 10,000 exams": [f"{k:04d}" for k in (0, 9_999, 10_000, 123_456)],
    "DICOM UIDs": ["1.2.840.113619.2", "1.2.840.113619.10"],
    "numbers without zeros": [str(k) for k in range(12)],
    "names": ["=1+1", "_0000", "knee 7, left", "\u00fc"],
    "six digits": ["000001", "000012"],
}


@pytest.mark.parametrize("case", IDS)
def test_exam_ids_may_be_any_text(tmp_path, case):
    root, ids = write_exams(tmp_path, IDS[case]), sorted(IDS[case])
    dataset = load_mrnet(root)
    assert list(dataset.ids) == list(dataset.labels.index) == list(load_labels(root).index) == ids
    assert load_mrnet(root, exclude=ids[:1]).ids == tuple(ids[1:])
    assert dataset[ids[-1]].load("axial").shape == (1, 2, 2)


def test_labels_that_lost_their_zeros_are_one_problem_per_file(tmp_path):
    padded, short = [f"{k:04d}" for k in range(8, 12)], [str(k) for k in range(8, 12)]
    root = write_exams(tmp_path, padded, labelled=short)
    message = (
        r"has 3 problems(?s:.)*line 1: id '8' has lost its leading zeros .*Write it as 0008. "
        r"The same in 3 more lines: 2, 3, 4."
    )
    for load in (load_mrnet, load_labels):
        with pytest.raises(ValueError, match=message):
            load(root)
    for path in root.glob("train/*/*.npy"):
        path.unlink()
    with pytest.raises(ValueError, match=message):
        load_labels(root)


def test_stacks_that_lost_their_zeros_are_reported(tmp_path):
    root = write_exams(tmp_path, ["8", "9"], labelled=["0008", "0009"])
    with pytest.raises(ValueError, match=r"8.npy' has lost the .*Rename it to 0008.npy"):
        load_mrnet(root)


def test_a_short_id_beside_ids_with_zeros_has_lost_its_own(tmp_path):
    root = write_exams(tmp_path, ["0001", "0002"], labelled=["0001", "0002", "42"])
    with pytest.raises(ValueError, match="line 3: id '42' has lost its leading zeros"):
        load_labels(root)


def test_a_folder_of_broken_files_is_one_short_error(tmp_path):
    root = write_exams(tmp_path, ["0001"])
    (root / "train/axial/0002.npy").mkdir()
    os.mkfifo(root / "train/coronal/0002.npy")
    (root / "train/sagittal/0002.npy").write_bytes(bytes(5000))
    with open(os.fsencode(root) + b"/train/axial/\xff\x1b.npy", "wb"):  # noqa: PTH123
        pass
    (root / "train-acl.csv").unlink()
    os.mkfifo(root / "train-acl.csv")
    with pytest.raises(ValueError, match="got a folder") as caught:
        load_mrnet(root)
    text = str(caught.value)
    assert text.count("axial/0002.npy") == 1  # a path is named once
    for part in ("got a pipe", "0002.npy' can't be read", r"'\udcff\x1b'", "train-acl.csv' must"):
        assert part in text
    assert text.replace("\n", "").isprintable()
    assert len(text) < 4000
