"""The audit finds what a reader would reject, and leaves the rest in peace."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from mrnet_features.data.exam import Dataset
from mrnet_features.data.mrnet import load_mrnet
from mrnet_features.names import PLANES
from mrnet_features.quality import CODES, cohort_rules, measurements, stack_rules
from mrnet_features.quality import audit as quality_audit
from mrnet_features.quality.audit import audit
from mrnet_features.quality.findings import FOLDER_CODES
from mrnet_features.quality.measurements import measure_stack
from tests.support.legs import draw_leg

N_TRAIN, N_VALID = 21, 3


def name(k):
    return f"{k:04d}"


def locate(root, k, plane):
    return root / ("train" if k < N_TRAIN else "valid") / plane / f"{name(k)}.npy"


def change(root, k, plane, act):
    path = locate(root, k, plane)
    stack = np.ascontiguousarray(act(np.load(path)))
    path.unlink()  # it is linked to the clean folder's own
    np.save(path, stack)


def write_labels(root, split, task, labels):
    lines = "".join(f"{exam},{label}\n" for exam, label in labels.items())
    (root / f"{split}-{task}.csv").write_text(lines)


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """27 exams without a fault, in the layout of the release."""
    root = tmp_path_factory.mktemp("clean")
    for split, ids in (("train", range(N_TRAIN)), ("valid", range(N_TRAIN, N_TRAIN + N_VALID))):
        for plane in PLANES:
            (root / split / plane).mkdir(parents=True)
        for task in ("abnormal", "acl", "meniscus"):
            write_labels(root, split, task, {name(k): int(task == "abnormal") for k in ids})
    for k in range(N_TRAIN + N_VALID):
        for number, plane in enumerate(PLANES):
            rng = np.random.default_rng([k, number, 4])
            np.save(locate(root, k, plane), draw_leg(rng, plane, n_slices=int(rng.integers(9, 14))))
    return root


@pytest.fixture
def root(clean, tmp_path):
    """A copy of the clean folder, for a test to spoil; the stacks are links to those there."""
    for path in clean.rglob("*"):
        target = tmp_path / path.relative_to(clean)
        if path.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        elif path.suffix == ".npy":
            os.link(path, target)
        else:
            shutil.copy(path, target)
    return tmp_path


def list_findings(table):
    return set(zip(table["exam"], table["plane"], table["code"], strict=True))


def test_clean_exams_have_no_finding(clean):
    table = audit(clean)
    assert list_findings(table) == set()
    assert list(table.columns) == ["exam", "plane", "code", "severity", "value", "advice"]
    assert table["value"].dtype == np.float64


def leg(k, plane, **settings):
    return draw_leg(np.random.default_rng([99, k]), plane, **settings)


def add_noise(stack):
    rng = np.random.default_rng(0)
    return np.clip(stack + rng.normal(0, 2, stack.shape), 0, 255).astype(np.uint8)


def blank_some(stack):
    stack[2:4] = 0
    return stack


def repeat_one(stack):
    stack[3] = stack[2]
    return stack


def smear(stack):
    return (sum(np.roll(stack.astype(float), k, 1) for k in range(-4, 5)) / 9).astype(np.uint8)


FAULTS = {
    "ghosting across the leg": ("sagittal", lambda s: leg(1, "sagittal", copies=(2, 44, 0.5))),
    "ghosting up and down": ("axial", lambda s: leg(1, "axial", copies=(1, 36, 0.5))),
    "out-of-view to the right": ("sagittal", lambda s: leg(1, "sagittal", moved=(0, 62))),
    "out-of-view to the left": ("coronal", lambda s: leg(1, "coronal", moved=(0, -66))),
    "out-of-view downwards": ("coronal", lambda s: leg(1, "coronal", moved=(52, 0))),
    "out-of-view upwards": ("axial", lambda s: leg(1, "axial", moved=(-60, 0))),
    "orientation: a quarter": ("sagittal", lambda s: np.rot90(s, 1, (1, 2))),
    "noise": ("axial", lambda s: leg(1, "axial", noise=16)),
    "blur": ("coronal", smear),
    "saturated": ("axial", lambda s: np.clip(s.astype(int) * 4, 0, 255).astype(np.uint8)),
    "blank-slices": ("axial", blank_some),
    "repeated-slices": ("coronal", repeat_one),
    "slice-count": ("axial", lambda s: leg(1, "axial", n_slices=40)),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_is_found_where_it_is_and_nothing_else(root, case):
    plane, act = FAULTS[case]
    change(root, 1, plane, act)
    code = case.split()[0].rstrip(":")
    table = audit(load_mrnet(root, planes=(plane,)))
    found = list_findings(table)
    assert (name(1), plane, code) in found
    assert {place[:2] for place in found} == {(name(1), plane)}
    # what spoils a picture may spoil it twice over: noise may blur what is known of sharpness
    assert len(found) <= 2
    assert table["advice"].str.len().min() > 20


def test_the_direction_of_displacement_is_told(root):
    change(root, 1, "sagittal", FAULTS["ghosting across the leg"][1])
    change(root, 2, "axial", FAULTS["ghosting up and down"][1])
    exams = load_mrnet(root).exams[1:3]
    table = audit(Dataset(exams, pd.DataFrame()), codes=["ghosting"]).set_index("exam")
    assert "displaced left-right on " in table.loc[name(1), "advice"]
    assert "displaced up-down on " in table.loc[name(2), "advice"]


def test_the_shift_of_a_knee_is_told(root):
    change(root, 1, "sagittal", FAULTS["out-of-view to the right"][1])
    dataset = load_mrnet(root, planes=("sagittal",))
    advice = audit(dataset, codes=["out-of-view"])["advice"].item()
    assert "right of the picture cuts the leg off" in advice
    assert "about 50% of the picture too far right" in advice


@pytest.mark.parametrize(("distance", "told"), [(3.9, set()), (4.6, {"1"}), (4.9, {"0", "1"})])
def test_a_turned_view_is_told_nearer_to_the_others_than_a_strange_one(monkeypatch, distance, told):
    # robust deviations are set, as no leg drawn here lies just so far from the others
    rng = np.random.default_rng(3)
    legs = [draw_leg(rng, "sagittal", n_slices=8) for _ in range(25)]
    legs[0] = np.roll(legs[0], 20, axis=1)
    legs[1] = np.rot90(legs[1], axes=(1, 2))
    group = [measure_stack(leg, "sagittal", str(k)) for k, leg in enumerate(legs)]
    monkeypatch.setattr(cohort_rules, "TWICE", 0.0)
    monkeypatch.setattr(
        cohort_rules, "robust_distance", lambda *_: np.where(np.arange(25) < 2, distance, 0.0)
    )
    found = list(cohort_rules.judge_views({"sagittal": group}))
    assert {finding.exam for finding in found} == told
    assert all((finding.code == "orientation") == (finding.exam == "1") for finding in found)


def test_swapped_planes_are_told(root):
    axial, sagittal = (np.load(locate(root, 1, plane)) for plane in ("axial", "sagittal"))
    change(root, 1, "axial", lambda s: sagittal)
    change(root, 1, "sagittal", lambda s: axial)
    # among legs of another plane it is out of view as well, or not, by chance
    table = audit(root, codes=["orientation"]).set_index("plane")
    assert sorted(table.index) == ["axial", "sagittal"]
    assert "like a stack of the sagittal plane" in table.loc["axial", "advice"]


def test_copies_leave_one_of_each(root):
    change(root, 5, "axial", lambda s: np.load(locate(root, 2, "axial")))
    change(root, N_TRAIN, "coronal", lambda s: np.load(locate(root, 3, "coronal")))
    change(root, 7, "sagittal", lambda s: add_noise(np.load(locate(root, 4, "sagittal"))[::-1]))
    table = audit(root)
    assert list_findings(table) == {
        (name(5), "axial", "duplicate"),
        # of train and valid the copy in train goes: it must not be learned from
        (name(3), "coronal", "duplicate"),
        (name(7), "sagittal", "near-duplicate"),
    }
    across = table.set_index("exam").loc[name(3), "advice"]
    assert f"'{name(N_TRAIN)}'" in across
    assert "One is in train, the other in valid" in across


def test_of_copies_in_two_planes_neither_exam_is_rejected(root):
    change(root, 5, "coronal", lambda s: np.load(locate(root, 2, "sagittal")))
    table = audit(root, codes=["duplicate"])
    assert list_findings(table) == {
        (name(2), "sagittal", "duplicate"),
        (name(5), "coronal", "duplicate"),
    }
    assert set(table["severity"]) == {"check"}
    change(root, 5, "coronal", lambda s: np.load(locate(root, 5, "axial")))
    table = audit(root, codes=["duplicate"])  # whatever the plane, this exam is broken
    assert list_findings(table) == {(name(5), "coronal", "duplicate")}
    assert table["severity"].item() == "reject"


def test_a_mirrored_reversed_darker_copy_is_a_near_duplicate(root):
    original = np.load(locate(root, 2, "coronal"))
    copy = add_noise((original[::-1, :, ::-1] * 0.9).astype(np.uint8))
    change(root, 6, "coronal", lambda s: copy)
    dataset = load_mrnet(root, planes=("coronal",))
    assert list_findings(audit(dataset)) == {(name(6), "coronal", "near-duplicate")}


def test_copies_with_other_labels_say_so(root):
    change(root, 5, "axial", lambda s: np.load(locate(root, 2, "axial")))
    labels = {name(k): int(k == 5) for k in range(N_TRAIN)}
    write_labels(root, "train", "acl", labels)
    dataset = load_mrnet(root, planes=("axial",))
    assert "Their labels differ" in audit(dataset, codes=["duplicate"])["advice"].item()


def test_a_label_that_only_one_of_two_copies_has_is_no_difference(root):
    change(root, 5, "axial", lambda s: np.load(locate(root, 2, "axial")))
    labels = {name(k): 0 for k in range(N_TRAIN) if k != 5}
    write_labels(root, "train", "acl", labels)
    assert "Their labels differ" not in audit(root, codes=["duplicate"])["advice"].item()


@pytest.mark.parametrize(
    ("reject_from", "severity", "verdict"),
    [
        (0.009, "reject", "Leave the exam out, unless you see that they miss the joint."),
        (1e9, "check", "Leave the exam out if they cross the joint."),
    ],
)
def test_the_advice_on_ghosts_is_that_of_their_severity(
    root, monkeypatch, reject_from, severity, verdict
):
    change(root, 1, "axial", FAULTS["ghosting up and down"][1])
    monkeypatch.setattr(stack_rules, "GHOST_REJECT", reject_from)
    dataset = Dataset(load_mrnet(root, planes=("axial",)).exams[1:2], pd.DataFrame())
    finding = audit(dataset, codes=["ghosting"]).iloc[0]
    assert finding["severity"] == severity
    assert finding["advice"].endswith(verdict)


def spoil_folder(root):
    write_labels(root, "train", "acl", {name(k): 1 for k in range(N_TRAIN)})
    write_labels(root, "train", "abnormal", {name(k): int(k != 9) for k in range(N_TRAIN)})
    write_labels(root, "valid", "acl", {name(N_TRAIN): 0, name(N_TRAIN + 1): 3})
    path = locate(root, 4, "axial")
    whole = path.read_bytes()
    path.unlink()
    path.write_bytes(whole[:-5])
    locate(root, 5, "coronal").unlink()


def test_a_broken_folder_becomes_findings_instead_of_an_error(root):
    spoil_folder(root)
    with pytest.raises(ValueError, match="problems"):
        load_mrnet(root)
    table = audit(root)
    assert list_findings(table) == {
        (name(9), "", "label-conflict"),
        (name(4), "axial", "stack-file"),
        (name(5), "coronal", "stack-missing"),
        (name(N_TRAIN + 1), "", "label-file"),
        (name(N_TRAIN + 1), "", "label-missing"),
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
    ("new", "mend"), [("Valid", "has 'Valid/'; rename it to 'valid'"), ("", "Copy the folder")]
)
def test_labels_of_a_split_without_a_folder_are_a_finding(root, new, mend):
    if new:
        (root / "valid").rename(root / new)
    else:
        shutil.rmtree(root / "valid")
    table = audit(root, codes=FOLDER_CODES)
    assert list_findings(table) == {("", "", "stack-missing")}
    assert table["severity"].item() == "check"
    advice = table["advice"].item()
    assert "labels of 'valid' (valid-abnormal.csv, valid-acl.csv, valid-meniscus.csv)" in advice
    assert mend in advice
    assert table.attrs["examined"]["exams"] == {"train": N_TRAIN, "valid": N_VALID}


def test_labels_of_a_split_without_a_folder_are_examined(root):
    shutil.rmtree(root / "valid")
    path = root / "valid-acl.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0][1:], *lines[1:]]) + "\n")
    codes = list_findings(audit(root, codes=FOLDER_CODES))
    assert {code for _, _, code in codes} >= {"stack-missing", "label-file"}


def test_a_split_of_which_nothing_is_there_is_no_finding(root):
    shutil.rmtree(root / "valid")
    for path in root.glob("valid-*.csv"):
        path.unlink()
    assert len(audit(root, codes=FOLDER_CODES)) == 0


def test_broken_lines_of_a_label_file_stand_in_its_order(root):
    lines = "".join(f"{k},0\n" for k in range(N_TRAIN))
    (root / "train-acl.csv").write_text(lines)
    advice = audit(root, codes=["label-file"])["advice"]
    found = [int(text.split("line ")[1].split(":")[0]) for text in advice]
    assert found == list(range(1, N_TRAIN + 1))


def test_what_the_audit_names_can_be_left_out_when_loading(root):
    spoil_folder(root)
    table = audit(root, codes=FOLDER_CODES)
    dataset = load_mrnet(root, exclude=table)
    assert {exam.id for exam in dataset.exams}.isdisjoint(table["exam"])
    assert len(dataset) == N_TRAIN - 3


def test_codes_of_the_folder_alone_read_no_pixel(root, monkeypatch):
    spoil_folder(root)
    monkeypatch.setattr(quality_audit, "measure_exam", None)
    table = audit(root, codes=["label-conflict", "stack-file"])
    assert sorted(table["code"]) == ["label-conflict", "stack-file"]


def test_codes_can_be_left_out(root):
    change(root, 1, "axial", blank_some)
    dataset = load_mrnet(root, planes=("axial",))
    assert audit(dataset, skip=["blank-slices"])["code"].tolist() == []
    with pytest.raises(ValueError, match="`codes` and `skip` must hold .* got 'ghost'"):
        audit(root, codes=["ghost"])


def test_a_dataset_is_audited_as_a_folder_is(root):
    change(root, 1, "axial", blank_some)
    dataset = load_mrnet(root)
    labels = dataset.labels.assign(acl=1, abnormal=0)
    table = audit(Dataset(dataset.exams[:3], labels[:3]))
    assert table["code"].value_counts().to_dict() == {"label-conflict": 3, "blank-slices": 1}


def test_what_was_examined_and_what_could_not_be_judged_is_told(root):
    locate(root, 5, "coronal").unlink()  # an exam all the same
    for k in range(5):
        locate(root, k, "axial").unlink()
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
    change(root, 1, "axial", blank_some)
    dataset = Dataset(load_mrnet(root).exams[1:2], pd.DataFrame())
    assert list(audit(dataset, codes="blank-slices")["code"]) == ["blank-slices"]
    assert len(audit(dataset, skip="blank-slices")) == 0


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"codes": "ghost"}, "must hold some of .*, got 'ghost'"),
        ({"skip": "ghost"}, "must hold some of .*, got 'ghost'"),
        ({"codes": []}, "at least one code that `skip` does not, got none\\. Leave"),
        ({"codes": ["noise"], "skip": ["noise"]}, r"got noise, all of them in `skip` \(noise\)"),
    ],
)
def test_codes_that_leave_nothing_to_look_for_are_refused(root, wishes, message):
    with pytest.raises(ValueError, match=message):
        audit(root, **wishes)


def test_two_jobs_find_the_same(root):
    change(root, 1, "sagittal", FAULTS["out-of-view to the right"][1])
    dataset = load_mrnet(root, planes=("sagittal",))
    pd.testing.assert_frame_equal(audit(dataset, n_jobs=2), audit(dataset))


def test_the_wrong_input_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        audit(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="no folder 'train' or 'valid'"):
        audit(tmp_path)
    with pytest.raises(TypeError, match="must be a Dataset or the path .* got list"):
        audit([])


def test_a_damaged_file_of_a_dataset_is_named(root):
    dataset = load_mrnet(root)
    locate(root, 2, "coronal").unlink()
    locate(root, 2, "coronal").write_bytes(b"")
    with pytest.raises(ValueError, match="Exam '0002', plane 'coronal'"):
        audit(dataset)


def test_what_fails_while_a_stack_is_measured_names_exam_and_plane(root, monkeypatch):
    def fail(grey, leg):
        raise ZeroDivisionError(f"{grey.shape} {leg.shape}")

    monkeypatch.setattr(measurements, "measure_noise", fail)
    with pytest.raises(ZeroDivisionError) as caught:
        audit(load_mrnet(root), n_jobs=1)
    assert caught.value.__notes__ == ["while exam '0000', plane 'axial', was measured"]


def test_the_command_line_gives_the_same_rows(root):
    change(root, 2, "axial", blank_some)
    write_labels(root, "train", "abnormal", {name(k): 0 for k in range(N_TRAIN)})
    write_labels(root, "train", "acl", {name(k): int(k == 2) for k in range(N_TRAIN)})
    command = [sys.executable, "-m", "mrnet_features", "audit", str(root), "--jobs", "1"]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
    rows = json.loads(done.stdout)
    assert done.stderr == ""
    keys = ["exam", "plane", "code", "severity", "value", "advice"]
    assert [list(row) for row in rows] == [keys, keys]
    assert [(row["exam"], row["code"], row["value"]) for row in rows] == [
        (name(2), "label-conflict", None),
        (name(2), "blank-slices", 2.0),
    ]
    for path in (root / "train" / "coronal").iterdir():
        path.unlink()
    chosen = [*command, "--codes", "label-conflict, slice-count"]
    shown = subprocess.run(chosen, capture_output=True, text=True, check=True).stdout.splitlines()
    assert shown[0].split() == ["severity", "exam", "plane", "code", "value", "advice"]
    assert shown[-2:] == [
        "1 finding on 1 of 24 exams (train 21, valid 3): 1 to reject, 0 to check.",
        "Fewer than 20 exams of a plane (coronal 3): slice-count not judged.",
    ]
    assert shown[0].index("code") == shown[1].index("label-conflict")


def test_every_code_has_its_meaning():
    assert all(code == code.lower() and meaning.endswith(".") for code, meaning in CODES.items())
