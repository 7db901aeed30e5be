"""Files behind URLs, such as ``s3://``, by fsspec: listed, read in one request each, retried."""

from __future__ import annotations

import errno
import importlib
import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any, TypeVar

from mrnet_features.files.stored_paths import Entry, Store
from mrnet_features.messages import LONGEST_CAUSE, describe_cause, escape_controls

__all__ = ["UrlStore", "split_url"]

logger = logging.getLogger("mrnet_features")

T = TypeVar("T")

SCHEME = re.compile(r"(?:[a-z][a-z0-9+.-]*::)*([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
"""Start of a URL. Those with ``::``, such as ``simplecache::s3://``, are refused."""

FIRST_WAIT, LONGEST_WAIT, MOST_SECONDS = 1.0, 15.0, 60.0
"""Seconds before the second try, between two tries, and from the first failure to the last try."""

FINAL = (
    *(FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError, FileExistsError),
    *(ValueError, TypeError, LookupError, AttributeError, ImportError, NotImplementedError),
    MemoryError,
)
"""Errors that a retry would not fix: they are about the file, the options or this program."""

GARBLED = (json.JSONDecodeError, UnicodeDecodeError)
"""Errors of an answer that is not the store's, such as the page of a proxy; they are retried."""

NO_ACCESS = {
    *("NoCredentialsError", "PartialCredentialsError", "ProfileNotFound", "NoRegionError"),
    *("TokenRetrievalError", "UnauthorizedSSOTokenError", "SSOTokenLoadError"),
    *("DefaultCredentialsError", "ClientAuthenticationError"),
}
"""Errors of the packages of Amazon, Google and Microsoft when credentials are missing or wrong."""

NO_ACCESS_CODES = {"TokenRefreshRequired", "InvalidToken", "400"}
"""Codes of S3 for wrong tokens; it answers 400 alone where it has no room for a code."""

PASSING_CODES = {"BadDigest", "IncompleteBody"}
"""Codes of S3 for what was damaged on its way."""

STATUSES = {401: PermissionError, 403: PermissionError, 404: FileNotFoundError}
"""Errors of answers of web servers, and of Google's, that a retry would not fix."""

WITH_CONTAINER = ("abfs://", "abfss://", "wasb://", "wasbs://")
"""Schemes of URLs such as ``abfs://container@account``, which names no user."""

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
        user = host.rpartition("@")[0]
        is_container = self.scheme in WITH_CONTAINER and ":" not in user
        bare = key if is_container else f"{host.rpartition('@')[2]}{slash}{rest}"
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
        data = self._read_once(key, start, end, size)
        if size is not None and len(data) != min(stop, size) - start:
            size = self.find(key).size or 0
            data = self._read_once(key, start, min(stop, size), size)
        return data[: stop - start]

    def _read_once(self, key: str, start: int, end: int, size: int | None) -> bytes:
        """Bytes of a file of some size, in one request."""
        if end <= start:
            return b""
        data = self._ask(key, lambda system, path: system.cat_file(path, start=start, end=end))
        is_part = start > 0 or size is None or end < size
        if is_part and len(data) > end - start:  # each part would cost the whole file
            raise ValueError(
                f"The server of '{self.show(key)}' must answer range requests, got {len(data)} "
                f"bytes for a part of {end - start}. Copy the file to this computer."
            )
        return bytes(data[: end - start])

    def _ask(self, key: str, ask: Callable[[Any, str], T]) -> T:
        """What a call of the file system returns; errors of a network or server are retried."""
        wait, first_failure = FIRST_WAIT, None
        while True:
            try:
                return ask(*self._connect(key))
            except Exception as caught:  # noqa: BLE001 (each file system has its own kinds)
                error = self._find_fault(caught)
                if isinstance(error, FINAL) and not isinstance(error, GARBLED):
                    # not the error itself: its text can hold a password, and its class options
                    raise self._explain(error, key) from None
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

    def _find_fault(self, error: Exception) -> Exception:
        """Error of a server; fsspec turns any of a web server to a file that does not exist."""
        is_hidden = "http" in self.scheme and isinstance(error, FileNotFoundError)
        return error.__cause__ if is_hidden and isinstance(error.__cause__, Exception) else error

    def _explain(self, error: Exception, key: str) -> Exception:
        """Error that names the URL, and holds no option; of the same kind if it is of the file."""
        shown, cause = self.show(key), self._describe(error)
        if isinstance(error, FileNotFoundError):
            return FileNotFoundError(f"There is no file or folder '{shown}'.")
        if isinstance(error, PermissionError):
            # other files would be refused, too: no fault of an exam, which could be skipped
            return ConnectionError(
                f"The store of '{shown}' refuses access ({cause}). Check the credentials."
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
        If it is a chain of URLs.

    Examples
    --------
    >>> split_url("s3://bucket/MRNet-v1.0/"), split_url("MRNet-v1.0")
    (('s3://', 'bucket/MRNet-v1.0'), None)
    """
    begun = SCHEME.match(url)
    if begun is None:
        return None
    scheme, key = url[: begun.end()].lower(), url[begun.end() :].rstrip("/")
    if "::" in scheme:
        raise ValueError(
            f"{scheme} must be {begun[1].lower()}:// alone: a cache gives bytes of a copy that is "
            "never checked, but the states of files come from the store."
        )
    if "::" in key:
        raise ValueError(
            f"{scheme} must be followed by one place, got another URL behind '::'. Pass the URL of "
            "a zip file as it is, such as 's3://bucket/MRNet-v1.0.zip'."
        )
    return scheme, key


def _find_final_kind(error: Exception) -> type[Exception] | None:
    """Kind of an error of a file system's own that a retry would not fix, or None."""
    is_expired = type(error).__name__ == "RefreshError" and not getattr(error, "retryable", False)
    if is_expired or type(error).__name__ in NO_ACCESS or str(error).startswith("Forbidden: "):
        return PermissionError
    answer = getattr(error.__cause__, "response", None)  # of botocore
    code = answer.get("Error", {}).get("Code") if isinstance(answer, Mapping) else None
    if code in NO_ACCESS_CODES:
        return PermissionError
    if code in PASSING_CODES:
        return None
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
