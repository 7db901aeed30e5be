"""Menisci: wedges between femur and tibia, in mm.

Axes as in `bones`. Menisci were measured on the same segmented knee as the bones (medial 27 mm
wide, 41 mm deep; lateral 27 mm wide, 33 mm deep; 5 to 7 mm high).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mrnet_features.synthetic.compiled import compiled
from mrnet_features.synthetic.soft_tissue import Soft

# Outer rim: centre x, centre y, half width, half depth.
MEDIAL_MENISCUS = (-17.0, 2.5, 18.0, 21.5)
LATERAL_MENISCUS = (19.0, 8.0, 16.5, 17.0)


@compiled
def meniscus_fill(x: float, y: float, z: float, floor: float, medial: bool, soft: Any) -> float:
    """Depth of a point inside a meniscus, in mm, negative outside.

    The meniscus is a wedge on `floor`, highest at its outer rim and open toward the notch. The
    femur, which is drawn first, cuts its top.
    """
    cx, cy, a, b = MEDIAL_MENISCUS if medial else LATERAL_MENISCUS
    u = (x - cx) / a
    v = (y - cy) / b
    r = np.sqrt(u * u + v * v)
    inward = -x if medial else x
    if r > 1.0 or r < 0.15 or inward < 5.5:
        return -1.0
    rim = (1.0 - r) / r * np.sqrt((a * u) ** 2 + (b * v) ** 2)
    width = soft.meniscus_width
    if medial:  # the posterior horn is broader
        width *= 1.0 + 0.2 * min(max(2.0 * v, -1.0), 1.0)
    width *= 0.85 + 0.15 * min(3.0 * v * v, 1.0)  # the body is narrow
    width *= min(1.0, 0.2 * (inward - 5.5))  # the roots taper toward the spines
    if rim > width:
        return -1.0
    height = 0.8 + soft.meniscus_height * (1.0 - rim / width)
    above = z - floor
    fill: float = min(min(above, height - above), min(rim, width - rim))
    return fill


def unit(vector: tuple[float, float, float]) -> NDArray[np.float64]:
    """Vector scaled to length 1."""
    array = np.array(vector)
    result: NDArray[np.float64] = array / np.linalg.norm(array)
    return result


def meniscus_frame(
    side: str, horn: str, reach: float, soft: Soft
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Point inside a meniscus, and the axes there: along it, outward, and up."""
    cx, cy, a, b = MEDIAL_MENISCUS if side == "medial" else LATERAL_MENISCUS
    outward = -1.0 if side == "medial" else 1.0
    middle = {"anterior": -62.0, "body": 0.0, "posterior": 62.0}[horn]
    angle = np.deg2rad(middle + 22.0 * reach)
    direction = np.array([outward * np.cos(angle), np.sin(angle)])
    across = unit((direction[0], direction[1], 0.0))
    along = unit((-direction[1], direction[0], 0.0))
    inset = 0.5 * soft.meniscus_width
    edge = 1.0 / np.sqrt((direction[0] / a) ** 2 + (direction[1] / b) ** 2)
    offset = (edge - inset) * direction
    point = np.array([cx + offset[0], cy + offset[1], -3.6])
    return point, np.stack([along, across, np.array([0.0, 0.0, 1.0])])
