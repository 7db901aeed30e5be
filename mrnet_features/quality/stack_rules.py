"""Findings of one stack by itself: blank and repeated slices, saturation."""

from __future__ import annotations

from collections.abc import Iterator

from mrnet_features.quality.findings import Finding
from mrnet_features.quality.measurements import Measures

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
