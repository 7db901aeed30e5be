"""Section on the data: labels, stacks, exams that were left out, and the audit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from mrnet_features.data.dataset import Dataset
from mrnet_features.evaluation.protocol.holdout import HoldOut
from mrnet_features.names import sort_series
from mrnet_features.report.cells import count, list_ids
from mrnet_features.report.explore.figures import name_cell
from mrnet_features.report.explore.labels import (
    choose_tasks,
    find_conflicts,
    measure_cooccurrence,
    measure_prevalence,
    say_ratio,
)
from mrnet_features.report.page import Text
from mrnet_features.report.review.audit import describe_audit
from mrnet_features.report.review.exclusions import describe_exclusions
from mrnet_features.report.review.inputs import Inputs
from mrnet_features.report.review.part import Cell, Closed, LeftOut, Part, PartBlock, tabulate
from mrnet_features.report.series_words import describe_series

__all__ = ["describe_data", "measure_files"]

NAME = "data"
MOST_ROWS = 200
"""Most files that can't be read in the table of the page."""

MOST_SIZES = 3
"""Most picture sizes of a plane that are named."""


def describe_data(inputs: Inputs) -> Sequence[Part | LeftOut]:
    """Exams, labels, stacks, exclusions and findings of an audit.

    Parameters
    ----------
    inputs : Inputs

    Returns
    -------
    sequence of Part or LeftOut
    """
    left_out = []
    pieces = [_describe_labels(inputs)]
    if inputs.dataset is None:
        reason = "Planes, numbers of slices and picture sizes are read from the files of a set."
        left_out.append(LeftOut("Planes, slices and pictures", "dataset=", reason))
    else:
        pieces.append(_describe_stacks(inputs.dataset, inputs.labels))
    if inputs.findings is None:
        reason = "Faults of files and pictures are known only from an audit."
        left_out.append(LeftOut("Audit", "findings=", reason))
    else:
        pieces.append(describe_audit(inputs))
    pieces.append(describe_exclusions(inputs))
    part = Part(
        NAME,
        "Data, exclusions, audit",
        [block for piece in pieces for block in piece.blocks],
        {name: fact for piece in pieces for name, fact in piece.facts.items()},
        {name: table for piece in pieces for name, table in piece.tables.items()},
    )
    return [part, *left_out]


def _describe_labels(inputs: Inputs) -> Part:
    """Labels of each task, their combinations, and labels that contradict each other."""
    model, labels = inputs.model, inputs.labels
    sets = {"labels": ("Scored exams", labels)}
    if isinstance(model, HoldOut):
        sets["training-labels"] = ("Training exams", model.train_labels)
    facts: dict[str, Any] = {"n_exams": len(labels), "confidence": 95}
    sentence = f"{count(len(labels), 'exam')} were scored."
    if isinstance(model, HoldOut):
        facts["n_training"] = len(model.train_labels)
        sentence += f" The models were fitted on {count(facts['n_training'], 'other exam')}."
    blocks: list[PartBlock] = [
        Text(
            f"{sentence} Prevalence is the fraction of positive exams among those with a label. "
            "An AUC does not depend on it, but predictive values do, and the rarer class decides "
            "how exactly an AUC is known."
        )
    ]
    tables = {}
    cells = {
        "task": Cell("task"),
        "n_positive": Cell("positive", ",d"),
        "n_negative": Cell("negative", ",d"),
        "n_missing": Cell("no label", ",d"),
        "prevalence": Cell("prevalence (95 % CI)", ".1%", "ci_low", "ci_high"),
    }
    for name, (title, of_set) in sets.items():
        tables[name] = measure_prevalence(of_set.where(of_set.isin([0, 1])))
        caption = f"{title}: labels, with Wilson's interval, which takes exams as independent"
        blocks.append(tabulate(tables[name], caption, cells))
    blocks += _describe_conflicts(labels, facts)
    if labels.shape[1] > 1:
        blocks += _describe_combinations(labels, tables, facts)
    return Part(NAME, "", blocks, facts, tables)


def _describe_conflicts(labels: pd.DataFrame, facts: dict[str, Any]) -> Iterator[Text]:
    """Tears in exams that are labelled not abnormal."""
    conflicts = find_conflicts(labels)
    facts["n_conflicts"] = sum(map(len, conflicts.values()))
    for (tear, abnormal), ids in conflicts.items():
        if ids:
            text = (
                f"Labelled {tear} but not {abnormal}, which contradict each other: "
                f"{count(len(ids), 'exam')} ({list_ids(ids)})."
            )
            facts[f"{tear}_without_{abnormal}"] = text
            yield Text(text, is_warning=True)
    if conflicts and not facts["n_conflicts"]:
        yield Text("No exam is labelled with a tear and not abnormal.")


def _describe_combinations(
    labels: pd.DataFrame, tables: dict[str, pd.DataFrame], facts: dict[str, Any]
) -> Iterator[Closed]:
    """How often labels occur together."""
    tasks = choose_tasks(labels)
    table = measure_cooccurrence(labels[tasks])
    n_complete = int(table["observed"].sum())
    if not n_complete:
        return
    table.insert(0, "positive", [name_cell(row, tasks) for row in table.to_dict("records")])
    shown = table.copy()
    ratios = zip(table["ratio"], table["ci_low"], table["ci_high"], strict=True)
    texts = [f"{ratio:.2f} ({low:.2f} to {high:.2f})" for ratio, low, high in ratios]
    rows = table.to_dict("records")
    shown["said"] = [say_ratio(row, text) for row, text in zip(rows, texts, strict=True)]
    tables["combinations"] = table
    facts |= {"n_complete": n_complete, "independent": 1, "impossible": 0}
    cells = {
        "positive": Cell("positive for"),
        "observed": Cell("exams", ",d"),
        "expected": Cell("if independent", ".1f"),
        "said": Cell("ratio (95 % CI)"),
    }
    which = "all labels"
    if len(tasks) < labels.shape[1]:
        facts |= {"n_combined": len(tasks), "n_tasks": labels.shape[1]}
        which = (
            f"labels of the {len(tasks)} of {labels.shape[1]} tasks with the most positive exams"
        )
    text = (
        f"Of {count(n_complete, 'exam')} with {which}. A ratio above 1 means that the labels "
        "occur together more often than independent ones would."
    )
    if find_conflicts(labels):
        text += " Where a tear makes a knee abnormal by definition, they can't be independent."
    yield Closed(
        "How labels occur together", [Text(text), tabulate(shown, "Combinations of labels", cells)]
    )


def _describe_stacks(dataset: Dataset, labels: pd.DataFrame) -> Part:
    """Planes, slices and picture sizes of the scored exams, from the headers of their files."""
    files = measure_files(dataset, list(labels.index))
    table = _summarise_files(files)
    cells = {
        "plane": Cell("plane"),
        "n_stacks": Cell("stacks", ",d"),
        "n_missing": Cell("no file", ",d"),
        "n_unreadable": Cell("can't be read", ",d"),
        "slices": Cell("slices, median", "g", "slices_low", "slices_high"),
        "sizes": Cell("picture size in pixels: stacks"),
    }
    blocks: list[PartBlock] = [
        tabulate(table, "Stacks of the scored exams; in brackets the fewest and most slices", cells)
    ]
    problems = files.loc[files["problem"] != "", ["exam", "plane", "problem"]]
    facts = {"n_unreadable": len(problems)}
    if len(problems):
        text = f"{count(len(problems), 'file')} can't be read."
        blocks.append(Text(text, is_warning=True))
        cells = {"exam": Cell("exam"), "plane": Cell("plane"), "problem": Cell("why")}
        listed = tabulate(problems.head(MOST_ROWS), "Files that can't be read", cells)
        blocks.append(Closed("Which files, and why", [listed]))
    return Part(NAME, "", blocks, facts, {"stacks": table, "unreadable": problems})


def measure_files(dataset: Dataset, ids: Sequence[Any]) -> pd.DataFrame:
    """Number of slices and picture size of each stack; only headers are read.

    Parameters
    ----------
    dataset : Dataset
    ids : sequence of exam ids

    Returns
    -------
    DataFrame
        Columns exam, plane, n_slices, height, width (0 if there is no file or it can't be read),
        has_file and problem (why it can't be read, else empty). One row per exam and plane.
    """
    present = {plane for exam in ids for plane in dataset[exam].paths}  # others were not loaded
    planes = sort_series(present)
    planes += sorted(present - set(planes))
    rows: list[tuple[Any, ...]] = []
    for exam in ids:
        for plane in planes:
            has_file = plane in dataset[exam].paths
            shape, problem = (0, 0, 0), ""
            try:
                if has_file:
                    shape = dataset[exam].find_shape(plane)
            except ConnectionError:
                raise
            except (OSError, ValueError) as error:
                problem = str(error)
            rows.append((exam, plane, *shape, has_file, problem))
    names = ["exam", "plane", "n_slices", "height", "width", "has_file", "problem"]
    return pd.DataFrame(rows, columns=names)


def _summarise_files(files: pd.DataFrame) -> pd.DataFrame:
    """One row per plane of which there is a file, or that MRNet has."""
    rows = []
    for plane, here in files.groupby("plane", sort=False):
        read = here[here["n_slices"] > 0]
        sizes = Counter(zip(read["height"], read["width"], strict=True)).most_common()
        named = [f"{h} x {w}: {n:,}" for (h, w), n in sizes[:MOST_SIZES]]
        others = sum(n for _, n in sizes[MOST_SIZES:])
        rows.append(
            {
                "plane": describe_series(str(plane)),
                "n_stacks": len(read),
                "n_missing": int((~here["has_file"]).sum()),
                "n_unreadable": int((here["problem"] != "").sum()),
                "slices": read["n_slices"].median(),
                "slices_low": read["n_slices"].min() if len(read) else None,
                "slices_high": read["n_slices"].max() if len(read) else None,
                "sizes": ", ".join([*named, *([f"others: {others:,}"] if others else [])]) or "-",
            }
        )
    return pd.DataFrame(rows)
