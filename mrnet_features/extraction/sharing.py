"""Several GPUs: blocks of exams are shared among processes, one for each device."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from joblib import Parallel, delayed

from mrnet_features.extraction.batches import ExamLike, Row
from mrnet_features.extraction.pipeline import iterate_device, warn_of_memory
from mrnet_features.extraction.planning import Room, cut_blocks
from mrnet_features.extraction.recipe import Recipe

_here = threading.local()  # a worker's device, and the run that it was claimed for


def iterate_devices(
    exams: Sequence[ExamLike], recipe: Recipe, *, n_readers: int, batch_size: int | None
) -> Iterator[Row]:
    """Rows of exams in their order, from all devices that the driver shows.

    With several devices, each gets a process, and a process takes block after block. Few exams stay
    on the current device, and in this process.

    Parameters
    ----------
    exams : sequence of Exam or of mapping plane -> stack
    recipe : Recipe
    n_readers : int
        Threads that read, for each device.
    batch_size : int or None
        Exams at once, at most.

    Yields
    ------
    Row
    """
    import cupy

    n_devices = int(cupy.cuda.runtime.getDeviceCount())
    blocks = cut_blocks(len(exams))
    if n_devices == 1 or len(blocks) == 1:
        yield from iterate_device(exams, recipe, n_readers=n_readers, batch_size=batch_size)
        return
    is_told = False
    with tempfile.TemporaryDirectory(prefix="mrnet-features-") as run:
        jobs = (
            delayed(_describe_block)(
                *(exams[start:stop], recipe, n_readers, batch_size, start, run, n_devices)
            )
            for start, stop in blocks
        )
        with contextlib.closing(Parallel(n_jobs=n_devices, return_as="generator")(jobs)) as parts:
            for rows, rooms in parts:
                if rooms and not is_told:
                    is_told = True
                    warn_of_memory(rooms[0])
                yield from rows


def _describe_block(
    exams: Sequence[ExamLike],
    recipe: Recipe,
    n_readers: int,
    batch_size: int | None,
    first: int,
    run: str,
    n_devices: int,
) -> tuple[list[Row], list[Room]]:
    """Rows of a block from the worker's device, and what is to be told of its memory."""
    import cupy

    rooms: list[Room] = []
    with cupy.cuda.Device(claim_device(run, n_devices)):
        rows = iterate_device(
            exams,
            recipe,
            n_readers=n_readers,
            batch_size=batch_size,
            first=first,
            tell=rooms.append,  # a worker's warning would not reach the caller
        )
        try:
            return list(rows), rooms
        finally:
            cupy.get_default_memory_pool().free_all_blocks()  # an idle worker shall keep none


def claim_device(run: str, n_devices: int) -> int:
    """Device that no other worker of a run has; the same at each call from one worker.

    Two processes on one device would take its memory from each other, and joblib does not say
    which of its workers a task is for.

    Parameters
    ----------
    run : str
        An empty folder, which is the run's own.
    n_devices : int

    Returns
    -------
    int
        The worker's device of an earlier run where that is free, since it is ready there.

    Raises
    ------
    RuntimeError
        If there are more workers than devices.
    """
    before, device = getattr(_here, "claim", ("", 0))
    if before == run:
        return int(device)
    for candidate in sorted(range(n_devices), key=lambda k: k != device):
        try:
            Path(run, str(candidate)).touch(exist_ok=False)
        except FileExistsError:
            continue
        _here.claim = (run, candidate)
        return candidate
    raise RuntimeError(
        f"Each of {n_devices} GPUs must have one worker, got another worker. One may have ended "
        "before its time; run again, or set CUDA_VISIBLE_DEVICES to one GPU."
    )
