"""Local copies of DICOM and NIfTI files that lie in a store, for as long as they are read."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from mrnet_features.files.stored_paths import AnyPath, StoredPath
from mrnet_features.series.dicom_files import list_files
from mrnet_features.series.nifti import find_json_beside, is_nifti

__all__ = ["fetch"]

MOST_BYTES = 2 * 2**30
"""Most bytes of a series: twice those of the pixels of the largest one that is read, in 16 bits."""


@contextlib.contextmanager
def fetch(path: AnyPath) -> Iterator[Path]:
    """Local path of a series; files of a store are copied to a temporary folder until the end.

    Parameters
    ----------
    path : Path or StoredPath
        A folder of DICOM files, one file, or a NIfTI file with the JSON file beside it.

    Yields
    ------
    Path
        `path` itself if it is local.

    Raises
    ------
    OSError, ValueError
        If a file can't be read, or there are more than 2 GiB. Errors of the block name the path in
        the store.
    """
    if isinstance(path, Path):
        yield path
        return
    is_dir = path.is_dir()
    paths = (
        [stored for stored in list_files(path)[0] if isinstance(stored, StoredPath)]
        if is_dir
        else [path]
    )
    if is_nifti(path) and not is_dir:
        beside = find_json_beside(path)
        paths += [beside] if isinstance(beside, StoredPath) and beside.is_file() else []
    with _copy(paths, path if is_dir else path.parent) as copied:
        yield copied if is_dir else copied / path.name


@contextlib.contextmanager
def _copy(paths: Sequence[StoredPath], folder: StoredPath) -> Iterator[Path]:
    """Temporary folder with copies of stored files below a folder."""
    left = MOST_BYTES
    with tempfile.TemporaryDirectory(prefix="mrnet-features-") as name:
        target = Path(name)
        for path in paths:
            size = path.find().size
            data = path.read(0, left + 1) if size is None or size <= left else None
            if data is None or len(data) > left:
                raise ValueError(
                    f"'{folder}' must hold at most {MOST_BYTES // 2**30} GiB of files of one "
                    "series, got more. Pass the folder of one series."
                )
            left -= len(data)
            copy = target / _find_place(path, folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(data)
        try:
            yield target
        except (OSError, ValueError) as error:
            if len(error.args) == 1 and isinstance(error.args[0], str):
                error.args = (error.args[0].replace(name, str(folder)),)
            raise


def _find_place(path: StoredPath, folder: StoredPath) -> Path:
    """Relative path of a copy, which can't lead out of the temporary folder."""
    parts = path.key.removeprefix(folder.key).strip("/").split("/")
    if any(part in ("", ".", "..") or set(part) & set("\\:\0") for part in parts):
        raise ValueError(f"'{path}' must have a name that a local file can have. Rename it.")
    return Path(*parts)
