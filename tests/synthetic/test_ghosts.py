"""Ghosts are the sidebands of a modulation, in both directions of the picture."""

import numpy as np
import pytest
from scipy import ndimage
from scipy.special import jv

from mrnet_features.names import PLANES
from mrnet_features.synthetic.ghosts import add_flow_ghosts, add_ghosts, add_motion_ghosts


def pulsate(axis, seed, background):
    """Six slices of `background` with the ghosts of a round vessel in their middle."""
    stack = np.full((6, 256, 256), background, dtype=np.float32)
    stack[:, 200:, :40] = 1  # a leg beside the lines of the vessel
    y, x = np.mgrid[:256, :256]
    vessel = np.hypot(y - 128, x - 128) < 7
    flow = np.broadcast_to(vessel & ((y + x) % 2 == 0), stack.shape).astype(np.uint8)
    add_flow_ghosts(stack, flow, axis, np.random.default_rng(seed))
    return stack


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("axis", [1, 2])
def test_copies_of_vessels_are_the_sidebands_of_a_frequency_modulation(axis, seed):
    stack = pulsate(axis, seed, 0.0)
    rng = np.random.default_rng(seed)
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
    change = pulsate(2, 3, 1.0)[:, 128, 150:] - 1
    column = np.argmax(np.abs(change).max(axis=0))
    assert change[:, column].min() < -0.1
    assert change[:, column].max() > 0.1


@pytest.mark.parametrize("seed", range(4))
def test_a_moving_leg_repeats_its_edges_at_equal_distances(seed):
    stack = np.full((5, 256, 256), 1.0, dtype=np.float32)
    stack[:, 124:132, 60:200] = 3.0  # a bright line across the leg
    before = stack.copy()
    add_motion_ghosts(stack, np.random.default_rng(seed))
    shift = np.random.default_rng(seed).uniform(20, 50)
    change = np.abs(stack - before).max(axis=0)[:, 128]
    rows = np.arange(256)
    for n in (-1, 1):
        near = np.abs(rows - (128 + n * shift)) < 8
        between = np.abs(rows - (128 + 1.5 * n * shift)) < 2
        assert change[near].max() > 0.15
        assert change[near].max() > 2 * change[between].max()
    # columns without an edge do not change
    assert stack[:, :, :50] == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("plane", PLANES)
def test_ghosts_are_displaced_along_rows_or_along_columns_on_every_plane(plane):
    along = set()
    for seed in range(8):
        stack = np.full((2, 64, 64), 1.0, dtype=np.float32)
        stack[:, 28:36, 28:36] = 3.0
        flow = (stack > 2).astype(np.uint8)
        before = stack.copy()
        add_ghosts(stack, flow, plane, np.random.default_rng(seed))
        change = np.abs(stack - before)
        rows, columns = change[:, :, 30:34].sum(), change[:, 30:34, :].sum()
        along.add("rows" if rows > columns else "columns")
    assert along == {"rows", "columns"}
