"""Sides of exams, found before any exam is described."""

from __future__ import annotations

import dataclasses
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast

from mrnet_features.data.exam import Exam
from mrnet_features.extraction.read import GIVE_SIDE, ExamLike, find_exam_side, suffices
from mrnet_features.messages import describe_cause, name_some
from mrnet_features.series.side import Side, make_side
from mrnet_features.stacks.region_sets import Sides

logger = logging.getLogger("mrnet_features")

E = TypeVar("E", bound=ExamLike)

SOURCES = {"given": "given", "tag": "from a tag", "position": "guessed from the position"}
"""How a side was found, for a message."""


def give_sides(exams: Sequence[E], sides: Sides, *, skips: bool = False) -> list[E]:
    """Exams that hold their side and how it was found, so that no header is read again.

    Parameters
    ----------
    exams : sequence of Exam or of mapping series -> stack
    sides : {"known", "guess"}
        "guess" also takes sides from the position in the scanner.
    skips : bool, default False
        Keep exams whose side is unknown as they are, instead of raising: reading them raises.

    Returns
    -------
    list of Exam or of mapping series -> stack

    Raises
    ------
    ValueError
        If the side of an exam is unknown, or its headers can't be read. The message names the
        exams and says what to do.
    """
    found: list[E] = []
    unknown: dict[str, str] = {}
    n_guessed = 0
    for k, exam in enumerate(exams):
        name = exam.id if isinstance(exam, Exam) else f"index {k}"
        found.append(exam)
        try:
            side = find_exam_side(exam)
        except (ModuleNotFoundError, ConnectionError):
            raise
        except (OSError, ValueError) as error:
            unknown[name] = describe_cause(error)
            continue
        if not suffices(side, sides):
            is_guessed = side.source == "position"
            n_guessed += is_guessed
            unknown[name] = "" if is_guessed else " ".join(side.warnings)
        elif isinstance(exam, Exam) and exam.side is None:
            found[-1] = cast("E", dataclasses.replace(exam, side=side))
    if unknown and not skips:
        reason = next((f" {text}" for text in unknown.values() if text), "")
        if n_guessed:
            reason += (
                f" The position in the scanner gives a guess for {n_guessed} of them, which can be "
                "wrong: sides='guess' takes it."
            )
        raise ValueError(
            f"The side of every knee is needed with sides={sides!r}, but it is unknown for "
            f"{len(unknown)} of {len(exams)} exams: {name_some(list(unknown))}.{reason} {GIVE_SIDE}"
        )
    return found


def count_sources(exams: Iterable[ExamLike]) -> dict[str, int]:
    """Number of exams by how their side was found: given, tag or position.

    Parameters
    ----------
    exams : iterable of Exam or of mapping series -> stack
        As from `give_sides`.

    Returns
    -------
    dict of str to int
    """
    sources: Counter[str] = Counter()
    for exam in exams:
        side: Side = make_side(exam.side if isinstance(exam, Exam) else exam.get("side"))
        sources[side.source] += 1
    return {source: sources[source] for source in SOURCES if sources[source]}


def log_sides(sources: Mapping[str, int]) -> None:
    """Log how the sides of the exams were found, in one message; a warning if some were guessed.

    Parameters
    ----------
    sources : mapping of str to int
        As from `count_sources`.
    """
    parts: list[Any] = [f"{n} {SOURCES[source]}" for source, n in sources.items()]
    if parts:
        level = logging.WARNING if "position" in sources else logging.INFO
        hint = " A guess can be wrong: check some." if "position" in sources else ""
        logger.log(level, "Sides of %d knees: %s.%s", sum(sources.values()), ", ".join(parts), hint)
