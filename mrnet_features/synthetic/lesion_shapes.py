"""Lesions as blobs: soft-edged ellipsoids that change some tissues into another."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mrnet_features.synthetic import tissues as t
from mrnet_features.synthetic.bones import DISTAL, TROCHLEA, Bones, distal_height
from mrnet_features.synthetic.flexion import STRAIGHT, Carry, from_tibia, turn
from mrnet_features.synthetic.menisci import meniscus_frame
from mrnet_features.synthetic.pathology import MeniscusTear, Pathology, Spot
from mrnet_features.synthetic.soft_tissue import Soft

# Columns of a blob: centre (0-2), matrix that maps it to the unit ball, by rows (3-11), largest
# radius in mm (12), edge sharpness (13), strength (14), new tissue (15), host tissues as bits (16),
# displacement of the edge by noise (17).
N_COLUMNS = 18

MARROW_HOSTS = (t.MARROW, t.SCAR)
CARTILAGE_HOSTS = (t.CARTILAGE, t.DEEP_CARTILAGE)
SOFT_HOSTS = (t.FAT, t.JOINT_FAT, t.SEPTUM, t.SYNOVIUM, t.FLUID, t.FILM)


class Shape(NamedTuple):
    """The blobs of one lesion, each of shape (N_COLUMNS,), with the lesion's kind and site."""

    lesion: str
    site: str
    blobs: list[NDArray[np.float64]]


def blob(
    centre: tuple[float, float, float],
    radii: tuple[float, float, float],
    tissue: int,
    hosts: tuple[int, ...],
    *,
    axes: NDArray[np.float64] | None = None,
    sharp: float = 6.0,
    strength: float = 1.0,
    rough: float = 0.15,
) -> NDArray[np.float64]:
    """One row of the blob table.

    Parameters
    ----------
    centre, radii : tuple of 3 floats
        Position and half axes in mm.
    tissue : int
        Tissue that provides the signal.
    hosts : tuple of int
        Tissues that are changed; others are not.
    axes : ndarray of shape (3, 3), float64, optional
        Unit vectors of the half axes as rows, by default x, y, z.
    sharp : float
        Steepness of the edge: 1 for a soft cloud, 8 for a sharp border.
    strength : float
        Fraction of the signal that is replaced in the centre, 0 to 1.
    rough : float
        Displacement of the edge by noise, as a fraction of the radius.

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
    row[15] = tissue
    row[16] = sum(1 << host for host in hosts)
    row[17] = rough
    return row


def tear_blobs(
    tear: MeniscusTear, soft: Soft, carry: Carry = STRAIGHT
) -> list[NDArray[np.float64]]:
    """Blobs of one meniscal tear or worn patch."""
    point, axes = meniscus_frame(tear.side, tear.horn, tear.reach, soft)
    point = from_tibia(point, *carry)
    axes = axes @ turn(carry.flexion).T
    hosts = (t.MENISCUS,)
    half = 0.5 * tear.length_mm
    p = (float(point[0]), float(point[1]), float(point[2]))
    if tear.kind == "worn":
        # a globule or streak that reaches neither surface
        radii = (half, 2.2, 0.9)
        return [
            blob(p, radii, t.WORN_MENISCUS, hosts, axes=axes, sharp=2.0, strength=tear.strength)
        ]
    rows = []
    if tear.kind in {"horizontal", "complex"}:
        tilt = axes.copy()
        tilt[1] = axes[1] + 0.35 * axes[2]
        tilt[1] /= np.linalg.norm(tilt[1])
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
    """Blob of a fluid-filled cleft in a meniscus."""
    centre = (float(point[0]), float(point[1]), float(point[2]))
    return blob(
        centre, radii, t.TORN_MENISCUS, (t.MENISCUS,), axes=axes, sharp=4.0, strength=strength
    )


def locate_spot(spot: Spot, bones: Bones) -> tuple[float, float, float]:
    """Position in mm of a lesion of bone or cartilage."""
    x_side = 20.0 if "lateral" in spot.site else -20.0
    if "femur shaft" in spot.site:
        return 8.0 * spot.u, -12.0, 48.0 + 12.0 * spot.v
    if "tibia shaft" in spot.site:
        return 8.0 * spot.u, 2.0, -42.0 + 12.0 * spot.v
    if "patella" in spot.site:
        return (
            bones.patella_x - 1.5 + 9.0 * spot.u,
            bones.patella_y - 1.0,
            bones.patella_z + 9.0 * spot.v,
        )
    if "trochlea" in spot.site:
        angle = np.deg2rad(200.0 + 25.0 * spot.v)
        return (
            3.0 + 14.0 * spot.u,
            TROCHLEA[0] + 21.0 * np.cos(angle),
            TROCHLEA[1] + 21.0 * np.sin(angle),
        )
    if "bruise" in spot.site:  # the pivot-shift pattern
        if "femur" in spot.site:
            return 20.0 + 4.0 * spot.u, -8.0 + 5.0 * spot.v, 5.0
        return 21.0 + 4.0 * spot.u, 21.0 + 3.0 * spot.v, -13.0
    if "femur" in spot.site:
        angle = np.deg2rad(-80.0 + 35.0 * spot.v)
        radius = 24.0 if x_side < 0 else 21.4
        return (
            x_side + 7.0 * spot.u,
            DISTAL[0] + radius * np.cos(angle),
            distal_height(bones.squash) + bones.squash * radius * np.sin(angle),
        )
    return x_side + 7.0 * spot.u, 5.0 + 12.0 * spot.v, -7.5


def place_spot(spot: Spot, bones: Bones, carry: Carry) -> tuple[float, float, float]:
    """Position in mm of a lesion of bone or cartilage in the flexed knee."""
    point = np.array(locate_spot(spot, bones))
    if "tibia" in spot.site:
        point = from_tibia(point, *carry)
    return float(point[0]), float(point[1]), float(point[2])


def spot_shapes(pathology: Pathology, bones: Bones, carry: Carry = STRAIGHT) -> list[Shape]:
    """Marrow oedema, red marrow and cartilage defects."""
    shapes = []
    for spot in pathology.oedema:
        size = spot.size_mm
        row = blob(
            place_spot(spot, bones, carry), (size, size, 0.85 * size), t.OEDEMA, MARROW_HOSTS,
            sharp=1.6, strength=spot.strength, rough=0.35,
        )  # fmt: skip
        shapes.append(Shape("oedema", spot.site, [row]))
    for spot in pathology.red_marrow:
        size = spot.size_mm
        row = blob(
            place_spot(spot, bones, carry), (size, 0.8 * size, 1.3 * size), t.RED_MARROW,
            MARROW_HOSTS, sharp=1.8, strength=0.8 * spot.strength, rough=0.5,
        )  # fmt: skip
        shapes.append(Shape("red marrow", spot.site, [row]))
    for spot in pathology.defects:
        size = spot.size_mm
        row = blob(
            place_spot(spot, bones, carry), (size, size, size), t.FLUID, CARTILAGE_HOSTS,
            sharp=3.0, strength=spot.strength, rough=0.2,
        )  # fmt: skip
        shapes.append(Shape("defect", spot.site, [row]))
    return shapes


def fluid_shapes(pathology: Pathology) -> list[Shape]:
    """Joint fluid in the suprapatellar recess, the gutters and the notch, and a Baker's cyst."""
    ml = pathology.effusion_ml
    # suprapatellar recess: a flat pouch behind the quadriceps tendon that grows with the volume
    wide = 12.0 + 2.2 * ml**0.6
    tall = 12.0 + 2.0 * ml**0.6
    deep = max(0.55 * ml * 1000.0 / (4.19 * wide * tall), 0.5)
    recess = blob(
        (3.0, -37.5, 54.0), (min(wide, 30.0), deep, min(tall, 30.0)), t.FLUID,
        (*SOFT_HOSTS, t.MUSCLE), sharp=5.0, rough=0.2,
    )  # fmt: skip
    shapes = [Shape("effusion", "suprapatellar recess", [recess])]
    gutter = max(0.06 * ml**0.9, 0.25)
    for site, x, share in (("medial gutter", -35.0, 1.0), ("lateral gutter", 34.5, 1.2)):
        radii = (1.6 * gutter * share, 5.0 + 0.2 * ml, 9.0 + 0.2 * ml)
        strength = min(0.4 + 0.03 * ml, 1.0)
        row = blob(
            (x, -14.0, 20.0), radii, t.FLUID, SOFT_HOSTS, sharp=2.0, strength=strength, rough=0.7
        )
        shapes.append(Shape("effusion", site, [row]))
    notch = blob(
        (0.0, 12.0, 0.0), (7.0, 6.0 + 0.25 * ml, 8.0), t.FLUID, (t.JOINT_FAT, t.SYNOVIUM),
        sharp=2.0, strength=min(0.12 + 0.018 * ml, 0.85), rough=0.6,
    )  # fmt: skip
    shapes.append(Shape("effusion", "notch", [notch]))
    if pathology.baker_ml > 0.0:
        size = (pathology.baker_ml * 1000.0 / 4.19 / 1.6) ** (1.0 / 3.0)
        hosts = (*SOFT_HOSTS, t.MUSCLE)
        radii = (0.9 * size, 0.75 * size, 2.0 * size)
        cyst = blob((-21.0, 41.0, 3.0), radii, t.FLUID, hosts, sharp=6.0, rough=0.1)
        neck = blob((-20.0, 30.0, 6.0), (2.0, 8.0, 2.5), t.FLUID, hosts, sharp=6.0)
        shapes.append(Shape("baker", "popliteal fossa", [cyst, neck]))
    return shapes


def tear_shapes(pathology: Pathology, soft: Soft, carry: Carry = STRAIGHT) -> list[Shape]:
    """Worn patches and tears of the menisci."""
    shapes = []
    for tear in (*pathology.worn, *pathology.tears):
        worn = tear.kind == "worn"
        site = f"{tear.side} {tear.horn}" if worn else f"{tear.side} {tear.horn} {tear.kind}"
        shapes.append(Shape("worn" if worn else "tear", site, tear_blobs(tear, soft, carry)))
    return shapes


def lesion_shapes(
    pathology: Pathology, bones: Bones, soft: Soft, carry: Carry = STRAIGHT
) -> list[Shape]:
    """All lesions of a knee that are drawn as blobs, and the variants red marrow and magic angle.

    Parameters
    ----------
    pathology : Pathology
        The lesions.
    bones, soft : Bones, Soft
        The person.
    carry : Carry
        How the tibia lies to the femur, by default straight.

    Returns
    -------
    list of Shape
        In the order in which they are drawn.
    """
    shapes = fluid_shapes(pathology) + spot_shapes(pathology, bones, carry)
    shapes += tear_shapes(pathology, soft, carry)
    if pathology.magic_angle > 0.0:
        # fibres at 55 degrees to the field: the ends of patellar tendon and PCL are bright
        rows = [
            blob(centre, (9.0, 5.0, 7.0), t.WORN_MENISCUS, (t.LIGAMENT,), sharp=1.5,
                 strength=pathology.magic_angle)
            for centre in ((5.5, -27.0, -30.0), (5.5, -47.0, 8.0), (0.0, 26.0, -8.0))
        ]  # fmt: skip
        shapes.append(Shape("magic angle", "tendons", rows))
    return shapes


def stack_blobs(shapes: list[Shape]) -> NDArray[np.float64]:
    """Table of the blobs of all shapes, of shape (n_blobs, N_COLUMNS)."""
    return np.stack([row for shape in shapes for row in shape.blobs])
