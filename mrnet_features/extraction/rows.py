"""Rows of exams, computed on this machine: parallel jobs on the CPU, batches on a GPU."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterable, Sequence
from typing import Any

import numpy as np
from joblib import cpu_count, delayed

from mrnet_features.arrays import Device
from mrnet_features.data.exam import Exam
from mrnet_features.extraction.describe import Row, describe_batch, make_row
from mrnet_features.extraction.family_code import hash_family_code
from mrnet_features.extraction.gpu.pipeline import iterate_rows
from mrnet_features.extraction.gpu.planning import count_readers
from mrnet_features.extraction.read import ExamLike, read_exam
from mrnet_features.extraction.recipe import Recipe
from mrnet_features.jobs import KilledJobError, run_jobs
from mrnet_features.messages import quote


def compute_rows(
    exams: Sequence[ExamLike],
    recipe: Recipe,
    device: Device,
    n_jobs: int | None,
    batch_size: int | None,
) -> Generator[Row, None, None]:
    """Rows in the order of the exams, without warnings of what is in them.

    Parameters
    ----------
    exams : sequence of Exam or of mapping series -> stack
    recipe : Recipe
    device : {"cpu", "cuda"}
    n_jobs, batch_size : int or None
        As for `FeatureExtractor`.

    Yields
    ------
    Row

    Raises
    ------
    Exception
        As `FeatureExtractor.transform`.
    """
    check_batch_size(batch_size)
    if device == "cuda":
        n_readers = count_readers(n_jobs, cpu_count())
        rows = iterate_rows(exams, recipe, n_readers=n_readers, batch_size=batch_size)
    else:
        jobs = (delayed(describe_exam)(exam, k, recipe, device) for k, exam in enumerate(exams))
        rows = run_exam_jobs(jobs, exams, recipe, n_jobs)
    with contextlib.closing(rows):
        for row in rows:  # noqa: UP028 (`yield from` would close them outside `closing`)
            yield row


def run_exam_jobs(
    jobs: Iterable[Any], exams: Sequence[ExamLike], recipe: Recipe, n_jobs: int | None
) -> Generator[Any, None, None]:
    """Results of parallel jobs, one per exam, in their order.

    Parameters
    ----------
    jobs : iterable of delayed calls
    exams : sequence of Exam or of mapping series -> stack
    recipe : Recipe
        After an edit of a family of your own, new worker processes describe the exams.
    n_jobs : int or None
        As for `run_jobs`.

    Yields
    ------
    object

    Raises
    ------
    RuntimeError
        If an exam kills each worker process; names the exam.
    """
    code = hash_family_code(recipe.families)
    try:
        with contextlib.closing(run_jobs(jobs, n_jobs, code=code)) as results:
            for result in results:  # noqa: UP028 (see above)
                yield result
    except KilledJobError as error:
        exam = exams[error.index]
        name = quote(exam.id) if isinstance(exam, Exam) else f"at index {error.index}"
        raise RuntimeError(error.describe(f"exam {name}")) from error


def describe_exam(exam: ExamLike, index: int, recipe: Recipe, device: Device) -> Row:
    """Row of one exam.

    Parameters
    ----------
    exam : Exam or mapping series -> stack
    index : int
        Index of the exam; errors name it where the exam has no id.
    recipe : Recipe
    device : {"cpu", "cuda"}

    Returns
    -------
    Row

    Raises
    ------
    TypeError, ValueError, KeyError, OSError
        If the exam can't be read or described; notes name exam, series and family.
    """
    pixels = read_exam(exam, index, recipe.planes, recipe.missing, recipe.sides)
    return make_row(describe_batch([pixels], recipe, device)[0], pixels, recipe)


def check_batch_size(batch_size: object) -> None:
    """Check the largest number of exams in a batch.

    Parameters
    ----------
    batch_size : object

    Raises
    ------
    TypeError, ValueError
        If it is neither None nor a positive integer.
    """
    if batch_size is None:
        return
    if not isinstance(batch_size, int | np.integer) or isinstance(batch_size, bool):
        raise TypeError(
            f"`batch_size` must be an integer or None, got {batch_size!r}. Leave it out to use as "
            "many exams as the free memory of the GPU holds."
        )
    if batch_size < 1:
        raise ValueError(
            f"`batch_size` must be at least 1, got {batch_size}. Leave it out to use as many exams "
            "as the free memory of the GPU holds."
        )
