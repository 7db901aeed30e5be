"""Displaced, turned and swapped stacks are found by comparison with the others of their plane."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.data.mrnet import load_mrnet
from mrnet_features.quality import cohort_rules
from mrnet_features.quality.audit import audit
from mrnet_features.quality.cohort_rules import apply_value_rules, apply_view_rules, describe_cut
from mrnet_features.quality.measurements import measure_stack
from tests.support.audited_folder import FAULTS, change_stack, stack_path
from tests.support.legs import draw_leg


def test_the_advice_names_the_shift(root):
    change_stack(root, 1, "sagittal", FAULTS["out-of-view to the right"][1])
    dataset = load_mrnet(root, planes=("sagittal",))
    advice = audit(dataset, codes=["out-of-view"])["advice"].item()
    assert "right of the picture cuts the leg off" in advice
    assert "about 50% of the picture too far right" in advice


@pytest.mark.parametrize(("distance", "expected"), [(3.9, set()), (4.6, {"1"}), (4.9, {"0", "1"})])
def test_a_turned_view_is_found_at_a_smaller_distance_than_a_displaced_one(
    monkeypatch, distance, expected
):
    # the distances are set: no leg drawn here has exactly these
    rng = np.random.default_rng(3)
    legs = [draw_leg(rng, "sagittal", n_slices=8) for _ in range(25)]
    legs[0] = np.roll(legs[0], 20, axis=1)
    legs[1] = np.rot90(legs[1], axes=(1, 2))
    stacks = [measure_stack(leg, "sagittal", str(k)) for k, leg in enumerate(legs)]
    monkeypatch.setattr(cohort_rules, "DISSIMILARITY_RATIO", 0.0)
    monkeypatch.setattr(
        cohort_rules, "robust_distance", lambda *_: np.where(np.arange(25) < 2, distance, 0.0)
    )
    found = list(apply_view_rules({"sagittal": stacks}))
    assert {finding.exam for finding in found} == expected
    assert all((finding.code == "orientation") == (finding.exam == "1") for finding in found)


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


@pytest.mark.parametrize(
    ("n_slices", "advice"), [(4, "is truncated, or"), (24, "holds two series, or")]
)
def test_the_number_of_slices_is_compared_with_the_median(n_slices, advice):
    stacks = [
        measure_stack(draw_leg(np.random.default_rng(k), n_slices=10), "sagittal", str(k))
        for k in range(20)
    ]
    other = measure_stack(draw_leg(np.random.default_rng(99), n_slices=n_slices), "sagittal", "x")
    assert list(apply_value_rules(stacks)) == []
    (finding,) = apply_value_rules([*stacks, other])
    assert finding[:5] == ("x", "sagittal", "slice-count", "check", n_slices)
    assert f"{n_slices} slices; the median of sagittal stacks is 10" in finding.advice
    assert advice in finding.advice


def test_few_stacks_are_not_compared():
    stacks = [
        measure_stack(draw_leg(np.random.default_rng(k), n_slices=4 + 6 * (k > 0)), "sagittal")
        for k in range(19)
    ]
    assert list(apply_value_rules(stacks)) == []


def test_a_dataset_without_labels_can_be_compared(root):
    change_stack(root, 1, "axial", FAULTS["noise"][1])
    dataset = load_mrnet(root, planes=("axial",))
    expected = audit(dataset, codes="noise")
    unlabelled = type(dataset)(dataset.exams, pd.DataFrame())
    pd.testing.assert_frame_equal(audit(unlabelled, codes="noise"), expected)
    assert expected["exam"].tolist() == ["0001"]
