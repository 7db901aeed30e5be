"""Menisci are wedges that follow the rim of the tibia."""

import numpy as np
import pytest

from mrnet_features.synthetic.anatomy import sample_person
from mrnet_features.synthetic.menisci import meniscus_fill, meniscus_frame


@pytest.fixture(scope="module", params=range(3))
def person(request):
    return sample_person(np.random.default_rng(request.param))


def test_menisci_are_wedges_open_toward_the_notch(person):
    _, soft, _ = person
    floor = -6.0

    def height(x):
        return sum(meniscus_fill(x, 2.5, z, floor, True, soft) > 0 for z in np.arange(-6, 6, 0.1))

    rim, inside = height(-34.0), height(-29.0)
    assert rim > inside > 0
    assert height(0.0) == 0


@pytest.mark.parametrize("side", ["medial", "lateral"])
@pytest.mark.parametrize("horn", ["anterior", "body", "posterior"])
def test_the_axes_of_a_meniscus_are_orthonormal_and_point_outward(person, side, horn):
    point, axes = meniscus_frame(side, horn, 0.3, person[1])
    assert axes @ axes.T == pytest.approx(np.eye(3), abs=1e-12)
    assert (point[0] < 0) == (side == "medial")
    assert (axes[1][1] > 0) == (horn != "anterior")
    if horn == "body":
        assert np.sign(axes[1][0]) == (-1 if side == "medial" else 1)
