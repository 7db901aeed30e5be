"""The filter finds the joint where the stacks of a set show it, also at the edge of the picture."""

import os
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from mrnet_features.quality.edge_pictures import make_edge_picture
from mrnet_features.quality.joint_filter import find_joints
from mrnet_features.quality.measurements import measure_stack
from mrnet_features.quality.view_rules import RIM
from tests.support.legs import draw_leg

JOINT = (62.5 / 128 - 0.5, 60.5 / 128 - 0.5)  # of the legs drawn here


REAL_KNEE = Path(os.environ.get("MRNET_FEATURES_REAL_KNEE", "/nonexistent"))
needs_real_knee = pytest.mark.skipif(
    not REAL_KNEE.is_dir(),
    reason="set MRNET_FEATURES_REAL_KNEE to a folder of real stacks (echo*.npy); none is shipped",
)


def draw_set(plane, offsets):
    """Edge pictures of legs whose knees are moved by some pixels of 128."""
    return np.stack(
        [
            make_edge_picture(draw_leg(np.random.default_rng(k), plane, n_slices=8, moved=offset))
            for k, offset in enumerate(offsets)
        ]
    )


def find(pictures, plane):
    legs = (pictures[:, 2] > 0).astype(np.float32)
    return find_joints(pictures, legs, mirrored=plane != "sagittal", centred=plane == "axial")


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


def cut_out(stack, middle, rng):
    """A part of 120 x 120 pixels, slightly turned, with another contrast."""
    top, left = (int(np.clip(round(value) - 60, 0, 136)) for value in middle)
    turned = ndimage.rotate(stack, rng.normal(0, 4), axes=(1, 2), reshape=False, order=1)
    part = turned[:, top : top + 120, left : left + 120] / 255.0
    return (255 * part ** np.exp(rng.normal(0, 0.15))).astype(np.uint8)


@needs_real_knee
def test_the_joint_of_a_real_knee_is_found_at_every_edge_of_the_picture():
    echoes = [np.load(REAL_KNEE / f"{name}.npy") for name in ("echo1_te06ms", "echo8_te50ms")]
    rng = np.random.default_rng(0)
    offsets = rng.normal(0, 5, (32, 2))
    out = {5: (66, 0), 13: (-66, 0), 21: (0, 66), 29: (0, -66)}
    for k, offset in out.items():
        offsets[k] = offset
    # the joint is at row 147, column 125; the part moves against it
    parts = [
        cut_out(echoes[k % 3 == 0], (147 - row, 125 - column), rng)
        for k, (row, column) in enumerate(offsets)
    ]
    measured = [measure_stack(part, "sagittal") for part in parts]
    pictures = np.stack([measures.picture for measures in measured])
    legs = np.stack([measures.leg[2:-2].mean(axis=0) for measures in measured]) / np.float32(255)
    joints = find_joints(pictures, legs, mirrored=False, centred=False)
    position = np.stack([joints.row, joints.column], axis=1)
    beyond = np.abs(position).max(axis=1) >= 0.5 - RIM
    assert set(np.flatnonzero(beyond)) == set(out)
    for k, offset in out.items():
        axis = int(np.abs(offset).argmax())
        assert np.sign(position[k, axis]) == np.sign(offset[axis])
