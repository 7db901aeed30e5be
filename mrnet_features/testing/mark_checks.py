"""Checks of what a family shows: values of slices, and marks."""

from __future__ import annotations

from typing import Any

import numpy as np

from mrnet_features.arrays import Array
from mrnet_features.families.base import Family
from mrnet_features.stacks.example_stack import make_stack
from mrnet_features.stacks.mark import SliceMark
from mrnet_features.stacks.stack import Stack
from mrnet_features.testing.example_stacks import (
    change_parts,
    expect,
    is_close,
    list_odd_stacks,
)


def check_slices(family: Family) -> None:
    """`describe_slices` agrees with `describe`, and adds only statistics of the stack."""
    for what, stack in [("a stack", make_stack()), *list_odd_stacks()]:
        counts = family.count(stack)
        slices, whole = family.describe(counts), family.describe_stack(counts, stack.exam_starts)
        found = family.describe_slices(stack)
        for name, values in slices.items():
            expect(
                name in found and is_close(found[name], values),
                f"{family!r}.describe_slices must return {name!r} with the values of `describe`, "
                f"but does not for {what}. Begin with those of `describe`.",
            )
        for name, values in found.items():
            expect(
                name in slices or name in whole,
                f"{family!r}.describe_slices returns {name!r}, which is no statistic of `describe` "
                "or `describe_stack`. Use their names.",
            )
            shape = (stack.n_slices, stack.n_regions)
            expect(
                tuple(values.shape) == shape
                and values.dtype == np.float64
                and not np.isinf(values).any(),
                f"{family!r}.describe_slices must return {name!r} as finite or NaN float64 of "
                f"shape {shape}, got {values.dtype} of shape {tuple(values.shape)} for {what}.",
            )


def check_marks(family: Family) -> None:
    """Marks lie in the stack and the region, and their values are those of `describe_slices`."""
    for what, stack in [("a stack", make_stack()), *list_odd_stacks()]:
        with np.errstate(all="raise"):
            slices = family.describe_slices(stack)
            for name in _list_names(family, stack):
                values = slices.get(name, np.full((stack.n_slices, stack.n_regions), np.nan))
                for find in (family.find_pixels, family.find_stack_pixels):
                    pixels = find(stack, name)
                    expect(
                        pixels.dtype == np.bool_ and pixels.shape == stack.grey.shape,
                        f"{family!r}.{find.__name__} must return a bool array of the shape of the "
                        f"stack for {name!r}, got {pixels.dtype} of shape {pixels.shape} for "
                        f"{what}.",
                    )
                marks = family.mark(stack, name)
                _check_places(family, stack, name, marks, values, what)
                whole = family.mark_stack(stack, name)
                _check_places(family, stack, name, whole, values, what)
                missed = _find_known(stack, values) - {(m.slice, m.region) for m in marks}
                expect(
                    not missed,
                    f"{family!r}.mark must mark every slice and region with a value of {name!r}, "
                    f"but has none for {sorted(missed)[:1]} of {what}.",
                )
    for mark in (family.mark, family.mark_stack):
        try:
            mark(make_stack(), "no_such_statistic")
        except ValueError:
            continue
        raise AssertionError(
            f"{family!r}.{mark.__name__} must raise a ValueError for a statistic that the family "
            "doesn't have. Call `super()` first."
        )


def check_mark_flips(family: Family) -> None:
    """Marks of a mirrored and reversed stack are mirrored and reversed."""
    stack = make_stack()
    columns = slice(None, None, 1 if family.planes == ("sagittal",) else -1)
    flipped = change_parts(stack, lambda part: np.ascontiguousarray(part[::-1, :, columns]))
    for name in _list_names(family, stack):
        for find in (family.mark, family.mark_stack):
            before = {_describe_mark(mark) for mark in find(stack, name)}
            after = {
                _describe_mark(_flip_mark(mark, stack, columns)) for mark in find(flipped, name)
            }
            expect(
                before == after,
                f"{family!r}.{find.__name__}: the marks of {name!r} are others when columns and "
                "slices are reversed. Mark all of equal pixels or slices, not the first.",
            )


def _list_names(family: Family, stack: Stack) -> list[str]:
    """Statistics of the slices and of the stack, each once."""
    counts = family.count(stack)
    whole = family.describe_stack(counts, stack.exam_starts)
    return list(dict.fromkeys([*family.describe(counts), *whole]))


def _find_known(stack: Stack, values: Array) -> set[tuple[int, str]]:
    """Slices and regions that have pixels and a value."""
    return {
        (s, stack.region_names[r])
        for s, r in np.argwhere(~np.isnan(values)).tolist()
        if (stack.regions[s] == r + 1).any()
    }


def _check_places(
    family: Family,
    stack: Stack,
    name: str,
    marks: tuple[SliceMark, ...],
    values: Array,
    what: str,
) -> None:
    """Raise unless each mark lies in the stack and its region and has the value of its slice."""
    _, height, width = stack.grey.shape
    for mark in marks:
        where = f"{name!r} in slice {mark.slice} of {what}"
        expect(
            0 <= mark.slice < stack.n_slices and mark.region in stack.region_names,
            f"{family!r} marks {where}, region {mark.region!r}, which does not exist.",
        )
        number = stack.region_names.index(mark.region)
        inside = stack.regions[mark.slice] == number + 1
        value = values[mark.slice, number]
        expect(
            is_close(mark.value, value),
            f"{family!r} marks {where} with the value {mark.value}, but `describe_slices` has "
            f"{value}.",
        )
        expect(
            (mark.outline is None) != (mark.segment is None),
            f"{family!r} must mark {where} with either an outline or a segment.",
        )
        if mark.outline is not None:
            expect(
                mark.outline.shape == inside.shape and not (mark.outline & ~inside).any(),
                f"{family!r} marks pixels for {where} that are not in region {mark.region!r}.",
            )
        if mark.segment is not None:
            (y, x), (end_y, end_x) = mark.segment
            expect(
                0 <= min(y, end_y) <= max(y, end_y) < height
                and 0 <= min(x, end_x) <= max(x, end_x) < width
                and inside[round((y + end_y) / 2), round((x + end_x) / 2)],
                f"{family!r} marks {where} with a segment that leaves the slice, or whose middle "
                f"is not in region {mark.region!r}.",
            )


def _describe_mark(mark: SliceMark) -> tuple[Any, ...]:
    """Mark without its value, to compare."""
    outline = None if mark.outline is None else mark.outline.tobytes()
    segment = None if mark.segment is None else tuple(sorted(mark.segment))
    return mark.slice, mark.region, outline, segment


def _flip_mark(mark: SliceMark, stack: Stack, columns: slice) -> SliceMark:
    """Mark in the stack with the slices, and perhaps the columns, in the other order."""
    outline, segment = mark.outline, mark.segment
    if outline is not None:
        outline = np.ascontiguousarray(outline[:, columns])
    if segment is not None and columns.step == -1:
        (y, x), (end_y, end_x) = segment
        last = stack.grey.shape[2] - 1
        segment = (y, last - x), (end_y, last - end_x)
    last = stack.n_slices - 1
    return mark._replace(slice=last - mark.slice, outline=outline, segment=segment)
