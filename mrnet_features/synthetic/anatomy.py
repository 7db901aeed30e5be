"""Tissue at any point of the knee, in mm: bones, joint, ligaments and the limb around them."""

from typing import Any, NamedTuple

import numpy as np

from mrnet_features.synthetic import tissues as t
from mrnet_features.synthetic.bones import (
    Bones,
    Floats,
    femur_distance,
    fibula_distance,
    patella_distance,
    plateau_height,
    sample_bones,
    tibia_distance,
)
from mrnet_features.synthetic.compiled import compiled
from mrnet_features.synthetic.flexion import to_tibia
from mrnet_features.synthetic.ligaments import collateral_at, cruciate_at, extensor_at
from mrnet_features.synthetic.menisci import meniscus_fill
from mrnet_features.synthetic.soft_tissue import (
    Soft,
    muscle_at,
    sample_soft,
    vessel_at,
)
from mrnet_features.synthetic.style import Style

FAR = 99.0  # mm, in place of a distance too large to matter, which is not computed


class Knee(NamedTuple):
    """One person's knee and the state of its parts.

    `acl_state` is one of the constants of `ligaments`. `acl_gap` and `acl_gap_size` are the
    position of a tear along the ligament (0 tibia, 1 femur) and its length as a fraction of the
    ligament. `acl_drop` lowers the upper end in mm, which flattens the ligament's angle. `shift`
    moves the tibia forward in mm. `flexion` is the flexion angle in radians. `film` is the
    thickness of the joint fluid on cartilage in mm, `joint_space` what is added to the distance
    of femur and tibia in mm.
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
    joint_space: float = 0.0


def sample_person(
    generator: np.random.Generator, style: Style | None = None
) -> tuple[Bones, Soft, Floats]:
    """Bones, soft tissue and outlines of one person.

    Parameters
    ----------
    generator : numpy.random.Generator
        Random differences between persons.
    style : Style, optional
        What all persons of the set have in common, by default that of the default set.

    Returns
    -------
    bones, soft : Bones, Soft
        Sizes.
    tables : ndarray of shape (n_rows, 241), float64
        Outlines by height and by width; the constants of `bones` name the rows.
    """
    style = Style() if style is None else style
    bones, bone_rows = sample_bones(generator, style)
    soft, soft_rows = sample_soft(generator, style)
    return bones, soft, np.concatenate([bone_rows, soft_rows])


@compiled
def bone_at(
    d: float, x: float, y: float, z: float, scar: float, noise: float, coarse: float
) -> int:
    """Cortex, marrow or physeal scar inside a bone, at `d` mm from its surface."""
    rim = 0.9
    if z > 32.0:
        rim += min((z - 32.0) * 0.07, 2.4)
    elif z < -28.0:
        rim += min((-28.0 - z) * 0.055, 2.2)
    if d > -rim - 0.12 * noise - 0.15 * coarse:
        return t.CORTEX
    level = scar + 1.6 * coarse + 0.3 * noise + 0.004 * x * x - 0.06 * abs(x) + 0.05 * y
    if abs(z - level) < 0.55:
        return t.SCAR
    return t.MARROW


@compiled
def patella_at(x: float, y: float, z: float, noise: float, coarse: float, knee: Any) -> int:
    """Tissue of the patella and its cartilage at a point, -1 outside both."""
    bones = knee.bones
    d, behind = patella_distance(x, y, z, bones)
    if d < 0.0:
        return bone_at(d, x, y, z, FAR, noise, coarse)
    over_facets = abs(x - bones.patella_x) < 17.0 and abs(z - bones.patella_z - 2.0) < 15.0
    if d < 2.8 and behind > 0.0 and over_facets:
        return t.CARTILAGE
    if d < 1.6 and behind < -12.0:
        return t.LIGAMENT  # fibres of the extensor cover the front
    return -1


@compiled
def femoral_cover_at(x: float, y: float, z: float, coarse: float, gap: float, knee: Any) -> int:
    """Cartilage, or the fluid film on it, at `gap` mm from the femoral condyles, -1 elsewhere."""
    thick = knee.bones.cartilage
    if gap < thick:
        top = 27.0
        if y < 0.0:
            top = 12.0
            if -17.0 < x < 27.0:  # the trochlea
                top = 36.0 if y < -22.0 else 24.0
        if z < top + coarse:
            return t.CARTILAGE
    # a film of joint fluid on the cartilage
    if gap < thick + knee.film * (1.0 + 0.8 * coarse) and z < (34.0 if y < -22.0 else 22.0):
        return t.FILM
    return -1


@compiled
def joint_space_at(x: float, y: float, z: float, d_femur: float, d_side: float, knee: Any) -> int:
    """Meniscus, tibial cartilage or fluid between femur and tibia, -1 elsewhere."""
    floor = plateau_height(x, y, knee.bones)
    if meniscus_fill(x, y, z, floor + 0.9, x < 0.0, knee.soft) > 0.0:
        return t.MENISCUS
    if abs(x - 1.0) <= 7.0 or d_side > 0.0:
        return -1
    above = z - floor
    dome = 2.9 if x > 0.0 else 2.4
    if above < min(dome, -0.35 * d_side):
        return t.CARTILAGE
    if d_femur < 4.5 and above < 5.0:
        thin = d_femur < knee.bones.cartilage + 0.4 + knee.film or above < 2.4 + knee.film
        return t.FILM if thin else t.JOINT_FAT
    return -1


@compiled
def limb_at(
    x: float, y: float, z: float, depth: float, noise: float, coarse: float, knee: Any, tables: Any
) -> int:
    """Tissue of the limb around the joint: fat pad, fat, fascia or muscle."""
    if depth > 6.0 and y < -8.0:
        q = ((x - 4.0) / 30.0) ** 2 + ((y + 26.0) / 24.0) ** 2 + ((z + 2.0) / 30.0) ** 2
        if q < 1.0 + 0.1 * coarse:
            return t.JOINT_FAT  # Hoffa's fat pad
    soft = knee.soft
    back = min(max((y + 20.0) / 40.0, 0.0), 1.0)
    side = min(abs(x) / 50.0, 1.0)
    cover = soft.fat_front + (soft.fat_back - soft.fat_front) * max(back, 0.6 * side) + 1.4 * coarse
    if depth < cover:
        return t.FAT
    # the iliotibial band, a thick part of the fascia
    if x > 25.0 and -26.0 < y < 2.0 and z > -20.0:
        if depth < cover + 2.0:
            return t.LIGAMENT
    elif depth < cover + 0.7:
        return t.SEPTUM
    fill, second = muscle_at(x, y, z, tables)
    fill += 0.04 * noise + 0.06 * coarse
    if fill < 1.0:
        return t.FAT if second - fill < 0.09 else t.MUSCLE
    return t.FAT


@compiled
def capsule_at(y: float, z: float, coarse: float, d_joint: float, d_condyles: float) -> int:
    """Fat or septum inside the capsule, within 5.5 mm of the bones, -1 elsewhere."""
    if d_joint >= 5.5 or not -16.0 < z < 34.0:
        return -1
    if y > 12.0 and 4.4 < d_condyles - 0.5 * coarse < 5.1:
        return t.SEPTUM
    return t.JOINT_FAT


@compiled
def long_bone_at(
    x: float,
    y: float,
    z: float,
    yt: float,
    zt: float,
    noise: float,
    coarse: float,
    knee: Any,
    tables: Any,
) -> tuple[int, float, float, float, float]:
    """Tissue inside femur, tibia and fibula, -1 outside, and the distances to these bones.

    The distances are those to the femur, to its condyles without the notch, to the tibia and to
    the tibia's side wall. `yt` and `zt` are y and z in the coordinates
    of the tibia.
    """
    here = -1
    d_femur = d_condyles = d_tibia = d_side = FAR
    near = abs(x) < 44.0
    if near and z > -8.0 and -42.0 < y < 36.0:
        d_femur, d_condyles = femur_distance(x, y, z, knee.bones, tables)
        if d_femur < 0.0:
            here = bone_at(d_femur, x, y, z, 29.0, noise, coarse)
    if here < 0 and near and zt < 3.0:
        d_tibia, d_side = tibia_distance(x, yt, zt, knee.bones, tables)
        if d_tibia < 0.0:
            here = bone_at(d_tibia, x, yt, zt, -24.0, noise, coarse)
        else:
            d_fibula = fibula_distance(x, yt, zt)
            if d_fibula < 0.0:
                here = bone_at(d_fibula, x, yt, zt, -35.0, noise, coarse)
    return here, d_femur, d_condyles, d_tibia, d_side


@compiled
def surface_at(
    x: float,
    y: float,
    z: float,
    yt: float,
    zt: float,
    coarse: float,
    d_femur: float,
    d_condyles: float,
    d_side: float,
    knee: Any,
) -> int:
    """Cartilage, meniscus or fluid film on the joint surfaces of femur and tibia, -1 elsewhere."""
    here = -1
    # on the condyles and the trochlea, not in the notch or on the sides
    if -0.01 < d_condyles < 5.0 and d_femur < d_condyles + 0.6 and -33.0 < x < 31.0:
        here = femoral_cover_at(x, y, z, coarse, d_condyles, knee)
    if here != t.CARTILAGE and -12.0 < zt < 9.0 and d_side < 5.0:
        between = joint_space_at(x, yt, zt, d_femur, d_side, knee)
        if between >= 0:
            here = between
    return here


@compiled
def band_at(x: float, y: float, z: float, noise: float, coarse: float, knee: Any) -> int:
    """Tissue of ligaments, tendons and vessels at a point, -1 elsewhere."""
    here = cruciate_at(x, y, z, 0.9 * coarse + 0.35 * noise, knee)
    if here < 0 and y < -14.0:
        here = extensor_at(x, y, z, noise, knee)
    if here < 0:
        here = collateral_at(x, y, z)
    if here < 0 and y > 20.0:
        here = vessel_at(x, y, z, knee.soft)
    return here


@compiled
def tissue_at(
    x: float,
    y: float,
    z: float,
    ys: float,
    zs: float,
    depth: float,
    noise: float,
    coarse: float,
    knee: Any,
    tables: Any,
) -> int:
    """Tissue at a point.

    Parameters
    ----------
    x, y, z : float
        Position in mm, in the canonical right knee.
    ys, zs : float
        y and z of the soft tissue there, which bends with the knee.
    depth : float
        Depth under the skin in mm, not negative.
    noise, coarse : float
        Band-limited noise with standard deviation 1, fine and coarse, that roughens edges.
    knee : Knee
        The person.
    tables : ndarray of shape (n_rows, 241), float64
        The person's outlines.

    Returns
    -------
    int
        A constant of `tissues`.
    """
    if depth < 1.5:
        return t.SKIN
    yt, zt = to_tibia(y, z, 1.0, knee)
    here, d_femur, d_condyles, d_tibia, d_side = long_bone_at(
        x, y, z, yt, zt, noise, coarse, knee, tables
    )
    if here < 0 and y < -28.0 and 4.0 < z < 58.0:
        here = patella_at(x, y, z, noise, coarse, knee)
    if here < 0:
        here = surface_at(x, y, z, yt, zt, coarse, d_femur, d_condyles, d_side, knee)
    if here < 0:
        here = band_at(x, ys, zs, noise, coarse, knee)
    if here < 0:
        here = capsule_at(y, z, coarse, min(d_femur, d_tibia), d_condyles)
    if here < 0:
        here = limb_at(x, ys, zs, depth, noise, coarse, knee, tables)
    return here
