"""Each check of `check_family` finds a family that violates the contract."""

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from mrnet_features.counts.histogram import histogram
from mrnet_features.families.base import Family, namespace
from mrnet_features.formulas.histogram import as_float, moment, normalise
from mrnet_features.testing import (
    check_batches,
    check_counts,
    check_family,
    check_flips,
    check_identity,
    check_independence,
    check_input_untouched,
    check_names,
    check_odd_stacks,
    check_portability,
    check_sides,
    check_statistics,
)


@dataclass(frozen=True)
class Brightness(Family):
    """Mean grey level of a region, written from the documentation alone.

    ========= ======= ===========
    statistic formula unit
    ========= ======= ===========
    mean      mean X  grey levels
    ========= ======= ===========
    """

    name: ClassVar[str] = "brightness"
    power: int = 1

    def count(self, stack):
        return histogram(stack)

    def describe(self, counts):
        xp = namespace(counts)
        grey = xp.arange(256, dtype=xp.float64) ** self.power
        return {"mean": moment(normalise(as_float(counts)), grey)}


def test_a_family_of_a_user_passes():
    check_family(Brightness())
    check_family(Brightness(power=2))


class NotFrozen(Family):
    """Not a dataclass, so that two instances are never equal."""

    name: ClassVar[str] = "not_frozen"
    count, describe = Brightness.count, Brightness.describe


@dataclass(frozen=True)
class Fractional(Brightness):
    def count(self, stack):
        return super().count(stack) / 2


@dataclass(frozen=True)
class SinglePrecision(Brightness):
    def describe(self, counts):
        return {"mean": super().describe(counts)["mean"].astype(np.float32)}


@dataclass(frozen=True)
class Infinite(Brightness):
    def describe(self, counts):
        return {"mean": super().describe(counts)["mean"] + np.inf}


@dataclass(frozen=True)
class Undocumented(Brightness):
    __doc__ = Brightness.__doc__

    def describe(self, counts):
        return {**super().describe(counts), "median": super().describe(counts)["mean"]}


@dataclass(frozen=True)
class Missing(Brightness):
    """Lists a statistic that it does not return.

    ========= =======
    statistic formula
    ========= =======
    mean      mean X
    median    P50
    ========= =======
    """


@dataclass(frozen=True)
class UsesOtherSlices(Brightness):
    def count(self, stack):
        return np.cumsum(super().count(stack), axis=0)


@dataclass(frozen=True)
class UsesOtherRegions(Brightness):
    def count(self, stack):
        counts = super().count(stack)
        return counts + counts[:, ::-1]


@dataclass(frozen=True)
class ModifiesCounts(Brightness):
    def describe(self, counts):
        counts[:] = 1
        return super().describe(counts)


@dataclass(frozen=True)
class ModifiesStack(Brightness):
    def count(self, stack):
        stack.grey[:, 0, 0] += 1
        return super().count(stack)


@dataclass(frozen=True)
class DividesByZero(Brightness):
    def describe(self, counts):
        return {"mean": counts[..., 1].astype(float) / counts.sum(axis=-1)}


@dataclass(frozen=True)
class NumPyOnly(Brightness):
    def describe(self, counts):
        return {"mean": np.asarray(counts).mean(axis=-1)}


@dataclass(frozen=True)
class LeftHalf(Brightness):
    def count(self, stack):
        left = stack.regions.copy()
        left[:, :, stack.grey.shape[2] // 2 :] = 0
        return histogram(dataclasses.replace(stack, regions=left))


@dataclass(frozen=True)
class FirstSlice(Brightness):
    def describe_stack(self, counts, exam_starts):
        return {"mean": self.describe(counts)["mean"][list(exam_starts)]}


@dataclass(frozen=True)
class UsesOtherExams(Brightness):
    uses_neighbouring_slices: ClassVar[bool] = True

    def count(self, stack):
        counts = super().count(stack)
        return counts + np.roll(counts, 1, axis=0)


@dataclass(frozen=True)
class MergesExams(Brightness):
    def describe_stack(self, counts, exam_starts):
        whole = self.describe(counts.sum(axis=0, keepdims=True))["mean"]
        return {"mean": whole.repeat(len(exam_starts), axis=0)}


@dataclass(frozen=True)
class Remembers(Brightness):
    """Each stack is described as brighter than the one before."""

    seen: ClassVar[list[int]] = []

    def describe(self, counts):
        self.seen.append(1)
        return {"mean": super().describe(counts)["mean"] + len(self.seen)}


@dataclass(frozen=True)
class OfNoPlane(Brightness):
    planes: ClassVar[tuple[str, ...]] = ("axail",)


@dataclass(frozen=True)
class OfText(Brightness):
    weightings: ClassVar[str] = "fluid"  # a series of another weighting would raise a TypeError


@dataclass(frozen=True)
class OfNoRegion(Brightness):
    region_sets: ClassVar[tuple[str, ...]] = ()


@dataclass(frozen=True)
class WithList(Brightness):
    levels: tuple[int, ...] = ()


@dataclass(frozen=True)
class Misspelt(Brightness):
    __doc__ = Brightness.__doc__
    extensive: ClassVar[frozenset[str]] = frozenset({"maen"})


@dataclass(frozen=True)
class AsText(Misspelt):
    __doc__ = Brightness.__doc__
    extensive: ClassVar[str] = "means"  # `in` finds "mean" in it


@pytest.mark.parametrize(
    ("check", "broken", "message"),
    [
        (check_identity, OfNoPlane(), "planes must be a tuple of some of axial"),
        (check_identity, OfText(), "weightings must be a tuple of some of fluid"),
        (check_identity, OfNoRegion(), "region_sets must not be empty"),
        (check_identity, WithList(levels=[1]), "a tuple in place of a list"),
        (check_names, Misspelt(), "extensive must be a set of names of its statistics"),
        (check_names, AsText(), "extensive must be a set of names of its statistics"),
        (check_identity, NotFrozen(), "frozen dataclass"),
        (check_counts, Fractional(), "integer arrays"),
        (check_statistics, SinglePrecision(), "float64"),
        (check_statistics, Infinite(), "infinite values"),
        (check_names, Undocumented(), "does not list"),
        (check_names, Missing(), "does not return"),
        (check_independence, UsesOtherSlices(), "depends on other slices"),
        (check_independence, UsesOtherRegions(), "depends on another region"),
        (check_batches, UsesOtherExams(), "depends on other exams"),
        (check_batches, MergesExams(), "depends on other exams"),
        (check_input_untouched, ModifiesCounts(), "must not modify the counts"),
        (check_input_untouched, ModifiesStack(), "must not modify the stack"),
        (check_portability, NumPyOnly(), "an array of the library of the counts"),
        (check_flips, LeftHalf(), "slices are reversed"),
        (check_flips, FirstSlice(), "slices are reversed"),
        (check_sides, Remembers(), "and its mirror image, a left knee, differently"),
    ],
)
def test_each_check_finds_a_broken_family(check, broken, message):
    with pytest.raises(AssertionError, match=message):
        check(broken)


def test_a_division_by_zero_is_found():
    with pytest.raises(FloatingPointError):
        check_odd_stacks(DividesByZero())


def test_a_family_without_a_table_is_found():
    @dataclass(frozen=True)
    class WithoutTable(Brightness):
        """Has no table."""

    with pytest.raises(AssertionError, match="must hold a table"):
        check_names(WithoutTable())
