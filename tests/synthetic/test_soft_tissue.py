"""Skin, muscles and vessels are at their positions in the limb."""

import numpy as np
import pytest

from mrnet_features.synthetic import tissues
from mrnet_features.synthetic.anatomy import sample_person
from mrnet_features.synthetic.soft_tissue import muscle_at, skin_depth, vessel_at


@pytest.fixture(scope="module", params=range(3))
def person(request):
    return sample_person(np.random.default_rng(request.param))


def test_depth_grows_from_the_skin_inward(person):
    _, _, tables = person
    depths = [skin_depth(x, 10.0, 0.0, tables) for x in (80.0, 45.0, 30.0, 0.0)]
    assert depths[0] < 0 < depths[1] < depths[2] < depths[3]
    assert skin_depth(0.0, 0.0, 0.0, tables) > 30


def test_the_knee_is_about_as_wide_and_deep_as_published(person):
    # about 106 mm wide and 104 to 109 mm deep
    _, _, tables = person
    x = np.arange(-80.0, 80.0, 0.5)
    width = sum(skin_depth(v, 1.0, 0.0, tables) > 0 for v in x) / 2
    depth = sum(skin_depth(0.0, v, 0.0, tables) > 0 for v in x) / 2
    assert width == pytest.approx(106, rel=0.15)
    assert depth == pytest.approx(106, rel=0.15)


def test_the_centre_of_a_belly_is_muscle_and_the_joint_is_not(person):
    _, _, tables = person
    assert muscle_at(-18.0, 39.0, 0.0, tables)[0] < 0.5  # medial gastrocnemius
    nearest, second = muscle_at(0.0, 0.0, 0.0, tables)
    assert 1 < nearest <= second


def test_vessels_and_nerve_are_behind_the_joint(person):
    _, soft, _ = person
    y, x = np.mgrid[0:70, -30:40].reshape(2, -1)
    found = np.array([vessel_at(float(u), float(v), 0.0, soft) for u, v in zip(x, y, strict=True)])
    assert set(found) == {-1, tissues.ARTERY, tissues.VEIN, tissues.NERVE}
    assert y[found >= 0].min() > 25


@pytest.mark.parametrize("z", [-200.0, -100.0, 0.0, 100.0, 200.0])
def test_vessels_and_nerve_keep_their_sizes_at_all_heights(person, z):
    _, soft, _ = person
    x, y = np.mgrid[-30:41:0.25, -350:250:0.25].reshape(2, -1)
    near = np.abs(y - soft.vessel_y + 0.003 * (z + 10.0) ** 2 * (1.0 if z > -10.0 else -0.2)) < 20.0
    found = np.array(
        [vessel_at(u, v, z, soft) for u, v in zip(x[near].tolist(), y[near].tolist(), strict=True)]
    )
    areas = {t: np.count_nonzero(found == t) / 16 for t in (tissues.ARTERY, tissues.VEIN)}
    assert areas[tissues.ARTERY] == pytest.approx(7.5 * np.pi, abs=1.5)
    assert areas[tissues.VEIN] == pytest.approx(11.0 * np.pi, abs=1.5)
    nerve = np.count_nonzero(found == tissues.NERVE) / 16
    assert nerve == pytest.approx(3.0 * 2.2 * np.pi, abs=1.5)
