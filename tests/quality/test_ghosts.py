"""The ghost score grows with the copies, finds their direction, and ignores noise and glow."""

import itertools
import os
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from mrnet_features.names import PLANES
from mrnet_features.quality.ghost_rules import AIR_CHECK, AIR_REJECT, apply_ghost_rules
from mrnet_features.quality.ghosts import find_highest, score_ghosts
from mrnet_features.quality.measurements import measure_stack
from mrnet_features.quality.view_rules import describe_cut
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
    """Highest score of a slice, and its direction."""
    return find_highest(score_ghosts(stack, find_foreground(stack), plane).by_slice)


def test_the_score_grows_with_the_strength_of_the_copies():
    scores = [score(draw(copies=(2, 44, strength)))[0] for strength in (0.0, 0.2, 0.4, 0.8)]
    assert scores[0] < AIR_CHECK
    assert all(after > before for before, after in itertools.pairwise(scores))
    assert scores[-1] > AIR_REJECT


@pytest.mark.parametrize(("axis", "shift"), [(1, 36), (2, 58)])
def test_the_direction_is_that_of_the_displacement(axis, shift):
    value, direction = score(draw("axial", copies=(axis, shift, 0.6)), "axial")
    assert value > AIR_REJECT
    assert direction == axis - 1


@pytest.mark.parametrize("noise", [0.5, 3, 8])
def test_noise_is_not_a_ghost(noise):
    assert score(draw(noise=noise))[0] < AIR_CHECK


@pytest.mark.parametrize("noise", [2.0, 4.0])
@pytest.mark.parametrize("plane", PLANES)
def test_noise_is_not_a_ghost_on_any_of_many_legs(plane, noise):
    # 30 slices and about 25 windows per leg: many chances for noise to look shared
    for seed in range(25):
        leg = draw_leg(np.random.default_rng([seed, 71]), plane, n_slices=30, noise=noise)
        scores = score_ghosts(leg, find_foreground(leg), plane)
        assert max(map(find_highest, scores))[0] < AIR_CHECK


@pytest.mark.parametrize("width", [1.0, 2.0])
def test_interpolated_noise_is_not_a_ghost(width):
    rng = np.random.default_rng(11)
    noise = ndimage.gaussian_filter(rng.normal(0, 8, (20, 128, 128)), (0, width, width))
    stack = np.clip(draw(n_slices=20, noise=0.0) + 6 + 2 * width * noise, 0, 255).astype(np.uint8)
    scores = score_ghosts(stack, find_foreground(stack), "sagittal")
    assert find_highest(scores.by_slice)[0] < AIR_CHECK
    assert find_highest(scores.lasting)[0] < AIR_CHECK


def test_a_faint_copy_on_many_slices_is_found_although_no_two_slices_show_it():
    rng = np.random.default_rng(4)
    stack = draw("axial", n_slices=24, noise=6.0)
    y, x = np.mgrid[:128, :128]
    copy = 13.0 * (np.hypot(y - 64, x - 117) < 4)
    marked = np.clip(np.rint(stack + copy + rng.uniform(-0.5, 0.5, stack.shape)), 0, 255)
    scores = score_ghosts(marked.astype(np.uint8), find_foreground(stack), "axial")
    assert find_highest(scores.by_slice)[0] < AIR_CHECK
    value, direction = find_highest(scores.lasting)
    assert (value > AIR_CHECK, direction) == (True, 1)
    clean = score_ghosts(stack, find_foreground(stack), "axial")
    assert find_highest(clean.lasting)[0] < AIR_CHECK


def test_no_copy_is_displaced_up_or_down_where_a_coronal_leg_gets_narrow():
    stack = draw("coronal", copies=(2, 52, 0.8))
    for ends in (slice(0, 24), slice(104, 128)):
        stack[:, ends, :50] = stack[:, 40:64, :1]
        stack[:, ends, 78:] = stack[:, 40:64, :1]
    foreground = find_foreground(stack)
    assert np.isnan(score_ghosts(stack, foreground, "coronal").by_slice[:, 0]).all()
    value, direction = score(stack, "coronal")
    assert (value > AIR_CHECK, direction) == (True, 1)


def test_a_spot_on_one_slice_only_is_not_a_copy():
    stack = draw("axial", noise=1.0)
    stack[4, 60:68, 114:120] = 40
    assert score(stack, "axial")[0] < AIR_CHECK


@pytest.mark.parametrize("plane", ["coronal", "sagittal"])
def test_dark_ends_of_a_leg_are_not_taken_for_air(plane):
    stack = draw(plane)
    stack[:, :24] //= 8  # far from the coil
    scores = score_ghosts(stack, find_foreground(stack), plane)
    assert np.isnan(scores.by_slice[:, 0]).all()
    assert np.isnan(scores.lasting[0])


def test_a_glow_next_to_the_skin_is_not_a_ghost():
    stack = draw(noise=1.0)
    x = np.arange(stack.shape[2])
    glow = 25 * np.exp(-abs(x - 64) / 18)
    assert score(np.clip(stack + glow, 0, 255).astype(np.uint8))[0] < AIR_CHECK


def test_mirroring_reversal_and_gain_do_not_change_the_score():
    stack = draw(copies=(2, 44, 0.5))
    expected = score(stack)[0]
    assert score(stack[::-1, :, ::-1])[0] == pytest.approx(expected, rel=0.1)
    assert score((stack * 0.6).astype(np.uint8))[0] == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize("plane", PLANES)
def test_too_little_air_gives_nan(plane):
    stack = draw()[:, :, 40:88]  # the leg fills the picture
    scores = score_ghosts(stack, np.ones(stack.shape, dtype=bool), plane)
    assert np.isnan(scores.by_slice).all()
    assert np.isnan(scores.lasting).all()
    assert find_highest(scores.by_slice) == (0.0, 0)


def test_a_single_axial_slice_has_no_score():
    stack = draw("axial", n_slices=1)
    assert np.isnan(score_ghosts(stack, find_foreground(stack), "axial").by_slice).all()


def test_only_the_slices_with_a_copy_have_a_high_score():
    stack = draw("axial", copies=(1, 36, 0.6))  # on slices 4, 5 and 6
    up_down = score_ghosts(stack, find_foreground(stack), "axial").by_slice[:, 0]
    assert np.flatnonzero(up_down >= AIR_CHECK).tolist() == [4, 5, 6]


@pytest.mark.parametrize("axis", [1, 2])
def test_a_copy_in_a_corner_belongs_to_the_axis_with_more_energy(axis):
    stack = draw("axial", n_slices=8)
    y, x = np.mgrid[:128, :128]
    stack[:, np.hypot(y - 24, x - 27) < 3] += 60
    beside = (8, 64) if axis == 1 else (64, 8)
    stack[:, np.hypot(y - beside[0], x - beside[1]) < 2.5] += 20
    scores = score_ghosts(stack, find_foreground(stack), "axial").by_slice
    value, direction = find_highest(scores)
    assert (value > AIR_REJECT, direction) == (True, axis - 1)
    assert np.nanmax(scores[:, 2 - axis]) < AIR_CHECK


@pytest.mark.parametrize("plane", ["coronal", "sagittal"])
@pytest.mark.parametrize("hole", [0, 5, 11])
def test_a_hole_in_the_leg_on_one_slice_is_not_a_ghost(plane, hole):
    stack = draw(plane, n_slices=12)
    foreground = find_foreground(stack)
    foreground[hole, 64:, :90] = False
    scores = score_ghosts(stack, foreground, plane)
    assert max(map(find_highest, scores))[0] < AIR_CHECK


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("radii", [[45, 45, *[37] * 10], [*[37] * 10, 45, 45], [45, 45, 37, 37]])
def test_a_leg_that_is_wider_at_the_end_of_a_stack_is_not_a_ghost(plane, radii):
    rng = np.random.default_rng(8)
    y, x = np.mgrid[:128, :128]
    outline = np.array([np.hypot(y - 64, x - 64) < radius for radius in radii])
    stack = np.clip(rng.rayleigh(2, outline.shape) + 90 * outline, 0, 255).astype(np.uint8)
    assert max(map(find_highest, score_ghosts(stack, outline, plane)))[0] < AIR_CHECK


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("shift", [6, 8, 10, 12, 14, 18, 20])
def test_a_slice_displaced_against_its_neighbours_is_not_a_ghost(plane, shift):
    for seed in range(3):
        stack = draw_leg(np.random.default_rng(seed), plane, n_slices=12)
        stack[6] = np.roll(stack[6], shift, 1)
        scores = score_ghosts(stack, find_foreground(stack), plane)
        assert max(map(find_highest, scores))[0] < AIR_CHECK


def test_a_copy_as_bright_as_the_leg_on_four_slices_is_found():
    stack = draw(n_slices=14)
    y, x = np.mgrid[:128, :128]
    stack[5:9, (abs(x - 108) < 5) & (abs(y - 64) < 40)] += 60
    foreground = find_foreground(stack)
    assert foreground[5:9, 64, 108].all()  # taken for leg because it is bright
    by_slice = score_ghosts(stack, foreground, "sagittal").by_slice[:, 1]
    assert np.flatnonzero(by_slice > AIR_REJECT).tolist() == [5, 6, 7, 8]


def test_an_unknown_plane_is_refused():
    stack = draw()
    with pytest.raises(ValueError, match="`plane` must be one of .* got 'oblique'"):
        score_ghosts(stack, find_foreground(stack), "oblique")


def test_the_noise_of_a_slice_stored_twice_looks_like_a_ghost():
    # which is why `measure_stack` leaves repeated slices out
    stack = draw(n_slices=12, noise=5.0)
    stack[4] = stack[3]
    assert score(stack, "sagittal")[0] > AIR_REJECT


def add_streak(stack, rows=slice(16, 112)):
    stack = stack.copy()
    stack[len(stack) // 2, rows, 116:120] += 30
    return stack


@pytest.mark.parametrize("plane", ["coronal", "sagittal"])
def test_a_long_copy_on_one_slice_is_found_and_a_short_one_is_not(plane):
    stack = add_streak(draw(plane, n_slices=9))
    scores = score_ghosts(stack, find_foreground(stack), plane).by_slice[:, 1]
    assert scores[4] > AIR_REJECT
    assert np.delete(scores, 4).max() < AIR_CHECK
    assert score(add_streak(draw(plane, n_slices=1)), plane)[0] > AIR_REJECT
    short = add_streak(draw(plane, n_slices=9), slice(60, 67))
    assert score(short, plane)[0] < AIR_CHECK


def test_a_long_spot_on_one_axial_slice_is_not_a_copy():
    assert score(add_streak(draw("axial", n_slices=9)), "axial")[0] < AIR_CHECK


@pytest.mark.parametrize("moved", [(0, 0), (34, 0)])
def test_a_copy_opposite_the_border_that_cuts_an_axial_leg_off_is_found(moved):
    stack = draw("axial", n_slices=12, moved=moved)
    y, x = np.mgrid[:128, :128]
    assert score(stack, "axial")[0] < AIR_CHECK
    stack[:, np.hypot(y - 8, x - 64) < 4] += 60
    value, direction = score(stack, "axial")
    assert (value > AIR_REJECT, direction) == (True, 0)


@pytest.mark.parametrize("axis", [1, 2])
def test_a_copy_beside_a_leg_that_touches_the_border_is_found(axis):
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:128, :128]
    stack = rng.rayleigh(2, (8, 128, 128))
    tall, wide = (60, 46) if axis == 2 else (46, 60)
    stack[:, ((y - 62) / tall) ** 2 + ((x - 62) / wide) ** 2 < 1] += 90
    row, column = (64, 118) if axis == 2 else (118, 64)
    stack[:, np.hypot(y - row, x - column) < 4] += 30
    value, direction = score(stack.astype(np.uint8), "axial")
    assert value > AIR_CHECK
    assert direction == axis - 1


@needs_real_knee
@pytest.mark.parametrize("name", ["echo1_te06ms.npy", "echo8_te50ms.npy"])
def test_pulsation_ghosts_of_a_real_knee_are_found_on_the_slices_that_show_them(name):
    measures = measure_stack(np.load(REAL_KNEE / name), plane="sagittal")
    scores = measures.ghosts.by_slice[:, 1]
    assert set(np.argsort(scores)[-2:]) == {9, 10}
    assert np.delete(scores, [9, 10, 11]).max() < 0.6 * scores[[9, 10]].min()
    assert [finding.code for finding in apply_ghost_rules([measures])] == ["ghosting"]
    assert describe_cut(measures) == ""


@needs_real_knee
@pytest.mark.parametrize("shift", [90, 120])
@pytest.mark.parametrize("strength", [0.05, 0.1, 0.15])
def test_copies_added_to_a_real_knee_are_found(shift, strength):
    stack = np.load(REAL_KNEE / "echo1_te06ms.npy")[12:]  # without the slices of its own ghosts
    assert score(stack, "sagittal")[0] < AIR_CHECK
    spoiled = add_copies(stack.astype(float), stack.astype(float), 2, shift, strength)
    spoiled = np.clip(spoiled, 0, 255).astype(np.uint8)
    scores = score_ghosts(spoiled, find_foreground(spoiled), "sagittal")
    value, direction = max(map(find_highest, scores))
    assert (value > AIR_CHECK, direction) == (True, 1)


@needs_real_knee
def test_a_real_knee_moved_out_of_the_picture_is_found():
    stack = np.load(REAL_KNEE / "echo8_te50ms.npy")
    moved = np.zeros_like(stack)
    moved[:, :, 140:] = stack[:, :, :-140]
    assert "The right of the picture cuts the leg off" in describe_cut(
        measure_stack(moved, "sagittal")
    )
