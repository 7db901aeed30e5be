"""The ghost score: it grows with the copies, tells their direction, and ignores noise and glow."""

import itertools
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from mrnet_features.names import PLANES
from mrnet_features.quality.cohort_rules import describe_cut
from mrnet_features.quality.ghosts import Ghosts, find_worst, score_ghosts
from mrnet_features.quality.measurements import measure_stack
from mrnet_features.quality.stack_rules import (
    GHOST_CHECK,
    GHOST_REJECT,
    judge_stack,
)
from mrnet_features.stacks.foreground import find_foreground
from tests.support.legs import add_copies, draw_leg

REAL_KNEE = Path(os.environ.get("MRNET_FEATURES_REAL_KNEE", "/nonexistent"))
needs_real_knee = pytest.mark.skipif(
    not REAL_KNEE.is_dir(),
    reason="set MRNET_FEATURES_REAL_KNEE to a folder of real stacks (echo*.npy); none is shipped",
)


def draw(plane="sagittal", **settings):
    return draw_leg(np.random.default_rng(5), plane, **settings)


def score(stack, plane="sagittal"):
    """Score and direction of what two slices, or the rows of one, share."""
    return find_worst(score_ghosts(stack, find_foreground(stack), plane).by_slice)


def test_the_score_grows_with_the_strength_of_the_copies():
    scores = [score(draw(copies=(2, 44, strength)))[0] for strength in (0.0, 0.2, 0.4, 0.8)]
    assert scores[0] < GHOST_CHECK
    assert all(after > before for before, after in itertools.pairwise(scores))
    assert scores[-1] > GHOST_REJECT


@pytest.mark.parametrize(("axis", "shift"), [(1, 36), (2, 58)])
def test_the_direction_is_that_of_the_displacement(axis, shift):
    value, direction = score(draw("axial", copies=(axis, shift, 0.6)), "axial")
    assert value > GHOST_REJECT
    assert direction == axis - 1


@pytest.mark.parametrize("noise", [0.5, 3, 8])
def test_noise_is_no_ghost(noise):
    assert score(draw(noise=noise))[0] < GHOST_CHECK


@pytest.mark.parametrize("noise", [2.0, 4.0])
@pytest.mark.parametrize("plane", PLANES)
def test_noise_of_many_legs_passes_for_ghosts_on_none(plane, noise):
    # thirty slices and two dozen windows a leg, many legs: as many chances for noise to look shared
    for seed in range(25):
        leg = draw_leg(np.random.default_rng([seed, 71]), plane, n_slices=30, noise=noise)
        scores = score_ghosts(leg, find_foreground(leg), plane)
        assert max(map(find_worst, scores))[0] < GHOST_CHECK


@pytest.mark.parametrize("width", [1.0, 2.0])
def test_noise_that_is_smooth_within_a_slice_is_no_ghost(width):
    rng = np.random.default_rng(11)
    noise = ndimage.gaussian_filter(rng.normal(0, 8, (20, 128, 128)), (0, width, width))
    stack = np.clip(draw(n_slices=20, noise=0.0) + 6 + 2 * width * noise, 0, 255).astype(np.uint8)
    scores = score_ghosts(stack, find_foreground(stack), "sagittal")
    assert find_worst(scores.by_slice)[0] < GHOST_CHECK
    assert find_worst(scores.lasting)[0] < GHOST_CHECK


def test_a_slice_stored_twice_or_blank_is_no_ghost():
    stack = draw(n_slices=12, noise=5.0)
    stack[4] = stack[3]
    stack[8:10] = 0
    assert score(stack, "sagittal")[0] > GHOST_REJECT  # all of its noise is shared
    measures = measure_stack(stack, plane="sagittal")
    assert np.count_nonzero(np.isfinite(measures.ghosts.by_slice[:, 1])) == 9
    assert (measures.n_repeated, measures.n_blank) == (1, 2)
    assert np.isnan(measures.ghosts.by_slice[[4, 8, 9]]).all()
    assert find_worst(measures.ghosts.by_slice)[0] < GHOST_CHECK
    assert find_worst(measures.ghosts.lasting)[0] < GHOST_CHECK


def test_a_faint_copy_that_lasts_is_seen_where_no_two_slices_show_it():
    rng = np.random.default_rng(4)
    stack = draw("axial", n_slices=24, noise=6.0)
    y, x = np.mgrid[:128, :128]
    copy = 13.0 * (np.hypot(y - 64, x - 117) < 4)
    marked = np.clip(np.rint(stack + copy + rng.uniform(-0.5, 0.5, stack.shape)), 0, 255)
    scores = score_ghosts(marked.astype(np.uint8), find_foreground(stack), "axial")
    assert find_worst(scores.by_slice)[0] < GHOST_CHECK
    value, direction = find_worst(scores.lasting)
    assert (value > GHOST_CHECK, direction) == (True, 1)
    clean = score_ghosts(stack, find_foreground(stack), "axial")
    assert find_worst(clean.lasting)[0] < GHOST_CHECK


def test_a_leg_that_narrows_at_fading_ends_still_runs_through_a_coronal_picture():
    stack = draw("coronal", copies=(2, 52, 0.8))
    for ends in (slice(0, 24), slice(104, 128)):
        stack[:, ends, :50] = stack[:, 40:64, :1]
        stack[:, ends, 78:] = stack[:, 40:64, :1]
    foreground = find_foreground(stack)
    assert np.isnan(score_ghosts(stack, foreground, "coronal").by_slice[:, 0]).all()
    value, direction = score(stack, "coronal")
    assert (value > GHOST_CHECK, direction) == (True, 1)


def test_what_one_slice_alone_shows_is_no_copy():
    stack = draw("axial", noise=1.0)
    stack[4, 60:68, 114:120] = 40
    assert score(stack, "axial")[0] < GHOST_CHECK


@pytest.mark.parametrize("plane", ["coronal", "sagittal"])
def test_air_beyond_a_fading_end_is_not_judged_where_the_plane_is_known(plane):
    stack = draw(plane)
    stack[:, :24] //= 8  # the coil's reach ends
    scores = score_ghosts(stack, find_foreground(stack), plane)
    assert np.isnan(scores.by_slice[:, 0]).all()
    assert np.isnan(scores.lasting[0])


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


@pytest.mark.parametrize("plane", PLANES)
def test_air_too_small_to_judge_is_nan(plane):
    stack = draw()[:, :, 40:88]  # the leg fills the picture
    scores = score_ghosts(stack, np.ones(stack.shape, dtype=bool), plane)
    assert np.isnan(scores.by_slice).all()
    assert np.isnan(scores.lasting).all()
    assert find_worst(scores.by_slice) == (0.0, 0)


def test_an_axial_slice_alone_has_none_to_share_with():
    stack = draw("axial", n_slices=1)
    assert np.isnan(score_ghosts(stack, find_foreground(stack), "axial").by_slice).all()
    assert list(judge_stack(measure_stack(stack, "axial"))) == []


def test_two_slices_that_share_a_copy_are_told_and_no_other():
    stack = draw("axial", copies=(1, 36, 0.6))  # on slices 4, 5 and 6
    up_down = score_ghosts(stack, find_foreground(stack), "axial").by_slice[:, 0]
    assert np.flatnonzero(up_down >= GHOST_CHECK).tolist() == [4, 5, 6]


@pytest.mark.parametrize("axis", [1, 2])
def test_a_copy_in_a_corner_goes_with_the_axis_that_shows_more(axis):
    stack = draw("axial", n_slices=8)
    y, x = np.mgrid[:128, :128]
    stack[:, np.hypot(y - 24, x - 27) < 3] += 60
    beside = (8, 64) if axis == 1 else (64, 8)
    stack[:, np.hypot(y - beside[0], x - beside[1]) < 2.5] += 20
    scores = score_ghosts(stack, find_foreground(stack), "axial").by_slice
    value, direction = find_worst(scores)
    assert (value > GHOST_REJECT, direction) == (True, axis - 1)
    assert np.nanmax(scores[:, 2 - axis]) < GHOST_CHECK


@pytest.mark.parametrize("plane", ["coronal", "sagittal"])
@pytest.mark.parametrize("hole", [0, 5, 11])
def test_a_leg_with_a_hole_on_one_slice_has_no_ghost_in_it(plane, hole):
    stack = draw(plane, n_slices=12)
    foreground = find_foreground(stack)
    foreground[hole, 64:, :90] = False
    scores = score_ghosts(stack, foreground, plane)
    assert max(map(find_worst, scores))[0] < GHOST_CHECK


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("radii", [[45, 45, *[37] * 10], [*[37] * 10, 45, 45], [45, 45, 37, 37]])
def test_a_leg_that_is_wider_at_the_end_of_a_stack_has_no_ghost_there(plane, radii):
    rng = np.random.default_rng(8)
    y, x = np.mgrid[:128, :128]
    outline = np.array([np.hypot(y - 64, x - 64) < radius for radius in radii])
    stack = np.clip(rng.rayleigh(2, outline.shape) + 90 * outline, 0, 255).astype(np.uint8)
    assert max(map(find_worst, score_ghosts(stack, outline, plane)))[0] < GHOST_CHECK


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("shift", [6, 8, 10, 12, 14, 18, 20])
def test_a_slice_displaced_against_its_neighbours_is_no_ghost(plane, shift):
    for seed in range(3):
        stack = draw_leg(np.random.default_rng(seed), plane, n_slices=12)
        stack[6] = np.roll(stack[6], shift, 1)
        scores = score_ghosts(stack, find_foreground(stack), plane)
        assert max(map(find_worst, scores))[0] < GHOST_CHECK


def test_a_copy_as_bright_as_leg_on_four_slices_is_seen():
    stack = draw(n_slices=14)
    y, x = np.mgrid[:128, :128]
    stack[5:9, (abs(x - 108) < 5) & (abs(y - 64) < 40)] += 60
    foreground = find_foreground(stack)
    assert foreground[5:9, 64, 108].all()  # taken for leg by its brightness
    by_slice = score_ghosts(stack, foreground, "sagittal").by_slice[:, 1]
    assert np.flatnonzero(by_slice > GHOST_REJECT).tolist() == [5, 6, 7, 8]


def test_a_plane_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="`plane` must be one of .* got 'oblique'"):
        measure_stack(draw(), "oblique")


def add_streak(stack, rows=slice(16, 112)):
    stack = stack.copy()
    stack[len(stack) // 2, rows, 116:120] += 30
    return stack


@pytest.mark.parametrize("plane", ["coronal", "sagittal"])
def test_the_copy_of_a_vessel_that_lies_in_one_slice_is_seen_by_its_length(plane):
    stack = add_streak(draw(plane, n_slices=9))
    scores = score_ghosts(stack, find_foreground(stack), plane).by_slice[:, 1]
    assert scores[4] > GHOST_REJECT
    assert np.delete(scores, 4).max() < GHOST_CHECK
    assert score(add_streak(draw(plane, n_slices=1)), plane)[0] > GHOST_REJECT
    blot = add_streak(draw(plane, n_slices=9), slice(60, 67))
    assert score(blot, plane)[0] < GHOST_CHECK


def test_a_streak_on_one_axial_slice_is_no_copy():
    assert score(add_streak(draw("axial", n_slices=9)), "axial")[0] < GHOST_CHECK


@pytest.mark.parametrize("moved", [(0, 0), (34, 0)])
def test_a_copy_opposite_to_where_the_picture_cuts_an_axial_leg_is_seen(moved):
    stack = draw("axial", n_slices=12, moved=moved)
    y, x = np.mgrid[:128, :128]
    assert score(stack, "axial")[0] < GHOST_CHECK
    stack[:, np.hypot(y - 8, x - 64) < 4] += 60
    value, direction = score(stack, "axial")
    assert (value > GHOST_REJECT, direction) == (True, 0)


@pytest.mark.parametrize("axis", [1, 2])
def test_a_copy_beyond_a_leg_that_touches_the_rim_is_seen(axis):
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:128, :128]
    stack = rng.rayleigh(2, (8, 128, 128))
    tall, wide = (60, 46) if axis == 2 else (46, 60)
    stack[:, ((y - 62) / tall) ** 2 + ((x - 62) / wide) ** 2 < 1] += 90
    row, column = (64, 118) if axis == 2 else (118, 64)
    stack[:, np.hypot(y - row, x - column) < 4] += 30
    value, direction = score(stack.astype(np.uint8), "axial")
    assert value > GHOST_CHECK
    assert direction == axis - 1


def test_a_finding_says_on_which_slices_and_where_to_look():
    (finding,) = judge_stack(measure_stack(draw(copies=(2, 44, 0.5)), "sagittal"))
    assert "left-right on 3 of 10 slices, in the air beside the leg, strongest" in finding.advice


def test_a_finding_names_no_slice_where_none_shows_copies_by_itself():
    measures = measure_stack(draw("axial", n_slices=6), plane="axial")
    faint = Ghosts(np.zeros((6, 2)), np.array([0.0, 2 * GHOST_CHECK]))
    (finding,) = judge_stack(replace(measures, ghosts=faint))
    assert "left-right faintly on slice after slice, in the air" in finding.advice
    assert "strongest" not in finding.advice


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
    cut = describe_cut(measure_stack(draw(plane, moved=moved), plane))
    assert cut.startswith(f"The {side} of the picture cuts the leg off")
    assert describe_cut(measure_stack(draw(plane), plane)) == ""


@needs_real_knee
@pytest.mark.parametrize("name", ["echo1_te06ms.npy", "echo8_te50ms.npy"])
def test_real_pulsation_ghosts_are_where_they_are_seen_and_all_else_is_clean(name):
    measures = measure_stack(np.load(REAL_KNEE / name), plane="sagittal")
    across = measures.ghosts.by_slice[:, 1]
    assert set(np.argsort(across)[-2:]) == {9, 10}
    assert np.delete(across, [9, 10, 11]).max() < 0.6 * across[[9, 10]].min()
    assert [finding.code for finding in judge_stack(measures)] == ["ghosting"]
    assert describe_cut(measures) == ""


@needs_real_knee
@pytest.mark.parametrize("shift", [90, 120])
@pytest.mark.parametrize("strength", [0.05, 0.1, 0.15])
def test_copies_put_into_a_real_knee_are_found(shift, strength):
    stack = np.load(REAL_KNEE / "echo1_te06ms.npy")[12:]  # beyond its own ghosts
    assert score(stack, "sagittal")[0] < GHOST_CHECK
    spoiled = add_copies(stack.astype(float), stack.astype(float), 2, shift, strength)
    spoiled = np.clip(spoiled, 0, 255).astype(np.uint8)
    scores = score_ghosts(spoiled, find_foreground(spoiled), "sagittal")
    value, direction = max(map(find_worst, scores))
    assert (value > GHOST_CHECK, direction) == (True, 1)


@needs_real_knee
def test_a_real_knee_moved_out_of_the_picture_is_told():
    stack = np.load(REAL_KNEE / "echo8_te50ms.npy")
    moved = np.zeros_like(stack)
    moved[:, :, 140:] = stack[:, :, :-140]
    assert "The right of the picture cuts the leg off" in describe_cut(
        measure_stack(moved, "sagittal")
    )
