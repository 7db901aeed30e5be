"""Read an exam's stacks: pixels with a fingerprint, or their shapes alone."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from mrnet_features.arrays import Array
from mrnet_features.data.exam import Exam
from mrnet_features.data.exam_files import advise_on_gaps
from mrnet_features.extraction.recipe import Missing
from mrnet_features.messages import quote
from mrnet_features.names import PLANES, parse_series, say_series, sort_series
from mrnet_features.series.side import Side
from mrnet_features.stacks.conversion_faults import find_conversion_faults
from mrnet_features.stacks.mirror import mirror_stack
from mrnet_features.stacks.region_sets import Sides
from mrnet_features.stacks.stack import check_stack

ExamLike: TypeAlias = Exam | Mapping[str, Any]
"""An Exam, or a mapping of series to stack in memory. A mapping may also hold "side" and
"spacing_mm", as an Exam does."""

FACTS = ("side", "spacing_mm")
"""Keys of a mapping that are no series."""

GIVE_SIDE = (
    "Pass it, such as Exam(id, paths, side='left') or {'sagittal': stack, 'side': 'left'}, leave "
    "the exam out, or extract with sides='fold'."
)
"""What to do about an exam whose side is unknown."""


@dataclass(frozen=True, repr=False)
class StacksExam(Exam):
    """Exam whose stacks are in memory.

    Parameters
    ----------
    id, paths
        As of an `Exam`; `paths` is empty.
    stacks : mapping of series -> stack
    """

    stacks: Mapping[str, Any] = field(default_factory=dict)

    def load(
        self,
        plane: str,
        *,
        mmap: bool = False,  # noqa: ARG002
        side: Side | None = None,  # noqa: ARG002
    ) -> np.ndarray[Any, Any]:
        """Stack of one series, checked; see `Exam.load`."""
        return self._rescale(_get(self.stacks, plane), plane)

    def find_shape(self, plane: str) -> tuple[int, int, int]:
        """Shape of the stack of one series; see `Exam.find_shape`."""
        n_slices, height, width = _get(self.stacks, plane).shape
        if self.find_spacing(plane) is not None:
            height = width = self.scale.size
        return n_slices, height, width

    def _list_series(self) -> tuple[str, ...]:
        return tuple(self.stacks)


def hold_stacks(stacks: Mapping[str, Any], name: str = "") -> StacksExam:
    """Exam of a mapping.

    Parameters
    ----------
    stacks : mapping of series -> stack
        It may hold "side" and "spacing_mm" too.
    name : str, default ""
        Exam id.

    Returns
    -------
    StacksExam

    Raises
    ------
    ValueError
        If side or spacing is invalid.

    Examples
    --------
    >>> hold_stacks({"axial": None, "side": "left"}, "0042").find_side().name
    'left'
    """
    side, spacing = (stacks.get(key) for key in FACTS)
    kept = {series: stack for series, stack in stacks.items() if series not in FACTS}
    return StacksExam(name, {}, kept, side=side, spacing_mm=spacing)


class Pixels(NamedTuple):
    """Stacks of one exam, read and checked.

    Attributes
    ----------
    label : str
        Name of the exam in error messages.
    stacks : dict of str to array of shape (n_slices, height, width), uint8
        By series.
    fingerprint : str
        BLAKE2 hash of the stacks, in hexadecimal.
    faults : dict of str to tuple of str
        By series, as from `find_conversion_faults`; the stacks are valid nevertheless.
    is_mirrored : bool
        Whether a left knee was mirrored to a right one.
    """

    label: str
    stacks: dict[str, Array]
    fingerprint: str
    faults: dict[str, tuple[str, ...]]
    is_mirrored: bool = False


def list_stacks(exam: ExamLike) -> Collection[str]:
    """Names of the stacks that an exam has; no file is read.

    Parameters
    ----------
    exam : Exam or mapping series -> stack

    Returns
    -------
    collection of str
    """
    if isinstance(exam, StacksExam):
        return exam.stacks
    return exam.paths if isinstance(exam, Exam) else [key for key in exam if key not in FACTS]


def choose_series(
    exam: ExamLike, planes: Sequence[str], missing: Missing = "error"
) -> tuple[str, ...]:
    """Series of an exam to read.

    Parameters
    ----------
    exam : Exam or mapping series -> stack
    planes : sequence of str
        Series that were asked for.
    missing : {"error", "nan"}, default "error"
        "nan" leaves out those that the exam lacks.

    Returns
    -------
    tuple of str
        Empty if the exam has none of them.

    Examples
    --------
    >>> choose_series({"axial": None}, ["axial", "coronal_fluid"], "nan")
    ('axial',)
    """
    if missing == "error":
        return tuple(planes)
    present = list_stacks(exam)
    return tuple(series for series in planes if series in present)


def read_exam(
    exam: ExamLike,
    index: int,
    planes: Sequence[str],
    missing: Missing = "error",
    sides: Sides = "fold",
) -> Pixels:
    """Stacks of an exam, with their fingerprint.

    Parameters
    ----------
    exam : Exam or mapping series -> stack
    index : int
        Index of the exam in the sequence; errors name it where the exam has no id.
    planes : sequence of str
        Series to read.
    missing : {"error", "nan"}, default "error"
        "nan" leaves out the series that the exam lacks, unless it lacks all.
    sides : {"fold", "known", "guess"}, default "fold"
        "known" mirrors a left knee to a right one; the fingerprint is that of the mirrored stacks.
        "guess" does so by a guessed side, too.

    Returns
    -------
    Pixels

    Raises
    ------
    KeyError, TypeError, ValueError, OSError
        If a series is missing or is not a valid stack; or the side must be known and is not, a
        series does not say how its slices lie, or its tags contradict the side. A note names exam
        and series.

    Examples
    --------
    >>> pixels = read_exam({"axial": np.zeros((2, 8, 8), np.uint8)}, 0, ["axial"])
    >>> pixels.label, pixels.stacks["axial"].shape
    ('the exam at index 0', (2, 8, 8))
    """
    digest = hashlib.blake2b(digest_size=16)
    stacks: dict[str, Array] = {}
    faults: dict[str, tuple[str, ...]] = {}
    side = None if sides == "fold" else _require_side(exam, index, sides)
    is_mirrored = side is not None and side.name == "left"
    for series in _choose(exam, index, planes, missing):
        with _name_in_errors(exam, index, series):
            held = exam if isinstance(exam, Exam) else hold_stacks(exam)
            grey = held.load(series) if side is None else held.load(series, side=side)
        if is_mirrored:
            grey = mirror_stack(grey, parse_series(series).plane)
        digest.update(f"{series}{grey.shape}".encode())
        stacks[series] = np.ascontiguousarray(grey)
        digest.update(stacks[series])
        faults[series] = find_conversion_faults(stacks[series])
    return Pixels(_label_exam(exam, index), stacks, digest.hexdigest(), faults, is_mirrored)


def read_shapes(
    exam: ExamLike, index: int, planes: Sequence[str], missing: Missing = "error"
) -> dict[str, tuple[int, int, int]]:
    """Shapes of an exam's stacks; only the headers of files are read.

    Parameters
    ----------
    exam, index, planes, missing
        As in `read_exam`.

    Returns
    -------
    dict of str to tuple of int
        (n_slices, height, width) by series.

    Raises
    ------
    KeyError, TypeError, ValueError, OSError
        As `read_exam`.
    """
    shapes = {}
    for series in _choose(exam, index, planes, missing):
        with _name_in_errors(exam, index, series):
            held = exam if isinstance(exam, Exam) else hold_stacks(exam)
            shapes[series] = held.find_shape(series)
    return shapes


def find_exam_side(exam: ExamLike) -> Side:
    """Side of the knee of an exam; see `Exam.find_side`.

    Parameters
    ----------
    exam : Exam or mapping series -> stack

    Returns
    -------
    Side

    Raises
    ------
    OSError, ValueError, ModuleNotFoundError
        As `Exam.find_side`.

    Examples
    --------
    >>> find_exam_side({"axial": None, "side": "left"}).name
    'left'
    """
    return (exam if isinstance(exam, Exam) else hold_stacks(exam)).find_side()


def _require_side(exam: ExamLike, index: int, sides: Sides) -> Side:
    """Side of an exam; an error that names the exam if it is unknown, or only guessed."""
    try:
        side = find_exam_side(exam)
    except Exception as error:
        error.add_note(f"while finding the side of {_label_exam(exam, index)}")
        raise
    if not suffices(side, sides):
        reason = "".join(f" {text}" for text in side.warnings)
        label = _label_exam(exam, index)
        raise ValueError(f"The side of {label} must be known, but it is not.{reason} {GIVE_SIDE}")
    return side


def suffices(side: Side, sides: Sides) -> bool:
    """Whether a side is sure enough to name regions medial and lateral.

    Parameters
    ----------
    side : Side
    sides : {"known", "guess"}
        "guess" also takes a side from the position in the scanner.

    Returns
    -------
    bool

    Examples
    --------
    >>> guessed = Side("left", "position", 0.9)
    >>> suffices(guessed, "known"), suffices(guessed, "guess"), suffices(Side(), "guess")
    (False, True, False)
    """
    return side.name != "unknown" and (side.is_known or sides == "guess")


def _choose(exam: ExamLike, index: int, planes: Sequence[str], missing: Missing) -> Sequence[str]:
    """Series to read; an error that names the exam if it has none of them."""
    chosen = choose_series(exam, planes, missing)
    if not chosen:
        error = KeyError(
            f"The exam must have one of the series {', '.join(planes)} (series present: "
            f"{', '.join(map(str, list_stacks(exam))) or 'none'}). Leave it out."
        )
        error.add_note(f"while reading {_label_exam(exam, index)}")
        raise error
    return chosen


@contextlib.contextmanager
def _name_in_errors(exam: ExamLike, index: int, series: str) -> Iterator[None]:
    """Add a note that names exam and series to an error of the block."""
    try:
        yield
    except Exception as error:
        error.add_note(f"while reading {_label_exam(exam, index)}, {say_series(series)}")
        raise


def _label_exam(exam: ExamLike, index: int) -> str:
    return f"exam {quote(exam.id)}" if isinstance(exam, Exam) else f"the exam at index {index}"


def _get(exam: Mapping[str, Any], series: str) -> np.ndarray[Any, Any]:
    """Stack of one series of a mapping, checked."""
    if series not in exam:
        present = tuple(sort_series(exam)) or tuple(exam)[: len(PLANES)]
        raise KeyError(
            f"The exam has no {say_series(series)} (series present: "
            f"{', '.join(map(str, present)) or 'none'}). {advise_on_gaps(present)}"
        )
    check_stack(exam[series])
    return np.asarray(exam[series])
