"""Prepared stacks: input checks, and windows of exams in a batch."""

import numpy as np
import pytest

from mrnet_features.stacks.prepare import prepare, prepare_batch, prepare_sets


def test_prepare_does_not_modify_its_input():
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
def test_bad_input_is_refused(wrong, error):
    with pytest.raises(error, match=r"`stack` must (be an array of|have) shape \(n_slices, height"):
        prepare(wrong)


def draw_leg(seed, shape, centre):
    """A noisy, bright ellipse in black air around `centre`."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: shape[1], : shape[2]]
    inside = np.hypot((y - centre[0]) / 70, (x - centre[1]) / 60) < 1
    return np.clip(rng.normal(140, 25, shape) * inside, 0, 255).astype(np.uint8)


def test_windows_of_a_batch_contain_those_of_each_exam():
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


def test_a_batch_of_one_exam_has_the_windows_of_the_exam():
    grey = draw_leg(0, (6, 200, 200), (100, 100))
    own = prepare_sets(grey, "coronal", ["menisci", "bones"])
    for name, [batch] in prepare_batch([grey], "coronal", ["menisci", "bones"]).items():
        assert batch.origins == ((0, 0),)
        np.testing.assert_array_equal(batch.grey, own[name].grey)
        np.testing.assert_array_equal(batch.regions, own[name].regions)


def test_a_window_lies_at_its_corner_of_the_whole_stack():
    grey = draw_leg(0, (9, 120, 130), (55, 70))
    for plane in ("coronal", "sagittal"):
        for stack in prepare_sets(grey, plane, ["menisci", "cells"]).values():
            [(first, top, left)] = stack.corners
            n_slices, height, width = stack.grey.shape
            window = grey[first : first + n_slices, top : top + height, left : left + width]
            assert np.array_equal(window, stack.grey)
    assert prepare_sets(grey, "coronal", ["menisci"])["menisci"].corners != ((0, 0, 0),)


def test_exams_of_a_batch_keep_their_corners():
    greys = [draw_leg(k, (n, 120, 130), (55 + k, 70 - k)) for k, n in enumerate((9, 5, 7))]
    [batch] = prepare_batch(greys, "coronal", ["menisci"])["menisci"]
    _, height, width = batch.grey.shape
    for k, start in enumerate(batch.exam_starts):
        first, top, left = batch.corners[k]
        window = greys[batch.exam_indices[k]][first, top : top + height, left : left + width]
        assert np.array_equal(window, batch.grey[start])
