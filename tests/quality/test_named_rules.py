"""Stacks that are not what the name of their series says are found by comparison."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.data.dataset import Dataset
from mrnet_features.data.exam import Exam
from mrnet_features.quality.audit import audit
from mrnet_features.quality.measurements import measure_stack
from mrnet_features.quality.named_rules import apply_named_rules
from tests.support.legs import draw_leg

N_EXAMS = 24


def draw(k, plane, weighting, n_slices=10):
    """A leg in grey on fluid-sensitive stacks, with bright bones and dark lines on structural."""
    stack = draw_leg(np.random.default_rng([k, len(plane), 8]), plane, n_slices=n_slices)
    if weighting == "structural":
        # as a negative of the leg: bones become bright and the joint dark
        leg = stack > 12
        stack = np.where(leg, np.clip(210 - stack.astype(int), 0, 255), stack).astype(np.uint8)
    return stack


@pytest.fixture(scope="module")
def stacks():
    """Measures of 24 exams with four series."""
    return {
        series: [
            measure_stack(draw(k, *series.split("_")), series, f"{k:04d}") for k in range(N_EXAMS)
        ]
        for series in (
            "coronal_fluid", "coronal_structural", "axial_fluid", "sagittal_structural",
        )
    }  # fmt: skip


def replace(stacks, series, k, stack):
    """The set with another stack in place of that of one exam."""
    changed = list(stacks[series])
    changed[k] = measure_stack(np.ascontiguousarray(stack), series, f"{k:04d}")
    return stacks | {series: changed}


def find(stacks):
    findings, unjudged = apply_named_rules(stacks)
    return {(f.exam, f.plane, f.code) for f in findings}, findings, unjudged


def test_a_sound_set_has_no_finding(stacks):
    found, _, unjudged = find(stacks)
    assert found == set()
    assert unjudged == {
        "axial": "0 structural stacks; 20 are needed",
        "sagittal": "0 fluid-sensitive stacks; 20 are needed",
    }


def test_a_structural_picture_under_the_name_of_a_fluid_one_is_found(stacks):
    changed = replace(stacks, "coronal_fluid", 3, draw(99, "coronal", "structural"))
    found, (finding,), _ = find(changed)
    assert found == {("0003", "coronal_fluid", "weighting")}
    assert finding.value < -0.7
    assert finding.advice.startswith("Named fluid-sensitive, but fat, muscle and fluid look as on")


def test_swapped_series_of_an_exam_are_named_as_such(stacks):
    one, other = (draw(5, "coronal", w) for w in ("structural", "fluid"))
    changed = replace(stacks, "coronal_fluid", 5, one)
    changed = replace(changed, "coronal_structural", 5, other)
    found, findings, _ = find(changed)
    assert found == {("0005", f"coronal_{w}", "weighting") for w in ("fluid", "structural")}
    assert all("may be swapped" in finding.advice for finding in findings)


@pytest.mark.parametrize("change", ["noise", "gamma", "gain", "bias"])
def test_what_does_not_change_the_contrast_is_no_finding(stacks, change):
    stack = draw(7, "coronal", "structural").astype(float)
    rng = np.random.default_rng(0)
    stack = {
        "noise": lambda s: np.hypot(s + rng.normal(0, 6, s.shape), rng.normal(0, 6, s.shape)),
        "gamma": lambda s: 255 * (s / 255) ** 1.3,
        "gain": lambda s: 0.7 * s,
        "bias": lambda s: s * np.linspace(0.7, 1.2, s.shape[2]),
    }[change](stack)
    changed = replace(stacks, "coronal_structural", 7, np.clip(stack, 0, 255).astype(np.uint8))
    assert find(changed)[0] == set()


def test_weightings_that_look_alike_are_not_judged(stacks):
    same = [
        measure_stack(draw(k + 50, "coronal", "fluid"), "coronal_structural", f"{k:04d}")
        for k in range(N_EXAMS)
    ]
    found, _, unjudged = find(stacks | {"coronal_structural": same})
    assert found == set()
    assert "of the pictures contradict the names" in unjudged["coronal"]


def test_the_stack_of_another_plane_is_found(stacks):
    changed = replace(stacks, "coronal_fluid", 4, draw(98, "axial", "fluid"))
    found, (finding,), _ = find(changed)
    assert found == {("0004", "coronal_fluid", "orientation")}
    assert "looks like a stack of the axial plane" in finding.advice


def test_a_turned_stack_is_found(stacks):
    turned = np.rot90(draw(6, "sagittal", "structural"), 1, (1, 2))
    found, (finding,), _ = find(replace(stacks, "sagittal_structural", 6, turned))
    assert {code for *_, code in found} == {"orientation"}
    assert finding.exam == "0006"


def test_another_part_of_the_body_is_found(stacks):
    # four round parts apart, as fingers lie in a picture
    y, x = np.mgrid[:128, :128]
    fingers = np.hypot((y % 64) - 32, (x % 64) - 32) < 13
    shown = 120 * fingers + np.random.default_rng(1).normal(0, 3, (10, 128, 128))
    changed = replace(stacks, "axial_fluid", 2, np.clip(np.abs(shown), 0, 255).astype(np.uint8))
    found, (finding,), _ = find(changed)
    assert found == {("0002", "axial_fluid", "body-part")}
    assert finding.value >= 4.5


def test_few_slices_are_found_without_other_exams():
    stack = measure_stack(draw(1, "coronal", "fluid", n_slices=5), "coronal_fluid", "0001")
    found, (finding,), _ = find({"coronal_fluid": [stack]})
    assert found == {("0001", "coronal_fluid", "few-slices")}
    assert finding.value == 5


def test_planes_of_mrnet_are_left_out():
    stack = measure_stack(draw(1, "coronal", "fluid", n_slices=5), "coronal", "0001")
    assert apply_named_rules({"coronal": [stack]}) == ([], {})
    assert stack.contrast.size == 0


def write(folder, exam, **stacks):
    paths = {}
    for series, stack in stacks.items():
        paths[series] = folder / f"{exam}-{series}.npy"
        np.save(paths[series], stack)
    return Exam(exam, paths)


def test_missing_series_are_counted_and_no_finding(tmp_path):
    stack = draw(1, "coronal", "fluid")
    exams = (
        write(tmp_path, "1", coronal_fluid=stack, axial_fluid=draw(2, "axial", "fluid")),
        write(tmp_path, "2", coronal_fluid=draw(3, "coronal", "fluid")),
    )
    labels = pd.DataFrame({"ACL": [1.0, np.nan]}, index=["1", "2"])
    table = audit(Dataset(exams, labels))
    assert len(table) == 0
    assert table.attrs["examined"]["missing"] == {"axial_fluid": 1}
    assert "20 are needed" in table.attrs["examined"]["weighting"]["coronal"]
    blank = audit(Dataset(exams, labels), codes="blank-slices")
    assert blank.attrs["examined"]["weighting"] == {}  # nobody asked for it


def test_copies_of_series_and_of_whole_exams_are_found(tmp_path):
    one, two = draw(1, "coronal", "fluid"), draw(2, "axial", "fluid")
    exams = (
        write(tmp_path, "1", coronal_fluid=one, axial_fluid=two),
        write(tmp_path, "2", coronal_fluid=one, axial_fluid=two),
        write(tmp_path, "3", coronal_fluid=one, axial_fluid=draw(3, "axial", "fluid")),
        write(tmp_path, "4", **dict.fromkeys(("sagittal_fluid", "sagittal_structural"), two[:9])),
    )
    table = audit(Dataset(exams, pd.DataFrame()), codes="duplicate").set_index(["exam", "plane"])
    assert sorted(table.index) == [
        ("2", "axial_fluid"), ("2", "coronal_fluid"), ("3", "coronal_fluid"),
        ("4", "sagittal_structural"),
    ]  # fmt: skip
    whole = "So are all other series of the exam"
    assert whole in table.loc[("2", "axial_fluid"), "advice"]
    assert whole not in table.loc[("3", "coronal_fluid"), "advice"]
    within = table.loc[("4", "sagittal_structural")]
    assert within["severity"] == "check"
    assert "series 'sagittal_fluid'. One of the two series is wrong" in within["advice"]
