"""Facts about the synthetic knees as pictures: sizes, contrasts, lesions."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage
from scipy.special import jv

from mrnet_features.names import PLANES
from mrnet_features.synthetic import Pathology, draw_knee, tissues
from mrnet_features.synthetic.anatomy import draw_person
from mrnet_features.synthetic.bones import femur_distance, patella_distance, tibia_distance
from mrnet_features.synthetic.pathology import MeniscusTear, Spot
from mrnet_features.synthetic.scan import SLICE_COUNTS, add_ghosts, draw_slice_count
from mrnet_features.synthetic.signal import tissue_signal

HEALTHY = Pathology(cell=0, effusion_ml=3.0)


@pytest.fixture(scope="module")
def healthy():
    return draw_knee(11, findings=HEALTHY)


@pytest.mark.parametrize("tesla", [1.5, 3.0])
@pytest.mark.parametrize("plane", ["axial", "sagittal"])
def test_fat_saturated_planes_order_fluid_muscle_fat_ligament(plane, tesla):
    signal = tissue_signal(plane, tesla)
    order = [tissues.FLUID, tissues.CARTILAGE, tissues.MUSCLE, tissues.FAT, tissues.MENISCUS]
    assert (np.diff(signal[order]) < 0).all()
    assert signal[tissues.OEDEMA] > 2 * signal[tissues.MARROW]
    assert signal[tissues.LIGAMENT] < 0.5 * signal[tissues.FAT]


@pytest.mark.parametrize("tesla", [1.5, 3.0])
def test_t1_orders_fat_muscle_fluid(tesla):
    signal = tissue_signal("coronal", tesla)
    order = [tissues.FAT, tissues.MARROW, tissues.MUSCLE, tissues.FLUID, tissues.CORTEX]
    assert (np.diff(signal[order]) < 0).all()
    assert signal[tissues.OEDEMA] < signal[tissues.MARROW]


@pytest.mark.parametrize("plane", PLANES)
def test_signal_follows_the_spin_echo_equation_for_water(plane):
    from mrnet_features.synthetic.signal import SEQUENCES, VALUES

    density, _, t1, _, t2, fat = VALUES[tissues.CARTILAGE]
    sequence = SEQUENCES[plane]
    assert fat == 0
    expected = density * (1 - np.exp(-sequence.repetition_ms / t1)) * np.exp(-sequence.echo_ms / t2)
    assert tissue_signal(plane, 3.0)[tissues.CARTILAGE] == pytest.approx(expected, rel=1e-6)


def widths(inside, x):
    """Lengths of the runs of True, in the unit of x."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).astype(int)))
    return (edges[1::2] - edges[::2]) * (x[1] - x[0])


def test_bones_have_the_sizes_of_adult_knees():
    # Ranges: epicondylar width 65-90, notch 14-25, plateau 62-85, patella 35-52 by 16-26 mm.
    x = np.arange(-50.0, 50.0, 0.25)
    for seed in range(5):
        bones, _, tables = draw_person(np.random.default_rng(seed))
        femur = np.array([femur_distance(v, 0.0, 20.0, bones, tables)[0] < 0 for v in x])
        assert 65 < x[femur].max() - x[femur].min() < 90
        behind = np.array([femur_distance(v, 14.0, 12.0, bones, tables)[0] < 0 for v in x])
        condyles = widths(behind, x)
        assert len(condyles) == 2
        assert (condyles > 15).all()
        notch = x[behind].max() - x[behind].min() - condyles.sum()
        assert 12 < notch < 26
        tibia = np.array([tibia_distance(v, 6.0, -14.0, bones, tables)[0] < 0 for v in x])
        assert 60 < widths(tibia, x).max() < 85
        z = bones.patella_z
        patella = np.array([patella_distance(v, bones.patella_y - 7, z, bones)[0] < 0 for v in x])
        assert 28 < widths(patella, x).max() < 52
        y = np.arange(-70.0, -20.0, 0.25)
        deep = np.array([patella_distance(bones.patella_x, v, z, bones)[0] < 0 for v in y])
        assert 14 < widths(deep, y).max() < 26


def test_femur_is_one_bone_above_the_notch_and_two_condyles_below():
    x = np.arange(-50.0, 50.0, 0.5)
    bones, _, tables = draw_person(np.random.default_rng(0))

    def pieces(y, z):
        inside = np.array([femur_distance(v, y, z, bones, tables)[0] < 0 for v in x])
        return len(widths(inside, x))

    assert pieces(-10.0, 60.0) == 1
    assert pieces(-15.0, 20.0) == 1
    assert pieces(15.0, 15.0) == 2


def test_stacks_are_grey_levels_of_the_released_kind(healthy):
    for plane, stack in healthy.stacks.items():
        least, _, most = SLICE_COUNTS[plane]
        assert stack.dtype == np.uint8
        assert stack.shape[1:] == (256, 256)
        assert least <= len(stack) <= most


@pytest.mark.parametrize("plane", PLANES)
def test_slice_counts_keep_to_the_published_ranges(plane):
    generator = np.random.default_rng(5)
    least, mean, most = SLICE_COUNTS[plane]
    abnormal = generator.random(3000) < 0.8
    counts = np.array([draw_slice_count(generator, plane, int(a)) for a in abnormal])
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
    """Six slices of `background` and a round vessel in their middle, after the pulse."""
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
    # on slices along the leg only across it: elsewhere copies would stay with the vessels
    axis = int(rng.integers(1, 3)) if plane == "axial" else 2
    shift, swing, level = rng.uniform(28, 60), rng.uniform(0.8, 1.6), rng.uniform(0.8, 2)
    starts = rng.uniform(0, 2 * np.pi, 6)
    y, x = np.mgrid[:256, :256]
    known = 2.0 * level * ((np.hypot(y - 128, x - 128) < 7) & ((y + x) % 2 == 0))
    vessel = ndimage.convolve(known, np.outer([1, 2, 1], [1, 2, 1]) / 16)
    spectrum = np.fft.fft2(vessel)
    # exp(i b cos u) = sum of i^n J_n(b) exp(i n u); n = 0 is the vessel as it was painted
    copies = np.zeros((6, 256, 256), dtype=complex)
    for n in [k for k in range(-12, 13) if k != 0]:
        place = np.zeros(2)
        place[axis - 1] = -n * shift
        copy = np.fft.ifft2(ndimage.fourier_shift(spectrum, place))
        copies += (1j**n * jv(n, swing) * np.exp(1j * n * starts))[:, None, None] * copy
    assert stack[:, :200, 40:] == pytest.approx(np.abs(copies)[:, :200, 40:], abs=1e-4)


def test_inside_the_leg_copies_are_bright_on_one_slice_and_dark_on_another():
    change = pulsate("sagittal", 3, 1.0)[:, 128, 150:] - 1
    place = np.argmax(np.abs(change).max(axis=0))
    assert change[:, place].min() < -0.1
    assert change[:, place].max() > 0.1


def bright(exam, plane):
    stack = exam.stacks[plane]
    return int((stack > 2.2 * np.median(stack[stack > 40])).sum())


@pytest.mark.parametrize("plane", ["axial", "sagittal"])
def test_more_effusion_makes_more_bright_pixels(plane):
    counts = [
        bright(draw_knee(11, findings=replace(HEALTHY, effusion_ml=ml)), plane)
        for ml in (2.0, 15.0, 50.0)
    ]
    assert counts[0] < counts[1] < counts[2]
    assert counts[2] > 1.3 * counts[0]


def changed(findings, plane):
    """Pixels of one plane that a finding moves by more than 30 grey levels, and by how much."""
    before = draw_knee(11, findings=HEALTHY).stacks[plane].astype(int)
    after = draw_knee(11, findings=findings).stacks[plane].astype(int)
    difference = after - before
    return difference, np.abs(difference) > 30


def test_torn_acl_turns_dark_pixels_bright_near_the_centre():
    torn = replace(HEALTHY, acl_state="complete", acl_gap=0.6, acl_gap_size=0.35)
    difference, moved = changed(torn, "sagittal")
    assert moved.sum() > 50
    assert difference[moved].mean() > 30
    place = np.argwhere(moved)
    assert (np.abs(place.mean(axis=0)[1:] - 128) < 45).all()
    assert np.abs(place[:, 0].mean() - len(difference) / 2) < len(difference) / 5


def test_a_meniscal_tear_is_small_and_at_the_joint_line():
    tear = MeniscusTear("medial", "posterior", "horizontal", 1.0, 10.0, 1.0, 0.0)
    difference, moved = changed(replace(HEALTHY, tears=(tear,)), "sagittal")
    assert 5 < moved.sum() < 600
    assert difference[moved].mean() > 0
    rows = np.argwhere(moved)[:, 1]
    assert abs(rows.mean() - 135) < 30


def test_marrow_oedema_is_bright_on_fat_saturation_and_dark_on_t1():
    spot = Spot("lateral tibia", 10.0, 1.0, 0.0, 0.0)
    findings = replace(HEALTHY, oedema=(spot,))
    difference, moved = changed(findings, "sagittal")
    assert moved.sum() > 100
    assert difference[moved].mean() > 0
    difference, moved = changed(findings, "coronal")
    assert moved.sum() > 50
    assert difference[moved].mean() < 0


def test_bad_split_is_refused():
    with pytest.raises(ValueError, match="split"):
        draw_knee(0, split="test")
