"""Stack files of an MRNet folder: one ``.npy`` file per exam and plane, checked by its header."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from mrnet_features.data.problems import Problem

__all__ = ["find_stack_problem", "list_stack_files"]


def list_stack_files(folder: Path, plane: str) -> tuple[dict[str, Path], list[Problem]]:
    """Stack files of one plane by exam id, and the problems of their names.

    Parameters
    ----------
    folder : Path
        Folder of the plane. Hidden files are ignored.
    plane : {"axial", "coronal", "sagittal"}

    Returns
    -------
    files : dict of str to Path
        File by exam id, without the misnamed files.
    problems : list of Problem
        A folder without files is no problem here, but a missing folder is one.
    """
    if not folder.is_dir():
        text = (
            f"'{folder}' does not exist. Copy the plane from the release, or pass the `planes` "
            "you have."
        )
        return {}, [Problem("stack-missing", "", plane, text)]
    files: dict[str, Path] = {}
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.npy")):
        if path.name.startswith("."):
            continue
        if not re.fullmatch(r"\d{4}", path.stem):
            new = path.stem.zfill(4) if path.stem.isdigit() else "an id such as 0042"
            text = f"'{path}' is not named by a four-digit exam id. Rename it to {new}.npy."
            problems.append(Problem("stack-file", "", plane, text))
            continue
        files[path.stem] = path
    return files, problems


def find_stack_problem(path: Path) -> str | None:
    """Problem with the header or the size of a stack file, or None; no pixel is read.

    Parameters
    ----------
    path : Path
        A ``.npy`` file.

    Returns
    -------
    str or None
        What the file must be, what it was, and what to do.
    """
    try:
        with path.open("rb") as file:
            version = np.lib.format.read_magic(file)
            read = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }.get(version)
            if read is None:
                return f"'{path}' is in .npy format {version}; save it again with numpy.save."
            shape, _, dtype = read(file)
            start = file.tell()
    except (ValueError, OSError) as error:
        return f"'{path}' can't be read as a .npy file ({error}). Copy it again from the release."
    if dtype.hasobject:
        return (
            f"'{path}' holds Python objects, which are never unpickled. "
            "Save the stack as a plain uint8 array."
        )
    if dtype != np.uint8 or len(shape) != 3:
        return (
            f"'{path}' must hold an array of shape (n_slices, height, width) and dtype uint8, "
            f"got {shape} {dtype}. Convert it with `mf.to_uint8`, or copy it again from the "
            "release."
        )
    if 0 in shape:
        return (
            f"'{path}' must hold at least one slice and one pixel, got shape {shape}. "
            "Copy it again from the release."
        )
    size, expected = path.stat().st_size - start, int(np.prod(shape, dtype=np.int64))
    if size != expected:
        return (
            f"'{path}' must hold {expected} bytes of pixels for shape {shape}, got {size}. "
            "The copy is truncated or damaged; copy it again."
        )
    return None
