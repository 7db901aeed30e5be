"""Where the pictures of a series lie, in the patient and in the knee.

Positions of the patient are those of DICOM: x to the patient's left, y to the back, z to the head.
Those of the knee are x lateral, y posterior, z superior: a left knee's lateral side lies to the
patient's left, a right knee's to the right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mrnet_features.names import PLANES
from mrnet_features.synthetic.placement import (
    BLOCK_SPREAD,
    CENTRE,
    SIZE,
    Placement,
    rotation,
)
from mrnet_features.synthetic.scene import Scene
from mrnet_features.synthetic.studies.sites import Site
from mrnet_features.synthetic.studies.slots import THIN_SLICES
from mrnet_features.synthetic.style import Style

Floats = NDArray[np.float64]

AXES = {
    "axial": ((0, 1, 0), (1, 0, 0), (0, 0, 1)),
    "coronal": ((0, 0, -1), (1, 0, 0), (0, 1, 0)),
    "sagittal": ((0, 0, -1), (0, 1, 0), (1, 0, 0)),
}
"""Directions of rows, columns and slices of each plane, as radiologists hang them."""

VIEW_MM = (130.0, 205.0)
SLICES = (11, 60)
LOCALISER_MM, LOCALISER_ROWS = 320.0, 128
WRONG_SIDE_RATE = 0.02  # of studies whose position otherwise tells the side


@dataclass(frozen=True)
class KneePlace:
    """How one knee lies in the scanner.

    A position p of the patient is ``turn @ (p - middle)`` in the knee, in mm.
    """

    middle: Floats
    turn: Floats

    def to_patient(self, points: Floats) -> Floats:
        """Positions in the patient of positions in the knee, each of shape (..., 3)."""
        found: Floats = self.middle + points @ np.linalg.inv(self.turn).T
        return found


@dataclass(frozen=True)
class SeriesPlace:
    """Where the pictures of one series lie.

    Attributes
    ----------
    placement : Placement
        In the knee.
    positions : ndarray of shape (n_slices, 3), float64
        First pixel of each picture in the patient, in mm.
    right, down : ndarray of shape (3,), float64
        Unit vectors along a row and along a column.
    pixel_mm, gap_mm : float
    rows, columns, first_column : int
        Pictures are drawn with `rows` columns; those from `first_column` are kept.
    """

    placement: Placement
    positions: Floats
    right: Floats
    down: Floats
    pixel_mm: float
    gap_mm: float
    rows: int
    columns: int
    first_column: int


def place_knee(scene: Scene, site: Site, generator: np.random.Generator) -> KneePlace:
    """Random place of a knee in the scanner of a site.

    Parameters
    ----------
    scene : Scene
    site : Site
    generator : numpy.random.Generator

    Returns
    -------
    KneePlace
    """
    side = 1.0 if scene.left else -1.0
    wrong, at_random = generator.random(2)
    far = float(np.clip(generator.normal(80.0, 14.0), 40.0, 130.0))
    near = float(np.clip(generator.normal(0.0, 5.0), -12.0, 12.0))
    x = {
        "true": far * (side if wrong >= WRONG_SIDE_RATE else -side),
        "none": near,
        "random": far * (1.0 if at_random < 0.5 else -1.0),
    }[site.maker.position]
    middle = np.array([x, generator.normal(0.0, 15.0), generator.normal(0.0, 20.0)])
    turn = scene.pose @ np.diag([side, 1.0, 1.0]) / scene.scale
    return KneePlace(middle, turn)


def place_series(
    plane: str,
    kind: str,
    scene: Scene,
    knee: KneePlace,
    site: Site,
    style: Style,
    generator: np.random.Generator,
) -> SeriesPlace:
    """Random place of one series.

    Parameters
    ----------
    plane : {"axial", "coronal", "sagittal"}
    kind : {"usual", "second", "thin"}
    scene : Scene
    knee : KneePlace
    site : Site
    style : Style
        Of the set: number and extent of slices, offsets.
    generator : numpy.random.Generator

    Returns
    -------
    SeriesPlace
    """
    k = PLANES.index(plane)
    mean = style.slices[k] * site.slices
    n_slices = int(np.clip(np.rint(mean * np.exp(generator.normal(0.0, 0.1))), *SLICES))
    depth = style.block_mm[k] * generator.normal(1.0, BLOCK_SPREAD) * scene.scale**0.5
    if kind == "thin":
        n_slices = THIN_SLICES
    view = site.view_mm[k] * style.view[k] * scene.scale**0.7
    view = float(np.clip(view * generator.normal(1.0, style.view_spread), *VIEW_MM))
    oblique = rotation(generator.normal(0.0, style.plane_rotation, 3))
    down, right, through = (oblique @ np.array(axis, dtype=np.float64) for axis in AXES[plane])
    offset = np.array([style.offset_rows[k], style.offset_columns[k]])
    offset = np.clip(offset + generator.normal(0.0, style.offset_spread, 2), -0.2, 0.2)
    centre = np.array(CENTRE[plane]) + generator.normal(0.0, 1.5, 3)
    middle = knee.to_patient(centre) - view * (offset[0] * down + offset[1] * right)
    if site.is_flipped and plane != "sagittal":
        right = -right
    columns = site.rows if plane == "axial" else int(site.cut * site.rows)
    return _place(
        knee, middle, (down, right, site.through * through), view, depth / n_slices, n_slices,
        site.rows, columns,
    )  # fmt: skip


def place_localiser(knee: KneePlace) -> list[SeriesPlace]:
    """Places of the three pictures of a localiser, one per plane, each as a series of one slice.

    Parameters
    ----------
    knee : KneePlace

    Returns
    -------
    list of SeriesPlace
    """
    middle = knee.to_patient(np.zeros(3))
    places = []
    for plane in PLANES:
        down, right, through = (np.array(axis, dtype=np.float64) for axis in AXES[plane])
        places.append(
            _place(
                knee, middle, (down, right, through), LOCALISER_MM, 8.0, 1, LOCALISER_ROWS,
                LOCALISER_ROWS,
            )
        )  # fmt: skip
    return places


def _place(
    knee: KneePlace,
    middle: Floats,
    directions: tuple[Floats, Floats, Floats],
    view: float,
    gap: float,
    n_slices: int,
    rows: int,
    columns: int,
) -> SeriesPlace:
    """Place of square pictures around a point of the patient, cut to some columns."""
    down, right, through = directions
    steps = np.column_stack([down * view / SIZE, right * view / SIZE, through * gap])
    centre = np.array([0.5 * (SIZE - 1), 0.5 * (SIZE - 1), 0.5 * (n_slices - 1)])
    first = knee.turn @ (middle - steps @ centre - knee.middle)
    placement = Placement(first, knee.turn @ steps, n_slices, reversed_slices=False)
    first_column = (rows - columns) // 2
    pixel = view / rows
    positions = knee.to_patient(placement.origins(rows)) + first_column * pixel * right
    return SeriesPlace(placement, positions, right, down, pixel, gap, rows, columns, first_column)
