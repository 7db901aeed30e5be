"""Wrongly converted stacks are found; sound knees, cropped, noisy or turned, are not."""

import os
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from mrnet_features.names import PLANES
from mrnet_features.stacks.conversion_faults import find_conversion_faults
from mrnet_features.synthetic.scan import draw_knee

REAL_KNEE = Path(os.environ.get("MRNET_FEATURES_REAL_KNEE", "/nonexistent"))
needs_real_knee = pytest.mark.skipif(
    not REAL_KNEE.is_dir(),
    reason="set MRNET_FEATURES_REAL_KNEE to a folder of real stacks (echo*.npy); none is shipped",
)


def crop(stack, part):
    """Middle of each slice, `part` of its height and width."""
    rows, columns = (round(size * (1 - part) / 2) for size in stack.shape[1:])
    return stack[:, rows : stack.shape[1] - rows, columns : stack.shape[2] - columns]


def turn(stack, degrees):
    return ndimage.rotate(stack, degrees, axes=(1, 2), reshape=False, order=1)


def add_noise(stack):
    noise = np.random.default_rng(0).normal(0, 40, stack.shape)
    return np.clip(np.abs(stack + noise) * 0.8, 0, 255).astype(np.uint8)


def add_coil(stack):
    """Brighter towards the border, as with a surface coil."""
    y, x = (np.linspace(-1, 1, size) for size in stack.shape[1:])
    gain = 0.4 + 2 * np.maximum(np.abs(y)[:, None], np.abs(x)) ** 2
    return np.clip(stack * gain, 0, 255).astype(np.uint8)


CHANGES = {
    "as it is": lambda stack: stack,
    "cropped a little": lambda stack: crop(stack, 0.9),
    "turned": lambda stack: turn(stack, 20),
    "blurred": lambda stack: ndimage.gaussian_filter(stack, (0, 3, 3)),
    "noisy": add_noise,
    "saturated": lambda stack: np.clip(3 * stack.astype(int), 0, 255).astype(np.uint8),
    "dark": lambda stack: stack // 4,
    "surface coil": add_coil,
    "small": lambda stack: stack[:, ::4, ::4],
}
"""Changes that leave air on most of the border."""

CROPPED = {f"cropped to {part}": lambda stack, p=part: crop(stack, p) for part in (0.7, 0.5, 0.4)}


@pytest.fixture(scope="module")
def knees():
    return draw_knee(3).stacks


@pytest.mark.parametrize("change", [*CHANGES, *CROPPED])
@pytest.mark.parametrize("plane", PLANES)
def test_a_sound_knee_has_no_fault(knees, plane, change):
    assert find_conversion_faults((CHANGES | CROPPED)[change](knees[plane])) == ()


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("plane", PLANES)
def test_an_inverted_knee_is_found(knees, plane, change):
    (fault,) = find_conversion_faults(255 - CHANGES[change](knees[plane]))
    assert fault.startswith("The picture may be inverted")
    assert "`mf.to_uint8(stack, invert=True)`" in fault


@needs_real_knee
@pytest.mark.parametrize("name", ["echo1_te06ms", "echo8_te50ms"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_real_knee_is_sound_and_its_inverse_is_not(name, change):
    stack = CHANGES[change](np.load(REAL_KNEE / f"{name}.npy"))
    assert find_conversion_faults(stack) == ()
    (fault,) = find_conversion_faults(255 - stack)
    assert "inverted" in fault


@pytest.mark.parametrize("n_slices", [17, 24, 61])
def test_slices_on_the_last_or_middle_axis_are_found(n_slices):
    stack = np.random.default_rng(0).integers(0, 256, (n_slices, 256, 256), np.uint8)
    assert find_conversion_faults(stack) == ()
    for axis in (1, 2):
        (fault,) = find_conversion_faults(np.moveaxis(stack, 0, axis))
        assert fault.startswith("The shape (256, ")
        assert "np.moveaxis" in fault


@pytest.mark.parametrize("shape", [(160, 384, 384), (256, 256, 160), (61, 320, 100), (1, 1, 1)])
def test_isotropic_volumes_and_narrow_pictures_are_not_taken_for_slices_last(shape):
    columns = np.arange(shape[-1]).astype(np.uint8)
    faults = find_conversion_faults(np.broadcast_to(columns, shape))
    assert not any("slices came last" in fault for fault in faults)


@pytest.mark.parametrize(
    ("cast", "found"),
    [
        (lambda grey: (grey / 255).astype(np.uint8), "only 2 grey levels (0 to 1)"),
        (lambda grey: np.rint(grey / 255).astype(np.uint8), "only 2 grey levels (0 to 1)"),
        (
            lambda grey: np.rint((grey - grey.mean()) / grey.std()).astype(np.int64).astype("u1"),
            "grey levels (0 to 255)",  # negative values wrap around
        ),
        (lambda grey: grey // 17 * (grey > 240), "only 3 grey levels (0 to 15)"),
    ],
)
def test_a_float_picture_cast_to_uint8_is_found(knees, cast, found):
    stack = cast(knees["axial"])
    fault = find_conversion_faults(stack)[0]
    assert found in fault
    assert "`mf.to_uint8(stack)`" in fault


@pytest.mark.parametrize("level", [0, 7, 255])
def test_a_constant_stack_is_found(level):
    (fault,) = find_conversion_faults(np.full((20, 64, 64), level, np.uint8))
    assert fault.startswith(f"All pixels have grey level {level}.")


def test_few_pixels_with_contrast_are_enough():
    """The pixels that are looked at first need not be those that differ."""
    stack = np.zeros((20, 256, 256), np.uint8)
    stack[1, 1, 1::2] = np.arange(128)
    assert find_conversion_faults(stack) == ()
