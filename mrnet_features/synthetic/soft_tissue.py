"""Soft tissue: skin, muscles and vessels, in mm.

Axes as in `bones`. Outlines of the limb follow the knee box of published exams (about 106 mm wide
and 104 to 109 mm deep at the joint line). Muscle bellies are ellipses by height, positioned as in
the cross-sectional anatomy of thigh and calf.
"""

from typing import Any, NamedTuple

import numpy as np

from mrnet_features.synthetic import tissues as t
from mrnet_features.synthetic.bones import (
    MUSCLE_ROW,
    SKIN_ROW,
    TABLE_SIZE,
    Z_TABLE,
    Floats,
    find_height,
    table_over,
)
from mrnet_features.synthetic.compiled import compiled
from mrnet_features.synthetic.style import Style

# Limb outline by z: z, half width, half depth, centre y.
SKIN_OUTLINE = (
    (-100, 47, 50, 22), (-65, 51, 51, 19), (-40, 52, 51, 13), (-15, 53, 52, 4), (0, 53.5, 53, 1),
    (15, 54, 56, -3), (35, 56, 58, -3), (50, 59, 58, 1), (70, 63, 59, 5), (100, 68, 63, 8),
)  # fmt: skip

# Muscle bellies by z: z, centre x, centre y, half width, half depth; medial ones first, then those
# in the middle, then lateral ones.
MUSCLES: tuple[tuple[tuple[float, ...], ...], ...] = (
    (  # vastus medialis
        (14, -37, -8, 2, 4),
        (22, -38, -12, 7, 13),
        (40, -34, -16, 15, 20),
        (60, -28, -19, 23, 25),
        (100, -24, -20, 28, 28),
    ),
    (  # sartorius
        (-40, -38, 10, 4, 2),
        (0, -45, 20, 3.5, 8),
        (30, -45, 20, 6, 13),
        (100, -42, 18, 10, 15),
    ),
    (  # gracilis
        (0, -42, 27, 2, 2.5),
        (30, -41, 34, 5, 6),
        (100, -38, 36, 8, 9),
    ),
    (  # semimembranosus
        (-8, -31, 25, 3, 3.5),
        (10, -27, 34, 9, 8),
        (35, -24, 36, 15, 14),
        (60, -21, 36, 18, 17),
        (100, -18, 36, 18, 17),
    ),
    (  # semitendinosus
        (0, -35, 35, 2.2, 2.2),
        (30, -22, 49, 6, 4),
        (60, -12, 51, 12, 8),
        (100, -10, 50, 15, 11),
    ),
    (  # gastrocnemius, medial head
        (30, -18, 28, 4, 3),
        (20, -18, 34, 11, 7),
        (0, -18, 39, 18, 13.5),
        (-20, -18, 41, 23, 16),
        (-50, -19, 44, 25, 17),
        (-100, -19, 46, 24, 16),
    ),
    (  # vastus intermedius and rectus femoris
        (56, 2, -34, 4, 2),
        (66, 2, -36, 20, 8),
        (100, 2, -38, 25, 15),
    ),
    (  # soleus
        (-18, 20, 32, 6, 2),
        (-30, 14, 33, 20, 6),
        (-60, 4, 32, 32, 11),
        (-100, 0, 33, 34, 14),
    ),
    (  # popliteus
        (0, 22, 26, 6, 2.5),
        (-12, 6, 31, 18, 5),
        (-35, -2, 26, 20, 8),
        (-55, -6, 23, 14, 6),
        (-68, -8, 21, 3, 3),
    ),
    (  # vastus lateralis
        (26, 38, -12, 2, 6),
        (36, 36, -15, 9, 16),
        (60, 32, -18, 20, 25),
        (100, 28, -18, 28, 29),
    ),
    (  # biceps femoris
        (-12, 39, 27, 2.5, 5),
        (10, 37, 33, 8, 11),
        (35, 31, 37, 13, 16),
        (60, 26, 39, 17, 19),
        (100, 22, 39, 20, 20),
    ),
    (  # gastrocnemius, lateral head
        (27, 20, 28, 4, 3),
        (17, 20, 34, 10, 7),
        (0, 20, 38, 17, 12.5),
        (-20, 20, 41, 21, 15.5),
        (-50, 19, 44, 23, 15),
        (-100, 18, 45, 23, 15),
    ),
    (  # tibialis anterior and long extensors
        (-18, 29, -8, 4, 5),
        (-32, 27, -9, 11, 13),
        (-60, 25, -6, 16, 18),
        (-100, 23, -4, 17, 19),
    ),
    (  # peroneus longus
        (-22, 41, 13, 3, 6),
        (-42, 41, 12, 8, 13),
        (-100, 38, 12, 10, 16),
    ),
)

FIRST_MIDDLE = 6
FIRST_LATERAL = 9
N_MUSCLES = len(MUSCLES)

ACL_FEMUR = (5.5, 15.0, 21.0)  # x, y, z of the footprint
PCL_BEND = (-2.5, 21.0, 17.0)  # x, y, z of the control point of its curve


class Soft(NamedTuple):
    """Sizes of one knee's soft tissue, menisci and cruciate ligaments included, in mm."""

    fat_front: float
    fat_back: float
    meniscus_width: float
    meniscus_height: float
    acl_radius: float
    acl_femur_y: float
    acl_femur_z: float
    pcl_radius: float
    pcl_bend_y: float
    pcl_bend_z: float
    vessel_x: float
    vessel_y: float
    tendon_front: float


def sample_soft(generator: np.random.Generator, style: Style) -> tuple[Soft, Floats]:
    """One person's soft tissue, with random variation.

    Parameters
    ----------
    generator : numpy.random.Generator
        Random differences between persons.
    style : Style
        What all persons of the set have in common.

    Returns
    -------
    soft : Soft
        Sizes.
    rows : ndarray of shape (3 + 4 * n_muscles, 801), float64
        Columns of the table of outlines from `SKIN_ROW` on.
    """
    fat = float(np.clip(style.fat_mean * generator.lognormal(0.0, 0.35), 0.4, 2.6))
    bulk = style.muscle_bulk * float(np.clip(generator.normal(1.0, 0.09), 0.8, 1.2))
    rows = np.zeros((3 + 4 * len(MUSCLES), TABLE_SIZE))
    rows[:3] = table_over(SKIN_OUTLINE, Z_TABLE)
    rows[:2] += 3.5 * (fat - 1.0) + 25.0 * (bulk - 1.0)
    for m, knots in enumerate(MUSCLES):
        ordered = tuple(sorted(knots))
        centre_x, centre_y, half_width, half_depth = table_over(ordered, Z_TABLE)
        gain = bulk * generator.normal(1.0, 0.05)
        inside = (ordered[0][0] <= Z_TABLE) & (ordered[-1][0] >= Z_TABLE)
        first = 3 + 4 * m
        rows[first] = centre_x + generator.normal(0.0, 0.8)
        rows[first + 1] = centre_y + generator.normal(0.0, 0.8)
        rows[first + 2] = np.where(inside, 1.0 / (half_width * gain), 1.0)
        rows[first + 3] = np.where(inside, 1.0 / (half_depth * gain), 1.0)
    soft = Soft(
        fat_front=3.0 + 1.5 * fat,
        fat_back=2.5 + 3.8 * fat,
        meniscus_width=float(generator.normal(style.meniscus_width, 0.7)),
        meniscus_height=float(generator.normal(style.meniscus_height, 0.6)),
        acl_radius=float(np.clip(generator.normal(3.9, 0.45), 2.8, 5.0)),
        acl_femur_y=ACL_FEMUR[1] + float(generator.normal(0.0, 1.2)),
        acl_femur_z=ACL_FEMUR[2] + float(generator.normal(0.0, 1.2)),
        pcl_radius=float(np.clip(generator.normal(4.2, 0.4), 3.2, 5.2)),
        pcl_bend_y=PCL_BEND[1] + float(generator.normal(0.0, 1.0)),
        pcl_bend_z=PCL_BEND[2] + float(generator.normal(0.0, 2.0)),
        vessel_x=float(generator.normal(3.0, 2.5)),
        vessel_y=float(generator.normal(38.0, 1.2)),
        tendon_front=float(generator.normal(2.5, 0.3)),
    )
    return soft, rows


@compiled
def skin_depth(x: float, y: float, z: float, tables: Any) -> float:
    """Depth of a point under the skin, in mm; negative in air."""
    j = find_height(z)
    a, b, centre = tables[j, SKIN_ROW], tables[j, SKIN_ROW + 1], tables[j, SKIN_ROW + 2]
    return skin_within(x, y, z, a, b, centre)


@compiled
def skin_within(x: float, y: float, z: float, a: float, b: float, centre: float) -> float:
    """Depth as `skin_depth`, from the entries of the tables: half width, half depth, centre y."""
    u = x / a
    v = (y - centre) / b
    # the limb is a little squarer than an ellipse
    q = u * u + v * v + 0.35 * u * u * v * v
    depth: float = (1.0 - np.sqrt(q)) * 0.5 * (a + b)
    if y < -30.0 and z > -5.0:  # the patella lifts the skin
        knob = 1.0 - ((x - 5.0) / 34.0) ** 2 - ((z - 28.0) / 38.0) ** 2
        if knob > 0.0:
            depth = max(depth, min(depth + 6.0 * knob, y + 50.0 + 13.0 * min(1.0, 2.0 * knob)))
    return depth


@compiled
def squared_radius(x: float, y: float, j: int, m: int, tables: Any) -> float:
    """Squared relative radius of a point in muscle m at entry j of the tables; 1 at the edge."""
    row = MUSCLE_ROW + 4 * m
    u = (x - tables[j, row]) * tables[j, row + 2]
    v = (y - tables[j, row + 1]) * tables[j, row + 3]
    square: float = u * u + v * v
    return square


@compiled
def muscle_at(x: float, y: float, z: float, tables: Any) -> tuple[float, float]:
    """Squared relative radius in the nearest muscle and in the second nearest; 1 at the edge."""
    j = find_height(z)
    # of two halves, which the processor works on at once; of both together at the end
    best = second = other = other_second = 9.0
    # medial muscles come first, then those in the middle, then lateral ones
    first = 0 if x < 12.0 else FIRST_MIDDLE
    last = N_MUSCLES if x > -12.0 else FIRST_LATERAL
    for m in range(first, last - 1, 2):
        q, r = squared_radius(x, y, j, m, tables), squared_radius(x, y, j, m + 1, tables)
        second, other_second = min(second, max(q, best)), min(other_second, max(r, other))
        best, other = min(best, q), min(other, r)
    if (last - first) & 1:
        q = squared_radius(x, y, j, last - 1, tables)
        second = min(second, max(q, best))
        best = min(best, q)
    second = min(min(second, other_second), max(best, other))
    return min(best, other), second


@compiled
def vessel_at(x: float, y: float, z: float, soft: Any) -> int:
    """Popliteal artery, vein or nerve at a point, -1 elsewhere."""
    cx = soft.vessel_x - 0.05 * z
    if abs(x - cx - 3.0) > 7.0:  # beside all three, as most points are
        return -1
    bend = soft.vessel_y - 0.003 * (z + 10.0) ** 2 * (1.0 if z > -10.0 else -0.2)
    if (x - cx) ** 2 + (y - bend) ** 2 < 7.5:
        return t.ARTERY
    if (x - cx - 2.5) ** 2 + (y - bend - 6.8) ** 2 < 11.0:
        return t.VEIN
    if ((x - cx - 6.0) / 3.0) ** 2 + ((y - bend - 12.0) / 2.2) ** 2 < 1.0:
        return t.NERVE
    return -1
