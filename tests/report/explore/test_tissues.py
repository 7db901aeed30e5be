"""Expected signal of tissues on each sequence."""

import pytest

from mrnet_features.names import PLANES
from mrnet_features.report.explore.tissues import (
    LEVELS,
    SEQUENCES,
    check_sequences,
    describe_sequence,
    list_signals,
)
from mrnet_features.synthetic import tissues as t
from mrnet_features.synthetic.signal import tissue_signal


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
