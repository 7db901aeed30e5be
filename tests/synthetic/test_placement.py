"""Positions of stacks: slice counts of the release, offsets, and joints out of view."""

import numpy as np
import pytest

from mrnet_features.names import PLANES
from mrnet_features.synthetic.placement import (
    CENTRE,
    SLICE_COUNTS,
    place_stack,
    rotation,
    sample_slice_count,
)
from mrnet_features.synthetic.style import Style

STILL = {"offset_spread": 0.0, "plane_rotation": 0.0, "view_spread": 0.0}


def place(plane, seed=0, *, left=False, out_of_view=False, pose=None, **fields):
    return place_stack(
        plane,
        np.random.default_rng(seed),
        Style(**{**STILL, **fields}),
        pose=np.eye(3) if pose is None else pose,
        scale=1.0,
        left=left,
        out_of_view=out_of_view,
    )


def pixel_of(placement, point):
    """Row, column and slice of a point."""
    return np.linalg.solve(placement.steps, np.array(point) - placement.first)


@pytest.mark.parametrize("plane", PLANES)
def test_slice_counts_are_in_the_published_ranges(plane):
    generator = np.random.default_rng(5)
    least, mean, most = SLICE_COUNTS[plane]
    abnormal = generator.random(3000) < 0.8
    counts = np.array([sample_slice_count(generator, plane, int(a), Style()) for a in abnormal])
    assert least <= counts.min()
    assert counts.max() <= most
    assert counts.mean() == pytest.approx(mean, abs=0.8)


@pytest.mark.parametrize("plane", PLANES)
def test_offsets_move_the_knee_by_a_fraction_of_the_picture(plane):
    k = PLANES.index(plane)
    rows, columns = np.zeros(3), np.zeros(3)
    rows[k], columns[k] = 0.25, -0.125
    moved = place(plane, offset_rows=tuple(rows), offset_columns=tuple(columns))
    before, after = (pixel_of(p, CENTRE[plane]) for p in (place(plane), moved))
    assert after[:2] - before[:2] == pytest.approx([64, -32])
    assert before[:2] == pytest.approx([127.5, 127.5])


@pytest.mark.parametrize("plane", PLANES)
def test_out_of_view_is_beyond_any_of_the_four_sides(plane):
    sides = set()
    for seed in range(40):
        row, column, _ = pixel_of(place(plane, seed, out_of_view=True), CENTRE[plane])
        offset = np.array([row, column]) / 255 - 0.5
        axis = int(np.argmax(np.abs(offset)))
        assert 0.45 < abs(offset[axis]) < 0.63
        sides.add((axis, bool(offset[axis] > 0)))
    assert len(sides) == 4


def test_a_right_knee_is_the_mirror_image():
    right, left = place("coronal"), place("coronal", left=True)
    point = np.array([20.0, -6.0, 10.0])
    assert pixel_of(right, point)[1] - 127.5 == pytest.approx(127.5 - pixel_of(left, point)[1])


def test_pictures_of_fewer_pixels_cover_the_same_field():
    placement = place("sagittal")
    zoom = 256 / 160
    corner = placement.first - 0.5 * (placement.steps[:, 0] + placement.steps[:, 1])
    coarse = placement.origins(160)[0] - 0.5 * zoom * (
        placement.steps[:, 0] + placement.steps[:, 1]
    )
    assert coarse == pytest.approx(corner)


def test_rotations_turn_by_the_right_hand_rule():
    assert rotation(np.array([90.0, 0, 0])) @ [0, 1, 0] == pytest.approx([0, 0, 1], abs=1e-12)
    assert rotation(np.array([0, 90.0, 0])) @ [0, 0, 1] == pytest.approx([1, 0, 0], abs=1e-12)
    assert rotation(np.array([0, 0, 90.0])) @ [1, 0, 0] == pytest.approx([0, 1, 0], abs=1e-12)
