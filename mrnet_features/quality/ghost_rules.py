"""Findings about ghosts: displaced copies in the air beside the leg, and of edges inside it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from mrnet_features.quality.cohort_rules import CHECK_SDS, MIN_EXAMS, REJECT_SDS
from mrnet_features.quality.findings import Finding
from mrnet_features.quality.ghosts import DIRECTIONS, find_highest
from mrnet_features.quality.measurements import Measures
from mrnet_features.quality.named_rules import is_named
from mrnet_features.quality.repeated_edges import score_repeated_edges
from mrnet_features.quality.similarity import robust_sd, upper_distance

# SD of the logarithm of the highest of about a hundred deviations: no set has a smaller one
MAXIMUM_SPREAD = 0.25
AIR_CHECK, AIR_REJECT = 0.003, 0.009  # of the leg's grey level; noise alone stays below


def apply_ghost_rules(
    stacks: Sequence[Measures], other_view: Collection[str] = ()
) -> Iterator[Finding]:
    """Yield a finding for each stack with ghosts.

    Copies in the air are judged by their grey level: air shows nothing else. If there are 20
    stacks, the level must also be unusual, since a receiver may leave a pattern in the air of all.
    Repeated edges inside the leg are judged only by comparison with the other stacks. Sets with
    named series mix scanners whose edges repeat differently, so there they reject no exam.

    Parameters
    ----------
    stacks : sequence of Measures
        All stacks of one plane. With fewer than 20, only copies in the air are found.
    other_view : collection of str
        Exams in which the stack shows another part of the body. Its edges repeat in another way,
        and are not judged.

    Yields
    ------
    Finding
    """
    in_air = [max(find_highest(scores) for scores in stack.ghosts) for stack in stacks]
    least, repeated = AIR_CHECK, np.zeros(len(stacks))
    if len(stacks) >= MIN_EXAMS:
        levels = np.array([level for level, _ in in_air])
        least = max(AIR_CHECK, float(np.median(levels)) + CHECK_SDS * robust_sd(levels))
        scores, distances = score_repeated_edges(np.stack([stack.edges for stack in stacks]))
        highest = np.maximum(scores.max(axis=1), 1e-6)
        repeated = upper_distance(np.log(highest), MAXIMUM_SPREAD)
    for k, (stack, (level, direction)) in enumerate(zip(stacks, in_air, strict=True)):
        inside = "" if stack.exam in other_view or repeated[k] < CHECK_SDS else "edges"
        if level < least and not inside:
            continue
        severity, verdict = "check", "Leave the exam out if they cross the joint."
        is_far = inside and repeated[k] >= REJECT_SDS and not is_named(stack.plane)
        if level >= max(least, AIR_REJECT) or is_far:
            severity, verdict = "reject", "Leave the exam out unless they clearly miss the joint."
        texts = []
        if inside:
            axis = int(scores[k].argmax())
            texts.append(
                f"Edges of the leg repeat every {distances[k, axis]:.0%} of the picture "
                f"{DIRECTIONS[axis]}, more than in other exams ({repeated[k]:.1f} robust SDs)."
            )
        if level >= least:
            texts.append(_describe_air(stack, direction))
        value = float(level) if level >= least else float("nan")
        yield Finding(
            stack.exam, stack.plane, "ghosting", severity, value, " ".join([*texts, verdict])
        )


def _describe_air(stack: Measures, direction: int) -> str:
    """Direction of the copies in the air, and the slices that show them."""
    scores = np.nan_to_num(stack.ghosts.by_slice[:, direction])
    n_slices = int((scores >= AIR_CHECK).sum())
    where, strongest = "faintly on consecutive slices", ""
    if n_slices:
        where = f"on {n_slices} of {stack.n_slices} slices"
        strongest = f", strongest on slice {np.argmax(scores) + 1}"
    return (
        f"Copies displaced {DIRECTIONS[direction]} {where}, in the air beside the leg{strongest}. "
        "Look at it with a narrow grey-level window on the air."
    )
