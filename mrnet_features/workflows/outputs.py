"""Checks of an output before hours of work: it can be written and replaces no input."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mrnet_features.files.paths import require_local_output
from mrnet_features.files.writing import require_writable


def check_output_file(path: str | Path, inputs: Iterable[str | Path] = ()) -> None:
    """Raise unless a file can be written; nothing is changed or left behind.

    Parameters
    ----------
    path : path
        A file, new or old, in a folder that exists. Or a pipe or device such as ``/dev/stdout``.
    inputs : iterable of path
        Files that must not be replaced.

    Raises
    ------
    ValueError
        If it is an input, or a URL.
    OSError
        If the folder does not exist or can't be written to, the name is too long, or `path` is a
        folder.
    """
    require_local_output(path)
    file = Path(path)
    if file.is_dir():
        raise IsADirectoryError(f"'{file}' must be a file to write, got a folder. Name a file.")
    if not file.absolute().parent.is_dir():
        raise NotADirectoryError(f"'{file.parent}' is not a folder. Create the folder first.")
    if file.resolve() in {Path(read).resolve() for read in inputs}:
        raise ValueError(f"'{file}' is an input. Choose another file for the result.")
    if file.is_file() or not file.exists():
        require_writable(file)


def check_output_folder(path: str | Path) -> None:
    """Raise unless files can be written to a folder; nothing is made or left behind.

    Parameters
    ----------
    path : path
        A folder, new or old. Parent folders may be missing too.

    Raises
    ------
    OSError
        If the folder, or the one that it will be made in, is a file or can't be written to.
    ValueError
        If it is a URL.
    """
    require_local_output(path)
    folder = Path(path).absolute()
    existing = next(place for place in (folder, *folder.parents) if _exists(place))
    if not existing.is_dir():
        raise NotADirectoryError(f"'{path}' must be a folder, but '{existing}' is a file.")
    for name in folder.relative_to(existing).parts:
        _exists(existing / name)  # a name may be too long
    try:
        require_writable(existing / "new")
    except OSError as error:
        made = f"'{path}' can't be made, since " if existing != folder else ""
        raise type(error)(
            f"{made}the folder '{existing}' can't be written to ({error.strerror}). Make that "
            "folder writable, or choose another one."
        ) from error


def _exists(place: Path) -> bool:
    """Whether a path exists; other errors than its absence are raised."""
    try:
        place.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True
