"""Fingerprints that lack fields, and the scanners that they may be of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

__all__ = ["Print", "drop_vaguer", "find_doubtful", "join", "link_partial"]

Print: TypeAlias = tuple[Any, ...]
"""Fields of one scanner in a fixed order; None where the header lacks one."""

Link: TypeAlias = tuple[Hashable, Hashable]
"""An exam, and what it has in common with others."""


def join(exams: pd.Index[Any], links: Iterable[Link]) -> pd.Series[Any]:
    """Number of the connected component of each exam.

    Parameters
    ----------
    exams : Index
    links : iterable of Link

    Returns
    -------
    Series of int
        Index: exam.
    """
    place = {exam: k for k, exam in enumerate(exams)}
    ends: dict[Hashable, int] = {}
    pairs = [(place[exam], ends.setdefault(end, len(exams) + len(ends))) for exam, end in links]
    rows, columns = np.array(pairs).T
    n = len(exams) + len(ends)
    graph = coo_array((np.ones(len(rows), dtype=np.int8), (rows, columns)), shape=(n, n))
    return pd.Series(connected_components(graph, directed=False)[1][: len(exams)], index=exams)


def drop_vaguer(prints: set[Print]) -> set[Print]:
    """Fingerprints of one exam without those that say less than another one.

    Parameters
    ----------
    prints : set of Print

    Returns
    -------
    set of Print

    Examples
    --------
    >>> drop_vaguer({("GE", "x"), ("GE", None), (None, "y")}) == {("GE", "x"), (None, "y")}
    True
    """
    return {one for one in prints if not any(_says_less(one, other) for other in prints)}


def _says_less(one: Print, other: Print) -> bool:
    return one != other and all(a is None or a == b for a, b in zip(one, other, strict=True))


def link_partial(
    exams: pd.Index[Any], prints: Mapping[Any, set[Print]], links: Sequence[Link]
) -> list[Link]:
    """Links of fingerprints that lack fields with the fuller ones that they agree with.

    A fingerprint is linked only if all fuller ones are in one group: otherwise nothing tells which
    scanner it is of. A link can make one group of two, so it is repeated until nothing is added.

    Parameters
    ----------
    exams : Index
    prints : mapping of exam to set of Print
    links : sequence of Link
        What joins the exams else; ``(exam, ("print", fingerprint))`` for each fingerprint.

    Returns
    -------
    list of Link
        To add to `links`.
    """
    holders, by_fields = _sort_prints(prints)
    added: list[Link] = []
    while True:
        n_before = len(added)
        for fields in sorted(by_fields, key=len, reverse=True):
            group_of = join(exams, [*links, *added]).to_dict()
            fuller = [one for other in by_fields if other > fields for one in by_fields[other]]
            fitting: dict[Print, dict[Any, Print]] = defaultdict(dict)
            for one in fuller:
                fitting[_keep(one, fields)][group_of[holders[one]]] = one
            for one in by_fields[fields]:
                groups = fitting.get(_keep(one, fields), {})
                if len(groups) == 1 and group_of[holders[one]] not in groups:
                    added.append((holders[one], ("print", next(iter(groups.values())))))
        if len(added) == n_before:
            return added


def find_doubtful(prints: Mapping[Any, set[Print]], group_of: Mapping[Any, Any]) -> list[Any]:
    """Exams that may be of a scanner of another group, since fields are missing.

    Parameters
    ----------
    prints : mapping of exam to set of Print
    group_of : mapping of exam to its group

    Returns
    -------
    list
        Exams with a fingerprint that lacks fields, and agrees in the fields that both have, at
        least one, with a fingerprint of another group. In the order of `prints`.
    """
    holders, by_fields = _sort_prints(prints)
    doubtful: set[Print] = set()
    width = max((len(one) for one in holders), default=0)
    for fields in by_fields:
        for other in by_fields:
            both = fields & other
            if len(fields) == width or not both:
                continue
            fitting: dict[Print, set[Any]] = defaultdict(set)
            for one in by_fields[other]:
                fitting[_keep(one, both)].add(group_of[holders[one]])
            doubtful |= {
                one
                for one in by_fields[fields]
                if fitting.get(_keep(one, both), set()) - {group_of[holders[one]]}
            }
    return [exam for exam, kept in prints.items() if kept & doubtful]


def _sort_prints(
    prints: Mapping[Any, set[Print]],
) -> tuple[dict[Print, Any], dict[frozenset[int], list[Print]]]:
    """An exam of each fingerprint, and the fingerprints by the places of their known fields."""
    holders: dict[Print, Any] = {}
    by_fields: dict[frozenset[int], list[Print]] = defaultdict(list)
    for exam, kept in prints.items():
        for one in kept:
            if one not in holders:
                by_fields[frozenset(k for k, x in enumerate(one) if x is not None)].append(one)
            holders.setdefault(one, exam)
    return holders, by_fields


def _keep(one: Print, fields: frozenset[int]) -> Print:
    """Fingerprint of some fields only."""
    return tuple(one[k] for k in sorted(fields))
