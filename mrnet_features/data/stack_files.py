"""Stack files: one ``.npy`` file per exam and plane, checked before a pixel is read."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from mrnet_features.arrays import UInt8Array
from mrnet_features.data.leading_zeros import restore_zeros
from mrnet_features.data.problems import Problem, limit_problems
from mrnet_features.exam_ids import find_id_problem
from mrnet_features.files import explain_errors, open_file
from mrnet_features.messages import LONGEST_VALUE, quote
from mrnet_features.npy_files import NpyHeader, read_npy_header

__all__ = [
    "find_stack_problem",
    "list_stack_files",
    "list_stack_ids",
    "read_stack",
    "read_stack_shape",
]

ADVICE = "Copy it again from the release."

MOST_PIXELS = 2**27
"""Most pixels of a stack: 512 slices of 512 x 512 pixels."""

LONGEST_SIDE = 4096
"""Most slices, rows and columns of a stack; the time for some features grows with the square."""


def list_stack_ids(folder: Path) -> list[str]:
    """Names of the stack files in a folder without ``.npy``, sorted; hidden files are ignored.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    list of str

    Raises
    ------
    OSError
        If the folder does not exist or can't be read.
    """
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries]
    return sorted(n.removesuffix(".npy") for n in names if n.endswith(".npy") and n[0] != ".")


def list_stack_files(
    folder: Path, plane: str, width: int = 0
) -> tuple[dict[str, Path], list[Problem]]:
    """Stack files of one plane by exam id, and the problems of their names.

    Parameters
    ----------
    folder : Path
        Folder of the plane. Hidden files are ignored.
    plane : {"axial", "coronal", "sagittal"}
    width : int, default 0
        Digits of a numeric id, as `find_width` returns it; 0 for any number.

    Returns
    -------
    files : dict of str to Path
        File by exam id, without the misnamed files.
    problems : list of Problem
        A folder without files is no problem here, but a missing folder is one.
    """
    try:
        ids = list_stack_ids(folder)
    except (FileNotFoundError, NotADirectoryError):
        text = (
            f"'{folder}' does not exist. Copy the plane from the release, or pass the `planes` "
            "you have."
        )
        return {}, [Problem("stack-missing", "", plane, text)]
    except OSError as error:
        text = f"'{folder}' can't be read ({error}). Change its permissions, or copy it again."
        return {}, [Problem("stack-missing", "", plane, text)]
    named = {exam_id: _find_name_problem(folder, exam_id, width) for exam_id in ids}
    problems = (Problem("stack-file", "", plane, text) for text in named.values() if text)
    files = {exam_id: folder / f"{exam_id}.npy" for exam_id, text in named.items() if not text}
    return files, list(limit_problems(problems, f"'{folder}'"))


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
        with _open_stack(path):
            return None
    except ValueError as error:
        return str(error)


def read_stack_shape(path: Path) -> tuple[int, ...]:
    """Shape of the stack in a file, from its header; no pixel is read.

    Parameters
    ----------
    path : Path
        A ``.npy`` file.

    Returns
    -------
    n_slices, height, width : int

    Raises
    ------
    ValueError
        As `read_stack`.
    """
    with _open_stack(path) as (_, header):
        return header.shape


def read_stack(path: Path, *, mmap: bool = False) -> UInt8Array:
    """Pixels of a stack file.

    Parameters
    ----------
    path : Path
        A ``.npy`` file.
    mmap : bool, default False
        Map the file into memory, read-only, instead of reading it.

    Returns
    -------
    ndarray of shape (n_slices, height, width), uint8

    Raises
    ------
    ValueError
        If the file is not a complete uint8 stack of at least one slice; see `find_stack_problem`.
    """
    with _open_stack(path) as (file, header), explain_errors(path, "a .npy file", ADVICE):
        if mmap:
            return np.memmap(
                file, np.uint8, "r", offset=file.tell(), shape=header.shape, order=header.order
            )
        flat = np.fromfile(file, np.uint8, count=math.prod(header.shape))
        return flat.reshape(header.shape, order=header.order)


def _find_name_problem(folder: Path, exam_id: str, width: int) -> str | None:
    restored = restore_zeros(exam_id, width)
    if restored:
        return (
            f"'{folder / exam_id}.npy' has lost the leading zeros of its exam id. Rename it to "
            f"{restored}.npy."
        )
    problem = find_id_problem(exam_id)
    if problem:
        return (
            f"'{folder}' must hold files named by exam ids, but {quote(exam_id)} {problem}. "
            f"Rename {quote(exam_id + '.npy')} to an id such as 0042.npy."
        )
    return None


@contextlib.contextmanager
def _open_stack(path: Path) -> Iterator[tuple[BinaryIO, NpyHeader]]:
    """A stack file and its header, checked; the pixels are read from the same open file."""
    try:
        with open_file(path) as file:
            with explain_errors(path, "a .npy file", ADVICE):
                header = read_npy_header(file)
            n_bytes = os.fstat(file.fileno()).st_size - file.tell()
            problem = _check_header(header, n_bytes)
            if problem:
                raise ValueError(f"'{path}' {problem}")
            yield file, header
    except OSError as error:
        if error.errno is None:  # a sentence of `open_file`, which names the file
            raise ValueError(f"{error} {ADVICE}") from error
        raise ValueError(
            f"'{path}' can't be read as a .npy file ({error.strerror}). {ADVICE}"
        ) from error


def _check_header(header: NpyHeader, n_bytes: int) -> str | None:
    """Why a file with this header and so many bytes after it is not a stack, or None."""
    shape, dtype = header.shape, header.dtype
    shown = f"{shape} {dtype}"[:LONGEST_VALUE]
    if dtype.hasobject:
        return (
            "holds Python objects, which are never unpickled. Save the stack as a plain uint8 "
            "array."
        )
    if dtype != np.uint8 or len(shape) != 3:
        return (
            "must hold an array of shape (n_slices, height, width) and dtype uint8, got "
            f"{shown}. Convert it with `mf.to_uint8`, or copy it again from the release."
        )
    if 0 in shape:
        return f"must hold at least one slice and one pixel, got shape {shape}. {ADVICE}"
    n_pixels = math.prod(shape)
    if n_pixels > MOST_PIXELS or max(shape) > LONGEST_SIDE:
        return (
            f"must hold at most {MOST_PIXELS} pixels and {LONGEST_SIDE} slices, rows and columns, "
            f"got {shape}. {ADVICE}"
        )
    if n_bytes != n_pixels:
        return (
            f"must hold {n_pixels} bytes of pixels for shape {shape}, got {n_bytes}. The copy is "
            "truncated or damaged; copy it again."
        )
    return None
