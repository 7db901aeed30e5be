"""Plane of a series, and the turns that bring its slices into canonical orientation."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from mrnet_features.arrays import Float64Array
from mrnet_features.series.volume import Directions, Image

PLANE_BY_AXIS = ("sagittal", "coronal", "axial")
"""Plane whose normal is nearest to left, posterior and superior."""

CANONICAL = {
    "axial": Directions((1, 0, 0), (0, 1, 0)),
    "coronal": Directions((1, 0, 0), (0, 0, -1)),
    "sagittal": Directions((0, 1, 0), (0, 0, -1)),
}
"""Axial, coronal: the patient's right on the left of the picture; sagittal: front to the left."""

LEAST_LEAD = 0.05
"""Least difference between the two largest components of the normal: about 2 degrees."""

OBLIQUE = 35.0
"""Degrees from the plane from which a warning is given; oblique sagittal slices have 10 to 20."""


class Turn(NamedTuple):
    """How slices are brought into canonical orientation: transposed first, then flipped.

    Attributes
    ----------
    is_transposed, flips_rows, flips_columns : bool
    """

    is_transposed: bool = False
    flips_rows: bool = False
    flips_columns: bool = False

    def apply(self, image: Image) -> Image:
        """Slice in canonical orientation, as a view.

        Parameters
        ----------
        image : ndarray of shape (rows, columns)

        Returns
        -------
        ndarray
        """
        turned = image.T if self.is_transposed else image
        turned = turned[::-1] if self.flips_rows else turned
        return turned[:, ::-1] if self.flips_columns else turned


def find_normal(directions: Directions, plane: str | None = None) -> Float64Array:
    """Unit normal of slices, on the side to which slices of their plane are counted.

    Parameters
    ----------
    directions : Directions
    plane : {"axial", "coronal", "sagittal"}, optional
        Plane as the caller says. By default the one whose normal is nearest: of slices halfway
        between two planes, the two are counted to different sides.

    Returns
    -------
    ndarray of shape (3,), float64
    """
    normal = np.cross(np.array(directions.right), np.array(directions.down))
    normal = normal / np.linalg.norm(normal)
    axis = int(np.argmax(np.abs(normal))) if plane is None else PLANE_BY_AXIS.index(plane)
    sign = 1.0 if normal[axis] > 0 else -1.0
    return np.asarray(sign * normal, dtype=np.float64)


def find_plane(directions: Directions) -> str:
    """Plane whose normal is nearest to that of the slices; empty if two are equally near.

    Parameters
    ----------
    directions : Directions

    Returns
    -------
    {"axial", "coronal", "sagittal", ""}

    Examples
    --------
    >>> find_plane(Directions((0.1, 0.99, 0), (0, 0, -1)))
    'sagittal'
    """
    parts = np.abs(find_normal(directions))
    order = np.argsort(parts)
    if parts[order[2]] - parts[order[1]] < LEAST_LEAD:
        return ""
    return PLANE_BY_AXIS[order[2]]


def measure_obliquity(directions: Directions, plane: str) -> float:
    """Angle between slices and a plane in degrees.

    Parameters
    ----------
    directions : Directions
    plane : {"axial", "coronal", "sagittal"}

    Returns
    -------
    float
    """
    part = abs(find_normal(directions)[PLANE_BY_AXIS.index(plane)])
    return math.degrees(math.acos(min(float(part), 1.0)))


def find_turn(directions: Directions, plane: str) -> Turn:
    """Turn of slices into the canonical orientation of a plane.

    Slices are transposed and flipped, never rotated by less than a right angle.

    Parameters
    ----------
    directions : Directions
    plane : {"axial", "coronal", "sagittal"}

    Returns
    -------
    Turn

    Examples
    --------
    >>> find_turn(Directions((-1, 0, 0), (0, 0, -1)), "coronal")  # the patient's left on the left
    Turn(is_transposed=False, flips_rows=False, flips_columns=True)
    """
    right, down = np.array(directions.right), np.array(directions.down)
    wanted_right, wanted_down = (np.array(vector) for vector in CANONICAL[plane])
    straight = abs(right @ wanted_right) + abs(down @ wanted_down)
    across = abs(right @ wanted_down) + abs(down @ wanted_right)
    is_transposed = bool(across > straight)
    if is_transposed:
        right, down = down, right
    return Turn(is_transposed, bool(down @ wanted_down < 0), bool(right @ wanted_right < 0))


def make_directions(values: tuple[float, ...] | list[float]) -> Directions | None:
    """Directions from six direction cosines; None unless they are two perpendicular unit vectors.

    Parameters
    ----------
    values : sequence of 6 floats
        As ImageOrientationPatient: direction of a row, then of a column.

    Returns
    -------
    Directions or None
    """
    if len(values) != 6:
        return None
    right, down = np.array(values[:3]), np.array(values[3:])
    lengths = np.linalg.norm(right), np.linalg.norm(down)
    if not all(0.9 < length < 1.1 for length in lengths):
        return None
    right, down = right / lengths[0], down / lengths[1]
    if abs(right @ down) > 0.05:
        return None
    return Directions(*(tuple(float(v) for v in vector) for vector in (right, down)))  # type: ignore[arg-type]
