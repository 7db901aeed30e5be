"""Flexion: positions in the knee that are carried by the tibia.

Shapes are formulas in the coordinates of `bones`, with a straight knee. The tibia with its
cartilage, the menisci and the lower ends of ligaments turns about the centre of the condyles.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mrnet_features.synthetic.compiled import compiled

CENTRE_Y, CENTRE_Z = 4.0, 20.0  # mm, the axis about which the tibia turns


class Carry(NamedTuple):
    """How the tibia lies to the femur: flexion in radians; `shift` forward and `space` in mm."""

    flexion: float = 0.0
    shift: float = 0.0
    space: float = 0.0


STRAIGHT = Carry()


@compiled
def to_tibia(y: float, z: float, part: float, knee: Any) -> tuple[float, float]:
    """Position in the straight knee of a point that follows `part` (0 to 1) of the flexion."""
    turned = part * knee.flexion
    sine = turned * (1.0 - turned * turned / 6.0)
    cosine = 1.0 - 0.5 * turned * turned + turned**4 / 24.0
    y -= CENTRE_Y
    z -= CENTRE_Z
    return (
        CENTRE_Y + cosine * y + sine * z + part * knee.shift,
        CENTRE_Z - sine * y + cosine * z + part * knee.joint_space,
    )


@compiled
def follow(z: float) -> float:
    """Part of the flexion that soft tissue at height z follows: 0 at the femur, 1 at the tibia."""
    s = min(max((26.0 - z) / 34.0, 0.0), 1.0)
    return s * s * (3.0 - 2.0 * s)


def turn(flexion: float) -> NDArray[np.float64]:
    """Rotation of the tibia by an angle in radians, about the x axis.

    A flexed tibia points backward: its lower end moves to posterior.
    """
    sine, cosine = np.sin(flexion), np.cos(flexion)
    return np.array([[1.0, 0.0, 0.0], [0.0, cosine, -sine], [0.0, sine, cosine]])


def from_tibia(
    point: NDArray[np.float64], flexion: float, shift: float, space: float
) -> NDArray[np.float64]:
    """Position of a point of the straight knee's tibia in the flexed knee, in mm."""
    centre = np.array([0.0, CENTRE_Y, CENTRE_Z])
    moved = point - np.array([0.0, shift, space])
    result: NDArray[np.float64] = centre + turn(flexion) @ (moved - centre)
    return result
