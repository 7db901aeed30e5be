"""Displaced, turned and swapped stacks are found by comparison with the others of their plane."""

from dataclasses import replace

import numpy as np
import pytest

from mrnet_features.data.mrnet.load import load_mrnet
from mrnet_features.quality import view_rules
from mrnet_features.quality.audit import audit
from mrnet_features.quality.joint_filter import Joints
from mrnet_features.quality.measurements import measure_stack
from mrnet_features.quality.view_rules import apply_view_rules, describe_cut
from tests.support.audited_folder import FAULTS, change_stack, stack_path
from tests.support.legs import draw_leg


def test_the_advice_names_the_shift(root):
    change_stack(root, 1, "sagittal", FAULTS["out-of-view to the right"][1])
    dataset = load_mrnet(root, planes=("sagittal",))
    advice = audit(dataset, codes=["out-of-view"])["advice"].item()
    assert "right of the picture cuts the leg off" in advice
    assert "right edge" in advice


@pytest.mark.parametrize(
    ("position", "missing", "severity", "advice"),
    [
        ((0.4, 0.0), 0.0, "reject", "at the bottom edge of the picture, about 10% of it away"),
        ((0.1, -0.6), 0.0, "reject", "about 10% of the picture beyond its left edge"),
        ((0.0, 0.3), 5.0, "check", "No joint was found as in the other exams"),
        ((0.0, 0.0), 7.0, "reject", "No joint was found as in the other exams"),
        ((0.3, 0.3), 4.0, None, ""),
    ],
)
def test_a_joint_at_the_edge_or_without_evidence_is_out_of_view(
    monkeypatch, position, missing, severity, advice
):
    # the joints are set: no leg drawn here has exactly these
    leg = measure_stack(draw_leg(np.random.default_rng(3), n_slices=6), "sagittal", "0")
    stacks = [replace(leg, exam=str(k)) for k in range(24)]
    row, column, evidence = np.zeros((3, 24))
    row[3], column[3] = position
    evidence = 0.6 + 0.03 * np.linspace(-1, 1, 24)
    below = 0.6 - np.sort(evidence)[:12]
    evidence[3] = 0.6 - missing * 1.4826 * np.median(below)
    joints = Joints(row, column, evidence)
    monkeypatch.setattr(view_rules, "find_joints", lambda *_, **__: joints)
    found = list(apply_view_rules({"sagittal": stacks}))
    assert [(finding.exam, finding.severity) for finding in found] == (
        [("3", severity)] if severity else []
    )
    assert all(advice in finding.advice and finding.code == "out-of-view" for finding in found)


def test_swapped_planes_are_found(root):
    axial, sagittal = (np.load(stack_path(root, 1, plane)) for plane in ("axial", "sagittal"))
    change_stack(root, 1, "axial", lambda s: sagittal)
    change_stack(root, 1, "sagittal", lambda s: axial)
    # "out-of-view" may be found as well, depending on the other legs
    table = audit(root, codes=["orientation"]).set_index("plane")
    assert sorted(table.index) == ["axial", "sagittal"]
    assert "like a stack of the sagittal plane" in table.loc["axial", "advice"]


@pytest.mark.parametrize(
    ("plane", "moved", "side"),
    [
        ("sagittal", (0, 62), "right"),
        ("sagittal", (0, -62), "left"),
        ("axial", (60, 0), "bottom"),
        ("axial", (-60, 0), "top"),
    ],
)
def test_a_leg_cut_off_at_one_side_is_found_without_other_exams(plane, moved, side):
    cut, whole = (
        measure_stack(draw_leg(np.random.default_rng(5), plane, **settings), plane, "0000")
        for settings in ({"moved": moved}, {})
    )
    assert describe_cut(cut).startswith(f"The {side} of the picture cuts the leg off")
    assert describe_cut(whole) == ""
    (finding,) = apply_view_rules({plane: [cut, whole]})
    assert finding[:4] == ("0000", plane, "out-of-view", "reject")
    assert np.isnan(finding.value)


def test_a_stack_without_leg_is_not_cut_off():
    assert describe_cut(measure_stack(np.zeros((3, 64, 64), np.uint8), "axial")) == ""
