"""Problems of an MRNet folder, and the error message that lists them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice
from typing import NamedTuple

from mrnet_features.files.stored_paths import AnyPath
from mrnet_features.messages import name_some

__all__ = ["MOST_PROBLEMS", "Problem", "format_problems", "limit_problems"]

SHOWN_PROBLEMS, SHOWN_CHARACTERS = 50, 4000
"""Most problems and characters in one message: a broken copy can have thousands of problems. The
rest are counted."""

MOST_PROBLEMS = 10_000
"""Most problems of one kind that are looked for."""


class Problem(NamedTuple):
    """One difference between a folder and the MRNet release.

    Attributes
    ----------
    code : str
        One of label-file, label-conflict, label-missing, stack-file, stack-missing.
    exam : str
        Exam id; empty where the problem concerns no single exam.
    plane : str
        Empty where the problem concerns no single plane.
    text : str
        What it must be, what it was, and what to do.
    cause : str, default ""
        Problems with the same cause are listed as one; empty for one that stands alone.
    line : int, default 0
        Line of the file; 0 where the problem concerns no single line.
    named : str, default ""
        Exam that a broken line is about, as far as it can be told: it has a line, if a wrong one.
    """

    code: str
    exam: str
    plane: str
    text: str
    cause: str = ""
    line: int = 0
    named: str = ""


def limit_problems(problems: Iterable[Problem], where: str) -> Iterator[Problem]:
    """Yield the first `MOST_PROBLEMS` problems; if there are more, one that says so.

    Parameters
    ----------
    problems : iterable of Problem
        The rest is not looked for.
    where : str
        What has the problems, for the message.

    Yields
    ------
    Problem
    """
    for number, problem in enumerate(problems):
        if number == MOST_PROBLEMS:
            text = f"{where} has more than {MOST_PROBLEMS} problems. Correct these first."
            yield Problem(problem.code, "", problem.plane, text)
            return
        yield problem


def format_problems(root: AnyPath, split: str, problems: Sequence[Problem]) -> str:
    """Error message that lists the problems of one split.

    Parameters
    ----------
    root : Path or StoredPath
        Folder of the release.
    split : {"train", "valid"}
    problems : sequence of Problem
        Problems with the same text, or of the same cause, are listed once.

    Returns
    -------
    str

    Examples
    --------
    >>> from pathlib import Path
    >>> problems = [Problem("label-file", "", "", "train-acl.csv has no line.")] * 2
    >>> print(format_problems(Path("MRNet"), "train", problems))
    'MRNet' (train) has 1 problem:
    - train-acl.csv has no line.
    """
    lines = list(dict.fromkeys(_join_causes(problems)))
    ends = accumulate(len(line) for line in lines)
    n_shown = max(1, sum(end <= SHOWN_CHARACTERS for end in islice(ends, SHOWN_PROBLEMS)))
    shown = "\n".join(f"- {line[:SHOWN_CHARACTERS]}" for line in lines[:n_shown])
    n_hidden = len(lines) - n_shown
    more = f"\n- and {n_hidden} more" if n_hidden > 0 else ""
    noun = "problem" if len(lines) == 1 else "problems"
    return f"'{root}' ({split}) has {len(lines)} {noun}:\n{shown}{more}"


def _join_causes(problems: Sequence[Problem]) -> Iterator[str]:
    """Yield one text for all problems of a cause, and that of each problem without a cause."""
    lines: dict[str, list[int]] = {}
    for problem in problems:
        lines.setdefault(problem.cause, []).append(problem.line)
    seen: set[str] = set()
    for problem in problems:
        if problem.cause in seen:
            continue
        if problem.cause:
            seen.add(problem.cause)
        others = lines[problem.cause][1:] if problem.cause else []
        noun = "line" if len(others) == 1 else "lines"
        more = f" The same in {len(others)} more {noun}: {name_some(others)}." if others else ""
        yield problem.text + more
