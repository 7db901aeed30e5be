"""Copies of a stack are found, and leaving out the named exams keeps one of each."""

import numpy as np

from mrnet_features.data.mrnet.load import load_mrnet
from mrnet_features.quality.audit import audit
from mrnet_features.quality.duplicates import find_near_duplicates
from tests.support.audited_folder import (
    N_TRAIN,
    add_noise,
    change_stack,
    list_findings,
    name,
    stack_path,
    write_labels,
)


def load(root, k, plane):
    return np.load(stack_path(root, k, plane))


def test_one_exam_of_each_pair_is_named(root):
    change_stack(root, 5, "axial", lambda s: load(root, 2, "axial"))
    change_stack(root, N_TRAIN, "coronal", lambda s: load(root, 3, "coronal"))
    change_stack(root, 7, "sagittal", lambda s: add_noise(load(root, 4, "sagittal")[::-1]))
    table = audit(root)
    assert list_findings(table) == {
        (name(5), "axial", "duplicate"),
        # of a pair in train and valid, the one in train: no model may learn from it
        (name(3), "coronal", "duplicate"),
        (name(7), "sagittal", "near-duplicate"),
    }
    across = table.set_index("exam").loc[name(3), "advice"]
    assert f"'{name(N_TRAIN)}'" in across
    assert "One is in train, the other in valid" in across


def test_copies_in_two_planes_reject_neither_exam(root):
    change_stack(root, 5, "coronal", lambda s: load(root, 2, "sagittal"))
    table = audit(root, codes=["duplicate"])
    assert list_findings(table) == {
        (name(2), "sagittal", "duplicate"),
        (name(5), "coronal", "duplicate"),
    }
    assert set(table["severity"]) == {"check"}


def test_copies_in_two_planes_of_one_exam_reject_it(root):
    change_stack(root, 5, "coronal", lambda s: load(root, 5, "axial"))
    table = audit(root, codes=["duplicate"])
    assert list_findings(table) == {(name(5), "coronal", "duplicate")}
    assert table["severity"].item() == "reject"


def test_a_mirrored_reversed_darker_copy_is_a_near_duplicate(root):
    copy = add_noise((load(root, 2, "coronal")[::-1, :, ::-1] * 0.9).astype(np.uint8))
    change_stack(root, 6, "coronal", lambda s: copy)
    dataset = load_mrnet(root, planes=("coronal",))
    assert list_findings(audit(dataset)) == {(name(6), "coronal", "near-duplicate")}


def test_different_labels_of_copies_are_mentioned(root):
    change_stack(root, 5, "axial", lambda s: load(root, 2, "axial"))
    write_labels(root, "train", "acl", {name(k): int(k == 5) for k in range(N_TRAIN)})
    dataset = load_mrnet(root, planes=("axial",))
    assert "Their labels differ" in audit(dataset, codes=["duplicate"])["advice"].item()


def test_a_label_of_only_one_of_two_copies_is_no_difference(root):
    change_stack(root, 5, "axial", lambda s: load(root, 2, "axial"))
    write_labels(root, "train", "acl", {name(k): 0 for k in range(N_TRAIN) if k != 5})
    assert "Their labels differ" not in audit(root, codes=["duplicate"])["advice"].item()


def test_no_stacks_have_no_duplicates():
    assert list(find_near_duplicates([], max, max)) == []
