"""Side of the knee, from a tag or from where the picture lies in the scanner."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from mrnet_features.messages import quote
from mrnet_features.series.volume import Volume

FAR_MM = 20.0
"""Least distance of the picture's middle from that of the scanner that tells the side."""

TAG_CONFIDENCE = 0.99
"""A tag is set by hand, and rarely wrong."""

POSITION_CONFIDENCE = 0.9
"""Others counted 98 % right for two makers, and no more than chance for some. A judgement,
not a measured rate."""

WORDS = {"l": "left", "r": "right", "left": "left", "right": "right"}

MAKERS = {
    "siemens": "Siemens",
    "ge": "GE",
    "general electric": "GE",
    "philips": "Philips",
    "canon": "Canon",
    "toshiba": "Toshiba",
    "hitachi": "Hitachi",
    "fujifilm": "Fujifilm",
    "esaote": "Esaote",
    "united imaging": "United Imaging",
    "uih": "United Imaging",
}


SURE = ("tag", "given")
"""Sources of a side that is known; a position is a guess."""


class Side(NamedTuple):
    """Side of a knee, with how it was found.

    Attributes
    ----------
    name : {"left", "right", "unknown"}
    source : {"tag", "position", "given", "none"}
        "given" by the user.
    confidence : float
        0 if unknown.
    warnings : tuple of str
    """

    name: str = "unknown"
    source: str = "none"
    confidence: float = 0.0
    warnings: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether a tag or the user says the side, so that medial and lateral may be named."""
        return self.source in SURE


def make_side(given: object) -> Side:
    """Side that a user gives; unknown if it is None.

    Parameters
    ----------
    given : {"left", "right"}, Side or None
        A Side, as found before, stays as it is.

    Returns
    -------
    Side

    Raises
    ------
    ValueError
        If it is anything else.

    Examples
    --------
    >>> make_side("left")
    Side(name='left', source='given', confidence=1.0, warnings=())
    """
    if given is None:
        return Side()
    if isinstance(given, Side):
        return given
    if given not in ("left", "right"):
        got = quote(given) if isinstance(given, str) else type(given).__name__
        raise ValueError(
            f"`side` must be 'left', 'right' or None, got {got}. Leave it out if it is unknown."
        )
    return Side(str(given), "given", 1.0)


def combine_sides(found: Mapping[str, Side]) -> Side:
    """Side of a knee from the sides of its series.

    Tags count first; positions count if no series has a tag.

    Parameters
    ----------
    found : mapping of str to Side
        By series.

    Returns
    -------
    Side
        Unknown, with a warning, if series contradict each other or themselves.

    Examples
    --------
    >>> guessed, tagged = Side("left", "position", 0.9), Side("right", "tag", 0.99)
    >>> combine_sides({"axial": guessed, "coronal": tagged}).name
    'right'
    """
    if torn := [side for side in found.values() if side.source == "none" and side.warnings]:
        return torn[0]
    for source, verb in (("tag", "Tags say"), ("position", "The positions of the pictures say")):
        sides = {series: side for series, side in found.items() if side.source == source}
        names = sorted({side.name for side in sides.values()})
        if len(names) == 1:
            return next(iter(sides.values()))
        if names:
            of = {name: [s for s, side in sides.items() if side.name == name] for name in names}
            listed = " and ".join(f"{name} ({', '.join(of[name])})" for name in names)
            return Side(warnings=(f"{verb} {listed}, so the side is unknown.",))
    return Side()


def find_side(volume: Volume) -> Side:
    """Side of the knee of a volume.

    A tag (ImageLaterality, Laterality or FrameLaterality) counts first; empty text is no tag.
    Otherwise the middle of the pictures tells it if it lies at least 20 mm to the patient's left
    or right of the middle of the scanner.

    Parameters
    ----------
    volume : Volume

    Returns
    -------
    Side
    """
    if len(volume.side_tags) == 1:
        return Side(next(iter(volume.side_tags)), "tag", TAG_CONFIDENCE)
    if len(volume.side_tags) > 1:
        text = "Tags say left in some slices and right in others, so the side is unknown."
        return Side(warnings=(text,))
    offset = find_offset(volume)
    if offset is None or abs(offset) < FAR_MM:
        return Side()
    name = "left" if offset > 0 else "right"
    text = (
        f"No tag says the side. It was taken as {name} because the pictures lie "
        f"{abs(offset):.0f} mm to that side of the middle of the scanner: right for most series "
        "of some makers, but not better than chance for others. Check it for "
        f"{volume.maker or 'the maker of this scanner, which the tags do not name'}."
    )
    return Side(name, "position", POSITION_CONFIDENCE, (text,))


def find_offset(volume: Volume) -> float | None:
    """Distance in mm of the pictures' middle to the patient's left; None if unknown.

    Parameters
    ----------
    volume : Volume

    Returns
    -------
    float or None
    """
    if volume.positions is None or volume.directions is None:
        return None
    rows, columns = volume.shape
    middle = np.mean(volume.positions, axis=0)
    middle = middle + 0.5 * (columns - 1) * volume.pixel_mm[1] * np.array(volume.directions.right)
    middle = middle + 0.5 * (rows - 1) * volume.pixel_mm[0] * np.array(volume.directions.down)
    return float(middle[0])


def read_side(text: str) -> str:
    """Side that a tag names; empty if it names none.

    Parameters
    ----------
    text : str

    Returns
    -------
    {"left", "right", ""}

    Examples
    --------
    >>> read_side("R"), read_side(" left "), read_side("U")
    ('right', 'left', '')
    """
    return WORDS.get(text.strip().lower(), "")


def read_maker(text: str) -> str:
    """Maker of the scanner; empty if it is none of the known ones.

    Parameters
    ----------
    text : str
        Manufacturer as a tag holds it.

    Returns
    -------
    str

    Examples
    --------
    >>> read_maker("GE MEDICAL SYSTEMS"), read_maker("SIEMENS"), read_maker("Me")
    ('GE', 'Siemens', '')
    """
    words = f" {' '.join(re.findall('[a-z]+', text.lower()))} "
    return next((name for key, name in MAKERS.items() if f" {key} " in words), "")
