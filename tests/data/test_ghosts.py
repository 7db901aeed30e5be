"""The ghost score: it grows with the copies, tells their direction, and ignores noise and glow."""

import itertools
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from mrnet_features.data.audit.ghosts import find_worst, score_ghosts
from mrnet_features.data.audit.measure import measure_stack
from mrnet_features.data.audit.set_rules import describe_cut
from mrnet_features.data.audit.stack_rules import GHOST_CHECK, GHOST_REJECT, judge_stack
from mrnet_features.stacks.regions import find_foreground

sys.path.insert(0, str(Path(__file__).parent))
from legs import add_copies, draw_leg

REAL_KNEE = Path(os.environ.get("MRNET_FEATURES_REAL_KNEE", "/nonexistent"))
needs_real_knee = pytest.mark.skipif(
    not REAL_KNEE.is_dir(),
    reason="set MRNET_FEATURES_REAL_KNEE to a folder of real stacks (echo*.npy); none is shipped",
)


def draw(plane="sagittal", **settings):
    return draw_leg(np.random.default_rng(5), plane, **settings)


def score(stack):
    return find_worst(score_ghosts(stack, find_foreground(stack)))


def test_the_score_grows_with_the_strength_of_the_copies():
    scores = [score(draw(copies=(2, 44, strength)))[0] for strength in (0.0, 0.2, 0.4, 0.8)]
    assert scores[0] < GHOST_CHECK
    assert all(after > before for before, after in itertools.pairwise(scores))
    assert scores[-1] > GHOST_REJECT


@pytest.mark.parametrize(("axis", "shift"), [(1, 36), (2, 58)])
def test_the_direction_is_that_of_the_displacement(axis, shift):
    value, direction = score(draw("axial", copies=(axis, shift, 0.6)))
    assert value > GHOST_REJECT
    assert direction == axis - 1


@pytest.mark.parametrize("noise", [0.5, 3, 8])
def test_noise_is_no_ghost(noise):
    assert score(draw(noise=noise))[0] < GHOST_CHECK


def test_noise_alone_scores_on_few_slices():
    # 2.5 standard errors: by chance one slice in 160 would be beyond
    stack = draw(n_slices=60, noise=6)
    scores = score_ghosts(stack, find_foreground(stack))[:, 1]
    assert np.count_nonzero(scores) <= 4


def test_a_glow_next_to_the_skin_is_no_ghost():
    stack = draw(noise=1.0)
    x = np.arange(stack.shape[2])
    glow = 25 * np.exp(-abs(x - 64) / 18)
    assert score(np.clip(stack + glow, 0, 255).astype(np.uint8))[0] < GHOST_CHECK


def test_mirroring_reversing_and_gain_leave_the_score_as_it_is():
    stack = draw(copies=(2, 44, 0.5))
    expected = score(stack)[0]
    assert score(stack[::-1, :, ::-1])[0] == pytest.approx(expected, rel=0.1)
    assert score((stack * 0.6).astype(np.uint8))[0] == pytest.approx(expected, rel=0.15)


def test_air_too_small_to_judge_is_nan():
    stack = draw()[:, :, 40:88]  # the leg fills the picture
    scores = score_ghosts(stack, np.ones(stack.shape, dtype=bool))
    assert np.isnan(scores).all()
    assert find_worst(scores) == (0.0, 0)


@pytest.mark.parametrize(
    ("plane", "moved", "side"),
    [
        ("sagittal", (0, 62), "right"),
        ("sagittal", (0, -62), "left"),
        ("axial", (60, 0), "bottom"),
        ("axial", (-60, 0), "top"),
    ],
)
def test_a_leg_cut_off_at_one_side_is_told_without_other_exams(plane, moved, side):
    cut = describe_cut(measure_stack(draw(plane, moved=moved)))
    assert cut.startswith(f"The {side} of the picture cuts the leg off")
    assert describe_cut(measure_stack(draw(plane))) == ""


@needs_real_knee
@pytest.mark.parametrize("name", ["echo1_te06ms.npy", "echo8_te50ms.npy"])
def test_real_pulsation_ghosts_are_where_they_are_seen_and_all_else_is_clean(name):
    measures = measure_stack(np.load(REAL_KNEE / name))
    across = measures.ghosts[:, 1]
    assert set(np.argsort(across)[-2:]) == {9, 10}
    assert np.delete(across, [9, 10]).max() < 0.7 * across[[9, 10]].min()
    assert [finding.code for finding in judge_stack(measures)] == ["ghosting"]
    assert describe_cut(measures) == ""


@needs_real_knee
@pytest.mark.parametrize("shift", [90, 120])
@pytest.mark.parametrize("strength", [0.05, 0.1, 0.15])
def test_copies_put_into_a_real_knee_are_heavy(shift, strength):
    stack = np.load(REAL_KNEE / "echo1_te06ms.npy")[12:]  # beyond its own ghosts
    assert score(stack)[0] < GHOST_CHECK
    spoiled = add_copies(stack.astype(float), stack.astype(float), 2, shift, strength)
    value, direction = score(np.clip(spoiled, 0, 255).astype(np.uint8))
    assert (value > GHOST_REJECT, direction) == (True, 1)


@needs_real_knee
def test_a_real_knee_moved_out_of_the_picture_is_told():
    stack = np.load(REAL_KNEE / "echo8_te50ms.npy")
    moved = np.zeros_like(stack)
    moved[:, :, 140:] = stack[:, :, :-140]
    assert "The right of the picture cuts the leg off" in describe_cut(measure_stack(moved))
