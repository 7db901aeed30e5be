"""Joint plane: where the bones meet, mirrored exactly, right on real and turned knees."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from mrnet_features.stacks.atlas import find_frame
from mrnet_features.stacks.foreground import Box, find_foreground, find_knee_box
from mrnet_features.stacks.joint_plane import find_joint_plane
from mrnet_features.synthetic import draw_knee
from tests.support.knees import make_knee

REAL_KNEE = Path(os.environ.get("MRNET_FEATURES_REAL_KNEE", "/nonexistent"))
needs_real_knee = pytest.mark.skipif(
    not REAL_KNEE.is_dir(),
    reason="set MRNET_FEATURES_REAL_KNEE to a folder of real stacks (echo*.npy); none is shipped",
)


def draw_layers(*, row, tilt=0.0, slice_tilt=0.0, bone=150, n_slices=15, half=45):
    """Two bones of marrow with cortex, cartilage and meniscus between them, 1 mm per pixel."""
    s, y, x = np.indices((n_slices, 165, 160), np.int16)
    off = y - row - tilt * (x - 79.5) - slice_tilt * (s - 0.5 * (n_slices - 1))
    grey = np.full(off.shape, bone, np.uint8)
    for first, last, level in ((-6, -4, 20), (-4, -2, 110), (-2, 2, 40), (2, 4, 110), (4, 6, 20)):
        grey[(off >= first) & (off < last)] = level
    grey[np.abs(x - 79.5) > half] = 90  # soft tissue
    return grey


BOX = Box(0, 165, 20, 140)


@pytest.mark.parametrize("bone", [60, 150, 220])
@pytest.mark.parametrize("plane", ["coronal", "sagittal"])
@pytest.mark.parametrize(
    ("row", "tilt", "slice_tilt"),
    [(90, 0.0, 0.0), (50, 0.1, 0.0), (110, -0.2, 0.4), (125, 0.2, -0.5)],
)
def test_the_plane_of_drawn_layers_is_found(bone, plane, row, tilt, slice_tilt):
    grey = draw_layers(row=row, tilt=tilt, slice_tilt=slice_tilt, bone=bone)
    found = find_joint_plane(grey, BOX, plane)
    assert abs(found.row - row) <= 2
    assert abs(found.tilt - tilt) < 0.02
    assert abs(found.slice_tilt - slice_tilt) < 0.15
    assert found.spread < 2


@pytest.mark.parametrize("joint", [58, 64, 70, 75])
@pytest.mark.parametrize("bone", [40, 150])
def test_the_row_is_where_the_bones_meet(joint, bone):
    # marrow is bright on T1 and dark where fat is suppressed
    grey = make_knee(joint, bone=bone)
    box = find_knee_box(find_foreground(grey).astype(np.uint8))
    assert abs(find_joint_plane(grey, box, "coronal").row - joint) <= 5


def test_a_picture_without_joint_has_less_evidence():
    noise = np.random.default_rng(0).integers(0, 256, (15, 165, 160), np.uint8)
    joint = find_joint_plane(draw_layers(row=90), BOX, "coronal")
    none = find_joint_plane(noise, BOX, "coronal")
    assert joint.score > 4 * none.score
    assert joint.spread < none.spread


def test_without_changes_the_prior_decides():
    found = find_joint_plane(np.full((3, 100, 80), 9, np.uint8), Box(0, 100, 0, 80), "coronal")
    assert found == (54, 0.0, 0.0, 16.0, 0.0, 0, 0)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["coronal", "sagittal"]), st.booleans())
def test_mirrored_and_reversed_stacks_have_mirrored_planes(seed, plane, is_joint):
    rng = np.random.default_rng(seed)
    n_slices, height, width = rng.integers((3, 30, 20), (14, 90, 99))
    grey = rng.integers(0, 256, (n_slices, height, width), np.uint8)
    if is_joint:
        tilts = rng.normal(0, 0.1, 2)
        layers = draw_layers(row=80, tilt=tilts[0], slice_tilt=tilts[1], n_slices=n_slices)
        grey = layers // 2 + rng.integers(0, 90, layers.shape, np.uint8)
        _, height, width = grey.shape
    rows = np.sort(rng.choice(height // 4, 2))
    columns = np.sort(rng.choice(width // 4, 2))
    box = Box(rows[0], height - rows[1], columns[0], width - columns[1])
    mirrored = box._replace(column_start=width - box.column_stop, column_stop=width - columns[0])
    found = find_joint_plane(grey, box, plane)
    reverse = find_joint_plane(np.ascontiguousarray(grey[::-1]), box, plane)
    mirror = find_joint_plane(np.ascontiguousarray(grey[:, :, ::-1]), mirrored, plane)
    assert reverse == found._replace(slice_tilt=-found.slice_tilt, slice_offset=-found.slice_offset)
    assert mirror == found._replace(tilt=-found.tilt, column_offset=-found.column_offset)


@pytest.mark.parametrize("offset", [-10, 10])
def test_the_middle_of_the_plateau_is_found(offset):
    grey = draw_layers(row=90, half=24)  # as deep as a plateau
    box = BOX._replace(column_start=BOX[2] - offset, column_stop=BOX[3] - offset)
    assert abs(find_joint_plane(grey, box, "sagittal").column_offset - offset) <= 5


def test_a_symmetric_stack_has_no_tilt():
    rng = np.random.default_rng(3)
    half = rng.integers(0, 256, (8, 90, 40), np.uint8)
    whole = np.concatenate([half, half[:, :, ::-1]], axis=2)
    whole = np.concatenate([whole, whole[::-1]])
    found = find_joint_plane(whole, Box(0, 90, 0, 80), "coronal")
    assert (found.tilt, found.slice_tilt) == (0.0, 0.0)
    assert (found.column_offset, found.slice_offset) == (0, 0)


@pytest.mark.parametrize("style", [None, 2, 5])
def test_the_plane_of_synthetic_knees_is_right(style):
    exam = draw_knee(7, "train", 0, style=style)
    for plane in ("coronal", "sagittal"):
        grey = exam.stacks[plane]
        row, column, tilt, slice_tilt = (
            exam.truth[f"{plane}_joint_{name}"] for name in ("row", "column", "tilt", "slice_tilt")
        )
        frame = find_frame(grey, find_foreground(grey).astype(np.uint8), plane)
        rows = frame.rows(len(grey), grey.shape[2])
        middle = rows[[(len(grey) - 1) // 2, len(grey) // 2], round(column)].mean()
        assert abs(middle - row) <= 4
        assert abs(frame.tilt - tilt) < 0.06
        across = 25 / 165 * grey.shape[1] / (0.6 * grey.shape[1] / len(grey))  # slices in 25 mm
        assert abs(frame.slice_tilt - slice_tilt) * across < 4


def find_real(name, angle=0):
    grey = np.load(REAL_KNEE / name)
    if angle:
        turned = ndimage.rotate(grey.astype(float), angle, axes=(2, 1), reshape=False, order=1)
        grey = np.clip(np.rint(turned), 0, 255).astype(np.uint8)
    return find_joint_plane(grey, find_knee_box(find_foreground(grey).astype(np.uint8)), "sagittal")


@needs_real_knee
@pytest.mark.parametrize("name", ["echo1_te06ms.npy", "echo8_te50ms.npy"])
def test_a_real_joint_plane_is_right_on_both_echoes(name):
    found = find_real(name)
    # in the images the menisci lie about row 148, the tibial plateau is level
    assert 146 <= found.row <= 151
    assert abs(np.rad2deg(np.arctan(found.tilt))) < 3


@needs_real_knee
@pytest.mark.parametrize("name", ["echo1_te06ms.npy", "echo8_te50ms.npy"])
@pytest.mark.parametrize("angle", [-12, -8, -4, 4, 8, 12])
def test_turning_a_real_knee_turns_its_plane(name, angle):
    level, turned = (np.rad2deg(np.arctan(find_real(name, turn).tilt)) for turn in (0, angle))
    assert abs(level - turned - angle) <= 2
