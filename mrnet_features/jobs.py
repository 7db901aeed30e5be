"""Parallel jobs and their progress bar: worker processes ignore Ctrl-C, the caller handles it."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Generator, Iterable, Iterator
from typing import Any

from joblib import Parallel
from tqdm import tqdm


def run_jobs(jobs: Iterable[Any], n_jobs: int | None) -> Generator[Any, None, None]:
    """Results of jobs in the order of the jobs, as soon as each is done.

    A terminal sends Ctrl-C to every process. The workers ignore it, so that only this process
    reports the interrupt and then ends them.

    Parameters
    ----------
    jobs : iterable of delayed calls
        As for ``joblib.Parallel``.
    n_jobs : int or None
        As for ``joblib.Parallel``: None is 1 unless a joblib context says more, -1 all cores.

    Returns
    -------
    generator
        Close it to end the jobs before all results were taken.

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
    """Ignore Ctrl-C in processes that start inside the block; they inherit the handler."""
    before = signal.getsignal(signal.SIGINT)
    if before is None or threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers, and only Python's can be restored
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def show_progress(total: int, what: str, unit: str, progress: bool | None) -> tqdm[Any]:
    """Progress bar on the error output; call its ``update()`` once per unit done.

    Parameters
    ----------
    total : int
        Number of units.
    what : str
        What is being done, shown before the bar.
    unit : str
        Such as "exam" or "fit".
    progress : bool or None
        Whether to show the bar. None shows it where the error output is a terminal.

    Returns
    -------
    tqdm
        A context manager. Hidden bars cost nothing.

    Examples
    --------
    >>> with show_progress(2, "extract", "exam", progress=False) as bar:
    ...     _ = bar.update()
    """
    hide = None if progress is None else not progress
    return tqdm(total=total, desc=what, unit=unit, disable=hide)
