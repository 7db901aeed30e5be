"""Findings of an audit: counts, pictures of the most severe, and the list of all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from mrnet_features.data.dataset import Dataset
from mrnet_features.report.cells import count
from mrnet_features.report.explore import flags
from mrnet_features.report.page import Text
from mrnet_features.report.review.finding_words import name_code, name_severity
from mrnet_features.report.review.inputs import Inputs
from mrnet_features.report.review.part import (
    Cell,
    Closed,
    Part,
    PartBlock,
    Thumbnail,
    tabulate,
)
from mrnet_features.report.series_words import describe_series

__all__ = ["describe_audit"]

NAME = "data"
MOST_PICTURES = 6
MOST_ROWS = 200
"""Most findings in the table of the page."""

NARROW = 60
"""Grey level that is drawn white where copies of the leg are looked for in the dark air."""


def describe_audit(inputs: Inputs) -> Part:
    """Counts, pictures and list of the findings of an audit.

    Parameters
    ----------
    inputs : Inputs
        With findings; without a dataset there are no pictures.

    Returns
    -------
    Part
        Its blocks, facts and tables are a piece of the section on the data.
    """
    assert inputs.findings is not None
    findings = flags.list_flags(inputs.findings, [], [])
    counts = _count_findings(findings)
    named = findings[findings["exam"] != ""]
    n_scored = int(named["exam"].isin(inputs.labels.index).groupby(named["exam"]).any().sum())
    facts: dict[str, Any] = {
        "n_findings": len(findings),
        "n_with_findings": named["exam"].nunique(),
        "n_scored_with_findings": n_scored,
    }
    tables = {"findings": findings, "counts": counts}
    if not len(findings):
        return Part(NAME, "", [Text("The audit found nothing.")], facts, tables)
    blocks: list[PartBlock] = [
        Text(
            f"The audit has {count(len(findings), 'finding')} on "
            f"{count(facts['n_with_findings'], 'exam')}, {n_scored:,} of which "
            f"{'was' if n_scored == 1 else 'were'} scored. A finding says that a file or a picture "
            "is unusual, not that it is useless: look at it before an exam is left out."
        )
    ]
    cells = {
        "severity": Cell("severity"),
        "finding": Cell("finding"),
        "n_findings": Cell("findings", ",d"),
        "n_exams": Cell("exams", ",d"),
    }
    blocks.append(tabulate(counts, "Findings by severity", cells))
    if inputs.dataset is not None:
        blocks += _show_findings(inputs.dataset, findings, facts, tables)
    shown = findings.head(MOST_ROWS).assign(
        severity=[name_severity(s) for s in findings["severity"].head(MOST_ROWS)],
        code=[name_code(code) for code in findings["code"].head(MOST_ROWS)],
        plane=[describe_series(plane) for plane in findings["plane"].head(MOST_ROWS)],
    )
    shown = shown.replace({"exam": {"": "-"}, "plane": {"": "-"}})
    cells = {
        "exam": Cell("exam"),
        "plane": Cell("plane"),
        "severity": Cell("severity"),
        "code": Cell("finding"),
        "advice": Cell("what was found, and what to do"),
    }
    inner: list[Any] = [tabulate(shown, "Findings, the most severe first", cells)]
    if len(findings) > MOST_ROWS:
        facts["n_more_findings"] = len(findings) - MOST_ROWS
        place = "data-findings.csv, in the folder beside this page"
        text = f"{facts['n_more_findings']:,} more are in {place}."
        inner.append(Text(text))
    blocks.append(Closed(f"All findings ({len(findings):,})", inner))
    return Part(NAME, "", blocks, facts, tables)


def _count_findings(findings: pd.DataFrame) -> pd.DataFrame:
    """Findings and exams by severity and code, the most severe first."""
    rows = []
    for key, here in findings.groupby(["severity", "code"], sort=False):
        severity, code = map(str, key)
        n_exams = here.loc[here["exam"] != "", "exam"].nunique()
        rows.append((name_severity(severity), name_code(code), code, len(here), n_exams))
    names = ["severity", "finding", "code", "n_findings", "n_exams"]
    return pd.DataFrame(rows, columns=names)


def _show_findings(
    dataset: Dataset, findings: pd.DataFrame, facts: dict[str, Any], tables: dict[str, pd.DataFrame]
) -> list[PartBlock]:
    """Pictures of the most severe findings."""
    taken = flags.take_thumbnails(dataset, findings, MOST_PICTURES)
    rows = [(t.exam, t.plane, t.severity, t.slice + 1, t.n_slices) for t in taken]
    names = ["exam", "plane", "severity", "slice", "n_slices"]  # slices from 1
    tables["pictures"] = pd.DataFrame(rows, columns=names)
    if not taken:
        return [Text("No stack with a finding could be shown.")]
    pictures = [_make_picture(thumbnail) for thumbnail in taken]
    text = (
        "Pictures of the most severe findings: the slice at fault where it is known, else the "
        "middle one. Faults of a whole stack can be hard to see on one slice."
    )
    if any("ghosting: " in reason for thumbnail in taken for reason in thumbnail.reasons):
        facts |= {"window": [0, NARROW]}
        text += f" Ghosting is shown with a narrow window, grey levels 0 to {NARROW}: see the air."
    return [Text(text), *pictures]


def _make_picture(taken: flags.Thumbnail) -> Thumbnail:
    """Slice with its findings in words; a narrow window where copies of the leg were found."""
    codes, advice = zip(*(reason.split(": ", 1) for reason in taken.reasons), strict=True)
    words = dict.fromkeys(map(name_code, codes))
    grey = taken.picture
    if "ghosting" in codes:
        grey = np.minimum(grey.astype(np.int64) * 255 // NARROW, 255).astype(np.uint8)
    where = f"{describe_series(taken.plane)} slice {taken.slice + 1} of {taken.n_slices}"
    title = f"{taken.exam}, {where}: {name_severity(taken.severity)}"
    return Thumbnail(grey, title, [f"{text[:1].upper()}{text[1:]}." for text in words] + [*advice])
