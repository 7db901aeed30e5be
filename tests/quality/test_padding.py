"""A frame of padding around a stack changes nothing that the audit measures or finds."""

import numpy as np
import pytest

from mrnet_features.quality.ghost_rules import AIR_CHECK, AIR_REJECT, apply_ghost_rules
from mrnet_features.quality.ghosts import find_highest
from mrnet_features.quality.measurements import measure_stack
from mrnet_features.quality.padding import fill_frame, find_scanned_part
from mrnet_features.synthetic.ghosts import add_flow_ghosts
from tests.support.legs import draw_leg

CASES = [("axial", 12, 12), ("coronal", 0, 12), ("sagittal", 8, 16)]


def draw(plane, seed=5, **settings):
    """A leg in air with the noise of a magnitude image."""
    return draw_leg(np.random.default_rng(seed), plane, noise=3.0, **settings)


def pad(stack, n_rows, n_columns):
    """The stack with a frame of 0 around it."""
    return np.pad(stack, ((0, 0), (n_rows, n_rows), (n_columns, n_columns)))


def add_frame(stack, n_rows, n_columns):
    """The stack with its outermost rows and columns set to 0, as after padding."""
    framed = np.zeros_like(stack)
    height, width = stack.shape[1:]
    part = np.s_[:, n_rows : height - n_rows, n_columns : width - n_columns]
    framed[part] = stack[part]
    return framed


def highest(measures):
    return max(find_highest(scores) for scores in measures.ghosts)


@pytest.mark.parametrize("name", ["{}", "{}_fluid"])
@pytest.mark.parametrize(("plane", "n_rows", "n_columns"), CASES)
@pytest.mark.parametrize("seed", range(4))
def test_a_sound_stack_with_a_frame_has_no_ghosts(name, plane, n_rows, n_columns, seed):
    framed = add_frame(draw(plane, seed), n_rows, n_columns)
    measures = measure_stack(framed, name.format(plane))
    assert highest(measures)[0] < AIR_CHECK
    assert list(apply_ghost_rules([measures])) == []


@pytest.mark.parametrize(("plane", "n_rows", "n_columns"), CASES)
def test_measures_of_a_stack_are_those_without_its_frame(plane, n_rows, n_columns):
    stack = draw(plane)
    bare = measure_stack(stack, f"{plane}_fluid")
    framed = measure_stack(pad(stack, n_rows, n_columns), bare.plane)
    for name in ("noise", "sharpness", "saturation", "n_blank", "n_repeated"):
        assert getattr(framed, name) == pytest.approx(getattr(bare, name), rel=0.03), name
    np.testing.assert_allclose(framed.quality, bare.quality, rtol=0.08)
    assert np.abs(framed.contrast - bare.contrast).mean() < 0.02


@pytest.mark.parametrize(
    ("plane", "axis", "vessel"),
    [
        ("axial", 1, (98, 64)),
        ("axial", 2, (70, 94)),
        ("coronal", 2, (64, 92)),
        ("sagittal", 2, (64, 92)),
    ],
)
@pytest.mark.parametrize("frame", [(0, 0), (0, 16), (24, 24)])
def test_a_ghost_is_found_in_spite_of_a_frame(plane, axis, vessel, frame):
    y, x = np.mgrid[:128, :128]
    row, column = vessel
    flowing = np.hypot(y - row, x - column) < 5 if plane == "axial" else abs(x - column) < 4
    rng = np.random.default_rng(5)
    stack = draw_leg(rng, plane, noise=0.0).astype(np.float32)
    flow = np.repeat(flowing[None].astype(np.uint8), len(stack), axis=0)
    add_flow_ghosts(stack, flow, axis, np.random.default_rng(1))
    noisy = np.hypot(stack + rng.normal(0, 3, stack.shape), rng.normal(0, 3, stack.shape))
    spoiled = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    value, direction = highest(measure_stack(pad(spoiled, *frame), plane))
    assert (value > AIR_REJECT, direction) == (True, axis - 1)


@pytest.mark.parametrize(("plane", "n_rows", "n_columns"), CASES)
def test_repeated_edges_are_measured_in_parts_of_the_padded_picture(plane, n_rows, n_columns):
    stack = draw(plane).repeat(2, axis=1).repeat(2, axis=2)
    whole = measure_stack(stack, plane).edges
    framed = measure_stack(add_frame(stack, 2 * n_rows, 2 * n_columns), plane).edges
    assert np.abs(framed - whole).max() < 0.05


def test_dark_borders_on_some_slices_only_are_no_frame():
    stack = np.zeros((3, 64, 64), np.uint8)
    stack[0], stack[1, 8:, 8:] = 4, 90
    assert find_scanned_part(stack) == (slice(0, 64), slice(0, 64))


@pytest.mark.parametrize("shape", [(0, 8, 8), (3, 0, 8), (3, 8, 8)])
def test_a_picture_without_a_bright_pixel_is_all_scanned(shape):
    _, height, width = shape
    assert find_scanned_part(np.zeros(shape, np.uint8)) == (slice(0, height), slice(0, width))


def test_a_narrow_bright_strip_is_no_field_of_view():
    stack = np.zeros((3, 64, 64), np.uint8)
    stack[:, :, 30:45] = 90
    assert find_scanned_part(stack) == (slice(0, 64), slice(0, 64))


def test_a_stack_without_a_frame_is_not_changed():
    stack = draw("sagittal")
    assert find_scanned_part(stack) == (slice(0, 128), slice(0, 128))
    assert np.array_equal(fill_frame(stack, find_scanned_part(stack)), stack)
