"""Paths as callers pass them: of local files, of files in a zip file, and behind URLs."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

from mrnet_features.files.stored_paths import AnyPath, Given, StoredPath
from mrnet_features.files.url_store import UrlStore, split_url

__all__ = [
    "AnyPath",
    "Given",
    "StoredPath",
    "is_url",
    "require_local",
    "require_local_output",
    "to_path",
]

COLLAPSED = re.compile("[a-z][a-z0-9+.-]+:/[^/]")
"""Start of a URL that was made a `pathlib.Path`, which loses a slash."""


def to_path(given: Given) -> AnyPath:
    """Path of a file or folder, wherever it lies; nothing is read but the directory of a zip file.

    Parameters
    ----------
    given : str, Path or UPath
        A local path; the path of a zip file, which is then taken as a folder, or of a file in it;
        or a URL of a scheme that fsspec knows, such as ``s3://bucket/MRNet-v1.0``. ``file://`` is
        a local path. Storage options, such as credentials, are those of a UPath or of fsspec's
        configuration.

    Returns
    -------
    Path or StoredPath
        A `pathlib.Path` for local files.

    Raises
    ------
    OSError, ValueError
        If a zip file can't be read, or a URL is one of the wrong form.

    Examples
    --------
    >>> to_path("MRNet-v1.0").name, to_path("file:///data/MRNet%20v1.0").name
    ('MRNet-v1.0', 'MRNet v1.0')
    >>> to_path("s3://bucket/MRNet-v1.0") / "train"
    StoredPath('s3://bucket/MRNet-v1.0/train')
    """
    if isinstance(given, StoredPath):
        return given
    if isinstance(given, Path):
        return _to_local(Path(given))
    options = getattr(given, "storage_options", {})
    url = str(given)
    parts = split_url(url)
    if parts is None:
        return _to_local(Path(url))
    scheme, key = parts
    if scheme in ("file://", "local://"):
        return _to_local(Path(unquote(key.removeprefix("localhost")) or "/"))
    path = StoredPath(UrlStore(scheme, dict(options)), key)
    return _enter_zip(path)


def is_url(given: str | Path) -> bool:
    """Whether a path is a URL, even if it was made a `pathlib.Path`.

    Parameters
    ----------
    given : str or Path

    Returns
    -------
    bool

    Examples
    --------
    >>> is_url("s3://bucket/a.parquet"), is_url(Path("s3://bucket/a.parquet")), is_url("a:/b")
    (True, True, False)
    """
    text = str(given)
    return split_url(text) is not None or bool(COLLAPSED.match(text))


def require_local(given: Given, what: str) -> Path:
    """Local path, or an error for others.

    Parameters
    ----------
    given : str, Path or UPath
    what : str
        What is read from there, for the message.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        If it is a URL or a zip file.

    Examples
    --------
    >>> require_local("s3://bucket/cd", "A DICOM study")
    Traceback (most recent call last):
    ValueError: A DICOM study is read from a folder on this computer, got 's3://bucket/cd'. Copy ...
    """
    path = to_path(given)
    if isinstance(path, Path):
        return path
    raise ValueError(
        f"{what} is read from a folder on this computer, got '{path}'. Copy or unpack it first."
    )


def require_local_output(path: str | Path) -> None:
    """Raise an error if an output is a URL.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    ValueError

    Examples
    --------
    >>> require_local_output("s3://bucket/train.parquet")
    Traceback (most recent call last):
    ValueError: 's3://bucket/train.parquet' must be a path on this computer: results are written ...
    """
    if is_url(path):
        shown = re.sub(":/+", "://", str(path), count=1)
        raise ValueError(
            f"'{shown}' must be a path on this computer: results are written here. Copy them to "
            "their place afterwards."
        )


def _to_local(path: Path) -> AnyPath:
    """Local path; that of a zip file, or in one, is a stored one."""
    text = str(path)
    if ":/" in text and COLLAPSED.match(text) and not path.exists():
        raise ValueError(f"The URL '{path}' must be passed as text, got a pathlib.Path.")
    if ".zip" not in text.lower():
        return path
    from mrnet_features.files.zip_store import find_zip, open_zip

    found = find_zip(path)
    return path if found is None else open_zip(found[0].absolute()) / found[1]


def _enter_zip(path: StoredPath) -> StoredPath:
    """Content of a zip file behind a URL, or in it; other paths as they are."""
    if ".zip" not in path.key.lower():
        return path
    from mrnet_features.files.zip_store import open_zip

    for place in reversed((path, *path.parents)):
        if place.name.lower().endswith(".zip") and place.is_file():
            return open_zip(place) / path.key.removeprefix(place.key)
    return path
