"""Text for messages: long values are cut, control characters are escaped."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = [
    "cut_text",
    "describe_cause",
    "escape_controls",
    "list_names",
    "name_some",
    "quote",
    "suggest_name",
]

LONGEST_VALUE = 80
"""Most characters of one value in a message."""

LONGEST_CAUSE = 160
"""Most characters of an error inside the message of another one."""

LARGEST_NUMBER = 10**LONGEST_VALUE
"""Whole numbers from here on are described; Python refuses to print those of 4,300 digits."""


def quote(value: Any) -> str:
    r"""Value in quotes, cut after 80 characters, with control characters escaped.

    Parameters
    ----------
    value : str, int, float or NumPy scalar
        Anything else should be described, not quoted: its ``repr`` can be long or run code.

    Returns
    -------
    str
        As ``repr``.

    Examples
    --------
    >>> print(quote("00\x1b[2J42"), quote(7))
    '00\x1b[2J42' 7
    >>> len(quote("9" * 1_000_000)) < 120
    True
    """
    if isinstance(value, str):
        cut = value[:LONGEST_VALUE]
        more = len(value) - len(cut)
        return f"{cut!r}{f' ... ({more} more characters)' if more else ''}"
    if isinstance(value, int) and abs(value) >= LARGEST_NUMBER:
        return f"a whole number of about {int(value.bit_length() * 0.30103)} digits"
    single = hasattr(value, "item") and getattr(value, "size", 1) == 1
    text = repr(value.item() if single else value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]} ..."


def name_some(names: Sequence[Any]) -> str:
    """First three names and the number of the others.

    Parameters
    ----------
    names : sequence of str or int

    Returns
    -------
    str

    Examples
    --------
    >>> name_some(["a", "b", "c", "d"])
    "'a', 'b', 'c' and 1 more"
    """
    shown = ", ".join(map(quote, names[:3]))
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def list_names(names: Iterable[Any], longest: int = LONGEST_VALUE) -> str:
    r"""Names without quotes on one line: as many as fit, and the number of the others.

    Parameters
    ----------
    names : iterable of str or int
    longest : int, default 80
        Most characters, unless the first name has more. It is cut after 80.

    Returns
    -------
    str
        "none" if there are none.

    Examples
    --------
    >>> print(list_names(["acl", "meniscus"]), list_names([]), list_names(["a\nb"]), sep="; ")
    acl, meniscus; none; a\nb
    >>> list_names(range(1000), longest=20)
    '0, 1, 2, 3, 4, 5, 6 and 993 more'
    """
    known = list(names)
    shown: list[str] = []
    n_characters = 0
    for name in known:
        text = cut_text(str(name))
        n_characters += len(text) + 2
        if shown and n_characters > longest + 2:
            break
        shown.append(text)
    more = len(known) - len(shown)
    return (", ".join(shown) or "none") + (f" and {more} more" if more else "")


def cut_text(text: str, longest: int = LONGEST_VALUE) -> str:
    r"""Text on one line, cut, with control characters escaped.

    Parameters
    ----------
    text : str
    longest : int, default 80
        Most characters.

    Returns
    -------
    str

    Examples
    --------
    >>> print(cut_text("a\tb\x1b"), len(cut_text("9" * 1000)))
    a\tb\x1b 84
    """
    cut = escape_controls(text[:longest]).replace("\n", "\\n").replace("\t", "\\t")
    return f"{cut} ..." if len(text) > longest else cut


def suggest_name(name: str, known: Iterable[str]) -> str:
    """Question whether another name was meant, for the end of a message.

    Parameters
    ----------
    name : str
        Unknown name.
    known : iterable of str

    Returns
    -------
    str
        Begins with a space; empty if no known name is similar.

    Examples
    --------
    >>> suggest_name("glmc", ["glcm", "glrlm", "lbp"])
    " Did you mean 'glcm'?"
    >>> suggest_name("age", ["glcm"])
    ''
    """
    near = difflib.get_close_matches(name[:LONGEST_VALUE], list(known), n=1, cutoff=0.65)
    return f" Did you mean {quote(near[0])}?" if near else ""


def describe_cause(error: BaseException, longest: int = LONGEST_CAUSE) -> str:
    r"""Message of an error on one line, cut, with control characters escaped.

    Parameters
    ----------
    error : BaseException
        As another library raised it.
    longest : int, default 160
        Most characters.

    Returns
    -------
    str
        Name of the error's type if it has no message.

    Examples
    --------
    >>> describe_cause(ValueError("no\n  slice")), describe_cause(MemoryError())
    ('no slice', 'MemoryError')
    """
    is_key = isinstance(error, KeyError) and error.args  # its text has quotes around it
    said = " ".join(str(error.args[0] if is_key else error).split()) or type(error).__name__
    said = escape_controls(said[: longest + 1])
    return said if len(said) <= longest else f"{said[: longest - 4]} ..."


def escape_controls(text: str) -> str:
    r"""Text for a terminal: control characters are escaped, except for line ends and tabs.

    Ids and file names come from outside; in a terminal, control characters can move the cursor,
    hide text or change settings.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> print(escape_controls("0042\x1b[2J"))
    0042\x1b[2J
    """
    return "".join(c if c in "\n\t" or c.isprintable() else repr(c)[1:-1] for c in text)
