"""Read an exam's stacks: pixels with a fingerprint, or their shapes alone."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from mrnet_features.arrays import Array
from mrnet_features.data.exam import Exam
from mrnet_features.messages import quote
from mrnet_features.names import PLANES
from mrnet_features.stacks.conversion_faults import find_conversion_faults
from mrnet_features.stacks.stack import check_stack

ExamLike: TypeAlias = Exam | Mapping[str, Any]
"""An Exam, or a mapping of plane to stack in memory."""


@dataclass(frozen=True)
class StacksExam(Exam):
    """Exam whose stacks are in memory.

    Parameters
    ----------
    id, paths
        As of an `Exam`; `paths` is empty.
    stacks : mapping of plane -> stack
    """

    stacks: Mapping[str, Any] = field(default_factory=dict)

    def load(self, plane: str, *, mmap: bool = False) -> np.ndarray[Any, Any]:  # noqa: ARG002
        """Stack of one plane, checked; see `Exam.load`."""
        return _get(self.stacks, plane)


class Pixels(NamedTuple):
    """Stacks of one exam, read and checked.

    Attributes
    ----------
    label : str
        Name of the exam in error messages.
    stacks : dict of str to array of shape (n_slices, height, width), uint8
        By plane.
    fingerprint : str
        BLAKE2 hash of the stacks, in hexadecimal.
    faults : dict of str to tuple of str
        By plane, as from `find_conversion_faults`; the stacks are valid nevertheless.
    """

    label: str
    stacks: dict[str, Array]
    fingerprint: str
    faults: dict[str, tuple[str, ...]]


def read_exam(exam: ExamLike, index: int, planes: Sequence[str]) -> Pixels:
    """Stacks of an exam, with their fingerprint.

    Parameters
    ----------
    exam : Exam or mapping plane -> stack
    index : int
        Index of the exam in the sequence; errors name it where the exam has no id.
    planes : sequence of str
        Planes to read.

    Returns
    -------
    Pixels

    Raises
    ------
    KeyError, TypeError, ValueError, OSError
        If a plane is missing or is not a valid stack; a note names exam and plane.

    Examples
    --------
    >>> pixels = read_exam({"axial": np.zeros((2, 8, 8), np.uint8)}, 0, ["axial"])
    >>> pixels.label, pixels.stacks["axial"].shape
    ('the exam at index 0', (2, 8, 8))
    """
    digest = hashlib.blake2b(digest_size=16)
    stacks: dict[str, Array] = {}
    faults: dict[str, tuple[str, ...]] = {}
    for plane in planes:
        with _name_in_errors(exam, index, plane):
            grey = exam.load(plane) if isinstance(exam, Exam) else _get(exam, plane)
        digest.update(f"{plane}{grey.shape}".encode())
        stacks[plane] = np.ascontiguousarray(grey)
        digest.update(stacks[plane])
        faults[plane] = find_conversion_faults(stacks[plane])
    return Pixels(_label_exam(exam, index), stacks, digest.hexdigest(), faults)


def read_shapes(
    exam: ExamLike, index: int, planes: Sequence[str]
) -> dict[str, tuple[int, int, int]]:
    """Shapes of an exam's stacks; only the headers of files are read.

    Parameters
    ----------
    exam, index, planes
        As in `read_exam`.

    Returns
    -------
    dict of str to tuple of int
        (n_slices, height, width) by plane.

    Raises
    ------
    KeyError, TypeError, ValueError, OSError
        As `read_exam`.
    """
    shapes = {}
    for plane in planes:
        with _name_in_errors(exam, index, plane):
            if isinstance(exam, Exam):
                shapes[plane] = exam.find_shape(plane)
            else:
                n_slices, height, width = _get(exam, plane).shape
                shapes[plane] = (n_slices, height, width)
    return shapes


@contextlib.contextmanager
def _name_in_errors(exam: ExamLike, index: int, plane: str) -> Iterator[None]:
    """Add a note that names exam and plane to an error of the block."""
    try:
        yield
    except Exception as error:
        error.add_note(f"while reading {_label_exam(exam, index)}, plane '{plane}'")
        raise


def _label_exam(exam: ExamLike, index: int) -> str:
    return f"exam {quote(exam.id)}" if isinstance(exam, Exam) else f"the exam at index {index}"


def _get(exam: Mapping[str, Any], plane: str) -> np.ndarray[Any, Any]:
    """Stack of one plane of a mapping, checked."""
    if plane not in exam:
        present = tuple(exam)[: len(PLANES)]
        advice = f"Pass planes={present!r}, or leave the exam out." if exam else "Leave it out."
        raise KeyError(
            f"The exam has no plane '{plane}' (planes present: "
            f"{', '.join(map(str, present)) or 'none'}). {advice}"
        )
    check_stack(exam[plane])
    return np.asarray(exam[plane])
