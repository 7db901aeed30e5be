"""The filter finds the joint where the stacks of a set show it, also at the edge of the picture."""

import numpy as np
import pytest

from mrnet_features.quality.edge_pictures import make_edge_picture
from mrnet_features.quality.joint_filter import find_joints
from tests.support.legs import draw_leg

JOINT = (62.5 / 128 - 0.5, 60.5 / 128 - 0.5)  # of the legs drawn here


def draw_set(plane, offsets):
    """Edge pictures of legs whose knees are moved by some pixels of 128."""
    return np.stack(
        [
            make_edge_picture(draw_leg(np.random.default_rng(k), plane, n_slices=8, moved=offset))
            for k, offset in enumerate(offsets)
        ]
    )


def find(pictures, plane):
    return find_joints(pictures, mirrored=plane != "sagittal", centred=plane == "axial")


@pytest.mark.parametrize("plane", ["coronal", "sagittal"])
@pytest.mark.parametrize("middle", [(0, 0), (-16, 8)])
def test_the_joint_row_is_that_of_the_drawing(plane, middle):
    rng = np.random.default_rng(3)
    offsets = np.rint(rng.normal(middle, 4, (24, 2))).astype(int)
    joints = find(draw_set(plane, offsets), plane)
    assert joints.row == pytest.approx(JOINT[0] + offsets[:, 0] / 128, abs=0.06)


@pytest.mark.parametrize("moved", [(-50, 0), (50, 0), (0, -50), (0, 50)])
def test_a_joint_at_the_edge_of_the_picture_is_found_there(moved):
    rng = np.random.default_rng(4)
    offsets = np.rint(rng.normal(0, 3, (30, 2))).astype(int)
    offsets[11] = moved
    joints = find(draw_set("sagittal", offsets), "sagittal")
    position = np.array([joints.row[11], joints.column[11]])
    axis = int(np.abs(moved).argmax())
    assert np.sign(position[axis]) == np.sign(moved[axis])
    assert abs(position[axis]) > 0.33
    others = np.delete(np.abs([joints.row, joints.column]).max(axis=0), 11)
    assert others.max() < 0.2


def test_there_is_little_evidence_in_a_picture_without_a_joint():
    pictures = draw_set("sagittal", np.zeros((30, 2), int))
    shaft = draw_leg(np.random.default_rng(77), "sagittal", n_slices=8, moved=(-110, 0))
    pictures[7] = make_edge_picture(shaft)
    evidence = find(pictures, "sagittal").evidence
    assert evidence.argmin() == 7
    assert evidence[7] < 0.7 * np.delete(evidence, 7).min()


def test_mirrored_knees_are_found_in_the_mirrored_place():
    pictures = draw_set("coronal", [(0, 12)] * 24)
    joints = find(pictures, "coronal")
    mirrored = find(pictures[..., ::-1], "coronal")
    np.testing.assert_allclose(mirrored.row, joints.row, atol=1e-3)
    np.testing.assert_allclose(mirrored.column, -joints.column, atol=1e-3)


def test_pictures_without_anything_have_no_evidence():
    joints = find(np.zeros((20, 3, 32, 32), np.float32), "axial")
    assert np.isfinite(joints.row).all()
    assert joints.evidence == pytest.approx(0)
