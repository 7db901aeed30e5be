"""Synthetic stacks have the sizes and contrasts of the release, and their lesions are visible."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage
from scipy.special import jv

from mrnet_features.names import PLANES
from mrnet_features.synthetic import Pathology, draw_knee
from mrnet_features.synthetic.pathology import MeniscusTear, Spot
from mrnet_features.synthetic.scan import SLICE_COUNTS, add_ghosts, sample_slice_count

HEALTHY = Pathology(labels=(0, 0, 0), effusion_ml=3.0)


@pytest.fixture(scope="module")
def healthy():
    return draw_knee(11, pathology=HEALTHY)


def test_stacks_have_the_type_and_shape_of_the_release(healthy):
    for plane, stack in healthy.stacks.items():
        least, _, most = SLICE_COUNTS[plane]
        assert stack.dtype == np.uint8
        assert stack.shape[1:] == (256, 256)
        assert least <= len(stack) <= most


@pytest.mark.parametrize("plane", PLANES)
def test_slice_counts_are_in_the_published_ranges(plane):
    generator = np.random.default_rng(5)
    least, mean, most = SLICE_COUNTS[plane]
    abnormal = generator.random(3000) < 0.8
    counts = np.array([sample_slice_count(generator, plane, int(a)) for a in abnormal])
    assert least <= counts.min()
    assert counts.max() <= most
    assert counts.mean() == pytest.approx(mean, abs=0.8)


@pytest.fixture(scope="module")
def exams():
    return [draw_knee(21, index=k) for k in range(5)]


def test_middle_slices_are_standardised_like_the_release(exams):
    # Published: axial 60.4 +- 2.6, coronal 66.8 +- 1.9, sagittal 47.5 +- 2.4.
    published = {"axial": 60.4, "coronal": 66.8, "sagittal": 47.5}
    for plane, expected in published.items():
        spread = [exam.stacks[plane][len(exam.stacks[plane]) // 2].std() for exam in exams]
        assert np.mean(spread) == pytest.approx(expected, rel=0.1)


def test_knees_fill_the_field_of_view_as_published(exams):
    # The median knee box is 164 columns wide on sagittal, 169 on coronal, 212 on axial slices.
    for plane, expected in {"sagittal": 164, "coronal": 169, "axial": 212}.items():
        widths = []
        for exam in exams:
            often = (exam.stacks[plane] > 25).mean(axis=0).max(axis=0) > 0.5
            widths.append(np.ptp(np.flatnonzero(often)))
        assert np.median(widths) == pytest.approx(expected, rel=0.15)


def test_corners_are_air(healthy):
    for stack in healthy.stacks.values():
        corners = stack[:, :12, :12], stack[:, -12:, :12], stack[:, :12, -12:], stack[:, -12:, -12:]
        assert np.median(np.concatenate([c.ravel() for c in corners])) < 15


def pulsate(plane, seed, background):
    """Six slices of `background` with the ghosts of a round vessel in their middle."""
    stack = np.full((6, 256, 256), background, dtype=np.float32)
    stack[:, 200:, :40] = 1  # a leg beside the lines of the vessel
    y, x = np.mgrid[:256, :256]
    vessel = np.hypot(y - 128, x - 128) < 7
    flow = np.broadcast_to(vessel & ((y + x) % 2 == 0), stack.shape).astype(np.uint8)
    add_ghosts(stack, flow, plane, np.random.default_rng(seed))
    return stack


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("plane", PLANES)
def test_copies_of_vessels_are_the_sidebands_of_a_frequency_modulation(plane, seed):
    stack = pulsate(plane, seed, 0.0)
    rng = np.random.default_rng(seed)
    # on coronal and sagittal slices, copies are displaced left or right
    axis = int(rng.integers(1, 3)) if plane == "axial" else 2
    shift, swing, level = rng.uniform(28, 60), rng.uniform(0.8, 1.6), rng.uniform(0.8, 2)
    starts = rng.uniform(0, 2 * np.pi, 6)
    y, x = np.mgrid[:256, :256]
    known = 2.0 * level * ((np.hypot(y - 128, x - 128) < 7) & ((y + x) % 2 == 0))
    vessel = ndimage.convolve(known, np.outer([1, 2, 1], [1, 2, 1]) / 16)
    spectrum = np.fft.fft2(vessel)
    # exp(i b cos u) = sum of i^n J_n(b) exp(i n u); n = 0 is the vessel itself
    copies = np.zeros((6, 256, 256), dtype=complex)
    for n in [k for k in range(-12, 13) if k != 0]:
        offset = np.zeros(2)
        offset[axis - 1] = -n * shift
        copy = np.fft.ifft2(ndimage.fourier_shift(spectrum, offset))
        copies += (1j**n * jv(n, swing) * np.exp(1j * n * starts))[:, None, None] * copy
    assert stack[:, :200, 40:] == pytest.approx(np.abs(copies)[:, :200, 40:], abs=1e-4)


def test_inside_the_leg_copies_are_bright_on_one_slice_and_dark_on_another():
    change = pulsate("sagittal", 3, 1.0)[:, 128, 150:] - 1
    column = np.argmax(np.abs(change).max(axis=0))
    assert change[:, column].min() < -0.1
    assert change[:, column].max() > 0.1


def bright(exam, plane):
    stack = exam.stacks[plane]
    return int((stack > 2.2 * np.median(stack[stack > 40])).sum())


@pytest.mark.parametrize("plane", ["axial", "sagittal"])
def test_more_effusion_makes_more_bright_pixels(plane):
    counts = [
        bright(draw_knee(11, pathology=replace(HEALTHY, effusion_ml=ml)), plane)
        for ml in (2.0, 15.0, 50.0)
    ]
    assert counts[0] < counts[1] < counts[2]
    assert counts[2] > 1.3 * counts[0]


def changed(pathology, plane):
    """Change of the grey levels of one plane by a lesion, and where it exceeds 30."""
    before = draw_knee(11, pathology=HEALTHY).stacks[plane].astype(int)
    after = draw_knee(11, pathology=pathology).stacks[plane].astype(int)
    difference = after - before
    return difference, np.abs(difference) > 30


def test_torn_acl_turns_dark_pixels_bright_near_the_centre():
    torn = replace(HEALTHY, acl_state="complete", acl_gap=0.6, acl_gap_size=0.35)
    difference, moved = changed(torn, "sagittal")
    assert moved.sum() > 50
    assert difference[moved].mean() > 30
    indices = np.argwhere(moved)
    assert (np.abs(indices.mean(axis=0)[1:] - 128) < 45).all()
    assert np.abs(indices[:, 0].mean() - len(difference) / 2) < len(difference) / 5


def test_a_meniscal_tear_is_small_and_at_the_joint_line():
    tear = MeniscusTear("medial", "posterior", "horizontal", 1.0, 10.0, 1.0, 0.0)
    difference, moved = changed(replace(HEALTHY, tears=(tear,)), "sagittal")
    assert 5 < moved.sum() < 600
    assert difference[moved].mean() > 0
    rows = np.argwhere(moved)[:, 1]
    assert abs(rows.mean() - 135) < 30


def test_marrow_oedema_is_bright_on_fat_saturation_and_dark_on_t1():
    spot = Spot("lateral tibia", 10.0, 1.0, 0.0, 0.0)
    pathology = replace(HEALTHY, oedema=(spot,))
    difference, moved = changed(pathology, "sagittal")
    assert moved.sum() > 100
    assert difference[moved].mean() > 0
    difference, moved = changed(pathology, "coronal")
    assert moved.sum() > 50
    assert difference[moved].mean() < 0


def test_an_unknown_split_is_refused():
    with pytest.raises(ValueError, match="split"):
        draw_knee(0, split="test")
