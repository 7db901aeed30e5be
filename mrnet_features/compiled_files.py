"""Files of compiled code: the folders that Numba keeps them in, and their removal."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from numba import config
from numba.core import caching

__all__ = ["CompiledFolder", "clear_compiled_code", "find_compiled_code", "find_private_folder"]

PACKAGE = Path(__file__).parent

PATTERN = re.compile(r".+\.nb[ic](\.tmp\.[0-9a-f]+)?")
"""Numba's indices and code, and what a killed process left of them."""


@dataclass(frozen=True)
class CompiledFolder:
    """Compiled code of this package in one folder.

    Attributes
    ----------
    folder : Path
    n_files, n_bytes : int
        Files found, or removed.
    problem : str
        Why files were left, else empty.
    """

    folder: Path
    n_files: int
    n_bytes: int
    problem: str = ""


def find_compiled_code() -> list[CompiledFolder]:
    """Compiled code of this package; nothing is removed.

    Returns
    -------
    list of CompiledFolder
        One for each folder that has files.
    """
    found = []
    for folder in _list_folders():
        sizes = [size for _, size in _list_files(folder)]
        if sizes:
            found.append(CompiledFolder(folder, len(sizes), sum(sizes)))
    return found


def clear_compiled_code() -> list[CompiledFolder]:
    """Remove compiled code of this package; the next run compiles again.

    Code of other packages, and of families of your own, stays. Links are neither followed nor
    removed.

    Returns
    -------
    list of CompiledFolder
        What was removed from each folder.
    """
    found = []
    for folder in _list_folders():
        n_files = n_bytes = 0
        problem = ""
        for file, size in _list_files(folder):
            try:
                file.unlink(missing_ok=True)
            except OSError as error:  # a read-only folder
                problem = f"'{file}' can't be removed ({error.strerror})."
                continue
            n_files, n_bytes = n_files + 1, n_bytes + size
        if n_files or problem:
            found.append(CompiledFolder(folder, n_files, n_bytes, problem))
        if PACKAGE not in folder.parents and not folder.is_symlink():
            with contextlib.suppress(OSError):  # it has files of someone else, or does not exist
                folder.rmdir()
    return found


def find_private_folder(*, create: bool = True) -> Path | None:
    """Folder in the temporary folder that only this user can write, or None.

    Loading compiled code runs it, so a folder that someone else may have filled is not used.

    Parameters
    ----------
    create : bool, default True
        Make the folder if there is none.

    Returns
    -------
    Path or None
        None on Windows, which has no user numbers.
    """
    try:
        user = os.getuid()
        folder = Path(tempfile.gettempdir(), f"{PACKAGE.name}-{user}")
        if create:
            folder.mkdir(mode=0o700, exist_ok=True)
        found, parent = folder.lstat(), folder.parent.stat()
    except (OSError, AttributeError):  # no temporary folder; Windows
        return None
    is_private = stat.S_ISDIR(found.st_mode) and found.st_uid == user and not found.st_mode & 0o077
    # in a folder without the sticky bit, others could put their own folder in its place
    is_shared = bool(parent.st_mode & 0o022) and not parent.st_mode & stat.S_ISVTX
    return folder if is_private and not is_shared else None


def _list_folders() -> list[Path]:
    """Folders that may hold code of this package.

    Numba takes the first that can be written: a subfolder of ``NUMBA_CACHE_DIR`` or
    ``__pycache__``, else a subfolder of the user's cache. The name of a subfolder has a hash of
    the path of our folder, so nothing else is in it.
    """
    private = find_private_folder(create=False)
    roots = [str(root) for root in (config.CACHE_DIR, private) if root]
    # the name since Numba 0.62, and the one before it
    user_cache = getattr(caching, "UserWideCacheLocator", None) or caching._UserWideCacheLocator  # noqa: SLF001
    found: dict[Path, None] = {}
    for folder in _list_source_folders():
        source = str(folder / "__init__.py")
        found[folder / "__pycache__"] = None
        hashed = user_cache.get_suitable_cache_subpath(source)
        for root in roots:
            found[Path(root, hashed)] = None
        found[Path(user_cache(find_compiled_code, source).get_cache_path())] = None
    return list(found)


def _list_source_folders() -> Iterator[Path]:
    """Folders of the package that hold modules."""
    for folder, subfolders, names in os.walk(PACKAGE):
        subfolders[:] = [name for name in subfolders if name != "__pycache__"]
        if any(name.endswith(".py") for name in names):
            yield Path(folder)


def _list_files(folder: Path) -> list[tuple[Path, int]]:
    """Files of compiled code in a folder with their sizes; none if the folder is a link."""
    if folder.is_symlink():
        return []
    try:
        with os.scandir(folder) as entries:
            return [
                (Path(entry.path), entry.stat(follow_symlinks=False).st_size)
                for entry in entries
                if PATTERN.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)
            ]
    except OSError:  # there is no such folder, or it may not be read
        return []
