"""Models of the view that the exams of a series share."""

import numpy as np

from mrnet_features.quality.measurements import measure_stack
from mrnet_features.quality.view_models import ViewModel
from tests.support.legs import draw_leg


def test_equal_stacks_are_of_one_view_and_warn_of_nothing(recwarn):
    leg = measure_stack(draw_leg(np.random.default_rng(0), n_slices=6), "sagittal", "0")
    other = measure_stack(draw_leg(np.random.default_rng(0), moved=(0, 40)), "sagittal", "1")
    model = ViewModel([leg] * 24)
    assert not model.own.any()
    assert model.measure(leg) == 0
    assert model.measure(other) > 10
    assert np.isfinite(ViewModel([*[leg] * 23, other]).own).all()
    assert not recwarn.list
