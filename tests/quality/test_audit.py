"""The audit finds each fault, and nothing in exams without a fault."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mrnet_features.data.dataset import Dataset
from mrnet_features.data.mrnet.load import load_mrnet
from mrnet_features.names import PLANES
from mrnet_features.quality import audit as quality_audit
from mrnet_features.quality.audit import MEASUREMENTS, audit, measure_quality
from mrnet_features.quality.findings import COLUMNS, FOLDER_CODES
from tests.support.audited_folder import (
    FAULTS,
    N_TRAIN,
    N_VALID,
    blank_two_slices,
    change_stack,
    list_findings,
    name,
    stack_path,
    write_labels,
)


def test_exams_without_faults_have_no_finding(clean):
    table = audit(clean)
    assert list_findings(table) == set()
    assert tuple(table.columns) == COLUMNS
    assert table["value"].dtype == np.float64


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_is_found_in_its_stack_and_nothing_else(root, case):
    plane, act = FAULTS[case]
    change_stack(root, 1, plane, act)
    code = case.split()[0].rstrip(":")
    table = audit(load_mrnet(root, planes=(plane,)))
    found = list_findings(table)
    assert (name(1), plane, code) in found
    assert {stack[:2] for stack in found} == {(name(1), plane)}
    # one fault may have two findings: noise also lowers the sharpness
    assert len(found) <= 2
    assert table["advice"].str.len().min() > 20


def break_folder(root):
    write_labels(root, "train", "acl", {name(k): 1 for k in range(N_TRAIN)})
    write_labels(root, "train", "abnormal", {name(k): int(k != 9) for k in range(N_TRAIN)})
    write_labels(root, "valid", "acl", {name(N_TRAIN): 0, name(N_TRAIN + 1): 3})
    path = stack_path(root, 4, "axial")
    whole = path.read_bytes()
    path.unlink()
    path.write_bytes(whole[:-5])
    stack_path(root, 5, "coronal").unlink()


def test_exams_of_one_id_in_both_splits_are_told_apart(root):
    first, last = name(0), name(N_TRAIN + N_VALID - 1)
    for plane in PLANES:
        path = root / "valid" / plane / f"{last}.npy"
        path.rename(path.with_stem(first))
    for path in root.glob("valid-*.csv"):
        path.write_text(path.read_text().replace(last, first))
    for path in root.glob("*/*/*.npy"):  # four exams are enough
        if path.stem not in (first, name(1), name(N_TRAIN)):
            path.unlink()
    change_stack(root, 0, "axial", blank_two_slices)
    change_stack(root, 0, "coronal", lambda _: np.load(root / "valid/coronal" / f"{first}.npy"))
    found = audit(root, codes=["blank-slices", "duplicate"])
    assert found["exam"].tolist() == [first] * 2
    assert found["split"].tolist() == ["train"] * 2
    assert found["plane"].tolist() == ["axial", "coronal"]
    assert f"The same pixels as exam 'valid/{first}'" in found["advice"].iloc[1]
    assert "One is in train, the other in valid" in found["advice"].iloc[1]


def test_problems_of_a_folder_are_findings_instead_of_an_error(root):
    break_folder(root)
    with pytest.raises(ValueError, match="problems"):
        load_mrnet(root)
    table = audit(root)
    assert list_findings(table) == {
        (name(9), "", "label-conflict"),
        (name(4), "axial", "stack-file"),
        (name(5), "coronal", "stack-missing"),
        (name(N_TRAIN + 1), "", "label-file"),
        (name(N_TRAIN + 2), "", "label-missing"),
    }


def test_an_empty_table_or_folder_is_one_finding(root):
    (root / "train-acl.csv").write_text("")
    for path in (root / "valid" / "axial").iterdir():
        path.unlink()
    table = audit(root, codes=["label-file", "label-missing", "stack-missing"])
    assert list_findings(table) == {("", "", "label-file"), ("", "axial", "stack-missing")}
    assert len(table) == 2


@pytest.mark.parametrize(
    ("new", "expected"), [("Valid", "has 'Valid/'; rename it to 'valid'"), ("", "Copy the folder")]
)
def test_labels_of_a_split_without_a_folder_are_a_finding(root, new, expected):
    if new:
        (root / "valid").rename(root / new)
    else:
        shutil.rmtree(root / "valid")
    table = audit(root, codes=FOLDER_CODES)
    assert list_findings(table) == {("", "", "stack-missing")}
    assert table["severity"].item() == "check"
    advice = table["advice"].item()
    assert "labels of 'valid' (valid-abnormal.csv, valid-acl.csv, valid-meniscus.csv)" in advice
    assert expected in advice
    assert table.attrs["examined"]["exams"] == {"train": N_TRAIN, "valid": N_VALID}


def test_labels_of_a_split_without_a_folder_are_examined(root):
    shutil.rmtree(root / "valid")
    path = root / "valid-acl.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0][1:], *lines[1:]]) + "\n")
    codes = list_findings(audit(root, codes=FOLDER_CODES))
    assert {code for _, _, code in codes} >= {"stack-missing", "label-file"}


def test_an_absent_split_is_not_a_finding(root):
    shutil.rmtree(root / "valid")
    for path in root.glob("valid-*.csv"):
        path.unlink()
    assert len(audit(root, codes=FOLDER_CODES)) == 0


def test_broken_lines_keep_the_order_of_their_file(root):
    lines = "".join(f"{k},0\n" for k in range(N_TRAIN))
    (root / "train-acl.csv").write_text(lines)
    advice = audit(root, codes=["label-file"])["advice"]
    found = [int(text.split("line ")[1].split(":")[0]) for text in advice]
    assert found == list(range(1, N_TRAIN + 1))


def test_exams_of_findings_can_be_excluded_when_loading(root):
    break_folder(root)
    table = audit(root, codes=FOLDER_CODES).assign(severity="reject")
    dataset = load_mrnet(root, exclude=table)
    assert {exam.id for exam in dataset.exams}.isdisjoint(table["exam"])
    assert len(dataset) == N_TRAIN - 3


def test_codes_about_the_folder_need_no_pixels(root, monkeypatch):
    break_folder(root)
    monkeypatch.setattr(quality_audit, "measure_exam", None)
    table = audit(root, codes=["label-conflict", "stack-file"])
    assert sorted(table["code"]) == ["label-conflict", "stack-file"]


def test_a_dataset_is_audited_like_a_folder(root):
    change_stack(root, 1, "axial", blank_two_slices)
    dataset = load_mrnet(root)
    labels = dataset.labels.assign(acl=1, abnormal=0)
    table = audit(Dataset(dataset.exams[:3], labels[:3]))
    assert table["code"].value_counts().to_dict() == {"label-conflict": 3, "blank-slices": 1}


def test_attrs_describe_what_was_examined(root):
    stack_path(root, 5, "coronal").unlink()  # still counted as an exam
    for k in range(5):
        stack_path(root, k, "axial").unlink()
    wanted = ["blur", "blank-slices", "noise"]
    table = audit(root, codes=wanted)
    assert table.attrs["examined"] == {
        "exams": {"train": N_TRAIN, "valid": N_VALID},
        "needed": 20,
        "few": {"axial": N_TRAIN + N_VALID - 5},
        "unjudged": ["noise", "blur"],
    }
    assert audit(root, codes=["label-file", "stack-missing"]).attrs["examined"]["unjudged"] == []
    shutil.rmtree(root / "train" / "axial")
    shutil.rmtree(root / "valid" / "axial")
    assert audit(root, codes=wanted).attrs["examined"]["few"] == {"axial": 0}
    exams = load_mrnet(root, planes=("sagittal",)).exams
    examined = audit(Dataset(exams, pd.DataFrame()), skip=["noise"]).attrs["examined"]
    assert examined == {"exams": {"": N_TRAIN}, "needed": 20, "few": {}, "unjudged": []}


def test_a_single_code_needs_no_list(root):
    change_stack(root, 1, "axial", blank_two_slices)
    dataset = Dataset(load_mrnet(root).exams[1:2], pd.DataFrame())
    assert list(audit(dataset, codes="blank-slices")["code"]) == ["blank-slices"]
    assert len(audit(dataset, skip="blank-slices")) == 0


def test_two_jobs_find_the_same(root):
    change_stack(root, 1, "sagittal", FAULTS["out-of-view to the right"][1])
    dataset = load_mrnet(root, planes=("sagittal",))
    pd.testing.assert_frame_equal(audit(dataset, n_jobs=2), audit(dataset))


def test_measurements_are_one_row_per_stack_that_can_be_read(root):
    dataset = load_mrnet(root, planes=("axial",))[:3]
    dataset.exams[1].paths["axial"].unlink()
    change_stack(root, 2, "axial", FAULTS["noise"][1])
    table = measure_quality(dataset)
    assert list(table.columns) == list(MEASUREMENTS)
    assert table["exam"].tolist() == [name(0), name(2)]
    assert table["noise"][1] > 3 * table["noise"][0]
    assert table["snr_dietrich"][1] < table["snr_dietrich"][0] / 3
    assert table["efc"].between(0, 1).all()
    assert not table.isna().any(axis=None)


def test_wrong_input_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        audit(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="no folder 'train' or 'valid'"):
        audit(tmp_path)
    with pytest.raises(TypeError, match="must be a Dataset or the path .* got list"):
        audit([])


def make_link_to_nothing(path):
    path.symlink_to(path.parent / "nothing")


BROKEN_FILES = {
    "empty": lambda path: path.write_bytes(b""),
    "zeros": lambda path: path.write_bytes(bytes(5000)),
    "half": lambda path: path.write_bytes(WHOLE[: len(WHOLE) // 2]),
    "9000 parentheses": lambda path: path.write_bytes(WHOLE[:10] + b"(" * 9000),
    "a pipe": os.mkfifo,
    "a folder": os.mkdir,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a link to nothing": make_link_to_nothing,
}
WHOLE = (
    b"\x93NUMPY\x01\x00v\x00"
    + b"{'descr': '|u1', 'fortran_order': False, 'shape': (2, 64, 64), }".ljust(117)
    + b"\n"
    + bytes(2 * 64 * 64)
)


def test_a_broken_file_is_one_finding_and_the_others_are_examined(root):
    for k, break_file in enumerate(BROKEN_FILES.values()):
        stack_path(root, k, "coronal").unlink()
        break_file(stack_path(root, k, "coronal"))
    change_stack(root, 12, "coronal", blank_two_slices)
    broken = {(name(k), "coronal", "stack-file") for k in range(len(BROKEN_FILES))}
    table = audit(root)
    assert list_findings(table) == broken | {(name(12), "coronal", "blank-slices")}
    assert table["advice"].str.len().max() < 500


@pytest.mark.parametrize("case", BROKEN_FILES)
def test_a_file_that_breaks_after_it_was_listed_is_a_finding(root, case):
    dataset = load_mrnet(root)[:4]
    change_stack(root, 1, "axial", blank_two_slices)
    stack_path(root, 2, "coronal").unlink()
    BROKEN_FILES[case](stack_path(root, 2, "coronal"))
    table = audit(dataset, codes=["stack-file", "blank-slices"])
    assert list_findings(table) == {
        (name(1), "axial", "blank-slices"),
        (name(2), "coronal", "stack-file"),
    }
    assert table["severity"].iloc[1] == "reject"
    assert "Exam '0002', plane 'coronal': " in table["advice"].iloc[1]


def test_a_file_that_may_not_be_read_is_a_finding(root, monkeypatch):
    dataset = load_mrnet(root)[:2]
    path, open_path = stack_path(root, 1, "axial"), Path.open

    def refuse(self, *arguments, **settings):
        if self == path:
            raise PermissionError(13, "Permission denied", str(self))
        return open_path(self, *arguments, **settings)

    monkeypatch.setattr(Path, "open", refuse)
    for data in (dataset, root):
        table = audit(data, codes=["stack-file", "blank-slices"])
        assert list_findings(table) == {(name(1), "axial", "stack-file")}
        assert "Permission denied" in table["advice"].item()


def test_the_command_line_prints_the_same_rows(root):
    change_stack(root, 2, "axial", blank_two_slices)
    write_labels(root, "train", "abnormal", {name(k): 0 for k in range(N_TRAIN)})
    write_labels(root, "train", "acl", {name(k): int(k == 2) for k in range(N_TRAIN)})
    command = [sys.executable, "-m", "mrnet_features", "audit", str(root), "--jobs", "1"]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
    rows = json.loads(done.stdout)
    assert done.stderr == ""
    assert [tuple(row) for row in rows] == [COLUMNS, COLUMNS]
    assert [(row["exam"], row["code"], row["value"]) for row in rows] == [
        (name(2), "label-conflict", None),
        (name(2), "blank-slices", 2.0),
    ]
    for path in (root / "train" / "coronal").iterdir():
        path.unlink()
    chosen = [*command, "--codes", "label-conflict, slice-count"]
    shown = subprocess.run(chosen, capture_output=True, text=True, check=True).stdout.splitlines()
    assert shown[0].split() == ["severity", "split", "exam", "plane", "code", "value", "advice"]
    assert shown[-2:] == [
        "1 finding on 1 of 24 exams (train 21, valid 3): 1 to reject, 0 to check.",
        "Not checked for coronal (3 of the 20 exams needed): slice-count.",
    ]
    assert shown[0].index("code") == shown[1].index("label-conflict")
