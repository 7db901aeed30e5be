"""Files behind URLs, such as ``s3://``, by fsspec: listed, read in one request each, retried."""

from __future__ import annotations

import errno
import importlib
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any, TypeVar

from mrnet_features.messages import LONGEST_CAUSE, describe_cause, escape_controls
from mrnet_features.stored_paths import Entry, Store

__all__ = ["UrlStore", "split_url"]

logger = logging.getLogger("mrnet_features")

T = TypeVar("T")

SCHEME = re.compile(r"(?:[a-z][a-z0-9+.-]*::)*([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
"""Start of a URL. ``simplecache::s3://`` keeps what it has read on a local disk."""

FIRST_WAIT, LONGEST_WAIT, MOST_SECONDS = 1.0, 15.0, 60.0
"""Seconds before the second try, between two tries, and from the first failure to the last try."""

FINAL = (
    *(FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError, FileExistsError),
    *(ValueError, TypeError, LookupError, AttributeError, ImportError, NotImplementedError),
    MemoryError,
)
"""Errors that another try would not mend: they are about the file, the options or this program."""

NO_ACCESS = {"NoCredentialsError", "PartialCredentialsError", "ProfileNotFound", "NoRegionError"}
"""Errors of botocore that another try would not mend either."""

STATUSES = {401: PermissionError, 403: PermissionError, 404: FileNotFoundError}
"""Errors of answers of web servers, and of Google's, that another try would not mend."""

PASSING_STATUSES = {408, 425, 429}
"""Other statuses from 400 to 499 are final, too."""

MARKS = (
    *("ETag", "etag", "generation", "metageneration", "VersionId", "version_id", "checksum"),
    *("crc32c", "md5Hash", "content_md5", "Content-MD5", "Digest", "sha", "LastModified"),
    *("last_modified", "Last-Modified", "updated", "mtime", "modified", "created"),
    *("modify", "blob_id", "oid"),
)
"""What file systems call the checksum, the version and the times of a file."""


@dataclass(frozen=True, repr=False)
class UrlStore(Store):
    """The store of a URL.

    Parameters
    ----------
    scheme : str
        Start of the URL up to its two slashes, such as "s3://".
    options : mapping, optional
        Storage options of fsspec. They may hold credentials: they are sent to worker processes and
        shown nowhere.
    """

    scheme: str
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    is_remote: bool = field(default=True, init=False)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.scheme!r})"

    def show(self, key: str) -> str:
        """URL without user, password and query."""
        return escape_controls(self.scheme + self.strip(key))

    def strip(self, key: str) -> str:
        """Key without user, password and query."""
        host, slash, rest = key.partition("/")
        bare = f"{host.rpartition('@')[2]}{slash}{rest}"
        return bare.partition("?")[0] if "http" in self.scheme else bare

    def list_folder(self, key: str) -> dict[str, Entry]:
        """Entries of a folder by name, in one listing."""

        def ask(system: Any, path: str) -> Any:
            system.invalidate_cache(path)  # an older listing may lack changes
            return path.rstrip("/"), system.ls(path, detail=True)

        here, found = self._ask(key, ask)
        entries: dict[str, Entry] = {}
        for info in found:
            path = str(info["name"]).rstrip("/")
            if path == here and info["type"] != "directory" and len(found) == 1:
                raise NotADirectoryError(f"'{self.show(key)}' must be a folder, got a file.")
            name = path.rpartition("/")[2]
            if path != here and name not in ("", ".", ".."):
                entries[name] = _make_entry(info)
        return entries

    def check(self) -> None:
        """Do nothing: listings are asked for again when they are old."""

    def find(self, key: str) -> Entry:
        """Entry of a file or folder, in one or two requests."""

        def ask(system: Any, path: str) -> Any:
            system.invalidate_cache(path)
            return system.info(path)

        return _make_entry(self._ask(key, ask))

    def read(self, key: str, entry: Entry, start: int, stop: int) -> bytes:
        """Bytes of a file, in one request; in three if the file has another size by now."""
        size = entry.size
        if size is not None and start >= size:
            return b""
        # one byte more than there should be shows that a file has grown
        end = stop if size is None else min(stop, size + 1)
        data = self._read_once(key, start, end)
        if size is not None and len(data) != min(stop, size) - start:
            data = self._read_once(key, start, min(stop, self.find(key).size or 0))
        return data[: stop - start]

    def _read_once(self, key: str, start: int, end: int) -> bytes:
        if end <= start:
            return b""
        data = self._ask(key, lambda system, path: system.cat_file(path, start=start, end=end))
        # web servers may send the whole file in place of a part
        return bytes(data[start:end] if len(data) > end - start else data)

    def _ask(self, key: str, ask: Callable[[Any, str], T]) -> T:
        """What a call of the file system returns; errors of a network or server are retried."""
        wait, first_failure = FIRST_WAIT, None
        while True:
            try:
                return ask(*self._connect(key))
            except FINAL as error:
                # not the error itself: its text can hold a password, and its class options
                raise self._explain(error, key) from None
            except Exception as error:  # noqa: BLE001 (each file system has its own kinds)
                cause, kind = self._describe(error), _find_final_kind(error)
                if kind is not None:
                    raise self._explain(kind(cause), key) from None
                now = monotonic()
                if first_failure is None:
                    first_failure = now
                    said = "'%s' can't be reached (%s); trying again for up to %.0f seconds."
                    logger.warning(said, self.show(key), cause, MOST_SECONDS)
                elif now - first_failure >= MOST_SECONDS:
                    raise ConnectionError(
                        f"'{self.show(key)}' can't be reached ({cause}). Check the connection and "
                        "run it again."
                    ) from None
            sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT)

    def _connect(self, key: str) -> tuple[Any, str]:
        """File system of fsspec, which keeps one for each process, and its path of a key."""
        try:
            core = importlib.import_module("fsspec.core")
        except ModuleNotFoundError:
            raise ModuleNotFoundError(
                f"'{self.show(key)}' needs fsspec: pip install 'mrnet-features[remote]'."
            ) from None
        try:
            system, path = core.url_to_fs(self.scheme + key, **self.options)
        except ImportError as error:
            raise ModuleNotFoundError(
                f"'{self.show(key)}' needs another package ({describe_cause(error)}): "
                "pip install 'mrnet-features[remote]' brings those of s3:// and gs://."
            ) from None
        return system, path

    def _explain(self, error: Exception, key: str) -> Exception:
        """Error of the same kind that names the URL, and holds no option."""
        shown, cause = self.show(key), self._describe(error)
        if isinstance(error, FileNotFoundError):
            return FileNotFoundError(f"There is no file or folder '{shown}'.")
        if isinstance(error, PermissionError):
            return PermissionError(
                f"'{shown}' may not be read ({cause}). Check the credentials and their rights."
            )
        if isinstance(error, OSError):
            return type(error)(f"'{shown}' can't be read ({cause}).")
        if isinstance(error, ModuleNotFoundError | MemoryError):
            return error
        return ValueError(
            f"'{shown}' can't be read ({cause}). Check the URL and its storage options."
        )

    def _describe(self, error: Exception) -> str:
        """Text of an error without values of options, user, password and query."""
        text = describe_cause(error, 10 * LONGEST_CAUSE)
        for value in sorted(_list_values(self.options), key=len, reverse=True):
            text = text.replace(value, "...")
        text = re.sub(r"(://)[^/\s'\"@]*@", r"\1...@", text)
        text = re.sub(r"\?[^\s'\",)]*", "?...", text)
        return text if len(text) <= LONGEST_CAUSE else f"{text[:LONGEST_CAUSE]} ..."


def split_url(url: str) -> tuple[str, str] | None:
    """Scheme and key of a URL, or None of any other text.

    Parameters
    ----------
    url : str

    Returns
    -------
    tuple of 2 str, or None

    Raises
    ------
    ValueError
        If it is a chain of URLs that has no single folder.

    Examples
    --------
    >>> split_url("s3://bucket/MRNet-v1.0/"), split_url("MRNet-v1.0")
    (('s3://', 'bucket/MRNet-v1.0'), None)
    """
    begun = SCHEME.match(url)
    if begun is None:
        return None
    scheme, key = url[: begun.end()].lower(), url[begun.end() :].rstrip("/")
    if "::" in key:
        raise ValueError(
            f"{scheme} must be followed by one place, got another URL behind '::'. Pass the URL of "
            "a zip file as it is, such as 's3://bucket/MRNet-v1.0.zip'."
        )
    return scheme, key


def _find_final_kind(error: Exception) -> type[Exception] | None:
    """Kind of an error of a file system's own that another try would not mend, or None."""
    if type(error).__name__ in NO_ACCESS or str(error).startswith("Forbidden: "):
        return PermissionError
    if isinstance(error, OSError) and error.errno == errno.EINVAL:
        return ValueError
    status = getattr(error, "status", None) or getattr(error, "code", None)
    if isinstance(status, int) and 400 <= status < 500 and status not in PASSING_STATUSES:
        return STATUSES.get(status, ValueError)
    return None


def _make_entry(info: Mapping[str, Any]) -> Entry:
    """Entry of what fsspec says of a file or folder."""
    is_dir = info["type"] == "directory"
    size = info.get("size")
    marks = [f"{name}={info[name]}" for name in MARKS if info.get(name) not in (None, "")]
    state = " ".join([str(size), *marks]) if marks and not is_dir else ""
    return Entry(is_dir, None if size is None or is_dir else int(size), state)


def _list_values(options: Any) -> list[str]:
    """Texts in options that may be secret, at any depth."""
    if isinstance(options, Mapping):
        return [text for value in options.values() for text in _list_values(value)]
    if isinstance(options, list | tuple):
        return [text for value in options for text in _list_values(value)]
    return [options] if isinstance(options, str) and len(options) > 3 else []
