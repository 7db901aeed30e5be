"""Several GPUs: blocks of exams are shared among processes, one for each device."""

from __future__ import annotations

import contextlib
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from joblib import delayed

from mrnet_features.extraction.describe import ExamLike, Row
from mrnet_features.extraction.gpu.pipeline import iterate_device, warn_of_memory
from mrnet_features.extraction.gpu.planning import Room, cut_blocks
from mrnet_features.extraction.recipe import Recipe
from mrnet_features.jobs import run_jobs

_here = threading.local()  # a worker's claim


def iterate_devices(
    exams: Sequence[ExamLike], recipe: Recipe, *, n_readers: int, batch_size: int | None
) -> Iterator[Row]:
    """Rows of exams in their order, from all devices that the driver shows.

    With several devices, each gets a process, and a process takes block after block. Few exams stay
    on the current device, and in this process; on Windows all do.

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
    if n_devices == 1 or len(blocks) == 1 or sys.platform == "win32":  # which has no such locks
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
        with contextlib.closing(run_jobs(jobs, n_devices)) as parts:
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
            cupy.get_default_pinned_memory_pool().free_all_blocks()


def claim_device(run: str, n_devices: int) -> int:
    """Device that no other worker of a run has; the same at each call from one worker.

    Two processes on one device would take its memory from each other, and joblib does not say
    which of its workers a task is for. A worker's claim ends with it: joblib puts another in the
    place of one whose memory has grown.

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
    claim: _Claim | None = getattr(_here, "claim", None)
    if claim is not None and claim.run == run:
        return claim.device
    last = 0 if claim is None else claim.device
    for device in sorted(range(n_devices), key=lambda k: k != last):
        claim = _Claim(run, device)
        if claim.is_ours():
            _here.claim = claim
            return device
    raise RuntimeError(
        f"Each of {n_devices} GPUs must have one worker, got another worker. Run again, or set "
        "CUDA_VISIBLE_DEVICES to one GPU."
    )


class _Claim:
    """A locked file that says whose a device is in a run; the lock goes with its thread or process.

    Parameters
    ----------
    run : str
        The run's folder.
    device : int
    """

    def __init__(self, run: str, device: int) -> None:
        self.run = run
        self.device = device
        self._file = Path(run, str(device)).open("w")  # noqa: SIM115 (open as long as it is held)

    def __del__(self) -> None:
        self._file.close()

    def is_ours(self) -> bool:
        """Lock the file, unless another has."""
        import fcntl  # of POSIX alone

        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
