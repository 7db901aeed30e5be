"""Whether measured tissues are as bright as expected: a table per plane, and exams that differ."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mrnet_features.report.explore.tissue_levels import list_sources
from mrnet_features.report.explore.tissues import (
    LEVELS,
    SHOWS_FLUID,
    describe_sequence,
    find_signal,
)

__all__ = ["Reversal", "check_order", "explain_reversal", "find_reversals", "summarise_tissues"]

APART = 2  # steps of `LEVELS` from which two tissues must be in order
MARGIN = 1.1  # factor by which the tissue that should be darker is brighter
FLAGGED = 1.2  # the same, to flag a single exam
FAT = ("fat", "marrow")
CAUSE = "does the region miss it?"
CENTRE = "centre"  # of the picture; brighter than air on every sequence


class Reversal(NamedTuple):
    """Two tissues of a stack in the reverse of the expected order.

    Attributes
    ----------
    exam, plane : str
    ratio : float
        Grey level of the tissue that should be darker, relative to the other.
    reason : str
    """

    exam: str
    plane: str
    ratio: float
    reason: str


def check_order(stacks: pd.DataFrame, sequences: Mapping[str, str]) -> pd.DataFrame:
    """Pairs of tissues that the sequence of a plane should show apart.

    Parameters
    ----------
    stacks : DataFrame
        As from `tabulate_stacks`.
    sequences : mapping of series to str
        As from `find_sequences`.

    Returns
    -------
    DataFrame
        Columns: plane, brighter, darker (as expected; centre is that of the picture), n_exams,
        ratio (median over exams of the brighter over the darker), n_reversed (exams in which the
        darker is brighter by a tenth or more), is_reversed (whether these are half of the exams or
        more).
    """
    rows: list[tuple[Any, ...]] = []
    for plane in stacks["plane"].unique():
        for brighter, darker in _list_pairs(plane, sequences.get(plane)):
            ratio = _divide(stacks[stacks["plane"] == plane], brighter, darker)
            middle = float(ratio.median()) if len(ratio) else np.nan
            n_reversed = int((ratio * MARGIN < 1).sum())
            is_reversed = len(ratio) > 0 and 2 * n_reversed >= len(ratio)
            rows.append((plane, brighter, darker, len(ratio), middle, n_reversed, is_reversed))
    names = ["plane", "brighter", "darker", "n_exams", "ratio", "n_reversed", "is_reversed"]
    return pd.DataFrame(rows, columns=names)


def find_reversals(
    stacks: pd.DataFrame, sequences: Mapping[str, str], order: pd.DataFrame
) -> Iterator[Reversal]:
    """Yield the stacks in which tissues are in the reverse of the expected order.

    Where half of the exams of a plane or more have a pair reversed, the set differs and not
    an exam: the pair is left to the table of tissues. So are tissues whose source is weak.

    Parameters
    ----------
    stacks : DataFrame
        As from `tabulate_stacks`.
    sequences : mapping of series to str
        As from `find_sequences`.
    order : DataFrame
        As from `check_order`.

    Yields
    ------
    Reversal
        The strongest one of each stack.
    """
    strongest: dict[tuple[str, str], Reversal] = {}
    for row in order[~order["is_reversed"].astype(bool)].to_dict("records"):
        plane, brighter, darker = row["plane"], row["brighter"], row["darker"]
        if {brighter, darker} & {
            each.tissue for each in list_sources(plane) if each.sure == "weak"
        }:
            continue
        here = stacks[stacks["plane"] == plane].set_index("exam")
        ratio = 1 / _divide(here, brighter, darker)
        least = MARGIN if brighter == CENTRE else FLAGGED
        for exam, value in ratio[ratio > least].items():
            sequence = "every sequence"
            if brighter != CENTRE:
                sequence = describe_sequence(sequences[plane])
            reason = (
                f"{darker} is {value:.1f} times as bright as {brighter}, not darker as on "
                f"{sequence}. {explain_reversal(brighter, darker)}"
            ).replace(CENTRE, "the middle of the picture")
            found = Reversal(str(exam), plane, float(value), reason[0].upper() + reason[1:])
            key = (found.exam, plane)
            if key not in strongest or strongest[key].ratio < found.ratio:
                strongest[key] = found
    yield from strongest.values()


def summarise_tissues(
    stacks: pd.DataFrame, sequences: Mapping[str, str], order: pd.DataFrame
) -> pd.DataFrame:
    """Expected and measured signal of each tissue on each plane.

    Parameters
    ----------
    stacks : DataFrame
        As from `tabulate_stacks`.
    sequences : mapping of series to str
        As from `find_sequences`.
    order : DataFrame
        As from `check_order`.

    Returns
    -------
    DataFrame
        One row per plane and tissue. Columns: plane, sequence (empty if unknown), tissue, expected
        (empty if the sequence is unknown), n_exams, grey (median grey level over exams), ratio,
        ratio_25 and ratio_75 (median and quartiles over exams of the grey level relative to the
        median of the exam's foreground), level (empty unless an expected dark tissue is above that
        median or an expected bright one below it), verdict (on the order of the tissues), where and
        sure (of `Source`).
    """
    rows: list[dict[str, Any]] = []
    for plane in stacks["plane"].unique():
        here = stacks[stacks["plane"] == plane]
        sequence = sequences.get(plane)
        for source in list_sources(plane):
            tissue = source.tissue
            grey = here[tissue]
            if tissue == "fluid" and sequence not in SHOWS_FLUID:
                grey = grey * np.nan
            ratio = grey / here["grey_median"].where(here["grey_median"] > 0)
            quarter, half, most = ratio.quantile([0.25, 0.5, 0.75])
            rows.append(
                {
                    "plane": plane,
                    "sequence": sequence or "",
                    "tissue": tissue,
                    "expected": find_signal(tissue, sequence) if sequence else "",
                    "n_exams": int(ratio.notna().sum()),
                    "grey": float(grey.quantile()),
                    "ratio": float(half),
                    "ratio_25": float(quarter),
                    "ratio_75": float(most),
                    "level": _judge_level(tissue, sequence, float(half)),
                    "verdict": _judge(plane, tissue, order, sequence),
                    "where": source.where,
                    "sure": source.sure,
                }
            )
    names = ["plane", "sequence", "tissue", "expected", "n_exams", "grey", "ratio"]
    names += ["ratio_25", "ratio_75", "level", "verdict", "where", "sure"]
    return pd.DataFrame(rows, columns=names)


def _judge_level(tissue: str, sequence: str | None, ratio: float) -> str:
    """Whether a tissue lies on the other side of the leg's median than its word says.

    Only dark (above the median) and bright (below it) are judged; words between them fit both.
    """
    word = find_signal(tissue, sequence) if sequence else ""
    if word == "dark" and ratio > 1:
        cause = "is the fat only weakly suppressed?" if tissue in FAT else CAUSE
        return f"brighter than the leg's median: {cause}"
    if word == "bright" and ratio < 1:
        cause = "is the fat suppressed, or the sequence another one?" if tissue in FAT else CAUSE
        return f"darker than the leg's median: {cause}"
    return ""


def _list_pairs(plane: str, sequence: str | None) -> Iterator[tuple[str, str]]:
    """Yield (brighter, darker) of the tissues that a sequence shows apart."""
    yield CENTRE, "air"
    if sequence is None:
        return
    measured = [
        s.tissue for s in list_sources(plane) if s.tissue != "fluid" or sequence in SHOWS_FLUID
    ]
    for pair in itertools.permutations(measured, 2):
        brighter, darker = (LEVELS.index(find_signal(tissue, sequence)) for tissue in pair)
        if brighter - darker >= APART:
            yield pair


def _divide(stacks: pd.DataFrame, brighter: str, darker: str) -> pd.Series[float]:
    """Ratio of two tissues in each stack, without those where one is not measured."""
    return (stacks[brighter].clip(lower=1) / stacks[darker].clip(lower=1)).dropna()


def _judge(plane: str, tissue: str, order: pd.DataFrame, sequence: str | None) -> str:
    """What the order of the tissues says about one of them."""
    if sequence is None:
        return "sequence unknown"
    if tissue == "fluid" and sequence not in SHOWS_FLUID:
        return "not measured: its brightness does not set it apart"
    pairs = order[(order["plane"] == plane) & (order["n_exams"] > 0)]
    pairs = pairs[(pairs["brighter"] == tissue) | (pairs["darker"] == tissue)]
    pairs = pairs[pairs["brighter"] != CENTRE] if tissue != "air" else pairs
    if not len(pairs):
        return "not measured: no pixel in its region"
    reversed_pairs = pairs[pairs["n_reversed"] > 0].sort_values("n_reversed", ascending=False)
    said = []
    for row in reversed_pairs.to_dict("records"):
        is_dark = row["brighter"] == tissue
        other = row["darker"] if is_dark else row["brighter"]
        word = "darker" if is_dark else "brighter"
        said.append(f"{word} than {other} in {row['n_reversed']} of {row['n_exams']}")
    if not said:
        return f"order as expected: {_say_order(pairs, tissue)}"
    reversals = "; ".join(said[:2])
    if pairs["is_reversed"].any():
        return f"contradicts: {reversals}"
    return f"{reversals}; in the others as expected"


def _say_order(pairs: pd.DataFrame, tissue: str) -> str:
    """Tissues that one was compared with, such as "darker than fluid, muscle"."""
    said = []
    for word, own, other in (("brighter", "brighter", "darker"), ("darker", "darker", "brighter")):
        others = [name for name in pairs.loc[pairs[own] == tissue, other] if name != "air"]
        others = others or list(pairs.loc[pairs[own] == tissue, other])
        if others:
            said.append(f"{word} than {', '.join(others)}")
    return "; ".join(said).replace(CENTRE, "the middle of the picture")


def explain_reversal(brighter: str, darker: str) -> str:
    """Likely cause of two tissues in the reverse of the expected order.

    Examples
    --------
    >>> explain_reversal("muscle", "marrow")
    'Fat is not suppressed, or the sequence is another one.'
    """
    if darker == "air":
        return "Are the grey levels inverted?"
    if darker in FAT:
        return "Fat is not suppressed, or the sequence is another one."
    if brighter in FAT:
        return "Fat may be suppressed, or the sequence is another one."
    return "The sequence may be another one, or the region misses the tissue."
