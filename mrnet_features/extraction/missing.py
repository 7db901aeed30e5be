"""Series that exams lack, and families that describe none of the series."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from mrnet_features.data.exam import Exam
from mrnet_features.extraction.read import ExamLike, list_stacks
from mrnet_features.extraction.recipe import Recipe
from mrnet_features.families.base import Family
from mrnet_features.messages import name_some
from mrnet_features.names import sort_series

logger = logging.getLogger("mrnet_features")


def check_presence(exams: Sequence[ExamLike], planes: Sequence[str]) -> None:
    """Raise if a series is in no exam, as a misspelt one is.

    Parameters
    ----------
    exams : sequence of Exam or of mapping series -> stack
    planes : sequence of str

    Raises
    ------
    ValueError
    """
    present = {str(name) for exam in exams for name in list_stacks(exam)}
    absent = [series for series in planes if series not in present]
    if absent:
        raise ValueError(
            f"`planes` must be series that at least one exam has, got {name_some(absent)}. The "
            f"exams have {name_some(sort_series(present)) or 'none'}."
        )


def list_missing(exams: Sequence[ExamLike], recipe: Recipe) -> dict[str, list[str]]:
    """Exams that lack a series, by series; empty unless the recipe allows it.

    Parameters
    ----------
    exams : sequence of Exam or of mapping series -> stack
    recipe : Recipe

    Returns
    -------
    dict of str to list of str
        Ids of the exams, or their positions; only series that an exam lacks.
    """
    if recipe.missing == "error":
        return {}
    found: dict[str, list[str]] = {}
    for k, exam in enumerate(exams):
        present = list_stacks(exam)
        for series in recipe.planes:
            if series not in present:
                name = exam.id if isinstance(exam, Exam) else str(k)
                found.setdefault(series, []).append(name)
    return {series: found[series] for series in recipe.planes if series in found}


def log_missing(missing: Mapping[str, Sequence[str]], n_exams: int) -> None:
    """Log which series are missing in how many exams, in one message.

    Parameters
    ----------
    missing : mapping of str to sequence of str
        As from `list_missing`.
    n_exams : int
    """
    if missing:
        parts = (f"{series} in {len(exams)}" for series, exams in missing.items())
        said = "Of %d exams some lack a series and have NaN in its columns: %s."
        logger.info(said, n_exams, ", ".join(parts))


def check_use(families: Sequence[Family], planes: Sequence[str]) -> None:
    """Raise if a family that was asked for by name describes none of the series.

    Parameters
    ----------
    families : sequence of Family
    planes : sequence of str
        Names of series.

    Raises
    ------
    ValueError
    """
    for family in families:
        if not any(map(family.describes, planes)):
            raise ValueError(
                f"`families` has {family.label!r}, which describes none of the series "
                f"{', '.join(planes)}: it is meant for {family.say_scope()}. Leave it out, or pass "
                "other `planes`."
            )
