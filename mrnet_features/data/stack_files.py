"""Stack files: one ``.npy`` file per exam and plane, checked before a pixel is read."""

from __future__ import annotations

import contextlib
import io
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

import numpy as np

from mrnet_features.arrays import UInt8Array
from mrnet_features.data.mrnet.leading_zeros import restore_zeros
from mrnet_features.data.problems import Problem, limit_problems
from mrnet_features.files.npy_files import LONGEST_HEADER, NpyHeader, read_npy_header
from mrnet_features.files.reading import explain_errors, open_file
from mrnet_features.files.stored_paths import AnyPath, StoredPath
from mrnet_features.ids.rules import find_id_problem
from mrnet_features.messages import LONGEST_VALUE, quote

__all__ = [
    "StackFiles",
    "find_stack_problem",
    "list_stack_files",
    "list_stack_ids",
    "read_stack",
    "read_stack_shape",
]

ADVICE = "Copy it again from the release."

ADVICE_ON_NAME = (
    "Names of stacks end in .npy, of DICOM files in .dcm and of NIfTI files in .nii or .nii.gz; of "
    "a DICOM series pass the folder."
)

MOST_PIXELS = 2**27
"""Most pixels of a stack: 512 slices of 512 x 512 pixels."""

LONGEST_SIDE = 4096
"""Most slices, rows and columns of a stack; the time for some features grows with the square."""

USUAL_HEADER = 2**10
"""Bytes of a stored file that are read to find its header; NumPy's have 128."""


def list_stack_ids(folder: AnyPath) -> list[str]:
    """Names of the stack files in a folder without ``.npy``, sorted; hidden files are ignored.

    Parameters
    ----------
    folder : Path or StoredPath

    Returns
    -------
    list of str

    Raises
    ------
    OSError
        If the folder does not exist or can't be read.
    """
    if isinstance(folder, StoredPath):
        names = [path.name for path in folder.iterdir()]
    else:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries]
    return sorted(n.removesuffix(".npy") for n in names if n.endswith(".npy") and n[0] != ".")


class StackFiles(Mapping[str, AnyPath]):
    """Stack file of each exam in the folder of a plane; paths are made when they are asked for.

    Parameters
    ----------
    folder : Path or StoredPath
    ids : sequence of str

    Examples
    --------
    >>> from pathlib import Path
    >>> StackFiles(Path("train/axial"), ["0042"])["0042"].as_posix()
    'train/axial/0042.npy'
    """

    def __init__(self, folder: AnyPath, ids: Sequence[str]) -> None:
        self._folder = folder
        self._ids = dict.fromkeys(ids)  # in order, and quick to search

    def __getitem__(self, exam_id: str) -> AnyPath:
        if exam_id not in self._ids:
            raise KeyError(exam_id)
        return self._folder / f"{exam_id}.npy"

    def __contains__(self, exam_id: object) -> bool:
        return exam_id in self._ids

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)


def list_stack_files(
    folder: AnyPath, plane: str, width: int = 0
) -> tuple[StackFiles, list[Problem]]:
    """Stack files of one plane by exam id, and the problems of their names.

    Parameters
    ----------
    folder : Path or StoredPath
        Folder of the plane. Hidden files are ignored.
    plane : {"axial", "coronal", "sagittal"}
    width : int, default 0
        Digits of a numeric id, as `find_width` returns it; 0 for any number.

    Returns
    -------
    files : StackFiles
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
        return StackFiles(folder, ()), [Problem("stack-missing", "", plane, text)]
    except ConnectionError:
        raise
    except OSError as error:
        text = f"'{folder}' can't be read ({error}). Change its permissions, or copy it again."
        return StackFiles(folder, ()), [Problem("stack-missing", "", plane, text)]
    named = {exam_id: _find_name_problem(folder, exam_id, width) for exam_id in ids}
    problems = (Problem("stack-file", "", plane, text) for text in named.values() if text)
    files = StackFiles(folder, [exam_id for exam_id, text in named.items() if not text])
    return files, list(limit_problems(problems, f"'{folder}'"))


def find_stack_problem(path: AnyPath) -> str | None:
    """Problem with the header or the size of a stack file, or None; no pixel is read.

    Parameters
    ----------
    path : Path or StoredPath
        A ``.npy`` file. Of a file behind a URL only the size is looked at, which the listing tells.

    Returns
    -------
    str or None
        What the file must be, what it was, and what to do.
    """
    if isinstance(path, StoredPath) and path.is_remote:
        size = path.find().size
        problem = None if size is None else _find_size_problem(size)
        return f"'{path}' {problem}" if problem else None
    try:
        with _open_stack(path):
            return None
    except ValueError as error:
        return str(error)


def read_stack_shape(path: AnyPath) -> tuple[int, ...]:
    """Shape of the stack in a file, from its header; no pixel is read.

    Parameters
    ----------
    path : Path or StoredPath
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


def read_stack(path: AnyPath, *, mmap: bool = False) -> UInt8Array:
    """Pixels of a stack file.

    Parameters
    ----------
    path : Path or StoredPath
        A ``.npy`` file.
    mmap : bool, default False
        Map a local file into memory, read-only, instead of reading it.

    Returns
    -------
    ndarray of shape (n_slices, height, width), uint8

    Raises
    ------
    ValueError
        If the file is not a complete uint8 stack of at least one slice; see `find_stack_problem`.
    """
    if isinstance(path, StoredPath):
        return _read_stored(path)
    with _open_stack(path) as (file, header), explain_errors(path, "a .npy file", ADVICE):
        if mmap:
            return np.memmap(
                file, np.uint8, "r", offset=file.tell(), shape=header.shape, order=header.order
            )
        flat = np.fromfile(file, np.uint8, count=math.prod(header.shape))
        return flat.reshape(header.shape, order=header.order)


def _read_stored(path: StoredPath) -> UInt8Array:
    """Pixels of a stack file in a store, read at once."""
    with _explain_system(path):
        size = path.find().size
        problem = None if size is None else _find_size_problem(size)
        if problem:
            raise ValueError(f"'{path}' {problem}")
        data = path.read(0, MOST_PIXELS + LONGEST_HEADER + USUAL_HEADER)
    file = io.BytesIO(data)
    header = _read_header(path, file, len(data))
    flat = np.frombuffer(data, np.uint8, offset=file.tell()).copy()  # of bytes it can't be written
    return flat.reshape(header.shape, order=header.order)


def _find_size_problem(size: int) -> str | None:
    """Why a file of so many bytes is not a stack, or None."""
    if size == 0:
        return f"is empty. {ADVICE}"
    if size > MOST_PIXELS + LONGEST_HEADER + USUAL_HEADER:
        return f"must hold at most {MOST_PIXELS} pixels, got a file of {size} bytes. {ADVICE}"
    return None


def _find_name_problem(folder: AnyPath, exam_id: str, width: int) -> str | None:
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
def _open_stack(path: AnyPath) -> Iterator[tuple[BinaryIO, NpyHeader]]:
    """A stack file and its header, checked; the pixels are read from the same open file.

    Of a stored file, only the beginning is there.
    """
    with _explain_system(path):
        if isinstance(path, StoredPath):
            begun = path.read(0, USUAL_HEADER)
            if int.from_bytes(begun[8:10], "little") > USUAL_HEADER - 12:
                begun = path.read(0, LONGEST_HEADER + 12)
            size = path.find().size
            file: BinaryIO = io.BytesIO(begun)
            yield file, _read_header(path, file, len(begun) if size is None else size)
            return
        with open_file(path) as file:
            header = _read_header(path, file, os.fstat(file.fileno()).st_size)
            yield file, header


def _read_header(path: AnyPath, file: BinaryIO, size: int) -> NpyHeader:
    """Header of a stack file of so many bytes, checked; the file is then at the first pixel."""
    advice = ADVICE if path.suffix.lower() == ".npy" else ADVICE_ON_NAME
    with explain_errors(path, "a .npy file", advice):
        header = read_npy_header(file)
    problem = _check_header(header, size - file.tell())
    if problem:
        raise ValueError(f"'{path}' {problem}")
    return header


@contextlib.contextmanager
def _explain_system(path: AnyPath) -> Iterator[None]:
    """Raise errors of the operating system as ValueError with advice; not those of a network."""
    try:
        yield
    except ConnectionError:
        raise
    except OSError as error:
        if isinstance(error, PermissionError) and isinstance(path, StoredPath):
            # such as of the whole zip file: no fault of one stack, which could be skipped
            raise ConnectionError(f"'{path}' may not be read. Change its permissions.") from error
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
