"""Tissue at points of a knee: bone with marrow, cartilage on it, fluid and fat around it."""

import numpy as np
import pytest

from mrnet_features.synthetic import tissues
from mrnet_features.synthetic.anatomy import Knee, femoral_cover_at, sample_person
from mrnet_features.synthetic.ligaments import ACL_INTACT
from mrnet_features.synthetic.soft_tissue import skin_depth
from tests.support.points import look_at


@pytest.fixture(scope="module")
def person():
    bones, soft, tables = sample_person(np.random.default_rng(0))
    return Knee(bones, soft, ACL_INTACT, 0.5, 0.0, 0.0, 0.0, 0.0, 0.4), tables


def tissue(person, x, y, z):
    return look_at(person, x, y, z)[0].tolist()


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        ((-20, 0, 20), tissues.MARROW),  # medial condyle
        ((20, 5, -16), tissues.MARROW),  # lateral plateau
        ((34, 26.5, -24), tissues.MARROW),  # head of the fibula
        ((4, -26, -2), tissues.JOINT_FAT),  # Hoffa's fat pad
        ((-18, 39, 5), tissues.MUSCLE),  # medial gastrocnemius
    ],
)
def test_tissue_at_known_points(person, point, expected):
    assert tissue(person, *point) == [expected]


def test_the_patella_has_marrow_and_cartilage_behind(person):
    bones = person[0].bones
    y = bones.patella_y + np.arange(-12, 3, 0.25)
    line = tissue(person, bones.patella_x, y, bones.patella_z)
    assert tissues.MARROW in line
    assert line.index(tissues.CARTILAGE) > line.index(tissues.MARROW)
    assert line.index(tissues.DEEP_CARTILAGE) < line.index(tissues.CARTILAGE)


def test_from_the_femur_to_the_tibia_come_cortex_cartilage_and_cortex(person):
    line = tissue(person, -20, 2, np.arange(10, -14, -0.1))
    kinds = [kind for kind, before in zip(line[1:], line, strict=False) if kind != before]
    assert kinds[:3] == [tissues.CORTEX, tissues.DEEP_CARTILAGE, tissues.CARTILAGE]
    assert kinds[-2:] == [tissues.CORTEX, tissues.MARROW]


def test_femoral_cartilage_is_thick_where_it_bears_weight_and_thin_at_the_edges(person):
    # the segmented knee: 2.0 to 2.6 mm in the middle of a condyle, 1.2 mm at its side
    def thickness(x, y, z):
        kinds = [femoral_cover_at(x, y, z, 0.0, gap, person[0]) for gap in np.arange(0, 5, 0.05)]
        assert kinds[0] == tissues.DEEP_CARTILAGE
        return 0.05 * sum(k in {tissues.DEEP_CARTILAGE, tissues.CARTILAGE} for k in kinds)

    middle, side, behind = (
        thickness(*point) for point in ((-19.0, 1.0, -2.0), (-32.0, 1.0, 2.0), (-19.0, 22.0, 23.0))
    )
    assert 1.7 < middle < 3.2
    assert 0.3 * middle < side < 0.75 * middle
    assert 0.2 * middle < behind < 0.6 * middle


def test_cortex_is_thin_at_the_joint_and_thick_in_the_shaft(person):
    def rim(line):
        return 0.05 * sum(kind == tissues.CORTEX for kind in line)

    joint = rim(tissue(person, 20, 0, np.arange(12, -4, -0.05)))
    shaft = rim(tissue(person, np.arange(2, 30, 0.05), -12, 70))
    assert 0.3 < joint < 1.2
    assert 2.5 < shaft < 5


def test_growth_plates_are_left_in_a_part_of_the_adults():
    scars = [sample_person(np.random.default_rng(seed))[0].scar for seed in range(60)]
    assert 0.25 < np.mean(np.array(scars) > 0) < 0.65
    bones, soft, tables = sample_person(np.random.default_rng(0))

    def seen(scar, noise):
        knee = Knee(bones._replace(scar=scar), soft, ACL_INTACT, 0.5, 0.0, 0.0, 0.0, 0.0, 0.4)
        column = look_at((knee, tables), -15.0, -5.0, np.arange(20.0, 40.0, 0.25), noise)[0]
        return tissues.SCAR in column

    assert not seen(0.0, 2.0)
    assert [seen(0.5, noise) for noise in (-1.0, 1.0)] == [False, True]  # broken


def test_skin_covers_everything(person):
    _, tables = person
    x = np.arange(0, 90, 0.25)
    depth = np.array([skin_depth(float(v), 5.0, -10.0, tables) for v in x])
    outermost = x[(depth >= 0) & (depth < 1.5)]
    assert len(outermost)
    assert set(tissue(person, outermost, 5, -10)) == {tissues.SKIN}
