"""Stacks to check families on, and what a check expects."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from mrnet_features.arrays import Array
from mrnet_features.stacks.example_stack import make_stack, stack_of
from mrnet_features.stacks.stack import Stack


def list_odd_stacks() -> Iterator[tuple[str, Stack]]:
    """Unusual stacks, with a description of each."""
    plain = make_stack()
    yield "a blank stack", change_regions(plain, np.zeros_like)
    black = np.zeros_like(plain.grey)
    yield "a black stack", stack_of(black, plain.regions)
    yield "a saturated stack", stack_of(black + np.uint8(255), plain.regions)
    yield "a single slice", make_stack(shape=(1, 24, 30))
    yield "a narrow stack", make_stack(shape=(2, 40, 9))
    yield "a stack two rows high", make_stack(shape=(3, 2, 17))
    for region in range(3):
        one = np.full((1, 1, 1), region, np.uint8)
        yield f"a single pixel in region {region}", stack_of(one * np.uint8(60), one)


def list_exams() -> list[Stack]:
    """Exams with different numbers of slices and brightness, one of them without a region."""
    exams = [make_stack(k, (n, 24, 30)) for k, n in enumerate((4, 1, 7, 3))]
    exams[1] = change_regions(exams[1], np.zeros_like)
    exams[2] = stack_of(exams[2].grey // np.uint8(2), exams[2].regions)
    return exams


def change_parts(stack: Stack, change: Callable[[Array], Array]) -> Stack:
    """Stack with the same change of all three arrays."""
    grey, levels, regions = (change(part) for part in (stack.grey, stack.levels, stack.regions))
    return Stack(grey, levels, regions, stack.n_levels, stack.region_names)


def change_regions(stack: Stack, change: Callable[[Array], Array]) -> Stack:
    """Stack with other regions."""
    regions = np.asarray(change(stack.regions), np.uint8)
    return Stack(stack.grey, stack.levels, regions, stack.n_levels, stack.region_names)


def is_close(one: Array, other: Array, tolerance: float = 1e-9) -> bool:
    """Equal up to a tolerance, relative for large values; NaN equals NaN."""
    return bool(np.allclose(one, other, rtol=tolerance, atol=tolerance, equal_nan=True))


def expect(is_met: bool, problem: str) -> None:
    """Raise an AssertionError that names the problem unless the expectation is met."""
    if not is_met:
        raise AssertionError(problem)
