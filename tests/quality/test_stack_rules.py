"""Findings of one stack: their severity, and what their advice names."""

from dataclasses import replace

import numpy as np
import pytest

from mrnet_features.quality import stack_rules
from mrnet_features.quality.ghosts import Ghosts
from mrnet_features.quality.measurements import measure_stack
from mrnet_features.quality.stack_rules import GHOST_CHECK, apply_stack_rules
from tests.support.legs import draw_leg


def draw(plane="sagittal", **settings):
    return draw_leg(np.random.default_rng(5), plane, **settings)


@pytest.fixture
def clean():
    return measure_stack(draw("axial", n_slices=6), "axial", "0000")


def test_a_stack_without_faults_has_no_finding(clean):
    assert list(apply_stack_rules(clean)) == []
    assert list(apply_stack_rules(measure_stack(draw("axial", n_slices=1), "axial"))) == []


@pytest.mark.parametrize(
    ("changes", "code", "severity", "value", "advice"),
    [
        ({"n_blank": 2}, "blank-slices", "check", 2, "without contrast: 2 of 6"),
        ({"n_blank": 3}, "blank-slices", "reject", 3, "without contrast: 3 of 6"),
        ({"n_repeated": 1}, "repeated-slices", "check", 1, "equal to the slice before: 1 of 6"),
        ({"n_repeated": 5}, "repeated-slices", "reject", 5, "equal to the slice before: 5 of 6"),
        ({"saturation": 0.21}, "saturated", "check", 0.21, "21% of the leg"),
        ({"saturation": 0.5}, "saturated", "reject", 0.5, "50% of the leg"),
    ],
)
def test_severity_and_value(clean, changes, code, severity, value, advice):
    (finding,) = apply_stack_rules(replace(clean, **changes))
    assert finding[:5] == ("0000", "axial", code, severity, value)
    assert advice in finding.advice


@pytest.mark.parametrize(
    ("reject_from", "severity", "verdict"),
    [
        (0.009, "reject", "Leave the exam out unless they clearly miss the joint."),
        (1e9, "check", "Leave the exam out if they cross the joint."),
    ],
)
def test_the_advice_on_ghosts_fits_their_severity(monkeypatch, reject_from, severity, verdict):
    monkeypatch.setattr(stack_rules, "GHOST_REJECT", reject_from)
    (finding,) = apply_stack_rules(measure_stack(draw(copies=(2, 44, 0.5)), "sagittal"))
    assert finding.severity == severity
    assert finding.advice.endswith(verdict)


@pytest.mark.parametrize(
    ("plane", "copies", "direction"),
    [("sagittal", (2, 44, 0.5), "left-right"), ("axial", (1, 36, 0.5), "up-down")],
)
def test_the_advice_names_direction_and_slices_of_ghosts(plane, copies, direction):
    (finding,) = apply_stack_rules(measure_stack(draw(plane, copies=copies), plane))
    expected = f"displaced {direction} on 3 of 10 slices, in the air beside the leg, strongest on"
    assert expected in finding.advice


def test_no_slice_is_named_if_none_shows_copies_by_itself(clean):
    faint = Ghosts(np.zeros((6, 2)), np.array([0.0, 2 * GHOST_CHECK]))
    (finding,) = apply_stack_rules(replace(clean, ghosts=faint))
    assert "left-right faintly on consecutive slices, in the air" in finding.advice
    assert "strongest" not in finding.advice
