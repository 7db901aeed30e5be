"""Ligaments and tendons: cruciates and their tears, collateral ligaments, extensor tendons."""

from typing import Any

import numpy as np

from mrnet_features.synthetic import tissues as t
from mrnet_features.synthetic.compiled import compiled
from mrnet_features.synthetic.soft_tissue import ACL_FEMUR, PCL_BEND

# States of the ACL.
ACL_INTACT = 0
ACL_PARTIAL = 1
ACL_COMPLETE = 2
ACL_MUCOID = 3

ACL_TIBIA = (1.5, -6.0, -5.0)  # x, y, z of the footprint
PCL_FEMUR = (-5.0, -2.0, 12.0)
PCL_TIBIA = (0.5, 27.5, -15.0)


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
    """Distance to a segment in mm, and the position of the nearest point along it, 0 to 1."""
    dx = bx - ax
    dy = by - ay
    dz = bz - az
    along = ((x - ax) * dx + (y - ay) * dy + (z - az) * dz) / (dx * dx + dy * dy + dz * dz)
    along = min(max(along, 0.0), 1.0)
    ex = x - ax - along * dx
    ey = y - ay - along * dy
    ez = z - az - along * dz
    return np.sqrt(ex * ex + ey * ey + ez * ez), along


@compiled
def pcl_distance(x: float, y: float, z: float, soft: Any) -> float:
    """Distance to the curved axis of the PCL, in mm."""
    best = 1e9
    px, py, pz = PCL_FEMUR
    for i in range(1, 6):
        s = i / 5.0
        a = (1.0 - s) * (1.0 - s)
        b = 2.0 * s * (1.0 - s)
        c = s * s
        qx = a * PCL_FEMUR[0] + b * PCL_BEND[0] + c * PCL_TIBIA[0]
        qy = a * PCL_FEMUR[1] + b * soft.pcl_bend_y + c * PCL_TIBIA[1]
        qz = a * PCL_FEMUR[2] + b * soft.pcl_bend_z + c * PCL_TIBIA[2]
        d, _ = segment_distance(x, y, z, px, py, pz, qx, qy, qz)
        best = min(best, d)
        px, py, pz = qx, qy, qz
    return best


@compiled
def acl_axis(
    soft: Any, drop: float
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Lower and upper end of the ACL's axis, in mm of the straight knee."""
    x = ACL_FEMUR[0] - 0.2 * drop
    return ACL_TIBIA, (x, soft.acl_femur_y - 0.3 * drop, soft.acl_femur_z - drop)


@compiled
def acl_at(x: float, y: float, z: float, noise: float, knee: Any) -> int:
    """Tissue of the ACL at a point, -1 outside."""
    soft = knee.soft
    low, high = acl_axis(soft, knee.acl_drop)
    d, along = segment_distance(x, y, z, low[0], low[1], low[2], high[0], high[1], high[2])
    fan = 1.0 + 0.3 * (2.0 * along - 1.0) ** 2
    radius = soft.acl_radius * fan
    state = knee.acl_state
    near = abs(along - knee.acl_gap) / max(knee.acl_gap_size, 1e-6)
    if state == ACL_COMPLETE and near < 1.0:
        radius *= 1.35 + 0.3 * noise
    if d > radius:
        return -1
    if state == ACL_INTACT:
        return t.LIGAMENT if noise < 1.1 else t.SEPTUM  # fat strands between the bundles
    if state == ACL_MUCOID:
        return t.MUCOID_LIGAMENT if noise > -0.35 else t.LIGAMENT
    if state == ACL_PARTIAL:
        return t.TORN_LIGAMENT if near < 1.0 and d < radius * (0.75 + 0.4 * noise) else t.LIGAMENT
    if near < 1.0:
        return t.TORN_LIGAMENT if noise > -0.5 else t.FLUID
    return t.LIGAMENT if noise < 0.3 else t.TORN_LIGAMENT


@compiled
def extensor_at(x: float, y: float, z: float, noise: float, knee: Any) -> int:
    """Tissue of the patellar and the quadriceps tendon at a point, -1 outside both."""
    half = knee.soft.tendon_front
    if -42.0 < z < 19.0:  # patellar tendon
        s = (19.0 - z) / 61.0
        front = -51.0 + 27.5 * s + 2.0 * s * (1.0 - s)
        # lens-shaped, continued by the thin retinacula on both sides
        u = (x - 5.5) / 15.5
        wide = 1.0 - u * u
        if wide > 0.0 and abs(y - front) < 1.15 * half * np.sqrt(wide) + 0.2 * noise:
            return t.SEPTUM if noise > 1.2 else t.LIGAMENT
        if wide > -3.0 and abs(y - front + 2.5 * wide) < 0.5 + 0.3 * noise and z > -14.0:
            return t.SEPTUM
    elif 46.0 < z < 95.0:  # quadriceps tendon, fat between its laminae
        front = -48.0 + 0.125 * (z - 46.0)
        u = (x - 4.0) / (20.0 - 0.1 * (z - 46.0))
        wide = 1.0 - u * u
        if wide > 0.0:
            deep = 1.5 * half * np.sqrt(wide) * min(1.0, 0.02 * (99.0 - z) + 0.2) + 0.2 * noise
            if abs(y - front) < deep:
                return t.SEPTUM if noise > 1.5 else t.LIGAMENT
    return -1


@compiled
def collateral_at(x: float, y: float, z: float) -> int:
    """LIGAMENT inside a collateral ligament, -1 elsewhere."""
    if x < -28.0 and -55.0 < z < 30.0:  # medial
        edge = -38.2
        if z < -12.0:
            edge -= 0.22 * (z + 12.0)
        elif z > 12.0:
            edge -= 0.02 * (z - 12.0)
        wide = 1.0 - ((y - 2.0 + 0.1 * z) / 8.0) ** 2 - ((z + 12.0) / 44.0) ** 4
        if wide > 0.0 and abs(x - edge) < 1.35 * min(1.0, 1.6 * wide):
            return t.LIGAMENT
    if x > 28.0 and -16.0 < z < 26.0:  # lateral
        d, _ = segment_distance(x, y, z, 37.5, 3.0, 24.0, 38.5, 26.0, -15.0)
        if d < 1.8:
            return t.LIGAMENT
    return -1


@compiled
def cruciate_at(x: float, y: float, z: float, noise: float, knee: Any) -> int:
    """Tissue of ACL or PCL at a point, -1 outside both."""
    if not (-20.0 < z < 32.0 and -13.0 < x < 15.0 and -18.0 < y < 34.0):
        return -1
    here = acl_at(x, y, z, noise, knee)
    if here < 0 and abs(x + 2.0) < 10.0 and pcl_distance(x, y, z, knee.soft) < knee.soft.pcl_radius:
        here = t.LIGAMENT
    return here
