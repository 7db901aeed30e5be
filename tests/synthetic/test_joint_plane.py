"""The true joint plane is where the menisci are drawn."""

import numpy as np
import pytest

from mrnet_features.synthetic import Pathology, draw_knee, signal, tissues
from mrnet_features.synthetic.flexion import STRAIGHT, Carry
from mrnet_features.synthetic.joint_plane import describe_joint, joint_plane
from mrnet_features.synthetic.placement import place_stack, rotation
from mrnet_features.synthetic.style import Style

HEALTHY = Pathology(labels=(0, 0, 0), effusion_ml=3.0)
STILL = {
    "rotation_spread": (0.0, 0.0, 0.0),
    "plane_rotation": 0.0,
    "flexion_mean": 0.0,
    "flexion_spread": 0.0,
    "slope_spread": 0.0,
    "noise_low": 0.5,
    "noise_high": 0.5,
    "bad_rate": 0.0,
}


@pytest.mark.parametrize("plane", ["coronal", "sagittal"])
@pytest.mark.parametrize("left", [False, True])
def test_rows_by_column_and_slice_lie_on_the_plane(plane, left):
    point, normal = joint_plane(0.1, Carry(0.15, 3.0, 0.5))
    for seed in range(4):
        pose = rotation(np.array([8.0, -6.0, 5.0]))
        placement = place_stack(
            plane, np.random.default_rng(seed), Style(), pose=pose, scale=1.1, left=left
        )
        first, steps, n = placement.first, placement.steps, placement.n_slices
        found = describe_joint(plane, point, normal, first, steps, n)
        for column, number in ((20, 0), (128, 3), (250, n - 1)):
            row = (
                found["joint_row"]
                + found["joint_tilt"] * (column - found["joint_column"])
                + found["joint_slice_tilt"] * (number - 0.5 * (n - 1))
            )
            position = first + steps @ [row, column, number]
            assert abs((position - point) @ normal) < 0.02


def test_the_axial_truth_is_the_middle_of_the_joint():
    point, normal = joint_plane(0.1, STRAIGHT)
    placement = place_stack(
        "axial", np.random.default_rng(0), Style(), pose=np.eye(3), scale=1.0, left=False
    )
    first, steps = placement.first, placement.steps
    found = describe_joint("axial", point, normal, first, steps, placement.n_slices)
    pixel = [found["joint_row"], found["joint_column"], found["joint_slice"]]
    assert first + steps @ pixel == pytest.approx(point, abs=0.05)


def test_posterior_slope_and_flexion_incline_the_plane():
    slope = 0.1
    assert joint_plane(slope, STRAIGHT)[1] @ [0, 1, -slope] == pytest.approx(0)  # down behind
    flat = joint_plane(slope, Carry(np.arctan(slope), 0.0, 0.0))[1]
    assert flat == pytest.approx([0, 0, 1])


def meniscus_plane(monkeypatch, plane, **fields):
    """Truth of a stack, and row, tilt and slice tilt of the plane through its menisci.

    The menisci are the pixels that change if only their tissue gets another signal.
    """
    style = Style(**{**STILL, **fields}, shading=0.0, coil_gain=0.0)
    before = draw_knee(3, pathology=HEALTHY, style=style)
    bright = tissues.FAT if plane == "coronal" else tissues.FLUID  # on T1, on fat saturation
    with monkeypatch.context() as patch:
        patch.setitem(signal.VALUES, tissues.MENISCUS, signal.VALUES[bright])
        after = draw_knee(3, pathology=HEALTHY, style=style)
    change = np.abs(after.stacks[plane].astype(float) - before.stacks[plane])
    number, row, column = np.nonzero(change > 0.4 * change.max())
    truth = {name: before.truth[f"{plane}_joint_{name}"] for name in ("row", "column")}
    truth |= {name: before.truth[f"{plane}_joint_{name}"] for name in ("tilt", "slice_tilt")}
    middle = 0.5 * (len(change) - 1)
    design = np.column_stack([np.ones(len(row)), column - truth["column"], number - middle])
    return truth, np.linalg.lstsq(design, row, rcond=None)[0]


@pytest.mark.parametrize("plane", ["coronal", "sagittal"])
@pytest.mark.parametrize("degrees", [0.0, 8.0])
def test_the_true_plane_goes_through_the_drawn_menisci(monkeypatch, plane, degrees):
    turned = {"rotation_mean": (degrees, degrees, 0.0)}
    truth, (row, tilt, slice_tilt) = meniscus_plane(monkeypatch, plane, **turned)
    assert row == pytest.approx(truth["row"], abs=1.5)
    assert tilt == pytest.approx(truth["tilt"], abs=0.045)
    # slices are as far apart as 5 to 6 pixels: 3 degrees
    assert slice_tilt == pytest.approx(truth["slice_tilt"], abs=0.3)


@pytest.mark.parametrize("plane", ["coronal", "sagittal"])
def test_eight_degrees_change_the_tilt_by_eight_degrees(plane):
    def tilt(degrees):
        pose = (degrees, 0.0, 0.0) if plane == "sagittal" else (0.0, degrees, 0.0)
        style = Style(**STILL, rotation_mean=pose, drawn_pixels=64)
        truth = draw_knee(3, pathology=HEALTHY, style=style).truth
        return np.rad2deg(np.arctan(truth[f"{plane}_joint_tilt"]))

    assert abs(tilt(8.0) - tilt(0.0)) == pytest.approx(8.0, abs=0.1)
