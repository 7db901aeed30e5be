"""How many exams go to a GPU at once: from their shapes, its free memory and what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mrnet_features.extraction.describe import ExamLike
from mrnet_features.launch import MOST_ITEMS

Shapes = Mapping[str, tuple[int, int, int]]

MOST_EXAMS = 64
"""Exams of a batch where no size was asked for: beyond, launches no longer get cheaper."""

BYTES_A_PIXEL = 96
"""Bytes of device memory that describing takes for a pixel of the largest plane, at most, about.

A pixel has three bytes in a stack; labels, filter responses, tables of counts and the floats that
are made of them come and go. A test holds it against what the present families take.
"""

SHARE = 0.8
"""Part of the free memory that is planned with; the rest is for what the estimate misses."""

ALIGNMENT = 512
"""Bytes: stacks begin at multiples, as arrays of their own would."""

DEFAULT_READERS = 4


class Planned(NamedTuple):
    """An exam that is to be read.

    Attributes
    ----------
    exam : Exam or mapping plane -> stack
    place : int
        Its place among all exams.
    shapes : mapping of str to tuple of int
        (n_slices, height, width) by plane.
    """

    exam: ExamLike
    place: int
    shapes: Shapes

    @property
    def n_bytes(self) -> int:
        """Bytes of its stacks, each with what pads it to `ALIGNMENT`."""
        return sum(pad(count_pixels(shape)) for shape in self.shapes.values())

    @property
    def cost(self) -> int:
        """Bytes of device memory it takes, about: its place in two buffers, and describing it."""
        return 5 * self.n_bytes // 2 + BYTES_A_PIXEL * max(map(count_pixels, self.shapes.values()))


@dataclass
class Room:
    """What a batch may take; it shrinks when a device runs out of memory.

    Parameters
    ----------
    most : int
        Exams.
    n_bytes : int
        Bytes of device memory.
    refused : int, default 0
        How many exams were too many, the first time.
    is_tight : bool, default False
        Whether a single exam did not fit beside others on the device, so that none is read ahead.
    """

    most: int
    n_bytes: int
    refused: int = 0
    is_tight: bool = False

    def halve(self, n_exams: int) -> None:
        """Let half as many exams in as were too many."""
        self.most = min(self.most, max(n_exams // 2, 1))
        self.refused = self.refused or n_exams  # the last: another thread looks at it first

    def tighten(self) -> None:
        """Let one exam in at a time, and nothing beside it."""
        self.most, self.is_tight = 1, True


def plan_batches(
    exams: Sequence[ExamLike],
    measure: Callable[[ExamLike, int], Shapes],
    room: Room,
) -> Iterator[list[Planned]]:
    """Consecutive exams that fit the room together; one that does not is a batch by itself.

    Parameters
    ----------
    exams : sequence of Exam or of mapping plane -> stack
    measure : callable
        From exam and place to the shapes of its stacks. What it raises is raised after the exams
        before it were given.
    room : Room
        Looked at anew for each exam.

    Yields
    ------
    list of Planned
    """
    batch: list[Planned] = []
    failure: Exception | None = None
    for place, exam in enumerate(exams):
        try:
            planned = Planned(exam, place, measure(exam, place))
        except Exception as error:  # noqa: BLE001 (raised below, after what is before it)
            failure = error
            break
        if batch and not _fits([*batch, planned], room):
            yield batch
            batch = []
        batch.append(planned)
    if batch:
        yield batch
    if failure is not None:
        try:
            raise failure
        finally:
            del failure  # or error, traceback and frame would keep each other


def count_readers(n_jobs: int | None, n_cores: int) -> int:
    """Threads that read exams, from a number of jobs as joblib takes it.

    Parameters
    ----------
    n_jobs : int or None
        None is four, or as many as there are cores; -1 all cores, -2 all but one, and so on.
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
    >>> count_readers(None, 16), count_readers(-2, 16), count_readers(-20, 16)
    (4, 15, 1)
    """
    if n_jobs is None:
        return min(DEFAULT_READERS, n_cores)
    if n_jobs == 0:
        raise ValueError("`n_jobs` must not be 0. Leave it out, or pass -1 for all cores.")
    return n_jobs if n_jobs > 0 else max(n_cores + 1 + n_jobs, 1)


def count_pixels(shape: tuple[int, int, int]) -> int:
    """Pixels of a stack, which are its bytes as well."""
    n_slices, height, width = shape
    return n_slices * height * width


def pad(n_bytes: int) -> int:
    """Bytes up to the next multiple of `ALIGNMENT`."""
    return -(-n_bytes // ALIGNMENT) * ALIGNMENT


def _fits(batch: Sequence[Planned], room: Room) -> bool:
    by_plane = zip(*(map(count_pixels, one.shapes.values()) for one in batch), strict=True)
    return (
        len(batch) <= room.most
        and sum(one.cost for one in batch) <= room.n_bytes
        # kernels count pixels, and the entries of a slice's tables, in 32 bits
        and max(map(sum, by_plane)) <= MOST_ITEMS // 4
    )
