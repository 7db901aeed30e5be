"""Parallel jobs and their progress bar; only the calling process handles Ctrl-C."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Generator, Iterable, Iterator
from typing import Any

from joblib import Parallel
from tqdm import tqdm


def run_jobs(jobs: Iterable[Any], n_jobs: int | None) -> Generator[Any, None, None]:
    """Results of parallel jobs, in the order of the jobs, yielded without waiting for later jobs.

    A terminal sends Ctrl-C to every process. The workers ignore it; the calling process raises
    KeyboardInterrupt and ends them.

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
    with _ignore_interrupts():
        results: Generator[Any, None, None] = Parallel(n_jobs=n_jobs, return_as="generator")(jobs)
    return results


@contextlib.contextmanager
def _ignore_interrupts() -> Iterator[None]:
    """Ignore Ctrl-C in processes started inside the block, which inherit the signal handler."""
    before = signal.getsignal(signal.SIGINT)
    if before is None or threading.current_thread() is not threading.main_thread():
        yield  # handlers can be set in the main thread only, and restored only if Python set them
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def show_progress(total: int, what: str, unit: str, progress: bool | None) -> tqdm[Any]:
    """Progress bar on standard error; call its ``update()`` once per finished unit.

    Parameters
    ----------
    total : int
        Number of units.
    what : str
        Text shown before the bar.
    unit : str
        Name of a unit, such as "exam" or "fit".
    progress : bool or None
        Whether to show the bar. None shows it if standard error is a terminal.

    Returns
    -------
    tqdm
        A context manager. A hidden bar takes no time.

    Examples
    --------
    >>> with show_progress(2, "extract", "exam", progress=False) as bar:
    ...     _ = bar.update()
    """
    hide = None if progress is None else not progress
    return tqdm(total=total, desc=what, unit=unit, disable=hide)
