"""Bones have the sizes and shapes of adult knees; rounded minima and ellipses are exact."""

import numpy as np
import pytest
from scipy.interpolate import PchipInterpolator

from mrnet_features.synthetic.anatomy import Knee, sample_person
from mrnet_features.synthetic.bones import (
    ellipse_distance,
    patella_distance,
    smooth_maximum,
    smooth_minimum,
    table_over,
)
from mrnet_features.synthetic.ligaments import ACL_INTACT
from tests.support.points import look_at


def sample_knee(seed):
    bones, soft, tables = sample_person(np.random.default_rng(seed))
    return Knee(bones, soft, ACL_INTACT, 0.5, 0.0, 0.0, 0.0, 0.0, 0.4), tables


def widths(inside, x):
    """Lengths of the runs of True, in the unit of x."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).astype(int)))
    return (edges[1::2] - edges[::2]) * (x[1] - x[0])


def test_bones_have_the_sizes_of_adult_knees():
    # Ranges: epicondylar width 65-90, notch 14-25, plateau 62-85, patella 35-52 by 16-26 mm.
    x = np.arange(-50.0, 50.0, 0.25)
    for seed in range(5):
        person = sample_knee(seed)
        bones = person[0].bones
        femur = look_at(person, x, 0.0, 20.0)[1] < 0
        assert 65 < x[femur].max() - x[femur].min() < 90
        behind = look_at(person, x, 14.0, 12.0)[1] < 0
        condyles = widths(behind, x)
        assert len(condyles) == 2
        assert (condyles > 15).all()
        notch = x[behind].max() - x[behind].min() - condyles.sum()
        assert 12 < notch < 26
        tibia = look_at(person, x, 6.0, -14.0)[2] < 0
        assert 60 < widths(tibia, x).max() < 85
        z = bones.patella_z
        patella = np.array([patella_distance(v, bones.patella_y - 7, z, bones)[0] < 0 for v in x])
        assert 28 < widths(patella, x).max() < 52
        y = np.arange(-70.0, -20.0, 0.25)
        deep = np.array([patella_distance(bones.patella_x, v, z, bones)[0] < 0 for v in y])
        assert 14 < widths(deep, y).max() < 26


def test_femur_is_one_bone_above_the_notch_and_two_condyles_below():
    x = np.arange(-50.0, 50.0, 0.5)
    person = sample_knee(0)

    def count_pieces(y, z):
        return len(widths(look_at(person, x, y, z)[1] < 0, x))

    assert count_pieces(-10.0, 60.0) == 1
    assert count_pieces(-15.0, 20.0) == 1
    assert count_pieces(15.0, 15.0) == 2


def test_rounded_minimum_and_maximum():
    assert smooth_minimum(1.0, 9.0, 2.0) == 1.0
    assert smooth_minimum(3.0, 3.0, 2.0) == 2.5
    assert smooth_maximum(1.0, 9.0, 2.0) == 9.0
    assert smooth_maximum(-3.0, -3.0, 2.0) == -2.5


def test_the_distance_to_a_circle_is_exact_and_to_an_ellipse_zero_on_its_edge():
    assert ellipse_distance(3.0, 4.0, 2.0, 2.0) == pytest.approx(3.0)
    assert ellipse_distance(0.0, 0.0, 2.0, 5.0) == -2.0
    for angle in np.linspace(0, 6, 20):
        assert ellipse_distance(7 * np.cos(angle), 3 * np.sin(angle), 7.0, 3.0) == pytest.approx(0)


def test_tables_interpolate_the_knots_and_keep_the_end_values():
    knots = ((0, 1, 10), (1, 2, 20), (4, 0, 20))
    found = table_over(knots, np.array([-5.0, 0.0, 0.5, 1.0, 4.0, 9.0]))
    assert found[:, [0, 1, 3, 4, 5]].tolist() == [[1, 1, 2, 0, 0], [10, 10, 20, 20, 20]]
    assert found[0, 2] == pytest.approx(PchipInterpolator([0, 1, 4], [1, 2, 0])(0.5))


def test_points_28_mm_beside_the_patella_are_7_mm_from_it():
    for seed in range(5):
        generator = np.random.default_rng(seed)
        bones, _, _ = sample_person(generator)
        for side in (-1.0, 1.0):
            x = bones.patella_x + side * generator.uniform(28.0, 60.0, 2000)
            y, z = generator.uniform(-60.0, -20.0, 2000), generator.uniform(0.0, 65.0, 2000)
            points = zip(x.tolist(), y.tolist(), z.tolist(), strict=True)
            assert min(patella_distance(*point, bones)[0] for point in points) >= 7.0
