"""Jobs handed to processes that leave Ctrl-C to the one that asked."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Generator, Iterable, Iterator
from typing import Any

from joblib import Parallel


def run_jobs(jobs: Iterable[Any], n_jobs: int | None) -> Generator[Any, None, None]:
    """Results of jobs, in their order, as they are done.

    A terminal sends Ctrl-C to every process. Only this one tells of it: the others, which it ends
    then, would each print where they were.

    Parameters
    ----------
    jobs : iterable of delayed calls
        As joblib takes them.
    n_jobs : int or None
        As joblib takes it.

    Returns
    -------
    generator
        Close it if you stop early, and the jobs end.

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
    """Let processes that begin meanwhile ignore interrupts for good; they inherit it."""
    before = signal.getsignal(signal.SIGINT)
    if before is None or threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may, and what is not Python's can't be put back
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
