"""Discretisation: fixed bin number of the IBSI manual, robust limits and edges."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrnet_features.stacks.discretisation import Discretisation


@given(lowest=st.integers(0, 254), span=st.integers(1, 255), n_levels=st.integers(1, 255))
def test_equal_bins_equal_the_ibsi_fixed_bin_number(lowest, span, n_levels):
    highest = min(lowest + span, 255)
    histogram = np.zeros(256, int)
    histogram[[lowest, highest]] = 1
    table = Discretisation(n_levels, low=0.0, high=1.0).table(histogram)
    for grey in range(lowest, highest + 1):
        # IBSI 2.7: floor(N (X - min) / (max - min)) + 1, and N at the maximum
        bin_ = n_levels * (grey - lowest) // (highest - lowest) + 1
        assert table[grey] == (n_levels if grey == highest else bin_)
    assert (table[:lowest] == 1).all()
    assert (table[highest:] == n_levels).all()


def test_levels_ascend_with_grey_level():
    histogram = np.random.default_rng(0).integers(0, 99, 256)
    table = Discretisation().table(histogram)
    assert (np.diff(table.astype(int)) >= 0).all()
    assert (table.min(), table.max()) == (1, 32)


def test_outliers_do_not_change_robust_limits():
    histogram = np.zeros(256, int)
    histogram[50:150] = 1000
    clean = Discretisation().table(histogram)
    histogram[255] = 10
    assert np.array_equal(clean, Discretisation().table(histogram))


@pytest.mark.parametrize("grey", [0, 100, 255])
def test_a_single_grey_level_is_accepted(grey):
    table = Discretisation().table(np.eye(256, dtype=int)[grey])
    assert table[grey] in {1, 32}


def test_edges_ignore_the_histogram():
    discretisation = Discretisation(edges=(50, 100, 200))
    assert discretisation.n_levels == 4
    table = discretisation.table(np.zeros(256, int))
    assert np.array_equal(np.flatnonzero(np.diff(table.astype(int))) + 1, [50, 100, 200])


def test_edges_are_stored_as_plain_integers():
    made = [Discretisation(edges=edges) for edges in ((3, 7), [3, 7], np.array([3, 7]))]
    assert made[0] == made[1] == made[2]
    assert len({hash(discretisation) for discretisation in made}) == 1
    assert json.dumps(asdict(made[2])) == json.dumps(asdict(made[0]))
    assert Discretisation(**asdict(made[0])) == made[0]


def test_numbers_of_numpy_are_stored_as_plain_ones():
    made = Discretisation(np.int64(16), np.float32(0.25), np.float64(0.75))
    assert made == Discretisation(16, 0.25, 0.75)
    assert json.dumps(asdict(made)) == json.dumps(asdict(Discretisation(16, 0.25, 0.75)))


def test_a_fraction_of_a_level_is_refused():
    with pytest.raises(TypeError, match=r"`n_levels` must be a whole number, got 16\.5"):
        Discretisation(16.5)


@pytest.mark.parametrize(
    "parameters",
    [
        {"n_levels": 0},
        {"n_levels": 256},
        {"low": 0.6, "high": 0.4},
        {"low": -0.1},
        {"edges": ()},
        {"n_levels": 8, "edges": (3, 7)},
        {"edges": (10, 10)},
        {"edges": (0, 10)},
        {"edges": (10, 256)},
    ],
)
def test_impossible_parameters_are_refused(parameters):
    with pytest.raises(ValueError, match="must be|follows from"):
        Discretisation(**parameters)
