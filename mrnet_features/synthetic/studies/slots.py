"""Which series a synthetic study has: six slots with gaps, and what else lies in its folder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mrnet_features.names import PLANES

SLOTS = {
    ("axial", "fluid"): 1.0,
    ("sagittal", "structural"): 0.97,
    ("coronal", "fluid"): 0.96,
    ("sagittal", "fluid"): 0.94,
    ("coronal", "structural"): 0.77,
    ("axial", "structural"): 0.19,
}
"""Plane and weighting of each slot, with the fraction of studies that have it."""

SECOND_RATE = 0.08  # a further series in a slot, as the first one
THIN_RATE = 0.03  # a further fluid-sensitive series of thin slices
LOCALISER_RATE = 0.1  # three pictures, one per plane, that are not listed
LISTED_LOCALISER_RATE = 0.015  # the same, listed as a series of a plane
MISTAKES = {"plane": 0.015, "weighting": 0.015, "fat not suppressed": 0.015}
"""Fraction of studies with one series that is not what the table says."""

THIN_SLICES = 56


@dataclass(frozen=True)
class SeriesPlan:
    """One series of a study.

    Attributes
    ----------
    plane : {"axial", "coronal", "sagittal"}
    weighting : {"fluid", "structural"}
    kind : {"usual", "second", "thin", "localiser"}
    is_listed : bool
        Whether the table of series has it.
    listed_plane, listed_weighting : str
        What that table says.
    mistake : str
        Why the table is wrong: a key of `MISTAKES`, "localiser", or empty.
    """

    plane: str
    weighting: str
    kind: str
    is_listed: bool
    listed_plane: str
    listed_weighting: str
    mistake: str


def plan_series(generator: np.random.Generator) -> list[SeriesPlan]:
    """Random series of one study.

    Parameters
    ----------
    generator : numpy.random.Generator

    Returns
    -------
    list of SeriesPlan
        In the order of SeriesNumber.
    """
    drawn = generator.random(len(SLOTS))
    slots = [slot for slot, part in zip(SLOTS, drawn, strict=True) if part < SLOTS[slot]]
    slots = [slots[k] for k in generator.permutation(len(slots))]
    kinds = [(plane, weighting, "usual") for plane, weighting in slots]
    if generator.random() < SECOND_RATE:
        kinds.append((*slots[int(generator.integers(len(slots)))], "second"))
    if generator.random() < THIN_RATE:
        kinds.append((str(generator.choice(["sagittal", "coronal"])), "fluid", "thin"))
    chance = generator.random()
    mistaken = int(generator.integers(len(kinds)))
    mistake = ""
    for name, rate in MISTAKES.items():
        if 0.0 <= chance < rate:
            mistake = name
        chance -= rate
    plans = []
    for k, (plane, weighting, kind) in enumerate(kinds):
        found = mistake if k == mistaken else ""
        if found == "fat not suppressed":
            found = found if weighting == "fluid" else ""
        others = [other for other in PLANES if other != plane]
        swapped = "structural" if weighting == "fluid" else "fluid"
        plans.append(
            SeriesPlan(
                plane=plane,
                weighting=weighting,
                kind=kind,
                is_listed=True,
                listed_plane=others[k % 2] if found == "plane" else plane,
                listed_weighting=swapped if found == "weighting" else weighting,
                mistake=found,
            )
        )
    if generator.random() < LOCALISER_RATE:
        is_listed = bool(generator.random() < LISTED_LOCALISER_RATE / LOCALISER_RATE)
        reason = "localiser" if is_listed else ""
        scout = SeriesPlan(
            "sagittal", "structural", "localiser", is_listed, "sagittal", "structural", reason
        )
        plans.insert(0, scout)
    return plans
