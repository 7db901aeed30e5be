"""Sides of exams, found before any exam is described."""

from __future__ import annotations

import dataclasses
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

from mrnet_features.data.exam import Exam
from mrnet_features.extraction.read import GIVE_SIDE, ExamLike, find_exam_side
from mrnet_features.messages import describe_cause, name_some

logger = logging.getLogger("mrnet_features")

E = TypeVar("E", bound=ExamLike)

SOURCES = {"given": "given", "tag": "from a tag", "position": "guessed from the position"}
"""How a side was found, for a message."""


def give_sides(exams: Sequence[E], *, skips: bool = False) -> tuple[list[E], dict[str, int]]:
    """Exams whose side is given, so that no header is read again.

    Parameters
    ----------
    exams : sequence of Exam or of mapping series -> stack
    skips : bool, default False
        Keep exams whose side is unknown as they are, instead of raising: reading them raises.

    Returns
    -------
    exams : list of Exam or of mapping series -> stack
    sources : dict of str to int
        Number of exams by how their side was found: given, tag or position.

    Raises
    ------
    ValueError
        If the side of an exam is unknown, or its headers can't be read. The message names the
        exams and says what to do.
    """
    found: list[E] = []
    sources: Counter[str] = Counter()
    unknown: dict[str, str] = {}
    for k, exam in enumerate(exams):
        name = exam.id if isinstance(exam, Exam) else f"index {k}"
        try:
            side = find_exam_side(exam)
        except ModuleNotFoundError:
            raise
        except (OSError, ValueError) as error:
            unknown[name] = describe_cause(error)
            found.append(exam)
            continue
        if side.name == "unknown":
            unknown[name] = " ".join(side.warnings)
            found.append(exam)
            continue
        sources[side.source] += 1
        given = exam
        if isinstance(exam, Exam) and exam.side is None:
            given = cast("E", dataclasses.replace(exam, side=side.name))
        found.append(given)
    if unknown and not skips:
        reason = next((f" {text}" for text in unknown.values() if text), "")
        raise ValueError(
            "`sides='known'` needs the side of every knee, but it is unknown for "
            f"{len(unknown)} of {len(exams)} exams: {name_some(list(unknown))}.{reason} {GIVE_SIDE}"
        )
    return found, {source: sources[source] for source in SOURCES if sources[source]}


def log_sides(sources: Mapping[str, int]) -> None:
    """Log how the sides of the exams were found, in one message; a warning if some were guessed.

    Parameters
    ----------
    sources : mapping of str to int
        As from `give_sides`.
    """
    parts: list[Any] = [f"{n} {SOURCES[source]}" for source, n in sources.items()]
    if parts:
        level = logging.WARNING if "position" in sources else logging.INFO
        hint = " A guess can be wrong: check some." if "position" in sources else ""
        logger.log(level, "Sides of %d knees: %s.%s", sum(sources.values()), ", ".join(parts), hint)
