"""Checks that your own family keeps the contract of `Family`.

Call `check_family` in a test::

    from mrnet_features.testing import check_family

    def test_brightness():
        check_family(Brightness())

For one test per check, use ``@pytest.mark.parametrize("check", CHECKS)``. A failed check raises an
AssertionError that says what to change.
"""

from __future__ import annotations

from collections.abc import Callable

from mrnet_features.families.base import Family
from mrnet_features.stacks.example_stack import make_stack
from mrnet_features.testing.example_stacks import expect
from mrnet_features.testing.mark_checks import (
    check_mark_flips,
    check_marks,
    check_slices,
)
from mrnet_features.testing.side_checks import check_sides
from mrnet_features.testing.statistic_checks import (
    check_batches,
    check_counts,
    check_flips,
    check_identity,
    check_independence,
    check_input_untouched,
    check_names,
    check_odd_stacks,
    check_portability,
    check_statistics,
)

CHECKS: tuple[Callable[[Family], None], ...] = (
    check_identity,
    check_counts,
    check_statistics,
    check_names,
    check_independence,
    check_batches,
    check_input_untouched,
    check_odd_stacks,
    check_portability,
    check_flips,
    check_slices,
    check_marks,
    check_mark_flips,
    check_sides,
)
"""All checks, to parametrise a test."""


def check_family(family: Family) -> None:
    """Run all checks.

    Parameters
    ----------
    family : Family

    Raises
    ------
    AssertionError
        If the family violates the contract; the message says how.
    """
    expect(
        isinstance(family, Family),
        f"A family must be an instance of a subclass of mrnet_features.families.base.Family, got "
        f"{family!r}.",
    )
    for check in CHECKS:
        check(family)


__all__ = [
    "CHECKS",
    "check_family",
    "make_stack",
    *(check.__name__ for check in CHECKS),
]
