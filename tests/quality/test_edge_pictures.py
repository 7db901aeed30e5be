"""Edge pictures show where edges are, whatever the contrast, size and order of the slices."""

import numpy as np
import pytest

from mrnet_features.quality.edge_pictures import make_edge_picture
from tests.support.legs import draw_leg


@pytest.fixture
def leg():
    return draw_leg(np.random.default_rng(5), "coronal", n_slices=8)


def correlate(one, other):
    return np.corrcoef(one.ravel(), other.ravel())[0, 1]


def test_each_part_is_standardised(leg):
    picture = make_edge_picture(leg)
    assert picture.shape == (3, 32, 32)
    assert picture.dtype == np.float32
    assert picture.mean(axis=(1, 2)) == pytest.approx(0, abs=1e-5)
    assert picture.std(axis=(1, 2)) == pytest.approx(1, abs=1e-4)


def test_an_edge_between_rows_and_one_between_columns_are_told_apart():
    stack = np.zeros((4, 128, 128), np.uint8)
    stack[:, 64:] = 100
    rows, columns, brightness = make_edge_picture(stack)
    assert set(np.argsort(rows.mean(axis=1))[-2:]) == {15, 16}
    assert not columns.any()
    assert (brightness[20:] > 0).all()
    turned = make_edge_picture(stack.swapaxes(1, 2))
    assert np.array_equal(turned[1], rows.T)


def test_edges_stay_where_bright_and_dark_are_exchanged(leg):
    inverse = make_edge_picture((255 - leg).astype(np.uint8))
    picture = make_edge_picture(leg)
    np.testing.assert_allclose(inverse[:2], picture[:2], atol=1e-4)
    assert correlate(inverse[2], picture[2]) < 0


def test_reversal_does_not_matter_and_mirroring_mirrors(leg):
    picture = make_edge_picture(leg)
    np.testing.assert_allclose(make_edge_picture(leg[::-1]), picture, atol=1e-4)
    np.testing.assert_allclose(make_edge_picture(leg[:, :, ::-1]), picture[..., ::-1], atol=1e-4)


def test_a_picture_of_another_size_is_similar(leg):
    larger = make_edge_picture(leg.repeat(3, axis=1).repeat(2, axis=2))
    assert correlate(larger[2], make_edge_picture(leg)[2]) > 0.99


def test_a_constant_stack_has_no_picture():
    assert not make_edge_picture(np.full((1, 50, 40), 9, np.uint8)).any()
