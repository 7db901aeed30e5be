"""Region sets: within the knee, without overlap, symmetric under mirroring."""

import os
from pathlib import Path

import numpy as np
import pytest

from mrnet_features.stacks.atlas import KneeFrame, draw_regions, find_frame
from mrnet_features.stacks.foreground import Box, find_foreground
from mrnet_features.stacks.joint_plane import find_joint_plane
from mrnet_features.stacks.prepare import prepare_sets
from mrnet_features.stacks.region_sets import REGION_SETS, RegionSet, region_names
from tests.support.knees import make_knee

REAL_KNEE = Path(os.environ.get("MRNET_FEATURES_REAL_KNEE", "/nonexistent"))
SETS = [(name, plane) for name, sets in REGION_SETS.items() for plane in sets]


def flip(stack, plane):
    """Stack with reversed slices, mirrored from left to right except in the sagittal plane."""
    turned = stack[::-1] if plane == "sagittal" else stack[::-1, :, ::-1]
    return np.ascontiguousarray(turned)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 3, 2), (2, 2, 40), (1, 64, 1)])
def test_tiny_stacks_have_a_joint_plane_and_regions(shape):
    grey = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    joint = find_joint_plane(grey, Box(0, shape[1], 0, shape[2]), "coronal")
    assert 0 <= joint.row < shape[1]
    foreground = np.ones(shape, np.uint8)
    for name, plane in SETS:
        regions = draw_regions(
            name, plane, foreground, KneeFrame(Box(0, shape[1], 0, shape[2]), *joint)
        )
        assert int(regions.max()) <= len(region_names(name, plane))


@pytest.mark.parametrize(("name", "plane"), SETS)
@pytest.mark.parametrize("shape", [(9, 120, 100), (10, 121, 101), (17, 90, 127)])
def test_mirroring_the_knee_only_swaps_the_regions_of_a_pair(name, plane, shape):
    grey = make_knee(60, shape)
    foreground = find_foreground(grey).astype(np.uint8)
    turned = np.ascontiguousarray(flip(grey, plane))
    there = flip(foreground, plane)
    one = draw_regions(name, plane, foreground, find_frame(grey, foreground, plane))
    other = flip(draw_regions(name, plane, there, find_frame(turned, there, plane)), plane)
    names = region_names(name, plane)
    swap = np.arange(len(names) + 1, dtype=np.uint8)
    for k, region in enumerate(names, start=1):
        if region.endswith("_one"):
            swap[[k, k + 1]] = k + 1, k
    assert np.array_equal(swap[one], other)


@pytest.mark.parametrize(("name", "plane"), [pair for pair in SETS if pair[1] != "axial"])
@pytest.mark.parametrize("shape", [(9, 120, 100), (10, 121, 101)])
def test_regions_follow_the_plane_in_mirrored_and_reversed_pictures(name, plane, shape):
    foreground = np.ones(shape, np.uint8)
    box = Box(3, shape[1] - 5, 8, shape[2] - 8)
    frame = KneeFrame(box, 60, 100 / 1024, -700 / 1024)
    turned = frame._replace(
        tilt=frame.tilt if plane == "sagittal" else -frame.tilt, slice_tilt=-frame.slice_tilt
    )
    one = draw_regions(name, plane, foreground, frame) > 0
    other = flip(draw_regions(name, plane, foreground, turned), plane) > 0
    assert np.array_equal(one, other)
    level = draw_regions(name, plane, foreground, KneeFrame(box, 60)) > 0
    if not REGION_SETS[name][plane].with_rest:  # shifted by the rows of the plane
        for s, x in zip(*np.nonzero(level.any(axis=1)), strict=True):
            shift = frame.rows(shape[0], shape[2])[s, x] - 60
            assert np.array_equal(np.roll(level[s, :, x], shift), one[s, :, x])


@pytest.mark.parametrize(("name", "plane"), SETS)
def test_regions_do_not_overlap(name, plane):
    grey = make_knee(66)
    foreground = np.ones_like(grey)
    frame = find_frame(grey, foreground, plane)
    together = draw_regions(name, plane, foreground, frame)
    chosen = REGION_SETS[name][plane]
    regions = iter(range(1, len(chosen.names) + 1))
    for box in chosen.boxes:
        only = {plane: RegionSet((box,))}
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(REGION_SETS, "alone", only)
            mask = draw_regions("alone", plane, foreground, frame)
        for k in range(1, 3 if box.pair else 2):
            region = next(regions)
            assert (mask == k).any(), f"{box.name} is empty"
            assert np.array_equal(mask == k, together == region), f"{box.name} is overwritten"
    if chosen.with_rest:
        assert (together > 0).all()


def test_regions_lie_within_the_knee():
    grey = make_knee(66)
    stacks = prepare_sets(grey, "coronal", ["menisci", "recesses"])
    knee = stacks["knee"].regions > 0
    assert set(stacks) == {"knee", "menisci", "recesses"}
    regions = draw_regions("menisci", "coronal", stacks["knee"].regions, frame_of(grey, "coronal"))
    assert not regions[~knee].any()
    assert (stacks["recesses"].regions > 0).sum() == knee.sum()


def frame_of(grey, plane):
    return find_frame(grey, find_foreground(grey).astype(np.uint8), plane)


def test_a_region_set_is_cropped_to_its_window_and_margin():
    grey = make_knee(66, shape=(9, 200, 160))
    stacks = prepare_sets(grey, "sagittal", ["notch"])
    whole = draw_regions("notch", "sagittal", stacks["knee"].regions, frame_of(grey, "sagittal"))
    s, y, x = (np.unique(positions) for positions in np.nonzero(whole))
    window = np.s_[s[0] : s[-1] + 1, y[0] - 24 : y[-1] + 25, x[0] - 24 : x[-1] + 25]
    for part, cut in (
        (grey, stacks["notch"].grey),
        (stacks["knee"].levels, stacks["notch"].levels),
        (whole, stacks["notch"].regions),
    ):
        assert np.array_equal(part[window], cut)


@pytest.mark.skipif(
    not REAL_KNEE.is_dir(),
    reason="set MRNET_FEATURES_REAL_KNEE to a folder of real stacks (echo*.npy); none is shipped",
)
@pytest.mark.parametrize("name", ["echo1_te06ms.npy", "echo8_te50ms.npy"])
def test_a_real_joint_line_is_found_on_both_echoes(name):
    grey = np.load(REAL_KNEE / name)
    foreground = find_foreground(grey).astype(np.uint8)
    # in the images the menisci lie about row 148; marrow is the brightest tissue
    assert 146 <= find_frame(grey, foreground, "sagittal").anchor <= 151
    stacks = prepare_sets(grey, "sagittal", ["bones", "menisci"])
    bones, menisci = (stacks[key].grey[stacks[key].regions > 0] for key in ("bones", "menisci"))
    dark = np.median(bones) / 2  # menisci and cortex are dark on every sequence, marrow is not
    assert (menisci < dark).mean() > 2 * (bones < dark).mean()
