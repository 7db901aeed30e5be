"""Parallel jobs that end with the calling process, and their progress bar."""

from __future__ import annotations

import contextlib
import logging
import math
import multiprocessing
import os
import signal
import threading
import time
import warnings
from collections.abc import Generator, Iterable, Iterator
from multiprocessing import resource_tracker
from typing import Any

from joblib import Parallel, cpu_count, effective_n_jobs
from joblib.externals.loky.backend import resource_tracker as loky_tracker
from joblib.externals.loky.backend.process import LokyProcess
from tqdm import tqdm

__all__ = ["CoreAdvice", "run_jobs", "show_progress"]

STOPPING = (signal.SIGINT, signal.SIGTERM)
"""Signals that ask a program to stop. Terminals and service managers send them to every process."""

logger = logging.getLogger("mrnet_features")

SECONDS_BETWEEN_MESSAGES = 60.0
"""Time between two messages of a run whose standard error is no terminal."""

LONG_SECONDS = 60.0
"""Work that is expected to take longer is worth a word about idle cores."""

SECONDS_BETWEEN_CHECKS = 0.5  # of whether the calling process is alive


def run_jobs(jobs: Iterable[Any], n_jobs: int | None) -> Generator[Any, None, None]:
    """Results of parallel jobs, in the order of the jobs, yielded without waiting for later jobs.

    Worker processes ignore Ctrl-C and SIGTERM. Where the calling process raises an exception for
    them, it ends the workers. If it is killed, the workers end themselves within a second.

    Parameters
    ----------
    jobs : iterable of delayed calls
        As for ``joblib.Parallel``.
    n_jobs : int or None
        As for ``joblib.Parallel``: -1 for all cores, None for 1 unless a joblib context sets it.

    Returns
    -------
    generator
        Close it to end the jobs before all results are taken.

    Examples
    --------
    >>> from joblib import delayed
    >>> list(run_jobs([delayed(abs)(-1), delayed(abs)(2)], n_jobs=1))
    [1, 2]
    """
    parallel = Parallel(
        n_jobs=n_jobs,
        return_as="generator",
        initializer=_prepare_worker,
        initargs=(os.getpid(),),
    )
    hold = contextlib.nullcontext() if effective_n_jobs(n_jobs) == 1 else _hold_signals()
    started: list[Generator[Any, None, None]] = []
    try:
        with hold:
            started.append(_take(parallel(jobs)))
            next(started[0])
    except BaseException:  # one that came meanwhile: the workers have jobs already
        for results in started:
            results.close()
        raise
    return started[0]


def _take(results: Generator[Any, None, None]) -> Generator[Any, None, None]:
    """Nothing, then the results. Closing it ends the jobs without joblib's warning about it."""
    try:
        yield None
        for result in results:  # noqa: UP028 (`yield from` would close them outside `finally`)
            yield result
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results.close()


@contextlib.contextmanager
def _hold_signals() -> Iterator[None]:
    """Deliver requests to stop at the end of the block.

    Processes started inside the block inherit that the signals are blocked, so Ctrl-C doesn't
    reach workers that are still loading modules.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        # joblib starts these two processes before its workers. Until Python 3.14 their start
        # unblocks the signals.
        resource_tracker.ensure_running()
        loky_tracker.ensure_running()
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _prepare_worker(caller: int) -> None:
    """Ignore requests to stop, and end when the calling process has ended, however it ended."""
    if not isinstance(multiprocessing.current_process(), LokyProcess):
        return  # a worker of another joblib backend, which may be no child of the caller
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(caller,), daemon=True).start()


def _end_with(caller: int) -> None:
    """End this process once its parent is another one than the caller.

    Linux can send a signal instead (PR_SET_PDEATHSIG), but sends it at the end of the thread that
    started the process. Windows never changes the parent; there idle workers end after joblib's
    five minutes.
    """
    while os.getppid() == caller:
        time.sleep(SECONDS_BETWEEN_CHECKS)
    os._exit(1)


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
        self._done = self._first = settings.get("initial", 0)
        self._start = self._last = time.monotonic()

    def update(self, n: float | None = 1) -> bool | None:
        """Count finished units."""
        self._done += n
        now = time.monotonic()
        if self._tells and now - self._last >= SECONDS_BETWEEN_MESSAGES:
            self._last = now
            rate = (self._done - self._first) / (now - self._start)
            left = (self.total - self._done) / rate if rate else 0.0
            logger.info(
                "%s: %d of %d %s, %s per minute, %s left.",
                *(self._what, self._done, self.total, _put_in_plural(self._unit)),
                *(f"{60 * rate:.3g}", describe_seconds(left)),
            )
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
