"""Each check of slices and marks finds a family that violates it."""

from dataclasses import dataclass

import numpy as np
import pytest

from mrnet_features.stacks.mark import SliceMark
from mrnet_features.testing import check_mark_flips, check_marks, check_slices
from tests.test_testing import Brightness


@dataclass(frozen=True)
class OtherValues(Brightness):
    def describe_slices(self, stack):
        return {"mean": super().describe_slices(stack)["mean"] + 1}


@dataclass(frozen=True)
class OtherNames(Brightness):
    def describe_slices(self, stack):
        found = super().describe_slices(stack)
        return {**found, "median": found["mean"]}


@dataclass(frozen=True)
class OneRow(Brightness):
    def describe(self, counts):
        return {}

    def describe_slices(self, stack):
        return {"mean": np.zeros((1, stack.n_regions))}

    def describe_stack(self, counts, exam_starts):
        return super().describe(counts.sum(axis=0, keepdims=True))


@dataclass(frozen=True)
class GreyPixels(Brightness):
    def find_pixels(self, stack, statistic):
        return stack.grey


@dataclass(frozen=True)
class Outside(Brightness):
    def mark(self, stack, statistic):
        marks = super().mark(stack, statistic)
        return tuple(mark._replace(outline=np.ones_like(mark.outline)) for mark in marks)


@dataclass(frozen=True)
class Beyond(Brightness):
    def mark(self, stack, statistic):
        super().mark(stack, statistic)
        return (SliceMark(99, 0.0, "upper", np.zeros(stack.grey.shape[1:], bool)),)


@dataclass(frozen=True)
class LongBand(Brightness):
    def mark(self, stack, statistic):
        marks = super().mark(stack, statistic)
        return tuple(m._replace(outline=None, segment=((0.0, -5.0), (0.0, 9.0))) for m in marks)


@dataclass(frozen=True)
class NoMarks(Brightness):
    def mark(self, stack, statistic):
        super().mark(stack, statistic)
        return ()


@dataclass(frozen=True)
class WrongValue(Brightness):
    def mark(self, stack, statistic):
        return tuple(mark._replace(value=-1.0) for mark in super().mark(stack, statistic))


@dataclass(frozen=True)
class AnyStatistic(Brightness):
    def mark(self, stack, statistic):
        return super().mark(stack, "mean")


@dataclass(frozen=True)
class FirstColumn(Brightness):
    def find_pixels(self, stack, statistic):
        first = np.zeros(stack.grey.shape, bool)
        first[:, :, 8] = True
        return first


@pytest.mark.parametrize(
    ("check", "broken", "message"),
    [
        (check_slices, OtherValues(), "with the values of `describe`"),
        (check_slices, OtherNames(), "no statistic of `describe` or `describe_stack`"),
        (check_slices, OneRow(), "of shape"),
        (check_marks, GreyPixels(), "must return a bool array of the shape of the stack"),
        (check_marks, Outside(), "not in region"),
        (check_marks, Beyond(), "which does not exist"),
        (check_marks, LongBand(), "leaves the slice"),
        (check_marks, NoMarks(), "must mark every slice and region with a value"),
        (check_marks, WrongValue(), "with the value -1.0"),
        (check_marks, AnyStatistic(), "must raise a ValueError"),
        (check_mark_flips, FirstColumn(), "are others when columns and slices are reversed"),
    ],
)
def test_each_check_finds_a_broken_family(check, broken, message):
    with pytest.raises(AssertionError, match=message):
        check(broken)
