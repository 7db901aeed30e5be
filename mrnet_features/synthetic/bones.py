"""Bones: signed distances to their surfaces in mm, negative inside.

Axes of the canonical left knee, in mm: x to lateral, y to posterior, z to superior; the origin
lies between the tibial spines, the bony plateau at z = -7. The numbers were measured on one
segmented adult knee, the public example series of the package ``mskt`` (femur 72 mm wide across
the epicondyles, medial condyle 54 mm deep, plateau 69 x 47 mm, patella 41 x 39 x 20 mm, femoral
cartilage 2 to 3 mm, fibular head 20 mm behind the lateral plateau).
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from mrnet_features.synthetic.compiled import compiled
from mrnet_features.synthetic.style import Style

Floats = NDArray[np.float64]

# Outlines are tables of 801 entries: over x from -60 to 60 mm, over z from -100 to 100 mm.
TABLE_SIZE = 801
X_FIRST = -60.0
X_PER_MM = 20.0 / 3.0
Z_FIRST = -100.0
Z_PER_MM = 4.0
X_TABLE = X_FIRST + np.arange(TABLE_SIZE) / X_PER_MM
Z_TABLE = Z_FIRST + np.arange(TABLE_SIZE) / Z_PER_MM

# Centres (y, z) of the three circles that make a sagittal section of the condyles, in mm.
TROCHLEA = (-12.0, 25.0)
DISTAL = (1.0, 22.0)
POSTERIOR = (7.0, 17.5)
DISTAL_PEAK = 24.4  # mm, radius of the distal circle of the medial condyle

# Radius of each circle by x: (x, radius) in mm; a negative radius ends the bone.
TROCHLEA_RADIUS = (
    (-60, -30), (-36, -5), (-33, -1), (-30, 3), (-25, 9), (-20, 13.8), (-15, 17.6), (-10, 20.0),
    (-6, 20.2), (0, 18.4), (4, 18.6), (10, 20.8), (15, 22.3), (20, 23.4), (25, 22.6), (29, 18.5),
    (32, 12), (35, -1), (60, -30),
)  # fmt: skip
DISTAL_RADIUS = (
    (-60, -30), (-39, -6), (-37.5, 2), (-36, 9), (-33, 16.5), (-30, 20), (-26, 22.8), (-20, 24.4),
    (-15, 23.8), (-12, 22.4), (-9, 19.8), (-5, 16.5), (0, 15), (5, 16.3), (10, 18.5), (15, 20.2),
    (20, 21.4), (25, 20.8), (29, 19), (32, 15.8), (34.5, 10), (36, 3), (38, -6), (60, -30),
)  # fmt: skip
POSTERIOR_RADIUS = (
    (-60, -30), (-38, -6), (-36, 4), (-33, 11.5), (-30, 14.8), (-26, 17), (-20, 18.6), (-15, 17.6),
    (-12, 15.8), (-9, 12.5), (-5, 7), (0, 4), (5, 7), (8, 11.5), (12, 15), (16, 17.4), (20, 18.6),
    (25, 17.2), (29, 13.8), (32, 8), (34, 2), (37, -6), (60, -30),
)  # fmt: skip

# Femoral shaft by z: z, half width, half depth, centre x, centre y, in mm.
SHAFT = (
    (28, 31, 21, -1, -8), (34, 30, 21.5, -1, -9), (40, 27.5, 20.3, 0, -10),
    (50, 22.2, 17.3, 1.5, -11.8), (60, 19.3, 15.2, 2.3, -12.6), (72, 17.2, 13.4, 2.5, -13),
    (100, 14.5, 12.5, 2.5, -14),
)  # fmt: skip
# Tibia by z, the same columns.
TIBIA = (
    (-100, 13, 14, -2, 6), (-65, 17, 16.5, 0.8, 3.8), (-50, 20, 18.2, 2, 1.2),
    (-40, 23.5, 19.6, 2.6, 0.6), (-30, 28.7, 21.3, 3, 1.5), (-20, 33.4, 23.3, 3.2, 4.6),
    (-10, 34.3, 23.8, 3, 6), (20, 34.3, 23.8, 3, 6),
)  # fmt: skip

PLATEAU = -7.0  # mm, height of the bony plateau

# Columns of the table of outlines; those over x first, then those over z.
TROCHLEA_ROW = 0
DISTAL_ROW = 1
POSTERIOR_ROW = 2
STEEPNESS_ROW = 3
SHAFT_ROW = 4  # half width, half depth, centre x, centre y
TIBIA_ROW = 8
SKIN_ROW = 12  # half width, half depth, centre y
MUSCLE_ROW = 15  # four rows per muscle: centre x, centre y, 1 / half width, 1 / half depth


class Bones(NamedTuple):
    """Sizes of one knee's bones, in mm.

    `slope` is the tan of the plateau's angle. `squash` is the height of the condyles' distal
    circle divided by its depth: smaller than 1 for flat condyles. `scar` is how much is left of the
    growth plates, 0 (nothing) to 1.
    """

    notch_width: float
    slope: float
    cartilage: float
    patella_x: float
    patella_y: float
    patella_z: float
    squash: float
    scar: float


def table_over(knots: tuple[tuple[float, ...], ...], at: Floats) -> Floats:
    """Columns of `knots`, interpolated monotonically between knots.

    Parameters
    ----------
    knots : tuple of tuples
        One row per knot: position, then values; positions ascending.
    at : ndarray of shape (n,), float64
        Positions to interpolate at; beyond the knots, the end values are used.

    Returns
    -------
    ndarray of shape (n_values, n), float64
    """
    array = np.array(knots, dtype=np.float64)
    inside = np.clip(at, array[0, 0], array[-1, 0])
    values: Floats = PchipInterpolator(array[:, 0], array[:, 1:], axis=0)(inside).T
    return np.ascontiguousarray(values)


def crown(radius: Floats, factor: float) -> Floats:
    """Radius of the condyles by x, with their curvature on coronal slices times `factor`.

    The lowest point of each condyle stays; bone between and beside the condyles is unchanged.
    """
    result = radius.copy()
    for lowest, first, last in ((-20.0, -33.0, -9.0), (20.0, 8.0, 32.0)):
        peak = radius[np.argmin(np.abs(X_TABLE - lowest))]
        inside = (first < X_TABLE) & (last > X_TABLE)
        part = np.sin(np.pi * (X_TABLE[inside] - first) / (last - first)) ** 0.5
        change = (1.0 - factor) * (peak - radius[inside])
        result[inside] += part * change
    return result


def sample_bones(generator: np.random.Generator, style: Style) -> tuple[Bones, Floats]:
    """One person's bones: the measured knee with the random variation of adults.

    Parameters
    ----------
    generator : numpy.random.Generator
        Random differences between persons.
    style : Style
        What all persons of the set have in common.

    Returns
    -------
    bones : Bones
        Sizes.
    rows : ndarray of shape (12, 801), float64
        Columns 0 to 11 of the table of outlines.
    """
    rows = np.zeros((SKIN_ROW, X_TABLE.size))
    rows[TROCHLEA_ROW] = table_over(TROCHLEA_RADIUS, X_TABLE)[0] + generator.normal(0.0, 0.6)
    # a shallow or deep groove, dysplasia included
    groove = np.exp(-(((X_TABLE - 2.0) / 6.0) ** 2))
    rows[TROCHLEA_ROW] += generator.normal(0.0, 0.8) * groove
    distal = table_over(DISTAL_RADIUS, X_TABLE)[0]
    rows[DISTAL_ROW] = crown(distal, style.condyle_crown) + generator.normal(0.0, 0.5)
    rows[POSTERIOR_ROW] = table_over(POSTERIOR_RADIUS, X_TABLE)[0] + generator.normal(0.0, 0.4)
    slope = np.gradient(rows[DISTAL_ROW], X_TABLE)
    rows[STEEPNESS_ROW] = 1.0 / np.sqrt(1.0 + np.minimum(slope * slope, 9.0))
    rows[SHAFT_ROW : SHAFT_ROW + 4] = table_over(SHAFT, Z_TABLE) * generator.normal(1.0, 0.03)
    rows[TIBIA_ROW : TIBIA_ROW + 4] = table_over(TIBIA, Z_TABLE) * generator.normal(1.0, 0.015)
    bones = Bones(
        notch_width=float(np.clip(generator.normal(8.5, 0.9), 6.5, 11.0)),
        slope=float(np.tan(np.deg2rad(generator.normal(style.slope_mean, style.slope_spread)))),
        cartilage=float(np.clip(style.cartilage_thickness + generator.normal(0.0, 0.3), 1.4, 3.4)),
        patella_x=float(generator.normal(5.0, 1.5)),
        patella_y=float(generator.normal(-34.5, 0.6)),
        patella_z=float(generator.normal(31.0, 2.5)),
        squash=1.0 / (style.condyle_flatness * float(generator.normal(1.0, 0.03))),
        scar=max(float(generator.uniform(-1.2, 1.0)), 0.0),
    )
    return bones, rows


@compiled
def find_height(z: float) -> int:
    """Entry of the tables over z that is nearest to a height."""
    return min(max(int((z - Z_FIRST) * Z_PER_MM + 0.5), 0), TABLE_SIZE - 1)


@compiled
def find_place(x: float) -> int:
    """Entry of the tables over x that is nearest to a position from medial to lateral."""
    return min(max(int((x - X_FIRST) * X_PER_MM + 0.5), 0), TABLE_SIZE - 1)


@compiled
def smooth_minimum(a: float, b: float, width: float) -> float:
    """Smaller of two distances, with the edge rounded over `width` mm."""
    gap = width - abs(a - b)
    if gap <= 0.0:
        return min(a, b)
    return min(a, b) - gap * gap / (4.0 * width)


@compiled
def smooth_maximum(a: float, b: float, width: float) -> float:
    """Larger of two distances, with the edge rounded over `width` mm."""
    gap = width - abs(a - b)
    if gap <= 0.0:
        return max(a, b)
    return max(a, b) + gap * gap / (4.0 * width)


@compiled
def ellipse_distance(u: float, v: float, a: float, b: float) -> float:
    """Distance to an ellipse of half axes `a`, `b`, exact near its edge."""
    p = u / a
    q = v / b
    k = np.sqrt(p * p + q * q)
    g = np.sqrt((p / a) ** 2 + (q / b) ** 2)
    if g < 1e-9:
        return -min(a, b)
    distance: float = k * (k - 1.0) / g
    return distance


@compiled
def distal_height(squash: float) -> float:
    """Height of the centre of the distal circle; the lowest point of the condyles is fixed."""
    return DISTAL[1] - (1.0 - squash) * DISTAL_PEAK


@compiled
def bump(u: float, v: float) -> float:
    """Bell curve of height 1, computed without an exponential."""
    w = 1.0 / (1.0 + 0.5 * (u * u + v * v))
    return w * w


@compiled
def femur_within(
    x: float,
    y: float,
    z: float,
    bones: Any,
    radius_a: float,
    radius_d: float,
    radius_p: float,
    steep: float,
    half_width: float,
    half_depth: float,
    centre_x: float,
    centre_y: float,
) -> tuple[float, float]:
    """Distances in mm to the femur, and to its condyles without the notch.

    The numbers after `bones` are entries of the tables of outlines, for x and for z.
    """
    a = np.sqrt((y - TROCHLEA[0]) ** 2 + (z - TROCHLEA[1]) ** 2) - radius_a
    v = y - DISTAL[0]
    w = z - distal_height(bones.squash)
    if radius_d > 1.0 and w < 0.0:
        d = ellipse_distance(v, w, radius_d, bones.squash * radius_d)
    else:
        d = np.sqrt(v * v + w * w) - radius_d
    p = np.sqrt((y - POSTERIOR[0]) ** 2 + (z - POSTERIOR[1]) ** 2) - radius_p
    condyles = smooth_minimum(smooth_minimum(a, d, 3.0), p, 3.0) * steep
    body = condyles
    if z > 22.0:
        shaft = ellipse_distance(x - centre_x, y - centre_y, half_width, half_depth)
        shaft = smooth_maximum(shaft, 34.0 - z, 8.0)
        body = smooth_minimum(condyles, shaft, 7.0)
    # The notch lies behind and below the roof (Blumensaat's line) and between the condyles.
    width = min(max(4.2 + 0.45 * (y + 2.0), 4.2), bones.notch_width)
    walls = abs(x + 1.5) - width
    roof = 0.5 * (z - 8.0) - 0.87 * (y + 4.0)
    notch = smooth_maximum(walls, roof, 4.0)
    return smooth_maximum(body, -notch, 1.5), condyles


@compiled
def plateau_height(x: float, y: float, bones: Any) -> float:
    """Height of the bony plateau with its two spines, in mm."""
    spines = 4.0 * bump((x + 3.2) / 2.6, (y - 6.0) / 7.0) + 4.6 * bump(
        (x - 5.0) / 2.6, (y - 10.0) / 7.0
    )
    dish = 0.8 * bump((x + 18.0) / 8.0, (y - 6.0) / 9.0)
    height: float = PLATEAU + spines - dish - bones.slope * (y - 5.0)
    return height


@compiled
def tibia_within(
    x: float,
    y: float,
    z: float,
    bones: Any,
    half_width: float,
    half_depth: float,
    centre_x: float,
    centre_y: float,
) -> tuple[float, float]:
    """Distances in mm to the tibia, and to its side wall only.

    The numbers after `bones` are entries of the tables of outlines for z.
    """
    side = ellipse_distance(x - centre_x, y - centre_y, half_width, half_depth)
    if y > 8.0 and z > -45.0:  # the popliteal groove between the two condyles
        side += 4.0 * bump((x - 1.0) / 6.0, (y - 27.0) / 8.0)
    if y < 0.0 and -58.0 < z < -18.0:  # the tuberosity
        q = np.sqrt(((x - 6.0) / 10.0) ** 2 + ((y + 15.0) / 7.5) ** 2 + ((z + 37.0) / 13.0) ** 2)
        side = smooth_minimum(side, (q - 1.0) * 8.0, 6.0)
    if z > -14.0:
        return smooth_maximum(side, z - plateau_height(x, y, bones), 2.5), side
    return side, side


@compiled
def patella_distance(x: float, y: float, z: float, bones: Any) -> tuple[float, float]:
    """Distances in mm to the patella, and behind its two facets, which form a V."""
    u = x - bones.patella_x
    w = z - bones.patella_z
    # broad above, pointed below
    narrow = 21.0 if w > -4.0 else 21.0 + 0.5 * (w + 4.0)
    outline = ellipse_distance(u, w, max(narrow, 8.0), 22.0)
    ridge = u + 1.5
    behind = (y - bones.patella_y) + (0.38 * ridge if ridge > 0.0 else -0.55 * ridge)
    if w < -12.0:  # the apex has no facet
        behind += 0.5 * (-12.0 - w)
    front = (bones.patella_y - 20.5 + 0.018 * u * u + 0.006 * w * w) - y
    return smooth_maximum(smooth_maximum(outline, behind, 3.0), front, 4.0), behind


@compiled
def fibula_distance(x: float, y: float, z: float) -> float:
    """Distance to the fibula, in mm."""
    head: float = np.sqrt((x - 34.0) ** 2 + (y - 26.5) ** 2 + ((z + 24.0) / 1.35) ** 2) - 9.0
    if z > -24.0:
        return head
    cx = 34.0 + 0.05 * (z + 24.0)
    cy = 26.5 - 0.13 * (z + 24.0)
    shaft = np.sqrt((x - cx) ** 2 + (y - cy) ** 2) - 6.0
    return smooth_minimum(head, shaft, 5.0)
