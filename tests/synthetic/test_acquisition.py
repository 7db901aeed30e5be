"""Point spread, shading, Rician noise and interpolation have their known values."""

import numpy as np
import pytest
from scipy import ndimage

from mrnet_features.synthetic.acquisition import (
    finish_stack,
    interpolate,
    interpolation_weights,
    spread_points,
)


@pytest.mark.parametrize("sharpen", [0.0, 0.16])
def test_the_point_spread_is_two_kernels_along_rows_and_columns(sharpen):
    stack = np.random.default_rng(0).random((2, 12, 15)).astype(np.float32)
    expected = stack
    for axis in (2, 1):
        for kernel in ((0.25, 0.5, 0.25), (-sharpen, 1 + 2 * sharpen, -sharpen)):
            expected = ndimage.correlate1d(expected, kernel, axis=axis, mode="nearest")
    spread_points(stack, sharpen)
    assert stack == pytest.approx(expected, abs=1e-6)


def test_the_point_spread_removes_a_checkerboard():
    rows, columns = np.mgrid[:16, :16]
    stack = (100.0 + 20 * (-1.0) ** (rows + columns))[None].astype(np.float32)
    spread_points(stack, 0.16)
    assert stack[0, 2:-2, 2:-2] == pytest.approx(100, abs=1e-4)


def finish(level, sigma, *, bias=None, ends=None, size=64):
    noise = np.random.default_rng(1).standard_normal(1 << 14).astype(np.float32)
    stack = np.full((3, size, size), level, np.float32)
    starts = np.random.default_rng(2).integers(0, noise.size - 2 * size, (3, size))
    out = np.empty(stack.shape, np.float32)
    bias = np.zeros(6) if bias is None else np.array(bias, float)
    finish_stack(out, stack, bias, np.ones(size) if ends is None else ends, noise, starts, sigma)
    return out


def test_noise_is_rayleigh_in_air_and_normal_in_tissue():
    air, tissue = finish(0.0, 5.0), finish(100.0, 5.0)
    assert air.mean() == pytest.approx(5 * np.sqrt(np.pi / 2), rel=0.03)
    assert tissue.std() == pytest.approx(5, rel=0.05)
    assert tissue.mean() == pytest.approx(np.sqrt(100**2 + 25), rel=0.01)


def test_bias_and_coil_ends_scale_the_signal():
    ramp = finish(100.0, 0.0, bias=[0.2, 0, 0, 0, 0, 0])[0, 0]
    assert ramp[[0, 32]] == pytest.approx([80, 100])
    assert finish(100.0, 0.0, ends=np.linspace(1, 0, 64))[0, :, 0][[0, -1]].tolist() == [100, 0]


def test_interpolation_keeps_a_constant_and_a_slow_wave():
    neighbours, weights = interpolation_weights(160)
    assert neighbours.shape == weights.shape == (256, 6)
    small, wide = (np.arange(n) + 0.5 for n in (160, 256))
    wave = 100 + 20 * np.sin(2 * np.pi * 5 * small / 160)
    stack = np.broadcast_to(wave.astype(np.float32), (2, 160, 160)).copy()
    out = np.empty((2, 256, 256), np.float32)
    interpolate(out, stack, neighbours, weights)
    expected = 100 + 20 * np.sin(2 * np.pi * 5 * wide / 256)
    assert out[:, 20:-20, 10:-10] == pytest.approx(
        np.broadcast_to(expected[10:-10], (2, 216, 236)), abs=0.3
    )
