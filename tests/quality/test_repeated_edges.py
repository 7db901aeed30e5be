"""Copies of edges are found at their distance and in their direction, also inside the leg."""

import numpy as np
import pytest

from mrnet_features.quality.repeated_edges import (
    DISTANCES,
    measure_repeated_edges,
    score_repeated_edges,
)
from tests.support.legs import add_copies, draw_leg

SIZE = 256


def draw(seed):
    """A leg of 256 pixels; all its edges are inside the leg or along it."""
    leg = draw_leg(np.random.default_rng(seed), "coronal", n_slices=6)
    return leg.repeat(2, axis=1).repeat(2, axis=2)


def add_ghosts(stack, axis, distance):
    """The stack, and displaced copies of all of it."""
    real = stack.astype(float)
    return np.clip(add_copies(real, real, axis, distance, 0.25), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def curves():
    return np.stack([measure_repeated_edges(draw(seed)) for seed in range(24)])


@pytest.mark.parametrize("axis", [1, 2])
@pytest.mark.parametrize("distance", [24, 41])
def test_copies_stand_out_in_their_direction(curves, axis, distance):
    spoiled = measure_repeated_edges(add_ghosts(draw(99), axis, distance))
    scores, distances = score_repeated_edges(np.concatenate([curves, spoiled[None]]))
    assert scores[:-1, axis - 1].max() < 0.7 * scores[-1, axis - 1]
    assert scores[-1].argmax() == axis - 1
    assert distances[-1, axis - 1] * SIZE == pytest.approx(distance, abs=1)


def test_mirroring_reversal_and_gain_do_not_matter():
    stack = draw(3) // 2 * 2
    expected = measure_repeated_edges(stack)
    for other in (stack[::-1], stack[:, ::-1], stack[:, :, ::-1]):
        np.testing.assert_allclose(measure_repeated_edges(other), expected, atol=1e-5)
    np.testing.assert_allclose(measure_repeated_edges(stack // 2), expected, atol=0.02)


def test_turning_the_picture_exchanges_the_directions():
    stack = draw(3)
    turned = measure_repeated_edges(stack.swapaxes(1, 2))
    np.testing.assert_allclose(turned[::-1], measure_repeated_edges(stack), atol=1e-5)


def test_distances_are_fractions_of_the_picture():
    small = np.zeros((2, 128, 160), np.uint8)
    small[:, ::16] = 100
    peak = measure_repeated_edges(small)[0].argmax() + DISTANCES[0]
    assert peak % 32 in (0, 1, 31)


@pytest.mark.parametrize("shape", [(0, 64, 64), (1, 40, 300), (3, 256, 256)])
def test_a_stack_without_edges_has_none_that_repeat(shape):
    curves = measure_repeated_edges(np.full(shape, 80, np.uint8))
    assert curves.shape == (2, DISTANCES[1] - DISTANCES[0])
    assert not curves.any()
