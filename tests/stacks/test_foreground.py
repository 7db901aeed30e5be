"""Foreground: all tissue including dark bone, without air."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from mrnet_features.stacks.foreground import (
    _cut_evenly,
    find_foreground,
    find_knee_box,
)

REAL_KNEE = Path(os.environ.get("MRNET_FEATURES_REAL_KNEE", "/nonexistent"))


def make_leg(n_slices=4, height=160, width=128, *, air=4, tissue=90, bone=12, seed=0):
    """An ellipse of tissue with a dark bone inside it, in noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    inside = ((y - height / 2) / (0.42 * height)) ** 2 + ((x - width / 2) / (0.36 * width)) ** 2 < 1
    dark = ((y - height / 2) / (0.2 * height)) ** 2 + ((x - width / 2) / (0.15 * width)) ** 2 < 1
    mean = np.where(dark, bone, np.where(inside, tissue, air)).astype(float)
    grey = np.abs(mean + rng.normal(0, 2, (n_slices, height, width)))
    return np.rint(grey).astype(np.uint8), np.broadcast_to(inside, grey.shape)


def overlap(a, b):
    return 2 * (a & b).sum() / (a.sum() + b.sum())


@pytest.mark.parametrize("shape", [(160, 128), (256, 256), (97, 201)])
def test_the_leg_is_found_including_dark_bone(shape):
    grey, leg = make_leg(height=shape[0], width=shape[1])
    found = find_foreground(grey)
    assert found.dtype == bool
    assert overlap(found, leg) > 0.97


def test_gain_does_not_change_the_outline():
    grey, _ = make_leg(tissue=90)
    half = (grey // 2).astype(np.uint8)
    assert overlap(find_foreground(grey), find_foreground(half)) > 0.98


@pytest.mark.parametrize("height", [128, 200])
@pytest.mark.parametrize("width", [128, 129, 191, 200, 201, 250, 255, 256, 257, 300])
def test_mirroring_and_reversing_apply_to_the_foreground(height, width):
    grey, _ = make_leg(height=height, width=width)
    expected = find_foreground(grey)[::-1, :, ::-1]
    assert np.array_equal(find_foreground(grey[::-1, :, ::-1]), expected)


@given(st.integers(1, 600), st.integers(1, 9))
def test_blocks_are_symmetric(length, side):
    side = min(side, length)
    edges = _cut_evenly(length, side)
    sizes = np.diff(edges)
    assert (edges[0], edges[-1]) == (0, length)
    assert np.array_equal(sizes, sizes[::-1])
    assert sizes.min() >= side // 2 + 1 or len(sizes) == 1
    assert sizes.max() <= 3 * side


@pytest.mark.parametrize(("value", "other"), [(255, 254), (200, 201), (0, 1)])
def test_a_nearly_constant_stack_is_accepted(value, other):
    grey = np.full((2, 256, 256), value, np.uint8)
    grey[0, 3, 3] = other
    assert find_foreground(grey).shape == grey.shape


@pytest.mark.parametrize("value", [0, 17, 255])
def test_a_constant_stack_has_no_foreground(value):
    assert not find_foreground(np.full((3, 40, 50), value, np.uint8)).any()


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 9), (1, 7, 1), (2, 3, 2), (1, 65, 64)])
def test_tiny_stacks_are_accepted(shape):
    grey = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    assert find_foreground(grey).shape == shape


def test_the_knee_box_excludes_stray_pixels():
    regions = np.zeros((2, 50, 60), np.uint8)
    regions[:, 10:40, 20:50] = 1
    assert find_knee_box(regions) == (10, 40, 20, 50)
    regions[0, 0, 0] = 1  # one stray pixel among 1,800
    assert find_knee_box(regions) == (10, 40, 20, 50)


def test_the_knee_box_without_foreground_is_the_whole_slice():
    assert find_knee_box(np.zeros((2, 5, 6), np.uint8)) == (0, 5, 0, 6)


@pytest.mark.skipif(
    not REAL_KNEE.is_dir(),
    reason="set MRNET_FEATURES_REAL_KNEE to a folder of real stacks (echo*.npy); none is shipped",
)
@pytest.mark.parametrize("name", ["echo1_te06ms.npy", "echo8_te50ms.npy"])
def test_a_real_leg_is_found_on_both_echoes(name):
    grey = np.load(REAL_KNEE / name)
    found = find_foreground(grey)
    assert 0.5 < found.mean() < 0.6
    assert grey[~found].mean() < 8
    # both echoes show the same leg: muscle that is dark on the late one must be included
    other = np.load(REAL_KNEE / "echo1_te06ms.npy")
    assert overlap(found, find_foreground(other)) > 0.96


def draw_disks(*disks):
    """Bright disks (row, column, radius) in air of grey level 2, on two slices of 256 x 256."""
    y, x = np.mgrid[:256, :256]
    inside = np.any([np.hypot(y - row, x - column) <= radius for row, column, radius in disks], 0)
    return np.where(inside, 120, 2).astype(np.uint8)[None].repeat(2, axis=0), inside


def test_the_outline_follows_pixels_not_blocks():
    grey, disk = draw_disks((128, 128, 80))
    found = find_foreground(grey)
    # a mean of nine pixels is off by at most one pixel, a block of 4 x 4 by three
    square = np.ones((3, 3))
    assert not (found & ~ndimage.binary_dilation(disk, square)).any()
    assert not (ndimage.binary_erosion(disk, square) & ~found).any()


@pytest.mark.parametrize(("radius", "kept"), [(12, False), (24, True)])
def test_components_below_a_quarter_of_the_largest_are_dropped(radius, kept):
    grey, _ = draw_disks((90, 90, 40), (200, 200, radius))
    found = find_foreground(grey)
    assert found[:, 90, 90].all()
    assert (found[:, 200, 200] == kept).all()


def test_holes_in_the_leg_are_filled():
    grey, disk = draw_disks((128, 128, 80))
    y, x = np.mgrid[:256, :256]
    grey[:, np.hypot(y - 120, x - 128) < 25] = 2  # as dark as air: cortical bone
    assert find_foreground(grey)[:, ndimage.binary_erosion(disk, np.ones((3, 3)))].all()
