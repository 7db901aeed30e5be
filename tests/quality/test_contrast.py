"""The contrast of a stack depends on its tissues, not on gain, and little on a bias field."""

import numpy as np
import pytest

from mrnet_features.quality.contrast import N_VALUES, describe_contrast
from mrnet_features.quality.measurements import measure_stack
from mrnet_features.quality.view_models import ViewModel, describe_view
from mrnet_features.stacks.foreground import find_foreground
from tests.support.legs import draw_leg

LEG = draw_leg(np.random.default_rng(2), "coronal", n_slices=8)
MASK = find_foreground(LEG)


def test_gain_changes_nothing():
    grey = LEG.astype(np.float32)
    one, other = (describe_contrast(gain * grey, MASK) for gain in (1, 7))
    assert one.shape == (N_VALUES,)
    np.testing.assert_allclose(one, other, atol=1e-3)


def test_a_bias_field_changes_little_of_detail():
    grey = LEG.astype(np.float32)
    field = np.linspace(0.8, 1.2, grey.shape[2], dtype=np.float32)
    one, other = describe_contrast(grey, MASK), describe_contrast(grey * field, MASK)
    detail = np.r_[8:16, 24:34]
    assert np.abs(one - other)[detail].max() < 0.15 * np.ptp(one[detail])


def test_without_leg_there_is_no_contrast():
    assert np.isnan(describe_contrast(LEG.astype(np.float32), np.zeros_like(MASK))).all()


def test_a_picture_of_one_grey_level_has_contrast_zero():
    grey = np.full(LEG.shape, 90.0, np.float32)
    values = describe_contrast(grey, np.ones_like(MASK))
    np.testing.assert_allclose(values, 0, atol=1e-5)


@pytest.mark.parametrize("quarter", [0, 1, 2, 3])
def test_the_view_of_a_turned_picture_is_that_of_turning_it(quarter):
    turned = np.ascontiguousarray(np.rot90(LEG, quarter, (1, 2)))
    expected = describe_view(measure_stack(turned, "coronal"))
    view = describe_view(measure_stack(LEG, "coronal"), quarter)
    np.testing.assert_allclose(view.leg, expected.leg, atol=0.05)
    assert np.corrcoef(view.edges, expected.edges)[0, 1] > 0.98


def test_the_view_of_a_mirror_image_is_the_same():
    one, other = (describe_view(measure_stack(s.copy(), "coronal")) for s in (LEG, LEG[..., ::-1]))
    np.testing.assert_allclose(one.leg, other.leg, atol=0.03)
    assert np.corrcoef(one.edges, other.edges)[0, 1] > 0.95


def test_a_model_knows_a_new_leg_from_something_else():
    stacks = [
        measure_stack(draw_leg(np.random.default_rng(k), "coronal", n_slices=8), "coronal")
        for k in range(24)
    ]
    model = ViewModel(stacks[:23])
    assert np.abs(model.own).max() < 4.5
    assert model.measure(stacks[23]) < 4.5
    assert model.measure(stacks[23], 1) > 4.5
