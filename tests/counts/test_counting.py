"""Counts of a Stack: checks of options, shared results and thresholds per slice."""

import numpy as np
import pytest

from mrnet_features.counts.counting import count, per_slice, shared_count
from mrnet_features.counts.histogram import histogram
from tests.support.zoo import make_batch, make_stack

ONES = np.ones((2, 3, 4), np.uint8)


def test_options_are_checked_before_the_body_runs():
    @count
    def largest(stack, *, least=1):
        return stack.grey.max()

    @largest.check
    def _(least=1):
        if least < 1:
            raise ValueError("`least` must be at least 1.")

    assert largest(make_stack(ONES, ONES)) == 1
    with pytest.raises(ValueError, match="`least` must be at least 1"):
        largest(make_stack(ONES, ONES), least=0)


def test_shared_counts_run_once_per_stack_and_options():
    calls = []

    @shared_count
    def brightest(stack, *, side=1):
        calls.append(side)
        return stack.grey.max()

    stack = make_stack(ONES, ONES)
    for side in (1, 2, 1, 2):
        brightest(stack, side=side)
    brightest(stack.with_grey(ONES), side=1)
    assert calls == [1, 2, 1]


def test_histograms_are_shared_between_families():
    stack = make_stack(ONES, ONES)
    assert histogram(stack, of="grey") is histogram(stack, of="grey")


def test_thresholds_are_one_or_one_per_slice():
    batch = make_batch([(ONES, ONES), (ONES, ONES)], ((0, 0), (0, 0)))
    assert per_slice(7, batch).tolist() == [7] * 4
    assert per_slice(np.arange(4), batch).tolist() == [0, 1, 2, 3]
    with pytest.raises(ValueError, match=r"`threshold` must be one number, or one for each of the"):
        per_slice(np.arange(3), batch)
