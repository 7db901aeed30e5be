"""Atomic writes: a file is there whole or not at all, also after a crash."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

__all__ = ["replace_file", "write_text", "write_texts"]


@contextlib.contextmanager
def replace_file(path: str | Path) -> Iterator[Path]:
    """Temporary path beside `path`, which takes its place when the block ends without an error.

    Parameters
    ----------
    path : path
        File to write. What is there stays until the new file is whole and on disk. A link keeps
        pointing where it did: its target is replaced.

    Yields
    ------
    Path
        File to write to; it does not exist yet. It is removed if the block raises.

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
        File to write. A pipe or a device, such as ``/dev/stdout``, is written to directly.
    text : str
        Line ends are kept as they are.

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
    """Write several text files; none is replaced before all are written.

    Parameters
    ----------
    texts : mapping of Path to str
        Text by file, in the order in which the files are replaced.

    Raises
    ------
    OSError
        If a file can't be written; what was there stays.
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
    """Hidden name beside `target` that no other process uses."""
    return target.with_name(f".{target.name}.{os.getpid()}.partial")


def _move(partial: Path, target: Path) -> None:
    """Put a file in its place once its bytes are on disk: a rename alone can outrun them."""
    with partial.open("rb+") as file:
        os.fsync(file.fileno())
    partial.replace(target)
    if hasattr(os, "O_DIRECTORY"):  # where folders can be opened, the new name is made durable too
        folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
