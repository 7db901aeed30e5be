"""Self-test of a GPU: its counts and statistics must agree with the CPU's in every family."""

from __future__ import annotations

from typing import Any

import numpy as np

from mrnet_features.arrays import Array, Device, to_host
from mrnet_features.families.base import Counts, Family
from mrnet_features.families.presets import discover_families
from mrnet_features.stacks.example_stack import make_stack
from mrnet_features.stacks.stack import Stack, join_stacks

TOLERANCE = 1e-9
"""Largest relative difference of a statistic; counts must be equal.

No absolute tolerance is needed: where a statistic of this stack is 0, it is exact.
"""


def describe_device() -> str:
    """Name, free memory and CUDA versions of the current device.

    Returns
    -------
    str
    """
    import cupy

    runtime = cupy.cuda.runtime
    found = runtime.getDeviceProperties(runtime.getDevice())
    free, total = runtime.memGetInfo()
    versions = runtime.driverGetVersion(), runtime.runtimeGetVersion()
    driver, used = (f"{version // 1000}.{version % 1000 // 10}" for version in versions)
    return (
        f"{found['name'].decode()}, compute capability {found['major']}.{found['minor']}, "
        f"{free / 2**30:.1f} of {total / 2**30:.1f} GiB free, CuPy {cupy.__version__}, "
        f"CUDA {used}, driver for CUDA {driver}"
    )


def compare_devices() -> tuple[int, list[str]]:
    """Compare counts and statistics of a small stack on the GPU and on the CPU.

    Returns
    -------
    n_families : int
        Families compared; together they use every count.
    differing : list of str
        Names of the families whose counts or statistics differ.
    """
    families = discover_families()
    return len(families), [name for name, family in families.items() if _differs(family())]


def _make_stacks(device: Device) -> Stack:
    """Two exams on a device, large enough that no count is all zeros."""
    sizes = enumerate((3, 2))
    exams = [make_stack(k, (n, 80, 90), blob=10, n_levels=32) for k, n in sizes]
    return join_stacks(exams).on_device(device)


def _differs(family: Family) -> bool:
    stacks = [_make_stacks(device) for device in ("cpu", "cuda")]
    ours, theirs = (family.count(stack) for stack in stacks)
    one, other = _list_arrays(ours), _list_arrays(theirs)
    if len(one) != len(other) or not all(map(_is_equal, one, other)):
        return True
    starts = stacks[0].exam_starts
    return not (
        _is_close(family.describe(ours), family.describe(theirs))
        and _is_close(family.describe_stack(ours, starts), family.describe_stack(theirs, starts))
    )


def _list_arrays(counts: Counts) -> list[Array]:
    """Arrays of counts: one array, or those of a named tuple and of the named tuples in it."""
    if isinstance(counts, tuple):
        return [array for part in counts for array in _list_arrays(part)]
    return [counts]


def _is_equal(one: Array, other: Array) -> bool:
    here, there = (part if isinstance(part, int) else to_host(part) for part in (one, other))
    return np.array_equal(here, there)


def _is_close(one: Any, other: Any) -> bool:
    if list(one) != list(other):
        return False
    return all(
        np.allclose(to_host(one[name]), to_host(other[name]), TOLERANCE, 0, equal_nan=True)
        for name in one
    )
