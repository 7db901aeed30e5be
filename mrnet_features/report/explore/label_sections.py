"""Sections about labels on the page of an exploration, and measurements that tell them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from mrnet_features.report.cells import count, number, with_interval
from mrnet_features.report.explore.blocks import Drawer
from mrnet_features.report.explore.figures import name_cell
from mrnet_features.report.explore.labels import find_conflicts, say_ratio
from mrnet_features.report.page import Block, Figures, Table, Text
from mrnet_features.report.series_words import describe_series

if TYPE_CHECKING:
    from mrnet_features.report.explore.result import Exploration

__all__ = ["describe_labels", "describe_shortcut", "describe_slices"]

IMPLIED = (
    " Where a tear makes a knee abnormal by definition, the combinations of a tear without "
    "abnormal are empty, and the others differ from independence for this reason alone: see "
    "the tears among the abnormal exams."
)

FEW = 50  # exams of a class, at which the interval of an AUC near 0.5 is about 0.2 wide


def describe_labels(exploration: Exploration, made: Drawer) -> Iterator[Block]:
    """Prevalence, co-occurrence and pairs."""
    tasks = exploration.tasks
    if not tasks:
        yield Text("There are no labels to describe.")
        return
    prevalence = exploration.frame("prevalence")
    yield Table(
        "Prevalence",
        ["task", "positive", "negative", "no label", "prevalence (95 % CI)"],
        [
            [
                str(task),
                *(f"{row[name]:,.0f}" for name in ("n_positive", "n_negative", "n_missing")),
                with_interval(row["prevalence"], row, "{:.1%}"),
            ]
            for task, row in prevalence.iterrows()
        ],
    )
    drawn = []
    if prevalence["prevalence"].notna().any():
        drawn.append(made.draw("Prevalence of each task", "prevalence"))
    table = exploration.frame("cooccurrence")
    n_complete = int(table["observed"].sum())
    compared = exploration.compared
    if len(compared) < len(tasks):
        yield Text(
            f"Below and in the other sections are the {len(compared)} of {len(tasks)} tasks with "
            f"the most positive exams: {', '.join(compared)}. Pass `tasks` for others."
        )
    if len(compared) > 1 and n_complete:
        drawn.append(
            made.draw("Exams with each combination of labels, and if independent", "cooccurrence")
        )
    yield Figures(drawn)
    yield from _describe_conflicts(exploration)
    if len(compared) < 2 or not n_complete:
        return
    yield Text(
        f"Expected is the number of exams if the {len(compared)} tasks were independent, among the "
        f"{n_complete:,} exams with all labels. A ratio of 1 is independence; the interval is 95 %."
        f"{IMPLIED if find_conflicts(exploration.frame('labels')) else ''}"
    )
    yield Table(
        "Combinations of labels",
        ["positive for", "observed", "expected", "observed / expected (95 % CI)"],
        _list_cells(table, compared),
    )
    tears = exploration.frame("tears")
    if tears["observed"].sum():
        yield Table(
            "Tears among the abnormal exams, where both may occur",
            ["torn", "observed", "expected", "observed / expected (95 % CI)"],
            _list_cells(tears, [task for task in tasks if task in tears.columns]),
        )
    yield Table(
        "Pairs of tasks: of the exams positive for one, the fraction positive for the other",
        ["positive for", "also for", "exams", "both", "fraction (95 % CI)"],
        [
            [
                row["task"],
                row["other"],
                f"{row['n_exams']:,}",
                f"{row['n_both']:,}",
                with_interval(row["fraction"], row, "{:.1%}"),
            ]
            for row in exploration.frame("pairs").to_dict("records")
        ],
    )


def _list_cells(table: pd.DataFrame, tasks: Sequence[str]) -> list[list[str]]:
    """Rows of a table of combinations of labels."""
    return [
        [
            name_cell(row, tasks),
            f"{row['observed']:,}",
            f"{row['expected']:.1f}",
            say_ratio(row, with_interval(row["ratio"], row, "{:.2f}")),
        ]
        for row in table.to_dict("records")
    ]


def _describe_conflicts(exploration: Exploration) -> Iterator[Block]:
    """Whether a tear implies abnormal."""
    conflicts = find_conflicts(exploration.frame("labels"))
    for (tear, abnormal), exams in conflicts.items():
        if exams:
            more = f" and {len(exams) - 10:,} more" if len(exams) > 10 else ""
            yield Text(
                f"Labelled {tear} but not {abnormal}: {count(len(exams), 'exam')}: "
                f"{', '.join(exams[:10])}{more}. Correct their labels.",
                is_warning=True,
            )
    held = [tear for (tear, _), exams in conflicts.items() if not exams]
    if held:
        yield Text(f"Checked: every exam labelled {' or '.join(held)} is labelled abnormal too.")


def describe_slices(exploration: Exploration, made: Drawer) -> Iterator[Block]:
    """Slice counts by label, and the AUC of the count alone."""
    yield Text(
        "The number of slices follows the protocol, the scanner, the year and the size of the "
        "person. Where it differs between the labels, it may be a shortcut: a model can learn it "
        "without looking at the knee. Leave the family acquisition out of the features, or report "
        "with and without it."
    )
    yield from describe_shortcut(exploration, made, "slices", "slices")


def describe_shortcut(
    exploration: Exploration, made: Drawer, part: str, words: str
) -> Iterator[Block]:
    """Figures per plane and the AUCs of one measurement."""
    table = exploration.frame(part)
    if not len(table):
        yield Text("There are no labels to compare.")
        return
    captions = {
        plane: f"{describe_series(plane)}: {words} by label" for plane in exploration.planes
    }
    yield Figures([made.draw(text, part, plane=plane) for plane, text in captions.items()])
    yield Table(
        f"AUC of {words} alone; above 0.5: more in positive exams",
        [
            *(exploration.kind, "task", "positive, negative", "medians", "AUC (95 % CI)"),
            "alone",
        ],
        [
            [
                describe_series(row["plane"]),
                row["task"],
                f"{row['n_positive']:,}, {row['n_negative']:,}",
                f"{number(row['positive_50'], 0)}, {number(row['negative_50'], 0)}",
                with_interval(row["auc"], row, "{:.3f}"),
                _judge_auc(row, "shortcut" if part == "slices" else "lesion or shortcut"),
            ]
            for row in table.to_dict("records")
        ],
    )
    if len(table) > 1:
        yield Text(
            f"Medians are those of positive and negative exams. Of {len(table)} intervals, one in "
            f"twenty misses 0.5 by chance. Few exams are fewer than {FEW} positive or negative "
            "ones: the interval is then wide, and the AUC may be far from that of the next exams."
        )


def _judge_auc(row: dict[Any, Any], why: str) -> str:
    if not math.isfinite(row["auc"]):
        return "needs 2 exams of each class"
    is_few = min(row["n_positive"], row["n_negative"]) < FEW
    if row["ci_low"] > 0.5 or row["ci_high"] < 0.5:
        return f"{'few exams: possible' if is_few else 'differs from 0.5: likely'} {why}"
    return "few exams: can't tell" if is_few else "may be chance"
