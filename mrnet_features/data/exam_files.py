"""Files of an exam: their state, for resuming, and what they hold, in words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mrnet_features.data.stack_files import read_stack_shape
from mrnet_features.messages import describe_cause

__all__ = ["describe_file", "describe_states"]


def describe_states(files: Sequence[Path]) -> str:
    """Size, modification time and change time of some files; no file is read.

    Parameters
    ----------
    files : sequence of Path

    Returns
    -------
    str

    Raises
    ------
    OSError
        If a file is missing.
    """
    states = (file.stat() for file in files)
    return " ".join(f"{state.st_size} {state.st_mtime_ns} {state.st_ctime_ns}" for state in states)


def describe_file(path: Path) -> str:
    """Shape of a stack from the header of its file, or why there is none; no pixel is read.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str
    """
    if path.is_dir():
        return "a folder of DICOM files"
    if not path.is_file():
        return "no such file"
    if path.suffix != ".npy":  # such as the pickles of KneeMRI
        return ""
    try:
        n_slices, height, width = read_stack_shape(path)
    except ValueError as error:
        return describe_cause(error)
    return f"{n_slices} slices of {height} x {width}"
