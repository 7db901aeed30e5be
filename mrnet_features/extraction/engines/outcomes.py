"""Outcome of each exam, from this machine or a Dask cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

from mrnet_features.data.exam import Exam
from mrnet_features.extraction.describe import Row, warn_of_faults
from mrnet_features.extraction.engines.failures import Outcome
from mrnet_features.extraction.engines.local_engine import describe_here
from mrnet_features.extraction.extractor import FeatureExtractor

if TYPE_CHECKING:
    from distributed import Client


def iterate_outcomes(
    extractor: FeatureExtractor,
    exams: Sequence[Exam],
    *,
    skips: bool,
    dask: str | Client | None = None,
) -> Generator[tuple[int, Outcome], None, None]:
    """Outcome of each exam, as soon as there is one.

    Parameters
    ----------
    extractor : FeatureExtractor
        Fitted.
    exams : sequence of Exam
    skips : bool
        Whether an exam that can't be described has a `Failure` as outcome; else it is an error.
    dask : str or distributed.Client, optional
        Address of a Dask scheduler, or a client, whose workers describe the exams. By default this
        machine does.

    Yields
    ------
    index : int
        Index of the exam. Any order; each exam once.
    outcome : Row or Failure

    Warns
    -----
    StackWarning
        As `FeatureExtractor.transform`.

    Raises
    ------
    MemoryError
        If there is too little memory; that is no fault of the exam.
    ConnectionError
        If a server of files does not answer, or the scheduler.
    ModuleNotFoundError
        If a package is missing that reads the files, or a module of a family.
    OSError, ValueError
        If the disk is full or too many files are open.
    Exception
        Whatever CuPy raises: a device that has failed describes no later exam either. If not
        `skips`, whatever describing an exam raises.
    """
    if dask is None:
        outcomes = describe_here(extractor, exams, skips=skips)
    else:
        from mrnet_features.extraction.engines.dask_engine import describe_on_dask

        outcomes = describe_on_dask(extractor, exams, dask, skips=skips)
    with contextlib.closing(outcomes):
        for index, outcome in outcomes:
            if isinstance(outcome, Row):
                warn_of_faults(outcome)
            yield index, outcome
