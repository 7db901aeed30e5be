"""A clean stop of a command within seconds after Ctrl-C or SIGTERM."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

SECONDS = 4.0
"""Time for a clean stop; then the process ends, and its workers end themselves."""


@contextlib.contextmanager
def stop_on_signals(describe: Callable[[], str]) -> Iterator[None]:
    """Raise KeyboardInterrupt for Ctrl-C and SystemExit for SIGTERM, once, and end in any case.

    An exception can be lost or come late, in a finalizer or during a long call of a library, so
    after `SECONDS` the process ends without it. A signal that is ignored, as under nohup, or that
    has another handler is left alone.

    Parameters
    ----------
    describe : callable
        Returns what is printed on standard error if the process ends without the exception.
    """
    before: dict[int, Any] = {}
    stops = threading.Event()

    def end(status: int) -> None:
        try:
            os.write(sys.stderr.fileno(), f"{describe()}\n".encode())
        finally:  # standard error may be closed
            os._exit(status)

    def stop(number: int, _: Any) -> NoReturn:
        for each in before:
            signal.signal(each, signal.SIG_IGN)  # a stop that has begun is not interrupted
        stops.set()
        status = 128 + number
        late = threading.Timer(SECONDS, end, [status])
        late.daemon = True
        late.start()
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(status)

    if threading.current_thread() is threading.main_thread():
        wanted: dict[int, Any] = {
            signal.SIGINT: signal.default_int_handler,
            signal.SIGTERM: signal.SIG_DFL,
        }
        for number, usual in wanted.items():
            if signal.getsignal(number) is usual:
                before[number] = usual
                signal.signal(number, stop)
    try:
        yield
    finally:
        if not stops.is_set():
            for number, usual in before.items():
                signal.signal(number, usual)
