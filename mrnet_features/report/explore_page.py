"""The page of an exploration."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from mrnet_features.report.explore_labels import find_conflicts
from mrnet_features.report.explore_order import MARGIN, explain_reversal
from mrnet_features.report.explore_tissues import (
    LEVELS,
    MRNET_SEQUENCES,
    SEQUENCES,
    describe_sequence,
    list_signals,
)
from mrnet_features.report.figures import name_cell, to_svg
from mrnet_features.report.page import (
    Block,
    Details,
    Figures,
    Page,
    Picture,
    Pictures,
    Section,
    Swatch,
    Table,
    Text,
)

if TYPE_CHECKING:
    from mrnet_features.report.explore import Exploration
    from mrnet_features.report.explore_flags import Thumbnail

__all__ = ["make_page", "show"]

MOST_ROWS = 500
"""Most flags in the table of the page."""

PRIVATE = (
    "This file holds pictures and labels of the exams. Do not share it if they may not be shared."
)

INTERVALS = (
    "Intervals are 95 % confidence intervals: Wilson's of fractions, DeLong's of AUCs. They take "
    "exams as independent. Several exams of one person are not, and make them too narrow."
)

LONGEST = 300
"""Most characters of a reason under a thumbnail."""

QUALITY = 80  # of the pictures
SWATCHES = (30, 75, 120, 175, 235)  # grey levels of the words of `LEVELS`


def make_page(exploration: Exploration) -> Page:
    """Page of all tables and figures of an exploration.

    Parameters
    ----------
    exploration : Exploration

    Returns
    -------
    Page

    Raises
    ------
    ImportError
        If matplotlib or Pillow is not installed.
    """
    made = _Drawer(exploration)
    sections = [
        Section("The set", list(_describe_set(exploration))),
        Section("Labels", list(_describe_labels(exploration, made))),
        Section("Slice counts", list(_describe_slices(exploration, made))),
        Section("Grey levels", list(_describe_grey(exploration, made))),
        Section("Tissues", list(_describe_tissues(exploration, made))),
        Section("Unusual exams", list(_describe_flags(exploration))),
    ]
    n = exploration.n_exams
    seconds = (
        f"The pixels were read once, in {exploration.seconds:.1f} s: "
        f"{exploration.seconds / n:.2f} s per exam."
    )
    return Page(
        title="Exploration of a knee MRI set",
        lead=(
            f"{_count(n, 'exam')}; planes: {', '.join(exploration.planes) or 'none'}; labels: "
            f"{', '.join(exploration.tasks) or 'none'}. Look at the set before you model it: what "
            "tells the labels apart without showing a knee, and which exams differ from the others."
        ),
        sections=sections,
        foot=[
            PRIVATE,
            seconds,
            INTERVALS,
        ],
    )


class _Drawer:
    """Figures of an exploration as SVG, numbered for their ids."""

    def __init__(self, exploration: Exploration) -> None:
        self.exploration = exploration
        self.n_drawn = 0

    def draw(self, caption: str, part: str, **options: Any) -> tuple[str, str]:
        """SVG and caption of one figure."""
        self.n_drawn += 1
        axes = self.exploration.plot(part=part, **options)
        return to_svg(axes, caption, f"figure-{self.n_drawn}"), caption


def _describe_set(exploration: Exploration) -> Iterator[Block]:
    """Exams, planes, picture sizes and slices."""
    n = exploration.n_exams
    rows = [
        [
            plane,
            exploration.sequences.get(str(plane), "unknown"),
            f"{row['n_exams']:,}",
            f"{row['n_missing']:,}",
            row["sizes"],
            f"{row['n_slices']:g} ({row['slices_low']} to {row['slices_high']})",
            _number(row["grey_median"], 0),
            f"{row['n_flagged']:,}",
        ]
        for plane, row in exploration.summary().iterrows()
    ]
    header = ["plane", "sequence", "stacks", "no stack", "picture size: stacks", "slices (range)"]
    caption = "Stacks of each plane; medians over exams"
    yield Table(caption, [*header, "grey level", "flagged"], rows)
    if exploration.tasks:
        labels = exploration.frame("labels")
        n_incomplete = int(labels.isna().any(axis=1).sum())
        yield Text(f"Exams that lack a label: {n_incomplete:,} of {n:,}.")
    else:
        yield Text("The set has no labels.")


def _describe_labels(exploration: Exploration, made: _Drawer) -> Iterator[Block]:
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
                _with_interval(row["prevalence"], row, "{:.1%}"),
            ]
            for task, row in prevalence.iterrows()
        ],
    )
    drawn = []
    if prevalence["prevalence"].notna().any():
        drawn.append(made.draw("Prevalence of each task", "prevalence"))
    table = exploration.frame("cooccurrence")
    n_complete = int(table["observed"].sum())
    if len(tasks) > 1 and n_complete:
        drawn.append(
            made.draw("Exams with each combination of labels, and if independent", "cooccurrence")
        )
    yield Figures(drawn)
    yield from _describe_conflicts(exploration)
    if len(tasks) < 2 or not n_complete:
        return
    yield Text(
        f"Expected is the number of exams if the {len(tasks)} tasks were independent, among the "
        f"{n_complete:,} exams with all labels. A ratio of 1 is independence; the interval is 95 %."
        " Where a tear makes a knee abnormal by definition, the combinations of a tear without "
        "abnormal are empty, and the others differ from independence for this reason alone: see "
        "the tears among the abnormal exams."
    )
    yield Table(
        "Combinations of labels",
        ["positive for", "observed", "expected", "observed / expected (95 % CI)"],
        _list_cells(table, tasks),
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
                _with_interval(row["fraction"], row, "{:.1%}"),
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
            _with_interval(row["ratio"], row, "{:.2f}"),
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
                f"Labelled {tear} but not {abnormal}: {_count(len(exams), 'exam')}: "
                f"{', '.join(exams[:10])}{more}. Correct their labels.",
                is_warning=True,
            )
    held = [tear for (tear, _), exams in conflicts.items() if not exams]
    if held:
        yield Text(f"Checked: every exam labelled {' or '.join(held)} is labelled abnormal too.")


def _describe_slices(exploration: Exploration, made: _Drawer) -> Iterator[Block]:
    """Slice counts by label, and the AUC of the count alone."""
    yield Text(
        "The number of slices follows the protocol, the scanner, the year and the size of the "
        "person. Where it tells the labels apart, it is a shortcut: a model can learn it without "
        "looking at the knee. Leave the family acquisition out of the features, or report with and "
        "without it."
    )
    yield from _describe_shortcut(exploration, made, "slices", "slices")


def _describe_shortcut(
    exploration: Exploration, made: _Drawer, part: str, words: str
) -> Iterator[Block]:
    """Figures per plane and the AUCs of one measurement."""
    table = exploration.frame(part)
    if not len(table):
        yield Text("There are no labels to compare.")
        return
    captions = {plane: f"{plane}: {words} by label" for plane in exploration.planes}
    yield Figures([made.draw(text, part, plane=plane) for plane, text in captions.items()])
    yield Table(
        f"AUC of {words} alone; above 0.5: more in positive exams",
        ["plane", "task", "positive, negative", "medians", "AUC (95 % CI)", "alone"],
        [
            [
                row["plane"],
                row["task"],
                f"{row['n_positive']:,}, {row['n_negative']:,}",
                f"{_number(row['positive_50'], 0)}, {_number(row['negative_50'], 0)}",
                _with_interval(row["auc"], row, "{:.3f}"),
                _judge_auc(row, "shortcut" if part == "slices" else "lesion or shortcut"),
            ]
            for row in table.to_dict("records")
        ],
    )
    if len(table) > 1:
        yield Text(
            f"Medians are those of positive and negative exams. Of {len(table)} intervals, one in "
            "twenty misses 0.5 by chance."
        )


def _judge_auc(row: dict[Any, Any], why: str) -> str:
    if not math.isfinite(row["auc"]):
        return "needs 2 exams of each class"
    if row["ci_low"] > 0.5 or row["ci_high"] < 0.5:
        return f"tells the label: {why}"
    return "may be chance"


def _describe_grey(exploration: Exploration, made: _Drawer) -> Iterator[Block]:
    """Histograms by label, and how much exams differ."""
    if not exploration.planes:
        yield Text("No stack could be read.")
        return
    yield Text(
        "Lines are mean histograms of the leg, without the air around it. Bands hold eight tenths "
        "of the exams at each grey level."
    )
    tasks: Sequence[str | None] = exploration.tasks or (None,)
    drawn = []
    for plane in exploration.planes:
        sequence = exploration.sequences.get(plane)
        words = f"{plane}{f' ({sequence})' if sequence else ''}"
        for task in tasks:
            caption = f"{words}: {task or 'all exams'}"
            drawn.append(made.draw(caption, "histograms", plane=plane, task=task))
    yield Figures(drawn)
    stacks = exploration.frame("stacks")
    rows = []
    for plane in exploration.planes:
        here = stacks[stacks["plane"] == plane]
        cells = [
            _with_quartiles(here[name])
            for name in ("grey_median", "grey_spread", "grey_distance", "foreground")
        ]
        rows.append([plane, *cells])
    yield Table(
        "How much single exams differ: median over exams (quartiles)",
        ["plane", "median grey level", "spread (between quartiles)", "distance", "leg / picture"],
        rows,
    )
    yield Text(
        "Distance is the mean difference in grey levels between the leg of an exam and that of the "
        "median exam of the plane: the area between their cumulative histograms."
    )
    if exploration.tasks:
        yield Details(
            "Does the median grey level tell the labels apart?",
            [
                block
                for block in _describe_shortcut(exploration, made, "grey", "the median grey level")
                if not isinstance(block, Details)
            ],
        )


def _describe_tissues(exploration: Exploration, made: _Drawer) -> Iterator[Block]:
    """Expected and measured signal of tissues."""
    table = exploration.frame("tissues")
    yield Text(
        "Each tissue is measured on the exam's own pixels, in a region that is placed by the "
        "outline of the leg and the joint line, not by a segmentation; the last column says which, "
        "and how sure it is. Levels are relative to the median grey level of the exam's leg. Two "
        "tissues that a sequence shows well apart are compared in each exam: reversed means that "
        f"the one that should be darker is at least {MARGIN - 1:.0%} brighter."
    )
    yield from _warn_of_reversals(exploration)
    for plane in exploration.planes:
        here = table[table["plane"] == plane]
        sequence = exploration.sequences.get(plane)
        words = describe_sequence(sequence) if sequence else "unknown sequence"
        yield Table(
            f"{plane}, {words}: median of exams (quartiles)",
            ["tissue", "expected", "measured", "grey level / median", "order", "measured where"],
            [
                [
                    row["tissue"],
                    _swatch_word(row["expected"]),
                    _swatch_level(row["grey"]),
                    _with_range(row),
                    row["verdict"],
                    f"{row['where']} ({row['sure']})",
                ]
                for row in here.to_dict("records")
            ],
        )
    captions = {plane: f"{plane}: signal of tissues" for plane in exploration.planes}
    yield Figures([made.draw(text, "tissues", plane=plane) for plane, text in captions.items()])
    signals = list_signals().drop(index="air")
    rows = [
        [str(tissue), *(_swatch_word(word) for word in row)]
        for tissue, row in zip(signals.index, signals.to_numpy(), strict=True)
    ]
    named = [describe_sequence(sequence) for sequence in SEQUENCES]
    yield Details(
        "What tissues look like on each sequence",
        [
            Table("Expected signal on spin-echo sequences", ["tissue", *named], rows),
            Text(
                "MRNet's planes: "
                + ", ".join(f"{p} {describe_sequence(s)}" for p, s in MRNET_SEQUENCES.items())
                + "."
            ),
        ],
    )


def _warn_of_reversals(exploration: Exploration) -> Iterator[Block]:
    """One warning per plane on which most exams have tissues in reversed order."""
    order = exploration.frame("order")
    for plane in exploration.planes:
        here = order[(order["plane"] == plane) & order["is_reversed"]]
        said = [
            f"{row['darker']} is brighter than {row['brighter']} in {row['n_reversed']:,} of "
            f"{_count(row['n_exams'], 'exam')}"
            for row in here.to_dict("records")
        ]
        if said:
            sequence = describe_sequence(exploration.sequences.get(plane, "every sequence"))
            causes = {
                explain_reversal(row["brighter"], row["darker"]) for row in here.to_dict("records")
            }
            yield Text(
                f"{plane}: {'; '.join(said)}. On {sequence} it should be darker. "
                f"{' '.join(sorted(causes))}",
                is_warning=True,
            )


def _describe_flags(exploration: Exploration) -> Iterator[Block]:
    """Thumbnails and the table of flags."""
    flags = exploration.frame("flags")
    if not exploration.audited:
        yield Text("No audit was given, so only outliers are shown here. Pass `mf.audit(dataset)`.")
    if not len(flags):
        yield Text("Nothing unusual was found.")
        return
    n_stacks = len(flags[["exam", "plane"]].drop_duplicates())
    n_shown = len(exploration.thumbnails)
    yield Text(
        f"{_count(len(flags), 'flag')} on "
        f"{_count(flags.loc[flags['exam'] != '', 'exam'].nunique(), 'exam')}. reject and check are "
        "severities of the audit; unusual is an outlier among the exams of its plane (4.5 robust "
        "SDs or more) or an exam with tissues in reversed order. Pictures show "
        f"{n_shown:,} of {_count(n_stacks, 'flagged stack')}, the most severe first: the slice at "
        "fault where it is known, else the middle one. Stacks that can't be read and exams outside "
        "the set have no picture."
    )
    yield Pictures([show(thumbnail) for thumbnail in exploration.thumbnails])
    rows = [
        [
            row["exam"] or "-",
            row["plane"] or "-",
            row["severity"],
            row["code"],
            _number(row["value"], 2),
            row["advice"],
        ]
        for row in flags.head(MOST_ROWS).to_dict("records")
    ]
    header = ["exam", "plane", "severity", "code", "value", "reason"]
    listed: list[Text | Table | Figures | Pictures] = [Table("Flags", header, rows)]
    if len(flags) > MOST_ROWS:
        listed.append(Text(f"{len(flags) - MOST_ROWS:,} more are in .frame('flags')."))
    yield Details(f"All flags ({len(flags):,})", listed)


def show(thumbnail: Thumbnail) -> Picture:
    """Thumbnail as a WebP picture with its reasons.

    Parameters
    ----------
    thumbnail : Thumbnail

    Returns
    -------
    Picture

    Raises
    ------
    ImportError
        If Pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError(
            "Thumbnails need Pillow: pip install 'mrnet-features[report]'."
        ) from error
    buffer = io.BytesIO()
    Image.fromarray(thumbnail.picture).save(buffer, "WEBP", quality=QUALITY)
    height, width = thumbnail.picture.shape
    return Picture(
        source=f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}",
        width=width,
        height=height,
        title=f"{thumbnail.exam}, {thumbnail.plane}: {thumbnail.severity}",
        lines=[
            *(
                text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."
                for text in thumbnail.reasons
            ),
            f"Slice {thumbnail.slice} (0 to {thumbnail.n_slices - 1}).",
        ],
    )


def _swatch_word(word: str) -> str | Swatch:
    return Swatch(SWATCHES[LEVELS.index(word)], word) if word else "unknown"


def _swatch_level(grey: float) -> str | Swatch:
    return Swatch(min(max(round(grey), 0), 255), f"{grey:.0f}") if math.isfinite(grey) else "-"


def _with_range(row: dict[Any, Any]) -> str:
    """Median ratio with its quartiles."""
    if not math.isfinite(row["ratio"]):
        return "-"
    return f"{row['ratio']:.2f} ({row['ratio_25']:.2f} to {row['ratio_75']:.2f})"


def _with_quartiles(values: pd.Series[float]) -> str:
    low, middle, high = values.quantile([0.25, 0.5, 0.75])
    digits = 0 if middle >= 20 else 2
    if not math.isfinite(middle):
        return "-"
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def _with_interval(value: float, row: Any, form: str) -> str:
    """Value with its confidence interval, as far as there is one."""
    if not math.isfinite(value):
        return "-"
    if not math.isfinite(row["ci_low"]):
        return form.format(value)
    return f"{form.format(value)} ({form.format(row['ci_low'])} to {form.format(row['ci_high'])})"


def _count(n: int, noun: str) -> str:
    """Number with its noun."""
    return f"{n:,} {noun}{'s' * (n != 1)}"


def _number(value: float, digits: int) -> str:
    if math.isnan(value):
        return "-"
    return f"{value:.{digits}f}" if math.isfinite(value) else "-"
