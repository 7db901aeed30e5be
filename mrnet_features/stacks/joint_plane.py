"""Joint plane: row and tilts of the joint between femur and tibia.

On every sequence, flat layers of different grey levels lie between the marrow of the femur and
that of the tibia: cortex, cartilage, menisci, cartilage, cortex. So grey levels change from row to
row at two edges, about 7 mm apart, and hardly change within the bone above and below. How far that
holds along a plane is its evidence. A prior keeps the plane from lines elsewhere.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from mrnet_features.arrays import Float64Array, Int64Array, UInt8Array
from mrnet_features.compiling import cached_njit
from mrnet_features.stacks.exam_slices import index_slices
from mrnet_features.stacks.foreground import Box
from mrnet_features.stacks.joint_line import (
    N_COLUMN_BLOCKS,
    N_SLICE_BLOCKS,
    count_changes,
    cut_blocks,
    find_margin,
)
from mrnet_features.stacks.plane_sums import sum_along
from mrnet_features.stacks.windows import TILT_UNITS

FIELD_OF_VIEW_MM = 165.0  # height of the knee box; knee protocols have 140 to 180 mm
STACK_DEPTH = 0.6  # of a stack, in heights of the knee box: about 100 mm

# Prior: mean and SD of the row in heights of the box, wide enough for a knee that lies off centre
# by a third of the picture; SD of either tilt in degrees, from the pose (6) and the slope of the
# tibial plateau (7, forward or backward as the side is unknown).
ROW_MEAN, ROW_SPREAD = 0.55, 0.16
TILT_SPREAD = 10.0

# Distances from the middle of the menisci in mm: the two edges and their width, and marrow below
# and above. Measured on segmented knees: 5 to 7 mm of menisci, 2 to 3 mm of cartilage on each side.
EDGE, EDGE_WIDTH, UPPER_EDGE_WIDTH = 3.7, 0.8, 1.2
MARROW_BELOW, MARROW_ABOVE = (6.0, 16.0), (8.0, 18.0)
# SD of the weight of a block, in mm from the middle of the plateau: across the knee and from front
# to back. The condyles are round, so their edge is near the plane over a shorter distance.
ACROSS, TIBIA_DEPTH, FEMUR_DEPTH = 40.0, 18.0, 8.0
# SD in mm of the middle of the plateau about the middle of the box, and the step of the offsets
# that are tried, across and in depth. The first search tries offsets in depth alone (`DEPTHS`),
# because the box says least about them.
OFFSET_SPREAD, OFFSET_STEP = 8.0, 4.0
N_ACROSS, N_DEPTH, DEPTHS = 4, 3, (-3, 0, 3)


# Evidence is in integers, so that sums do not depend on the order of the blocks: mirroring reverses
# it.
_RESPONSE_UNIT, _WEIGHT_UNIT = 1024, 16
_COARSE = np.arange(-7, 8) * 54  # tilts of the first search in units: 3 degrees apart, to 20
_FINE = np.arange(-6, 7) * 9  # of the second, about the best: half a degree apart, to 3 degrees
_N_ROWS = 8  # rows either way in the second search


class JointPlane(NamedTuple):
    """Plane through the middle of the menisci.

    Attributes
    ----------
    row : int
        At the middle column of the knee box and the middle slice.
    tilt, slice_tilt : float
        Rows per column and rows per slice, multiples of 1 / 1024.
    spread : float
        Posterior standard deviation of the row.
    score : float
        Evidence: mean, over the blocks of the plateau, of the logarithm of the change of grey level
        at the edges of femur and tibia, less that of the marrow beside them. 0 without a joint.
    column_offset, slice_offset : int
        Middle of the tibial plateau, from the middle column of the box and from the middle slice.
        The slice is that of the middle in sagittal stacks, whose ends lie beside the knee.
    """

    row: int
    tilt: float
    slice_tilt: float
    spread: float
    score: float
    column_offset: int
    slice_offset: int


def find_joint_plane(grey: UInt8Array, box: Box, plane: str) -> JointPlane:
    """Plane of the joint between femur and tibia.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
        Coronal or sagittal slices, femur on top.
    box : Box
        The knee box.
    plane : {"coronal", "sagittal"}

    Returns
    -------
    JointPlane
        Mirrored or reversed where the picture is, exactly. The mean of the prior if no grey level
        changes.
    """
    changes = count_changes(grey, np.array([box], np.int32), index_slices((0,), grey))
    return fit_joint_plane(changes[0], box, len(grey), plane)


def fit_joint_plane(changes: Int64Array, box: Box, n_slices: int, plane: str) -> JointPlane:
    """Plane of the joint, given the changes of grey levels.

    Parameters
    ----------
    changes : ndarray of shape (9, 23, height), int64
        As from `count_changes`, of one exam.
    box : Box
        The knee box.
    n_slices : int
        Slices of the exam.
    plane : {"coronal", "sagittal"}

    Returns
    -------
    JointPlane
        As from `find_joint_plane`.
    """
    height = box.row_stop - box.row_start
    prior = -0.5 * (((np.arange(height) + 0.5) / height - ROW_MEAN) / ROW_SPREAD) ** 2
    layers = _find_layers(changes[:, :, box.row_start : box.row_stop], box, n_slices)
    if layers is None:
        row = box.row_start + int(np.argmax(prior))
        return JointPlane(row, 0.0, 0.0, ROW_SPREAD * height, 0.0, 0, 0)
    blocks = _Blocks.place(box, n_slices, plane)
    lower, upper = (_respond(layers, template) for template in _draw_templates(height))
    # marrow must be in the picture on both sides
    limits = (height // 10, height - height // 10)
    tilts, slice_tilts = _COARSE, np.rint(_COARSE * blocks.gap).astype(np.int64)
    posterior = np.stack(
        [
            _search(blocks, lower, upper, (0, depth), tilts, slice_tilts, prior, limits)[1]
            for depth in DEPTHS
        ]
    )
    by_row = _exponentiate(posterior).sum(axis=(0, 1, 2))
    # the mean if several are best, so that a picture that is its own mirror image has no tilt
    best = np.argwhere(posterior == np.max(posterior))
    tilt = int(tilts[best[:, 1]].mean())
    slice_tilt = int(slice_tilts[best[:, 2]].mean())
    row = limits[0] + int(best[:, 3].mean())
    # a second, finer search nearby, with the offset of the plateau
    across, depth = _find_plateau(blocks, lower, upper, tilt, slice_tilt, row)
    middle = (_round(across), _round(depth))
    tilts = tilt + _FINE
    slice_tilts = slice_tilt + np.rint(_FINE * blocks.gap).astype(np.int64)
    rows = (max(row - _N_ROWS, limits[0]), min(row + _N_ROWS + 1, limits[1]))
    evidence, posterior = _search(blocks, lower, upper, middle, tilts, slice_tilts, prior, rows)
    near = _exponentiate(posterior)
    row = math.floor(_mean(near.sum(axis=(0, 1)), np.arange(near.shape[2])) + 0.5)
    step = OFFSET_STEP * height / FIELD_OF_VIEW_MM  # pixels
    total_weight = sum(int(weight.sum()) for weight in blocks.weigh(*middle))
    return JointPlane(
        box.row_start + rows[0] + row,
        _round(_mean(near.sum(axis=(1, 2)), tilts)) / TILT_UNITS,
        _round(_mean(near.sum(axis=(0, 2)), slice_tilts)) / TILT_UNITS,
        _find_spread(by_row),
        int(evidence[:, :, row].max()) / (total_weight * _RESPONSE_UNIT),
        _round(step * (across if plane == "coronal" else depth)),
        _round(step / blocks.gap * depth) if plane == "coronal" else 0,
    )


class _Blocks(NamedTuple):
    """Where the blocks of slices and columns lie.

    `columns` and `slices` are twice the distance from the middle of the box and of the stack.
    `across` and `depth` are weights of the blocks, an integer for each offset of the plateau and
    block: across the knee, and from front to back for the tibia and the femur. `gap` is the
    distance of slices in pixels.
    """

    columns: Int64Array
    slices: Int64Array
    across: Int64Array
    depth: tuple[Int64Array, Int64Array]
    gap: float
    plane: str

    @classmethod
    def place(cls, box: Box, n_slices: int, plane: str) -> _Blocks:
        """Blocks of a knee box and a number of slices."""
        width, height = box.column_stop - box.column_start, box.row_stop - box.row_start
        mm = FIELD_OF_VIEW_MM / height
        gap = STACK_DEPTH * height / n_slices
        columns = _find_middles(width - 2 * find_margin(width), N_COLUMN_BLOCKS)
        slices = _find_middles(n_slices, N_SLICE_BLOCKS)
        across, depth = 0.5 * mm * columns, 0.5 * mm * gap * slices
        if plane == "sagittal":
            across, depth = depth, across
        return cls(
            columns,
            slices,
            _weigh(across, N_ACROSS, ACROSS),
            (
                _weigh(depth, N_DEPTH, TIBIA_DEPTH),
                _weigh(depth, N_DEPTH, FEMUR_DEPTH),
            ),
            gap,
            plane,
        )

    def weigh(self, across: int, depth: int) -> list[Int64Array]:
        """Weights for the tibia and the femur by slice and column, at an offset in steps."""
        of_across = self.across[across + N_ACROSS]
        return [
            np.outer(of_across, of_bone[depth + N_DEPTH])
            if self.plane == "sagittal"
            else np.outer(of_bone[depth + N_DEPTH], of_across)
            for of_bone in self.depth
        ]


def _weigh(distance: Any, n_offsets: int, spread: float) -> Int64Array:
    """Integer weights of blocks at a distance in mm, for each offset of the plateau."""
    offsets = OFFSET_STEP * np.arange(-n_offsets, n_offsets + 1)
    weights: Float64Array = np.exp(-0.5 * ((distance - offsets[:, None]) / spread) ** 2)
    return np.rint(_WEIGHT_UNIT * weights).astype(np.int64)


def _find_middles(length: int, n_blocks: int) -> Int64Array:
    """Twice the distance of each block's middle from the middle."""
    edges = cut_blocks(length, n_blocks)
    middles: Int64Array = edges[:-1] + edges[1:] - length
    return middles


def _find_layers(changes: Int64Array, box: Box, n_slices: int) -> Float64Array | None:
    """Logarithm of the change per pixel, relative to the median; None if nothing changes."""
    width = box.column_stop - box.column_start
    columns = np.diff(cut_blocks(width - 2 * find_margin(width), N_COLUMN_BLOCKS))
    depths = np.diff(cut_blocks(n_slices, N_SLICE_BLOCKS))
    areas = np.maximum(np.outer(depths, columns), 1)
    density = changes / areas[:, :, None]
    if not density.any():
        return None
    layers: Float64Array = np.log1p(density / np.median(density[density > 0]))
    layers[:, :, [0, -1]] = layers[:, :, 1:-1].mean(axis=2, keepdims=True)
    return layers


def _draw_templates(height: int) -> tuple[Float64Array, Float64Array]:
    """Weights of the rows about the plane: edge of the tibia less marrow below; femur, above."""
    mm = FIELD_OF_VIEW_MM / height
    reach = int(max(MARROW_BELOW[1], MARROW_ABOVE[1]) / mm) + 1
    rows = np.arange(-reach, reach + 1) * mm
    templates = []
    for side, width, (first, last) in (
        (rows, EDGE_WIDTH, MARROW_BELOW),
        (-rows, UPPER_EDGE_WIDTH, MARROW_ABOVE),
    ):
        edge = np.exp(-0.5 * ((side - EDGE) / width) ** 2)
        marrow = ((side >= first) & (side <= last)).astype(np.float64)
        templates.append(edge / edge.sum() - marrow / max(marrow.sum(), 1.0))
    return templates[0], templates[1]


@cached_njit(nogil=True)
def _respond(layers: Any, template: Any) -> Any:
    """Template at each row of each block, in integers; beyond the box lies the block's mean."""
    n_slices, n_columns, height = layers.shape
    reach = template.shape[0] // 2
    found = np.empty(layers.shape, np.int32)
    padded = np.empty(height + 2 * reach)
    total = np.empty(height)
    for i in range(n_slices):
        for j in range(n_columns):
            padded[:] = layers[i, j, 0]
            for y in range(height):  # an assignment would take seconds to compile
                padded[reach + y] = layers[i, j, y]
            total[:] = 0.0
            for k in range(template.shape[0]):
                if abs(template[k]) > 1e-4:
                    for y in range(height):
                        total[y] += template[k] * padded[y + k]
            for y in range(height):
                found[i, j, y] = np.int32(np.rint(total[y] * _RESPONSE_UNIT))
    return found


def _search(
    blocks: _Blocks,
    lower: Any,
    upper: Any,
    middle: tuple[int, int],
    tilts: Int64Array,
    slice_tilts: Int64Array,
    prior: Float64Array,
    rows: tuple[int, int],
) -> tuple[Any, Float64Array]:
    """Evidence, and logarithm of the posterior, for each tilt, slice tilt and row of a range."""
    tibia, femur = (weight.astype(np.int32)[:, :, None] for weight in blocks.weigh(*middle))
    evidence = sum_along(
        lower * tibia + upper * femur, blocks.columns, blocks.slices, tilts, slice_tilts, *rows
    )
    spread = TILT_UNITS * math.tan(math.radians(TILT_SPREAD))
    across = (tilts / spread) ** 2
    through = (slice_tilts / (spread * blocks.gap)) ** 2
    shift = (OFFSET_STEP / OFFSET_SPREAD) ** 2 * (middle[0] ** 2 + middle[1] ** 2)
    off = 0.5 * (across[:, None] + through + shift)
    log = evidence / (_RESPONSE_UNIT * _WEIGHT_UNIT**2) + prior[rows[0] : rows[1]]
    return evidence, log - off[:, :, None]


def _find_plateau(
    blocks: _Blocks, lower: Any, upper: Any, tilt: int, slice_tilt: int, row: int
) -> tuple[float, float]:
    """Middle of the plateau in steps across and in depth: posterior mean, given the plane."""
    twice = tilt * blocks.columns + slice_tilt * blocks.slices[:, None]
    rows = row + (twice + TILT_UNITS) // (2 * TILT_UNITS)
    inside = (rows >= 0) & (rows < lower.shape[2])
    at = np.clip(rows, 0, lower.shape[2] - 1)[:, :, None]
    total = 0
    for responses, depth in zip((lower, upper), blocks.depth, strict=True):
        along = np.take_along_axis(responses, at, axis=2)[:, :, 0] * inside
        if blocks.plane == "coronal":
            along = along.T
        total = total + blocks.across @ along.astype(np.int64) @ depth.T
    across, depth = np.arange(-N_ACROSS, N_ACROSS + 1), np.arange(-N_DEPTH, N_DEPTH + 1)
    off = 0.5 * (OFFSET_STEP / OFFSET_SPREAD) ** 2 * (across[:, None] ** 2 + depth**2)
    score = total / (_RESPONSE_UNIT * _WEIGHT_UNIT**2) - off
    share = _exponentiate(np.asarray(score, np.float64))
    return _mean(share.sum(axis=1), across), _mean(share.sum(axis=0), depth)


def _exponentiate(log: Float64Array) -> Int64Array:
    """Probabilities as integers, the largest about a thousand million."""
    found: Int64Array = np.rint(np.exp(log - np.max(log)) * 2**30).astype(np.int64)
    return found


def _mean(weights: Int64Array, values: Int64Array) -> float:
    return int(weights @ values) / int(weights.sum())


def _round(value: float) -> int:
    """Nearest integer, halves away from zero: the same for a mirrored value."""
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


def _find_spread(by_row: Int64Array) -> float:
    rows = np.arange(len(by_row))
    return math.sqrt(float(by_row @ (rows - _mean(by_row, rows)) ** 2) / float(by_row.sum()))
