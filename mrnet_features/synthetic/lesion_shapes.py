"""Lesions as blobs: soft-edged ellipsoids that turn host tissues into another tissue."""

import numpy as np
from numpy.typing import NDArray

from mrnet_features.synthetic import tissues as t
from mrnet_features.synthetic.bones import DISTAL, TROCHLEA, Bones
from mrnet_features.synthetic.pathology import MeniscusTear, Pathology, Spot
from mrnet_features.synthetic.soft_tissue import LATERAL_MENISCUS, MEDIAL_MENISCUS, Soft

# Columns of a blob: centre (0-2), rows of the matrix that maps it to the unit ball (3-11), reach
# in mm (12), edge sharpness (13), strength (14), tissue it becomes (15), hosts as bits (16), part
# of the edge that noise roughens (17).
N_COLUMNS = 18

MARROW_HOSTS = (t.MARROW, t.SCAR)
SOFT_HOSTS = (t.FAT, t.JOINT_FAT, t.SEPTUM, t.SYNOVIUM, t.FLUID, t.FILM)


def blob(
    centre: tuple[float, float, float],
    radii: tuple[float, float, float],
    becomes: int,
    hosts: tuple[int, ...],
    *,
    axes: NDArray[np.float64] | None = None,
    sharp: float = 6.0,
    strength: float = 1.0,
    rough: float = 0.15,
) -> NDArray[np.float64]:
    """Return one row of the blob table.

    Parameters
    ----------
    centre, radii : tuple of 3 floats
        Place and half axes in mm.
    becomes : int
        Tissue whose signal it takes on.
    hosts : tuple of int
        Tissues it may change.
    axes : ndarray of shape (3, 3), float64, optional
        Unit vectors of the half axes as rows; x, y, z where None.
    sharp : float
        Steepness of the edge, 1 for a soft cloud, 8 for a sharp border.
    strength : float
        0 to 1, the largest part of the signal replaced.
    rough : float
        How far noise moves the edge, as a fraction of the radius.

    Returns
    -------
    ndarray of shape (N_COLUMNS,), float64
    """
    row = np.zeros(N_COLUMNS)
    row[0:3] = centre
    frame = np.eye(3) if axes is None else axes
    row[3:12] = (frame / np.array(radii)[:, None]).ravel()
    row[12] = max(radii) * (1.0 + rough)
    row[13] = sharp
    row[14] = strength
    row[15] = becomes
    row[16] = sum(1 << host for host in hosts)
    row[17] = rough
    return row


def unit(vector: tuple[float, float, float]) -> NDArray[np.float64]:
    """Return `vector` with length 1."""
    array = np.array(vector)
    result: NDArray[np.float64] = array / np.linalg.norm(array)
    return result


def meniscus_frame(
    side: str, horn: str, reach: float, soft: Soft
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a point inside a meniscus and the axes along, across (outward) and up there."""
    cx, cy, a, b = MEDIAL_MENISCUS if side == "medial" else LATERAL_MENISCUS
    outward = -1.0 if side == "medial" else 1.0
    middle = {"anterior": -62.0, "body": 0.0, "posterior": 62.0}[horn]
    angle = np.deg2rad(middle + 22.0 * reach)
    direction = np.array([outward * np.cos(angle), np.sin(angle)])
    across = unit((direction[0], direction[1], 0.0))
    along = unit((-direction[1], direction[0], 0.0))
    inset = 0.5 * soft.meniscus_width
    edge = 1.0 / np.sqrt((direction[0] / a) ** 2 + (direction[1] / b) ** 2)
    place = (edge - inset) * direction
    point = np.array([cx + place[0], cy + place[1], -3.6])
    return point, np.stack([along, across, np.array([0.0, 0.0, 1.0])])


def tear_blobs(tear: MeniscusTear, soft: Soft) -> list[NDArray[np.float64]]:
    """Return the blobs of one meniscal tear or worn patch."""
    point, axes = meniscus_frame(tear.side, tear.horn, tear.reach, soft)
    hosts = (t.MENISCUS,)
    half = 0.5 * tear.length_mm
    p = (float(point[0]), float(point[1]), float(point[2]))
    if tear.kind == "worn":
        # A globule or streak that stays away from both surfaces.
        radii = (half, 2.2, 0.9)
        return [
            blob(p, radii, t.WORN_MENISCUS, hosts, axes=axes, sharp=2.0, strength=tear.strength)
        ]
    rows = []
    if tear.kind in {"horizontal", "complex"}:
        tilt = axes.copy()
        tilt[1] = unit((axes[1][0], axes[1][1], 0.35))
        tilt[2] = np.cross(tilt[0], tilt[1])
        rows.append(cleft(point, (half, 6.5, tear.gap_mm), tilt, tear.strength))
    if tear.kind in {"vertical", "complex"}:
        outer = point + 1.5 * axes[1]
        rows.append(cleft(outer, (half, tear.gap_mm, 7.0), axes, tear.strength))
    if tear.kind == "radial":
        inner = point - 3.0 * axes[1]
        rows.append(cleft(inner, (1.2 + tear.gap_mm, 5.0, 7.0), axes, tear.strength))
    return rows


def cleft(
    point: NDArray[np.float64],
    radii: tuple[float, float, float],
    axes: NDArray[np.float64],
    strength: float,
) -> NDArray[np.float64]:
    """Return the blob of a fluid-filled cleft in a meniscus."""
    centre = (float(point[0]), float(point[1]), float(point[2]))
    return blob(
        centre, radii, t.TORN_MENISCUS, (t.MENISCUS,), axes=axes, sharp=4.0, strength=strength
    )


def bone_place(spot: Spot, bones: Bones) -> tuple[float, float, float]:
    """Return where on a joint surface a lesion of bone or cartilage sits, in mm."""
    x_side = 20.0 if "lateral" in spot.place else -20.0
    if "femur shaft" in spot.place:
        return 8.0 * spot.u, -12.0, 48.0 + 12.0 * spot.v
    if "tibia shaft" in spot.place:
        return 8.0 * spot.u, 2.0, -42.0 + 12.0 * spot.v
    if "patella" in spot.place:
        return (
            bones.patella_x - 1.5 + 9.0 * spot.u,
            bones.patella_y - 1.0,
            bones.patella_z + 9.0 * spot.v,
        )
    if "trochlea" in spot.place:
        angle = np.deg2rad(200.0 + 25.0 * spot.v)
        return (
            3.0 + 14.0 * spot.u,
            TROCHLEA[0] + 21.0 * np.cos(angle),
            TROCHLEA[1] + 21.0 * np.sin(angle),
        )
    if "bruise" in spot.place:  # the pivot-shift pattern
        if "femur" in spot.place:
            return 20.0 + 4.0 * spot.u, -8.0 + 5.0 * spot.v, 5.0
        return 21.0 + 4.0 * spot.u, 21.0 + 3.0 * spot.v, -13.0
    if "femur" in spot.place:
        angle = np.deg2rad(-80.0 + 35.0 * spot.v)
        radius = 24.0 if x_side < 0 else 21.4
        return (
            x_side + 7.0 * spot.u,
            DISTAL[0] + radius * np.cos(angle),
            DISTAL[1] + radius * np.sin(angle),
        )
    return x_side + 7.0 * spot.u, 5.0 + 12.0 * spot.v, -7.5


def spot_blobs(findings: Pathology, bones: Bones) -> list[NDArray[np.float64]]:
    """Return the blobs of marrow oedema, red marrow and cartilage defects."""
    rows = []
    for spot in findings.oedema:
        size = spot.size_mm
        rows.append(
            blob(bone_place(spot, bones), (size, size, 0.85 * size), t.OEDEMA, MARROW_HOSTS,
                 sharp=1.6, strength=spot.strength, rough=0.35)
        )  # fmt: skip
    for spot in findings.red_marrow:
        size = spot.size_mm
        rows.append(
            blob(bone_place(spot, bones), (size, 0.8 * size, 1.3 * size), t.RED_MARROW,
                 MARROW_HOSTS, sharp=1.8, strength=0.8 * spot.strength, rough=0.5)
        )  # fmt: skip
    for spot in findings.defects:
        size = spot.size_mm
        rows.append(
            blob(bone_place(spot, bones), (size, size, size), t.FLUID, (t.CARTILAGE,), sharp=3.0,
                 strength=spot.strength, rough=0.2)
        )  # fmt: skip
    return rows


def fluid_blobs(findings: Pathology) -> list[NDArray[np.float64]]:
    """Return the blobs of joint fluid: the suprapatellar recess, the gutters, a Baker's cyst."""
    ml = findings.effusion_ml
    rows = []
    # Suprapatellar recess: a flat pouch behind the quadriceps tendon that swells with volume.
    wide = 12.0 + 2.2 * ml**0.6
    tall = 12.0 + 2.0 * ml**0.6
    deep = max(0.55 * ml * 1000.0 / (4.19 * wide * tall), 0.5)
    rows.append(
        blob((3.0, -37.5, 54.0), (min(wide, 30.0), deep, min(tall, 30.0)), t.FLUID,
             (*SOFT_HOSTS, t.MUSCLE), sharp=5.0, rough=0.2)
    )  # fmt: skip
    gutter = max(0.06 * ml**0.9, 0.25)
    for x, share in ((-35.0, 1.0), (34.5, 1.2)):
        radii = (1.6 * gutter * share, 9.0 + 0.1 * ml, 13.0 + 0.1 * ml)
        rows.append(blob((x, -14.0, 20.0), radii, t.FLUID, SOFT_HOSTS, sharp=4.0, rough=0.35))
    rows.append(
        blob((0.0, 12.0, 0.0), (7.0, 6.0 + 0.25 * ml, 8.0), t.FLUID, (t.JOINT_FAT, t.SYNOVIUM),
             sharp=2.0, strength=min(0.12 + 0.018 * ml, 0.85), rough=0.6)
    )  # fmt: skip
    if findings.baker_ml > 0.0:
        size = (findings.baker_ml * 1000.0 / 4.19 / 1.6) ** (1.0 / 3.0)
        rows.append(
            blob((-21.0, 41.0, 3.0), (0.9 * size, 0.75 * size, 2.0 * size), t.FLUID,
                 (*SOFT_HOSTS, t.MUSCLE), sharp=6.0, rough=0.1)
        )  # fmt: skip
        rows.append(
            blob((-20.0, 30.0, 6.0), (2.0, 8.0, 2.5), t.FLUID, (*SOFT_HOSTS, t.MUSCLE), sharp=6.0)
        )
    return rows


def lesion_blobs(findings: Pathology, bones: Bones, soft: Soft) -> NDArray[np.float64]:
    """Return everything a knee's findings change, as a table of blobs.

    Parameters
    ----------
    findings : Pathology
        What is wrong with the knee.
    bones, soft : Bones, Soft
        The person it is wrong with.

    Returns
    -------
    ndarray of shape (n_blobs, N_COLUMNS), float64
    """
    rows = fluid_blobs(findings) + spot_blobs(findings, bones)
    for tear in (*findings.worn, *findings.tears):
        rows.extend(tear_blobs(tear, soft))
    if findings.magic_angle > 0.0:
        # Fibres at 55 degrees to the field: the patellar tendon's and the PCL's ends brighten.
        for centre in ((5.5, -27.0, -30.0), (5.5, -47.0, 8.0), (0.0, 26.0, -8.0)):
            rows.append(
                blob(centre, (9.0, 5.0, 7.0), t.WORN_MENISCUS, (t.LIGAMENT,), sharp=1.5,
                     strength=findings.magic_angle)
            )  # fmt: skip
    return np.stack(rows)
