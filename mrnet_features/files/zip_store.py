"""Files in a zip file, read in place: nothing is unpacked to disk, and sizes are checked before."""

from __future__ import annotations

import functools
import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mrnet_features.files.reading import explain_errors, open_file
from mrnet_features.files.stored_paths import AnyPath, Entry, Store, StoredPath, read_range
from mrnet_features.messages import escape_controls, quote

__all__ = ["ZipStore", "find_zip", "open_zip"]

MOST_DIRECTORY_BYTES = 64 * 2**20
"""Largest directory of a zip file that is read: some 700,000 files."""

TAIL_BYTES = 2**17
"""Bytes at the end of a zip file that are read at once; the directory is often among them."""

HEADER = struct.Struct("<4s5H3L2H")
"""Header before each file in a zip file."""

MAGIC = b"PK\x03\x04"

MOST_LEVELS = 32
"""Most folders in one another, and the file, in a zip file."""

SPARE_BYTES = 512
"""Bytes that are read beside the header, the name and the data of a file, for the extra field."""

SPARE_TABLES = 4096
"""Bytes beside twice those asked for that deflate may take for the tables of its codes."""

ENCRYPTED = -1
"""In place of the compression method, of a file that needs a password."""

ADVICE = "Copy it again from its source."

JUNK = "__MACOSX"
"""Folder that macOS puts beside what was packed."""


@dataclass(frozen=True, repr=False)
class ZipStore(Store):
    """The content of a zip file.

    Parameters
    ----------
    archive : Path or StoredPath
        The zip file.
    state : str
        State of the zip file when it was opened.
    """

    archive: AnyPath
    state: str

    @property
    def is_remote(self) -> bool:  # type: ignore[override]  # never set
        """Whether the zip file lies behind a URL."""
        return isinstance(self.archive, StoredPath)

    def show(self, key: str) -> str:
        """Path of the zip file, and that in it."""
        return escape_controls(f"{self.archive}/{key}" if key else str(self.archive))

    def list_folder(self, key: str) -> dict[str, Entry]:
        """Entries of a folder by name, from the directory of the zip file."""
        folders = self._read_folders()
        if key in folders:
            return dict(folders[key])
        above, _, name = key.rpartition("/")
        if name in folders.get(above, {}):
            raise NotADirectoryError(f"'{self.show(key)}' must be a folder, got a file.")
        raise FileNotFoundError(f"There is no folder '{self.show(key)}'.")

    def check(self) -> None:
        """Raise an OSError if a local zip file has changed since it was opened."""
        if isinstance(self.archive, Path) and _describe_archive(self.archive) != self.state:
            raise OSError(f"'{self.archive}' has changed since it was opened. Load it anew.")

    def find(self, key: str) -> Entry:
        """Entry of a file or folder."""
        folders = self._read_folders()
        if key in folders:
            return Entry(is_dir=True)
        above, _, name = key.rpartition("/")
        if name not in folders.get(above, {}):
            raise FileNotFoundError(f"There is no file '{self.show(key)}'.")
        return folders[above][name]

    def read(self, key: str, entry: Entry, start: int, stop: int) -> bytes:
        """Bytes of a file; its checksum is compared if it is read to its end."""
        offset, packed_size, name_size, method, checksum = entry.place
        size, label = entry.size or 0, self.show(key)
        problem = _find_method_problem(method)
        if problem:
            raise ValueError(f"'{label}' {problem}")
        wanted = min(stop, size)
        # a byte takes less than 16 bits, even with a code made for what follows; tables come on top
        most = wanted if method == zipfile.ZIP_STORED else 2 * wanted + SPARE_TABLES
        most = min(packed_size, most)
        end = offset + HEADER.size + name_size + SPARE_BYTES + most
        data = read_range(self.archive, offset, end) if offset >= 0 else b""
        begin = _find_data(data)
        if begin is None:
            raise ValueError(f"'{label}' is damaged: no file begins where it should. {ADVICE}")
        if begin + most > len(data):
            data += read_range(self.archive, offset + len(data), offset + begin + most)
        packed = data[begin : begin + most]
        if method == zipfile.ZIP_STORED:
            out = packed[:wanted]
        else:
            try:
                out = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, wanted or 1)
            except zlib.error as error:
                raise ValueError(f"'{label}' is damaged ({error}). {ADVICE}") from None
        if len(out) != wanted or (wanted == size and zlib.crc32(out) != checksum):
            raise ValueError(
                f"'{label}' is damaged: its size or checksum is not that of the directory. {ADVICE}"
            )
        return out[start:]

    def _read_folders(self) -> Mapping[str, Mapping[str, Entry]]:
        return _read_folders(self.archive, self.state)


def open_zip(archive: AnyPath) -> StoredPath:
    """Content of a zip file as a folder.

    Parameters
    ----------
    archive : Path or StoredPath

    Returns
    -------
    StoredPath

    Raises
    ------
    OSError
        If the file can't be read.
    ValueError
        If it is no zip file, is damaged, or its directory is too large or names a file twice.
    """
    store = ZipStore(archive, _describe_archive(archive))
    store.list_folder("")
    return StoredPath(store, "")


def _describe_archive(archive: AnyPath) -> str:
    if isinstance(archive, StoredPath):
        return archive.state()
    with open_file(archive):
        state = archive.stat()
    return f"{state.st_size} {state.st_mtime_ns} {state.st_ctime_ns}"


@functools.lru_cache(maxsize=4)
def _read_folders(archive: AnyPath, state: str) -> dict[str, dict[str, Entry]]:  # noqa: ARG001
    """Entries by name of each folder; read once for each state of a zip file and process."""
    folders: dict[str, dict[str, Entry]] = {"": {}}
    with explain_errors(archive, "a zip file", ADVICE):
        size = archive.find().size if isinstance(archive, StoredPath) else archive.stat().st_size
        with zipfile.ZipFile(_Archive(archive, size or 0)) as opened:
            listed = opened.infolist()
        twice = _add_files(folders, listed)
        if twice is not None:
            raise ValueError(f"it names {quote(twice)} twice")
    return folders


def _add_files(folders: dict[str, dict[str, Entry]], listed: list[zipfile.ZipInfo]) -> str | None:
    """Add the files of a directory, and return the first name that stands there twice."""
    for info in listed:
        parts = info.filename.replace("\\", "/").rstrip("/").split("/")
        # what would lie elsewhere after unpacking is of no use here
        if parts[0] == JUNK or any(part in ("", ".", "..") for part in parts):
            continue
        if len(parts) > MOST_LEVELS:
            raise ValueError(
                f"{quote(info.filename)} has {len(parts)} levels; at most {MOST_LEVELS} are read"
            )
        is_dir = info.is_dir() or info.filename.endswith("\\")
        for n in range(1, len(parts) + is_dir):
            key, above = "/".join(parts[:n]), "/".join(parts[: n - 1])
            if key not in folders:
                if parts[n - 1] in folders[above]:
                    return info.filename
                folders[key] = {}
                folders[above][parts[n - 1]] = Entry(is_dir=True)
        above = "/".join(parts[:-1])
        if not is_dir:
            if parts[-1] in folders[above]:
                return info.filename
            folders[above][parts[-1]] = _make_entry(info)
    return None


def _make_entry(info: zipfile.ZipInfo) -> Entry:
    method = ENCRYPTED if info.flag_bits & 1 else info.compress_type
    name_size = len(info.orig_filename.encode("utf-8", "surrogateescape"))
    place = (info.header_offset, info.compress_size, name_size, method, info.CRC)
    state = f"{info.file_size} {info.CRC:08x} {info.date_time}"
    return Entry(is_dir=False, size=info.file_size, state=state, place=place)


def _find_method_problem(method: int) -> str:
    if method == ENCRYPTED:
        return "is encrypted. Unpack the zip file with its password, and pass the folder."
    if method not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return (
            f"is packed by another method than deflate ({method}). Unpack the zip file, and pass "
            "the folder."
        )
    return ""


def _find_data(data: bytes) -> int | None:
    """Start of the packed bytes after a header; None if there is no header."""
    if len(data) < HEADER.size or data[:4] != MAGIC:
        return None
    *_, name_size, extra_size = HEADER.unpack_from(data)
    return HEADER.size + int(name_size) + int(extra_size)


class _Archive(io.RawIOBase):
    """Zip file as `zipfile` reads its directory, of which only so much is read."""

    def __init__(self, path: AnyPath, size: int) -> None:
        self._path, self._size, self._at = path, size, 0
        self._left = MOST_DIRECTORY_BYTES + TAIL_BYTES
        self._tail_start = max(size - TAIL_BYTES, 0)
        self._tail = read_range(path, self._tail_start, size) if size else b""

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Position."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position, which must not be before the start."""
        self._at = (0, self._at, self._size)[whence] + offset
        if self._at < 0:
            raise ValueError("it is cut off")
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """Next bytes."""
        end = self._size if size is None or size < 0 else min(self._at + size, self._size)
        self._left -= max(end - self._at, 0)
        if self._left < 0:
            raise ValueError(f"its directory has more than {MOST_DIRECTORY_BYTES} bytes")
        if self._at >= self._tail_start:
            data = self._tail[self._at - self._tail_start : end - self._tail_start]
        else:
            data = read_range(self._path, self._at, end)
        self._at += len(data)
        return data


def find_zip(path: Path) -> tuple[Path, str] | None:
    """Zip file that a local path names or leads through, and the rest of the path.

    Parameters
    ----------
    path : Path

    Returns
    -------
    tuple of Path and str, or None

    Examples
    --------
    >>> find_zip(Path("no such file.zip")) is None
    True
    """
    for place in (path, *path.parents):
        if place.name.lower().endswith(".zip") and place.is_file():
            return place, path.relative_to(place).as_posix().removeprefix(".")
    return None
