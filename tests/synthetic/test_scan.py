"""Synthetic stacks have the sizes and contrasts of the release, and their lesions are visible."""

from dataclasses import replace

import numpy as np
import pytest

from mrnet_features.synthetic import Pathology, Style, draw_knee
from mrnet_features.synthetic.pathology import MeniscusTear, Spot
from mrnet_features.synthetic.placement import SLICE_COUNTS

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


def bright(exam, plane):
    stack = exam.stacks[plane]
    return int((stack > 250).sum())


@pytest.mark.parametrize("plane", ["axial", "sagittal"])
def test_more_effusion_makes_more_bright_pixels(plane):
    counts = [
        bright(draw_knee(11, pathology=replace(HEALTHY, effusion_ml=ml)), plane)
        for ml in (2.0, 15.0, 50.0)
    ]
    assert counts[0] < counts[1] < counts[2]
    assert counts[2] > 1.15 * counts[0]


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


def noise_correlation(style):
    """Correlation of neighbouring pixels of the background."""
    corner = draw_knee(5, style=style).stacks["sagittal"][:, :24, :24].astype(float)
    corner -= corner.mean()
    return np.mean(corner[:, :, 1:] * corner[:, :, :-1]) / np.mean(corner**2)


def test_interpolation_correlates_the_noise_of_neighbours():
    loud = {"noise_low": 8.0, "noise_high": 8.0, "rotation_spread": (0.0, 0.0, 0.0)}
    assert noise_correlation(Style(**loud)) < 0.15
    assert noise_correlation(Style(**loud, drawn_pixels=160)) > 0.3


def test_the_ends_of_the_coil_are_darker_but_not_black(exams):
    for exam in exams:
        stack = exam.stacks["coronal"]
        # fat is the brightest tissue on T1; rows of the leg at both ends and in the middle
        bright = np.percentile(stack[len(stack) // 2].astype(float), 85, axis=1)
        ends = np.concatenate([bright[:10], bright[-10:]])
        assert 0.4 < ends.mean() / bright[100:156].mean() < 1.1


def test_exam_k_of_a_style_depends_on_its_number_only():
    small = Style(drawn_pixels=64)
    first, again, other = (draw_knee(1, index=k, style=small) for k in (3, 3, 4))
    for plane, stack in first.stacks.items():
        assert np.array_equal(stack, again.stacks[plane])
        assert stack.shape != other.stacks[plane].shape or (stack != other.stacks[plane]).any()
    assert first.truth == again.truth
