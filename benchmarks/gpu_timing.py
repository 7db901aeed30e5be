"""Times on a device, and batches of one stack."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from mrnet_features.stacks.stack import Stack, join_stacks


def time_on_device(run: Callable[[], object], repeats: int) -> float:
    """Median device seconds between two events, after a warm-up call."""
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
    """Median clock seconds until the device is done, after a warm-up call."""
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


def repeat_stack(stack: Stack, n_exams: int) -> Stack:
    """Batch of copies of a stack on the GPU."""
    return join_stacks([stack] * n_exams).on_device("cuda")
