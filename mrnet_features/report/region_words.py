"""Regions of the knee in words."""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from mrnet_features.stacks.region_sets import KNEE, REGION_SETS, REST

ASYMMETRY = "asymmetry"
MM_PER_HEIGHT = 150  # assumed for the knee box, so that a row of cells is about 3 mm


class RegionWords(NamedTuple):
    """Where a region lies.

    Attributes
    ----------
    phrase : str
        Such as ``"above the kneecap"``.
    sentence : str
        Such as ``"in the suprapatellar recess above the kneecap"``.
    side : str
        How two sides of the knee are combined, such as ``"max side"``; empty for a region
        without sides.
    sides : str
        The same in a sentence.
    """

    phrase: str
    sentence: str
    side: str = ""
    sides: str = ""


_PLACES = {
    KNEE: ("in the whole knee", "in the whole knee"),
    REST: ("outside the recesses", "in the rest of the knee outside the recesses"),
    "notch": ("in the notch", "in the intercondylar notch"),
    "meniscus": ("in meniscus", "around the meniscus at the joint line"),
    "front_horn": ("in front horn", "around the front horn of the meniscus"),
    "back_horn": ("in back horn", "around the back horn of the meniscus"),
    "bone": ("in the bone", "in the bone behind the kneecap"),
    "femur": ("in the femur", "in the femur above the joint line"),
    "tibia": ("in the tibia", "in the tibia below the joint line"),
    "suprapatellar": ("above the kneecap", "in the suprapatellar recess above the kneecap"),
    "gutter": ("in the gutter", "in the gutter beside the femur"),
    "joint": ("in the joint", "in the front of the joint below the kneecap"),
    "front": ("around the kneecap", "in the front third of the knee around the kneecap"),
    "back": ("behind the joint", "behind the joint (where a Baker's cyst lies)"),
}

# "higher side" would read as the upper part of the knee
_SIDES = {
    "low": ("min side", "The value is the lower one of the two sides of the knee."),
    "high": ("max side", "The value is the higher one of the two sides of the knee."),
    "one": ("one side", "On one side of the knee."),
    "other": ("other side", "On the other side of the knee."),
    "difference": (ASYMMETRY, "The value is the difference between the two sides of the knee."),
    "medial": ("medial side", "On the medial side of the knee."),
    "lateral": ("lateral side", "On the lateral side of the knee."),
}

_CELL = re.compile(r"row\d+_column\d+")
_LAYERS = ("the menisci", "the {} cartilage", "the {} bone", "the {} bone")
_SHORT_LAYERS = ("at {} menisci", "at {} cartilage", "in {} bone", "deep in {} bone")
_CORONAL = ("outer edge", "outer third", "middle third", "inner third", "notch")


@functools.lru_cache(maxsize=1024)
def describe_region(region: str, plane: str) -> RegionWords:
    """A region of a column name in words.

    Parameters
    ----------
    region : str
        As in a column name: a pair ends in ``low``, ``high`` or ``difference``, or on single slices
        in ``one`` or ``other``; where the side is known, in ``medial`` or ``lateral``.
    plane : str
        Empty if it is unknown.

    Returns
    -------
    RegionWords
        The name itself if the library has no such region.

    Examples
    --------
    >>> describe_region("back_horn_high", "sagittal")[::2]
    ('in back horn', 'max side')
    """
    stem, _, ending = region.rpartition("_")
    side = _SIDES.get(ending, ("", ""))
    place = stem if stem and ending in _SIDES else region
    if place in _PLACES:
        return RegionWords(*_PLACES[place], *side)
    if _CELL.fullmatch(place):
        words = _describe_cell(place, plane)
        if words:  # only the higher of a pair of cells is kept, so a phrase need not say it
            return RegionWords(*words, "" if ending == "high" else side[0], side[1])
    name = place.replace("_", " ")
    return RegionWords(f"in {name}", f"in the region {name}", *side)


def _describe_cell(place: str, plane: str) -> tuple[str, str] | None:
    cells = {box.name: box for box in REGION_SETS["cells"].get(plane or "sagittal", ((),))[0]}
    if place not in cells:
        return None
    box = cells[place]
    near, far = sorted(round(abs(MM_PER_HEIGHT * row)) for row in box.rows)
    is_above = box.rows[0] < 0
    side, bone = ("above", "femoral") if is_above else ("below", "tibial")
    layer = _LAYERS[near // 3].format(bone)
    part = ("upper" if is_above else "lower") if near == 0 else bone
    column = int(place.rpartition("column")[2])
    if plane == "coronal":
        across = _CORONAL[column]
        long = f"column {column + 1} of {len(_CORONAL)} from either side to the middle"
    elif not plane:
        across = long = f"column {column + 1}"
    else:
        percent = round(50 * sum(box.columns))
        across = f"{percent} % back"
        long = f"{percent} % of the way from front to back"
    # a phrase has no room for "about", and without it millimetres would claim a known scale
    return (
        f"{_SHORT_LAYERS[near // 3].format(part)}, {across}",
        f"about {near}-{far} mm {side} the joint plane (level of {layer}), {long},",
    )
