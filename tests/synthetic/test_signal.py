"""Signals follow the spin-echo equation and order the tissues as real sequences do."""

import numpy as np
import pytest

from mrnet_features.names import PLANES
from mrnet_features.synthetic import tissues
from mrnet_features.synthetic.signal import (
    SEQUENCES,
    TEXTURE,
    VALUES,
    tissue_signal,
    tissue_texture,
)


@pytest.mark.parametrize("tesla", [1.5, 3.0])
@pytest.mark.parametrize("plane", ["axial", "sagittal"])
def test_fat_saturation_orders_fluid_cartilage_muscle_fat_meniscus(plane, tesla):
    signal = tissue_signal(plane, tesla)
    order = [tissues.FLUID, tissues.CARTILAGE, tissues.MUSCLE, tissues.FAT, tissues.MENISCUS]
    assert (np.diff(signal[order]) < 0).all()
    assert signal[tissues.OEDEMA] > 2 * signal[tissues.MARROW]
    assert signal[tissues.LIGAMENT] < 0.5 * signal[tissues.FAT]


@pytest.mark.parametrize("tesla", [1.5, 3.0])
def test_t1_orders_fat_marrow_muscle_fluid_cortex(tesla):
    signal = tissue_signal("coronal", tesla)
    order = [tissues.FAT, tissues.MARROW, tissues.MUSCLE, tissues.FLUID, tissues.CORTEX]
    assert (np.diff(signal[order]) < 0).all()
    assert signal[tissues.OEDEMA] < signal[tissues.MARROW]


@pytest.mark.parametrize("plane", PLANES)
def test_signal_follows_the_spin_echo_equation_for_water(plane):
    density, _, t1, _, t2, fat = VALUES[tissues.CARTILAGE]
    sequence = SEQUENCES[plane]
    assert fat == 0
    expected = density * (1 - np.exp(-sequence.repetition_ms / t1)) * np.exp(-sequence.echo_ms / t2)
    assert tissue_signal(plane, 3.0)[tissues.CARTILAGE] == pytest.approx(expected, rel=1e-6)


def test_every_tissue_has_values():
    assert set(VALUES) == set(range(tissues.N_TISSUES))


def test_field_strengths_are_interpolated():
    low, middle, high = (tissue_signal("coronal", tesla) for tesla in (1.5, 2.25, 3.0))
    inside = (np.minimum(low, high) <= middle) & (middle <= np.maximum(low, high))
    assert inside.all()


def test_fat_saturation_changes_only_tissues_with_fat():
    full, half = (tissue_signal("sagittal", 3.0, fat_left=left) for left in (1.0, 0.5))
    fat = np.array([VALUES[tissue][5] for tissue in range(tissues.N_TISSUES)])
    assert half == pytest.approx(full * (1 - 0.5 * fat), rel=1e-6)


def test_texture_is_that_of_the_table_and_none_in_air():
    texture = tissue_texture()
    assert texture[tissues.AIR] == 0
    assert all(texture[tissue] == pytest.approx(value) for tissue, value in TEXTURE.items())
