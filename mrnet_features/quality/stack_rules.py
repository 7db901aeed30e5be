"""Findings that one stack alone gives: slices, saturation, ghosts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mrnet_features.quality.findings import Finding
from mrnet_features.quality.ghosts import DIRECTIONS, find_worst
from mrnet_features.quality.measurements import Measures

GHOST_CHECK, GHOST_REJECT = 0.003, 0.009  # of the leg's grey level; noise stays below
SATURATED_CHECK, SATURATED_REJECT = 0.2, 0.5  # of the leg; a large effusion stays below


def judge_stack(measures: Measures) -> Iterator[Finding]:
    """Yield the findings of one stack.

    Parameters
    ----------
    measures : Measures

    Yields
    ------
    Finding
    """
    yield from _judge_slices(measures)
    if measures.saturation >= SATURATED_CHECK:
        severity = "reject" if measures.saturation >= SATURATED_REJECT else "check"
        advice = (
            f"{measures.saturation:.0%} of the leg is at grey level 255; contrast is lost there. "
            "Scale the stack anew from its source, or leave it out."
        )
        yield Finding(
            measures.exam, measures.plane, "saturated", severity, measures.saturation, advice
        )
    yield from _judge_ghosts(measures)


def _judge_slices(measures: Measures) -> Iterator[Finding]:
    counts = {
        "blank-slices": (measures.n_blank, "have no contrast"),
        "repeated-slices": (measures.n_repeated, "repeat the one before"),
    }
    for code, (count, what) in counts.items():
        if not count:
            continue
        severity = "reject" if 2 * count >= measures.n_slices else "check"
        advice = f"{count} of {measures.n_slices} slices {what}. Copy the file from its source."
        yield Finding(measures.exam, measures.plane, code, severity, float(count), advice)


def _judge_ghosts(measures: Measures) -> Iterator[Finding]:
    by_slice, lasting = measures.ghosts
    worst, direction = max(find_worst(by_slice), find_worst(lasting))
    if worst < GHOST_CHECK:
        return
    along = np.nan_to_num(by_slice[:, direction])
    n_slices = int((along >= GHOST_CHECK).sum())
    where, most_on = "faintly on slice after slice", ""
    if n_slices:
        where = f"on {n_slices} of {measures.n_slices} slices"
        most_on = f", strongest on slice {np.argmax(along)} (from 0)"
    severity, verdict = "check", "Leave the exam out if they cross the joint."
    if worst >= GHOST_REJECT:
        severity, verdict = "reject", "Leave the exam out, unless you see that they miss the joint."
    advice = (
        f"Copies displaced {DIRECTIONS[direction]} {where}, in the air beside the leg{most_on}. "
        f"Look at it with the grey levels of air spread out. {verdict}"
    )
    yield Finding(measures.exam, measures.plane, "ghosting", severity, worst, advice)
