"""Every family found in the package keeps the contract; each check finds who breaks it."""

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from mrnet_features.arrays import namespace
from mrnet_features.counts.histogram import histogram
from mrnet_features.families.base import Family
from mrnet_features.families.presets import discover_families, find_families
from mrnet_features.formulas.histogram import as_float, moment, normalise
from mrnet_features.testing import (
    CHECKS,
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
    check_statistics,
)

FAMILIES = discover_families()


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", FAMILIES)
def test_family_keeps_the_contract(name, check):
    check(FAMILIES[name]())


@dataclass(frozen=True)
class Brightness(Family):
    """How bright a region is; written by somebody who only knows the documentation.

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


def test_a_family_from_outside_passes():
    check_family(Brightness())
    check_family(Brightness(power=2))


class Thawed(Family):
    """Not a dataclass, so that two of them are never equal."""

    name: ClassVar[str] = "thawed"
    count, describe = Brightness.count, Brightness.describe


@dataclass(frozen=True)
class Fractional(Brightness):
    def count(self, stack):
        return super().count(stack) / 2


@dataclass(frozen=True)
class Short(Brightness):
    def describe(self, counts):
        return {"mean": super().describe(counts)["mean"].astype(np.float32)}


@dataclass(frozen=True)
class Endless(Brightness):
    def describe(self, counts):
        return {"mean": super().describe(counts)["mean"] + np.inf}


@dataclass(frozen=True)
class Undocumented(Brightness):
    __doc__ = Brightness.__doc__

    def describe(self, counts):
        return {**super().describe(counts), "median": super().describe(counts)["mean"]}


@dataclass(frozen=True)
class Missing(Brightness):
    """Names a statistic that it does not give.

    ========= =======
    statistic formula
    ========= =======
    mean      mean X
    median    P50
    ========= =======
    """


@dataclass(frozen=True)
class Talking(Brightness):
    def count(self, stack):
        return np.cumsum(super().count(stack), axis=0)


@dataclass(frozen=True)
class Leaking(Brightness):
    def count(self, stack):
        counts = super().count(stack)
        return counts + counts[:, ::-1]


@dataclass(frozen=True)
class Writing(Brightness):
    def describe(self, counts):
        counts[:] = 1
        return super().describe(counts)


@dataclass(frozen=True)
class Painting(Brightness):
    def count(self, stack):
        stack.grey[:, 0, 0] += 1
        return super().count(stack)


@dataclass(frozen=True)
class Dividing(Brightness):
    def describe(self, counts):
        return {"mean": counts[..., 1].astype(float) / counts.sum(axis=-1)}


@dataclass(frozen=True)
class Bound(Brightness):
    def describe(self, counts):
        return {"mean": np.asarray(counts).mean(axis=-1)}


@dataclass(frozen=True)
class Lopsided(Brightness):
    def count(self, stack):
        left = stack.regions.copy()
        left[:, :, stack.grey.shape[2] // 2 :] = 0
        return histogram(dataclasses.replace(stack, regions=left))


@dataclass(frozen=True)
class First(Brightness):
    def describe_stack(self, counts, starts):
        return {"mean": self.describe(counts)["mean"][list(starts)]}


@dataclass(frozen=True)
class Crossing(Brightness):
    uses_neighbouring_slices: ClassVar[bool] = True

    def count(self, stack):
        counts = super().count(stack)
        return counts + np.roll(counts, 1, axis=0)


@dataclass(frozen=True)
class Lumping(Brightness):
    def describe_stack(self, counts, starts):
        whole = self.describe(counts.sum(axis=0, keepdims=True))["mean"]
        return {"mean": whole.repeat(len(starts), axis=0)}


@pytest.mark.parametrize(
    ("check", "broken", "why"),
    [
        (check_identity, Thawed(), "frozen dataclass"),
        (check_counts, Fractional(), "integer arrays"),
        (check_statistics, Short(), "float64"),
        (check_statistics, Endless(), "infinite"),
        (check_names, Undocumented(), "does not name"),
        (check_names, Missing(), "does not give"),
        (check_independence, Talking(), "slices around it"),
        (check_independence, Leaking(), "another region"),
        (check_batches, Crossing(), "with others before"),
        (check_batches, Lumping(), "with others before"),
        (check_input_untouched, Writing(), "writes to the counts"),
        (check_input_untouched, Painting(), "writes to the stack"),
        (check_portability, Bound(), "another library's array"),
        (check_flips, Lopsided(), "flipped"),
        (check_flips, First(), "flipped"),
    ],
)
def test_each_check_finds_a_broken_family(check, broken, why):
    with pytest.raises(AssertionError, match=why):
        check(broken)


def test_a_division_by_zero_is_found():
    with pytest.raises(FloatingPointError):
        check_odd_stacks(Dividing())


def test_a_family_without_a_table_is_found():
    @dataclass(frozen=True)
    class Mute(Brightness):
        """Says nothing."""

    with pytest.raises(AssertionError, match="must hold a table"):
        check_names(Mute())


def test_a_family_that_is_no_frozen_dataclass_is_refused():
    @dataclass
    class Loose(Family):
        name: ClassVar[str] = "loose"

        def count(self, stack):
            return stack.grey

        def describe(self, counts):
            return {}

    with pytest.raises(TypeError, match="Loose must be a frozen dataclass"):
        find_families(Loose())
