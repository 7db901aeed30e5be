"""Locate knees: foreground, levels, knee box and joint plane of exams of one picture size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mrnet_features.arrays import Array, namespace, to_host
from mrnet_features.stacks.atlas import KneeFrame, fit_frame
from mrnet_features.stacks.discretisation import Discretisation
from mrnet_features.stacks.exam_slices import ExamSlices, index_slices
from mrnet_features.stacks.foreground import Box, find_foregrounds, find_knee_boxes
from mrnet_features.stacks.joint_line import N_COLUMN_BLOCKS, N_SLICE_BLOCKS, count_changes
from mrnet_features.stacks.pixel_passes import count_grey, map_grey
from mrnet_features.stacks.stack import StackBatch


class LocatedKnees(NamedTuple):
    """Exams of one picture size with their knee frames.

    Attributes
    ----------
    batch : StackBatch
        With one region, "knee": the foreground.
    slices : ExamSlices
    frames : tuple of KneeFrame
        One per exam; empty if no plane was given.
    """

    batch: StackBatch
    slices: ExamSlices
    frames: tuple[KneeFrame, ...]


def locate_knees(
    greys: Sequence[Array],
    exam_indices: Sequence[int],
    plane: str | None,
    discretisation: Discretisation,
) -> LocatedKnees:
    """Foregrounds, levels and knee frames of exams of one picture size.

    On a GPU the host waits once, for some 50,000 integers per exam. From these it computes the
    tables of levels and the joint planes, and sends 256 levels per exam back.

    Parameters
    ----------
    greys : sequence of array of shape (n_slices, height, width), uint8
        Grey levels 0 to 255.
    exam_indices : sequence of int
        Exams of `greys` to use; all must have the same height and width.
    plane : {"axial", "coronal", "sagittal"}, optional
        None if no frames are needed.
    discretisation : Discretisation

    Returns
    -------
    LocatedKnees
    """
    xp = namespace(greys[exam_indices[0]])
    chosen = [xp.ascontiguousarray(greys[index]) for index in exam_indices]
    grey = xp.concat(chosen) if len(chosen) > 1 else chosen[0]
    exam_starts = tuple(np.cumsum([0, *(len(stack) for stack in chosen[:-1])]).tolist())
    slices = index_slices(exam_starts, grey)
    regions = find_foregrounds(grey, slices).view(np.uint8)
    measured = [count_grey(grey, regions, slices.owner, slices.n_exams)]
    if plane is not None:
        boxes = find_knee_boxes(regions, slices)
        measured.append(xp.astype(boxes, xp.int64))
        if plane != "axial":
            changes = count_changes(grey, boxes, slices)
            measured.append(xp.reshape(changes, (slices.n_exams, -1)))
    on_host = to_host(xp.concat(measured, axis=1))  # the only wait for a GPU
    counts, boxes_on_host, by_block = np.split(on_host, [256, 260], axis=1)
    tables = np.stack([discretisation.table(row) for row in counts])
    levels = map_grey(grey, xp.asarray(tables), slices.owner)
    frames: tuple[KneeFrame, ...] = ()
    if plane is not None:
        n_rows = by_block.shape[1] // (N_SLICE_BLOCKS * N_COLUMN_BLOCKS)
        shape = (N_SLICE_BLOCKS, N_COLUMN_BLOCKS, n_rows)
        frames = tuple(
            fit_frame(Box(*box), row.reshape(shape), end - first, plane)
            for box, row, (first, end) in zip(
                boxes_on_host.tolist(), by_block, slices.bounds.tolist(), strict=True
            )
        )
    batch = StackBatch.unchecked(
        grey=grey,
        levels=levels,
        regions=regions,
        n_levels=discretisation.n_levels,
        exam_starts=exam_starts,
        origins=((0, 0),) * slices.n_exams,
        exam_indices=tuple(exam_indices),
        corners=((0, 0, 0),) * slices.n_exams,
    )
    return LocatedKnees(batch, slices, frames)
