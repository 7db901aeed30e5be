"""Duplicates: stacks with the pixels, or the picture, of another exam's stack."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from mrnet_features.names import PLANES, say_series
from mrnet_features.quality.findings import Finding
from mrnet_features.quality.measurements import Measures
from mrnet_features.quality.similarity import correlate_thumbnails, extract_detail

MIN_CORRELATION = 0.97  # of thumbnails; copies exceed it, two different knees rarely do
MIN_DETAIL_CORRELATION = 0.97  # of their detail; above it the two are one picture


def find_duplicates(
    stacks: Sequence[Measures],
    choose_dropped: Callable[[str, str], str],
    describe_pair: Callable[[str, str], str],
) -> Iterator[Finding]:
    """Yield a finding for each stack that has the same pixels as another, of any plane or split.

    Parameters
    ----------
    stacks : sequence of Measures
    choose_dropped : callable
        Takes two exam ids and returns the one to leave out.
    describe_pair : callable
        Takes two exam ids and returns a text to add, such as that their labels differ.

    Yields
    ------
    Finding
    """
    by_digest: dict[str, list[Measures]] = defaultdict(list)
    n_series = Counter[str]()
    for stack in stacks:
        by_digest[stack.digest].append(stack)
        n_series[stack.exam] += 1
    shared = Counter(
        (one.exam, other.exam)
        for copies in by_digest.values()
        for one, other in itertools.permutations(copies, 2)
    )
    for copies in by_digest.values():
        first = copies[0]
        for copy in copies[1:]:
            severity, action = "reject", "Leave out one of them."
            pairs = [(copy, first)]
            if first.exam == copy.exam and not {first.plane, copy.plane} <= {*PLANES}:
                # the rest of the exam may be fine
                severity, action = "check", "One of the two series is wrong. Look at both."
            if first.exam != copy.exam and first.plane != copy.plane:
                # one of the two exams is correct, but the pixels do not show which
                severity, action = "check", "One of the two files is wrong. Look at both."
                pairs = [(first, copy), (copy, first)]
            elif first.exam != copy.exam and choose_dropped(first.exam, copy.exam) == first.exam:
                pairs = [(first, copy)]
            for one, other in pairs:
                advice = (
                    f"The same pixels as exam '{other.exam}', {say_series(other.plane)}."
                    f"{_describe_rest(one, other, shared, n_series)}"
                    f"{describe_pair(one.exam, other.exam)} {action}"
                )
                yield Finding(one.exam, one.plane, "duplicate", severity, 1.0, advice)


def _describe_rest(
    one: Measures,
    other: Measures,
    shared: Mapping[tuple[str, str], int],
    n_series: Mapping[str, int],
) -> str:
    """Sentence that says whether all series of an exam are copies; empty if they are not."""
    if one.exam == other.exam or n_series[one.exam] < 2:
        return ""
    if shared[one.exam, other.exam] < n_series[one.exam]:
        return ""
    return " So are all other series of the exam."


def find_near_duplicates(
    stacks: Sequence[Measures],
    choose_dropped: Callable[[str, str], str],
    describe_pair: Callable[[str, str], str],
) -> Iterator[Finding]:
    """Yield a finding for each stack that shows the same picture as another, with other pixels.

    A copy is found also if it is mirrored, reversed, scaled in grey level, noisier or resampled.
    Two scans of one patient are not copies and are not found.

    Parameters
    ----------
    stacks : sequence of Measures
        All stacks of one plane.
    choose_dropped, describe_pair : callable
        As for `find_duplicates`.

    Yields
    ------
    Finding
    """
    if not stacks:
        return
    thumbnails = np.stack([stack.thumbnail for stack in stacks])
    similarity = np.triu(correlate_thumbnails(*[thumbnails.astype(np.float32)] * 2), k=1)
    rows, columns = np.nonzero(similarity >= MIN_CORRELATION)
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        one, two = stacks[row], stacks[column]
        if one.digest == two.digest:
            continue
        detail = extract_detail(thumbnails[[row, column]])
        correlation = float(correlate_thumbnails(detail[:1], detail[1:])[0, 0])
        if correlation >= MIN_DETAIL_CORRELATION:
            is_first = choose_dropped(one.exam, two.exam) == one.exam
            dropped, kept = (one, two) if is_first else (two, one)
            advice = (
                f"The same picture as exam '{kept.exam}', perhaps mirrored, reversed or "
                f"filtered.{describe_pair(dropped.exam, kept.exam)} Leave out one of them."
            )
            yield Finding(
                dropped.exam, dropped.plane, "near-duplicate", "reject", correlation, advice
            )
