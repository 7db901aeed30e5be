"""The page of an exploration."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mrnet_features.names import NO_DEVICE
from mrnet_features.report.cells import count, number
from mrnet_features.report.explore.blocks import (
    Drawer,
    show,
    swatch_level,
    swatch_word,
    with_quartiles,
    with_range,
)
from mrnet_features.report.explore.label_sections import (
    describe_labels,
    describe_shortcut,
    describe_slices,
)
from mrnet_features.report.explore.order import MARGIN, explain_reversal
from mrnet_features.report.explore.tissues import (
    MRNET_SEQUENCES,
    SEQUENCES,
    WEIGHTED_SEQUENCES,
    describe_sequence,
    list_signals,
)
from mrnet_features.report.page import (
    Block,
    Details,
    Figures,
    Page,
    Pictures,
    Section,
    Table,
    Text,
)
from mrnet_features.report.series_words import describe_series

if TYPE_CHECKING:
    from mrnet_features.report.explore.result import Exploration

__all__ = ["make_page"]

MOST_ROWS = 500
"""Most flags in the table of the page."""

PRIVATE = (
    "This file holds pictures and labels of the exams. Do not share it if they may not be shared."
)

INTERVALS = (
    "Intervals are 95 % confidence intervals: Wilson's of fractions, DeLong's of AUCs. They take "
    "exams as independent. Several exams of one person are not, and make them too narrow."
)


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
    made = Drawer(exploration)
    sections = [
        Section("The set", list(_describe_set(exploration))),
        Section("Labels", list(describe_labels(exploration, made))),
        Section("Slice counts", list(describe_slices(exploration, made))),
        Section("Grey levels", list(_describe_grey(exploration, made))),
        Section("Tissues", list(_describe_tissues(exploration, made))),
        Section("Unusual exams", list(_describe_flags(exploration))),
    ]
    n = exploration.n_exams
    return Page(
        title="Exploration of a knee MRI set",
        lead=(
            f"{count(n, 'exam')}; {'planes' if exploration.kind == 'plane' else 'series'}: "
            f"{', '.join(map(describe_series, exploration.planes)) or 'none'}; labels: "
            f"{', '.join(exploration.tasks) or 'none'}. Look at the set before you model it: what "
            "tells the labels apart without showing a knee, and which exams differ from the others."
        ),
        sections=sections,
        foot=[
            PRIVATE,
            _say_seconds(exploration),
            INTERVALS,
            NO_DEVICE,
        ],
    )


def _say_seconds(exploration: Exploration) -> str:
    """Time of the pass over the pixels, and of the audit."""
    per_exam = exploration.seconds / exploration.n_exams
    text = f"Exploring took {exploration.seconds:.1f} s, {per_exam:.2f} s per exam"
    if not exploration.audited:
        return f"{text}."
    if math.isfinite(exploration.audit_seconds):
        return f"{text}, and the audit before it {exploration.audit_seconds:.1f} s."
    return f"{text}, without the audit before it."


def _describe_set(exploration: Exploration) -> Iterator[Block]:
    """Exams, planes, picture sizes and slices."""
    n = exploration.n_exams
    rows = [
        [
            describe_series(str(plane)),
            _name_sequence(exploration, str(plane)) or "unknown",
            f"{row['n_exams']:,}",
            f"{row['n_missing']:,}",
            row["sizes"],
            f"{row['n_slices']:g} ({row['slices_low']} to {row['slices_high']})",
            number(row["grey_median"], 0),
            f"{row['n_flagged']:,}",
        ]
        for plane, row in exploration.summary().iterrows()
    ]
    header = [exploration.kind, "sequence", "stacks", "no stack", "picture size: stacks"]
    header += ["slices (range)"]
    caption = f"Stacks of each {exploration.kind}; medians over exams"
    yield Table(caption, [*header, "grey level", "flagged"], rows)
    if exploration.tasks:
        labels = exploration.frame("labels")
        n_incomplete = int(labels.isna().any(axis=1).sum())
        yield Text(f"Exams that lack a label: {n_incomplete:,} of {n:,}.")
    else:
        yield Text("The set has no labels.")


def _name_sequence(exploration: Exploration, series: str) -> str:
    """Short name of the sequence of a series; of a weighting those that it may be."""
    sequence = exploration.sequences.get(series, "")
    return " or ".join(WEIGHTED_SEQUENCES.get(sequence, (sequence,)))


def _describe_grey(exploration: Exploration, made: Drawer) -> Iterator[Block]:
    """Histograms by label, and how much exams differ."""
    if not exploration.planes:
        yield Text("No stack could be read.")
        return
    yield Text(
        "Lines are mean histograms of the leg, without the air around it. Bands hold eight tenths "
        "of the exams at each grey level."
    )
    tasks: Sequence[str | None] = exploration.compared or (None,)
    drawn = []
    for plane in exploration.planes:
        sequence = _name_sequence(exploration, plane)
        words = f"{describe_series(plane)}{f' ({sequence})' if sequence else ''}"
        for task in tasks:
            caption = f"{words}: {task or 'all exams'}"
            drawn.append(made.draw(caption, "histograms", plane=plane, task=task))
    yield Figures(drawn)
    stacks = exploration.frame("stacks")
    rows = []
    for plane in exploration.planes:
        here = stacks[stacks["plane"] == plane]
        cells = [
            with_quartiles(here[name])
            for name in ("grey_median", "grey_spread", "grey_distance", "foreground")
        ]
        rows.append([describe_series(plane), *cells])
    yield Table(
        "How much single exams differ: median over exams (quartiles)",
        [
            *(exploration.kind, "median grey level", "spread (between quartiles)", "distance"),
            "leg / picture",
        ],
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
                for block in describe_shortcut(exploration, made, "grey", "the median grey level")
                if not isinstance(block, Details)
            ],
        )


def _describe_tissues(exploration: Exploration, made: Drawer) -> Iterator[Block]:
    """Expected and measured signal of tissues."""
    table = exploration.frame("tissues")
    yield Text(
        "Each tissue is measured on the exam's own pixels, in a region that is placed by the "
        "outline of the leg and the joint line, not by a segmentation; the last column says which, "
        "and how sure it is. The expected word tells how a tissue looks beside the others, not its "
        "grey level. So two tissues that a sequence shows well apart are compared in each exam: "
        "their order is reversed if the one that should be darker is at least "
        f"{MARGIN - 1:.0%} brighter. The grey level is compared with something else: the median "
        "of the exam's leg. A row says so if a tissue that should be dark lies above that median "
        "(more than 1.00) or one that should be bright below it, even where the order is right."
    )
    yield from _warn_of_reversals(exploration)
    for plane in exploration.planes:
        here = table[table["plane"] == plane]
        sequence = exploration.sequences.get(plane)
        words = describe_sequence(sequence) if sequence else "unknown sequence"
        yield Table(
            f"{describe_series(plane)}, {words}: median of exams (quartiles)",
            [
                *("tissue", "expected beside others", "grey level", "grey level / leg's median"),
                *("order of the tissues", "measured where"),
            ],
            [
                [
                    row["tissue"],
                    swatch_word(row["expected"]),
                    swatch_level(row["grey"]),
                    ", ".join(filter(None, (with_range(row), row["level"]))),
                    row["verdict"],
                    f"{row['where']} ({row['sure']})",
                ]
                for row in here.to_dict("records")
            ],
        )
    captions = {
        plane: f"{describe_series(plane)}: signal of tissues" for plane in exploration.planes
    }
    yield Figures([made.draw(text, "tissues", plane=plane) for plane, text in captions.items()])
    signals = list_signals().drop(index="air")
    rows = [
        [str(tissue), *(swatch_word(word) for word in row)]
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
            f"{count(row['n_exams'], 'exam')}"
            for row in here.to_dict("records")
        ]
        if said:
            sequence = describe_sequence(exploration.sequences.get(plane, "every sequence"))
            causes = {
                explain_reversal(row["brighter"], row["darker"]) for row in here.to_dict("records")
            }
            yield Text(
                f"{describe_series(plane)}: {'; '.join(said)}. On {sequence} it should be darker. "
                f"{' '.join(sorted(causes))}",
                is_warning=True,
            )


def _describe_flags(exploration: Exploration) -> Iterator[Block]:
    """Thumbnails and the table of flags."""
    flags = exploration.frame("flags")
    if not exploration.audited:
        yield Text(
            "No audit was given: other problems of the exams are not among the flags. Pass "
            "`mf.audit(dataset)`."
        )
    if not len(flags):
        yield Text("Nothing unusual was found.")
        return
    n_stacks = len(flags[["exam", "plane"]].drop_duplicates())
    n_shown = len(exploration.thumbnails)
    yield Text(
        f"{count(len(flags), 'flag')} on "
        f"{count(flags.loc[flags['exam'] != '', 'exam'].nunique(), 'exam')}. reject and check are "
        "severities of the audit; unusual is an outlier among the exams of its plane (4.5 robust "
        "SDs or more) or an exam with tissues in reversed order. Pictures show "
        f"{n_shown:,} of {count(n_stacks, 'flagged stack')}, the most severe first: the slice at "
        "fault where it is known, else the middle one. Stacks that can't be read and exams outside "
        "the set have no picture."
    )
    yield Pictures([show(thumbnail) for thumbnail in exploration.thumbnails])
    rows = [
        [
            row["exam"] or "-",
            describe_series(row["plane"]) or "-",
            row["severity"],
            row["code"],
            number(row["value"], 2),
            row["advice"],
        ]
        for row in flags.head(MOST_ROWS).to_dict("records")
    ]
    header = ["exam", exploration.kind, "severity", "code", "value", "reason"]
    listed: list[Text | Table | Figures | Pictures] = [Table("Flags", header, rows)]
    if len(flags) > MOST_ROWS:
        listed.append(Text(f"{len(flags) - MOST_ROWS:,} more are in .frame('flags')."))
    yield Details(f"All flags ({len(flags):,})", listed)
