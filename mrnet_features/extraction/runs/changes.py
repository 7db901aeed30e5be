"""Which exams have changed since their rows were extracted."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping, Sequence

from joblib import delayed

from mrnet_features.arrays import Device
from mrnet_features.data.exam import Exam
from mrnet_features.extraction.family_code import hash_family_code
from mrnet_features.extraction.provenance import hash_code, list_versions
from mrnet_features.extraction.read import choose_series, read_exam
from mrnet_features.extraction.recipe import Missing, Recipe
from mrnet_features.extraction.runs.journal import FinishedExam
from mrnet_features.extraction.table_files.keys import hash_texts
from mrnet_features.files.stored_paths import StoredPath
from mrnet_features.jobs import run_jobs, show_progress
from mrnet_features.series.side import make_side
from mrnet_features.stacks.region_sets import Sides


def hash_request(recipe: Recipe, device: Device, readers: Sequence[str] = ()) -> str:
    """Hash of what decides the features of given pixels: recipe, device, versions and code.

    The code is that of this library, and of families of your own.

    Parameters
    ----------
    recipe : Recipe
    device : {"cpu", "cuda"}
    readers : sequence of str, optional
        Packages that decode the files, as from `list_readers`.

    Returns
    -------
    str
    """
    versions = json.dumps(list_versions(device, readers))
    own = hash_family_code(recipe.families)
    return hash_texts([recipe.digest, device, versions, hash_code(), *([own] if own else [])])


def hash_file_state(
    exam: Exam, planes: Sequence[str], missing: Missing = "error", sides: Sides = "fold"
) -> str:
    """Hash of size, modification time and change time of an exam's files; no file is read.

    A copy can keep the modification time of its source (``cp -p``, ``rsync -t``); the change time
    is always that of the copy.

    Parameters
    ----------
    exam : Exam
    planes : sequence of str
    missing : {"error", "nan"}, default "error"
        With "nan" it is a state of the exam that it lacks a series.
    sides : {"fold", "known", "guess"}, default "fold"
        Unless "fold", the side is a part of the state, but not how it was found.

    Returns
    -------
    str
        16 hexadecimal digits; empty if a file is missing.
    """
    parts: list[str] = []
    for series in choose_series(exam, planes, missing):
        if series not in exam.paths:
            return ""
        try:
            parts.append(f"{series} {exam.describe_files(series)}")
        except ConnectionError:
            raise
        except OSError:
            return ""
    if parts and sides != "fold":
        parts.append(f"side {make_side(exam.side).name}")
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=8).hexdigest() if parts else ""


def is_stored(exam: Exam, planes: Sequence[str], missing: Missing = "error") -> bool:
    """Whether all files of an exam are in a store, one that may tell no state of them.

    Parameters
    ----------
    exam : Exam
    planes : sequence of str
    missing : {"error", "nan"}, default "error"

    Returns
    -------
    bool
        False if a file is missing or local, or if there is none. No file is read.
    """
    paths = [exam.paths.get(series) for series in choose_series(exam, planes, missing)]
    return bool(paths) and all(isinstance(path, StoredPath) and path.exists() for path in paths)


def find_fingerprint(
    exam: Exam,
    index: int,
    planes: Sequence[str],
    missing: Missing = "error",
    sides: Sides = "fold",
) -> str:
    """Hash of an exam's pixels; empty if the exam can't be read.

    Parameters
    ----------
    exam : Exam
    index : int
    planes : sequence of str
    missing, sides
        As for `read_exam`.

    Returns
    -------
    str
    """
    try:
        return read_exam(exam, index, planes, missing, sides).fingerprint
    except ConnectionError:
        raise
    except Exception:  # noqa: BLE001 (the exam counts as changed; extracting it raises the error)
        return ""


def keep_unchanged(
    exams: Sequence[Exam],
    file_states: Sequence[str],
    known: Mapping[str, FinishedExam],
    planes: Sequence[str],
    missing: Missing = "error",
    sides: Sides = "fold",
    *,
    verify: bool,
    n_jobs: int | None,
    progress: bool | None,
) -> dict[str, FinishedExam]:
    """Exams that are finished and whose pixels are still the same.

    An exam whose files have the same sizes and times is not read. Any other is read, and its pixels
    are compared by their hash.

    Parameters
    ----------
    exams : sequence of Exam
    file_states : sequence of str
        Of the exams, as they are now.
    known : mapping of str to FinishedExam
        By exam id.
    planes : sequence of str
    missing, sides
        As for `read_exam`.
    verify : bool
        Read all exams.
    n_jobs : int or None
        Parallel processes.
    progress : bool or None

    Returns
    -------
    dict of str to FinishedExam
        By exam id, with the file states as they are now.
    """
    candidates = [k for k, exam in enumerate(exams) if exam.id in known]
    unsure = [
        k
        for k in candidates
        if verify or not file_states[k] or known[exams[k].id].file_state != file_states[k]
    ]
    jobs = (delayed(find_fingerprint)(exams[k], k, planes, missing, sides) for k in unsure)
    found: dict[int, str] = {}
    if unsure:
        with (
            contextlib.closing(run_jobs(jobs, n_jobs)) as fingerprints,
            show_progress(len(unsure), "compare", "exam", progress) as bar,
        ):
            for k, fingerprint in zip(unsure, fingerprints, strict=True):
                found[k] = fingerprint
                bar.update()
    return {
        exams[k].id: known[exams[k].id]._replace(file_state=file_states[k])
        for k in candidates
        if found.get(k, known[exams[k].id].fingerprint) == known[exams[k].id].fingerprint
    }
