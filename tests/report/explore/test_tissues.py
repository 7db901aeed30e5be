"""Signal of tissues: the expected table, and grey levels measured in drawn and real knees."""

import os
from pathlib import Path

import numpy as np
import pytest

from mrnet_features.names import PLANES
from mrnet_features.report.explore.stacks import measure_stack
from mrnet_features.report.explore.tissues import (
    LEVELS,
    SEQUENCES,
    SOURCES,
    check_sequences,
    describe_sequence,
    list_signals,
    measure_tissues,
)
from mrnet_features.stacks.atlas import find_frame
from mrnet_features.stacks.foreground import find_foreground
from mrnet_features.synthetic import tissues as t
from mrnet_features.synthetic.signal import tissue_signal
from tests.support.knees import make_knee


def measure(grey, plane):
    inside = find_foreground(grey).view(np.uint8)
    return measure_tissues(grey, inside, find_frame(grey, inside, plane), plane)


def test_fat_saturation_darkens_fat_and_marrow_alone():
    table = list_signals()
    for name in ("T1", "T2", "PD"):
        changed = table[name] != table[f"{name} fs"]
        assert (
            {"fat", "marrow"} <= set(table.index[changed]) <= {"fat", "marrow", "fluid", "muscle"}
        )
        assert set(table.loc[["fat", "marrow"], f"{name} fs"]) == {"dark"}


def test_bone_and_fibrous_tissue_are_dark_on_all_sequences():
    table = list_signals()
    assert (table.loc[["cortical bone", "ligament", "meniscus", "air"]] == "dark").all(axis=None)
    assert set(table.to_numpy().ravel()) <= set(LEVELS)
    assert tuple(table.columns) == SEQUENCES


@pytest.mark.parametrize("plane", PLANES)
def test_the_expected_order_of_mrnets_tissues_is_that_of_the_spin_echo_equation(plane):
    signal = tissue_signal(plane, 3.0)
    number = {
        "fat": t.FAT,
        "marrow": t.MARROW,
        "fluid": t.FLUID,
        "muscle": t.MUSCLE,
        "cortical bone": t.CORTEX,
        "ligament": t.LIGAMENT,
        "air": t.AIR,
    }
    words = list_signals(check_sequences(None)[plane]).iloc[:, 0]
    levels = {name: LEVELS.index(words[name]) for name in number}
    for one in number:
        for other in number:
            if levels[one] - levels[other] >= 2:
                assert signal[number[one]] > signal[number[other]], (one, other)


def test_a_sequence_is_told_in_words_and_a_wrong_one_refused():
    assert describe_sequence("PD fs") == "proton density with fat saturation"
    assert list_signals("T1").shape[1] == 1
    with pytest.raises(ValueError, match="one of T1, T1 fs, .* got 'STIR'"):
        list_signals("STIR")
    with pytest.raises(ValueError, match="series of them such as 'sagittal_fluid', got 'oblique'"):
        check_sequences({"oblique": "T1"})


def test_marrow_skin_and_air_of_a_drawn_knee():
    levels = measure(make_knee(66, bone=150), "coronal")
    assert levels["marrow"] == pytest.approx(150, abs=3)
    assert levels["fat"] == pytest.approx(90, abs=3)  # all tissue around the bone
    assert levels["air"] == pytest.approx(3, abs=2)
    assert levels["meniscus"] < 40  # the dark layer at the joint


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("n_slices", [9, 10])
def test_mirroring_and_the_order_of_slices_change_nothing(plane, n_slices):
    grey = make_knee(66, (n_slices, 120, 101), bone=150)
    turned = grey[::-1] if plane == "sagittal" else grey[::-1, :, ::-1]
    assert measure(np.ascontiguousarray(turned), plane) == measure(grey, plane)


def test_every_tissue_of_every_plane_is_in_the_table():
    for sources in SOURCES.values():
        assert [source.tissue for source in sources][-1] == "air"
        assert {source.tissue for source in sources} <= set(list_signals().index)
        assert {source.sure for source in sources} <= {"good", "fair", "weak"}


def test_an_empty_stack_has_no_tissue():
    levels = measure(np.zeros((3, 64, 64), np.uint8), "sagittal")
    assert levels.pop("air") == 0
    assert np.isnan(list(levels.values())).all()


@pytest.mark.skipif("MRNET_FEATURES_REAL_KNEE" not in os.environ, reason="no real knee")
@pytest.mark.parametrize("echo", ["echo1_te06ms", "echo8_te50ms"])
def test_a_real_knee_without_fat_saturation_has_bright_fat_and_dark_ligaments(echo):
    path = Path(os.environ["MRNET_FEATURES_REAL_KNEE"]) / f"{echo}.npy"
    levels = measure_stack(np.load(path), "sagittal").tissues
    assert min(levels["fat"], levels["marrow"]) > 2 * levels["muscle"]
    assert max(levels["cortical bone"], levels["ligament"], levels["meniscus"]) < levels["muscle"]
    assert levels["air"] < 5
