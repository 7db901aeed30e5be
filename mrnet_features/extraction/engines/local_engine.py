"""Outcome of each exam, its row or why it has none, computed on this machine."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Generator, Sequence

from joblib import delayed

from mrnet_features.data.exam import Exam
from mrnet_features.extraction.describe import Row
from mrnet_features.extraction.engines.failures import Failure, Outcome, explain_failure
from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.extraction.recipe import Recipe
from mrnet_features.extraction.rows import compute_rows, describe_exam, run_exam_jobs

OF_MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE}
"""Numbers of errors of a full disk and of too many open files."""


def describe_here(
    extractor: FeatureExtractor, exams: Sequence[Exam], *, skips: bool
) -> Generator[tuple[int, Outcome], None, None]:
    """Outcomes of exams in order, computed on this machine; no warning of what is in the rows.

    Parameters
    ----------
    extractor, exams, skips
        As for `iterate_outcomes`.

    Yields
    ------
    index : int
    outcome : Row or Failure

    Raises
    ------
    Exception
        As `iterate_outcomes`.
    """
    outcomes: Generator[Outcome, None, None]
    if not skips:
        outcomes = _compute(extractor, exams)
    elif extractor.device_ == "cpu":
        recipe = extractor.recipe()
        jobs = (delayed(_try_exam)(exam, k, recipe) for k, exam in enumerate(exams))
        outcomes = run_exam_jobs(jobs, exams, recipe, extractor.n_jobs)
    else:
        outcomes = _try_on_device(extractor, exams)
    with contextlib.closing(outcomes):
        yield from enumerate(outcomes)


def _compute(extractor: FeatureExtractor, exams: Sequence[Exam]) -> Generator[Row, None, None]:
    """Rows in the order of the exams; an exam that can't be described is an error."""
    settings = (extractor.device_, extractor.n_jobs, extractor.batch_size)
    return compute_rows(exams, extractor.recipe(), *settings)


def _try_exam(exam: Exam, index: int, recipe: Recipe) -> Outcome:
    """Outcome on the CPU; runs in a worker process."""
    try:
        return describe_exam(exam, index, recipe, "cpu")
    except Exception as error:
        if stops_run(error):
            raise
        return explain_failure(error)


def _try_on_device(
    extractor: FeatureExtractor, exams: Sequence[Exam]
) -> Generator[Outcome, None, None]:
    """Outcomes in order, computed on a GPU."""
    start = 0
    while start < len(exams):
        try:
            with contextlib.closing(_compute(extractor, exams[start:])) as rows:
                for row in rows:
                    start += 1
                    yield row
        except Exception as error:
            if stops_run(error):
                raise
        # the batch of the next exam has failed: its exams one by one, up to the one at fault
        for exam in exams[start:]:
            start += 1
            outcome = _try_alone(extractor, exam)
            yield outcome
            if isinstance(outcome, Failure):
                break


def _try_alone(extractor: FeatureExtractor, exam: Exam) -> Outcome:
    """Outcome of one exam on a GPU."""
    try:
        with contextlib.closing(_compute(extractor, [exam])) as rows:
            return next(rows)
    except Exception as error:
        if stops_run(error):
            raise
        return explain_failure(error)


def stops_run(error: BaseException) -> bool:
    """Whether an error is of the machine or the network, and later exams would have it too.

    Parameters
    ----------
    error : Exception
        A sentence about a file counts by the error of the operating system that it explains.

    Returns
    -------
    bool

    Examples
    --------
    >>> stops_run(OSError(errno.EMFILE, "Too many open files")), stops_run(ValueError("no slice"))
    (True, False)
    """
    if isinstance(error, MemoryError | ConnectionError | ModuleNotFoundError):
        return True
    if type(error).__module__.startswith("cupy"):
        return True
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in OF_MACHINE:
            return True
        cause = cause.__cause__
    return False
