"""Knees found: exams of one picture size laid end to end, and where their knees are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mrnet_features.arrays import Array, namespace, to_host
from mrnet_features.stacks.atlas import Frame, find_anchor
from mrnet_features.stacks.discretisation import Discretisation
from mrnet_features.stacks.exam_slices import Layout, lay_out
from mrnet_features.stacks.foreground import Box, find_foregrounds, find_knee_boxes
from mrnet_features.stacks.joint_line import count_changes
from mrnet_features.stacks.pixel_passes import count_grey, map_grey
from mrnet_features.stacks.ranges import vouch_for
from mrnet_features.stacks.stack import Stack


class Knees(NamedTuple):
    """Exams of one picture size, laid end to end.

    Attributes
    ----------
    places : tuple of int
        Which exams of the batch, in order.
    stack : Stack
        With one region, "knee": the foreground.
    layout : Layout
        Which slices are whose.
    frames : tuple of Frame
        What boxes hang on, one an exam; empty where nobody asked for them.
    """

    places: tuple[int, ...]
    stack: Stack
    layout: Layout
    frames: tuple[Frame, ...]


def find_knees(
    greys: Sequence[Array], places: Sequence[int], plane: str | None, discretisation: Discretisation
) -> Knees:
    """Foregrounds, levels and frames of some exams of a batch.

    From the pixels on everything is found where they live. What a device found out about its knees,
    some thousand integers an exam, goes to the host once, where tables of levels and joint rows
    come from, and a table of 256 levels an exam goes back.

    Parameters
    ----------
    greys : sequence of array of shape (n_slices, height, width), uint8
        Grey levels 0 to 255.
    places : sequence of int
        Which of them; they have one height and one width.
    plane : {"axial", "coronal", "sagittal"}, optional
        None where no frames are asked for.
    discretisation : Discretisation

    Returns
    -------
    Knees
    """
    xp = namespace(greys[places[0]])
    chosen = [xp.ascontiguousarray(greys[place]) for place in places]
    grey = xp.concat(chosen) if len(chosen) > 1 else chosen[0]
    starts = tuple(np.cumsum([0, *(len(stack) for stack in chosen[:-1])]).tolist())
    layout = lay_out(starts, grey)
    regions = find_foregrounds(grey, layout).view(np.uint8)
    facts = [count_grey(grey, regions, layout.owner, layout.n_stacks)]
    if plane is not None:
        boxes = find_knee_boxes(regions, layout)
        facts.append(xp.astype(boxes, xp.int64))
        if plane != "axial":
            facts.append(count_changes(grey, boxes, layout))
    on_host = to_host(xp.concat(facts, axis=1))  # the one wait for a device
    counts, boxes_on_host, changes = np.split(on_host, [256, 260], axis=1)
    tables = np.stack([discretisation.table(row) for row in counts])
    levels = map_grey(grey, xp.asarray(tables), layout.owner)
    frames = (
        ()
        if plane is None
        else tuple(
            Frame(box, find_anchor(box, row, plane))
            for box, row in zip((Box(*row.tolist()) for row in boxes_on_host), changes, strict=True)
        )
    )
    vouch_for(levels, 1, discretisation.n_levels)
    vouch_for(regions, 0, 1)
    stack = Stack(grey, levels, regions, discretisation.n_levels, starts=starts)
    return Knees(tuple(places), stack, layout, frames)
