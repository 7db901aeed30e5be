"""Tissue at any point of the knee, in mm: bones, joint, ligaments and the limb around them."""

from typing import Any, NamedTuple

import numpy as np

from mrnet_features.synthetic import tissues as t
from mrnet_features.synthetic.bones import (
    Bones,
    Floats,
    fibula_distance,
    patella_distance,
    plateau_height,
    sample_bones,
)
from mrnet_features.synthetic.compiled import compiled
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
    tables : ndarray of shape (801, n_outlines), float64
        Outlines by height and by width; the constants of `bones` name the columns.
    """
    style = Style() if style is None else style
    bones, bone_rows = sample_bones(generator, style)
    soft, soft_rows = sample_soft(generator, style)
    return bones, soft, np.ascontiguousarray(np.concatenate([bone_rows, soft_rows]).T)


@compiled
def bone_at(
    d: float, x: float, y: float, z: float, scar: float, left: float, noise: float, coarse: float
) -> int:
    """Cortex, marrow or physeal scar inside a bone, at `d` mm from its surface.

    Cortex is thin at the ends of bones, uneven, and 3 to 4 mm thick in the shaft. The scar lies
    about the height `scar`; `left` is how much of the growth plate is left, 0 to 1.
    """
    rim = 0.6
    if z > 34.0:
        rim += min((z - 34.0) * 0.075, 2.8)
    elif z < -26.0:
        rim += min((-26.0 - z) * 0.06, 2.6)
    if d > -rim * (1.0 + 0.3 * coarse) - 0.14 * noise:
        return t.CORTEX
    if left > 0.0 and noise > 1.3 - 2.0 * left:
        level = scar + 2.4 * coarse + 0.5 * noise + 0.006 * x * x - 0.08 * abs(x) + 0.05 * y
        if abs(z - level) < 0.3 + 0.3 * left:
            return t.SCAR
    return t.MARROW


@compiled
def patella_at(x: float, y: float, z: float, noise: float, coarse: float, knee: Any) -> int:
    """Tissue of the patella and its cartilage at a point, -1 outside both."""
    bones = knee.bones
    if abs(x - bones.patella_x) > 28.0:  # at least 7 mm from the bone, and no cartilage
        return -1
    d, behind = patella_distance(x, y, z, bones)
    if d < 0.0:
        return bone_at(d, x, y, 0.0, 0.0, 0.0, noise, coarse)
    if behind > 0.0:
        u = (x - bones.patella_x) / 19.0
        w = (z - bones.patella_z - 3.0) / 16.5
        # thickest on the ridge between the facets
        thick = 1.5 * knee.bones.cartilage * (1.0 - u * u - w * w) + 0.15 * coarse
        if d < thick:
            return t.DEEP_CARTILAGE if d < 0.3 * thick else t.CARTILAGE
    if behind < -13.0 and d < 1.4 + 0.3 * noise:
        return t.SEPTUM if noise > 0.4 else t.LIGAMENT  # fibres of the extensor cover the front
    return -1


@compiled
def femoral_cover_at(x: float, y: float, z: float, coarse: float, gap: float, knee: Any) -> int:
    """Cartilage, or the fluid film on it, at `gap` mm from the femoral condyles, -1 elsewhere.

    Thickness was measured on the segmented knee: 2.0 to 2.6 mm in the middle of the condyles, 2.4
    to 2.9 mm in the trochlea, 1.2 mm at the sides, and thinner toward the edges.
    """
    top = 25.0
    middle = abs(x) - 18.0
    if y < 0.0:
        top = 12.0
        if -17.0 < x < 27.0:  # the trochlea
            top = 35.0 if y < -22.0 else 24.0
            middle = 0.7 * (x - 4.0)
    left = top + 2.0 * coarse - z
    if left <= 0.0:
        return -1
    thick = knee.bones.cartilage * (1.08 - 0.0026 * middle * middle + 0.12 * coarse)
    thick *= min(1.0, 0.25 + 0.05 * left)
    if gap < thick:
        return t.DEEP_CARTILAGE if gap < 0.3 * thick else t.CARTILAGE
    # a film of joint fluid on the cartilage, thick here and absent there
    if gap < thick + knee.film * (0.7 + 1.1 * coarse):
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
    # 2 mm on average, up to 3.3 mm on the medial and 4.3 mm on the lateral plateau
    u = (abs(x - 1.0) - 19.0) / 17.0
    w = (y - 5.0) / 25.0
    thick = (3.6 if x > 0.0 else 3.0) * (1.0 - 0.75 * u * u - 0.8 * w * w)
    thick = min(thick, -0.4 * d_side) * knee.bones.cartilage * 0.43
    if above < thick:
        return t.DEEP_CARTILAGE if above < 0.3 * thick else t.CARTILAGE
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
    deep = min(5.5, 0.4 * (40.0 - z), 0.4 * (z + 24.0)) + 0.8 * coarse
    if d_joint >= deep:
        return -1
    if y > 12.0 and coarse > 0.0 and 4.2 < d_condyles - 0.8 * coarse < 4.6:
        return t.SEPTUM
    return t.JOINT_FAT


@compiled
def near_femur(x: float, y: float, z: float) -> bool:
    """Whether a point lies in the boxes that hold the femur and the capsule around it."""
    near = abs(x) < 44.0 and z > -8.0 and -42.0 < y < 36.0
    return near and (z < 43.0 or (abs(x) < 34.0 and y < 13.0))  # the shaft is thinner


@compiled
def near_tibia(x: float, yt: float, zt: float) -> bool:
    """Whether a point lies in the boxes that hold the tibia and the capsule around it."""
    return abs(x) < 44.0 and zt < 3.0 and (zt > -28.0 or (abs(x) < 36.0 and yt < 30.0))


@compiled
def long_bone_at(
    x: float,
    y: float,
    z: float,
    yt: float,
    zt: float,
    noise: float,
    coarse: float,
    d_femur: float,
    d_tibia: float,
    scar: float,
) -> int:
    """Tissue inside femur, tibia and fibula, -1 outside; `yt`, `zt` in coordinates of the tibia."""
    here = -1
    if d_femur < 0.0:
        here = bone_at(d_femur, x, y, z, 29.0, scar, noise, coarse)
    elif d_tibia < 0.0:
        here = bone_at(d_tibia, x, yt, zt, -24.0, scar, noise, coarse)
    elif abs(x) < 44.0 and zt < -8.0 and x > 19.0 and yt > 14.0:
        d_fibula = fibula_distance(x, yt, zt)
        if d_fibula < 0.0:
            here = bone_at(d_fibula, x, yt, zt, -35.0, scar, noise, coarse)
    return here


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
    if here != t.CARTILAGE and here != t.DEEP_CARTILAGE and -12.0 < zt < 9.0 and d_side < 5.0:
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
def tissue_within(
    x: float,
    y: float,
    z: float,
    ys: float,
    zs: float,
    yt: float,
    zt: float,
    depth: float,
    noise: float,
    coarse: float,
    d_femur: float,
    d_condyles: float,
    d_tibia: float,
    d_side: float,
    knee: Any,
    tables: Any,
) -> int:
    """Tissue at a point, a constant of `tissues`.

    Parameters
    ----------
    x, y, z : float
        Position in mm, in the canonical left knee.
    ys, zs : float
        y and z of the soft tissue there, which bends with the knee.
    yt, zt : float
        y and z in the coordinates of the tibia.
    depth : float
        Depth under the skin in mm, not negative.
    noise, coarse : float
        Band-limited noise with standard deviation 1, fine and coarse, that roughens edges.
    d_femur, d_condyles, d_tibia, d_side : float
        Distances in mm to the femur, to its condyles without the notch, to the tibia and to its
        side wall; `FAR` where the bone is not near.
    knee : Knee
        The person.
    tables : ndarray of shape (801, n_outlines), float64
        The person's outlines.

    Returns
    -------
    int
    """
    if depth < 1.5:
        return t.SKIN
    here = long_bone_at(x, y, z, yt, zt, noise, coarse, d_femur, d_tibia, knee.bones.scar)
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
