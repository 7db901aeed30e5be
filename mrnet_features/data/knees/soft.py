"""Soft tissue: skin, fat, muscles, vessels, menisci, ligaments and tendons, in mm.

Axes as in `bones`. Outlines of the limb follow the knee box of published exams (about 106 mm wide
and 104 to 109 mm deep at the joint line); muscle bellies are ellipses by height, placed by the
usual cross-sectional anatomy of thigh and calf. Menisci were measured on the same segmented knee as the bones
(medial 27 mm wide, 41 mm deep; lateral 27 mm wide, 33 mm deep; 5 to 7 mm high at the rim).
"""

from typing import Any, NamedTuple

import numpy as np

from mrnet_features.data.knees.bones import Z_FIRST, Z_TABLE, Floats, table_over
from mrnet_features.data.knees.compiled import compiled

# Limb outline by z: z, half width, half depth, centre y.
SKIN_OUTLINE = (
    (-100, 47, 46, 17), (-65, 51, 46, 14), (-40, 52, 47, 9), (-15, 53, 49, 1), (0, 53.5, 51, -1),
    (15, 54, 54, -5), (35, 56, 57, -4), (50, 59, 58, 1), (70, 63, 59, 5), (100, 68, 63, 8),
)  # fmt: skip

# Muscle bellies by z: z, centre x, centre y, half width, half depth.
MUSCLES = (
    # vastus medialis
    ((14, -37, -8, 2, 4), (22, -37, -12, 6, 12), (40, -33, -16, 14, 19), (60, -27, -19, 22, 23), (100, -24, -20, 26, 26)),
    # vastus lateralis
    ((30, 38, -14, 2, 6), (40, 36, -16, 8, 15), (60, 32, -18, 18, 23), (100, 28, -18, 27, 28)),
    # vastus intermedius and rectus
    ((58, 2, -33, 4, 2), (68, 2, -35, 18, 7), (100, 2, -38, 24, 13)),
    # sartorius
    ((-40, -38, 10, 4, 2), (0, -45, 20, 3.5, 7), (30, -46, 20, 5, 11), (100, -42, 18, 8, 14)),
    # gracilis
    ((0, -43, 27, 2, 2.5), (30, -43, 33, 4, 5), (100, -38, 36, 7, 8)),
    # semimembranosus
    ((-8, -31, 25, 3, 3.5), (10, -28, 34, 7, 7), (35, -24, 36, 13, 12), (60, -21, 36, 17, 15), (100, -18, 36, 16, 14)),
    # semitendinosus
    ((0, -35, 35, 2.2, 2.2), (30, -26, 48, 4, 3), (60, -14, 50, 10, 7), (100, -10, 48, 14, 10)),
    # biceps femoris
    ((-12, 39, 27, 2.5, 5), (10, 38, 33, 6, 9), (35, 32, 37, 11, 13), (60, 26, 38, 15, 16), (100, 22, 38, 17, 17)),
    # gastrocnemius, medial head
    ((27, -18, 28, 3, 3), (18, -18, 34, 10, 6), (0, -18, 39, 15, 8.5), (-20, -19, 43, 19, 11), (-50, -20, 45, 23, 13), (-100, -20, 46, 22, 12)),
    # gastrocnemius, lateral head
    ((24, 20, 28, 3, 3), (15, 20, 34, 9, 6), (0, 20, 38, 13, 8.5), (-20, 20, 42, 17, 10.5), (-50, 19, 44, 20, 12), (-100, 18, 45, 20, 12)),
    # soleus
    ((-20, 20, 33, 6, 2), (-35, 10, 34, 20, 5), (-60, 2, 34, 28, 9), (-100, 0, 34, 32, 13)),
    # popliteus
    ((-2, 20, 27, 6, 2.5), (-15, 5, 30, 16, 4), (-35, -2, 25, 18, 5), (-55, -6, 22, 12, 4), (-65, -8, 21, 3, 2)),
    # tibialis anterior and long extensors
    ((-20, 29, -6, 3, 4), (-35, 27, -8, 9, 11), (-60, 24, -6, 14, 15), (-100, 22, -4, 15, 17)),
    # peroneus longus
    ((-25, 42, 14, 3, 5), (-45, 41, 13, 6, 10), (-100, 38, 12, 8, 14)),
)  # fmt: skip

# Menisci: centre x, centre y, half width, half depth of the outer rim, body width, rim height.
MEDIAL_MENISCUS = (-17.0, 2.5, 18.0, 21.5)
LATERAL_MENISCUS = (19.0, 8.0, 16.5, 17.0)

ACL_TIBIA = (1.5, -6.0, -5.0)
ACL_FEMUR = (5.5, 15.0, 21.0)
PCL_FEMUR = (-5.0, -2.0, 12.0)
PCL_BEND = (-2.5, 21.0, 17.0)
PCL_TIBIA = (0.5, 27.5, -15.0)


class Soft(NamedTuple):
    """Tables and sizes of one knee's soft tissue, in mm."""

    skin: Floats
    muscles: Floats
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


def draw_soft(generator: np.random.Generator) -> Soft:
    """Return one person's soft tissue.

    Parameters
    ----------
    generator : numpy.random.Generator
        Source of the spread.

    Returns
    -------
    Soft
    """
    skin = table_over(SKIN_OUTLINE, Z_TABLE)
    fat = float(np.clip(generator.lognormal(0.0, 0.35), 0.5, 2.2))
    bulk = float(np.clip(generator.normal(1.0, 0.09), 0.8, 1.2))
    muscles = np.zeros((len(MUSCLES), 4, Z_TABLE.size))
    for row, knots in zip(muscles, MUSCLES, strict=True):
        ordered = tuple(sorted(knots))
        centre_x, centre_y, half_width, half_depth = table_over(ordered, Z_TABLE)
        gain = bulk * generator.normal(1.0, 0.05)
        row[0] = centre_x + generator.normal(0.0, 0.8)
        row[1] = centre_y + generator.normal(0.0, 0.8)
        inside = (ordered[0][0] <= Z_TABLE) & (ordered[-1][0] >= Z_TABLE)
        row[2] = np.where(inside, 1.0 / (half_width * gain), 1e3)
        row[3] = np.where(inside, 1.0 / (half_depth * gain), 1e3)
    skin[:2] += 3.5 * (fat - 1.0) + 25.0 * (bulk - 1.0)
    return Soft(
        skin=skin,
        muscles=muscles,
        fat_front=3.0 + 1.5 * fat,
        fat_back=3.0 + 4.5 * fat,
        meniscus_width=float(generator.normal(9.5, 0.7)),
        meniscus_height=float(generator.normal(8.0, 0.6)),
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


@compiled
def skin_depth(x: float, y: float, z: float, soft: Any) -> float:
    """Return how deep a point lies under the skin, in mm; negative in air."""
    j = min(max(int(z - Z_FIRST), 0), soft.skin.shape[1] - 1)
    a = soft.skin[0, j]
    b = soft.skin[1, j]
    u = x / a
    v = (y - soft.skin[2, j]) / b
    # A little squarer than an ellipse, like the limb.
    q = u * u + v * v + 0.35 * u * u * v * v
    depth = (1.0 - np.sqrt(q)) * 0.5 * (a + b)
    if y < -30.0 and z > -5.0:  # the patella lifts the skin
        knob = 1.0 - ((x - 5.0) / 34.0) ** 2 - ((z - 28.0) / 38.0) ** 2
        if knob > 0.0:
            depth = max(depth, min(depth + 6.0 * knob, y + 50.0 + 13.0 * min(1.0, 2.0 * knob)))
    return depth


@compiled
def muscle_at(x: float, y: float, z: float, soft: Any) -> tuple[int, float, float]:
    """Return the muscle at a point (or -1), its fill 0..1 (0 on the axis) and the next one's."""
    j = min(max(int(z - Z_FIRST), 0), soft.muscles.shape[2] - 1)
    best = 9.0
    second = 9.0
    which = -1
    for m in range(soft.muscles.shape[0]):
        u = (x - soft.muscles[m, 0, j]) * soft.muscles[m, 2, j]
        v = (y - soft.muscles[m, 1, j]) * soft.muscles[m, 3, j]
        q = u * u + v * v
        if q < best:
            second = best
            best = q
            which = m
        elif q < second:
            second = q
    return which, best, second


@compiled
def segment_distance(
    x: float,
    y: float,
    z: float,
    ax: float,
    ay: float,
    az: float,
    bx: float,
    by: float,
    bz: float,
) -> tuple[float, float]:
    """Return the distance to a segment in mm and the place along it, 0 to 1."""
    dx = bx - ax
    dy = by - ay
    dz = bz - az
    t = ((x - ax) * dx + (y - ay) * dy + (z - az) * dz) / (dx * dx + dy * dy + dz * dz)
    t = min(max(t, 0.0), 1.0)
    ex = x - ax - t * dx
    ey = y - ay - t * dy
    ez = z - az - t * dz
    return np.sqrt(ex * ex + ey * ey + ez * ez), t


@compiled
def pcl_distance(x: float, y: float, z: float, soft: Any) -> float:
    """Return the distance to the PCL's curved axis, in mm."""
    best = 1e9
    px, py, pz = PCL_FEMUR
    for i in range(1, 6):
        t = i / 5.0
        a = (1.0 - t) * (1.0 - t)
        b = 2.0 * t * (1.0 - t)
        c = t * t
        qx = a * PCL_FEMUR[0] + b * PCL_BEND[0] + c * PCL_TIBIA[0]
        qy = a * PCL_FEMUR[1] + b * soft.pcl_bend_y + c * PCL_TIBIA[1]
        qz = a * PCL_FEMUR[2] + b * soft.pcl_bend_z + c * PCL_TIBIA[2]
        d, _ = segment_distance(x, y, z, px, py, pz, qx, qy, qz)
        best = min(best, d)
        px, py, pz = qx, qy, qz
    return best


@compiled
def meniscus_fill(
    x: float, y: float, z: float, floor: float, medial: bool, soft: Any
) -> tuple[float, float]:
    """Return how far inside a meniscus a point lies (mm, negative outside) and its rim depth."""
    cx, cy, a, b = MEDIAL_MENISCUS if medial else LATERAL_MENISCUS
    u = (x - cx) / a
    v = (y - cy) / b
    r = np.sqrt(u * u + v * v)
    if r > 1.0 or r < 0.15:
        return -1.0, 0.0
    inward = -x if medial else x
    if inward < 5.0:  # the C is open toward the notch
        return -1.0, 0.0
    rim = (1.0 - r) * np.sqrt((a * u / r) ** 2 + (b * v / r) ** 2)
    width = soft.meniscus_width
    if medial:
        width *= 1.15 if v > 0.3 else 0.85
    if abs(v) < 0.35:
        width *= 0.85
    if rim > width:
        return -1.0, rim
    height = 0.8 + soft.meniscus_height * (1.0 - rim / width)
    above = z - floor
    if above < 0.0 or above > height:
        return -1.0, rim
    return min(min(above, height - above) + 0.3, min(rim, width - rim)), rim
