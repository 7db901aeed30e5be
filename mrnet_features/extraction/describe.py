"""Batches: exams read from wherever they lie, and described together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from mrnet_features.arrays import Array, Device, to_device
from mrnet_features.data.exam import Exam
from mrnet_features.extraction.recipe import Recipe
from mrnet_features.extraction.sheets import Part, gather_rows
from mrnet_features.stacks.prepare import prepare_batch
from mrnet_features.stacks.stack import check_stack

ExamLike = Exam | Mapping[str, Any]

Rows = np.ndarray[Any, np.dtype[np.float32]]


class Pixels(NamedTuple):
    """An exam's stacks, read and checked.

    Attributes
    ----------
    label : str
        What errors call the exam.
    stacks : dict of str to array of shape (n_slices, height, width), uint8
        By plane.
    fingerprint : str
        BLAKE2 hash of the stacks, in hexadecimal.
    """

    label: str
    stacks: dict[str, Array]
    fingerprint: str


class Row(NamedTuple):
    """One exam's features and the fingerprint of the pixels they were read from.

    Attributes
    ----------
    values : ndarray of shape (n_features,), float32
    fingerprint : str
        BLAKE2 hash of the exam's stacks, in hexadecimal.
    """

    values: Rows
    fingerprint: str


def read_exam(exam: ExamLike, place: int, planes: Sequence[str]) -> Pixels:
    """Pixels of an exam's planes.

    Parameters
    ----------
    exam : Exam or mapping plane -> stack
    place : int
        Its place among the exams, which names it in errors where it has no id.
    planes : sequence of str

    Returns
    -------
    Pixels

    Raises
    ------
    KeyError, TypeError, ValueError, OSError
        If a plane is missing or no stack; a note names exam and plane.
    """
    digest = hashlib.blake2b(digest_size=16)
    stacks: dict[str, Array] = {}
    for plane, grey in _open_exams(exam, place, planes, mmap=False):
        digest.update(f"{plane}{grey.shape}".encode())
        stacks[plane] = np.ascontiguousarray(grey)
        digest.update(stacks[plane])
    return Pixels(_name_exam(exam, place), stacks, digest.hexdigest())


def read_shapes(
    exam: ExamLike, place: int, planes: Sequence[str]
) -> dict[str, tuple[int, int, int]]:
    """Shapes of the stacks that `read_exam` would give; of files the headers alone are read.

    Parameters
    ----------
    exam, place, planes
        As `read_exam` has them.

    Returns
    -------
    dict of str to tuple of int
        (n_slices, height, width) by plane.

    Raises
    ------
    KeyError, TypeError, ValueError, OSError
        As `read_exam`.
    """
    return {
        plane: (int(grey.shape[0]), int(grey.shape[1]), int(grey.shape[2]))
        for plane, grey in _open_exams(exam, place, planes, mmap=True)
    }


def describe_batch(batch: Sequence[Pixels], recipe: Recipe, device: Device) -> Rows:
    """Rows of several exams.

    On a GPU they are described together, so that a launch has enough to do. On the CPU one after
    another: there nothing is gained by more, but memory is taken.

    Parameters
    ----------
    batch : sequence of Pixels
        At least one.
    recipe : Recipe
    device : {"cpu", "cuda"}

    Returns
    -------
    ndarray of shape (n_exams, n_features), float32
        Columns as ``recipe.columns()``.

    Raises
    ------
    ValueError
        If a family's statistics depend on what is in the stack. Whatever is raised carries notes
        that name exam, plane and family; of an error that CUDA tells of later, the batch.
    MemoryError
        If the device is too small for so many exams at once.
    """
    if device == "cpu" or len(batch) == 1:
        return np.concatenate([describe_together([pixels], recipe, device) for pixels in batch])
    try:
        return describe_together(batch, recipe, device)
    except MemoryError:
        raise
    except Exception as error:
        if _comes_late(error):
            error.add_note(f"The batch was {batch[0].label} to {batch[-1].label}.")
            raise
        for pixels in batch:
            describe_together([pixels], recipe, device)  # the one to blame fails again, by name
        error.add_note("No exam of the batch fails when it is described by itself.")
        raise


def _comes_late(error: Exception) -> bool:
    """Whether CUDA told of it: from then on it tells of it at each call, whatever exam is asked."""
    import cupy

    told = cupy.cuda.runtime.CUDARuntimeError | cupy.cuda.driver.CUDADriverError
    return isinstance(error, told)


def describe_together(batch: Sequence[Pixels], recipe: Recipe, device: Device) -> Rows:
    """Rows of several exams, their stacks laid end to end.

    Parameters
    ----------
    batch : sequence of Pixels
        At least one.
    recipe : Recipe
    device : {"cpu", "cuda"}

    Returns
    -------
    ndarray of shape (n_exams, n_features), float32
        On a GPU what is computed comes down in one copy. Whatever is raised carries notes that
        name plane and family, and the exam where there is but one.
    """
    parts: list[Part] = []
    label = batch[0].label if len(batch) == 1 else f"a batch of {len(batch)} exams"
    for plane in recipe.planes:
        try:
            greys = [to_device(pixels.stacks[plane], device) for pixels in batch]
            sets = recipe.region_sets(plane)
            groups = prepare_batch(greys, plane, sets, discretisation=recipe.discretisation)
            parts += recipe.describe(groups, plane)
        except Exception as error:
            error.add_note(_while(label, plane, "described"))
            raise
    return gather_rows(parts, len(batch))


def _open_exams(
    exam: ExamLike, place: int, planes: Sequence[str], *, mmap: bool
) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    """Planes and their stacks; an error carries a note that names exam and plane."""
    for plane in planes:
        try:
            grey = exam.load(plane, mmap=mmap) if isinstance(exam, Exam) else _stack_of(exam, plane)
        except Exception as error:
            error.add_note(_while(_name_exam(exam, place), plane, "read"))
            raise
        yield plane, grey


def _name_exam(exam: ExamLike, place: int) -> str:
    return f"exam '{exam.id}'" if isinstance(exam, Exam) else f"the exam at place {place}"


def _while(label: str, plane: str, done: str) -> str:
    return f"while {label}, plane '{plane}', was {done}"


def _stack_of(exam: Mapping[str, Any], plane: str) -> np.ndarray[Any, Any]:
    """Stack of a mapping's plane, checked."""
    if plane not in exam:
        raise KeyError(
            f"It has no plane '{plane}' (planes present: {', '.join(map(str, exam)) or 'none'}). "
            f"Pass planes={tuple(exam)!r}, or leave the exam out."
        )
    check_stack(exam[plane])
    return np.asarray(exam[plane])
