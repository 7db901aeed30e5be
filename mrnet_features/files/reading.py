"""Read files that may be hostile: bounded, regular files only, with errors that name the file."""

from __future__ import annotations

import contextlib
import json
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from mrnet_features.files.stored_paths import AnyPath, StoredPath
from mrnet_features.messages import describe_cause, quote

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
