"""Why exams can't be described, and the CSV file that lists them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, TypeAlias

import pandas as pd

from mrnet_features.extraction.describe import Row
from mrnet_features.files.csv_format import format_csv
from mrnet_features.files.reading import open_file
from mrnet_features.files.writing import write_text
from mrnet_features.messages import describe_cause

LONGEST_ERROR = 1000
"""Most characters of an error in the file."""

COLUMNS = ("exam", "plane", "family", "error")


class Failure(NamedTuple):
    """Why an exam has no row.

    Attributes
    ----------
    plane, family : str
        Where it failed, `plane` with the name of the series; empty if the error says neither.
    error : str
        Message of the error, on one line.
    """

    plane: str
    family: str
    error: str


Outcome: TypeAlias = Row | Failure
"""Row of an exam, or why it has none."""


def explain_failure(error: Exception) -> Failure:
    """Failure of an exam from the error that describing it raised.

    Parameters
    ----------
    error : Exception
        Its notes name series and family.

    Returns
    -------
    Failure

    Examples
    --------
    >>> error = ValueError("no slice")
    >>> error.add_note("while reading exam '0042', plane 'axial'")
    >>> explain_failure(error)
    Failure(plane='axial', family='', error='no slice')
    """
    notes = "\n".join(getattr(error, "__notes__", []))
    plane = re.search(r"(?:plane|series) '(\w+)'$", notes, re.MULTILINE)
    family = re.search(r"^while computing family (.+)$", notes, re.MULTILINE)
    return Failure(
        plane[1] if plane else "",
        family[1] if family else "",
        describe_cause(error, LONGEST_ERROR),
    )


def write_failures(failures: Mapping[str, Failure], path: Path) -> None:
    """Write the exams without a row as CSV, one line per exam.

    Parameters
    ----------
    failures : mapping of str to Failure
        By exam id.
    path : Path
    """
    rows = [(exam, *failure) for exam, failure in failures.items()]
    write_text(path, format_csv(pd.DataFrame(rows, columns=list(COLUMNS))))


def is_failures_file(path: Path) -> bool:
    """Whether `write_failures` wrote a file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    bool
        False if there is none.
    """
    header = f"{','.join(COLUMNS)}\n".encode()
    try:
        with open_file(path) as file:
            return file.readline(len(header) + 1) == header
    except OSError:
        return False


def refuse_other_file(path: Path) -> None:
    """Raise if a file is not one of `write_failures`, which would be overwritten.

    Parameters
    ----------
    path : Path
        An existing file.

    Raises
    ------
    FileExistsError
        If it is another one.
    """
    if not is_failures_file(path):
        raise FileExistsError(
            f"'{path}' must be a list of skipped exams, which this run may replace, got another "
            "file. Move it, or choose another table."
        )
