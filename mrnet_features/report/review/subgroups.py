"""Section on subgroups: AUC of each site, sex, age band or scanner."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from mrnet_features.evaluation.comparison.group_gap import GroupGap
from mrnet_features.evaluation.comparison.subgroups import Subgroups, measure_subgroups
from mrnet_features.evaluation.plots import make_axes, shorten
from mrnet_features.evaluation.score_plots import plot_changes, plot_subgroups
from mrnet_features.report.cells import SMALLEST_P, count, say_p
from mrnet_features.report.page import Text
from mrnet_features.report.review.attempt import Refusal, attempt
from mrnet_features.report.review.inputs import Inputs
from mrnet_features.report.review.part import Cell, Closed, LeftOut, Part, PartBlock, Plot, tabulate
from mrnet_features.report.svg import WIDTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["describe_subgroups"]

MOST_LEVELS = 24
"""Levels in a figure; more are only in the table."""

FEWEST = 5
LEVEL = 0.05

INTRODUCTION = (
    "The AUC within each level of a factor such as site or sex, and its difference from the AUC "
    "of all other exams. The dashed line is the AUC of all exams. An interval that reaches the "
    "line shows no difference; it does not show that there is none."
)

CAUTION = (
    "With many subgroups some differ by chance alone: read the adjusted p, which allows for the "
    "number of levels (Holm); intervals are not adjusted. A different AUC does not by itself show "
    "that a model is unfair, since the exams of one subgroup may be harder to tell apart. "
    "Intervals are 95 % confidence intervals that take the fitted models as given."
)

READ_GAP = (
    "Cross-validation in random folds and in folds that keep groups, such as sites, apart. The gap "
    "is the AUC in random folds minus the AUC in folds of groups: how much of the AUC leans on "
    "knowing the group. The second AUC is that to expect in a new group."
)

CELLS = {
    "factor": Cell("factor"),
    "level": Cell("level"),
    "n_exams": Cell("exams", ",d"),
    "n_positive": Cell("positive", ",d"),
    "auc": Cell("AUC (95 % CI)", ".3f", "ci_low", "ci_high"),
    "difference": Cell(
        "difference from the others (95 % CI)", ".3f", "difference_low", "difference_high"
    ),
    "adjusted": Cell("adjusted p"),
    "note": Cell("note"),
}


def describe_subgroups(inputs: Inputs) -> Sequence[Part | LeftOut]:
    """AUC of each subgroup of the exams, and how much it leans on knowing the group.

    Parameters
    ----------
    inputs : Inputs

    Returns
    -------
    sequence of Part or LeftOut
        Tables: subgroups, and gap if there is one; "-1", "-2" and so on if there are several.
    """
    facts: dict[str, Any] = {
        "confidence": 95,
        "fewest": FEWEST,
        "level": LEVEL,
        "smallest_p": SMALLEST_P,
    }
    tables: dict[str, pd.DataFrame] = {}
    blocks: list[PartBlock] = []
    found: list[Subgroups | Refusal] = list(inputs.find(Subgroups))
    if inputs.subgroups is not None:
        measure = functools.partial(
            measure_subgroups, inputs.model, inputs.subgroups, fewest=FEWEST
        )
        found.insert(0, attempt(measure))
    if found:
        blocks.append(Text(INTRODUCTION))
    for k, result in enumerate(found):
        if isinstance(result, Refusal):
            facts["not_measured"] = sentence = f"Subgroups were not measured. {result.reason}"
            blocks.append(Text(sentence))
        else:
            blocks += _describe(result, f"-{k}" if k else "", facts, tables)
    if any(isinstance(result, Subgroups) for result in found):
        blocks.append(Text(CAUTION))
    gaps = inputs.find(GroupGap)
    for k, gap in enumerate(gaps):
        blocks += _describe_gap(gap, f"-{k}" if k else "", facts, tables)
    left_out = []
    if not found:
        left_out.append(
            LeftOut(
                "Subgroups",
                'subgroups=exams[["site", "sex"]]',
                "No site, sex, age band or scanner of the exams was given.",
            )
        )
    part = Part("subgroups", "Subgroups", blocks, facts, tables)
    return [part, *left_out] if blocks else left_out


def _describe(
    result: Subgroups, end: str, facts: dict[str, Any], tables: dict[str, pd.DataFrame]
) -> Iterator[PartBlock]:
    table = result.summary()
    tables[f"subgroups{end}"] = table
    headline = result.headline
    main = table[table["task"] == headline]
    facts[f"overall{end}"] = {str(task): auc for task, auc in result.overall.items()}
    drawn = main.head(MOST_LEVELS)
    what = f"AUC of {headline}" if headline != "mean" else "mean AUC of all tasks"
    overall = float(result.overall[headline])
    if main["auc"].notna().any():
        yield Plot(f"Subgroups: {what}", functools.partial(_draw, drawn, overall))
    if len(main) > len(drawn):
        facts["n_drawn"] = MOST_LEVELS
        yield Text(f"The figure shows the first {MOST_LEVELS} levels, the table all.")
    yield Text(_say(table, headline, facts, end))
    cells = {name: cell for name, cell in CELLS.items() if name != "n_positive"}
    yield tabulate(_word(main), f"Subgroups: {what}", cells if headline == "mean" else CELLS)
    if headline != "mean":
        return
    single = table[table["task"] != headline]
    shown = tabulate(
        _word(single), "Subgroups: AUC of single tasks", {"task": Cell("task"), **CELLS}
    )
    yield Closed("Subgroups of single tasks", [shown])


def _word(table: pd.DataFrame) -> pd.DataFrame:
    """Table with p in words, and with "-" for no note."""
    notes = table["note"].replace("", "-")
    return table.assign(note=notes, adjusted=table["p_holm"].map(say_p))


def _say(table: pd.DataFrame, headline: str, facts: dict[str, Any], end: str) -> str:
    """What the table shows, in sentences."""
    primary = table["task"] == headline
    main = table[primary]
    n_levels, n_missing = len(main), int(main["auc"].isna().sum())
    facts |= {f"n_levels{end}": n_levels, f"n_missing{end}": n_missing}
    words = count(n_levels, "level")
    if n_missing:
        none = "none could" if n_missing == n_levels else f"{n_missing} could not"
        of_a_class = "exams of every task" if headline == "mean" else "exams"
        words += (
            f", of which {none} be measured: a level needs at least {FEWEST} positive and "
            f"negative {of_a_class}"
        )
    sentences = [words, _say_tests(main, "the AUC" if headline != "mean" else "the mean AUC")]
    if headline == "mean":
        sentences.append(_say_tests(table[~primary], "the AUC of single tasks"))
    return f"{'. '.join(sentences)}."


def _say_tests(rows: pd.DataFrame, what: str) -> str:
    """Levels whose AUC differs from that of the other exams after adjustment."""
    tested = rows[rows["p_holm"].notna()]
    if not len(tested):
        return f"No level could be tested for {what}"
    different = tested[tested["p_holm"] < LEVEL]
    if not len(different):
        return (
            f"No difference in {what} between a level and the other exams was shown (adjusted p "
            f"at least {LEVEL:g}); the intervals tell how large one can still be"
        )
    named = ", ".join(f"{row.factor}: {row.level} ({row.task})" for row in different.itertuples())
    return (
        f"Levels that differ from the other exams in {what} (adjusted p below {LEVEL:g}): {named}"
    )


def _draw(rows: pd.DataFrame, overall: float) -> Axes:
    axes = plot_subgroups(rows, overall, make_axes(WIDTH, 1.1 + 0.42 * len(rows)))
    names = [
        f"{shorten(row.factor, 14)}: {shorten(row.level, 14)}\n{row.n_exams:,} exams"
        for row in rows.itertuples()
    ]
    axes.set_yticks(axes.get_yticks(), names, fontsize="small")
    axes.locator_params(axis="x", nbins=5)
    return axes


def _describe_gap(
    gap: GroupGap, end: str, facts: dict[str, Any], tables: dict[str, pd.DataFrame]
) -> Iterator[PartBlock]:
    table = gap.summary()
    tables[f"gap{end}"] = table
    facts[f"n_groups{end}"] = int(table["n_groups"].iloc[0])
    yield Text(READ_GAP)
    yield Plot("Gap between random folds and folds of groups", functools.partial(_draw_gap, table))
    cells = {
        "task": Cell("task"),
        "auc_random": Cell("AUC, random folds", ".3f"),
        "auc_grouped": Cell("AUC, folds of groups", ".3f"),
        "gap": Cell("gap (95 % CI)", ".3f", "ci_low", "ci_high"),
        "n_groups": Cell("groups", ",d"),
    }
    yield tabulate(table, "Random folds and folds of groups", cells)


def _draw_gap(table: pd.DataFrame) -> Axes:
    axes = make_axes(WIDTH, 1.3 + 0.32 * len(table))
    return plot_changes(table, "gap", "AUC in random folds minus AUC in folds of groups", axes)
