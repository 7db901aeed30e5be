"""Exams that can't be described: found one by one, and listed in a CSV file."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from joblib import delayed

from mrnet_features.csv_files import format_csv
from mrnet_features.data.exam import Exam
from mrnet_features.extraction.describe import Row, warn_of_faults
from mrnet_features.extraction.extractor import FeatureExtractor, describe_exam
from mrnet_features.extraction.recipe import Recipe
from mrnet_features.files import open_file, write_text
from mrnet_features.jobs import run_jobs
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


def iterate_outcomes(
    extractor: FeatureExtractor, exams: Sequence[Exam]
) -> Generator[Row | Failure, None, None]:
    """Row of each exam in order, or why it has none.

    Parameters
    ----------
    extractor : FeatureExtractor
        Fitted.
    exams : sequence of Exam

    Yields
    ------
    Row or Failure

    Warns
    -----
    StackWarning
        As `FeatureExtractor.transform`.

    Raises
    ------
    MemoryError
        If there is too little memory; that is no fault of the exam.
    Exception
        Whatever CuPy raises: a device that has failed describes no later exam either.
    """
    recipe = extractor.recipe()
    if extractor.device_ == "cpu":
        jobs = (delayed(_try_exam)(exam, k, recipe) for k, exam in enumerate(exams))
        with contextlib.closing(run_jobs(jobs, extractor.n_jobs)) as outcomes:
            for outcome in outcomes:
                if isinstance(outcome, Row):
                    warn_of_faults(outcome)
                yield outcome
        return
    start = 0
    while start < len(exams):
        try:
            with contextlib.closing(extractor.iterate(exams[start:])) as rows:
                for row in rows:
                    start += 1
                    yield row
        except Exception as error:
            if _is_of_device(error):
                raise
        # the batch of the next exam has failed: its exams one by one, up to the one at fault
        for exam in exams[start:]:
            start += 1
            outcome = _try_alone(extractor, exam)
            yield outcome
            if isinstance(outcome, Failure):
                break


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


def _try_exam(exam: Exam, index: int, recipe: Recipe) -> Row | Failure:
    """Row on the CPU, or why there is none; runs in a worker process."""
    try:
        return describe_exam(exam, index, recipe, "cpu")
    except Exception as error:
        if _is_of_device(error):
            raise
        return explain_failure(error)


def _try_alone(extractor: FeatureExtractor, exam: Exam) -> Row | Failure:
    """Row of one exam on a GPU, or why there is none."""
    try:
        with contextlib.closing(extractor.iterate([exam])) as rows:
            return next(rows)
    except Exception as error:
        if _is_of_device(error):
            raise
        return explain_failure(error)


def _is_of_device(error: Exception) -> bool:
    """Whether an error says nothing about the exam that was described when it was raised."""
    is_of_machine = isinstance(error, MemoryError | ConnectionError)
    return is_of_machine or type(error).__module__.startswith("cupy")
