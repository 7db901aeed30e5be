"""Overlays of the viewer and of contact sheets: outline, regions, fluid, band and marks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from mrnet_features.arrays import Array, BoolArray, UInt8Array
from mrnet_features.extraction.marks import find_marks, find_sides_of
from mrnet_features.families.base import Family
from mrnet_features.families.fluid import Fluid
from mrnet_features.families.ligament import Ligament
from mrnet_features.families.presets import find_families
from mrnet_features.names import parse_name, parse_series
from mrnet_features.series.side import Side
from mrnet_features.stacks.atlas import KneeFrame, find_frame, list_boxes
from mrnet_features.stacks.foreground import find_foreground
from mrnet_features.stacks.mark import FeatureMark, Segment
from mrnet_features.stacks.region_sets import KNOWN_PAIR, PAIR, REGION_SETS, find_region_set

Families: TypeAlias = str | Family | Sequence[str | Family]

OVERLAYS = ("foreground", "regions", "fluid", "band")
"""Names of the overlays."""

# `cells` are a fine grid that hides the picture
SHOWN_SETS = ("notch", "menisci", "bones", "recesses")

# Per-slice statistics whose marks are the fluid mask and the strongest band of each slice.
FLUID = "{plane}__knee__fluid__fraction_brightest__mean"
BAND = "{plane}__notch__ligament__acl_contrast__mean"


class Region(NamedTuple):
    """Box of a region on one plane.

    Attributes
    ----------
    set : str
        Name of the region set.
    name : str
        In words, such as "back horn one".
    box : tuple of six int
        First slice, one past the last; the same of rows and columns.
    tilts : tuple of four int
        How the box follows the joint plane; see `mrnet_features.stacks.windows`.
    """

    set: str
    name: str
    box: tuple[int, ...]
    tilts: tuple[int, ...]


class PlaneOverlays(NamedTuple):
    """Overlays of one stack.

    Attributes
    ----------
    foreground : ndarray of shape (n_slices, height, width), bool
    frame : KneeFrame
    regions : tuple of Region
        Pixels of a region are those of its box within the foreground.
    fluid : ndarray of shape (n_slices, height, width), bool, or None
        Pixels from the threshold `brightest` of the family fluid; None where fluid is not bright.
    bands : dict of int to Segment
        Strongest dark band of each slice in the range of the anterior cruciate ligament.
    """

    foreground: BoolArray
    frame: KneeFrame
    regions: tuple[Region, ...]
    fluid: BoolArray | None
    bands: Mapping[int, Segment]


def find_overlays(
    stacks: Mapping[str, Array], side: Side | None = None, *, unplaced: Collection[str] = ()
) -> dict[str, PlaneOverlays]:
    """Overlays of the series of one exam.

    Parameters
    ----------
    stacks : mapping of series to array of shape (n_slices, height, width), uint8
    side : Side, optional
        Side of the knee. If a tag or the user says it, pairs of regions are called medial and
        lateral; a position in the scanner is only a guess.
    unplaced : collection of str
        Series whose files do not say how their slices lie: their pairs have no sides.

    Returns
    -------
    dict of str to PlaneOverlays

    Examples
    --------
    >>> grey = np.zeros((4, 64, 64), np.uint8)
    >>> grey[:, 8:56, 8:56] = 90
    >>> found = find_overlays({"sagittal": grey})["sagittal"]
    >>> [region.name for region in found.regions][:2], found.fluid.any()
    (['notch', 'front horn one'], np.False_)
    """
    columns = [FLUID.format(plane=name) for name in stacks if Fluid.describes(name)]
    columns += [BAND.format(plane=name) for name in stacks if Ligament.describes(name)]
    marks = find_marks(stacks, columns, families=["fluid", "ligament"])
    is_left = side.name == "left" if side and side.is_known else None
    return {
        series: _find_plane(grey, series, marks, None if series in unplaced else is_left)
        for series, grey in stacks.items()
    }


def find_feature_marks(
    stacks: Mapping[str, Array],
    columns: Iterable[str],
    planes: Sequence[str],
    families: Families,
    side: Side | None = None,
    *,
    unplaced: Collection[str] = (),
) -> dict[str, FeatureMark]:
    """Marks of those columns that a family describes on a series that the exam has.

    Parameters
    ----------
    stacks : mapping of series to array of shape (n_slices, height, width), uint8
    columns : iterable of str
        Others, such as those of an embedding, are left out.
    planes : sequence of str
        Series of the exam.
    families
        As for `find_marks`.
    side : Side, optional
        Side of the knee. Unless a tag or the user says it, columns of medial and lateral regions
        have no mark.
    unplaced : collection of str
        Series whose files do not say how their slices lie: as if their side were unknown.

    Returns
    -------
    dict of str to FeatureMark
    """
    labels = {family.label for family in find_families(families)}
    kept = [column for column in columns if _has_mark(column, planes, labels)]
    sided = side if side and side.is_known else None
    kept = [
        column
        for column in kept
        if find_sides_of([column]) == "fold"
        or (sided and parse_name(column).series not in unplaced)
    ]
    exam = {**stacks, "side": sided} if sided else stacks
    return find_marks(exam, kept, families=families) if kept else {}


def _has_mark(column: str, planes: Sequence[str], labels: set[str]) -> bool:
    try:
        name = parse_name(column)
    except ValueError:  # a column of another origin
        return False
    return name.series in planes and name.family in labels


def _find_plane(
    grey: UInt8Array, plane: str, marks: Mapping[str, FeatureMark], is_left: bool | None
) -> PlaneOverlays:
    foreground = find_foreground(grey)
    frame = find_frame(grey, foreground.view(np.uint8), parse_series(plane).plane)
    fluid = None
    if FLUID.format(plane=plane) in marks:
        fluid = np.zeros(grey.shape, dtype=bool)
        found = marks[FLUID.format(plane=plane)]
        for mark in found.slices if found.kind == "pixels" else ():
            if mark.outline is not None:
                fluid[mark.slice] |= mark.outline
    bands = {}
    if BAND.format(plane=plane) in marks:
        found = marks[BAND.format(plane=plane)]
        bands = {mark.slice: mark.segment for mark in found.slices if mark.segment}
    regions = tuple(_list_regions(parse_series(plane).plane, frame, grey.shape, is_left))
    return PlaneOverlays(foreground, frame, regions, fluid, bands)


def _list_regions(
    plane: str, frame: KneeFrame, shape: tuple[int, ...], is_left: bool | None
) -> Iterable[Region]:
    for name in SHOWN_SETS:
        if plane not in REGION_SETS[name]:
            continue
        chosen = find_region_set(name, plane)
        for box in list_boxes(name, plane, frame, shape):
            region = chosen.names[box[6] - 1]
            is_rest = chosen.with_rest and region == chosen.names[-1]  # the whole picture
            if not is_rest:
                words = name_region(region, is_left=is_left)
                yield Region(name, words, tuple(box[:6]), tuple(box[7:]))


def name_region(region: str, *, is_left: bool | None) -> str:
    """Region of a canonical picture in words; medial or lateral where the side is known.

    Parameters
    ----------
    region : str
        Name in its set, of a pair with the ending "one" or "other".
    is_left : bool or None
        Whether it is a left knee; None if that is unknown.

    Returns
    -------
    str

    Examples
    --------
    >>> [name_region("back_horn_one", is_left=is_left) for is_left in (None, False, True)]
    ['back horn one', 'back horn lateral', 'back horn medial']
    """
    stem, _, ending = region.rpartition("_")
    if is_left is not None and ending in PAIR:
        known = dict(zip(PAIR, KNOWN_PAIR[::-1] if is_left else KNOWN_PAIR, strict=True))
        region = f"{stem}_{known[ending]}" if stem else known[ending]
    return region.replace("_", " ")
