"""Rows from a GPU: exams are read ahead by threads and copied while others are described."""

from __future__ import annotations

import contextlib
import itertools
import warnings
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import NamedTuple, NoReturn

from mrnet_features.extraction.describe import (
    ExamLike,
    Pixels,
    Row,
    Rows,
    describe_batch,
    read_exam,
    read_shapes,
)
from mrnet_features.extraction.gpu.buffers import Buffer, is_out_of_memory
from mrnet_features.extraction.gpu.planning import (
    MOST_EXAMS,
    SHARE,
    Planned,
    Room,
    count_pixels,
    pad,
    plan_batches,
)
from mrnet_features.extraction.recipe import Recipe


class DeviceMemoryWarning(UserWarning):
    """A device ran out of memory, and smaller batches were gone on with."""


def iterate_device(
    exams: Sequence[ExamLike],
    recipe: Recipe,
    *,
    n_readers: int,
    batch_size: int | None,
) -> Iterator[Row]:
    """Rows of exams in their order, from the current device.

    When it runs out of memory, as many exams at once as were too many are halved, with one
    warning; rows given before stay what they are. If a single exam is too many, it is tried again
    with nothing beside it on the device, and exams are no longer read ahead.

    Parameters
    ----------
    exams : sequence of Exam or of mapping plane -> stack
    recipe : Recipe
    n_readers : int
        Threads that read.
    batch_size : int or None
        Exams at once, at most; None is `MOST_EXAMS`.

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
    with contextlib.closing(_load_batches(exams, recipe, room, n_readers)) as batches:
        for batch in batches:
            for row in _describe_parts(batch, recipe, room):
                if room.refused and not is_told:
                    is_told = True
                    _warn_of_memory(room)
                yield row


class _Loading(NamedTuple):
    """A batch on its way, or none, where there is no room for an exam beside the last batch."""

    buffer: Buffer
    batch: list[Planned]
    parts: list[Future[Pixels]]


class _Loader:
    """Batches on their way to the current device, each into the buffer whose turn it is."""

    def __init__(
        self, exams: Sequence[ExamLike], recipe: Recipe, room: Room, n_readers: int
    ) -> None:
        import cupy

        planes = recipe.planes
        self._planes = planes
        self._room = room
        self._device = int(cupy.cuda.runtime.getDevice())
        self._copying = cupy.cuda.Stream(non_blocking=True)  # the default one does not wait for it
        self._buffers = [Buffer(self._device, self._copying) for _ in range(2)]
        self._turns = itertools.cycle(self._buffers)
        self._plan = plan_batches(exams, lambda exam, place: read_shapes(exam, place, planes), room)
        self._cut: deque[list[Planned]] = deque()
        self._readers = ThreadPoolExecutor(n_readers, "mrnet-features-reader")

    def begin(self, *, is_alone: bool) -> Future[_Loading | None]:
        """Plan the next batch and set the readers to it; a thread does so, and nobody waits.

        An exam for which there is no room is an error only if nothing else takes any: if it is
        alone, both buffers are let go of first.
        """
        if is_alone:
            self._clear()
        return self._readers.submit(self._begin, next(self._turns), is_alone=is_alone)

    def put_back(self, left: list[Planned], coming: Future[_Loading | None]) -> None:
        """Have exams, and those of the batch that is on its way, read once more, in this order."""
        error = coming.exception()  # once it is there
        if error is not None:
            self._cut.clear()
            self._plan = map(_fail, [error])  # after what is left
        elif (loading := coming.result()) is not None and loading.parts:
            wait(loading.parts)
            loading.parts.clear()  # which look into the buffer
            self._cut.appendleft(loading.batch)
        self._cut.appendleft(left)

    def close(self) -> None:
        """End the readers, who finish the exams that they are reading, and let go of all memory."""
        import cupy

        self._readers.shutdown(cancel_futures=True)
        with contextlib.suppress(cupy.cuda.runtime.CUDARuntimeError):
            self._clear()  # a device that failed says so again, but the first to say so has notes
        cupy.get_default_pinned_memory_pool().free_all_blocks()

    def _clear(self) -> None:
        """Let go of both buffers, whose batches have been described or put back."""
        import cupy

        self._copying.synchronize()  # page-locked memory must not go while it is read
        for buffer in self._buffers:
            buffer.clear()
        cupy.get_default_memory_pool().free_all_blocks()  # a part of a block is no whole one

    def _begin(self, buffer: Buffer, *, is_alone: bool) -> _Loading | None:
        import cupy

        batch = self._cut.popleft() if self._cut else next(self._plan, None)
        if batch is None:
            return None
        batch = self._cut_off(batch)
        with cupy.cuda.Device(self._device):  # a thread begins with the first device
            while not buffer.reserve(sum(planned.n_bytes for planned in batch)):
                if len(batch) == 1 and not is_alone:
                    self._cut.appendleft(batch)
                    return _Loading(buffer, [], [])
                _make_room(self._room, len(batch), f"the exam at place {batch[0].place}")
                batch = self._cut_off(batch)
        starts = itertools.accumulate((planned.n_bytes for planned in batch), initial=0)
        parts = [
            self._readers.submit(_read_exam, planned, self._planes, buffer, start)
            for planned, start in zip(batch, starts, strict=False)
        ]
        return _Loading(buffer, batch, parts)

    def _cut_off(self, batch: list[Planned]) -> list[Planned]:
        """As many exams of a batch as there is room for; the rest is kept for later."""
        most = self._room.most  # once: it may shrink meanwhile
        if rest := batch[most:]:
            self._cut.appendleft(rest)
        return batch[:most]


def _fail(error: BaseException) -> NoReturn:
    raise error


def _load_batches(
    exams: Sequence[ExamLike], recipe: Recipe, room: Room, n_readers: int
) -> Generator[list[Pixels], None, None]:
    """Batches on the device; when one is given, the next is on its way.

    When the next is asked for, the exams that have been described must have been taken off the
    front of the list. Those left are given again, with nothing beside them on the device, and so
    are all others where the room is tight. Whatever is wrong with an exam is raised after those
    before it were given.
    """
    import cupy

    loader = _Loader(exams, recipe, room, n_readers)
    try:
        coming = loader.begin(is_alone=True)
        while (loading := coming.result()) is not None:
            if not loading.parts:  # everything before has been described, so there is room now
                coming = loader.begin(is_alone=True)
                continue
            if not room.is_tight:
                coming = loader.begin(is_alone=False)
            batch, failure = _collect(loading.parts)
            loading.parts.clear()  # which hold the exams as well
            if batch:
                n_read = len(batch)
                loading.buffer.await_copies()
                yield batch
                n_done = n_read - len(batch)
                batch.clear()  # nothing looks into the buffer any more
                cupy.cuda.get_current_stream().synchronize()  # and it will be filled again
                if n_done < n_read:
                    failure = None  # it will come again
                    loader.put_back(loading.batch[n_done:], coming)
                    coming = loader.begin(is_alone=True)
                    continue
            if failure is not None:
                try:
                    raise failure
                finally:
                    del failure  # or error, traceback and frame would keep each other
            if room.is_tight:
                coming = loader.begin(is_alone=True)
    finally:
        loader.close()


def _collect(parts: Sequence[Future[Pixels]]) -> tuple[list[Pixels], BaseException | None]:
    """Exams that were read, up to the first that could not be, and why it could not."""
    batch: list[Pixels] = []
    for part in parts:
        error = part.exception()  # not caught, or its traceback would hold this frame
        if error is not None:
            for other in parts:
                other.cancel()  # those that are done stay so
            wait(parts)  # whoever reads writes into the buffer
            return batch, error
        batch.append(part.result())
    return batch, None


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


def _describe_parts(batch: list[Pixels], recipe: Recipe, room: Room) -> Iterator[Row]:
    """Rows of a batch, as many exams at once as there is room for; done exams are taken off it.

    It ends before the batch does at an exam that is to be tried again with nothing beside it.
    """
    while batch:
        part = batch[: room.most]
        rows = _try_describe(part, recipe)
        if rows is None and len(part) == 1 and not room.is_tight:
            room.tighten()
            return
        if rows is None:
            _make_room(room, len(part), part[0].label)
            continue
        for values, pixels in zip(rows, part, strict=True):
            yield Row(values, pixels.fingerprint)
        del batch[: len(part)]


def _try_describe(batch: Sequence[Pixels], recipe: Recipe) -> Rows | None:
    """Rows; None if the device ran out of memory."""
    try:
        return describe_batch(batch, recipe, "cuda")
    except Exception as error:
        if is_out_of_memory(error):
            return None  # and with the error goes what its traceback held on the device
        raise


def _make_room(room: Room, n_exams: int, label: str) -> None:
    """Free what CuPy keeps, and halve what was too much."""
    import cupy

    cupy.get_default_memory_pool().free_all_blocks()
    if n_exams == 1:
        free, total = cupy.cuda.runtime.memGetInfo()
        raise MemoryError(
            f"The GPU's memory must hold at least one exam, but {label} alone did not fit: "
            f"{free / 2**20:.0f} of {total / 2**20:.0f} MiB are free. End what else uses the GPU "
            "(`nvidia-smi` lists it), pass batch_size=1, ask for fewer families, or use "
            "device='cpu'."
        )
    room.halve(n_exams)


def _warn_of_memory(room: Room) -> None:
    """Warn that batches were too large, and of what size they are now."""
    warnings.warn(
        f"The GPU ran out of memory on {room.refused} exams at once. It goes on with {room.most} "
        "at a time, or fewer if it must; counts stay the very same, and statistics agree to "
        "rounding. Pass "
        f"batch_size={room.most} to begin so.",
        DeviceMemoryWarning,
        stacklevel=3,
    )
