"""Atomic writes: after a crash, a file is either the complete old or the complete new one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

__all__ = ["replace_file", "write_text", "write_texts"]


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
        yield partial
        _move(partial, target)
    finally:
        partial.unlink(missing_ok=True)


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
                path.write_text(text, encoding="utf-8", newline="\n")
                continue
            target = path.resolve()
            partials[target] = _partial_path(target)
            partials[target].write_text(text, encoding="utf-8", newline="\n")
        for target, partial in partials.items():
            _move(partial, target)
    finally:
        for partial in partials.values():
            partial.unlink(missing_ok=True)


def _partial_path(target: Path) -> Path:
    """Hidden path in the folder of `target` that no other process uses."""
    return target.with_name(f".{target.name}.{os.getpid()}.partial")


def _move(partial: Path, target: Path) -> None:
    """Rename a file after its bytes are on disk; without this, a crash could leave it empty."""
    with partial.open("rb+") as file:
        os.fsync(file.fileno())
    partial.replace(target)
    if hasattr(os, "O_DIRECTORY"):  # not on Windows: write the new name to disk too
        folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
