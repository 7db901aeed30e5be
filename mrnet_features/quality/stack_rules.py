"""Findings of one stack by itself: blank and repeated slices, saturation, ghosting."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mrnet_features.quality.findings import Finding
from mrnet_features.quality.ghosts import DIRECTIONS, find_highest
from mrnet_features.quality.measurements import Measures

GHOST_CHECK, GHOST_REJECT = 0.003, 0.009  # of the leg's grey level; noise alone stays below
SATURATED_CHECK, SATURATED_REJECT = 0.2, 0.5  # of the leg; a large effusion stays below


def apply_stack_rules(measures: Measures) -> Iterator[Finding]:
    """Yield the findings of one stack.

    Parameters
    ----------
    measures : Measures

    Yields
    ------
    Finding
    """
    yield from _check_slices(measures)
    if measures.saturation >= SATURATED_CHECK:
        severity = "reject" if measures.saturation >= SATURATED_REJECT else "check"
        advice = (
            f"{measures.saturation:.0%} of the leg is at grey level 255 and has lost its contrast. "
            "Convert the stack again from its source, or leave it out."
        )
        yield Finding(
            measures.exam, measures.plane, "saturated", severity, measures.saturation, advice
        )
    yield from _check_ghosts(measures)


def _check_slices(measures: Measures) -> Iterator[Finding]:
    counts = {
        "blank-slices": (measures.n_blank, "without contrast"),
        "repeated-slices": (measures.n_repeated, "equal to the slice before"),
    }
    for code, (count, what) in counts.items():
        if not count:
            continue
        severity = "reject" if 2 * count >= measures.n_slices else "check"
        advice = f"Slices {what}: {count} of {measures.n_slices}. Copy the file from its source."
        yield Finding(measures.exam, measures.plane, code, severity, float(count), advice)


def _check_ghosts(measures: Measures) -> Iterator[Finding]:
    by_slice, lasting = measures.ghosts
    highest, direction = max(find_highest(by_slice), find_highest(lasting))
    if highest < GHOST_CHECK:
        return
    scores = np.nan_to_num(by_slice[:, direction])
    n_slices = int((scores >= GHOST_CHECK).sum())
    where, strongest = "faintly on consecutive slices", ""
    if n_slices:
        where = f"on {n_slices} of {measures.n_slices} slices"
        strongest = f", strongest on slice {np.argmax(scores)} (from 0)"
    severity, verdict = "check", "Leave the exam out if they cross the joint."
    if highest >= GHOST_REJECT:
        severity, verdict = "reject", "Leave the exam out unless they clearly miss the joint."
    advice = (
        f"Copies displaced {DIRECTIONS[direction]} {where}, in the air beside the leg{strongest}. "
        f"Look at it with a narrow grey-level window on the air. {verdict}"
    )
    yield Finding(measures.exam, measures.plane, "ghosting", severity, highest, advice)
