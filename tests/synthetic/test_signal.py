"""Signals follow the spin-echo equation and order the tissues as real sequences do."""

import numpy as np
import pytest

from mrnet_features.names import PLANES
from mrnet_features.synthetic import tissues
from mrnet_features.synthetic.signal import (
    TEXTURE,
    VALUES,
    tissue_signal,
    tissue_texture,
)
from mrnet_features.synthetic.style import Style


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
    assert fat == 0
    k = PLANES.index(plane)
    style = Style(cartilage_signal=1.0)
    recovered = 1 - np.exp(-style.repetition_ms[k] / t1)
    expected = density * recovered * np.exp(-style.echo_ms[k] / t2)
    assert tissue_signal(plane, 3.0, style=style)[tissues.CARTILAGE] == pytest.approx(
        expected, rel=1e-6
    )


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


@pytest.mark.parametrize("tesla", [1.5, 3.0])
def test_degenerated_ligament_is_between_ligament_and_fluid(tesla):
    signal = tissue_signal("sagittal", tesla)
    order = [tissues.LIGAMENT, tissues.MUCOID_LIGAMENT, tissues.TORN_LIGAMENT, tissues.FLUID]
    assert (np.diff(signal[order]) > 0).all()
    assert signal[tissues.MUCOID_LIGAMENT] < 0.5 * signal[tissues.FLUID]


def test_factors_of_a_style_scale_their_tissues():
    plain = tissue_signal("axial", 3.0)
    style = Style(muscle_signal=(0.36, 1, 1), fat_signal=(0.5, 1, 1), cartilage_signal=0.375)
    ratio = tissue_signal("axial", 3.0, style=style)[1:] / plain[1:]
    assert ratio[tissues.MUSCLE - 1] == pytest.approx(0.5)
    assert ratio[[tissues.FAT - 1, tissues.MARROW - 1]] == pytest.approx(0.5)
    assert ratio[[tissues.CARTILAGE - 1, tissues.DEEP_CARTILAGE - 1]] == pytest.approx(0.5)
    assert ratio[tissues.FLUID - 1] == 1
