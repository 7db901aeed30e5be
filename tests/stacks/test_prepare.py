"""Stack and Quantisation: tables as the IBSI manual bins, errors instead of nonsense."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrnet_features.stacks.prepare import Quantisation, Stack, prepare


@given(lowest=st.integers(0, 254), span=st.integers(1, 255), n_levels=st.integers(1, 255))
def test_equal_bins_are_the_fixed_bin_number_of_the_manual(lowest, span, n_levels):
    highest = min(lowest + span, 255)
    histogram = np.zeros(256, int)
    histogram[[lowest, highest]] = 1
    table = Quantisation(n_levels, low=0.0, high=1.0).table(histogram)
    for grey in range(lowest, highest + 1):
        # IBSI 2.7: floor(N (X - min) / (max - min)) + 1, and N at the maximum
        bin_ = n_levels * (grey - lowest) // (highest - lowest) + 1
        assert table[grey] == (n_levels if grey == highest else bin_)
    assert (table[:lowest] == 1).all()
    assert (table[highest:] == n_levels).all()


def test_levels_ascend_with_grey():
    histogram = np.random.default_rng(0).integers(0, 99, 256)
    table = Quantisation().table(histogram)
    assert (np.diff(table.astype(int)) >= 0).all()
    assert (table.min(), table.max()) == (1, 32)


def test_outliers_do_not_stretch_robust_limits():
    histogram = np.zeros(256, int)
    histogram[50:150] = 1000
    clean = Quantisation().table(histogram)
    histogram[255] = 10
    assert np.array_equal(clean, Quantisation().table(histogram))


@pytest.mark.parametrize("grey", [0, 100, 255])
def test_one_grey_level_is_no_error(grey):
    table = Quantisation().table(np.eye(256, dtype=int)[grey])
    assert table[grey] in {1, 32}


def test_edges_ignore_the_histogram():
    quantisation = Quantisation(edges=(50, 100, 200))
    assert quantisation.n_levels == 4
    table = quantisation.table(np.zeros(256, int))
    assert np.array_equal(np.flatnonzero(np.diff(table.astype(int))) + 1, [50, 100, 200])


def test_edges_of_any_kind_are_kept_as_plain_integers():
    made = [Quantisation(edges=edges) for edges in ((3, 7), [3, 7], np.array([3, 7]))]
    assert made[0] == made[1] == made[2]
    assert len({hash(quantisation) for quantisation in made}) == 1
    assert json.dumps(asdict(made[2])) == json.dumps(asdict(made[0]))
    assert Quantisation(**asdict(made[0])) == made[0]


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
def test_an_impossible_quantisation_is_refused(parameters):
    with pytest.raises(ValueError, match="must be|follows from"):
        Quantisation(**parameters)


def test_prepare_leaves_its_input_alone_and_shares_no_levels_with_it():
    grey = np.random.default_rng(0).integers(0, 256, (3, 70, 80), np.uint8)
    before = grey.copy()
    grey.flags.writeable = False
    stack = prepare(grey)
    assert np.array_equal(grey, before)
    assert np.array_equal(stack.grey, before)
    assert stack.levels.dtype == stack.regions.dtype == np.uint8
    assert stack.n_regions == 1


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (np.zeros((2, 3, 4), np.float32), TypeError),
        (np.zeros((2, 3, 4), np.uint16), TypeError),
        (np.zeros((2, 3, 4), np.int8), TypeError),
        ([[[1, 2], [3, 4]]], TypeError),
        (None, TypeError),
        (np.zeros((3, 4), np.uint8), ValueError),
        (np.zeros((0, 3, 4), np.uint8), ValueError),
        (np.zeros((2, 3, 4, 3), np.uint8), ValueError),
    ],
)
def test_what_is_no_stack_is_refused(wrong, error):
    with pytest.raises(error, match=r"`stack` must (be an array of|have) shape \(n_slices, height"):
        prepare(wrong)


def make(levels=1, regions=1, **changes):
    shape = (2, 3, 4)
    parts = {
        "grey": np.zeros(shape, np.uint8),
        "levels": np.full(shape, levels, np.uint8),
        "regions": np.full(shape, regions, np.uint8),
        "n_levels": 4,
    }
    return Stack(**{**parts, **changes})


def test_a_stack_knows_its_sizes():
    stack = make()
    assert (stack.n_slices, stack.n_regions, stack.n_levels) == (2, 1, 4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"levels": 0}, "`levels` must lie in 1..4, got 0..0"),
        ({"levels": 5}, "`levels` must lie in 1..4, got 5..5"),
        ({"regions": 2}, "`regions` must lie in 0..1"),
        ({"n_levels": 0}, "`n_levels` must be 1 to 255, got 0"),
        ({"n_levels": 300}, "`n_levels` must be 1 to 255, got 300"),
    ],
)
def test_an_inconsistent_stack_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        make(**changes)


def test_arrays_of_other_shapes_are_refused():
    with pytest.raises(ValueError, match="`regions` must have the shape of `grey`"):
        Stack(*(np.ones((1, 2, k), np.uint8) for k in (2, 2, 3)), n_levels=1)
