"""Sheets: all columns that are read off one region set of one plane, for many exams at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from mrnet_features.arrays import Array, Int64Array, namespace, to_host
from mrnet_features.counts.compiling import announce_compiling
from mrnet_features.extraction.folding import fold_pairs
from mrnet_features.extraction.pooling import pool_slices
from mrnet_features.families.base import Family
from mrnet_features.stacks.stack import Stack

STACK_POOL = "stack"

Ending: TypeAlias = tuple[str, str, str]
"""What follows plane and region in a column's name: family's label, statistic, pool."""


class Sheet(NamedTuple):
    """Columns read off one region set of one plane.

    Attributes
    ----------
    plane, region_set : str
    endings : tuple of tuple of str
        Of each region, in order.
    columns : ndarray of shape (n_regions * n_endings,), int64
        Place in the table of each region's columns, after folding.
    """

    plane: str
    region_set: str
    endings: tuple[Ending, ...]
    columns: Int64Array


class Part(NamedTuple):
    """Values of some exams in some columns.

    Attributes
    ----------
    places : tuple of int
        Which exams of the batch.
    columns : ndarray of shape (n_columns,), int64
        Which columns of the table.
    values : array of shape (n_exams, n_columns), float64
        Where the stacks live.
    """

    places: tuple[int, ...]
    columns: Int64Array
    values: Array


def fill_sheet(
    families: Sequence[Family], stack: Stack, pools: Sequence[str], *, extensive: bool
) -> tuple[list[Ending], Array]:
    """Endings of a sheet's columns, and values of each exam.

    The statistics of all families are pooled and folded together: a device does a few large tasks
    sooner than many small ones.

    Parameters
    ----------
    families : sequence of Family
    stack : Stack
        Of one exam or of several laid end to end.
    pools : sequence of str
    extensive : bool
        Whether to keep the statistics that grow with the number of pixels or slices.

    Returns
    -------
    endings : list of tuple of str
        The same whatever is in the stack, if the families keep to their contract.
    values : array of shape (n_exams, n_folded_regions * n_endings), float64
        Region by region. An error that a family raises carries a note with its name.
    """
    slices: dict[tuple[str, str], Array] = {}
    whole: dict[tuple[str, str], Array] = {}
    for family in families:
        left_out = frozenset() if extensive else family.extensive
        try:
            with announce_compiling():
                counts = family.count(stack)
            for described, found in (
                (slices, family.describe(counts)),
                (whole, family.describe_stack(counts, stack.exam_starts)),
            ):
                kept = {name: values for name, values in found.items() if name not in left_out}
                described |= {(family.label, name): values for name, values in kept.items()}
        except Exception as error:
            error.add_note(f"while family {family!r} described it")
            raise
    endings = [(*key, pool) for key in slices for pool in pools]
    endings += [(*key, STACK_POOL) for key in whole]
    tables: list[Array] = []
    if slices:
        pooled = pool_slices(slices, pools, stack.exam_starts)
        shape = (stack.n_exams, stack.n_regions, len(slices) * len(pools))
        tables.append(namespace(pooled).reshape(pooled, shape))
    if whole:
        tables.append(namespace(*whole.values()).stack(list(whole.values()), axis=-1))
    if not tables:
        xp = namespace(stack.grey)
        return endings, xp.zeros((stack.n_exams, 0), dtype=xp.float64)
    xp = namespace(*tables)
    folded = fold_pairs(stack.region_names, xp.concat(tables, axis=-1))
    return endings, xp.concat(list(folded.values()), axis=-1)


def gather_rows(parts: Sequence[Part], n_exams: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Rows of a batch, copied to the host in one go.

    Parameters
    ----------
    parts : sequence of Part
        Of all planes; together each column of each exam once.
    n_exams : int

    Returns
    -------
    ndarray of shape (n_exams, n_columns), float32
    """
    xp = namespace(*(part.values for part in parts))
    numbers = to_host(xp.concat([xp.reshape(part.values, (-1,)) for part in parts]))
    rows = np.empty((n_exams, numbers.size // n_exams), dtype=np.float32)
    begin = 0
    for part in parts:
        shape = (len(part.places), part.columns.size)
        end = begin + shape[0] * shape[1]
        rows[np.ix_(part.places, part.columns)] = numbers[begin:end].reshape(shape)
        begin = end
    return rows
