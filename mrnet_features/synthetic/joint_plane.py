"""True position of the joint in a stack: the plane through the middle of the menisci.

The plane has the posterior slope of the tibial plateau and lies about midway between plateau and
condyles.
"""

import numpy as np
from numpy.typing import NDArray

from mrnet_features.synthetic.bones import PLATEAU
from mrnet_features.synthetic.flexion import Carry, from_tibia, turn

Floats = NDArray[np.float64]

MIDDLE = (1.0, 5.0)  # x, y of the middle between the menisci, in mm
ABOVE = 3.7  # mm, height of the middle of the menisci over the bony plateau


def joint_plane(slope: float, carry: Carry) -> tuple[Floats, Floats]:
    """Point in the middle of the joint, and unit normal of the joint plane.

    Parameters
    ----------
    slope : float
        Tan of the plateau's posterior slope.
    carry : Carry
        How the tibia lies to the femur.

    Returns
    -------
    point, normal : ndarray of shape (3,), float64
        In the canonical knee; the point in mm.
    """
    point = np.array([*MIDDLE, PLATEAU + ABOVE + 0.5 * carry.space])
    normal = np.array([0.0, slope, 1.0]) / np.hypot(1.0, slope)
    return from_tibia(point, *carry), turn(carry.flexion) @ normal


def describe_joint(
    plane: str, point: Floats, normal: Floats, first: Floats, steps: Floats, n_slices: int
) -> dict[str, object]:
    """Joint plane in the pixels of a stack, as columns of the truth table.

    Parameters
    ----------
    plane : {"axial", "coronal", "sagittal"}
        Direction of the slices.
    point, normal : ndarray of shape (3,), float64
        The joint plane, as `joint_plane` returns it.
    first : ndarray of shape (3,), float64
        Position of the first pixel of the first slice in mm.
    steps : ndarray of shape (3, 3), float64
        Vectors in mm to the next row, the next column and the next slice, as columns.
    n_slices : int
        Number of slices.

    Returns
    -------
    dict
        Axial: `joint_row`, `joint_column`, `joint_slice` of the middle of the joint. Coronal and
        sagittal: `joint_row` and `joint_column` at the middle slice, (n_slices - 1) / 2;
        `joint_tilt` in rows per column and `joint_slice_tilt` in rows per slice.
    """
    row, column, number = np.linalg.solve(steps, point - first)
    if plane == "axial":
        return {
            "joint_row": round(float(row), 2),
            "joint_column": round(float(column), 2),
            "joint_slice": round(float(number), 2),
        }
    by_row, by_column, by_slice = normal @ steps
    tilt, slice_tilt = -by_column / by_row, -by_slice / by_row
    middle = 0.5 * (n_slices - 1)
    return {
        "joint_row": round(float(row + slice_tilt * (middle - number)), 2),
        "joint_column": round(float(column), 2),
        "joint_tilt": round(float(tilt), 5),
        "joint_slice_tilt": round(float(slice_tilt), 4),
    }
