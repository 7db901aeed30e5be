"""Ligaments run between their footprints, and a torn ACL is another tissue."""

from types import SimpleNamespace

import numpy as np
import pytest

from mrnet_features.synthetic import tissues
from mrnet_features.synthetic.anatomy import Knee, sample_person
from mrnet_features.synthetic.ligaments import (
    ACL_COMPLETE,
    ACL_INTACT,
    ACL_MUCOID,
    ACL_PARTIAL,
    ACL_TIBIA,
    PCL_FEMUR,
    PCL_TIBIA,
    acl_at,
    cruciate_at,
    pcl_distance,
    segment_distance,
)

acl_at, pcl_distance = acl_at.py_func, pcl_distance.py_func  # fields of any object, not compiled


def make_knee(state=ACL_INTACT, gap=0.5, size=0.3):
    bones, soft, _ = sample_person(np.random.default_rng(0))
    return Knee(bones, soft, state, gap, size, 0.0, 0.0, 0.0, 0.2)


def along_acl(knee, fraction):
    """Point on the axis of the ACL, 0 at the tibia, 1 at the femur."""
    femur = np.array([5.5, knee.soft.acl_femur_y, knee.soft.acl_femur_z])
    return np.array(ACL_TIBIA) + fraction * (femur - np.array(ACL_TIBIA))


def test_the_distance_to_a_segment_is_that_of_its_nearest_point():
    assert segment_distance(0, 3, 4, -1, 0, 0, 1, 0, 0) == (5.0, 0.5)
    assert segment_distance(4, 4, 0, 0, 0, 0, 1, 0, 0) == (5.0, 1.0)
    assert segment_distance(-3, 0, 4, 0, 0, 0, 1, 0, 0) == (5.0, 0.0)


@pytest.mark.parametrize("fraction", [0.05, 0.5, 0.95])
def test_an_intact_acl_is_ligament_from_tibia_to_femur(fraction):
    knee = make_knee()
    x, y, z = along_acl(knee, fraction)
    assert acl_at(x, y, z, 0.0, knee) == tissues.LIGAMENT
    assert acl_at(x + 12.0, y, z, 0.0, knee) == -1


@pytest.mark.parametrize(
    ("state", "tissue"),
    [
        (ACL_PARTIAL, tissues.TORN_LIGAMENT),
        (ACL_COMPLETE, tissues.TORN_LIGAMENT),
        (ACL_MUCOID, tissues.MUCOID_LIGAMENT),
    ],
)
def test_a_torn_or_mucoid_acl_is_another_tissue(state, tissue):
    knee = make_knee(state, gap=0.6)
    x, y, z = along_acl(knee, 0.6)
    assert acl_at(x, y, z, 0.0, knee) == tissue


def test_a_tear_is_only_in_its_gap():
    knee = make_knee(ACL_COMPLETE, gap=0.8, size=0.15)
    x, y, z = along_acl(knee, 0.3)
    assert acl_at(x, y, z, 0.0, knee) == tissues.LIGAMENT


def test_the_pcl_runs_from_femur_to_tibia():
    soft = SimpleNamespace(pcl_bend_y=21.0, pcl_bend_z=17.0)
    assert pcl_distance(*PCL_FEMUR, soft) == pytest.approx(0)
    assert pcl_distance(*PCL_TIBIA, soft) == pytest.approx(0)
    assert pcl_distance(-2.5, 40.0, 17.0, soft) > 15


def test_no_cruciate_ligament_outside_the_notch():
    assert cruciate_at(40.0, 0.0, 0.0, 0.0, make_knee()) == -1
