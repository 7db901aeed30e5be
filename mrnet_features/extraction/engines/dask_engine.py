"""Exams described by the workers of a Dask cluster, whatever happens to the workers."""

from __future__ import annotations

import contextlib
import logging
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import CancelledError
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from sklearn.base import clone

from mrnet_features.data.exam import Exam
from mrnet_features.extraction.engines.dask_client import connect, explain_missing, submit
from mrnet_features.extraction.engines.dask_worker import (
    Order,
    UnseenFileError,
    describe_chunk,
    find_unseen,
    list_software,
)
from mrnet_features.extraction.engines.failures import Outcome
from mrnet_features.extraction.engines.local_engine import describe_here
from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.extraction.gpu.planning import MAX_EXAMS
from mrnet_features.extraction.provenance import list_readers
from mrnet_features.messages import name_some, quote

if TYPE_CHECKING:
    from distributed import Client, Future

logger = logging.getLogger("mrnet_features")

LARGEST_CHUNK = 8
"""Most exams of a task on the CPU."""

CHUNKS_PER_THREAD = 2
"""Tasks that are submitted at once, per thread of the workers: one runs, one waits."""

SPARE_CHUNKS = 4
"""Tasks that are submitted beyond these, so that a cluster without workers sees work and grows."""

MAX_TRIES = 2
"""How often an exam runs while nothing else does before it counts as one that kills workers. Each
time, Dask gives it to further workers until more than its setting
``distributed.scheduler.allowed-failures`` have died, 3 by default."""

SECONDS_BETWEEN_COUNTS = 2.0  # of the threads of the workers

SECONDS_WITHOUT_WORKERS = 60.0
"""Time between two messages that there is no worker."""


class Chunk(NamedTuple):
    """Exams of one task.

    Attributes
    ----------
    indices : tuple of int
        Among all exams.
    n_tries : int, default 0
        How often its only exam has run alone and killed more workers than Dask allows.
    is_suspect : bool, default False
        Whether it runs while nothing else does.
    """

    indices: tuple[int, ...]
    n_tries: int = 0
    is_suspect: bool = False


def describe_on_dask(
    extractor: FeatureExtractor, exams: Sequence[Exam], dask: str | Client, *, skips: bool
) -> Generator[tuple[int, Outcome], None, None]:
    """Outcomes of exams as Dask workers finish them.

    A bounded number of tasks is on the cluster at any time. The exams of a worker that dies are
    given to others. Closing the generator cancels what has not finished.

    Parameters
    ----------
    extractor : FeatureExtractor
        Fitted.
    exams : sequence of Exam
    dask : str or distributed.Client
        Address of the scheduler, or a client, which stays open.
    skips : bool
        As for `iterate_outcomes`.

    Yields
    ------
    index : int
    outcome : Row or Failure

    Raises
    ------
    ModuleNotFoundError
        If distributed is not installed.
    TypeError, ValueError
        If `dask` is neither address nor client.
    ConnectionError
        If the scheduler does not answer, or is lost.
    RuntimeError
        If a worker has other software than this process, or an exam kills each worker.
    UnseenFileError
        If a worker does not see a file that this process sees.
    Exception
        As `iterate_outcomes`.
    """
    with connect(dask) as client:
        run = _Run(client, extractor, exams, skips=skips)
        try:
            yield from run.iterate()
        finally:
            run.cancel()


class _Run:
    """Exams on their way to the workers and back."""

    def __init__(
        self, client: Client, extractor: FeatureExtractor, exams: Sequence[Exam], *, skips: bool
    ) -> None:
        self._client, self._exams = client, exams
        device = extractor.device_
        self._is_on_cpu = device == "cpu"
        self._most = LARGEST_CHUNK if self._is_on_cpu else extractor.batch_size or MAX_EXAMS
        n_jobs = 1 if self._is_on_cpu else extractor.n_jobs
        alone = clone(extractor).set_params(device=device, n_jobs=n_jobs)
        alone.device_ = device
        recipe = extractor.recipe()
        readers = list_readers(exams, recipe.planes)
        software = list_software(device, readers, recipe.families)
        self._order = Order(alone, skips, readers, software)
        self._next = 0
        self._again: deque[Chunk] = deque()
        self._suspects: deque[Chunk] = deque()
        self._running: dict[Future[list[Outcome]], Chunk] = {}
        self._done: SimpleQueue[Future[list[Outcome]]] = SimpleQueue()
        self._n_threads = 0
        self._counted = self._seen = time.monotonic() - SECONDS_BETWEEN_COUNTS

    def iterate(self) -> Iterator[tuple[int, Outcome]]:
        """Outcomes of all exams."""
        self._count_threads()
        said = "Describing %d exams on a Dask cluster with %d threads."
        logger.info(said, len(self._exams), self._n_threads)
        while True:
            self._submit()
            if not self._running:
                return
            try:
                future = self._done.get(timeout=1.0)
            except Empty:
                self._require_scheduler()
                continue
            yield from self._finish(future, self._running.pop(future))

    def cancel(self) -> None:
        """Take back what has not finished."""
        if self._running and self._client.status == "running":
            with contextlib.suppress(OSError, TimeoutError):  # a scheduler that is lost right now
                self._client.cancel(list(self._running), force=True)
        self._running.clear()

    def _submit(self) -> None:
        """Submit tasks until enough of them are on the cluster."""
        if time.monotonic() - self._counted >= SECONDS_BETWEEN_COUNTS:
            self._count_threads()
        while self._has_room() and (chunk := self._choose_chunk()).indices:
            exams = [self._exams[index] for index in chunk.indices]
            future = submit(self._client, describe_chunk, exams, self._order)
            self._running[future] = chunk
            future.add_done_callback(self._done.put)

    def _has_room(self) -> bool:
        """Whether another task may be submitted."""
        if self._suspects or any(chunk.is_suspect for chunk in self._running.values()):
            return not self._running
        return len(self._running) < CHUNKS_PER_THREAD * self._n_threads + SPARE_CHUNKS

    def _choose_chunk(self) -> Chunk:
        """Next exams to submit; none if all have been submitted."""
        queue = self._suspects or self._again
        return queue.popleft() if queue else self._cut_chunk()

    def _cut_chunk(self) -> Chunk:
        """Next exams that have not been submitted: fewer towards the end, to end together."""
        n_left = len(self._exams) - self._next
        share = n_left // (2 * CHUNKS_PER_THREAD * max(self._n_threads, 1))
        size = min(self._most, max(share, 1)) if self._is_on_cpu else self._most
        start, self._next = self._next, min(self._next + size, len(self._exams))
        return Chunk(tuple(range(start, self._next)))

    def _finish(self, future: Future[list[Outcome]], chunk: Chunk) -> Iterator[tuple[int, Outcome]]:
        """Outcomes of a chunk; what has none is submitted again."""
        from distributed import KilledWorker

        found = self._take(future)
        outcomes: list[Outcome] = []
        if isinstance(found, KilledWorker):
            self._try_again(chunk)
            return
        if isinstance(found, UnseenFileError):
            outcomes = self._describe_unseen(chunk.indices[0], found)
        elif isinstance(found, ModuleNotFoundError):
            explain_missing(self._client, found)
        elif isinstance(found, Exception):
            raise found
        else:
            outcomes = found
        yield from zip(chunk.indices, outcomes, strict=False)
        rest = chunk.indices[len(outcomes) :]
        # the next one has raised an error, and will again when it is the first
        self._again.extend(Chunk(part) for part in (rest[:1], rest[1:]) if part)

    def _take(self, future: Future[list[Outcome]]) -> list[Outcome] | Exception:
        """Result of a task, which runs again if its worker has died meanwhile; or its error."""
        try:
            outcomes: list[Outcome] = future.result()
        except Exception as error:  # noqa: BLE001 (the caller raises it)
            if future.status != "error" and isinstance(error, OSError | CancelledError):
                self._lose_scheduler(error)  # it is not of the task
            return error
        finally:
            future.release()  # the traceback of an error would keep the result on the cluster
        return outcomes

    def _try_again(self, chunk: Chunk) -> None:
        """Submit the exams of a task again whose workers died more often than Dask allows.

        Each runs while nothing else does: a worker dies of one exam, but has several.
        """
        names = [self._exams[index].id for index in chunk.indices]
        n_tries = chunk.n_tries + int(chunk.is_suspect)
        if n_tries == MAX_TRIES:
            raise RuntimeError(
                f"Every Dask worker that described exam {quote(names[0])} has died, even while "
                "nothing else ran. Most often memory runs out; the logs of the workers say more. "
                "Give them more memory or fewer threads, or leave out this exam."
            )
        said = "Dask workers died while they had exams %s. These run again, one by one."
        logger.warning(said, name_some(names))
        self._suspects.extend(Chunk((index,), n_tries, is_suspect=True) for index in chunk.indices)

    def _describe_unseen(self, index: int, error: UnseenFileError) -> list[Outcome]:
        """Outcome of an exam whose file a worker does not see; the error if it is here."""
        exam = self._exams[index]
        if find_unseen(exam) is None:
            raise error
        found = describe_here(self._order.extractor, [exam], skips=self._order.skips)
        return [outcome for _, outcome in found]

    def _count_threads(self) -> None:
        """Count the threads of all workers, and say from time to time that there are none."""
        try:
            self._n_threads = sum(self._client.nthreads().values())
        except (OSError, TimeoutError) as error:
            self._lose_scheduler(error)
        self._counted = time.monotonic()
        if self._n_threads:
            self._seen = self._counted
        elif self._counted - self._seen >= SECONDS_WITHOUT_WORKERS:
            self._seen = self._counted
            said = "The Dask scheduler %s has no worker; waiting. Start some with `dask worker`."
            logger.warning(said, self._address)

    @property
    def _address(self) -> str:
        scheduler: Any = self._client.scheduler
        return str(getattr(scheduler, "address", "of the client"))

    def _require_scheduler(self) -> None:
        """Raise if the client has lost its scheduler."""
        if self._client.status != "running":
            self._lose_scheduler()

    def _lose_scheduler(self, cause: BaseException | None = None) -> NoReturn:
        raise ConnectionError(
            f"The Dask scheduler {self._address} was lost or was restarted. Start it again, then "
            "this run, which goes on where it was."
        ) from cause
