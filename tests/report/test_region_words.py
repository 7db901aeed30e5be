"""Regions in words: every region of the library, and cells where their boxes lie."""

import numpy as np
import pytest

from mrnet_features.extraction.pooling import fold_pairs
from mrnet_features.report.region_words import describe_region
from mrnet_features.stacks.region_sets import REGION_SETS, find_pair_values, region_names


def list_folded(name, plane):
    """Regions of a set as column names have them."""
    names = region_names(name, plane)
    return list(fold_pairs(names, np.zeros((len(names), 1)), find_pair_values(name, plane)))


@pytest.mark.parametrize(
    ("name", "plane"), [(name, plane) for name, sets in REGION_SETS.items() for plane in sets]
)
def test_every_region_of_a_set_has_words_of_its_own(name, plane):
    words = [describe_region(region, plane) for region in list_folded(name, plane)]
    assert len({(each.phrase, each.side) for each in words}) == len(words)
    assert not any(each.sentence.startswith("in the region") for each in words)


@pytest.mark.parametrize("plane", ["coronal", "sagittal"])
def test_cells_are_named_by_their_place(plane):
    for box in REGION_SETS["cells"][plane].boxes:
        phrase = describe_region(f"{box.name}_high", plane).phrase
        is_above = box.rows[1] <= 0
        # the nearer edge of the box in rows from the joint plane
        steps = round(min(abs(row) for row in box.rows) / (box.rows[1] - box.rows[0]))
        part, bone = ("upper", "femoral") if is_above else ("lower", "tibial")
        layers = (f"at {part} menisci", f"at {bone} cartilage", f"in {bone} bone")
        assert phrase.split(", ")[0] == (*layers, f"deep in {bone} bone")[steps]
        assert "mm" not in phrase  # no scale is known
        side = "above" if is_above else "below"
        sentence = describe_region(f"{box.name}_high", plane).sentence
        assert f"about {3 * steps}-{3 * steps + 3} mm {side} the joint plane" in sentence
        if plane == "sagittal":
            percent = int(phrase.split(", ")[1].split(" ")[0])
            assert box.columns[0] <= percent / 100 <= box.columns[1]


def test_coronal_cells_reach_from_the_edge_to_the_notch():
    across = [describe_region(f"row3_column{k}_high", "coronal").phrase for k in range(5)]
    assert across[0] == "at upper menisci, outer edge"
    assert across[4] == "at upper menisci, notch"


def test_layers_of_cells_are_bone_cartilage_and_menisci():
    layers = [
        describe_region(f"row{k}_column2_high", "sagittal").sentence.split("level of the ")[1]
        for k in range(8)
    ]
    assert [layer.split(")")[0] for layer in layers] == [
        *("femoral bone", "femoral bone", "femoral cartilage", "menisci"),
        *("menisci", "tibial cartilage", "tibial bone", "tibial bone"),
    ]


def test_sides_are_said():
    found = describe_region("tibia_low", "sagittal")
    assert found.side == "min side"
    assert found.sides == "The value is the lower one of the two sides of the knee."
    assert describe_region("notch", "sagittal").side == ""


def test_an_unknown_region_keeps_its_name():
    assert describe_region("my_region", "axial").phrase == "in my region"
    assert describe_region("row9_column9_high", "coronal").phrase == "in row9 column9"
    assert describe_region("low", "axial").phrase == "in low"
