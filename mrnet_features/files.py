"""Read files that may be hostile; write files so that a crash leaves the old or the new one."""

from __future__ import annotations

import contextlib
import errno
import glob
import json
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from mrnet_features.messages import describe_cause, quote
from mrnet_features.stored_paths import AnyPath, StoredPath

__all__ = [
    "explain_errors",
    "explain_write_errors",
    "open_file",
    "read_json",
    "read_text",
    "remove_partials",
    "replace_file",
    "require_writable",
    "write_text",
    "write_texts",
]

MOST_BYTES = 128 * 2**20
"""Largest text file that is read as a whole: a table of some thousand exams and features."""

MOST_JSON_BYTES = 16 * 2**20
"""Largest JSON file that is read."""

MARKS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
    b"\xef\xbb\xbf": "utf-8-sig",
}
"""Encoding by byte order mark, longer marks first."""

PARTIAL = ".partial"
"""End of the name of a temporary file."""


def open_file(path: str | Path) -> BinaryIO:
    """Open a regular file for reading; anything else is refused before it is opened.

    Opening a pipe waits for a writer, and reading a device may never end.

    Parameters
    ----------
    path : path

    Returns
    -------
    BinaryIO

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    IsADirectoryError
        If it is a folder.
    OSError
        If it is a pipe, a socket or a device, or may not be read.
    """
    file = Path(path)
    try:
        mode = file.stat().st_mode
    except FileNotFoundError:
        raise FileNotFoundError(f"There is no file '{file}'.") from None
    except (OSError, ValueError) as error:  # a name too long, a null character, no permission
        raise OSError(f"{quote(str(file))} can't be opened ({error}).") from error
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(f"'{file}' must be a file, got a folder.")
    if not stat.S_ISREG(mode):
        raise OSError(f"'{file}' must be a regular file, got a pipe, socket or device.")
    return file.open("rb")


@contextlib.contextmanager
def explain_errors(path: str | AnyPath, kind: str, advice: str) -> Iterator[None]:
    """Raise every error of a block as one ValueError that names the file.

    Put only the call of another library inside: a broken file can raise almost anything there.

    Parameters
    ----------
    path : path
        File that is read.
    kind : str
        What it is read as, such as "JSON".
    advice : str
        What to do: a sentence.

    Raises
    ------
    ValueError
        If the block raises anything but an error of the operating system or a network, which
        names the file itself, or a request to stop.

    Examples
    --------
    >>> with explain_errors("a.json", "JSON", "Copy it again."):
    ...     json.loads("{")
    Traceback (most recent call last):
    ValueError: 'a.json' can't be read as JSON (Expecting property name enclosed in double quotes...
    """
    try:
        yield
    except Exception as error:
        is_of_system = isinstance(error, OSError) and error.errno is not None
        if is_of_system or isinstance(error, ConnectionError):
            raise
        raise ValueError(
            f"'{path}' can't be read as {kind} ({describe_cause(error)}). {advice}"
        ) from error


@contextlib.contextmanager
def explain_write_errors(
    path: str | Path, describe_kept: Callable[[], str] = str
) -> Iterator[None]:
    """Say what to do in errors of the operating system from a block that writes.

    Parameters
    ----------
    path : path
        Output that the block writes.
    describe_kept : callable, optional
        Returns what the next run need not do again, as the end of a sentence, or an empty text.

    Examples
    --------
    >>> with explain_write_errors("model"):
    ...     raise OSError(errno.ENOSPC, "No space left on device", "model/.a.txt.partial")
    Traceback (most recent call last):
    OSError: 'model' can't be written (No space left on device). Free some space and run it again.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        advice = {
            errno.ENOSPC: "Free some space",
            errno.EDQUOT: "Free some space",
            errno.ENOENT: "Leave its folder in place",
        }.get(error.errno, "Make its folder writable, or choose another place,")
        kept = describe_kept()
        raise type(error)(
            f"'{path}' can't be written ({os.strerror(error.errno)}). {advice} and run it again"
            f"{'; ' * bool(kept)}{kept}."
        ) from error


def read_text(path: str | AnyPath, *, most_bytes: int = MOST_BYTES) -> str:
    r"""Text of a file in UTF-8, or in UTF-16 or UTF-32 with a byte order mark.

    Parameters
    ----------
    path : path
    most_bytes : int, default 128 MiB
        Larger files are refused.

    Returns
    -------
    str
        Without the byte order mark; line ends are ``\n``.

    Raises
    ------
    OSError
        As `open_file`.
    ValueError
        If the file is too large or not such text; the message names the file and the line.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp(), "a.csv")
    >>> _ = file.write_bytes("0042,1\r\n".encode("utf-16"))
    >>> read_text(file)
    '0042,1\n'
    """
    if isinstance(path, StoredPath):
        data = path.read(0, most_bytes + 1)
    else:
        with open_file(path) as file:
            data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise ValueError(
            f"'{path}' must be a text file of at most {most_bytes // 2**20} MiB, got more. Check "
            "that it is the right file."
        )
    encoding = next((code for mark, code in MARKS.items() if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode(encoding, errors="replace")
        line = len(re.findall(r"\r\n|\r|\n", before)) + 1
        raise ValueError(
            f"'{path}' must be text in {encoding.removesuffix('-sig').upper()}, got other bytes in "
            f"line {line}. Save it again as text or CSV in UTF-8."
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise ValueError(
            f"'{path}' must be text in UTF-8, got a null character in line {line}. It is not a "
            "text file, or is UTF-16 without a byte order mark. Save it again in UTF-8."
        )
    # a second mark is left by programs that join files or convert twice
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def read_json(path: str | AnyPath, advice: str, *, most_bytes: int = MOST_JSON_BYTES) -> Any:
    """Value of a JSON file.

    Parameters
    ----------
    path : path
    advice : str
        What to do about a broken file: a sentence.
    most_bytes : int, default 16 MiB
        Larger files are refused: in memory, JSON can take 25 times its size.

    Returns
    -------
    dict, list, str, int, float, bool or None

    Raises
    ------
    OSError, ValueError
        As `read_text`; or if it is not JSON.
    """
    text = read_text(path, most_bytes=most_bytes)
    with explain_errors(path, "JSON", advice):
        return json.loads(text)


@contextlib.contextmanager
def replace_file(path: str | Path) -> Iterator[Path]:
    """Temporary path that replaces `path` when the block ends without an error.

    Parameters
    ----------
    path : path
        File to write. The old file stays until the new one is complete and on disk. A symbolic
        link is kept, and its target is replaced.

    Yields
    ------
    Path
        Temporary file in the same folder; it does not exist yet. If the block raises an error,
        it is removed.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp(), "a.bin")
    >>> with replace_file(file) as partial:
    ...     _ = partial.write_bytes(b"one")
    >>> [path.name for path in file.parent.iterdir()]
    ['a.bin']
    """
    target = Path(path).resolve()
    partial = _partial_path(target)
    try:
        with _name_in_errors(path):
            yield partial
            _move(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def remove_partials(folder: str | Path, name: str | None = None) -> None:
    """Remove temporary files that killed runs left in a folder.

    Parameters
    ----------
    folder : path
        Hold the lock of the output: the files of a run in progress have such names, too.
    name : str, optional
        Name of the file that was written. None removes those of all files.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in (".a.csv.4711.partial", "a.csv"):
    ...     (folder / name).touch()
    >>> remove_partials(folder)
    >>> [path.name for path in folder.iterdir()]
    ['a.csv']
    """
    for path in Path(folder).glob(f".{glob.escape(name) if name else '*'}.*.partial"):
        path.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write a text file in UTF-8, atomically.

    Parameters
    ----------
    path : path
        File to write. A pipe or a device, such as ``/dev/stdout``, is written directly.
    text : str
        Written with its own line ends.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp(), "a.txt")
    >>> write_text(file, "one")
    >>> file.read_text()
    'one'
    """
    write_texts({Path(path): text})


def write_texts(texts: Mapping[Path, str]) -> None:
    """Write several text files in UTF-8; no old file is replaced until all new ones are written.

    Parameters
    ----------
    texts : mapping of Path to str
        Text by file; the files are replaced in this order.

    Raises
    ------
    OSError
        If a file can't be written; all old files are kept.
    """
    partials: dict[Path, Path] = {}
    try:
        for path, text in texts.items():
            if path.exists() and not path.is_file():
                with _name_in_errors(path):
                    path.write_text(text, encoding="utf-8", newline="\n")
                continue
            target = path.resolve()
            partials[target] = _partial_path(target)
            with _name_in_errors(path):
                partials[target].write_text(text, encoding="utf-8", newline="\n")
        for target, partial in partials.items():
            with _name_in_errors(target):
                _move(partial, target)
    finally:
        for partial in partials.values():
            partial.unlink(missing_ok=True)


def require_writable(path: str | Path) -> None:
    """Raise unless `replace_file` can write a file; nothing is changed or left behind.

    Parameters
    ----------
    path : path

    Raises
    ------
    OSError
        If the folder does not exist or is read-only, or the name is too long.
    """
    partial = _partial_path(Path(path).resolve())
    with _name_in_errors(path):
        partial.touch()
    partial.unlink(missing_ok=True)


@contextlib.contextmanager
def _name_in_errors(path: str | Path) -> Iterator[None]:
    """Name a file in errors of the operating system that lack it or name the temporary one."""
    try:
        yield
    except OSError as error:
        named = error.filename is not None and not str(error.filename).endswith(PARTIAL)
        if named or error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def _partial_path(target: Path) -> Path:
    """Hidden path in the folder of `target` that no other process uses."""
    return target.with_name(f".{target.name}.{os.getpid()}{PARTIAL}")


def _move(partial: Path, target: Path) -> None:
    """Rename a file after its bytes are on disk; without this, a crash could leave it empty."""
    with partial.open("rb+") as file:
        os.fsync(file.fileno())
    partial.replace(target)
    if hasattr(os, "O_DIRECTORY"):  # not on Windows: write the new name to disk too
        # some network drives refuse this; the file itself is complete by now
        with contextlib.suppress(OSError):
            folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
