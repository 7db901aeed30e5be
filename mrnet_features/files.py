"""Text files that are there whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

__all__ = ["write_text", "write_texts"]


def write_text(path: str | Path, text: str) -> None:
    """Write a text file under a temporary name beside it, then rename.

    Parameters
    ----------
    path : path
        Where to. What was there stays until the new file is whole. A pipe or a device, such as
        ``/dev/stdout``, is written to directly.
    text : str
        Written in UTF-8 with line ends as they are.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp(), "a.txt")
    >>> write_text(file, "one")
    >>> [path.name for path in file.parent.iterdir()]
    ['a.txt']
    """
    write_texts({Path(path): text})


def write_texts(texts: Mapping[Path, str]) -> None:
    """Write several text files; none is put in its place before all are written.

    Parameters
    ----------
    texts : mapping of Path to str
        Text by file, in the order in which they are put in their places.

    Raises
    ------
    OSError
        If a file can't be written; what was there stays.
    """
    unfinished: dict[Path, Path] = {}
    try:
        for path, text in texts.items():
            target = path.resolve()  # a link goes on pointing where it did
            if path.exists() and not path.is_file():
                path.write_text(text, encoding="utf-8", newline="\n")
                continue
            unfinished[target] = target.with_name(target.name + ".part")
            unfinished[target].write_text(text, encoding="utf-8", newline="\n")
        for target, part in unfinished.items():
            part.replace(target)
    finally:
        for part in unfinished.values():
            part.unlink(missing_ok=True)
