"""Findings of one stack: their severity, and what their advice names."""

from dataclasses import replace

import numpy as np
import pytest

from mrnet_features.quality.measurements import measure_stack
from mrnet_features.quality.stack_rules import apply_stack_rules
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
