"""Recipe: families, planes, pools and discretisation, which together decide a table's columns."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from mrnet_features.arrays import Array, Int64Array
from mrnet_features.compiling import announce_compiling
from mrnet_features.extraction.pooling import fold_pairs
from mrnet_features.families.base import Family
from mrnet_features.names import Name, format_name, parse_series
from mrnet_features.stacks.discretisation import Discretisation
from mrnet_features.stacks.region_sets import Sides, find_pair_values, region_names
from mrnet_features.stacks.stack import Stack

STACK_POOL = "stack"
"""Last part of the column name of a statistic of the whole stack, which is not pooled."""

REVISION = 2
"""Raised when the same settings give other feature values. In revision 1 region boxes were placed
relative to a row, in revision 2 relative to the joint plane."""

Missing: TypeAlias = Literal["error", "nan"]
"""What to do about an exam that lacks a series."""

ColumnSuffix: TypeAlias = tuple[str, str, str]
"""End of a column name, after series and region: label of the family, statistic, pool."""


class BlockStatistics(NamedTuple):
    """Statistics of several families on one region set of one series.

    Attributes
    ----------
    per_slice : dict of tuple to array of shape (n_slices, n_regions), float64
        By label of the family and name of the statistic.
    per_stack : dict of tuple to array of shape (n_exams, n_regions), float64
        By label of the family and name of the statistic.
    """

    per_slice: dict[tuple[str, str], Array]
    per_stack: dict[tuple[str, str], Array]

    def suffixes(self, pools: Sequence[str]) -> tuple[ColumnSuffix, ...]:
        """Suffixes of each region's columns: pooled statistics first, then those of the stack."""
        pooled = [(*key, pool) for key in self.per_slice for pool in pools]
        return (*pooled, *((*key, STACK_POOL) for key in self.per_stack))


class ColumnBlock(NamedTuple):
    """Columns of one region set of one series.

    Attributes
    ----------
    series, region_set : str
    suffixes : tuple of tuple of str
        Suffixes of each region's columns, in order.
    columns : ndarray of shape (n_regions * n_suffixes,), int64
        Indices in the table of the columns of each region, after folding.
    """

    series: str
    region_set: str
    suffixes: tuple[ColumnSuffix, ...]
    columns: Int64Array

    @property
    def plane(self) -> str:
        """Plane of the series."""
        return parse_series(self.series).plane


@dataclass(frozen=True)
class Recipe:
    """What decides the features of an exam; equal recipes give equal tables.

    Parameters
    ----------
    families : tuple of Family
    planes : tuple of str
        Names of series, in the order of the columns.
    pools : tuple of str
    discretisation : Discretisation
    extensive : bool
        Whether to keep the statistics that grow with the number of pixels or slices.
    missing : {"error", "nan"}, default "error"
        What to do about an exam that lacks a series. It is no part of `as_dict` or `digest`, since
        no value depends on it.
    sides : {"fold", "known", "guess"}, default "fold"
        Whether pairs of regions are folded or named medial and lateral. "fold" is no part of
        `as_dict`, so that recipes keep the digest that they had before there was a choice.
    """

    families: tuple[Family, ...]
    planes: tuple[str, ...]
    pools: tuple[str, ...]
    discretisation: Discretisation
    extensive: bool
    missing: Missing = "error"
    sides: Sides = "fold"

    def as_dict(self) -> dict[str, Any]:
        """Recipe in plain types, for a JSON file."""
        return {
            "families": [{"name": f.name, **asdict(f)} for f in self.families],  # type: ignore[call-overload]
            "planes": list(self.planes),
            "pools": list(self.pools),
            "discretisation": asdict(self.discretisation),
            "extensive": self.extensive,
            "revision": REVISION,
            **({"sides": self.sides} if self.sides != "fold" else {}),
        }

    @property
    def digest(self) -> str:
        """Hash of the recipe, 16 hexadecimal digits."""
        text = json.dumps(self.as_dict(), sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def columns(self) -> list[str]:
        """Names of the columns, in order."""
        return list(_arrange_columns(self)[0])

    def column_blocks(self, series: str) -> tuple[ColumnBlock, ...]:
        """Column blocks of a series, one per region set."""
        return tuple(block for block in _arrange_columns(self)[1] if block.series == series)

    def region_sets(self, series: str) -> tuple[str, ...]:
        """Region sets that the families use on a series, each once."""
        used = [f.region_sets for f in self.families if f.describes(series)]
        return tuple(dict.fromkeys(name for names in used for name in names))

    def compute_statistics(self, stack: Stack, series: str, region_set: str) -> BlockStatistics:
        """Statistics of all families that use the region set on the series.

        Parameters
        ----------
        stack : Stack
            Of one exam, or a batch of several.
        series, region_set : str

        Returns
        -------
        BlockStatistics
            An error that a family raises carries a note that names the family.
        """
        found = BlockStatistics({}, {})
        for family in self.families:
            if not family.describes(series) or region_set not in family.region_sets:
                continue
            left_out = frozenset() if self.extensive else family.extensive
            label = family.label
            try:
                with announce_compiling():
                    counts = family.count(stack)
                described = (
                    family.describe(counts),
                    family.describe_stack(counts, stack.exam_starts),
                )
            except Exception as error:
                error.add_note(f"while computing family {family!r}")
                raise
            for kept, statistics in zip(found, described, strict=True):
                for name, values in statistics.items():
                    if name not in left_out:
                        kept[label, name] = values
        return found


@functools.lru_cache(maxsize=16)
def _arrange_columns(recipe: Recipe) -> tuple[tuple[str, ...], tuple[ColumnBlock, ...]]:
    """Names of the columns by series, family, region set and region; and all column blocks.

    The names of the statistics come from describing blank stacks.
    """
    blank = np.zeros((1, 1, 1), np.uint8)
    levels, n_levels = blank + np.uint8(1), recipe.discretisation.n_levels
    names: list[str] = []
    blocks: list[tuple[str, str, tuple[ColumnSuffix, ...], list[str]]] = []
    for series in recipe.planes:
        plane = parse_series(series).plane
        of_set: dict[str, tuple[tuple[ColumnSuffix, ...], list[str]]] = {}
        for chosen in recipe.region_sets(series):
            regions = region_names(chosen, plane)
            stack = Stack(blank, levels, blank, n_levels, regions)
            suffixes = recipe.compute_statistics(stack, series, chosen).suffixes(recipe.pools)
            pair_values = find_pair_values(chosen, plane, recipe.sides)
            folded = list(fold_pairs(regions, np.zeros((len(regions), 1)), pair_values))
            of_set[chosen] = suffixes, folded
            blocks.append((series, chosen, *of_set[chosen]))
        for family in recipe.families:
            for chosen in family.region_sets if family.describes(series) else ():
                suffixes, folded = of_set[chosen]
                names += [
                    format_name(Name(series, region, *suffix))
                    for region in folded
                    for suffix in suffixes
                    if suffix[0] == family.label
                ]
    index = {name: k for k, name in enumerate(names)}
    return tuple(names), tuple(
        ColumnBlock(
            series,
            chosen,
            suffixes,
            np.asarray(
                [index[format_name(Name(series, r, *s))] for r in folded for s in suffixes],
                np.int64,
            ),
        )
        for series, chosen, suffixes, folded in blocks
    )
