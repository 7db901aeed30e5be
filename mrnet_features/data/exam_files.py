"""Files of an exam: their state, for resuming, and what they hold, in words."""

from __future__ import annotations

from collections.abc import Sequence

from mrnet_features.data.stack_files import read_stack_shape
from mrnet_features.files.stored_paths import AnyPath, StoredPath
from mrnet_features.messages import describe_cause

__all__ = ["advise_on_gaps", "describe_file", "describe_states"]


def describe_states(files: Sequence[AnyPath]) -> str:
    """Size, modification time and change time of some files; no file is read.

    Of a file in a store: its size, and the checksum, version and times that the store has.

    Parameters
    ----------
    files : sequence of Path or StoredPath

    Returns
    -------
    str

    Raises
    ------
    OSError
        If there are no files, one is missing, or its store does not tell whether it has changed.
    """
    if not files:
        raise OSError("A series without files has no state.")
    return " ".join(map(_describe_state, files))


def _describe_state(file: AnyPath) -> str:
    if isinstance(file, StoredPath):
        return file.state()
    state = file.stat()
    return f"{state.st_size} {state.st_mtime_ns} {state.st_ctime_ns}"


def describe_file(path: AnyPath) -> str:
    """Shape of a stack from the header of its file, or why there is none; no pixel is read.

    A file behind a URL is not asked for.

    Parameters
    ----------
    path : Path or StoredPath

    Returns
    -------
    str
    """
    if isinstance(path, StoredPath) and path.is_remote:
        return "not looked at"
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


def advise_on_gaps(present: Sequence[str]) -> str:
    """What to do about an exam without a series.

    Parameters
    ----------
    present : sequence of str
        Series that the exam has.

    Returns
    -------
    str

    Examples
    --------
    >>> advise_on_gaps([])
    'Leave it out.'
    """
    if not present:
        return "Leave it out."
    return (
        f"Pass planes={tuple(map(str, present))!r} to describe what it has; beside exams that have "
        "the series, extract with missing='nan' or leave it out."
    )
