"""Findings about copies: stacks that are, or look like, the stack of another exam."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from mrnet_features.quality.findings import Finding
from mrnet_features.quality.measurements import Measures
from mrnet_features.quality.similarity import correlate_sketches, extract_detail

ALIKE = 0.97  # correlation of sketches below which no copy lies; two knees reach it rarely
SAME = 0.97  # correlation of their details from which it is one picture


def find_duplicates(
    measures: Sequence[Measures], leave: Callable[[str, str], str], note: Callable[[str, str], str]
) -> Iterator[Finding]:
    """Yield stacks with the very pixels of another, in whatever plane or split.

    Parameters
    ----------
    measures : sequence of Measures
    leave : callable
        Which of two exam ids to leave out.
    note : callable
        What to add about two exam ids, such as that their labels differ.

    Yields
    ------
    Finding
    """
    same: dict[str, list[Measures]] = defaultdict(list)
    for stack in measures:
        same[stack.digest].append(stack)
    for copies in same.values():
        first = copies[0]
        for copy in copies[1:]:
            severity, mend = "reject", "Leave out one of them."
            pairs = [(copy, first)]
            if first.exam != copy.exam and first.plane != copy.plane:
                # one exam of the two is whole, but which?
                severity, mend = "check", "One of them lies in the wrong place. Look at both."
                pairs = [(first, copy), (copy, first)]
            elif first.exam != copy.exam and leave(first.exam, copy.exam) == first.exam:
                pairs = [(first, copy)]
            for one, two in pairs:
                advice = (
                    f"The same pixels as exam '{two.exam}', plane '{two.plane}'."
                    f"{note(one.exam, two.exam)} {mend}"
                )
                yield Finding(one.exam, one.plane, "duplicate", severity, 1.0, advice)


def find_near_duplicates(
    group: Sequence[Measures], leave: Callable[[str, str], str], note: Callable[[str, str], str]
) -> Iterator[Finding]:
    """Yield stacks of one plane that show the picture of another with other pixels.

    Mirroring, reversed slices, another gain, noise or resampling don't hide a copy. Two scans of
    one patient are not copies and are not found.

    Parameters
    ----------
    group : sequence of Measures
        All stacks of one plane.
    leave, note : callable
        As for `find_duplicates`.

    Yields
    ------
    Finding
    """
    if not group:
        return
    sketches = np.stack([stack.sketch for stack in group])
    likeness = np.triu(correlate_sketches(*[sketches.astype(np.float32)] * 2), k=1)
    rows, columns = np.nonzero(likeness >= ALIKE)
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        one, two = group[row], group[column]
        if one.digest == two.digest:
            continue
        detail = extract_detail(sketches[[row, column]])
        same = float(correlate_sketches(detail[:1], detail[1:])[0, 0])
        if same >= SAME:
            stack, other = (one, two) if leave(one.exam, two.exam) == one.exam else (two, one)
            advice = (
                f"The same picture as exam '{other.exam}', perhaps mirrored, reversed or "
                f"filtered.{note(stack.exam, other.exam)} Leave out one of them."
            )
            yield Finding(stack.exam, stack.plane, "near-duplicate", "reject", same, advice)
