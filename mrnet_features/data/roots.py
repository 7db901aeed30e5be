"""The folder of a set of exams, as a caller names it: on disk, in a zip file, or behind a URL."""

from __future__ import annotations

from mrnet_features.data.mrnet.release import has_split
from mrnet_features.data.rsna.hints import has_rsna_layout
from mrnet_features.files.paths import to_path
from mrnet_features.files.stored_paths import AnyPath, Given, StoredPath
from mrnet_features.files.zip_store import ZipStore
from mrnet_features.names import SPLITS

__all__ = ["open_root"]

DEEPEST = 3
"""Most folders in a zip file around a set."""


def open_root(root: Given) -> AnyPath:
    """Folder of a set of exams.

    Parameters
    ----------
    root : str, Path or UPath
        As for `to_path`. Of a zip file, the one folder in it that has splits or labels is found.

    Returns
    -------
    Path or StoredPath
        It need not exist.

    Raises
    ------
    OSError, ValueError
        As `to_path`.
    """
    path = to_path(root)
    if not isinstance(path, StoredPath) or not isinstance(path.store, ZipStore):
        return path
    level = [path]
    for _ in range(DEEPEST + 1):
        found = [folder for folder in level if _is_set(folder)]
        if found:
            return found[0] if len(found) == 1 else path
        level = [below for folder in level for below in folder.iterdir() if _is_visible(below)]
    return path


def _is_set(folder: StoredPath) -> bool:
    return has_rsna_layout(folder) or any(has_split(folder, split) for split in SPLITS)


def _is_visible(path: StoredPath) -> bool:
    return path.is_dir() and not path.name.startswith(".")
