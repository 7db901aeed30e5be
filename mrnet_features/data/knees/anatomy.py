"""The knee as one function: a point in mm goes in, its tissue comes out."""

from typing import Any, NamedTuple

import numpy as np

from mrnet_features.data.knees import tissues as t
from mrnet_features.data.knees.bones import (
    Bones,
    Floats,
    draw_bones,
    femur_distance,
    fibula_distance,
    patella_distance,
    plateau_height,
    tibia_distance,
)
from mrnet_features.data.knees.compiled import compiled
from mrnet_features.data.knees.soft import (
    ACL_FEMUR,
    ACL_TIBIA,
    Soft,
    draw_soft,
    meniscus_fill,
    muscle_at,
    pcl_distance,
    segment_distance,
)

# What a torn or absent ACL looks like to the painter.
ACL_INTACT = 0
ACL_PARTIAL = 1
ACL_COMPLETE = 2
ACL_MUCOID = 3


class Knee(NamedTuple):
    """One person's knee and the state of its parts.

    `acl_state` is one of the constants above; `acl_gap` and `acl_gap_size` say where along the
    ligament (0 tibia, 1 femur) and over what part of it a tear lies; `acl_drop` lowers the upper
    end in mm, which flattens the ligament's angle; `shift` moves the tibia forward in mm.
    """

    bones: Bones
    soft: Soft
    acl_state: int
    acl_gap: float
    acl_gap_size: float
    acl_drop: float
    shift: float
    flexion: float
    film: float


def draw_person(generator: np.random.Generator) -> tuple[Bones, Soft, Floats]:
    """Return the bones, the soft tissue and the outlines of one person.

    Parameters
    ----------
    generator : numpy.random.Generator
        Source of the spread.

    Returns
    -------
    bones, soft : Bones, Soft
        Single sizes.
    tables : ndarray of shape (n_rows, 241), float64
        Outlines by height and by width; `bones` names the rows.
    """
    bones, bone_rows = draw_bones(generator)
    soft, soft_rows = draw_soft(generator)
    return bones, soft, np.concatenate([bone_rows, soft_rows])


@compiled
def acl_at(x: float, y: float, z: float, noise: float, knee: Any) -> int:
    """Return the tissue of the ACL at a point, -1 beside it."""
    soft = knee.soft
    drop = knee.acl_drop
    d, along = segment_distance(
        x, y, z,
        ACL_TIBIA[0], ACL_TIBIA[1], ACL_TIBIA[2],
        ACL_FEMUR[0] - 0.2 * drop, soft.acl_femur_y - 0.3 * drop, soft.acl_femur_z - drop,
    )  # fmt: skip
    fan = 1.0 + 0.3 * (2.0 * along - 1.0) ** 2
    radius = soft.acl_radius * fan
    state = knee.acl_state
    near = abs(along - knee.acl_gap) / max(knee.acl_gap_size, 1e-6)
    if state == ACL_COMPLETE and near < 1.0:
        radius *= 1.35 + 0.3 * noise
    if d > radius:
        return -1
    if state == ACL_INTACT:
        return t.LIGAMENT if noise < 0.85 else t.SYNOVIUM  # fat strands between the bundles
    if state == ACL_MUCOID:
        return t.MUCOID_LIGAMENT if noise > -0.35 else t.LIGAMENT
    if state == ACL_PARTIAL:
        return t.TORN_LIGAMENT if near < 1.0 and d < radius * (0.75 + 0.4 * noise) else t.LIGAMENT
    if near < 1.0:
        return t.TORN_LIGAMENT if noise > -0.5 else t.FLUID
    return t.LIGAMENT if noise < 0.3 else t.TORN_LIGAMENT


@compiled
def band_at(x: float, y: float, z: float, noise: float, knee: Any) -> int:
    """Return LIGAMENT inside tendons and collateral ligaments, -1 elsewhere."""
    soft = knee.soft
    if y < -14.0 and abs(x - 5.0) < 18.0:
        if -42.0 < z < 14.0:  # patellar tendon
            s = (14.0 - z) / 56.0
            front = -49.5 + 26.0 * s + 3.0 * s * (1.0 - s)
            wide = 1.0 - ((x - 5.5) / 14.5) ** 2
            if wide > 0.0 and abs(y - front) < soft.tendon_front * min(1.0, 2.0 * wide):
                return t.LIGAMENT
        elif z > 46.0 and z < 95.0:  # quadriceps tendon
            s = (z - 46.0) / 40.0
            front = -48.0 + 5.0 * s
            wide = 1.0 - ((x - 4.0) / 17.0) ** 2
            if wide > 0.0 and abs(y - front) < 1.5 * soft.tendon_front * min(1.0, 2.0 * wide):
                return t.LIGAMENT if noise < 0.7 else t.JOINT_FAT
    if x < -28.0 and -55.0 < z < 30.0:  # medial collateral ligament
        edge = -38.2 + (0.0 if z > -12.0 else 0.22 * (-12.0 - z))
        if z > 12.0:
            edge -= 0.02 * (z - 12.0)
        if abs(x - edge) < 1.2 and abs(y - 2.0 + 0.1 * z) < 7.0:
            return t.LIGAMENT
    if x > 28.0 and -16.0 < z < 26.0:  # lateral collateral ligament
        d, _ = segment_distance(x, y, z, 37.5, 3.0, 24.0, 38.5, 26.0, -15.0)
        if d < 1.8:
            return t.LIGAMENT
    return -1


@compiled
def vessel_at(x: float, y: float, z: float, soft: Any) -> int:
    """Return the popliteal vessel or nerve at a point, -1 elsewhere."""
    bend = soft.vessel_y - 0.003 * (z + 10.0) ** 2 * (1.0 if z > -10.0 else -0.2)
    cx = soft.vessel_x - 0.05 * z
    if (x - cx) ** 2 + (y - bend) ** 2 < 9.0:
        return t.ARTERY
    if (x - cx - 2.5) ** 2 + (y - bend - 6.8) ** 2 < 13.0:
        return t.VEIN
    if ((x - cx - 6.0) / 3.0) ** 2 + ((y - bend - 12.0) / 2.2) ** 2 < 1.0:
        return t.NERVE
    return -1


@compiled
def bone_at(d: float, x: float, y: float, z: float, scar: float, noise: float) -> int:
    """Return cortex, marrow or physeal scar inside a bone whose surface is `d` mm away."""
    rim = 0.9
    if z > 32.0:
        rim += min((z - 32.0) * 0.07, 2.4)
    elif z < -28.0:
        rim += min((-28.0 - z) * 0.055, 2.2)
    if d > -rim - 0.25 * noise:
        return t.CORTEX
    level = scar + 1.5 * noise + 0.004 * x * x - 0.06 * abs(x) + 0.05 * y
    if abs(z - level) < 0.55:
        return t.SCAR
    return t.MARROW


@compiled
def tissue_at(
    x: float,
    y: float,
    z: float,
    depth: float,
    noise: float,
    coarse: float,
    knee: Any,
    tables: Any,
) -> int:
    """Return the tissue at a point.

    Parameters
    ----------
    x, y, z : float
        Place in mm, canonical right knee.
    depth : float
        Depth under the skin in mm, not negative.
    noise, coarse : float
        Band-limited noise of unit spread, fine and coarse, that roughens edges.
    knee : Knee
        The person.
    tables : ndarray of shape (n_rows, 241), float64
        The person's outlines.

    Returns
    -------
    int
        A constant of `tissues`.
    """
    soft = knee.soft
    bones = knee.bones
    if depth < 1.5:
        return t.SKIN
    # Below the joint line everything follows the tibia.
    below = min(max((2.0 - z) * 0.12, 0.0), 1.0)
    yt = y + below * (knee.shift + knee.flexion * (z - 2.0))
    d_femur = 99.0
    d_condyles = 99.0
    d_tibia = 99.0
    d_side = 99.0
    near_x = abs(x) < 44.0
    if z > -8.0 and near_x and y < 36.0 and y > -42.0:
        d_femur, d_condyles = femur_distance(x, y, z, bones, tables)
        if d_femur < 0.0:
            return bone_at(d_femur, x, y, z, 29.0, noise)
    if z < 3.0 and near_x:
        d_tibia, d_side = tibia_distance(x, yt, z, bones, tables)
        if d_tibia < 0.0:
            return bone_at(d_tibia, x, y, z, -24.0, noise)
        if z < -8.0 and x > 18.0:
            d_fibula = fibula_distance(x, yt, z)
            if d_fibula < 0.0:
                return bone_at(d_fibula, x, y, z, -35.0, noise)
    if y < -28.0 and 4.0 < z < 58.0:
        d_patella, behind = patella_distance(x, y, z, bones)
        if d_patella < 0.0:
            return bone_at(d_patella, x, y, z, 99.0, noise)
        if d_patella < 2.8 and behind > 0.0 and abs(x - bones.patella_x) < 17.0:
            if abs(z - bones.patella_z - 2.0) < 15.0:
                return t.CARTILAGE
    # Femoral cartilage: on the condyles and the trochlea, not on the notch or the sides.
    on_condyles = d_condyles > -0.01 and -35.0 < x < 33.0
    if on_condyles and d_condyles < bones.cartilage:
        top = 27.0
        if y < 0.0:
            trochlear = -17.0 < x < 27.0
            top = 36.0 if trochlear and y < -22.0 else (24.0 if trochlear else 12.0)
        if z < top + coarse:
            return t.CARTILAGE
    if -9.0 < z < 9.0 and d_side < 1.5 and near_x:
        floor = plateau_height(x, yt, bones)
        if abs(x - 1.0) > 7.0 and d_side < -1.5:
            dome = 2.6 if x > 0.0 else 2.1
            if z - floor < dome:
                return t.CARTILAGE
        fill, _ = meniscus_fill(x, yt, z, floor + 1.2, x < 0.0, soft)
        if fill > 0.0:
            return t.MENISCUS
        if d_femur < 4.5 and z - floor < 5.0 and abs(x - 1.0) > 7.0:
            return t.FLUID if d_femur < knee.film + 2.5 else t.SYNOVIUM
    if -20.0 < z < 32.0 and -13.0 < x < 15.0 and -18.0 < y < 34.0:
        here = acl_at(x, yt, z, noise, knee)
        if here >= 0:
            return here
        if pcl_distance(x, yt, z, soft) < soft.pcl_radius:
            return t.LIGAMENT
    here = band_at(x, yt, z, noise, knee)
    if here >= 0:
        return here
    if y > 20.0:
        here = vessel_at(x, y, z, soft)
        if here >= 0:
            return here
    # Inside the capsule: films of fluid along cartilage, then fat.
    if on_condyles and d_condyles < bones.cartilage + knee.film * (1.0 + 0.8 * coarse):
        if z < 34.0 and (y < -22.0 or z < 22.0):
            return t.FLUID
    joint = min(d_femur, d_tibia)
    if joint < 5.5 and -16.0 < z < 34.0:
        if joint > 4.7 + 0.5 * coarse and y > 5.0:
            return t.LIGAMENT  # capsule
        return t.JOINT_FAT if noise < 1.8 else t.SYNOVIUM
    strand = abs(coarse + 0.25 * noise) < 0.07
    if depth > 6.0 and y < -8.0:
        q = ((x - 4.0) / 30.0) ** 2 + ((y + 26.0) / 24.0) ** 2 + ((z + 2.0) / 30.0) ** 2
        if q < 1.0 + 0.1 * coarse:
            return t.SEPTUM if strand and noise > 0.3 else t.JOINT_FAT  # Hoffa's fat pad
    back = min(max((y + 20.0) / 40.0, 0.0), 1.0)
    side = min(abs(x) / 50.0, 1.0)
    cover = soft.fat_front + (soft.fat_back - soft.fat_front) * max(back, 0.6 * side)
    cover += 0.8 * coarse
    if depth < cover:
        return t.SEPTUM if strand and noise > 0.5 else t.FAT
    wall = 0.7
    if x > 25.0 and -26.0 < y < 2.0 and z > -20.0:
        wall = 2.0  # the iliotibial band is a thickening of the fascia
    if depth < cover + wall:
        return t.LIGAMENT if noise < 0.8 else t.SEPTUM
    which, fill, second = muscle_at(x, y, z, tables)
    fill += 0.04 * noise + 0.06 * coarse
    if which >= 0 and fill < 1.0:
        return t.FAT if second - fill < 0.09 else t.MUSCLE
    return t.SEPTUM if strand and noise > 0.6 else t.FAT
