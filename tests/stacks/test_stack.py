"""Stack and StackBatch: validation, derived images and joined stacks."""

import numpy as np
import pytest

from mrnet_features.stacks.stack import Stack, StackBatch, check_stack, join_stacks


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


def test_sizes_of_a_stack():
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


def test_derived_stacks_keep_levels_and_regions_but_not_the_memo():
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


def test_pictures_are_to_be_scaled_but_not_levels_and_regions():
    arrays = dict.fromkeys(("grey", "levels", "regions"), np.ones((1, 2, 2), np.uint8))
    advice = {
        "grey": r"got \(1, 2, 2\) float32. Convert it with `mf\.to_uint8\(stack\)`",
        "levels": r"got \(1, 2, 2\) float32. Convert it with `\.astype\(np\.uint8\)`",
        "regions": r"got \(1, 2, 2\) float32. Convert it with `\.astype\(np\.uint8\)`",
    }
    for name, message in advice.items():
        with pytest.raises(TypeError, match=f"`{name}` must have shape.*{message}"):
            Stack(**{**arrays, name: np.ones((1, 2, 2), np.float32)}, n_levels=1)
    with pytest.raises(ValueError, match=r"one slice is `image\[np\.newaxis\]`"):
        check_stack(np.ones((2, 2), np.uint8))


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
def test_bad_exam_starts_and_origins_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        make(**changes)


def test_joined_stacks_are_concatenated():
    one, other = make(levels=2, origins=((1, 2),)), make(levels=3)
    both = join_stacks([one, other, one])
    assert (both.exam_starts, both.n_exams, both.n_slices) == ((0, 2, 4), 3, 6)
    assert both.origins == ((1, 2), (0, 0), (1, 2))
    assert both.levels[:, 0, 0].tolist() == [2, 2, 3, 3, 2, 2]
    assert join_stacks([both, one]).exam_starts == (0, 2, 4, 6)
    assert join_stacks([other]).exam_starts == (0,)


def test_stacks_that_do_not_match_are_not_joined():
    for other in (make(n_levels=5), make(region_names=("knee", "rest"))):
        with pytest.raises(ValueError, match="`stacks` must all have the same number of levels"):
            join_stacks([make(), other])
    with pytest.raises(ValueError, match="got no stack"):
        join_stacks([])
