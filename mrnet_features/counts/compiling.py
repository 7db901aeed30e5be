"""Message before counts are compiled (once, about half a minute)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numba.core import event

logger = logging.getLogger("mrnet_features")

_PACKAGE = __name__.partition(".")[0]


class _Announcer(event.Listener):  # type: ignore[misc]
    """Logs one message per process, when the first function of this package is compiled."""

    def __init__(self) -> None:
        self.has_logged = False

    def on_start(self, event: Any) -> None:
        """Log the message, unless it was logged or the function is of another package."""
        dispatcher = event.data["dispatcher"]
        if self.has_logged or not dispatcher.py_func.__module__.startswith(_PACKAGE):
            return
        self.has_logged = True
        logger.warning(
            "Compiling counts for the first time: about half a minute of processor time. "
            "They are cached in %s for later calls.",
            dispatcher.stats.cache_path,
        )

    def on_end(self, event: Any) -> None:
        """No message."""


_ANNOUNCER = _Announcer()


@contextmanager
def announce_compiling() -> Iterator[None]:
    """Log one message per process if counts are compiled within the block.

    Counts loaded from the cache are not compiled.

    Examples
    --------
    >>> with announce_compiling():
    ...     pass
    """
    with event.install_listener("numba:compile", _ANNOUNCER):
        yield
