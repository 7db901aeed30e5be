"""DICOM files: the header of one file in bounded time and memory, and the files of a folder."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import stat
import threading
import warnings
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from mrnet_features.files.reading import open_file
from mrnet_features.files.stored_paths import AnyPath, StoredPath
from mrnet_features.messages import name_some
from mrnet_features.series.dicom_tags import TAGS, TagValues

MOST_HEADER_BYTES = 32 * 2**20
"""Most bytes of a header that are read; those of enhanced files have up to 10 MiB."""

MOST_META_BYTES = 2**16
"""Most bytes of the file meta information."""

MOST_FILES = 20_000
"""Most files of a study."""

MOST_DEPTH = 8
"""Most folders below one another."""

DEFLATED = "1.2.840.10008.1.2.1.99"
IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"

LONG_KINDS = {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT"}
"""Kinds of values whose length takes four bytes."""

UNKNOWN_LENGTH = 0xFFFFFFFF

ADVICE = "Copy it again from its source."

SUFFIXES = (".dcm", ".ima")
"""Ends of names of DICOM files; many have none."""


@dataclass(frozen=True)
class DicomFile:
    """Header of one file.

    Attributes
    ----------
    path : Path
    syntax : str
        Transfer syntax UID.
    tags : TagValues
    pixel_start : int
        Position of the pixel data's first byte; -1 if there is none.
    pixel_bytes : int
        Length of the pixel data, -1 if the file does not say, as for compressed pixels.
    """

    path: Path
    syntax: str
    tags: TagValues
    pixel_start: int
    pixel_bytes: int


class NotDicomError(ValueError):
    """A file does not begin as a DICOM file."""


def list_files(folder: AnyPath) -> tuple[list[AnyPath], list[str]]:
    """Files below a folder, sorted, and what was left out.

    Links to folders are not followed. Links to files are, but only regular files are listed.

    Parameters
    ----------
    folder : Path or StoredPath

    Returns
    -------
    files : list of Path or StoredPath
        Without hidden files and DICOMDIR.
    warnings : list of str

    Raises
    ------
    OSError
        If a folder can't be read.
    ValueError
        If there are more than 20,000 files or eight levels of folders.
    """
    files: list[Any] = []  # all of one kind
    left_out: list[str] = []
    if isinstance(folder, StoredPath):
        _walk_stored(folder, 0, folder, files)
        return sorted(files), []
    _walk(folder, 0, folder, files, left_out)
    if not left_out:
        return sorted(files), []
    text = f"{name_some(sorted(left_out))} in '{folder}' was left out: links to folders are not"
    return sorted(files), [f"{text} followed, and pipes, sockets and devices are not read."]


def _walk_stored(folder: StoredPath, depth: int, root: StoredPath, files: list[Any]) -> None:
    _check_depth(depth, root)
    for path in folder.iterdir():
        if path.name.startswith(".") or path.name.upper() == "DICOMDIR":
            continue
        if path.is_dir():
            _walk_stored(path, depth + 1, root, files)
        else:
            _add(path, root, files)


def _check_depth(depth: int, root: AnyPath) -> None:
    if depth > MOST_DEPTH:
        raise ValueError(
            f"'{root}' must have at most {MOST_DEPTH} levels of folders, got more. Pass the folder "
            "of one study or series."
        )


def _add(path: AnyPath, root: AnyPath, files: list[Any]) -> None:
    files.append(path)
    if len(files) > MOST_FILES:
        raise ValueError(
            f"'{root}' must hold at most {MOST_FILES} files, got more. Pass the folder of "
            "one study or series."
        )


def _walk(folder: Path, depth: int, root: Path, files: list[Any], left_out: list[str]) -> None:
    _check_depth(depth, root)
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name.upper() == "DICOMDIR":
                continue
            if entry.is_dir(follow_symlinks=False):
                _walk(folder / entry.name, depth + 1, root, files, left_out)
                continue
            try:
                is_regular = stat.S_ISREG(entry.stat().st_mode)
            except OSError:  # a link that leads nowhere, or in a circle
                is_regular = False
            if not is_regular:
                left_out.append(entry.name)
                continue
            _add(folder / entry.name, root, files)


def read_dicom_header(path: Path, more_tags: Collection[int] = ()) -> DicomFile:
    """Allow-listed tags of one file; no pixel is read.

    Parameters
    ----------
    path : Path
    more_tags : collection of int
        Tags to keep beside `TAGS`.

    Returns
    -------
    DicomFile

    Raises
    ------
    NotDicomError
        If it does not begin as a DICOM file.
    OSError, ValueError
        If it is not a regular file, damaged, deflated, or its header is too long.
    ModuleNotFoundError
        If pydicom is missing.
    """
    with open_file(path) as file:
        syntax = _read_syntax(path, file)
        if syntax == DEFLATED:
            raise ValueError(
                f"'{path}' is deflated as a whole, which is not read: its size in memory is not "
                "known before. Convert it, such as with `dcmconv +te`."
            )
        dcmread = import_pydicom("pydicom").dcmread
        file.seek(0)
        problem, kept = "", [*TAGS.values(), *more_tags]
        try:
            with quiet_pydicom():
                limited: Any = LimitedFile(file, MOST_HEADER_BYTES)
                dataset = dcmread(limited, stop_before_pixels=True, specific_tags=kept)
        except Exception as error:  # noqa: BLE001 (a damaged file raises almost anything)
            problem = str(error) if isinstance(error, HeaderTooLongError) else type(error).__name__
        if problem:  # without the message and the traceback of pydicom, which can quote values
            raise ValueError(f"'{path}' can't be read as DICOM ({problem}). {ADVICE}")
        start, length = _find_pixels(file, syntax)
    return DicomFile(path, syntax, TagValues(dataset), start, length)


class HeaderTooLongError(ValueError):
    """The header of a file is longer than any sound one."""


class LimitedFile:
    """File of which at most so many bytes are read.

    Parameters
    ----------
    file : BinaryIO
    most_bytes : int
    """

    def __init__(self, file: BinaryIO, most_bytes: int) -> None:
        self._file, self._left = file, most_bytes
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        """Next bytes.

        Parameters
        ----------
        size : int, default -1
            Number of bytes; -1 is all that are left.

        Returns
        -------
        bytes
        """
        data = self._file.read(min(size, self._left + 1) if size >= 0 else self._left + 1)
        self._left -= len(data)
        if self._left < 0:
            raise HeaderTooLongError("its header is too long")
        return data


def _read_syntax(path: Path, file: BinaryIO) -> str:
    """Transfer syntax from the file meta information, which is always explicit little endian."""
    start = file.read(132)
    if start[128:] != b"DICM":
        raise NotDicomError(
            f"'{path}' does not begin as a DICOM file (no 'DICM' after 128 bytes), and its "
            "name does not end in .nii or .nii.gz. Leave it out, or write it anew with a preamble."
        )
    read = 0
    while read < MOST_META_BYTES:
        head = file.read(8)
        if len(head) < 8 or head[:2] != b"\x02\x00":
            break
        if head[4:6] in LONG_KINDS:
            length = int.from_bytes(file.read(4), "little")
        else:
            length = int.from_bytes(head[6:], "little")
        if length > MOST_META_BYTES:
            break
        value = file.read(length)
        read += 8 + length
        if head[2:4] == b"\x10\x00":
            return value.decode("latin1").strip(" \0")
    raise ValueError(
        f"'{path}' does not say how it is encoded (no TransferSyntaxUID in the file meta "
        f"information). {ADVICE}"
    )


def _find_pixels(file: BinaryIO, syntax: str) -> tuple[int, int]:
    """First byte and length of the pixel data; the file is at its tag, or at its end."""
    order = "big" if syntax == EXPLICIT_BIG else "little"
    head = file.read(8)
    tags = [head[:2], head[2:4]]
    if order == "big":
        tags = [tag[::-1] for tag in tags]
    if len(head) < 8 or tags != [b"\xe0\x7f", b"\x10\x00"]:
        return -1, 0
    size = head[4:] if syntax == IMPLICIT_LITTLE else file.read(4)
    length = int.from_bytes(size, "big" if order == "big" else "little")
    return file.tell(), -1 if length == UNKNOWN_LENGTH else length


def import_pydicom(name: str) -> Any:
    """Module of pydicom.

    Parameters
    ----------
    name : str

    Returns
    -------
    module

    Raises
    ------
    ModuleNotFoundError
        If pydicom is missing; says how to install it.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "DICOM files need pydicom: pip install 'mrnet-features[dicom]'."
        ) from error


_LOCK = threading.Lock()
_QUIET: list[Any] = []  # the filters before, and once for each block that is inside


@contextlib.contextmanager
def quiet_pydicom() -> Iterator[None]:
    """Leave out warnings and log messages of pydicom, which can quote values of a file.

    Those of other modules stay as they are. Threads may be inside at the same time.
    """
    logger = logging.getLogger("pydicom")
    with _LOCK:
        if not _QUIET:
            logger.addFilter(_drop)
            _QUIET.append(warnings.catch_warnings())
            _QUIET[0].__enter__()
            warnings.filterwarnings("ignore", module=r"pydicom(\..*)?$")
        _QUIET.append(None)
    try:
        yield
    finally:
        with _LOCK:
            _QUIET.pop()
            if len(_QUIET) == 1:
                _QUIET.pop().__exit__(None, None, None)
                logger.removeFilter(_drop)


def _drop(record: logging.LogRecord) -> bool:  # noqa: ARG001 (as filters are called)
    """Keep no record."""
    return False
