"""Recipe: all that decides an exam's row."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mrnet_features.arrays import Array, namespace, to_host
from mrnet_features.counts.compiling import announce_compiling
from mrnet_features.extraction.folding import fold_pairs
from mrnet_features.extraction.pooling import pool_slices
from mrnet_features.families.base import Family
from mrnet_features.names import Name, format_name
from mrnet_features.stacks.places import region_names
from mrnet_features.stacks.prepare import Quantisation, Stack

STACK_POOL = "stack"


@dataclass(frozen=True)
class Recipe:
    """All that decides an exam's row; equal recipes give equal tables.

    Parameters
    ----------
    families : tuple of Family
    planes : tuple of str
    pools : tuple of str
    quantisation : Quantisation
    extensive : bool
    """

    families: tuple[Family, ...]
    planes: tuple[str, ...]
    pools: tuple[str, ...]
    quantisation: Quantisation
    extensive: bool

    def as_dict(self) -> dict[str, Any]:
        """Return the recipe in plain types, for a JSON file."""
        return {
            "families": [{"name": f.name, **asdict(f)} for f in self.families],  # type: ignore[call-overload]
            "planes": list(self.planes),
            "pools": list(self.pools),
            "quantisation": asdict(self.quantisation),
            "extensive": self.extensive,
        }

    @property
    def digest(self) -> str:
        """Hash of the recipe, 16 hexadecimal digits."""
        text = json.dumps(self.as_dict(), sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def columns(self) -> list[str]:
        """Names of the columns, in order."""
        return list(_name_columns(self))

    def region_sets(self, plane: str) -> tuple[str, ...]:
        """Region sets that the families read on a plane, each once."""
        read = [f.region_sets for f in self.families if plane in f.planes]
        return tuple(dict.fromkeys(name for names in read for name in names))

    def describe(self, stacks: Mapping[str, Stack], plane: str) -> dict[str, float]:
        """Columns of one plane and their values.

        Parameters
        ----------
        stacks : mapping of str to Stack
            By region set, as `prepare_sets` gives them.
        plane : str

        Returns
        -------
        dict of str to float
            An error that a family raises carries a note with its name.
        """
        values: dict[str, float] = {}
        for family in self.families:
            if plane not in family.planes:
                continue
            try:
                for name in family.region_sets:
                    values |= self._describe_family(stacks[name], plane, family)
            except Exception as error:
                error.add_note(f"while family {family!r} described plane '{plane}'")
                raise
        return values

    def _describe_family(self, stack: Stack, plane: str, family: Family) -> dict[str, float]:
        left_out = frozenset() if self.extensive else family.extensive
        with announce_compiling():
            counts = family.count(stack)
        slices = {k: v for k, v in family.describe(counts).items() if k not in left_out}
        whole = {k: v for k, v in family.describe_stack(counts).items() if k not in left_out}
        endings: list[tuple[str, str]] = []
        parts: list[Array] = []
        if slices:
            pooled = pool_slices(slices, self.pools)
            xp = namespace(pooled)
            endings += [(statistic, pool) for statistic in slices for pool in self.pools]
            parts.append(xp.reshape(pooled, (stack.n_regions, -1)))
        if whole:
            xp = namespace(*whole.values())
            endings += [(statistic, STACK_POOL) for statistic in whole]
            parts.append(xp.stack(list(whole.values()), axis=-1))
        if not parts:
            return {}
        table = to_host(namespace(*parts).concat(parts, axis=-1))
        folded = fold_pairs(stack.region_names, table)
        label = family.label
        return {
            format_name(Name(plane, region, label, *ending)): float(value)
            for region, row in folded.items()
            for ending, value in zip(endings, row, strict=True)
        }


@functools.lru_cache(maxsize=16)
def _name_columns(recipe: Recipe) -> tuple[str, ...]:
    """Columns that a blank stack gets."""
    blank = np.zeros((1, 1, 1), np.uint8)
    levels, n_levels = blank + np.uint8(1), recipe.quantisation.n_levels
    names: list[str] = []
    for plane in recipe.planes:
        stacks = {
            chosen: Stack(blank, levels, blank, n_levels, region_names(chosen, plane))
            for chosen in recipe.region_sets(plane)
        }
        names += recipe.describe(stacks, plane)
    return tuple(names)
