"""Batch planning: how many exams go to a GPU at once, from their shapes and its free memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from mrnet_features.extraction.read import ExamLike
from mrnet_features.launch import MAX_ITEMS

Shapes: TypeAlias = Mapping[str, tuple[int, int, int]]
"""Shape of the stack, (n_slices, height, width), by series."""

MAX_EXAMS = 64
"""Exams per batch if no size was asked for; larger batches are not faster."""

BYTES_PER_PIXEL = 96
"""Upper estimate of the device memory needed to describe a pixel of the largest stack.

A pixel takes three bytes in a stack; the rest is temporary: labels, filter responses, counts, and
floats computed from them. A test compares the estimate with what the families really take.
"""

MEMORY_FRACTION = 0.8
"""Fraction of the free memory to plan with; the rest covers errors of the estimate."""

ALIGNMENT = 512
"""Stacks start at multiples of this many bytes, as separately allocated arrays would."""

MOST_READERS = 16
"""Threads that read exams if no number was asked for, at most; a core reads about 120 exams a
second, and each thread holds an exam in memory."""


class Planned(NamedTuple):
    """An exam to be read.

    Attributes
    ----------
    exam : Exam or mapping series -> stack
    exam_index : int
        Index among all exams.
    shapes : mapping of str to tuple of int
        (n_slices, height, width) by series.
    """

    exam: ExamLike
    exam_index: int
    shapes: Shapes

    @property
    def n_bytes(self) -> int:
        """Bytes of its stacks, each padded to `ALIGNMENT`."""
        return sum(pad(count_pixels(shape)) for shape in self.shapes.values())

    @property
    def cost(self) -> int:
        """Estimated device memory in bytes: share of both buffers plus working memory."""
        largest = max(map(count_pixels, self.shapes.values()))
        return 5 * self.n_bytes // 2 + BYTES_PER_PIXEL * largest


@dataclass
class BatchLimit:
    """Limit on the size of a batch; it shrinks when a device runs out of memory.

    Parameters
    ----------
    max_exams : int
    max_bytes : int
        Bytes of device memory.
    was_halved : bool, default False
        Whether a batch did not fit, so that the limit was halved.
    one_at_a_time : bool, default False
        Whether a single exam did not fit beside others on the device, so that none is read ahead.
    """

    max_exams: int
    max_bytes: int
    was_halved: bool = False
    one_at_a_time: bool = False

    def halve(self, n_exams: int) -> None:
        """Limit batches to half the size that did not fit."""
        self.max_exams = min(self.max_exams, max(n_exams // 2, 1))
        self.was_halved = True  # set last, since another thread tests it first

    def allow_one(self) -> None:
        """Allow one exam at a time, with nothing read ahead."""
        self.max_exams, self.one_at_a_time = 1, True


def plan_batches(
    exams: Sequence[ExamLike],
    measure: Callable[[ExamLike, int], Shapes],
    limit: BatchLimit,
) -> Iterator[list[Planned]]:
    """Batches of consecutive exams within the limit; an exam that exceeds it is a batch of one.

    Parameters
    ----------
    exams : sequence of Exam or of mapping series -> stack
    measure : callable
        Returns the shapes of an exam's stacks, given the exam and its index. An error that it
        raises is raised after the exams before it were yielded.
    limit : BatchLimit
        Read again for each exam.

    Yields
    ------
    list of Planned
    """
    batch: list[Planned] = []
    failure: Exception | None = None
    for index, exam in enumerate(exams):
        try:
            planned = Planned(exam, index, measure(exam, index))
        except Exception as error:  # noqa: BLE001 (raised below, after the exams before it)
            failure = error
            break
        if batch and not _fits([*batch, planned], limit):
            yield batch
            batch = []
        batch.append(planned)
    if batch:
        yield batch
    if failure is not None:
        try:
            raise failure
        finally:
            del failure  # breaks the reference cycle of error, traceback and frame


def count_readers(n_jobs: int | None, n_cores: int) -> int:
    """Number of threads that read exams, from a number of jobs as in joblib.

    Parameters
    ----------
    n_jobs : int or None
        None is one per core, at most `MOST_READERS`; -1 all cores, -2 all but one, and so on.
    n_cores : int

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If `n_jobs` is 0.

    Examples
    --------
    >>> count_readers(None, 8), count_readers(None, 64), count_readers(-2, 16)
    (8, 16, 15)
    """
    if n_jobs is None:
        return min(MOST_READERS, n_cores)
    if n_jobs == 0:
        raise ValueError("`n_jobs` must not be 0. Leave it out, or pass -1 for all cores.")
    return n_jobs if n_jobs > 0 else max(n_cores + 1 + n_jobs, 1)


def count_pixels(shape: tuple[int, int, int]) -> int:
    """Number of pixels of a stack, which is also its number of bytes."""
    n_slices, height, width = shape
    return n_slices * height * width


def pad(n_bytes: int) -> int:
    """Bytes rounded up to a multiple of `ALIGNMENT`."""
    return -(-n_bytes // ALIGNMENT) * ALIGNMENT


def _fits(batch: Sequence[Planned], limit: BatchLimit) -> bool:
    by_series: Counter[str] = Counter()
    for one in batch:
        by_series.update({series: count_pixels(shape) for series, shape in one.shapes.items()})
    return (
        len(batch) <= limit.max_exams
        and sum(one.cost for one in batch) <= limit.max_bytes
        # kernels index pixels, and the entries of the count matrices of a slice, with 32 bits
        and max(by_series.values()) <= MAX_ITEMS // 4
    )
