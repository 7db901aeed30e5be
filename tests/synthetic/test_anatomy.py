"""Tissue at points of a knee: bone with marrow, cartilage on it, fluid and fat around it."""

import numpy as np
import pytest

from mrnet_features.synthetic import tissues
from mrnet_features.synthetic.anatomy import Knee, sample_person, tissue_at
from mrnet_features.synthetic.bones import femur_distance
from mrnet_features.synthetic.ligaments import ACL_INTACT
from mrnet_features.synthetic.soft_tissue import skin_depth


@pytest.fixture(scope="module")
def person():
    bones, soft, tables = sample_person(np.random.default_rng(0))
    return Knee(bones, soft, ACL_INTACT, 0.5, 0.0, 0.0, 0.0, 0.0, 0.4), tables


def tissue(person, x, y, z):
    knee, tables = person
    depth = skin_depth(float(x), float(y), float(z), tables)
    return tissue_at(float(x), float(y), float(z), depth, 0.0, 0.0, knee, tables)


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
    assert tissue(person, *point) == expected


def test_the_patella_has_marrow_and_cartilage_behind(person):
    bones = person[0].bones
    line = [
        tissue(person, bones.patella_x, bones.patella_y + dy, bones.patella_z)
        for dy in np.arange(-12, 3, 0.25)
    ]
    assert tissues.MARROW in line
    assert line.index(tissues.CARTILAGE) > line.index(tissues.MARROW)


def test_from_the_femur_to_the_tibia_come_cortex_cartilage_and_cortex(person):
    line = [tissue(person, -20, 2, z) for z in np.arange(10, -14, -0.1)]
    kinds = [kind for kind, before in zip(line[1:], line, strict=False) if kind != before]
    assert [kind for kind in kinds if kind in {tissues.CORTEX, tissues.CARTILAGE}][:2] == [
        tissues.CORTEX,
        tissues.CARTILAGE,
    ]
    assert kinds[-2:] == [tissues.CORTEX, tissues.MARROW]


def test_the_femur_has_cartilage_of_the_given_thickness(person):
    knee, tables = person
    for z in np.arange(4, -8, -0.1):
        distance, condyles = femur_distance(-20.0, 2.0, float(z), knee.bones, tables)
        if 0.1 < condyles < knee.bones.cartilage - 0.1:
            assert tissue(person, -20, 2, z) in {tissues.CARTILAGE, tissues.MENISCUS}
            assert distance <= condyles + 0.6


def test_skin_covers_everything(person):
    _, tables = person
    x = np.arange(0, 90, 0.25)
    depth = np.array([skin_depth(float(v), 5.0, -10.0, tables) for v in x])
    outermost = x[(depth >= 0) & (depth < 1.5)]
    assert len(outermost)
    assert {tissue(person, v, 5, -10) for v in outermost} == {tissues.SKIN}
