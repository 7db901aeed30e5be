"""Write files so that a crash leaves the old or the new one, never half of one."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

PARTIAL = ".partial"
"""End of the name of a temporary file."""


@contextlib.contextmanager
def replace_file(path: str | Path) -> Iterator[Path]:
    """Temporary path that replaces `path` when the block ends without an error.

    Parameters
    ----------
    path : path
        File to write. The old file stays until the new one is complete and on disk. A symbolic
        link is kept, and its target is replaced.

    Yields
    ------
    Path
        Temporary file in the same folder; it does not exist yet. If the block raises an error,
        it is removed.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp(), "a.bin")
    >>> with replace_file(file) as partial:
    ...     _ = partial.write_bytes(b"one")
    >>> [path.name for path in file.parent.iterdir()]
    ['a.bin']
    """
    target = Path(path).resolve()
    partial = _partial_path(target)
    try:
        with _name_in_errors(path):
            yield partial
            _move(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def remove_partials(folder: str | Path, name: str | None = None) -> None:
    """Remove temporary files that killed runs left in a folder.

    Parameters
    ----------
    folder : path
        Hold the lock of the output: the files of a run in progress have such names, too.
    name : str, optional
        Name of the file that was written. None removes those of all files.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in (".a.csv.4711.partial", "a.csv"):
    ...     (folder / name).touch()
    >>> remove_partials(folder)
    >>> [path.name for path in folder.iterdir()]
    ['a.csv']
    """
    for path in Path(folder).glob(f".{glob.escape(name) if name else '*'}.*.partial"):
        path.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write a text file in UTF-8, atomically.

    Parameters
    ----------
    path : path
        File to write. A pipe or a device, such as ``/dev/stdout``, is written directly.
    text : str
        Written with its own line ends.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp(), "a.txt")
    >>> write_text(file, "one")
    >>> file.read_text()
    'one'
    """
    write_texts({Path(path): text})


def write_texts(texts: Mapping[Path, str]) -> None:
    """Write several text files in UTF-8; no old file is replaced until all new ones are written.

    Parameters
    ----------
    texts : mapping of Path to str
        Text by file; the files are replaced in this order.

    Raises
    ------
    OSError
        If a file can't be written; all old files are kept.
    """
    partials: dict[Path, Path] = {}
    try:
        for path, text in texts.items():
            if path.exists() and not path.is_file():
                with _name_in_errors(path):
                    path.write_text(text, encoding="utf-8", newline="\n")
                continue
            target = path.resolve()
            partials[target] = _partial_path(target)
            with _name_in_errors(path):
                partials[target].write_text(text, encoding="utf-8", newline="\n")
        for target, partial in partials.items():
            with _name_in_errors(target):
                _move(partial, target)
    finally:
        for partial in partials.values():
            partial.unlink(missing_ok=True)


def require_writable(path: str | Path) -> None:
    """Raise unless `replace_file` can write a file; nothing is changed or left behind.

    Parameters
    ----------
    path : path

    Raises
    ------
    OSError
        If the folder does not exist or is read-only, or the name is too long.
    """
    partial = _partial_path(Path(path).resolve())
    with _name_in_errors(path):
        partial.touch()
    partial.unlink(missing_ok=True)


@contextlib.contextmanager
def _name_in_errors(path: str | Path) -> Iterator[None]:
    """Name a file in errors of the operating system that lack it or name the temporary one."""
    try:
        yield
    except OSError as error:
        named = error.filename is not None and not str(error.filename).endswith(PARTIAL)
        if named or error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def _partial_path(target: Path) -> Path:
    """Hidden path in the folder of `target` that no other process uses."""
    return target.with_name(f".{target.name}.{os.getpid()}{PARTIAL}")


def _move(partial: Path, target: Path) -> None:
    """Rename a file after its bytes are on disk; without this, a crash could leave it empty."""
    with partial.open("rb+") as file:
        os.fsync(file.fileno())
    partial.replace(target)
    if hasattr(os, "O_DIRECTORY"):  # not on Windows: write the new name to disk too
        # some network drives refuse this; the file itself is complete by now
        with contextlib.suppress(OSError):
            folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


@contextlib.contextmanager
def explain_write_errors(
    path: str | Path, describe_kept: Callable[[], str] = str
) -> Iterator[None]:
    """Say what to do in errors of the operating system from a block that writes.

    Parameters
    ----------
    path : path
        Output that the block writes.
    describe_kept : callable, optional
        Returns what the next run need not do again, as the end of a sentence, or an empty text.

    Examples
    --------
    >>> with explain_write_errors("model"):
    ...     raise OSError(errno.ENOSPC, "No space left on device", "model/.a.txt.partial")
    Traceback (most recent call last):
    OSError: 'model' can't be written (No space left on device). Free some space and run it again.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        advice = {
            errno.ENOSPC: "Free some space",
            errno.EDQUOT: "Free some space",
            errno.ENOENT: "Leave its folder in place",
        }.get(error.errno, "Make its folder writable, or choose another place,")
        kept = describe_kept()
        raise type(error)(
            f"'{path}' can't be written ({os.strerror(error.errno)}). {advice} and run it again"
            f"{'; ' * bool(kept)}{kept}."
        ) from error
