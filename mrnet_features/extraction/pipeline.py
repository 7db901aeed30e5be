"""Rows from a GPU: exams are read ahead by threads and copied while others are described."""

from __future__ import annotations

import contextlib
import itertools
import warnings
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from joblib import Parallel, delayed

from mrnet_features.extraction.batches import (
    ExamLike,
    Pixels,
    Row,
    Rows,
    describe_batch,
    measure_exam,
    read_exam,
)
from mrnet_features.extraction.buffers import Buffer
from mrnet_features.extraction.planning import (
    MOST_EXAMS,
    SHARE,
    Planned,
    Room,
    count_pixels,
    deal_blocks,
    pad,
    plan_batches,
)
from mrnet_features.extraction.recipe import Recipe


class DeviceMemoryWarning(UserWarning):
    """A device ran out of memory, and smaller batches were gone on with."""


def iterate_devices(
    exams: Sequence[ExamLike], recipe: Recipe, *, n_readers: int, batch_size: int | None
) -> Iterator[Row]:
    """Rows of exams in their order, from all devices that the driver shows.

    With several devices, blocks of exams are dealt to processes, one for each device; few exams
    stay on the current one, and in this process.

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
    blocks = deal_blocks(len(exams), n_devices)
    if n_devices == 1 or len(blocks) == 1:
        yield from iterate_device(exams, recipe, n_readers=n_readers, batch_size=batch_size)
        return
    jobs = (
        delayed(_describe_block)(
            exams[start:stop], start, device, recipe, n_readers=n_readers, batch_size=batch_size
        )
        for start, stop, device in blocks
    )
    with contextlib.closing(Parallel(n_jobs=n_devices, return_as="generator")(jobs)) as parts:
        for rows in parts:
            yield from rows


def iterate_device(
    exams: Sequence[ExamLike],
    recipe: Recipe,
    *,
    n_readers: int,
    batch_size: int | None,
    first: int = 0,
) -> Iterator[Row]:
    """Rows of exams in their order, from the current device.

    When it runs out of memory, as many exams at once as were too many are halved, with one
    warning; rows given before stay what they are.

    Parameters
    ----------
    exams : sequence of Exam or of mapping plane -> stack
    recipe : Recipe
    n_readers : int
        Threads that read.
    batch_size : int or None
        Exams at once, at most; None is `MOST_EXAMS`.
    first : int, default 0
        Place of the first exam among all.

    Yields
    ------
    Row

    Raises
    ------
    MemoryError
        If a single exam does not fit.
    KeyError, TypeError, ValueError, OSError
        If an exam can't be read or described, after the rows of the exams before it, or of the
        batches before it.
    """
    import cupy

    free = cupy.cuda.runtime.memGetInfo()[0] + cupy.get_default_memory_pool().free_bytes()
    room = Room(batch_size or MOST_EXAMS, int(SHARE * free))
    is_told = False
    with contextlib.closing(_load_batches(exams, recipe, room, n_readers, first)) as batches:
        for batch in batches:
            done = 0
            while done < len(batch):
                part = batch[done : done + room.most]
                rows = _try_describe(part, recipe)
                if rows is None:
                    _make_room(room, len(part), part[0].label)
                else:
                    done += len(part)
                if room.refused and not is_told:
                    is_told = True
                    _tell(room)
                if rows is not None:
                    for values, pixels in zip(rows, part, strict=True):
                        yield Row(values, pixels.fingerprint)


class _Loading(NamedTuple):
    """A batch on its way."""

    buffer: Buffer
    parts: list[Future[Pixels]]


def _load_batches(
    exams: Sequence[ExamLike], recipe: Recipe, room: Room, n_readers: int, first: int
) -> Generator[list[Pixels], None, None]:
    """Batches on the device; when one is given, the next is on its way.

    The one before must have been described when the next is asked for. Whatever is wrong with an
    exam is raised after those before it were given.
    """
    import cupy

    planes = recipe.planes
    device = int(cupy.cuda.runtime.getDevice())
    copying = cupy.cuda.Stream(non_blocking=True)  # one that the default stream does not wait for
    buffers = itertools.cycle([Buffer(device, copying) for _ in range(2)])
    plan = plan_batches(exams, lambda exam, k: measure_exam(exam, k, planes), room, first=first)
    cut: deque[list[Planned]] = deque()
    readers = ThreadPoolExecutor(n_readers, "mrnet-features-reader")

    def begin(buffer: Buffer) -> _Loading | None:
        """Plan a batch and set the readers to it; all in a thread, so that nobody waits."""
        batch = cut.popleft() if cut else next(plan, None)
        if batch is None:
            return None
        with cupy.cuda.Device(device):  # a thread begins with the first device
            while not buffer.reserve(sum(planned.n_bytes for planned in batch)):
                _make_room(room, len(batch), f"the exam at place {batch[0].place}")
                cut.appendleft(batch[room.most :])
                batch = batch[: room.most]
        starts = itertools.accumulate((one.n_bytes for one in batch), initial=0)
        parts = [
            readers.submit(_read_exam, planned, planes, buffer, start)
            for planned, start in zip(batch, starts, strict=False)
        ]
        return _Loading(buffer, parts)

    try:
        coming = readers.submit(begin, next(buffers))
        while (loading := coming.result()) is not None:
            coming = readers.submit(begin, next(buffers))
            batch: list[Pixels] = []
            failure: Exception | None = None
            for part in loading.parts:
                try:
                    batch.append(part.result())
                except Exception as error:  # noqa: BLE001 (raised below, after what is before it)
                    failure = error
                    break
            if batch:
                loading.buffer.await_copies()
                yield batch
                batch = []
                cupy.cuda.get_current_stream().synchronize()  # its buffer will be filled again
            if failure is not None:
                raise failure
    finally:
        readers.shutdown(cancel_futures=True)
        copying.synchronize()  # page-locked memory must not go while it is read


def _read_exam(planned: Planned, planes: Sequence[str], buffer: Buffer, start: int) -> Pixels:
    """Read an exam and send it to the device, where its stacks lie one after the other."""
    pixels = read_exam(planned.exam, planned.place, planes)
    stacks = {}
    for plane, grey in pixels.stacks.items():
        shape = planned.shapes[plane]
        if grey.shape != shape:
            raise ValueError(
                f"The stack of {pixels.label}, plane '{plane}', had shape {shape} and was then "
                f"read with shape {grey.shape}. Don't write to the exams while they are read."
            )
        stacks[plane] = buffer.send(grey, start)
        start += pad(count_pixels(shape))
    return pixels._replace(stacks=stacks)


def _try_describe(batch: Sequence[Pixels], recipe: Recipe) -> Rows | None:
    """Rows; None if the device ran out of memory."""
    import cupy

    try:
        return describe_batch(batch, recipe, "cuda")
    except cupy.cuda.memory.OutOfMemoryError:
        return None  # and with the error goes what its traceback held on the device


def _make_room(room: Room, n_exams: int, label: str) -> None:
    """Free what CuPy keeps, and halve what was too much."""
    import cupy

    cupy.get_default_memory_pool().free_all_blocks()
    if n_exams == 1:
        free, total = cupy.cuda.runtime.memGetInfo()
        raise MemoryError(
            f"The GPU's memory must hold at least one exam, but {label} alone did not fit: "
            f"{free / 2**20:.0f} of {total / 2**20:.0f} MiB are free. End what else uses the GPU "
            "(`nvidia-smi` lists it), ask for fewer families, or use device='cpu'."
        )
    room.halve(n_exams)


def _tell(room: Room) -> None:
    warnings.warn(
        f"The GPU ran out of memory on {room.refused} exams at once. It goes on with {room.most} "
        "at a time, or fewer if it must; the table is the same. Pass "
        f"batch_size={room.most} to begin so.",
        DeviceMemoryWarning,
        stacklevel=3,
    )


def _describe_block(
    exams: Sequence[ExamLike],
    first: int,
    device: int,
    recipe: Recipe,
    *,
    n_readers: int,
    batch_size: int | None,
) -> list[Row]:
    """Rows of a block, from one device; in a process of its own.

    Which process takes a block is left to joblib, so what it kept on the device is freed after
    it, for the next process.
    """
    import cupy

    with cupy.cuda.Device(device):
        try:
            return list(
                iterate_device(
                    exams, recipe, n_readers=n_readers, batch_size=batch_size, first=first
                )
            )
        finally:
            cupy.get_default_memory_pool().free_all_blocks()
