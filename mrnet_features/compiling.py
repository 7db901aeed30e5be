"""Numba functions whose machine code is kept on disk, with a checksum."""

from __future__ import annotations

import functools
import logging
import multiprocessing
import pickle
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar, cast

import numpy as np
from numba import config, njit
from numba.core import caching, event, serialize
from numba.core.registry import CPUDispatcher

from mrnet_features.compiled_files import find_private_folder
from mrnet_features.messages import describe_cause

__all__ = [
    "FEWER_WRAPPERS",
    "TIME_TO_COMPILE",
    "NotCompiledError",
    "announce_compiling",
    "cached_njit",
    "has_lost_code",
    "hide_announcement",
    "refuse_compiling",
    "say_compiling",
]

Function = TypeVar("Function", bound=Callable[..., Any])

logger = logging.getLogger("mrnet_features")

_PACKAGE = __name__.partition(".")[0]

_FORMAT = 2  # of the files; code in another format is compiled again

FEWER_WRAPPERS = {"no_cfunc_wrapper": True}
"""Option for Numba: no wrapper for callers in C, of which there are none."""

TIME_TO_COMPILE = "up to about a minute of processor time"
"""For all families; docs/command-line.md has the figures of one machine."""


def cached_njit(**options: Any) -> Callable[[Function], Function]:
    """Decorator that compiles a function with ``numba.njit`` and keeps the machine code on disk.

    The code is kept where Numba keeps it: in ``NUMBA_CACHE_DIR``, else beside the module, else in
    the user's cache folder. If none can be written, as in a container, it is kept in a private
    folder of the user in the temporary folder, else nowhere. A damaged file is compiled again.

    Parameters
    ----------
    **options
        As for ``numba.njit``, without ``cache``.

    Returns
    -------
    callable
        Decorator of a function over numbers and arrays.

    Examples
    --------
    >>> @cached_njit(error_model="numpy")
    ... def double(x: float) -> float:
    ...     return 2.0 * x
    >>> double(1.5)
    3.0
    """

    def compile_function(function: Function) -> Function:
        dispatcher = njit(**options, **FEWER_WRAPPERS)(function)
        dispatcher._cache = _make_cache(function)  # noqa: SLF001 (as its `enable_caching` does)
        return cast("Function", dispatcher)

    return compile_function


class _CheckedCode(caching.CompileResultCacheImpl):  # type: ignore[misc]
    """Machine code with a checksum: the compiler ends the process over damaged code."""

    def reduce(self, cres: Any) -> tuple[int, bytes]:
        code = serialize.dumps(super().reduce(cres))
        return zlib.crc32(code), code

    def rebuild(self, target_context: Any, payload: tuple[int, bytes]) -> Any:
        checksum, code = payload
        if zlib.crc32(code) != checksum:
            raise ValueError("wrong checksum")
        # Numba has unpickled the file around it already
        return super().rebuild(target_context, pickle.loads(code))  # noqa: S301


class _CodeFiles(caching.IndexDataCacheFile):  # type: ignore[misc]
    """Index and code of one function; processes that write at once can lose code, not mix it up.

    Numba locks nothing: two processes may give two signatures the same file, and the index tells of
    code before it is written. So each file says of which source and signature it is.
    """

    def save(self, key: Any, data: Any) -> None:
        super().save(key, (self._source_stamp, key, data))

    def load(self, key: Any) -> Any:
        loaded = super().load(key)
        if loaded is None:
            return None
        stamp, saved_key, data = loaded
        return data if (stamp, saved_key) == (self._source_stamp, key) else None


class _Cache(caching.FunctionCache):  # type: ignore[misc]
    """Cache of one function; no file in it, and no full disk, can end a run."""

    _impl_class = _CheckedCode

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        # Numba compares the function's own module only, but compiles others into it
        stamp = (self._impl.locator.get_source_stamp(), _stamp_globals(function), _FORMAT)
        self._cache_file = _CodeFiles(
            cache_path=self._cache_path,
            filename_base=self._impl.filename_base,
            source_stamp=stamp,
        )

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception as error:  # noqa: BLE001 (a broken pickle can raise almost anything)
            logger.warning(
                "Compiled code in '%s' is damaged (%s); compiling it again.",
                self.cache_path,
                describe_cause(error),
            )
        try:
            self.flush()
        except OSError:
            self.disable()
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except OSError as error:
            _LOST.add(self.cache_path)
            _say_once(f"Compiled code can't be kept in '{self.cache_path}' ({error}).")


_LOST: set[str] = set()
"""Folders in which this process could not keep code."""


def has_lost_code() -> bool:
    """Whether this process has compiled code that could not be kept, as on a full disk.

    Returns
    -------
    bool
    """
    return bool(_LOST)


def _make_cache(function: Callable[..., Any]) -> Any:
    """Numba's cache; one in a private temporary folder if Numba finds no folder; else none."""
    try:
        return _Cache(function)
    except RuntimeError:
        folder = find_private_folder()
    why = (
        f"Neither '{Path(__file__).parent}' nor the user's cache folder can be written; compiled "
        "code is {}. Set NUMBA_CACHE_DIR to a folder that can be written to keep it there."
    )
    if folder is not None:
        before = config.CACHE_DIR
        config.CACHE_DIR = str(folder)
        try:
            cache = _Cache(function)
        except RuntimeError:
            pass  # the folder is full, or gone: said below
        else:
            _say_once(why.format(f"kept in '{folder}'"))
            return cache
        finally:
            config.CACHE_DIR = before
    _say_once(why.format(f"not kept, so that every process compiles, {TIME_TO_COMPILE}"))
    return caching.NullCache()


@functools.cache
def _stamp_globals(function: Callable[..., Any]) -> str:
    """Checksum of the numbers, compiled functions and modules of this package that a module uses.

    Numba takes all three as constants. A compiled function stands for the source of its module.
    """
    parts = []
    for name, value in sorted(function.__globals__.items()):
        if isinstance(value, CPUDispatcher):
            called = value.py_func
            if called.__module__ != function.__module__:
                source = Path(called.__code__.co_filename)
                parts.append(f"{name} {_checksum(source)} ({_stamp_globals(called)})")
        elif isinstance(value, ModuleType) and value.__name__.startswith(_PACKAGE):
            parts.append(f"{name} {_checksum(Path(value.__file__ or ''))}")
        elif isinstance(value, np.ndarray) and value.dtype != object:
            parts.append(f"{name} {zlib.crc32(np.ascontiguousarray(value).tobytes())}")
        elif _is_number(value):
            parts.append(f"{name} {value!r}")
    return f"{zlib.crc32('; '.join(parts).encode()):08x}"


def _is_number(value: object) -> bool:
    if isinstance(value, tuple):
        return all(_is_number(part) for part in value)
    return isinstance(value, int | float | np.generic)


@functools.cache
def _checksum(source: Path) -> int:
    return zlib.crc32(source.read_bytes())


@functools.cache
def _say_once(message: str) -> None:
    """Log a warning once, and not in each worker process."""
    if multiprocessing.current_process().name == "MainProcess":
        logger.warning(message)


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
        folder = dispatcher.stats.cache_path
        if folder:
            logger.warning(
                "Compiling counts for the first time: %s. They are to be kept in '%s'.",
                TIME_TO_COMPILE,
                folder,
            )
        else:
            logger.warning("Compiling counts: %s.", TIME_TO_COMPILE)

    def on_end(self, event: Any) -> None:
        """No message."""


_ANNOUNCER = _Announcer()


def say_compiling(n_processes: int) -> None:
    """Log that counts are compiled in parallel, in place of the message of `announce_compiling`.

    Parameters
    ----------
    n_processes : int
    """
    _ANNOUNCER.has_logged = True
    logger.warning(
        "Compiling counts for the first time: %s, on %d cores.", TIME_TO_COMPILE, n_processes
    )


@contextmanager
def hide_announcement() -> Iterator[None]:
    """Log no message of `announce_compiling` within the block, as where a bar tells the same.

    Warnings stay, such as that of a folder that can't be written.

    Examples
    --------
    >>> with hide_announcement():
    ...     pass
    """
    before = _ANNOUNCER.has_logged
    _ANNOUNCER.has_logged = True
    try:
        yield
    finally:
        _ANNOUNCER.has_logged = before


class NotCompiledError(RuntimeError):
    """A function is not in the cache of compiled code.

    Parameters
    ----------
    folder : str
        Folder of the cache.
    """

    def __init__(self, folder: str) -> None:
        super().__init__(f"'{folder}' lacks compiled code.")
        self.folder = folder


class _Refuser(event.Listener):  # type: ignore[misc]
    """Raises before a function of this package is compiled whose code would be kept."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()

    def on_start(self, event: Any) -> None:
        """Raise `NotCompiledError`, in the thread that made this listener: all threads call it."""
        if threading.get_ident() != self._thread:
            return
        dispatcher = event.data["dispatcher"]
        folder = dispatcher.stats.cache_path
        if folder and dispatcher.py_func.__module__.startswith(_PACKAGE):
            raise NotCompiledError(folder)

    def on_end(self, event: Any) -> None:
        """Nothing to do."""


@contextmanager
def refuse_compiling() -> Iterator[None]:
    """Raise `NotCompiledError` if a count is called within the block that the cache lacks.

    Other threads may compile meanwhile.

    Raises
    ------
    NotCompiledError

    Examples
    --------
    >>> with refuse_compiling():
    ...     pass
    """
    with event.install_listener("numba:compile", _Refuser()):
        yield


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
