"""Tissue and signal of many points at once, in loops that a compiler turns into vector code.

Numbers of the points lie in one array, `work`, of `N_FIELDS` blocks of `ROOM` numbers each: block
`X` holds the x of all points, block `Y` the y, and so on. Loops over one array at fixed distances
are vectorised without a check that outputs do not overlap inputs, so lookups in other arrays have
loops of their own. The formulas are those of one point, in `anatomy` and `bones`.
"""

from typing import Any, NamedTuple

import numpy as np

from mrnet_features.synthetic import tissues as t
from mrnet_features.synthetic.anatomy import FAR, near_femur, near_tibia, tissue_within
from mrnet_features.synthetic.bones import (
    DISTAL_ROW,
    POSTERIOR_ROW,
    SHAFT_ROW,
    SKIN_ROW,
    STEEPNESS_ROW,
    TIBIA_ROW,
    TROCHLEA_ROW,
    femur_within,
    find_height,
    find_place,
    tibia_within,
)
from mrnet_features.synthetic.compiled import compiled
from mrnet_features.synthetic.flexion import follow, to_tibia
from mrnet_features.synthetic.soft_tissue import skin_within

NOISE_SIZE = 64
NOISE_MASK = NOISE_SIZE - 1
MOST = 128  # points at once, and some more for whole vectors
ROOM = MOST + 8
FIELDS = (
    "column", "row", "depth",  # where a slice is sampled, in columns, rows and slice thicknesses
    "x", "y", "z",  # position in mm
    "ys", "zs", "yt", "zt",  # y and z of the soft tissue and of the tibia in the straight knee
    "under",  # depth under the skin
    "fine", "coarse", "along",  # noise; `along` is the fine one, stretched along the limb
    "d_femur", "d_condyles", "d_tibia", "d_side",
    "value",  # signal
    "t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7",  # entries of the tables of outlines
)  # fmt: skip
N_FIELDS = len(FIELDS)
# unsigned: an index that may be negative counts from the end, which prevents vector code
(
    COLUMN, ROW, DEPTH, X, Y, Z, YS, ZS, YT, ZT, UNDER, FINE, COARSE, ALONG, D_FEMUR, D_CONDYLES,
    D_TIBIA, D_SIDE, VALUE, T0, T1, T2, T3, T4, T5, T6, T7,
) = (np.uint64(ROOM * k) for k in range(N_FIELDS))  # fmt: skip
ZERO, ONE = np.uint64(0), np.uint64(1)
LANES = 8  # numbers that a processor computes with at once, or a multiple


@compiled
def whole_vectors(n: Any) -> Any:
    """Number of points, rounded up so that no loop ends with points one by one."""
    return (n + np.uint64(LANES - 1)) // np.uint64(LANES) * np.uint64(LANES)


class Model(NamedTuple):
    """What is scanned: the arguments of `render.paint_stack` that do not depend on the pixel."""

    knee: Any
    tables: Any
    blobs: Any
    signal: Any
    texture: Any
    fine: Any
    coarse: Any
    phase: Any
    coil: Any


class Steps(NamedTuple):
    """Vectors in mm from the first pixel of a row: to the next row, column and slice."""

    row: tuple[float, float, float]
    column: tuple[float, float, float]
    depth: tuple[float, float, float]


@compiled
def along_axis(corner: float, row: float, column: float, depth: float, steps: Any, k: int) -> float:
    """Coordinate k of a sample, in mm."""
    place: float = corner + row * steps.row[k] + column * steps.column[k] + depth * steps.depth[k]
    return place


@compiled
def place_points(work: Any, n: Any, corner: Any, steps: Any, model: Any) -> None:
    """Positions of `n` samples of a row that starts at `corner`, and their depth under the skin."""
    tables, wide = model.tables, whole_vectors(n)
    for i in range(wide):
        column, row, depth = work[i + COLUMN], work[i + ROW], work[i + DEPTH]
        x = along_axis(corner[0], row, column, depth, steps, 0)
        y = along_axis(corner[1], row, column, depth, steps, 1)
        z = along_axis(corner[2], row, column, depth, steps, 2)
        ys, zs = to_tibia(y, z, follow(z), model.knee)
        work[i + X], work[i + Y], work[i + Z] = x, y, z
        work[i + YS], work[i + ZS] = ys, zs
    for i in range(n):
        j = find_height(work[i + ZS])
        work[i + T0] = tables[j, SKIN_ROW]
        work[i + T1] = tables[j, SKIN_ROW + 1]
        work[i + T2] = tables[j, SKIN_ROW + 2]
    for i in range(wide):
        work[i + UNDER] = skin_within(
            work[i + X], work[i + YS], work[i + ZS], work[i + T0], work[i + T1], work[i + T2]
        )


@compiled
def look_up_noise(work: Any, n: Any, fine: Any, coarse: Any, phase: Any) -> None:
    """Noise at each point, in standard deviations."""
    p, q, r = phase[0], phase[1], phase[2]
    for i in range(n):
        x, y, z = work[i + X], work[i + Y], work[i + Z]
        a = (int(x * 1.3 + 320.0) + p) & NOISE_MASK
        b = (int(y * 1.3 + 320.0) + q) & NOISE_MASK
        c = int(z * 1.3 + 320.0) + r
        work[i + FINE] = fine[a, b, c & NOISE_MASK] * (1.0 / 32.0)
        # the texture of muscle is elongated along the limb
        work[i + ALONG] = fine[a, b, (c >> 3) & NOISE_MASK] * (1.0 / 32.0)
        work[i + COARSE] = coarse[
            (int(x + 320.0) + q) & NOISE_MASK,
            (int(y + 320.0) + r) & NOISE_MASK,
            (int(z + 320.0) + p) & NOISE_MASK,
        ] * (1.0 / 32.0)


@compiled
def measure_femur(work: Any, n: Any, bones: Any, tables: Any) -> None:
    """Distances to the femur, `FAR` where it is not near."""
    first: Any = n
    last: Any = ZERO
    for i in range(whole_vectors(n)):
        work[i + D_FEMUR], work[i + D_CONDYLES] = FAR, FAR
    for i in range(n):
        if near_femur(work[i + X], work[i + Y], work[i + Z]):
            first, last = min(first, i), i + ONE
            a, b = find_place(work[i + X]), find_height(work[i + Z])
            work[i + T0] = tables[a, TROCHLEA_ROW]
            work[i + T1] = tables[a, DISTAL_ROW]
            work[i + T2] = tables[a, POSTERIOR_ROW]
            work[i + T3] = tables[a, STEEPNESS_ROW]
            work[i + T4] = tables[b, SHAFT_ROW]
            work[i + T5] = tables[b, SHAFT_ROW + 1]
            work[i + T6] = tables[b, SHAFT_ROW + 2]
            work[i + T7] = tables[b, SHAFT_ROW + 3]
    for i in range(first, first + whole_vectors(last - first) if last > first else first):
        x, y, z = work[i + X], work[i + Y], work[i + Z]
        d_femur, d_condyles = femur_within(
            x, y, z, bones, work[i + T0], work[i + T1], work[i + T2], work[i + T3], work[i + T4],
            work[i + T5], work[i + T6], work[i + T7],
        )  # fmt: skip
        near = near_femur(x, y, z)
        work[i + D_FEMUR] = d_femur if near else FAR
        work[i + D_CONDYLES] = d_condyles if near else FAR


@compiled
def measure_tibia(work: Any, n: Any, knee: Any, tables: Any) -> None:
    """Position in the coordinates of the tibia, and distances to it, `FAR` where it is not near."""
    first: Any = n
    last: Any = ZERO
    for i in range(whole_vectors(n)):
        work[i + YT], work[i + ZT] = to_tibia(work[i + Y], work[i + Z], 1.0, knee)
        work[i + D_TIBIA], work[i + D_SIDE] = FAR, FAR
    for i in range(n):
        if near_tibia(work[i + X], work[i + YT], work[i + ZT]):
            first, last = min(first, i), i + ONE
            j = find_height(work[i + ZT])
            work[i + T0] = tables[j, TIBIA_ROW]
            work[i + T1] = tables[j, TIBIA_ROW + 1]
            work[i + T2] = tables[j, TIBIA_ROW + 2]
            work[i + T3] = tables[j, TIBIA_ROW + 3]
    for i in range(first, first + whole_vectors(last - first) if last > first else first):
        x, yt, zt = work[i + X], work[i + YT], work[i + ZT]
        d_tibia, d_side = tibia_within(
            x, yt, zt, knee.bones, work[i + T0], work[i + T1], work[i + T2], work[i + T3]
        )
        near = near_tibia(x, yt, zt)
        work[i + D_TIBIA] = d_tibia if near else FAR
        work[i + D_SIDE] = d_side if near else FAR


@compiled
def measure_points(work: Any, n: Any, model: Any) -> None:
    """Noise and distances to the bones at `n` points, which `place_points` has placed."""
    look_up_noise(work, n, model.fine, model.coarse, model.phase)
    measure_femur(work, n, model.knee.bones, model.tables)
    measure_tibia(work, n, model.knee, model.tables)


@compiled
def find_tissue(work: Any, kinds: Any, i: Any, model: Any) -> None:
    """Write the tissue of point i, which `measure_points` has measured, into `kinds`."""
    if work[i + UNDER] < 0.0:
        kinds[i] = t.AIR
        return
    kinds[i] = tissue_within(
        work[i + X], work[i + Y], work[i + Z], work[i + YS], work[i + ZS], work[i + YT],
        work[i + ZT], work[i + UNDER], work[i + FINE], work[i + COARSE], work[i + D_FEMUR],
        work[i + D_CONDYLES], work[i + D_TIBIA], work[i + D_SIDE], model.knee, model.tables,
    )  # fmt: skip


@compiled
def find_tissues(work: Any, kinds: Any, n: Any, model: Any) -> None:
    """Write the tissue of `n` points, which `place_points` has placed, into `kinds`."""
    measure_points(work, n, model)
    for i in range(n):
        find_tissue(work, kinds, i, model)


@compiled
def add_blob(work: Any, kinds: Any, n: Any, blob: Any, signal: Any) -> None:
    """Change the signal of the points inside a blob whose tissue is one of its hosts."""
    cx, cy, cz = blob[0], blob[1], blob[2]
    ux, uy, uz = blob[3], blob[4], blob[5]
    vx, vy, vz = blob[6], blob[7], blob[8]
    wx, wy, wz = blob[9], blob[10], blob[11]
    sharp, strength, other = blob[13], blob[14], signal[int(blob[15])]
    hosts, rough = int(blob[16]), blob[17]
    for i in range(n):
        if (hosts >> kinds[i]) & 1 == 0 or kinds[i] == t.AIR:
            continue
        dx = work[i + X] - cx
        dy = work[i + Y] - cy
        dz = work[i + Z] - cz
        u = ux * dx + uy * dy + uz * dz
        v = vx * dx + vy * dy + vz * dz
        w = wx * dx + wy * dy + wz * dz
        q = np.sqrt(u * u + v * v + w * w)
        q += rough * (0.6 * work[i + COARSE] + 0.2 * work[i + FINE])
        if q < 1.0:
            part = min((1.0 - q) * sharp, 1.0) * strength
            work[i + VALUE] += part * (other - work[i + VALUE])


@compiled
def find_signals(work: Any, kinds: Any, n: Any, active: Any, n_active: int, model: Any) -> None:
    """Write the signal of `n` points of known tissue into the block `VALUE`, 0 in air.

    `active` holds the indices of the `n_active` blobs that the points may lie in.
    """
    signal, texture = model.signal, model.texture
    for i in range(n):
        tissue = kinds[i]
        fine, coarse = work[i + FINE], work[i + COARSE]
        grain = work[i + ALONG] if tissue == t.MUSCLE else fine
        value = signal[tissue] * (1.0 + texture[tissue] * (0.75 * grain + 0.6 * coarse))
        is_fat = tissue == t.FAT or tissue == t.JOINT_FAT
        if is_fat and abs(coarse + 0.25 * fine) < 0.08 and fine > 0.3:
            value += 0.6 * (signal[t.SEPTUM] - value)  # a fibrous strand
        work[i + VALUE] = value
    for a in range(n_active):
        add_blob(work, kinds, n, model.blobs[active[a]], signal)
    coil = model.coil
    gain, reach, by_x, by_y = coil[0], coil[1], coil[2], coil[3]
    for i in range(whole_vectors(n)):
        under = work[i + UNDER]
        value = work[i + VALUE] * max(1.0 + by_x * work[i + X] + by_y * work[i + Y], 0.3)
        if under < reach:  # the surface coil is most sensitive near the skin
            value *= 1.0 + gain * (1.0 - under / reach) ** 2
        work[i + VALUE] = 0.0 if under < 0.0 else max(value, 0.0)
