"""Times on a device, and stacks laid there."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

from mrnet_features.arrays import to_device
from mrnet_features.stacks.prepare import Stack


def time_on_device(run: Callable[[], object], repeats: int) -> float:
    """Median seconds between an event before and an event after, after a warm call."""
    import cupy

    run()
    seconds = []
    for _ in range(repeats):
        start, end = cupy.cuda.Event(), cupy.cuda.Event()
        start.record()
        run()
        end.record()
        end.synchronize()
        seconds.append(cupy.cuda.get_elapsed_time(start, end) / 1e3)
    return statistics.median(seconds)


def time_by_clock(run: Callable[[], object], repeats: int) -> float:
    """Median seconds of the clock, the device waited for, after a warm call."""
    import cupy

    run()
    seconds = []
    for _ in range(repeats):
        cupy.cuda.runtime.deviceSynchronize()
        start = time.perf_counter()
        run()
        cupy.cuda.runtime.deviceSynchronize()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def place_stack(stack: Stack, n_stacks: int) -> Stack:
    """A stack on the device, laid end to end many times, as a batch is."""
    grey, levels, regions = (
        to_device(np.tile(part, (n_stacks, 1, 1)), "cuda")
        for part in (stack.grey, stack.levels, stack.regions)
    )
    starts = tuple(k * stack.n_slices for k in range(n_stacks))
    return Stack(grey, levels, regions, stack.n_levels, stack.region_names, starts)
