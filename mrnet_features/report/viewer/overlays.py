"""Overlays of the viewer and of contact sheets: outline, regions, fluid, band and marks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from mrnet_features.arrays import Array, BoolArray, UInt8Array
from mrnet_features.extraction.marks import find_marks
from mrnet_features.extraction.read import ExamLike
from mrnet_features.families.base import Family
from mrnet_features.families.fluid import Fluid
from mrnet_features.families.ligament import Ligament
from mrnet_features.families.presets import find_families
from mrnet_features.names import parse_name, parse_series
from mrnet_features.stacks.atlas import KneeFrame, find_frame, list_boxes
from mrnet_features.stacks.foreground import find_foreground
from mrnet_features.stacks.mark import FeatureMark, Segment
from mrnet_features.stacks.region_sets import REGION_SETS, find_region_set

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


def find_overlays(stacks: Mapping[str, Array]) -> dict[str, PlaneOverlays]:
    """Overlays of the series of one exam.

    Parameters
    ----------
    stacks : mapping of series to array of shape (n_slices, height, width), uint8

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
    return {plane: _find_plane(grey, plane, marks) for plane, grey in stacks.items()}


def find_feature_marks(
    exam: ExamLike, columns: Iterable[str], planes: Sequence[str], families: Families
) -> dict[str, FeatureMark]:
    """Marks of those columns that a family describes on a series that the exam has.

    Parameters
    ----------
    exam : Exam or mapping of series to stack
    columns : iterable of str
        Others, such as those of an embedding, are left out.
    planes : sequence of str
        Series of the exam.
    families
        As for `find_marks`.

    Returns
    -------
    dict of str to FeatureMark
    """
    labels = {family.label for family in find_families(families)}
    kept = [column for column in columns if _has_mark(column, planes, labels)]
    return find_marks(exam, kept, families=families) if kept else {}


def _has_mark(column: str, planes: Sequence[str], labels: set[str]) -> bool:
    try:
        name = parse_name(column)
    except ValueError:  # a column of another origin
        return False
    return name.series in planes and name.family in labels


def _find_plane(grey: UInt8Array, plane: str, marks: Mapping[str, FeatureMark]) -> PlaneOverlays:
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
    regions = tuple(_list_regions(parse_series(plane).plane, frame, grey.shape))
    return PlaneOverlays(foreground, frame, regions, fluid, bands)


def _list_regions(plane: str, frame: KneeFrame, shape: tuple[int, ...]) -> Iterable[Region]:
    for name in SHOWN_SETS:
        if plane not in REGION_SETS[name]:
            continue
        chosen = find_region_set(name, plane)
        for box in list_boxes(name, plane, frame, shape):
            region = chosen.names[box[6] - 1]
            is_rest = chosen.with_rest and region == chosen.names[-1]  # the whole picture
            if not is_rest:
                yield Region(name, region.replace("_", " "), tuple(box[:6]), tuple(box[7:]))
