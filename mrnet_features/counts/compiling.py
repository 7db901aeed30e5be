"""Say so when counts are compiled: it takes half a minute, once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numba.core import event

logger = logging.getLogger("mrnet_features")

_PACKAGE = __name__.partition(".")[0]


class _Announcer(event.Listener):  # type: ignore[misc]
    """Writes one message a process, when the first of our functions is compiled."""

    def __init__(self) -> None:
        self.has_spoken = False

    def on_start(self, event: Any) -> None:
        """Speak, unless it was done before or someone else's function is compiled."""
        dispatcher = event.data["dispatcher"]
        if self.has_spoken or not dispatcher.py_func.__module__.startswith(_PACKAGE):
            return
        self.has_spoken = True
        logger.warning(
            "Compiling counts for the first time: about half a minute of processor time for all. "
            "They are kept in %s, so that later calls start at once.",
            dispatcher.stats.cache_path,
        )

    def on_end(self, event: Any) -> None:
        """Nothing: the features that follow say enough."""


_ANNOUNCER = _Announcer()


@contextmanager
def announce_compiling() -> Iterator[None]:
    """Log one message a process if counts have to be compiled within the block.

    What is loaded from the cache is not compiled, and brings no message.

    Examples
    --------
    >>> with announce_compiling():
    ...     pass
    """
    with event.install_listener("numba:compile", _ANNOUNCER):
        yield
