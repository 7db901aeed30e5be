"""Recipe: all that decides an exam's row."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mrnet_features.extraction.folding import fold_pairs
from mrnet_features.extraction.sheets import Ending, Part, Sheet, fill_sheet
from mrnet_features.families.base import Family
from mrnet_features.names import Name, format_name
from mrnet_features.stacks.atlas import region_names
from mrnet_features.stacks.discretisation import Discretisation
from mrnet_features.stacks.stack import Stack, StackBatch


@dataclass(frozen=True)
class Recipe:
    """All that decides an exam's row; equal recipes give equal tables.

    Parameters
    ----------
    families : tuple of Family
    planes : tuple of str
    pools : tuple of str
    discretisation : Discretisation
    extensive : bool
    """

    families: tuple[Family, ...]
    planes: tuple[str, ...]
    pools: tuple[str, ...]
    discretisation: Discretisation
    extensive: bool

    def as_dict(self) -> dict[str, Any]:
        """Return the recipe in plain types, for a JSON file."""
        return {
            "families": [{"name": f.name, **asdict(f)} for f in self.families],  # type: ignore[call-overload]
            "planes": list(self.planes),
            "pools": list(self.pools),
            "discretisation": asdict(self.discretisation),
            "extensive": self.extensive,
        }

    @property
    def digest(self) -> str:
        """Hash of the recipe, 16 hexadecimal digits."""
        text = json.dumps(self.as_dict(), sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def columns(self) -> list[str]:
        """Names of the columns, in order."""
        return list(_lay_out(self)[0])

    def region_sets(self, plane: str) -> tuple[str, ...]:
        """Region sets that the families read on a plane, each once."""
        read = [f.region_sets for f in self.families if plane in f.planes]
        return tuple(dict.fromkeys(name for names in read for name in names))

    def describe(self, batches: Mapping[str, Sequence[StackBatch]], plane: str) -> list[Part]:
        """Values of the exams of a batch on one plane, where the stacks live.

        Parameters
        ----------
        batches : mapping of str to sequence of StackBatch
            By region set, as from `prepare_batch`.
        plane : str

        Returns
        -------
        list of Part
            An error that a family raises carries a note with its name.

        Raises
        ------
        ValueError
            If a family's statistics depend on what is in the stack.
        """
        parts: list[Part] = []
        for sheet in _lay_out(self)[1]:
            if sheet.plane != plane:
                continue
            for batch in batches[sheet.region_set]:
                endings, values = self._fill(batch, plane, sheet.region_set)
                if tuple(endings) != sheet.endings:
                    raise ValueError(
                        f"The families gave other columns for region set '{sheet.region_set}' than "
                        "for a blank stack. A family's statistics must not depend on what is in "
                        "the stack."
                    )
                parts.append(Part(batch.exam_indices, sheet.columns, values))
        return parts

    def _fill(self, stack: Stack, plane: str, region_set: str) -> tuple[list[Ending], Any]:
        read = [f for f in self.families if plane in f.planes and region_set in f.region_sets]
        return fill_sheet(read, stack, self.pools, extensive=self.extensive)


@functools.lru_cache(maxsize=16)
def _lay_out(recipe: Recipe) -> tuple[tuple[str, ...], tuple[Sheet, ...]]:
    """Names of the columns, by plane, family, region set and region; and where each sheet's go.

    Both are read off blank stacks.
    """
    blank = np.zeros((1, 1, 1), np.uint8)
    levels, n_levels = blank + np.uint8(1), recipe.discretisation.n_levels
    names: list[str] = []
    sheets: list[tuple[str, str, list[Ending], list[str]]] = []
    for plane in recipe.planes:
        of_plane: dict[str, tuple[list[Ending], list[str]]] = {}
        for chosen in recipe.region_sets(plane):
            regions = region_names(chosen, plane)
            stack = Stack(blank, levels, blank, n_levels, regions)
            endings, _ = recipe._fill(stack, plane, chosen)  # noqa: SLF001
            of_plane[chosen] = endings, list(fold_pairs(regions, np.zeros((len(regions), 1))))
            sheets.append((plane, chosen, *of_plane[chosen]))
        for family in recipe.families:
            for chosen in family.region_sets if plane in family.planes else ():
                endings, folded = of_plane[chosen]
                names += [
                    format_name(Name(plane, region, *ending))
                    for region in folded
                    for ending in endings
                    if ending[0] == family.label
                ]
    place = {name: k for k, name in enumerate(names)}
    return tuple(names), tuple(
        Sheet(
            plane,
            chosen,
            tuple(endings),
            np.asarray(
                [place[format_name(Name(plane, r, *e))] for r in folded for e in endings], np.int64
            ),
        )
        for plane, chosen, endings, folded in sheets
    )
