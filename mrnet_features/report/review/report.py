"""`Report`: sections of a finished study as a page, with their numbers as JSON and CSV."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mrnet_features.data.dataset import Dataset
from mrnet_features.evaluation.results import Result
from mrnet_features.files.csv_format import format_csv
from mrnet_features.files.writing import write_texts
from mrnet_features.names import NO_DEVICE
from mrnet_features.plain import to_plain
from mrnet_features.report.page import Page, Section, Table
from mrnet_features.report.review.calibration import describe_calibration
from mrnet_features.report.review.checklists import describe_checklists
from mrnet_features.report.review.comparison import describe_comparison
from mrnet_features.report.review.conclusions import are_synthetic
from mrnet_features.report.review.curves import describe_curves
from mrnet_features.report.review.data import describe_data
from mrnet_features.report.review.disagreements import describe_disagreements
from mrnet_features.report.review.earlier import FORMAT, find_folder, list_tables
from mrnet_features.report.review.importance import describe_importance
from mrnet_features.report.review.inputs import Inputs, Scored, collect_inputs
from mrnet_features.report.review.layout import lay_out
from mrnet_features.report.review.leakage import describe_leakage
from mrnet_features.report.review.network_training import describe_networks
from mrnet_features.report.review.part import LeftOut, Part
from mrnet_features.report.review.provenance import describe_provenance
from mrnet_features.report.review.scores import describe_scores
from mrnet_features.report.review.subgroups import describe_subgroups
from mrnet_features.report.review.verdict import describe_verdict
from mrnet_features.report.viewer.overlays import Families

__all__ = ["TITLE", "Report", "describe_study", "make_report"]

TITLE = "Study of a knee MRI set"

SECTIONS: tuple[Callable[[Inputs], Sequence[Part | LeftOut]], ...] = (
    describe_data,
    describe_scores,
    describe_curves,
    describe_comparison,
    describe_networks,
    describe_disagreements,
    describe_importance,
    describe_calibration,
    describe_leakage,
    describe_subgroups,
    describe_checklists,
    describe_provenance,
)
"""Functions that make the sections, in the order of the page; the verdict comes before them."""

OPTIONS = {
    **{name: f"--{name}" for name in ("compare", "findings", "subgroups", "thorough")},
    "dataset": "a folder of exams as ROOT",
    "features": "a TABLE of mrnet-features extract",
}
"""What brings something on the command line, by argument of `write_report`."""

PRIVATE = (
    "This page and the files beside it hold labels, and pictures if there are any. Do not share "
    "them if the exams may not be shared."
)


@dataclass(frozen=True, eq=False)
class Report:
    """Sections of a report, and its numbers.

    Attributes
    ----------
    title, lead : str
    parts : tuple of Part
    left_out : tuple of LeftOut
        What is missing, and which argument brings it.
    """

    title: str
    lead: str
    parts: tuple[Part, ...]
    left_out: tuple[LeftOut, ...]

    @functools.cached_property
    def numbers(self) -> dict[str, Any]:
        """Every number of the page, in JSON types; NaN is None."""
        return {
            "format": FORMAT,
            "title": self.title,
            "lead": self.lead,
            "parts": {
                part.name: {
                    "title": part.title,
                    "facts": _make_plain(part.facts),
                    "tables": {name: to_plain(_flatten(t)) for name, t in part.tables.items()},
                }
                for part in self.parts
            },
            "left_out": [left_out._asdict() for left_out in self.left_out],
        }

    @functools.cached_property
    def page(self) -> Page:
        """The page. Needs jinja2, matplotlib and Pillow."""
        sections = lay_out(self.parts)
        if self.left_out:
            table = tabulate_left_out(self)
            sections.append(Section("Left out", [table._replace(caption="What would bring it")]))
        return Page(self.title, self.lead, sections, foot=[NO_DEVICE, PRIVATE])

    def save(self, path: str | Path) -> None:
        """Write the page, its numbers as JSON beside it, and its tables as CSV in a folder.

        Parameters
        ----------
        path : path
            HTML file. For ``report.html`` the others are ``report.json`` and
            ``report-files/*.csv``.

        Raises
        ------
        ImportError
            If jinja2, matplotlib or Pillow is not installed.
        """
        self._write(path, {Path(path): self.page.html})

    def save_numbers(self, path: str | Path) -> None:
        """Write what `save` writes beside the page. Needs no extra.

        Parameters
        ----------
        path : path
            As for `save`.
        """
        self._write(path, {})

    def _write(self, path: str | Path, pages: Mapping[Path, str]) -> None:
        """Write page, numbers and tables together; tables of an earlier report are removed."""
        old = list_tables(path)
        folder = find_folder(path)
        folder.mkdir(parents=True, exist_ok=True)
        texts = {
            **pages,
            Path(path).with_suffix(".json"): json.dumps(self.numbers, indent=1) + "\n",
        }
        for part in self.parts:
            for name, table in part.tables.items():
                texts[folder / f"{part.name}-{name}.csv"] = format_csv(_flatten(table))
        write_texts(texts)
        for file in set(old) - set(texts):  # it would look like a part of this one
            file.unlink(missing_ok=True)

    def __repr__(self) -> str:
        names = ", ".join(part.name for part in self.parts)
        return f"Report({names}; {len(self.left_out)} left out)"

    def _repr_html_(self) -> str:
        return self.page._repr_html_()


def make_report(
    evaluation: Scored | Sequence[Scored] | Mapping[str, Scored],
    dataset: Dataset | None = None,
    features: pd.DataFrame | None = None,
    compare: Mapping[str, Any] | None = None,
    findings: pd.DataFrame | None = None,
    *,
    subgroups: pd.DataFrame | None = None,
    also: Sequence[Result] = (),
    stated: Mapping[Any, str] | None = None,
    is_release: bool = False,
    thorough: bool = False,
    title: str = TITLE,
    command: str = "",
    viewer: str = "",
    families: Families = "baseline",
    seed: int = 0,
    n_jobs: int | None = None,
) -> Report:
    """Compute the sections of a report without writing anything.

    Parameters
    ----------
    evaluation, dataset, features, compare, findings, subgroups, also, stated, is_release, thorough
        See `write_report`.
    title, command, families, seed, n_jobs
        See `write_report`.
    viewer : str, default ""
        Address of a page with the viewer, relative to the report.

    Returns
    -------
    Report
    """
    inputs = collect_inputs(
        evaluation,
        dataset,
        features,
        compare,
        findings,
        subgroups=subgroups,
        also=tuple(also),
        stated=stated or {},
        is_release=is_release,
        thorough=thorough,
        command=command,
        viewer=viewer,
        families=families,
        seed=seed,
        n_jobs=n_jobs,
    )
    return describe_study(inputs, title)


def describe_study(inputs: Inputs, title: str) -> Report:
    """Sections of a report.

    Parameters
    ----------
    inputs : Inputs
    title : str

    Returns
    -------
    Report
    """
    found = [item for describe in SECTIONS for item in describe(inputs)]
    parts = [item for item in found if isinstance(item, Part)]
    left_out = [item for item in found if isinstance(item, LeftOut)]
    verdict = describe_verdict(inputs, {part.name: part for part in parts})
    is_synthetic = inputs.dataset is not None and are_synthetic(inputs.dataset)
    drawn = "Synthetic knees, drawn by a program. " if is_synthetic else ""
    lead = (
        f"{drawn}{len(inputs.labels):,} exams; tasks: {', '.join(map(str, inputs.labels.columns))}."
    )
    return Report(title, lead, (verdict, *parts), tuple(left_out))


def tabulate_left_out(report: Report) -> Table:
    """What a report lacks, and the argument that brings it; the option, where a command made it.

    Parameters
    ----------
    report : Report

    Returns
    -------
    Table
        Without a caption.
    """
    made_by = [part.facts.get("command") for part in report.parts if part.name == "provenance"]
    if not any(made_by):
        return Table("", ["left out", "argument", "reason"], [list(r) for r in report.left_out])
    rows = [[title, name_option(name), reason] for title, name, reason in report.left_out]
    return Table("", ["left out", "option of mrnet-features report", "reason"], rows)


def name_option(argument: str) -> str:
    """Option of the command that stands for an argument of `write_report`.

    Parameters
    ----------
    argument : str
        As in `LeftOut`.

    Returns
    -------
    str

    Examples
    --------
    >>> name_option("findings="), name_option("also=[stability]")
    ('--findings', 'in Python only')
    """
    return OPTIONS.get(argument.partition("=")[0].strip(), "in Python only") if argument else "-"


def _flatten(table: pd.DataFrame) -> pd.DataFrame:
    """Table with its named index as columns, and column names as text."""
    flat = table.reset_index() if table.index.names != [None] else table
    return flat.rename(columns=str)


def _make_plain(value: Any) -> Any:
    """Value in JSON types."""
    if isinstance(value, Mapping):
        return {str(key): _make_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_make_plain(item) for item in value]
    if hasattr(value, "item"):  # numpy
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
