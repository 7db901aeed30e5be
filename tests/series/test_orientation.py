"""Planes and turns."""

import itertools

import numpy as np
import pytest

from mrnet_features.series.orientation import (
    CANONICAL,
    Turn,
    find_normal,
    find_plane,
    find_turn,
    make_directions,
    measure_obliquity,
)
from mrnet_features.series.volume import Directions


@pytest.mark.parametrize("plane", CANONICAL)
def test_canonical_slices_are_not_turned(plane):
    assert find_plane(CANONICAL[plane]) == plane
    assert find_turn(CANONICAL[plane], plane) == Turn(False, False, False)
    assert measure_obliquity(CANONICAL[plane], plane) == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("plane", CANONICAL)
@pytest.mark.parametrize("degrees", [0, 20, -20])
def test_every_turn_leads_back_to_the_same_picture(plane, degrees):
    """Eight ways to store one picture, also a little oblique."""
    angle = np.deg2rad(degrees)
    tilt = np.array(
        [[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]]
    )
    right, down = (tilt @ np.array(vector) for vector in CANONICAL[plane])
    picture = np.arange(12.0, dtype=np.float32).reshape(3, 4)
    for is_transposed, *signs in itertools.product([False, True], [1, -1], [1, -1]):
        stored, axes = picture[:: signs[0], :: signs[1]], (signs[1] * right, signs[0] * down)
        if is_transposed:
            stored, axes = stored.T, axes[::-1]
        directions = Directions(*(tuple(axis) for axis in axes))
        assert find_plane(directions) == plane
        assert np.array_equal(find_turn(directions, plane).apply(stored), picture)


def test_the_normal_points_left_back_or_up():
    for plane, axis in (("sagittal", 0), ("coronal", 1), ("axial", 2)):
        right, down = CANONICAL[plane]
        for directions in (Directions(right, down), Directions(down, right)):
            assert find_normal(directions)[axis] == 1


@pytest.mark.parametrize("degrees", [44, 46, 134, 136])
def test_slices_halfway_between_planes_are_counted_as_those_of_the_plane_that_is_stated(degrees):
    along = np.radians(degrees)
    slices = Directions((np.cos(along), np.sin(along), 0), (0, 0, -1))
    assert find_normal(slices, "sagittal")[0] > 0.6
    assert find_normal(slices, "coronal")[1] > 0.6


@pytest.mark.parametrize(
    "values",
    [(), (1, 0, 0), (1, 0, 0, 1, 0, 0), (0, 0, 0, 0, 1, 0), (2, 0, 0, 0, 1, 0), (1,) * 6],
)
def test_invalid_directions_are_none(values):
    assert make_directions(values) is None


def test_directions_are_made_unit_vectors():
    found = make_directions((0, 1.02, 0, 0, 0, -0.98))
    assert found == Directions((0, 1, 0), (0, 0, -1))
