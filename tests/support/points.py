"""Tissue and distances at points of a synthetic knee, by the functions that draw its pixels."""

import numpy as np

from mrnet_features.synthetic import tissues as t
from mrnet_features.synthetic.samples import (
    COLUMN,
    D_FEMUR,
    D_TIBIA,
    DEPTH,
    MOST,
    N_FIELDS,
    ROOM,
    ROW,
    Model,
    Steps,
    find_tissues,
    place_points,
)

IN_MM = Steps(row=(1.0, 0.0, 0.0), column=(0.0, 1.0, 0.0), depth=(0.0, 0.0, 1.0))


def look_at(person, x, y, z, noise=0.0):
    """Tissues, and distances to femur and tibia, at points of the canonical knee in mm."""
    places = np.stack(np.broadcast_arrays(np.atleast_1d(x), y, z)).astype(float)
    starts = range(0, places.shape[1], MOST)
    parts = [look_at_once(person, places[:, k : k + MOST], noise) for k in starts]
    return [np.concatenate(found) for found in zip(*parts, strict=True)]


def look_at_once(person, places, noise):
    """The same of at most `MOST` points."""
    knee, tables = person
    n = places.shape[1]
    work, kinds = np.zeros(N_FIELDS * ROOM), np.zeros(n, dtype=np.int64)
    for field, values in zip((ROW, COLUMN, DEPTH), places, strict=True):
        work[int(field) :][:n] = values
    even = np.zeros((64, 64, 64), dtype=np.int8)
    model = Model(
        knee, tables, np.zeros((0, 18)), *np.zeros((2, t.N_TISSUES), dtype=np.float32),
        even + np.int8(32 * noise), even, np.zeros(3, dtype=np.int64), np.zeros(4),
    )  # fmt: skip
    place_points(work, np.uint64(n), (0.0, 0.0, 0.0), IN_MM, model)
    find_tissues(work, kinds, np.uint64(n), model)
    return kinds, *(work[int(field) :][:n] for field in (D_FEMUR, D_TIBIA))
