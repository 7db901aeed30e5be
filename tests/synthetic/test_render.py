"""Noise volumes have unit spread and two scales."""

import numpy as np
import pytest

from mrnet_features.synthetic.render import noise_volumes


def test_noise_volumes_have_unit_spread_and_two_scales():
    fine, coarse = (volume / 32 for volume in noise_volumes())
    for volume in (fine, coarse):
        assert volume.shape == (64, 64, 64)
        assert volume.std() == pytest.approx(1, abs=0.02)
        assert volume.mean() == pytest.approx(0, abs=0.05)
    neighbours = [np.mean(volume * np.roll(volume, 1, 0)) for volume in (fine, coarse)]
    assert neighbours[0] < 0.8 < neighbours[1]
