"""Stack and Discretisation: tables as the IBSI manual bins, errors instead of nonsense."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrnet_features.stacks.discretisation import Discretisation
from mrnet_features.stacks.prepare import prepare, prepare_batch, prepare_sets
from mrnet_features.stacks.stack import Stack, StackBatch, join_stacks


@given(lowest=st.integers(0, 254), span=st.integers(1, 255), n_levels=st.integers(1, 255))
def test_equal_bins_are_the_fixed_bin_number_of_the_manual(lowest, span, n_levels):
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


def test_levels_ascend_with_grey():
    histogram = np.random.default_rng(0).integers(0, 99, 256)
    table = Discretisation().table(histogram)
    assert (np.diff(table.astype(int)) >= 0).all()
    assert (table.min(), table.max()) == (1, 32)


def test_outliers_do_not_stretch_robust_limits():
    histogram = np.zeros(256, int)
    histogram[50:150] = 1000
    clean = Discretisation().table(histogram)
    histogram[255] = 10
    assert np.array_equal(clean, Discretisation().table(histogram))


@pytest.mark.parametrize("grey", [0, 100, 255])
def test_one_grey_level_is_no_error(grey):
    table = Discretisation().table(np.eye(256, dtype=int)[grey])
    assert table[grey] in {1, 32}


def test_edges_ignore_the_histogram():
    discretisation = Discretisation(edges=(50, 100, 200))
    assert discretisation.n_levels == 4
    table = discretisation.table(np.zeros(256, int))
    assert np.array_equal(np.flatnonzero(np.diff(table.astype(int))) + 1, [50, 100, 200])


def test_edges_of_any_kind_are_kept_as_plain_integers():
    made = [Discretisation(edges=edges) for edges in ((3, 7), [3, 7], np.array([3, 7]))]
    assert made[0] == made[1] == made[2]
    assert len({hash(discretisation) for discretisation in made}) == 1
    assert json.dumps(asdict(made[2])) == json.dumps(asdict(made[0]))
    assert Discretisation(**asdict(made[0])) == made[0]


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
        Discretisation(**parameters)


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
    cls = StackBatch if {"exam_starts", "origins"} & set(changes) else Stack
    return cls(**{**parts, **changes})


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


def test_derived_images_keep_levels_and_regions_and_start_a_memo_of_their_own():
    stack = make()
    assert stack.remember("key", list) is stack.remember("key", list)
    inverted = stack.with_grey(255 - stack.grey)
    assert (inverted.levels is stack.levels, inverted.regions is stack.regions) == (True, True)
    assert inverted.remember("key", list) is not stack.remember("key", list)
    batch = join_stacks([stack, stack])
    assert batch.with_grey(255 - batch.grey).exam_starts == (0, 2)
    with pytest.raises(ValueError, match=r"`grey` must have the shape of the stack, \(2, 3, 4\)"):
        stack.with_grey(stack.grey[:1])
    with pytest.raises(TypeError, match="uint8"):
        stack.with_grey(stack.grey.astype(float))


def test_a_stack_names_at_least_one_region():
    with pytest.raises(ValueError, match="`region_names` must name 1 to 255 regions, got 0"):
        make(regions=0, region_names=())


def test_arrays_of_other_shapes_are_refused():
    with pytest.raises(ValueError, match="`regions` must have the shape of `grey`"):
        Stack(*(np.ones((1, 2, k), np.uint8) for k in (2, 2, 3)), n_levels=1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"exam_starts": ()}, r"`exam_starts` must ascend from 0 .* number of slices, 2, got \(\)"),
        ({"exam_starts": (1,)}, "`exam_starts` must ascend from 0"),
        ({"exam_starts": (0, 2)}, "`exam_starts` must ascend from 0"),
        ({"exam_starts": (0, 0)}, "`exam_starts` must ascend from 0"),
        ({"origins": ((0, 0), (0, 0))}, "`origins` must be a row and a column .* of the 1 exams"),
        ({"origins": ((3, 0),)}, "`origins` must be a row and a column within the slice"),
    ],
)
def test_a_batch_begins_each_exam_within_its_slices(changes, message):
    with pytest.raises(ValueError, match=message):
        make(**changes)


def test_joined_stacks_follow_each_other():
    one, other = make(levels=2, origins=((1, 2),)), make(levels=3)
    both = join_stacks([one, other, one])
    assert (both.exam_starts, both.n_exams, both.n_slices) == ((0, 2, 4), 3, 6)
    assert both.origins == ((1, 2), (0, 0), (1, 2))
    assert both.levels[:, 0, 0].tolist() == [2, 2, 3, 3, 2, 2]
    assert join_stacks([both, one]).exam_starts == (0, 2, 4, 6)
    assert join_stacks([other]).exam_starts == (0,)


def test_stacks_that_differ_in_more_than_slices_are_not_joined():
    for other in (make(n_levels=5), make(region_names=("knee", "rest"))):
        with pytest.raises(ValueError, match="`stacks` must have one number of levels"):
            join_stacks([make(), other])
    with pytest.raises(ValueError, match="got no stack"):
        join_stacks([])


def draw_leg(seed, shape, at):
    """A noisy, bright ellipse in black air, its middle at a place of the picture."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: shape[1], : shape[2]]
    inside = np.hypot((y - at[0]) / 70, (x - at[1]) / 60) < 1
    return np.clip(rng.normal(140, 25, shape) * inside, 0, 255).astype(np.uint8)


def test_exams_of_a_batch_share_windows_that_hold_each_its_own():
    greys = [
        draw_leg(0, (6, 200, 200), (100, 100)),
        draw_leg(1, (4, 200, 200), (70, 65)),
        draw_leg(2, (5, 200, 200), (135, 140)),
        draw_leg(3, (3, 120, 200), (60, 100)),
    ]
    sets = ["notch", "recesses"]
    batches = prepare_batch(greys, "sagittal", sets)
    assert [batch.exam_indices for batch in batches["knee"]] == [(0, 1, 2), (3,)]
    assert [batch.exam_indices for batch in batches["notch"]] == [(0, 1, 2, 3)]
    for index, grey in enumerate(greys):
        own = prepare_sets(grey, "sagittal", sets)
        for name, found in batches.items():
            [stack] = [batch for batch in found if index in batch.exam_indices]
            k = stack.exam_indices.index(index)
            slices = slice(stack.exam_starts[k], (*stack.exam_starts, stack.n_slices)[k + 1])
            row, column = stack.origins[k]
            height, width = own[name].grey.shape[1:]
            window = (slices, slice(row, row + height), slice(column, column + width))
            for part in ("grey", "levels", "regions"):
                np.testing.assert_array_equal(
                    getattr(stack, part)[window], getattr(own[name], part)
                )
            assert (stack.regions[slices] > 0).sum() == (own[name].regions > 0).sum()


def test_an_exam_by_itself_has_the_windows_it_needs():
    grey = draw_leg(0, (6, 200, 200), (100, 100))
    own = prepare_sets(grey, "coronal", ["menisci", "bones"])
    for name, [batch] in prepare_batch([grey], "coronal", ["menisci", "bones"]).items():
        assert batch.origins == ((0, 0),)
        np.testing.assert_array_equal(batch.grey, own[name].grey)
        np.testing.assert_array_equal(batch.regions, own[name].regions)
