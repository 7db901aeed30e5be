"""Flexion carries the tibia about the centre of the condyles, and soft tissue in part."""

from types import SimpleNamespace

import numpy as np
import pytest

from mrnet_features.synthetic.flexion import (
    CENTRE_Y,
    CENTRE_Z,
    STRAIGHT,
    Carry,
    follow,
    from_tibia,
    to_tibia,
    turn,
)

SHIN = np.array([3.0, 6.0, -80.0])


def test_positions_are_carried_there_and_back():
    carry = Carry(flexion=0.2, shift=4.0, space=1.0)
    y, z = from_tibia(SHIN, *carry)[1:]
    knee = SimpleNamespace(flexion=0.2, shift=4.0, joint_space=1.0)
    assert to_tibia.py_func(y, z, 1.0, knee) == pytest.approx(SHIN[1:], abs=0.01)


def test_a_straight_knee_is_unchanged():
    assert from_tibia(SHIN, *STRAIGHT) == pytest.approx(SHIN)


def test_the_shin_of_a_flexed_knee_points_backward():
    moved = from_tibia(SHIN, 0.3, 0.0, 0.0)
    assert moved[1] > SHIN[1] + 20
    centre = np.array([0.0, CENTRE_Y, CENTRE_Z])
    assert np.linalg.norm(moved - centre) == pytest.approx(np.linalg.norm(SHIN - centre))
    assert turn(0.3) @ turn(-0.3) == pytest.approx(np.eye(3))


def test_the_shift_is_forward_and_the_space_is_downward():
    assert from_tibia(SHIN, 0.0, 5.0, 2.0) - SHIN == pytest.approx([0, -5, -2])


def test_soft_tissue_follows_the_nearer_bone():
    parts = [follow(z) for z in (60.0, 26.0, 9.0, -8.0, -60.0)]
    assert parts == pytest.approx([0, 0, 0.5, 1, 1])
