"""Parallel jobs that end with the calling process, and their progress bar."""

from __future__ import annotations

import contextlib
import itertools
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from typing import Any

from joblib import Parallel, cpu_count, effective_n_jobs
from joblib.externals.loky.process_executor import TerminatedWorkerError
from joblib.parallel import get_active_backend
from tqdm import tqdm

from mrnet_features.messages import describe_cause
from mrnet_features.worker_processes import end_jobs, start_jobs

__all__ = ["CoreAdvice", "KilledJobError", "run_jobs", "show_progress"]

logger = logging.getLogger("mrnet_features")

SECONDS_BETWEEN_MESSAGES = 60.0
"""Time between two messages of a run whose standard error is no terminal."""

LONG_SECONDS = 60.0
"""Work that is expected to take longer gets a hint about idle cores."""

MAX_TRIES = 2
"""How often a job runs alone that kills its worker process."""

JOBS_PER_WORKER = 16
"""Length of a group of jobs, for backends that return only lists."""


def run_jobs(
    jobs: Iterable[Any], n_jobs: int | None, *, code: str = ""
) -> Generator[Any, None, None]:
    """Results of parallel jobs, in the order of the jobs, yielded without waiting for later jobs.

    Worker processes ignore Ctrl-C and SIGTERM. Where the calling process raises an exception for
    them, it ends the workers. If it is killed, the workers end themselves within a second.

    If a worker process is killed, the jobs without a result run again: at first in parallel, from
    the second time on those that were running one by one.

    Any joblib backend works. If it can't return results as they come, as Ray can't, the jobs run in
    groups.

    Parameters
    ----------
    jobs : iterable of delayed calls
        As for ``joblib.Parallel``. They must do no harm when they run twice.
    n_jobs : int or None
        As for ``joblib.Parallel``: -1 for all cores, None for 1 unless a joblib context sets it.
    code : str, default ""
        Hash of code that may be edited while this process runs. joblib keeps worker processes, with
        the modules that they have imported; those of another hash are replaced.

    Returns
    -------
    generator
        Close it to end the jobs before all results are taken.

    Raises
    ------
    KilledJobError
        If a job kills its worker process each time that it runs alone.
    RuntimeError
        If the joblib backend does not start.

    Examples
    --------
    >>> from joblib import delayed
    >>> list(run_jobs([delayed(abs)(-1), delayed(abs)(2)], n_jobs=1))
    [1, 2]
    """
    backend, _ = get_active_backend()
    if not backend.supports_return_generator:
        return _run_groups(iter(jobs), n_jobs, type(backend).__name__)
    results = _run(_Feed(jobs), n_jobs, code)
    next(results)
    return results


class KilledJobError(RuntimeError):
    """A job kills its worker process each time that it runs alone.

    Parameters
    ----------
    index : int
        Index of the job.
    """

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index

    def __str__(self) -> str:
        return self.describe(f"job {self.index}")

    def describe(self, job: str) -> str:
        """Message of the error.

        Parameters
        ----------
        job : str
            What the job works on, such as "exam '0042'".

        Returns
        -------
        str

        Examples
        --------
        >>> print(KilledJobError(7).describe("exam '0042'"))
        The worker process of exam '0042' was killed each time, even while nothing else ran. The
        system kills processes if memory runs out. Use a machine with more memory, or leave exam
        '0042' out.
        """
        return (
            f"The worker process of {job} was killed each time, even while nothing else ran. The "
            "system kills processes if memory runs out. Use a machine with more memory, or leave "
            f"{job} out."
        )


class _Feed:
    """Jobs for joblib; those that have no result yet can be taken again."""

    def __init__(self, jobs: Iterable[Any]) -> None:
        self._jobs = iter(jobs)
        self._lock = threading.Lock()  # joblib takes jobs from several threads
        self.running: deque[Any] = deque()
        self.n_finished = 0

    def take(self) -> Iterator[Any]:
        """Jobs without a result, then the others. Iterators of earlier calls end."""
        with self._lock:
            again = tuple(self.running)
            mine = self.running = deque(again)
        yield from again
        while True:
            with self._lock:
                if mine is not self.running:
                    return
                try:
                    job = next(self._jobs)
                except StopIteration:
                    return
                mine.append(job)
            yield job

    def finish_first(self) -> None:
        """Forget the first of the running jobs, whose result has come."""
        self.running.popleft()
        self.n_finished += 1


def _run(feed: _Feed, n_jobs: int | None, code: str) -> Generator[Any, None, None]:
    """Nothing as soon as the workers have started, then the results."""
    results: Iterator[Any] = iter(())
    n_killed, has_started = 0, False
    try:
        while True:
            try:
                results = start_jobs(feed.take(), n_jobs, code)
                if not has_started:
                    has_started = True
                    yield None
                for result in results:
                    feed.finish_first()
                    yield result
            except TerminatedWorkerError:
                n_killed += 1
                said = "A worker process was killed, as happens if memory runs out. Jobs without a "
                logger.warning("%sresult run again. A smaller n_jobs needs less memory.", said)
            else:
                return
            if n_killed > 1:
                yield from _run_alone(feed, code)
    finally:
        end_jobs(results)


def _run_alone(feed: _Feed, code: str) -> Generator[Any, None, None]:
    """Results of the running jobs of a feed, each in a worker process while nothing else runs."""
    for job in tuple(feed.running):
        result = _try_alone(job, feed.n_finished, code)
        feed.finish_first()
        yield result


def _try_alone(job: Any, index: int, code: str) -> Any:
    """Result of a job."""
    cause: Exception | None = None
    for _ in range(MAX_TRIES):
        try:
            # joblib would run the only job of one worker in this process
            (result,) = start_jobs([job], 2, code)
        except TerminatedWorkerError as error:
            cause = error
        else:
            return result
    raise KilledJobError(index) from cause


def _run_groups(jobs: Iterator[Any], n_jobs: int | None, name: str) -> Generator[Any, None, None]:
    """Results from a backend that returns only lists."""
    with contextlib.ExitStack() as stack:
        try:
            size = JOBS_PER_WORKER * max(effective_n_jobs(n_jobs), 1)
            parallel = stack.enter_context(Parallel(n_jobs=n_jobs))
        except Exception as error:
            raise RuntimeError(
                f"joblib's {name} does not start ({describe_cause(error)}). Start it as its "
                "documentation says, or use `joblib.parallel_config('loky')`."
            ) from error
        logger.info("joblib's %s returns results in groups of %d.", name, size)
        while group := list(itertools.islice(jobs, size)):
            yield from parallel(group)


class CoreAdvice:
    """Says once per process that long work uses one of many cores.

    Parameters
    ----------
    n_jobs : int or None
        As the caller of the work gave it; whoever gives a number is told nothing.
    total : int
        Number of jobs.
    what : str
        Name of the work, such as "Cross-validation".

    Examples
    --------
    >>> CoreAdvice(1, 15, "Cross-validation").finish_job()  # one core was asked for
    """

    _has_spoken = False

    def __init__(self, n_jobs: int | None, total: int, what: str) -> None:
        self._is_open = n_jobs is None and effective_n_jobs(None) == 1 and cpu_count() > 1
        self._left, self._what = total, what
        self._start = time.monotonic()

    def finish_job(self) -> None:
        """Judge by the time of the first job how long the others will take."""
        if not self._is_open:
            return
        self._is_open = False
        seconds = (time.monotonic() - self._start) * (self._left - 1)
        if seconds > LONG_SECONDS and not CoreAdvice._has_spoken:
            CoreAdvice._has_spoken = True
            logger.warning(
                "%s uses one of %d cores, %s left. Pass n_jobs=-1 to use all of them.",
                self._what,
                cpu_count(),
                describe_seconds(seconds),
            )


class ProgressBar(tqdm):  # type: ignore[misc]
    """Progress bar on a terminal; elsewhere a log message per minute, so that a run is not silent.

    Parameters
    ----------
    shown : bool or None
        None for a bar on a terminal and messages elsewhere; True for a bar; False for nothing.
    **settings
        Of tqdm.
    """

    def __init__(self, *, shown: bool | None, **settings: Any) -> None:
        is_quiet = shown is None and logger.level > logging.INFO
        hide = True if is_quiet else None if shown is None else not shown
        super().__init__(disable=hide, dynamic_ncols=True, **settings)
        self._tells = self.disable and shown is None and not is_quiet
        self._what, self._unit = settings["desc"], settings["unit"]
        self._done = settings.get("initial", 0)
        self._last = time.monotonic()
        self._first: tuple[float, float] | None = None

    def update(self, n: float | None = 1) -> bool | None:
        """Count finished units."""
        self._done += n
        now = time.monotonic()
        # the first unit waits for workers to start and code to compile, so the rate leaves it out
        start, first = self._first = self._first or (now, self._done)
        if self._tells and now - self._last >= SECONDS_BETWEEN_MESSAGES:
            self._last = now
            speed = ""
            if self._done > first and now > start:
                rate = (self._done - first) / (now - start)
                left = describe_seconds((self.total - self._done) / rate)
                speed = f", {60 * rate:.3g} per minute, {left} left"
            units = _put_in_plural(self._unit)
            logger.info("%s: %d of %d %s%s.", self._what, self._done, self.total, units, speed)
        shown: bool | None = super().update(n)
        return shown


def _put_in_plural(unit: str) -> str:
    """Plural of a unit.

    Examples
    --------
    >>> _put_in_plural("exam"), _put_in_plural("study")
    ('exams', 'studies')
    """
    return f"{unit[:-1]}ies" if unit.endswith("y") else f"{unit}s"


def describe_seconds(seconds: float) -> str:
    """Rough duration in words.

    Parameters
    ----------
    seconds : float

    Returns
    -------
    str

    Examples
    --------
    >>> describe_seconds(20), describe_seconds(80), describe_seconds(3 * 3600)
    ('less than a minute', 'about 2 minutes', 'about 3.0 hours')
    """
    if seconds < 60:
        return "less than a minute"
    if seconds < 5400:
        return f"about {math.ceil(seconds / 60)} minutes"
    return f"about {seconds / 3600:.1f} hours"


def show_progress(
    total: int, what: str, unit: str, progress: bool | None, *, done: int = 0
) -> ProgressBar:
    """Progress on standard error; call its ``update()`` once per finished unit.

    Parameters
    ----------
    total : int
        Number of units.
    what : str
        Text shown before the bar.
    unit : str
        Name of a unit, such as "exam" or "fit".
    progress : bool or None
        Whether to show the bar. None shows it if standard error is a terminal, else logs a message
        per minute; both are off if the level of the logger "mrnet_features" is above INFO.
    done : int, default 0
        Units that an earlier run has finished.

    Returns
    -------
    ProgressBar
        A context manager. A hidden bar takes no time.

    Examples
    --------
    >>> with show_progress(2, "extract", "exam", progress=False) as bar:
    ...     _ = bar.update()
    """
    return ProgressBar(shown=progress, total=total, desc=what, unit=unit, initial=done)
