"""Ghosts in the air are judged by their level, repeated edges by comparison with other stacks."""

from dataclasses import replace

import numpy as np
import pytest

from mrnet_features.quality import ghost_rules
from mrnet_features.quality.ghost_rules import AIR_CHECK, apply_ghost_rules
from mrnet_features.quality.ghosts import Ghosts
from mrnet_features.quality.measurements import measure_stack
from tests.support.legs import draw_leg


def draw(plane="sagittal", **settings):
    return draw_leg(np.random.default_rng(5), plane, **settings)


@pytest.fixture
def clean():
    return measure_stack(draw("axial", n_slices=6), "axial", "0000")


@pytest.fixture
def measured():
    """25 stacks without ghosts, whose edges differ at random."""
    rng = np.random.default_rng(7)
    leg = measure_stack(draw(), "sagittal")
    shape = leg.edges.shape
    return [
        replace(leg, exam=str(k), edges=rng.normal(0, 0.01, shape).astype(np.float32))
        for k in range(25)
    ]


@pytest.mark.parametrize(
    ("reject_from", "severity", "verdict"),
    [
        (0.009, "reject", "Leave the exam out unless they clearly miss the joint."),
        (1e9, "check", "Leave the exam out if they cross the joint."),
    ],
)
def test_the_advice_on_ghosts_fits_their_severity(monkeypatch, reject_from, severity, verdict):
    monkeypatch.setattr(ghost_rules, "AIR_REJECT", reject_from)
    (finding,) = apply_ghost_rules([measure_stack(draw(copies=(2, 44, 0.5)), "sagittal")])
    assert finding.severity == severity
    assert finding.advice.endswith(verdict)


@pytest.mark.parametrize(
    ("plane", "copies", "direction"),
    [("sagittal", (2, 44, 0.5), "left-right"), ("axial", (1, 36, 0.5), "up-down")],
)
def test_the_advice_names_direction_and_slices_of_ghosts(plane, copies, direction):
    (finding,) = apply_ghost_rules([measure_stack(draw(plane, copies=copies), plane)])
    expected = f"displaced {direction} on 3 of 10 slices, in the air beside the leg, strongest on"
    assert expected in finding.advice


def test_no_slice_is_named_if_none_shows_copies_by_itself(clean):
    faint = Ghosts(np.zeros((6, 2)), np.array([0.0, 2 * AIR_CHECK]))
    (finding,) = apply_ghost_rules([replace(clean, ghosts=faint)])
    assert "left-right faintly on consecutive slices, in the air" in finding.advice
    assert "strongest" not in finding.advice


def add_repeat(stack, level=0.2):
    """The stack, with edges that repeat every 30 of 256 parts of the picture up and down."""
    edges = stack.edges.copy()
    edges[0, 30 - 14] += level
    return replace(stack, edges=edges)


def test_repeated_edges_are_found_by_comparison_with_the_other_stacks(measured):
    assert list(apply_ghost_rules(measured)) == []
    measured[3] = add_repeat(measured[3])
    (finding,) = apply_ghost_rules(measured)
    assert finding[:4] == ("3", "sagittal", "ghosting", "reject")
    assert "repeat every 12% of the picture up-down" in finding.advice
    assert np.isnan(finding.value)
    # another part of the body repeats in another way; a few stacks can't be compared
    assert list(apply_ghost_rules(measured, {"3"})) == []
    assert list(apply_ghost_rules(measured[:19])) == []


def test_repeated_edges_reject_no_exam_of_a_set_with_named_series(measured):
    measured[3] = add_repeat(measured[3])
    (finding,) = apply_ghost_rules(measured)
    (named,) = apply_ghost_rules([replace(stack, plane="sagittal_fluid") for stack in measured])
    assert (finding.severity, named.severity) == ("reject", "check")


def test_what_repeats_in_all_stacks_is_anatomy(measured):
    assert list(apply_ghost_rules([add_repeat(stack) for stack in measured])) == []


def test_a_pattern_in_the_air_of_all_stacks_is_the_receiver(measured):
    rng = np.random.default_rng(2)
    n_slices = measured[0].n_slices

    def show(stack, level):
        return replace(stack, ghosts=Ghosts(np.full((n_slices, 2), level), np.zeros(2)))

    patterned = [show(stack, rng.normal(0.01, 0.001)) for stack in measured]
    assert list(apply_ghost_rules(patterned)) == []
    patterned[5] = show(patterned[5], 0.05)
    (finding,) = apply_ghost_rules(patterned)
    assert (finding.exam, finding.value) == ("5", pytest.approx(0.05))


def test_a_stack_with_both_kinds_of_copies_is_one_finding(measured):
    spoiled = measure_stack(draw(copies=(2, 44, 0.5)), "sagittal")
    both = add_repeat(replace(measured[0], ghosts=spoiled.ghosts))
    (finding,) = apply_ghost_rules([both, *measured[1:]])
    assert "Edges of the leg repeat" in finding.advice
    assert "in the air beside the leg" in finding.advice
    assert finding.value > AIR_CHECK
