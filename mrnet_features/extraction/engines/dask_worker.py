"""What a Dask worker does: compare its software with the caller's, then describe some exams."""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mrnet_features.arrays import Device, resolve_device
from mrnet_features.data.exam import Exam
from mrnet_features.extraction.engines.failures import Failure, Outcome
from mrnet_features.extraction.engines.local_engine import describe_here
from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.extraction.family_code import hash_family_code
from mrnet_features.extraction.provenance import hash_code, list_versions
from mrnet_features.families.base import Family
from mrnet_features.files.stored_paths import StoredPath
from mrnet_features.files.zip_store import ZipStore

CODE, FAMILY_CODE = "code", "family_code"
"""Keys of the hashes of the code of this library and of your own families, beside the names of
packages."""

_ON_DEVICE = threading.Lock()
"""Held while exams are on the GPU: its memory is planned for one batch."""


class UnseenFileError(FileNotFoundError):
    """A worker does not see a file of an exam.

    Parameters
    ----------
    path, worker : str
        The file, and the address of the worker.
    """

    def __init__(self, path: str, worker: str) -> None:
        super().__init__(path, worker)
        self.path, self.worker = path, worker

    def __str__(self) -> str:
        return (
            f"The Dask worker {self.worker} can't read '{self.path}', but this process can. Mount "
            "the folder under the same path on every machine, or use a server that all reach, such "
            "as s3://."
        )


@dataclass(frozen=True)
class Order:
    """How to describe exams.

    Parameters
    ----------
    extractor : FeatureExtractor
        Its device is "cpu" or "cuda".
    skips : bool
        As for `iterate_outcomes`.
    readers : tuple of str
        Packages that decode the files, as from `list_readers`.
    software : mapping of str to str
        Of the caller, as from `list_software`.
    """

    extractor: FeatureExtractor
    skips: bool
    readers: tuple[str, ...]
    software: Mapping[str, str]


@functools.cache
def list_software(
    device: Device, readers: tuple[str, ...], families: tuple[Family, ...] = ()
) -> dict[str, str]:
    """What features depend on beside the exam: versions of packages, and code.

    Parameters
    ----------
    device : {"cpu", "cuda"}
    readers : tuple of str
        As from `list_readers`.
    families : tuple of Family, optional

    Returns
    -------
    dict of str to str
    """
    own = hash_family_code(families)
    return {
        **list_versions(device, readers),
        CODE: hash_code(),
        **({FAMILY_CODE: own} if own else {}),
    }


def describe_chunk(exams: Sequence[Exam], order: Order) -> list[Outcome]:
    """Outcomes of some exams; runs in a Dask worker.

    Parameters
    ----------
    exams : sequence of Exam
    order : Order

    Returns
    -------
    list of Row and Failure
        Of the first exams, at least one: an exam that raises an error ends the chunk.

    Raises
    ------
    RuntimeError
        If the software of this process is not the caller's.
    UnseenFileError
        If a file of the first exam is not there or may not be read.
    Exception
        As `iterate_outcomes`, if describing the first exam raises an error. A note names the
        worker.
    """
    from distributed import get_worker

    worker = str(get_worker().address)
    outcomes: list[Outcome] = []
    try:
        device = resolve_device(order.extractor.device)
        software = list_software(device, order.readers, order.extractor.recipe().families)
        check_software(order.software, software, worker)
        with (
            _ON_DEVICE if device == "cuda" else contextlib.nullcontext(),
            contextlib.closing(describe_here(order.extractor, exams, skips=order.skips)) as found,
        ):
            for index, outcome in found:
                if isinstance(outcome, Failure):
                    _require_files(exams[index], worker)
                outcomes.append(outcome)
    except Exception as error:
        if outcomes:
            return outcomes
        _require_files(exams[0], worker)
        error.add_note(f"on the Dask worker {worker}")
        raise
    return outcomes


def check_software(expected: Mapping[str, str], found: Mapping[str, str], worker: str) -> None:
    """Raise if a worker would compute other features than the caller.

    Parameters
    ----------
    expected, found : mapping of str to str
        Of the caller and of the worker, as from `list_software`.
    worker : str
        Address.

    Raises
    ------
    RuntimeError
        If they differ; names the packages.

    Examples
    --------
    >>> check_software({"numpy": "2.1.0"}, {"numpy": "2.0.0"}, "tcp://10.0.0.2:40000")
    Traceback (most recent call last):
        ...
    RuntimeError: The Dask worker tcp://10.0.0.2:40000 must have the software of this process, but
    has numpy 2.0.0 (here 2.1.0). Install the same there, and start the worker again.
    """
    names = sorted(expected.keys() | found.keys())
    other = [name for name in names if expected.get(name) != found.get(name)]
    if not other:
        return
    texts = [
        f"{name} {found.get(name, 'missing')} (here {expected.get(name, 'missing')})"
        for name in other
        if name not in (CODE, FAMILY_CODE)
    ]
    if not texts:
        whose = "mrnet-features of the same version" if CODE in other else "families of your own"
        texts = [f"other source code of {whose}"]
    raise RuntimeError(
        f"The Dask worker {worker} must have the software of this process, but has "
        f"{', '.join(texts)}. Install the same there, and start the worker again."
    )


def find_unseen(exam: Exam) -> Path | None:
    """First file or folder of an exam on this machine that is not there or may not be read.

    Parameters
    ----------
    exam : Exam

    Returns
    -------
    Path or None
        None also if all files are behind URLs, which are the same for every machine.
    """
    for path in exam.paths.values():
        store = path.store if isinstance(path, StoredPath) else None
        file = store.archive if isinstance(store, ZipStore) else path
        if isinstance(file, Path) and not os.access(file, os.R_OK):
            return file
    return None


def _require_files(exam: Exam, worker: str) -> None:
    """Raise if a file of an exam is not there or may not be read."""
    path = find_unseen(exam)
    if path is not None:
        raise UnseenFileError(str(path), worker)
