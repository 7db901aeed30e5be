"""Region sets: names of regions and of the values of pairs; single boxes are symmetric."""

import pytest

from mrnet_features.extraction.pooling import PAIR_VALUES
from mrnet_features.stacks.region_sets import KNEE, REGION_SETS, find_pair_values, region_names

SETS = [(name, plane) for name, sets in REGION_SETS.items() for plane in sets]


def test_a_set_without_boxes_on_a_plane_is_refused():
    for find in (region_names, find_pair_values):
        with pytest.raises(ValueError, match=r"no region set 'menisci' for the plane 'axial'"):
            find("menisci", "axial")


def test_the_knee_is_one_region_on_every_plane():
    assert region_names(KNEE, "axial") == (KNEE,)
    assert find_pair_values(KNEE, "axial") == ()


@pytest.mark.parametrize(("name", "plane"), SETS)
def test_names_are_unique_and_values_of_pairs_are_known(name, plane):
    names = region_names(name, plane)
    assert len(set(names)) == len(names) < 256  # regions are stored as uint8
    assert set(find_pair_values(name, plane)) <= PAIR_VALUES.keys()


@pytest.mark.parametrize(("name", "plane"), SETS)
def test_a_single_box_is_its_own_mirror_image_and_a_pair_has_two_sides(name, plane):
    for box in REGION_SETS[name][plane].boxes:
        spans = {"columns": box.columns, "slices": box.depth}
        for axis in ("slices",) if plane == "sagittal" else ("columns", "slices"):
            if box.pair == axis:
                assert max(spans[axis]) <= 0.51
            else:
                assert sum(spans[axis]) == 1  # exactly: the spans are rounded alike
