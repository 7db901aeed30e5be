"""Prepare stacks: pixels -> `Stack` with levels and regions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from mrnet_features.arrays import Array, BoolArray, Device, UInt8Array
from mrnet_features.stacks.crop import cut_sets
from mrnet_features.stacks.discretisation import Discretisation
from mrnet_features.stacks.exam_slices import index_slices
from mrnet_features.stacks.foreground import find_foreground
from mrnet_features.stacks.locate import locate_knees
from mrnet_features.stacks.pixel_passes import count_grey, map_grey
from mrnet_features.stacks.region_sets import KNEE, region_names
from mrnet_features.stacks.stack import Stack, StackBatch, check_stack


def prepare(
    grey: UInt8Array,
    *,
    discretisation: Discretisation | None = None,
    find_regions: Callable[[UInt8Array], BoolArray] = find_foreground,
    device: Device = "cpu",
) -> Stack:
    """Stack of one plane, with foreground and levels.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
        Grey levels 0 to 255.
    discretisation : Discretisation, optional
        Default: 32 levels between robust limits of the foreground.
    find_regions : callable, default `find_foreground`
        Takes `grey` and returns a bool mask of its shape.
    device : {"cpu", "cuda"}, default "cpu"
        Device of the arrays of the stack.

    Returns
    -------
    Stack
        With one region, "knee".

    Raises
    ------
    TypeError
        If `grey` is not a uint8 array.
    ValueError
        If `grey` is not three-dimensional or is empty.

    Examples
    --------
    >>> grey = np.zeros((1, 8, 8), np.uint8)
    >>> grey[:, 2:6, 2:6] = 200
    >>> int(prepare(grey).regions.sum())
    16
    """
    check_stack(grey, "stack")
    grey = np.ascontiguousarray(grey)
    regions = np.ascontiguousarray(find_regions(grey), dtype=np.uint8)
    chosen = discretisation or Discretisation()
    owner = index_slices((0,), grey).owner
    table = chosen.table(count_grey(grey, regions, owner, 1)[0])
    levels = map_grey(grey, table[None], owner)
    return Stack(grey, levels, regions, chosen.n_levels).on_device(device)


def prepare_sets(
    grey: UInt8Array,
    plane: str,
    region_sets: Iterable[str],
    *,
    discretisation: Discretisation | None = None,
) -> dict[str, Stack]:
    """Stacks of one plane of one exam, one per region set.

    Foreground, knee box, joint plane and levels are computed once. A set with boxes is cropped to a
    window around the boxes, with a margin of 24 pixels: no family uses pixels further away. It has
    only the slices of the boxes; depths and thirds of the stack refer to these slices.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
        Grey levels 0 to 255.
    plane : {"axial", "coronal", "sagittal"}
    region_sets : iterable of str
        ``knee`` or names of ``mrnet_features.stacks.region_sets.REGION_SETS``.
    discretisation : Discretisation, optional
        As `prepare`.

    Returns
    -------
    dict of str to Stack
        By region set; ``knee`` is always included.

    Raises
    ------
    TypeError, ValueError
        As `prepare`; and if a set has no boxes on this plane.

    Examples
    --------
    >>> grey = np.zeros((4, 64, 64), np.uint8)
    >>> grey[:, 8:56, 8:56] = 200
    >>> prepare_sets(grey, "sagittal", ["notch"])["notch"].region_names
    ('notch',)
    """
    batches = prepare_batch([grey], plane, region_sets, discretisation=discretisation)
    return {name: found[0] for name, found in batches.items()}


def prepare_batch(
    greys: Sequence[Array],
    plane: str,
    region_sets: Iterable[str],
    *,
    discretisation: Discretisation | None = None,
) -> dict[str, list[StackBatch]]:
    """Batches of one plane of several exams, per region set.

    As `prepare_sets`, except that all windows of a set have the size of the largest window of the
    batch, where the picture is large enough. ``origins`` is where the window of each exam would
    begin by itself.

    On a GPU all passes over pixels run there. The host waits twice per picture size: for histograms
    and knee boxes, to compute levels and joint planes, and for the extents of the knees in boxes.

    Parameters
    ----------
    greys : sequence of array of shape (n_slices, height, width), uint8
        Grey levels 0 to 255 of at least one exam. All on one device, where the batches will be.
    plane : {"axial", "coronal", "sagittal"}
    region_sets : iterable of str
        ``knee`` or names of ``mrnet_features.stacks.region_sets.REGION_SETS``.
    discretisation : Discretisation, optional
        As `prepare`.

    Returns
    -------
    dict of str to list of StackBatch
        By region set; ``knee`` is always included. Every exam is in one batch of each.

    Raises
    ------
    TypeError, ValueError
        As `prepare_sets`.

    Examples
    --------
    >>> grey = np.zeros((4, 64, 64), np.uint8)
    >>> grey[:, 8:56, 8:56] = 200
    >>> [batch] = prepare_batch([grey, grey[:3]], "sagittal", ["notch"])["knee"]
    >>> batch.exam_indices, batch.exam_starts
    ((0, 1), (0, 4))
    """
    wanted = [name for name in dict.fromkeys(region_sets) if name != KNEE]
    for name in wanted:
        region_names(name, plane)  # raises before any work if the set has no boxes here
    for grey in greys:
        check_stack(grey, "stack")
    by_size: dict[tuple[int, ...], list[int]] = {}
    for index, grey in enumerate(greys):
        by_size.setdefault(tuple(grey.shape[1:]), []).append(index)
    knees = [
        locate_knees(greys, indices, plane if wanted else None, discretisation or Discretisation())
        for indices in by_size.values()
    ]
    return {KNEE: [found.batch for found in knees], **cut_sets(knees, plane, wanted)}
