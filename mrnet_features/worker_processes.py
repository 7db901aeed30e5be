"""Worker processes of joblib that the calling process alone stops."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
import warnings
from collections.abc import Generator, Iterable, Iterator
from multiprocessing import resource_tracker
from typing import Any

from joblib import Parallel, effective_n_jobs
from joblib.externals.loky.backend import resource_tracker as loky_tracker
from joblib.externals.loky.backend.process import LokyProcess

__all__ = ["end_jobs", "start_jobs"]

STOPPING = (signal.SIGINT, signal.SIGTERM)
"""Signals that ask a program to stop. Terminals and service managers send them to every process."""

SECONDS_BETWEEN_CHECKS = 0.5  # of whether the calling process is alive


def start_jobs(
    jobs: Iterable[Any], n_jobs: int | None, code: str = ""
) -> Generator[Any, None, None]:
    """Results of jobs in their order; the worker processes have started.

    Parameters
    ----------
    jobs : iterable of delayed calls
    n_jobs : int or None
        As for ``joblib.Parallel``.
    code : str, default ""
        As for `mrnet_features.jobs.run_jobs`.

    Returns
    -------
    generator

    Examples
    --------
    >>> list(start_jobs([(abs, (-1,), {})], 1))
    [1]
    """
    parallel = Parallel(
        n_jobs=n_jobs,
        return_as="generator",
        initializer=_prepare_worker,
        initargs=(os.getpid(), code),  # joblib starts other workers if these differ
    )
    hold = contextlib.nullcontext() if effective_n_jobs(n_jobs) == 1 else _hold_signals()
    started: list[Generator[Any, None, None]] = []
    try:
        with hold:
            started.append(parallel(jobs))
    except BaseException:  # one that came meanwhile: the workers have jobs already
        for results in started:
            end_jobs(results)
        raise
    return started[0]


def end_jobs(results: Iterator[Any]) -> None:
    """End jobs without joblib's warning about it.

    Parameters
    ----------
    results : iterator
        From `start_jobs`; others are left alone.
    """
    if isinstance(results, Generator):
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


def _prepare_worker(caller: int, code: str) -> None:  # noqa: ARG001 (see `start_jobs`)
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
