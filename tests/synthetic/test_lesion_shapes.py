"""Blobs have the positions, sizes and host tissues of their lesions."""

from dataclasses import replace

import numpy as np
import pytest

from mrnet_features.synthetic import Pathology, tissues
from mrnet_features.synthetic.anatomy import sample_person
from mrnet_features.synthetic.lesion_shapes import (
    N_COLUMNS,
    blob,
    fluid_shapes,
    lesion_shapes,
    locate_spot,
    stack_blobs,
    tear_blobs,
)
from mrnet_features.synthetic.pathology import OEDEMA_SITES, MeniscusTear, Spot

LABELS = (0, 0, 0)


@pytest.fixture(scope="module")
def person():
    return sample_person(np.random.default_rng(0))


def radius(row, point):
    """Relative radius of a point in a blob, 1 at its edge."""
    return np.linalg.norm(row[3:12].reshape(3, 3) @ (np.array(point) - row[:3]))


def test_a_blob_is_an_ellipsoid_with_the_given_half_axes():
    row = blob((1.0, 2.0, 3.0), (4.0, 5.0, 6.0), tissues.FLUID, (tissues.FAT, tissues.MUSCLE))
    assert row.shape == (N_COLUMNS,)
    for point in ((5.0, 2.0, 3.0), (1.0, -3.0, 3.0), (1.0, 2.0, 9.0)):
        assert radius(row, point) == pytest.approx(1)
    assert row[12] >= 6
    assert row[15] == tissues.FLUID
    assert int(row[16]) == 1 << tissues.FAT | 1 << tissues.MUSCLE


@pytest.mark.parametrize(
    ("kind", "n_blobs"),
    [("worn", 1), ("horizontal", 1), ("vertical", 1), ("radial", 1), ("complex", 2)],
)
def test_a_tear_changes_only_meniscus(person, kind, n_blobs):
    tear = MeniscusTear("medial", "posterior", kind, 1.0, 10.0, 0.7, 0.0)
    rows = tear_blobs(tear, person[1])
    assert len(rows) == n_blobs
    assert {int(row[16]) for row in rows} == {1 << tissues.MENISCUS}
    assert {row[14] for row in rows} == {0.7}


@pytest.mark.parametrize("site", OEDEMA_SITES)
def test_lesions_of_a_site_are_on_its_side_and_bone(person, site):
    for u in (-1.0, 0.0, 1.0):
        x, y, z = locate_spot(Spot(site, 5.0, 1.0, u, 0.0), person[0])
        if "medial" in site or "lateral" in site:
            assert (x > 0) == ("lateral" in site)
        if "tibia" in site:
            assert z < -5
        if "patella" in site:
            assert y < -30
        if site == "trochlea":
            assert y < 0 < z


def test_fluid_grows_with_the_effusion_and_a_cyst_adds_blobs():
    small, large = (
        (stack_blobs(fluid_shapes(Pathology(LABELS, effusion_ml=ml)))[:, 12] ** 3).sum()
        for ml in (3.0, 40.0)
    )
    assert large > 2 * small
    shapes = fluid_shapes(Pathology(LABELS, baker_ml=5.0))
    assert [shape.lesion for shape in shapes] == ["effusion"] * 4 + ["baker"]
    assert len(shapes[-1].blobs) == 2


def test_the_shapes_are_all_lesions_by_kind_and_site(person):
    bones, soft, _ = person
    spot = Spot("patella", 5.0, 1.0, 0.0, 0.0)
    tear = MeniscusTear("medial", "body", "complex", 1.0, 10.0, 1.0, 0.0)
    none = lesion_shapes(Pathology(LABELS), bones, soft)
    all_kinds = Pathology(
        LABELS, oedema=(spot,), defects=(spot, spot), red_marrow=(spot,), tears=(tear,),
        worn=(replace(tear, kind="worn"),), magic_angle=0.5,
    )  # fmt: skip
    shapes = lesion_shapes(all_kinds, bones, soft)
    assert [(shape.lesion, shape.site) for shape in shapes[len(none) :]] == [
        ("oedema", "patella"), ("red marrow", "patella"), ("defect", "patella"),
        ("defect", "patella"), ("worn", "medial body"), ("tear", "medial body complex"),
        ("magic angle", "tendons"),
    ]  # fmt: skip
    assert stack_blobs(shapes).shape == (len(none) + 1 + 1 + 2 + 1 + 2 + 3, N_COLUMNS)
