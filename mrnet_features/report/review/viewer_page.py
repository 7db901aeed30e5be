"""Page with the viewer beside a report: the exams that its pictures link to."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from mrnet_features.data.exam import Exam
from mrnet_features.files.writing import write_text
from mrnet_features.report.review.inputs import Inputs
from mrnet_features.report.review.part import Part
from mrnet_features.report.viewer.cases import collect_cases
from mrnet_features.report.viewer.page import make_page

__all__ = ["is_viewable", "write_viewer"]

LINKED = "disagreements"
"""Section whose pictures link to the viewer; its table `exams` lists them."""


NO_REASONS = "no_reasons"
"""Its fact that says why predictions can't be explained, if so."""


def is_viewable(exam: Exam) -> bool:
    """Whether an exam has files, and all of them hold stacks; only headers are read.

    Parameters
    ----------
    exam : Exam

    Returns
    -------
    bool

    Examples
    --------
    >>> is_viewable(Exam("0042", {}))
    False
    """
    try:
        return bool([exam.find_shape(series) for series in exam.paths])
    except ConnectionError:
        raise
    except (OSError, ValueError):
        return False


def write_viewer(path: Path, inputs: Inputs, parts: Sequence[Part]) -> None:
    """Write the exams where model and label disagree as a page with the viewer.

    Parameters
    ----------
    path : Path
        HTML file. Without an exam to show none is written, and an old one removed.
    inputs : Inputs
        With a dataset.
    parts : sequence of Part
        Sections of the report.

    Raises
    ------
    ImportError
        If Pillow is not installed.
    OSError
        If the file can't be written.
    """
    dataset = inputs.dataset
    listed = [exam for part in parts if part.name == LINKED for exam in _list_exams(part)]
    ids = [exam for exam in listed if dataset is not None and is_viewable(dataset[exam])]
    if not ids or dataset is None:
        path.unlink(missing_ok=True)
        return
    unexplained = any(part.facts.get(NO_REASONS) for part in parts if part.name == LINKED)
    cases = collect_cases(
        dataset,
        inputs.model,
        None if unexplained else inputs.features,
        inputs.findings,
        ids=ids,
        families=inputs.families,
        networks=inputs.network[1] if inputs.network else None,
    )
    cases = dataclasses.replace(cases, explained=inputs.explained)
    write_text(path, make_page(cases, list(cases.exams), cases.marks))


def _list_exams(part: Part) -> list[str]:
    return list(part.tables["exams"]["exam"]) if "exams" in part.tables else []
