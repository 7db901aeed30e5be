"""Text on a terminal: control characters are escaped, messages are bounded."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shlex
import sys
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from mrnet_features.messages import escape_controls, quote

if TYPE_CHECKING:
    from mrnet_features.files.stored_paths import AnyPath

MOST_LINES = 30
"""Most lines of one message."""

MOST_CHARACTERS = 3000
"""Most characters of one message; results on standard output are never cut."""


def shorten(message: str) -> str:
    r"""Message without its middle if it is long: the start says what, the end says what to do.

    Parameters
    ----------
    message : str

    Returns
    -------
    str
        At most `MOST_LINES` lines and about `MOST_CHARACTERS` characters, with the number left out.

    Examples
    --------
    >>> shorten("\n".join("abc")), len(shorten("x" * 10**6)) < 1.1 * MOST_CHARACTERS
    ('a\nb\nc', True)
    """
    lines = message.split("\n")
    if len(lines) > MOST_LINES:
        start, end = lines[: MOST_LINES - 5], lines[-4:]
        left_out = f"... ({len(lines) - MOST_LINES + 1:,} lines left out)"
        message = "\n".join([*start, left_out, *end])
    over = len(message) - MOST_CHARACTERS
    if over <= 0:
        return message
    n_end = MOST_CHARACTERS // 4
    return (
        f"{message[: MOST_CHARACTERS - n_end]} ... ({over:,} characters left out) ... "
        f"{message[-n_end:]}"
    )


def print_message(message: str) -> None:
    """Print a message to standard error, if it is not empty; standard output holds results only."""
    if message:
        print(escape_controls(shorten(message)), file=sys.stderr)


def print_next(command: str, *, quiet: bool) -> None:
    """Print on standard error what to type next.

    Parameters
    ----------
    command : str
        Command line without the name of the program.
    quiet : bool
        Print nothing.
    """
    if not quiet:
        print_message(f"Next: mrnet-features {command}")


def repeat_options(context: Any, *names: str) -> str:
    """Options that were typed, for another command line that needs them too.

    Parameters
    ----------
    context : typer.Context
        Of the command that runs.
    *names : str
        Its parameters to repeat.

    Returns
    -------
    str
        Begins with a space if any was typed.
    """
    typed = []
    for param in context.command.params:
        source = context.get_parameter_source(param.name)
        if param.name in names and source.name == "COMMANDLINE":
            typed.append(f" {param.opts[0]} {shlex.quote(str(context.params[param.name]))}")
    return "".join(typed)


def quote_path(path: AnyPath) -> str:
    """Path as it is typed in a shell; that of a zip file is relative where it can be."""
    text = str(path)
    if not isinstance(path, Path) and text.startswith("/"):
        text = text.removeprefix(f"{Path.cwd()}/")
    return shlex.quote(text)


def hide_home(typed: str) -> str:
    """Command line without the path of the home folder, which holds a person's name.

    Parameters
    ----------
    typed : str
        As `shlex.join` writes it. Shells put the path in place of ``~`` before a program sees it.

    Returns
    -------
    str
        With ``~`` again.

    Examples
    --------
    >>> home = os.path.expanduser("~")
    >>> print(hide_home(f"cv {home}/a.parquet --out x"))
    cv ~/a.parquet --out x
    """
    home = os.path.expanduser("~").rstrip("/")  # noqa: PTH111 (`Path.home` can fail)
    if not home.startswith("/"):
        return typed
    words = shlex.split(typed)
    return " ".join(
        f"~/{shlex.quote(word.removeprefix(f'{home}/'))}"
        if word.startswith(f"{home}/")
        else shlex.quote(word)
        for word in words
    )


def is_terminal() -> bool:
    """Whether standard output is a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


@contextlib.contextmanager
def send_styles() -> Iterator[TextIO]:
    """Let what is printed keep its escape codes: nothing in it may come from outside."""
    stream: TextIO = getattr(sys.stdout, "stream", sys.stdout)
    with contextlib.redirect_stdout(stream):
        yield stream


def describe_error(error: Exception, command: str, *, has_jobs: bool = True) -> str:
    """Error as a message for the person who typed the command.

    Parameters
    ----------
    error : Exception
    command : str
        The command as it was typed.
    has_jobs : bool, default True
        Whether it has the option ``--jobs``.

    Returns
    -------
    str
        The error's own message if it is a sentence; else what happened and what to do.

    Examples
    --------
    >>> describe_error(ValueError("`seed` must be 0 or more, got -1."), "cv a b")
    '`seed` must be 0 or more, got -1.'
    >>> describe_error(PermissionError(13, "Permission denied", "out.csv"), "cv a b")
    "'out.csv': Permission denied."
    """
    fewer = "use fewer processes with `--jobs`, or " if has_jobs else "or use "
    text = str(error.args[0] if isinstance(error, KeyError) and error.args else error).strip()
    if isinstance(error, MemoryError):
        said = f" ({text.rstrip('.')})" if text else ""
        text = (
            f"`mrnet-features {command}` ran out of memory{said}. Close other programs, {fewer}"
            "a machine with more memory."
        )
    elif isinstance(error, BrokenExecutor):
        text = (
            f"A process of `mrnet-features {command}` was ended from outside, often because "
            f"memory ran out. Close other programs, {fewer}a machine with more memory."
        )
    elif isinstance(error, OSError) and error.strerror:
        names = [quote(str(name)) for name in (error.filename, error.filename2) if name is not None]
        text = f"{' and '.join(names)}{': ' * bool(names)}{error.strerror.rstrip('.')}."
    elif not _is_for_users(error, text):
        said = f"{type(error).__name__}{': ' * bool(text)}{text}".rstrip(".")
        text = (
            f"`mrnet-features {command}` failed with an error that it does not expect: {said}. "
            "A file may be broken; if not, this is a fault of the program. Run it again as "
            "`mrnet-features --traceback ...` to see where it failed, and report that."
        )
    return "\n".join([text, *map(str, getattr(error, "__notes__", []))])


def _is_for_users(error: Exception, text: str) -> bool:
    """Whether a message was written for users: our messages are sentences, with full stops."""
    kinds = (OSError, ImportError, ValueError, TypeError, KeyError, RuntimeError)
    return isinstance(error, kinds) and bool(re.search(r"\w\W*\.(\s|$)", text))


def fit_encoding(text: str, stream: TextIO) -> str:
    """Text whose characters a stream can write; others are escaped."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


class EscapedOutput:
    """Standard output whose control characters are escaped, since ids and paths may hold some.

    Parameters
    ----------
    stream : TextIO
        Where the text goes.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write text; characters that the terminal lacks are escaped too."""
        if not isinstance(text, str):  # as other text streams; typer asks by writing bytes
            raise TypeError(f"`text` must be text, got {type(text).__name__}.")
        try:
            self.stream.write(fit_encoding(escape_controls(text), self.stream))
        except OSError as error:
            self._give_up(error)
        return len(text)

    def flush(self) -> None:
        """Write what is buffered."""
        try:
            self.stream.flush()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        """Raise; what is still buffered goes nowhere, so that the end of the program is quiet."""
        if isinstance(error, BrokenPipeError):
            raise error
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.stream.fileno())
        os.close(nowhere)
        raise OSError(
            f"The result can't be written to standard output ({error.strerror}). Send it to "
            "another place."
        ) from error

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


class MessageFormatter(logging.Formatter):
    """Log records as messages."""

    def format(self, record: logging.LogRecord) -> str:
        """Text of a record, bounded and escaped."""
        return escape_controls(shorten(super().format(record)))
