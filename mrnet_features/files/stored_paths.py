"""Paths of files that are not on a local disk: in a zip file, or in a store behind a URL."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple, Protocol, TypeAlias

__all__ = ["AnyPath", "Entry", "Given", "Store", "StoredPath", "read_range"]

RECENT_SECONDS = 60.0
"""Age from which a folder is listed again before the state of its files is told."""


class Entry(NamedTuple):
    """What a store says of one file or folder.

    Attributes
    ----------
    is_dir : bool
    size : int or None
        Bytes; None if the store does not say.
    state : str
        Size, and checksum, version or time as the store has them; empty if it has none of these.
    place : tuple of int
        Where the bytes of the file lie, in the store's own terms.
    """

    is_dir: bool
    size: int | None = None
    state: str = ""
    place: tuple[int, ...] = ()


class Store(ABC):
    """Files by key, a text of names with slashes between them.

    Attributes
    ----------
    is_remote : bool
        Whether each call takes a request over a network.
    """

    is_remote: bool

    @abstractmethod
    def show(self, key: str) -> str:
        """Path of a key for messages; it holds no credentials and no control characters."""

    def strip(self, key: str) -> str:
        """Key without credentials."""
        return key

    @abstractmethod
    def list_folder(self, key: str) -> dict[str, Entry]:
        """Entries of a folder by name; FileNotFoundError or NotADirectoryError if it is none."""

    @abstractmethod
    def check(self) -> None:
        """Raise an OSError if the files are no longer those that were listed."""

    @abstractmethod
    def find(self, key: str) -> Entry:
        """Entry of a file or folder, or FileNotFoundError."""

    @abstractmethod
    def read(self, key: str, entry: Entry, start: int, stop: int) -> bytes:
        """Bytes of a file from `start`, and at most to `stop`."""


class _Folder:
    """Entries of one folder. It is listed when that is first needed, and shared by its files."""

    def __init__(self, store: Store, key: str) -> None:
        self._store, self._key = store, key
        self._entries: dict[str, Entry] = {}
        self._listed_at = -1.0
        self._below: dict[str, _Folder] = {}

    def list_entries(self, *, is_recent: bool = False) -> dict[str, Entry]:
        """Entries by name; with `is_recent` not from an old listing."""
        is_old = monotonic() - self._listed_at > RECENT_SECONDS
        if self._listed_at < 0 or (is_recent and is_old and self._store.is_remote):
            self._entries = self._store.list_folder(self._key)
            self._listed_at = monotonic()
        return self._entries

    def go_down(self, name: str) -> _Folder:
        """Folder of a name in this one."""
        if name not in self._below:
            self._below[name] = _Folder(self._store, _join(self._key, name))
        return self._below[name]


class StoredPath:
    """A file or folder in a store, with the methods of `pathlib.Path` that reading needs.

    Paths that are made from one another by ``/`` share the listings of their folders. A path that
    was sent to another process takes along what its listing said of it.

    Parameters
    ----------
    store : Store
    key : str
    """

    __slots__ = ("_above", "_entry", "_here", "key", "store")

    def __init__(
        self,
        store: Store,
        key: str,
        *,
        entry: Entry | None = None,
        above: _Folder | None = None,
    ) -> None:
        self.store, self.key = store, key
        self._entry, self._above = entry, above
        self._here: _Folder | None = None  # made when it is needed: most paths are of files

    @property
    def is_remote(self) -> bool:
        """Whether reading takes a request over a network."""
        return self.store.is_remote

    @property
    def name(self) -> str:
        """Last name of the path."""
        return self.store.strip(self.key).rpartition("/")[2] or str(self).rpartition("/")[2]

    @property
    def suffix(self) -> str:
        """End of the name from its last full stop, such as ".npy"."""
        stem, dot, end = self.name.rpartition(".")
        return f"{dot}{end}" if stem and end else ""

    @property
    def parents(self) -> tuple[StoredPath, ...]:
        """Folders above, the nearest one first; that of the whole store is not among them."""
        names = self.key.rstrip("/").split("/")
        keys = ("/".join(names[:n]) for n in range(len(names) - 1, 0, -1))
        return tuple(StoredPath(self.store, key) for key in keys if key)

    @property
    def parent(self) -> StoredPath:
        """Folder above, or the path itself if there is none."""
        return next(iter(self.parents), self)

    def __truediv__(self, name: str) -> StoredPath:
        path = self
        for part in filter(None, name.split("/")):
            path = StoredPath(path.store, _join(path.key, part), above=path._find_folder())
        return path

    def with_name(self, name: str) -> StoredPath:
        """Path in the same folder with another name."""
        return StoredPath(self.store, _join(self.key.rpartition("/")[0], name), above=self._above)

    def absolute(self) -> StoredPath:
        """The path itself."""
        return self

    def find(self, *, is_recent: bool = False) -> Entry:
        """What the store says of the path, from the listing of its folder if it has one.

        Parameters
        ----------
        is_recent : bool, default False
            Ask a remote store again if its listing is older than a minute.

        Returns
        -------
        Entry

        Raises
        ------
        FileNotFoundError
            If there is no such file or folder.
        OSError
            If the store can't be read.
        """
        if self._above is None:
            if self._entry is None or (is_recent and self.is_remote):
                self._entry = self.store.find(self.key)
            return self._entry
        entry = self._above.list_entries(is_recent=is_recent).get(self.key.rpartition("/")[2])
        if entry is None:
            raise FileNotFoundError(f"There is no file '{self}'.")
        return entry

    def exists(self) -> bool:
        """Whether there is such a file or folder."""
        return self.is_file() or self.is_dir()

    def is_file(self) -> bool:
        """Whether it is a file."""
        try:
            return not self.find().is_dir
        except (FileNotFoundError, NotADirectoryError):
            return False

    def is_dir(self) -> bool:
        """Whether it is a folder."""
        try:
            is_unasked = self._above is None and self._entry is None
            # the listing is of use for the files, too; of a file behind https:// it is empty
            if is_unasked and self._find_folder().list_entries():
                return True
            return self.find().is_dir
        except (FileNotFoundError, NotADirectoryError):
            return False

    def iterdir(self) -> Iterator[StoredPath]:
        """Yield the files and folders in a folder."""
        for name in self._find_folder().list_entries():
            yield self / name

    def state(self) -> str:
        """Text that changes when the file changes; no file is read.

        Returns
        -------
        str

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        OSError
            If the store has neither a checksum, a version nor a time of the file.
        """
        self.store.check()
        state = self.find(is_recent=True).state or self.store.find(self.key).state
        if not state:
            raise OSError(f"The store of '{self}' does not tell whether the file has changed.")
        return state

    def read(self, start: int, stop: int) -> bytes:
        """Bytes from `start`, and at most to `stop`.

        Parameters
        ----------
        start, stop : int

        Returns
        -------
        bytes

        Raises
        ------
        IsADirectoryError
            If it is a folder.
        OSError, ValueError
            If the file can't be read, or is damaged.
        """
        entry = self.find()
        if entry.is_dir:
            raise IsADirectoryError(f"'{self}' must be a file, got a folder.")
        return self.store.read(self.key, entry, start, stop)

    def _find_folder(self) -> _Folder:
        """Listing of the path as a folder."""
        if self._here is None:
            last = self.key.rpartition("/")[2]
            own = _Folder(self.store, self.key)
            self._here = own if self._above is None else self._above.go_down(last)
        return self._here

    def __str__(self) -> str:
        return self.store.show(self.key)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, StoredPath):
            return NotImplemented
        return self.key == other.key and self.store == other.store

    def __hash__(self) -> int:
        return hash((self.store, self.key))

    def __lt__(self, other: StoredPath) -> bool:
        return self.key.split("/") < other.key.split("/")

    def __reduce__(self) -> tuple[Any, ...]:
        entry = self._entry
        if self._above is not None:
            try:
                entry = self.find()
            except (FileNotFoundError, NotADirectoryError):
                entry = None
        return _restore, (self.store, self.key, entry)


AnyPath: TypeAlias = Path | StoredPath
"""Path of a local file, or of one in a store."""


class UrlPath(Protocol):
    """A path of universal_pathlib (UPath)."""

    @property
    def protocol(self) -> str:
        """Scheme, such as "s3"."""

    @property
    def storage_options(self) -> Mapping[str, Any]:
        """Options of the file system, such as credentials."""


Given: TypeAlias = str | Path | StoredPath | UrlPath
"""Path as a caller may pass it."""


def read_range(path: AnyPath, start: int, stop: int) -> bytes:
    """Bytes of a local or stored file.

    Parameters
    ----------
    path : Path or StoredPath
        A local one must be a regular file.
    start, stop : int

    Returns
    -------
    bytes
        Fewer if the file ends before.

    Raises
    ------
    OSError, ValueError
        If the file can't be read.
    """
    if isinstance(path, StoredPath):
        return path.read(start, stop)
    with path.open("rb") as file:
        file.seek(start)
        return file.read(stop - start)


def _restore(store: Store, key: str, entry: Entry | None) -> StoredPath:
    """Path from another process."""
    return StoredPath(store, key, entry=entry)


def _join(key: str, name: str) -> str:
    return f"{key}/{name}" if key else name
