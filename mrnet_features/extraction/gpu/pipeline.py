"""Extraction pipeline on a GPU: threads read and copy the next batch while one is described."""

from __future__ import annotations

import contextlib
import itertools
import warnings
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import NamedTuple, NoReturn

from mrnet_features.arrays import Float32Array
from mrnet_features.extraction.describe import Row, describe_batch, make_row
from mrnet_features.extraction.gpu.buffers import Buffer, is_out_of_memory
from mrnet_features.extraction.gpu.planning import (
    MAX_EXAMS,
    MEMORY_FRACTION,
    BatchLimit,
    Planned,
    Shapes,
    count_pixels,
    pad,
    plan_batches,
)
from mrnet_features.extraction.read import ExamLike, Pixels, read_exam, read_shapes
from mrnet_features.extraction.recipe import Recipe
from mrnet_features.names import say_series


class DeviceMemoryWarning(UserWarning):
    """The GPU ran out of memory, and smaller batches are used."""


def iterate_rows(
    exams: Sequence[ExamLike],
    recipe: Recipe,
    *,
    n_readers: int,
    batch_size: int | None,
) -> Generator[Row, None, None]:
    """Rows of exams in their order, computed on the current device.

    When the device runs out of memory, the batch size is halved, with one warning in total; rows
    already yielded stay valid. An exam that does not fit as a batch of one is tried again with
    nothing else on the device, and from then on no exam is read ahead.

    Parameters
    ----------
    exams : sequence of Exam or of mapping series -> stack
    recipe : Recipe
    n_readers : int
        Number of threads that read exams.
    batch_size : int or None
        Largest number of exams in a batch; None is `MAX_EXAMS`.

    Yields
    ------
    Row

    Raises
    ------
    MemoryError
        If a single exam does not fit.
    KeyError, TypeError, ValueError, OSError
        If an exam can't be read or described. If it can't be read, the rows of all exams before it
        are yielded first; if it can't be described, those of all batches before it.
    """
    import cupy

    free = cupy.cuda.runtime.memGetInfo()[0] + cupy.get_default_memory_pool().free_bytes()
    limit = BatchLimit(batch_size or MAX_EXAMS, int(MEMORY_FRACTION * free))
    has_warned = False
    with contextlib.closing(_load_batches(exams, recipe, limit, n_readers)) as batches:
        for batch in batches:
            for row in _describe_parts(batch, recipe, limit):
                if limit.was_halved and not has_warned:
                    has_warned = True
                    _warn_of_memory(limit.max_exams)
                yield row


class _LoadingBatch(NamedTuple):
    """A batch that is being read; empty if there is no memory for it beside the batch before."""

    buffer: Buffer
    batch: list[Planned]
    parts: list[Future[Pixels]]


class _BatchLoader:
    """Reads batches and copies them to the current device, into two buffers in turn."""

    def __init__(
        self, exams: Sequence[ExamLike], recipe: Recipe, limit: BatchLimit, n_readers: int
    ) -> None:
        import cupy

        self._recipe = recipe
        self._limit = limit
        self._device = int(cupy.cuda.runtime.getDevice())
        # the default stream does not wait for a non-blocking one
        self._copy_stream = cupy.cuda.Stream(non_blocking=True)
        self._buffers = [Buffer(self._device, self._copy_stream) for _ in range(2)]
        self._next_buffer = itertools.cycle(self._buffers)
        self._plan = plan_batches(exams, self._measure, limit)
        self._waiting: deque[list[Planned]] = deque()
        self._readers = ThreadPoolExecutor(n_readers, "mrnet-features-reader")

    def start(self, *, is_alone: bool) -> Future[_LoadingBatch | None]:
        """Plan the next batch and start to read it, in a thread.

        The result of the future is None after the last batch.

        If `is_alone`, nothing else is on the device: both buffers are freed first, and an exam that
        still does not fit is an error. If not, the batch is empty, to be started again alone.
        """
        if is_alone:
            self._clear_buffers()
        return self._readers.submit(self._start, next(self._next_buffer), is_alone=is_alone)

    def put_back(self, left: list[Planned], coming: Future[_LoadingBatch | None]) -> None:
        """Queue exams to be read again, before those of the batch that is being read."""
        error = coming.exception()  # waits for the planning
        if error is not None:
            self._waiting.clear()
            self._plan = map(_fail, [error])  # raised after the exams that are left
        elif (loading := coming.result()) is not None and loading.parts:
            wait(loading.parts)
            loading.parts.clear()  # their stacks are views of the buffer
            self._waiting.appendleft(loading.batch)
        self._waiting.appendleft(left)

    def close(self) -> None:
        """Wait for the exams that are being read, end the threads and free all memory."""
        import cupy

        self._readers.shutdown(cancel_futures=True)
        with contextlib.suppress(cupy.cuda.runtime.CUDARuntimeError):
            # a device that has failed fails again here; the first error has the notes
            self._clear_buffers()
        cupy.get_default_pinned_memory_pool().free_all_blocks()

    def _clear_buffers(self) -> None:
        """Free both buffers; their batches must have been described or put back."""
        import cupy

        self._copy_stream.synchronize()  # copies still read the page-locked memory
        for buffer in self._buffers:
            buffer.clear()
        cupy.get_default_memory_pool().free_all_blocks()  # so that blocks of any size fit

    def _measure(self, exam: ExamLike, index: int) -> Shapes:
        return read_shapes(exam, index, self._recipe.planes, self._recipe.missing)

    def _start(self, buffer: Buffer, *, is_alone: bool) -> _LoadingBatch | None:
        import cupy

        batch = self._waiting.popleft() if self._waiting else next(self._plan, None)
        if batch is None:
            return None
        batch = self._shorten(batch)
        with cupy.cuda.Device(self._device):  # a new thread starts with device 0
            while not buffer.reserve(sum(planned.n_bytes for planned in batch)):
                if len(batch) == 1 and not is_alone:
                    self._waiting.appendleft(batch)
                    return _LoadingBatch(buffer, [], [])
                _reduce_limit(self._limit, len(batch), f"the exam at index {batch[0].exam_index}")
                batch = self._shorten(batch)
        starts = itertools.accumulate((planned.n_bytes for planned in batch), initial=0)
        parts = [
            self._readers.submit(_read_to_device, planned, self._recipe, buffer, start)
            for planned, start in zip(batch, starts, strict=False)
        ]
        return _LoadingBatch(buffer, batch, parts)

    def _shorten(self, batch: list[Planned]) -> list[Planned]:
        """First exams of a batch, as many as the limit allows; the others are queued."""
        max_exams = self._limit.max_exams  # read once, since another thread may change it
        if rest := batch[max_exams:]:
            self._waiting.appendleft(rest)
        return batch[:max_exams]


def _fail(error: BaseException) -> NoReturn:
    raise error


def _load_batches(
    exams: Sequence[ExamLike], recipe: Recipe, limit: BatchLimit, n_readers: int
) -> Generator[list[Pixels], None, None]:
    """Batches on the device; while one is described, the next is read.

    The caller removes each described exam from the front of the list before it asks for the next
    batch. Exams left in the list are read again with nothing else on the device, and so are all
    later ones if the limit is one exam at a time. An error in reading an exam is raised after the
    exams before it were yielded.
    """
    import cupy

    loader = _BatchLoader(exams, recipe, limit, n_readers)
    try:
        coming = loader.start(is_alone=True)
        while (loading := coming.result()) is not None:
            if not loading.parts:  # did not fit beside the batch before, which is now described
                coming = loader.start(is_alone=True)
                continue
            if not limit.one_at_a_time:
                coming = loader.start(is_alone=False)
            batch, failure = _collect(loading.parts)
            loading.parts.clear()  # these hold the stacks as well
            if batch:
                n_read = len(batch)
                loading.buffer.wait_for_copies()
                yield batch
                n_done = n_read - len(batch)
                batch.clear()  # the last views of the buffer
                cupy.cuda.get_current_stream().synchronize()  # before the buffer is filled again
                if n_done < n_read:
                    failure = None  # reading these exams again raises it again
                    loader.put_back(loading.batch[n_done:], coming)
                    coming = loader.start(is_alone=True)
                    continue
            if failure is not None:
                try:
                    raise failure
                finally:
                    del failure  # breaks the reference cycle of error, traceback and frame
            if limit.one_at_a_time:
                coming = loader.start(is_alone=True)
    finally:
        loader.close()


def _collect(parts: Sequence[Future[Pixels]]) -> tuple[list[Pixels], BaseException | None]:
    """Exams up to the first that could not be read, and its error."""
    batch: list[Pixels] = []
    for part in parts:
        error = part.exception()  # not caught: the traceback would keep this frame alive
        if error is not None:
            for other in parts:
                other.cancel()  # no effect on those that have started
            wait(parts)  # until then threads write to the buffer
            return batch, error
        batch.append(part.result())
    return batch, None


def _read_to_device(planned: Planned, recipe: Recipe, buffer: Buffer, start: int) -> Pixels:
    """Read an exam and copy its stacks to the device, one after the other."""
    exam, index = planned.exam, planned.exam_index
    pixels = read_exam(exam, index, recipe.planes, recipe.missing, recipe.sides)
    stacks = {}
    for series, grey in pixels.stacks.items():
        shape = planned.shapes[series]
        if grey.shape != shape:
            raise ValueError(
                f"The stack of {pixels.label}, {say_series(series)}, changed while it was read: "
                f"its shape was {shape}, then {grey.shape}. Don't write to the exams during "
                "extraction."
            )
        stacks[series] = buffer.copy_to_device(grey, start)
        start += pad(count_pixels(shape))
    return pixels._replace(stacks=stacks)


def _describe_parts(batch: list[Pixels], recipe: Recipe, limit: BatchLimit) -> Iterator[Row]:
    """Rows of a batch, as many exams at once as the limit allows; described exams are removed.

    It stops early at an exam that must be tried again with nothing else on the device.
    """
    while batch:
        part = batch[: limit.max_exams]
        rows = _try_describe(part, recipe)
        if rows is None and len(part) == 1 and not limit.one_at_a_time:
            limit.allow_one()
            return
        if rows is None:
            _reduce_limit(limit, len(part), part[0].label)
            continue
        for values, pixels in zip(rows, part, strict=True):
            yield make_row(values, pixels, recipe)
        del batch[: len(part)]


def _try_describe(batch: Sequence[Pixels], recipe: Recipe) -> Float32Array | None:
    """Rows; None if the device ran out of memory."""
    try:
        return describe_batch(batch, recipe, "cuda")
    except Exception as error:
        if is_out_of_memory(error):
            return None  # the arrays in the error's traceback are freed with it
        raise


def _reduce_limit(limit: BatchLimit, n_exams: int, label: str) -> None:
    """Free unused memory of CuPy's pool and halve the limit; raise if one exam did not fit."""
    import cupy

    cupy.get_default_memory_pool().free_all_blocks()
    if n_exams == 1:
        free, total = cupy.cuda.runtime.memGetInfo()
        raise MemoryError(
            f"The memory of the GPU must hold at least one exam, but {label} alone did not fit: "
            f"{free / 2**20:.0f} of {total / 2**20:.0f} MiB are free. Stop other programs on the "
            "GPU (`nvidia-smi` lists them), use fewer families, or use device='cpu'."
        )
    limit.halve(n_exams)


def _warn_of_memory(n_exams: int) -> None:
    size = f"{n_exams} exam{'s' if n_exams > 1 else ''}"
    warnings.warn(
        f"The GPU ran out of memory; continuing with batches of {size}. Pass "
        f"batch_size={n_exams} to start with them.",
        DeviceMemoryWarning,
        stacklevel=3,
    )
