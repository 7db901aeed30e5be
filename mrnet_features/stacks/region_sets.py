"""Region sets: named boxes relative to the knee box and the joint plane.

A family names the region sets that it reads. Boxes are given in fractions of the knee box: rows
from the joint plane (coronal, sagittal) or from the top (axial), columns from the left, slices as
depth. A box on one side of the knee has a mirror image on the other side, in columns (coronal,
axial) or in slices (sagittal). Every pair is of this kind: boxes in front of and behind each other
have names of their own. Where the side of the knee is unknown, so is which of the two is medial,
and the features of such a pair are folded. Where it is known, left knees are mirrored
(`mrnet_features.stacks.mirror`); then the first box of a pair is lateral, the second medial.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Literal, NamedTuple, TypeAlias

Sides: TypeAlias = Literal["fold", "known", "guess"]
"""Whether pairs of regions are folded or named medial and lateral; "guess" also where the side is
only guessed from the position in the scanner."""

KNEE = "knee"
REST = "elsewhere"

PAIR = ("one", "other")
"""Endings of the names of the two regions of a pair."""

KNOWN_PAIR = ("lateral", "medial")
"""Endings of the names of the same two regions of a right knee in canonical orientation."""


class RegionBox(NamedTuple):
    """Box, or pair of mirrored boxes, in fractions of the knee box.

    Attributes
    ----------
    name : str
    rows : tuple of float
        First and last row in heights of the knee box, from the joint plane; from the top of the
        box in the axial plane.
    columns : tuple of float
        First and last column in widths of the knee box, from its left.
    depth : tuple of float
        First and last depth in the stack, 0 to 1.
    pair : {"", "columns", "slices"}
        Axis along which the box is mirrored about the middle; empty for a single box.
    """

    name: str
    rows: tuple[float, float]
    columns: tuple[float, float]
    depth: tuple[float, float] = (0.0, 1.0)
    pair: str = ""


class RegionSet(NamedTuple):
    """Boxes that do not overlap; with `with_rest`, the rest of the knee is a region too.

    `pair_values` names the values of `mrnet_features.extraction.pooling.PAIR_VALUES` that replace
    those of a pair.
    """

    boxes: tuple[RegionBox, ...]
    with_rest: bool = False
    pair_values: tuple[str, ...] = ("low", "high", "difference")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the regions; the two of a pair end in ``one`` and ``other``."""
        names: list[str] = []
        for box in self.boxes:
            names += [f"{box.name}_{end}" for end in PAIR] if box.pair else [box.name]
        return (*names, REST) if self.with_rest else tuple(names)


def _list_cells(rows: tuple[float, ...], columns: tuple[float, ...], pair: str) -> RegionSet:
    """Grid of boxes between these edges on one side of the knee, and mirrored to the other.

    Of a pair, only the higher value is kept: a lesion is on one side.
    """
    depth = (0.0, 0.5) if pair == "slices" else (0.0, 1.0)
    boxes = [
        RegionBox(f"row{r}_column{c}", row, column, depth, pair)
        for r, row in enumerate(pairwise(rows))
        for c, column in enumerate(pairwise(columns))
    ]
    return RegionSet(tuple(boxes), pair_values=("high",))


# Rows of cells are 3 mm high: femoral cartilage, menisci, tibial cartilage and the bone beside them
# are layers. Coronal and sagittal boxes are about 220 mm high and 120 mm wide.
_CELL_ROWS = (-0.08, -0.06, -0.04, -0.02, 0.0, 0.02, 0.04, 0.06, 0.08)
_CELL_COLUMNS = (0.14, 0.21, 0.28, 0.36, 0.43, 0.5, 0.57, 0.64, 0.72, 0.79, 0.86)

# Lesions marked by experts on coronal images, as fractions of width and height (16,167 boxes of
# fastMRI+, Zhao et al., Scientific Data 2022;9:152): cruciate ligament x .42-.58, y .36-.62;
# menisci x about .28 and .73, y .51-.69; subchondral oedema x .23-.77, y .22-.74. Rows are from
# the joint plane, through the middle of the menisci at y .60.
REGION_SETS: Mapping[str, Mapping[str, RegionSet]] = {
    "notch": {
        "coronal": RegionSet((RegionBox("notch", (-0.16, 0.05), (0.40, 0.60), (0.25, 0.75)),)),
        "sagittal": RegionSet((RegionBox("notch", (-0.17, 0.04), (0.36, 0.72), (0.36, 0.64)),)),
    },
    "menisci": {
        "coronal": RegionSet(
            (RegionBox("meniscus", (-0.06, 0.06), (0.16, 0.42), (0.15, 0.85), "columns"),)
        ),
        "sagittal": RegionSet(
            (
                RegionBox("front_horn", (-0.06, 0.06), (0.28, 0.51), (0.10, 0.42), "slices"),
                RegionBox("back_horn", (-0.06, 0.06), (0.51, 0.74), (0.10, 0.42), "slices"),
            )
        ),
    },
    "bones": {
        "axial": RegionSet((RegionBox("bone", (0.28, 0.66), (0.22, 0.50), (0.2, 0.8), "columns"),)),
        "coronal": RegionSet(
            (
                RegionBox("femur", (-0.24, -0.05), (0.20, 0.50), (0.2, 0.8), "columns"),
                RegionBox("tibia", (0.06, 0.24), (0.22, 0.50), (0.2, 0.8), "columns"),
            )
        ),
        "sagittal": RegionSet(
            (
                RegionBox("femur", (-0.24, -0.07), (0.30, 0.66), (0.12, 0.50), "slices"),
                RegionBox("tibia", (0.06, 0.22), (0.34, 0.62), (0.12, 0.50), "slices"),
            )
        ),
    },
    "recesses": {
        "axial": RegionSet(
            (
                RegionBox("front", (0.0, 0.36), (0.22, 0.78)),
                RegionBox("back", (0.64, 1.0), (0.12, 0.88)),
            ),
            with_rest=True,
        ),
        "coronal": RegionSet(
            (
                RegionBox("suprapatellar", (-0.54, -0.20), (0.25, 0.75)),
                RegionBox("gutter", (-0.20, 0.06), (0.06, 0.26), pair="columns"),
            ),
            with_rest=True,
        ),
        "sagittal": RegionSet(
            (
                RegionBox("suprapatellar", (-0.60, -0.17), (0.0, 0.42)),
                RegionBox("joint", (-0.17, 0.09), (0.0, 0.64)),
                RegionBox("back", (-0.30, 0.25), (0.64, 1.0)),
            ),
            with_rest=True,
        ),
    },
    "cells": {
        "coronal": _list_cells(_CELL_ROWS, _CELL_COLUMNS[:6], "columns"),
        "sagittal": _list_cells(_CELL_ROWS, _CELL_COLUMNS, "slices"),
    },
}
"""Region sets by name and plane. ``knee``, the whole foreground, has no boxes and is not listed."""


def region_names(name: str, plane: str) -> tuple[str, ...]:
    """Names of the regions of a region set on a plane.

    Parameters
    ----------
    name : str
        ``knee`` or a name of `REGION_SETS`.
    plane : str

    Returns
    -------
    tuple of str

    Raises
    ------
    ValueError
        If there is no such set, or it has no boxes on this plane.

    Examples
    --------
    >>> region_names("menisci", "coronal")
    ('meniscus_one', 'meniscus_other')
    """
    return (KNEE,) if name == KNEE else find_region_set(name, plane).names


def find_pair_values(name: str, plane: str, sides: Sides = "fold") -> tuple[str, ...]:
    """Names of the values that replace those of a pair of regions.

    Parameters
    ----------
    name : str
        ``knee`` or a name of `REGION_SETS`.
    plane : str

    sides : {"fold", "known", "guess"}, default "fold"

    Returns
    -------
    tuple of str
        Names of `mrnet_features.extraction.pooling.PAIR_VALUES`; medial and lateral unless "fold".

    Raises
    ------
    ValueError
        As `region_names`.

    Examples
    --------
    >>> find_pair_values("menisci", "coronal")
    ('low', 'high', 'difference')
    >>> find_pair_values("cells", "coronal", "known")
    ('medial', 'lateral')
    """
    if name == KNEE:
        return ()
    folded = find_region_set(name, plane).pair_values
    return folded if sides == "fold" else tuple(reversed(KNOWN_PAIR))


def name_sides(region: str) -> str:
    """Name of a region of a right knee in canonical orientation.

    Parameters
    ----------
    region : str
        As from `region_names`.

    Returns
    -------
    str

    Examples
    --------
    >>> name_sides("meniscus_one"), name_sides("notch")
    ('meniscus_lateral', 'notch')
    """
    stem, _, ending = region.rpartition("_")
    return f"{stem}_{KNOWN_PAIR[PAIR.index(ending)]}" if stem and ending in PAIR else region


def find_region_set(name: str, plane: str) -> RegionSet:
    """Region set of a name on a plane.

    Parameters
    ----------
    name : str
        A name of `REGION_SETS`.
    plane : str

    Returns
    -------
    RegionSet

    Raises
    ------
    ValueError
        As `region_names`.
    """
    if plane not in REGION_SETS.get(name, {}):
        listed = "; ".join(f"{key} ({', '.join(sets)})" for key, sets in REGION_SETS.items())
        raise ValueError(
            f"There is no region set {name!r} for the plane {plane!r}. Sets and their planes: "
            f"{KNEE} (all); {listed}."
        )
    return REGION_SETS[name][plane]
