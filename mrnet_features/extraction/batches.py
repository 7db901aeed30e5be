"""Batches: exams read from wherever they lie, and described together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from mrnet_features.arrays import Array, Device, to_host
from mrnet_features.data.mrnet import Exam
from mrnet_features.extraction.recipe import Recipe
from mrnet_features.stacks.prepare import check_stack, prepare_sets

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
    for plane, grey in _open_stacks(exam, place, planes, mmap=False):
        digest.update(f"{plane}{grey.shape}".encode())
        stacks[plane] = np.ascontiguousarray(grey)
        digest.update(stacks[plane])
    return Pixels(_name_exam(exam, place), stacks, digest.hexdigest())


def measure_exam(
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
        for plane, grey in _open_stacks(exam, place, planes, mmap=True)
    }


def describe_batch(batch: Sequence[Pixels], recipe: Recipe, device: Device) -> Rows:
    """Rows of several exams.

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
        that name exam, plane and family.
    """
    return np.stack([_describe_exam(pixels, recipe, device) for pixels in batch])


def _describe_exam(pixels: Pixels, recipe: Recipe, device: Device) -> Rows:
    """One exam's row."""
    values: dict[str, float] = {}
    for plane in recipe.planes:
        try:
            stacks = prepare_sets(
                to_host(pixels.stacks[plane]),  # which is prepared on the CPU as yet
                plane,
                recipe.region_sets(plane),
                quantisation=recipe.quantisation,
                device=device,
            )
            values |= recipe.describe(stacks, plane)
        except Exception as error:
            error.add_note(_while(pixels.label, plane))
            raise
    if list(values) != recipe.columns():
        raise ValueError(
            f"The families gave other columns for {pixels.label} than for a blank stack. A "
            "family's statistics must not depend on what is in the stack."
        )
    return np.asarray(list(values.values()), dtype=np.float32)


def _open_stacks(
    exam: ExamLike, place: int, planes: Sequence[str], *, mmap: bool
) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    """Planes and their stacks; an error carries a note that names exam and plane."""
    for plane in planes:
        try:
            grey = exam.load(plane, mmap=mmap) if isinstance(exam, Exam) else _stack_of(exam, plane)
        except Exception as error:
            error.add_note(_while(_name_exam(exam, place), plane))
            raise
        yield plane, grey


def _name_exam(exam: ExamLike, place: int) -> str:
    return f"exam '{exam.id}'" if isinstance(exam, Exam) else f"the exam at place {place}"


def _while(label: str, plane: str) -> str:
    return f"while {label}, plane '{plane}', was described"


def _stack_of(exam: Mapping[str, Any], plane: str) -> np.ndarray[Any, Any]:
    """Stack of a mapping's plane, checked."""
    if plane not in exam:
        raise KeyError(
            f"It has no plane '{plane}' (planes present: {', '.join(map(str, exam)) or 'none'}). "
            f"Pass planes={tuple(exam)!r}, or leave the exam out."
        )
    check_stack(exam[plane])
    return np.asarray(exam[plane])
