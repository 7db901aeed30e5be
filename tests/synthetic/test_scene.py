"""A scene depends on seed, split and index; person and scan do not depend on the lesions."""

import numpy as np
import pytest

from mrnet_features.names import PLANES
from mrnet_features.synthetic import Pathology
from mrnet_features.synthetic.scene import sample_scene


def test_person_and_scan_do_not_depend_on_the_lesions():
    one, other = (
        sample_scene(4, "valid", 7, pathology=Pathology((0, 0, 0), effusion_ml=ml))
        for ml in (2.0, 30.0)
    )
    assert one.knee.bones == other.knee.bones
    assert one.knee.soft == other.knee.soft
    for plane in PLANES:
        first, second = one.planes[plane], other.planes[plane]
        assert np.array_equal(first.placement.steps, second.placement.steps)
        assert np.array_equal(first.phase, second.phase)
        assert first.fat_left == second.fat_left


def test_exams_differ_by_seed_split_and_index():
    scales = {
        sample_scene(seed, split, index).scale
        for seed, split, index in (
            (0, "train", 0),
            (1, "train", 0),
            (0, "valid", 0),
            (0, "train", 1),
        )
    }
    assert len(scales) == 4


def test_an_unknown_split_is_refused():
    with pytest.raises(ValueError, match="split"):
        sample_scene(0, "test")
