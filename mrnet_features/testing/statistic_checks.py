"""Checks of what a family counts and describes."""

from __future__ import annotations

import copy
import dataclasses
import fnmatch
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np

from mrnet_features.arrays import Array
from mrnet_features.extraction.pooling import POOLS, pool_slices
from mrnet_features.families.base import Counts, Family
from mrnet_features.families.documentation import read_statistics
from mrnet_features.families.presets import find_families
from mrnet_features.messages import name_some
from mrnet_features.names import PLANES, WEIGHTINGS
from mrnet_features.stacks.example_stack import make_stack
from mrnet_features.stacks.region_sets import REGION_SETS
from mrnet_features.stacks.stack import Stack, join_stacks
from mrnet_features.testing.example_stacks import (
    change_parts,
    change_regions,
    expect,
    is_close,
    list_exams,
    list_odd_stacks,
)

N_REGIONS = 2

SCOPES = {
    "planes": PLANES,
    "weightings": tuple(WEIGHTINGS),
    "region_sets": ("knee", *REGION_SETS),
}
"""Attributes that say what a family is meant for, with the names that they may hold."""


def check_identity(family: Family) -> None:
    """The family is a frozen dataclass of plain parameters: copies are equal and can be pickled.

    Also, what it is meant for exists.
    """
    cls = type(family)
    expect(
        "__dataclass_params__" in vars(cls) and vars(cls)["__dataclass_params__"].frozen,
        f"{cls.__name__} must be a frozen dataclass. Decorate it with @dataclass(frozen=True).",
    )
    for attribute, known in SCOPES.items():
        values = getattr(family, attribute)
        expect(
            isinstance(values, tuple) and set(values) <= {*known},
            f"{cls.__name__}.{attribute} must be a tuple of some of {', '.join(known)}, got "
            f"{values!r}. A tuple of one name has a comma: ({known[0]!r},).",
        )
        expect(
            bool(values) or attribute == "weightings",
            f"{cls.__name__}.{attribute} must not be empty, or the family describes nothing.",
        )
    try:
        find_families([family])
    except TypeError as error:
        raise AssertionError(str(error)) from error
    for twin_of in (
        dataclasses.replace(family),  # type: ignore[type-var]
        copy.deepcopy(family),
        pickle.loads(pickle.dumps(family)),  # noqa: S301
    ):
        expect(
            twin_of == family and hash(twin_of) == hash(family),
            f"A copy of {family!r} must be equal to it and have the same hash. Don't "
            "override `__eq__` or `__hash__`.",
        )
    expect(
        family.label.startswith(family.name),
        f"The label of {family!r} must begin with its name, got {family.label!r}. Don't "
        "override `label`.",
    )


def check_counts(family: Family) -> None:
    """Counts are integers."""
    for part in _arrays_of(family.count(make_stack())):
        expect(
            str(part.dtype).rsplit(".", 1)[-1].startswith(("int", "uint")),
            f"{family!r}.count must return integer arrays, got one of dtype {part.dtype}. "
            "Count in integers and divide in `describe`.",
        )


def check_statistics(family: Family) -> None:
    """Statistics are finite or NaN float64 arrays, one value per region and per slice (or exam)."""
    stack = make_stack()
    counts = family.count(stack)
    for scope, statistics, shape in (
        ("describe", family.describe(counts), (stack.n_slices, N_REGIONS)),
        ("describe_stack", family.describe_stack(counts, stack.exam_starts), (1, N_REGIONS)),
    ):
        for name, values in statistics.items():
            expect(
                tuple(values.shape) == shape and values.dtype == np.float64,
                f"{family!r}.{scope} must return {name!r} as float64 of shape {shape}, got "
                f"{values.dtype} of shape {tuple(values.shape)}.",
            )
            expect(
                not np.isinf(values).any(),
                f"{family!r}.{scope} must not return infinite values, but {name!r} has one. Return "
                "NaN there and document it in the docstring.",
            )


def check_names(family: Family) -> None:
    """Names of statistics are those of the docstring's table, for every stack.

    `extensive` holds no others: a misspelt one would stay in the tables.
    """
    counts = family.count(make_stack())
    names = list(family.describe(counts))
    whole = list(family.describe_stack(counts, (0,)))
    expect(
        {*family.extensive} <= {*names, *whole},
        f"{family!r}.extensive must be a set of names of its statistics, got {family.extensive!r}. "
        f"The family has {name_some([*names, *whole])}.",
    )
    try:
        documented = [row["statistic"] for row in read_statistics(type(family))]
    except ValueError as error:
        raise AssertionError(str(error)) from error
    for name in dict.fromkeys([*names, *whole]):
        expect(
            any(fnmatch.fnmatchcase(name, pattern) for pattern in documented),
            f"{family!r} returns {name!r}, which the table in its docstring does not list. Add it.",
        )
    for pattern in documented:
        expect(
            bool(fnmatch.filter([*names, *whole], pattern)),
            f"The docstring of {family!r} lists {pattern!r}, which the family does not return. "
            "Delete the row or return the statistic.",
        )
    for what, stack in list_odd_stacks():
        other = family.count(stack)
        expect(
            list(family.describe(other)) == names
            and list(family.describe_stack(other, stack.exam_starts)) == whole,
            f"{family!r} returns other names for {what}. Names must not depend on the stack.",
        )


def check_independence(family: Family) -> None:
    """A slice does not depend on other slices unless declared, nor a region on other regions."""
    stack = make_stack()
    order = np.array([3, 0, 4, 2, 1])
    shuffled = change_parts(stack, lambda part: part[order])
    if not family.uses_neighbouring_slices:
        before, after = (family.describe(family.count(each)) for each in (stack, shuffled))
        one = family.describe(family.count(change_parts(stack, lambda part: part[:1])))
        for name, values in before.items():
            expect(
                is_close(values[order], after[name]) and is_close(values[:1], one[name]),
                f"{family!r}: {name!r} of a slice depends on other slices. Set "
                "`uses_neighbouring_slices = True` if that is intended.",
            )
    alone = change_regions(stack, lambda regions: np.where(regions == 1, 1, 0))
    if family.uses_neighbouring_slices:
        return  # a threshold adapted to the whole stack may look at every region
    together = family.describe(family.count(stack))
    for name, values in family.describe(family.count(alone)).items():
        expect(
            is_close(values[:, 0], together[name][:, 0]),
            f"{family!r}: {name!r} of a region depends on another region. Count each by itself.",
        )


def check_batches(family: Family) -> None:
    """Exams in a batch have the same statistics as each exam alone."""
    exams = list_exams()
    together = join_stacks(exams)
    counts = family.count(together)
    slices, whole = family.describe(counts), family.describe_stack(counts, together.exam_starts)
    ends = [*together.exam_starts[1:], together.n_slices]
    for k, exam in enumerate(exams):
        alone = family.count(exam)
        spans = slice(together.exam_starts[k], ends[k]), slice(k, k + 1)
        scopes = (
            ("describe", slices, family.describe(alone), spans[0]),
            ("describe_stack", whole, family.describe_stack(alone, exam.exam_starts), spans[1]),
        )
        for scope, ours, expected, span in scopes:
            for name, values in expected.items():
                expect(
                    tuple(ours[name][span].shape) == tuple(values.shape)
                    and is_close(ours[name][span], values, 1e-12),
                    f"{family!r}.{scope}: {name!r} of an exam depends on other exams of the batch. "
                    "Split slices by exam at `exam_starts`, in `count` too.",
                )


def check_input_untouched(family: Family) -> None:
    """The stack and the counts are not modified."""
    stack = make_stack()
    arrays = (stack.grey, stack.levels, stack.regions)
    before = [part.copy() for part in arrays]
    counts = family.count(stack)
    kept = [part.copy() for part in _arrays_of(counts)]
    family.describe(counts)
    family.describe_stack(counts, stack.exam_starts)
    for what, old, new in (("stack", before, arrays), ("counts", kept, _arrays_of(counts))):
        expect(
            all(np.array_equal(a, b) for a, b in zip(old, new, strict=True)),
            f"{family!r} must not modify the {what}. Copy the array first.",
        )


def check_odd_stacks(family: Family) -> None:
    """Blank, saturated, narrow, single-slice and single-pixel stacks cause no warning."""
    for what, stack in list_odd_stacks():
        with np.errstate(all="raise"):
            counts = family.count(stack)
            statistics = family.describe(counts)
            whole = family.describe_stack(counts, stack.exam_starts)
        for name, values in [*statistics.items(), *whole.items()]:
            expect(
                not np.isinf(values).any(),
                f"{family!r} must not return infinite values, but {name!r} is infinite for {what}.",
            )
            expect(
                values.shape[-1] == N_REGIONS,
                f"{family!r} must return all regions, but {name!r} has shape {values.shape} for "
                f"{what}.",
            )


def check_portability(family: Family) -> None:
    """`describe` uses only the array-API standard, so that it runs on any device."""
    try:
        import array_api_strict
    except ImportError as error:
        raise ImportError(
            "This check needs array-api-strict. Install it: pip install 'mrnet-features[test]'."
        ) from error
    for stack in (make_stack(), join_stacks(list_exams())):
        counts = family.count(stack)
        strict = _map_arrays(counts, array_api_strict.asarray)
        for scope, options in (("describe", ()), ("describe_stack", (stack.exam_starts,))):
            ours, theirs = (getattr(family, scope)(part, *options) for part in (counts, strict))
            for name, values in ours.items():
                expect(
                    isinstance(theirs[name], array_api_strict._array_object.Array),  # noqa: SLF001
                    f"{family!r}.{scope} must return {name!r} as an array of the library of the "
                    "counts. Use the functions of `namespace(counts)`.",
                )
                expect(
                    is_close(values, np.asarray(theirs[name])),
                    f"{family!r}.{scope}: {name!r} differs with array_api_strict. Use only the "
                    "array-API standard.",
                )


def check_flips(family: Family) -> None:
    """Mirroring the knee or reversing its slices changes no feature.

    For families of the sagittal plane alone only slices are reversed, as columns run from front to
    back.
    """
    columns = slice(None, None, 1 if family.planes == ("sagittal",) else -1)
    for seed in range(2):
        stack = make_stack(seed)
        flipped = change_parts(stack, lambda part: np.ascontiguousarray(part[::-1, :, columns]))
        before, after = (_columns(family, each) for each in (stack, flipped))
        for name, values in before.items():
            expect(
                is_close(values, after[name], 1e-6),
                f"{family!r}: {name!r} changes from {values} to {after[name]} when columns and "
                "slices are reversed. Use statistics that ignore both directions.",
            )


def _columns(family: Family, stack: Stack) -> dict[str, Any]:
    """Pooled and whole-stack statistics by name."""
    counts = family.count(stack)
    slices = family.describe(counts)
    whole = family.describe_stack(counts, stack.exam_starts)
    columns = {f"{name} of the stack": values[0, ...] for name, values in whole.items()}
    if slices:
        pooled = pool_slices(slices, tuple(POOLS))
        for k, name in enumerate(slices):
            columns |= {f"{name}, {pool}": pooled[0, :, k, p] for p, pool in enumerate(POOLS)}
    return columns


def _arrays_of(counts: Counts) -> list[Any]:
    """Arrays of counts, from named tuples at any depth; without plain integers."""
    if isinstance(counts, tuple):
        return [array for part in counts for array in _arrays_of(part)]
    return [] if isinstance(counts, int) else [counts]


def _map_arrays(counts: Counts, change: Callable[[Array], Array]) -> Counts:
    if isinstance(counts, tuple):
        parts = [_map_arrays(part, change) for part in counts]
        return type(counts)(*parts) if hasattr(counts, "_fields") else tuple(parts)
    return counts if isinstance(counts, int) else change(counts)
