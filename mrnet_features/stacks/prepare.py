"""Pixels -> what can be counted: a stack's grey levels, levels and regions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from mrnet_features.arrays import Array, BoolArray, Device, UInt8Array, to_device
from mrnet_features.stacks.atlas import KNEE, region_names
from mrnet_features.stacks.crop import cut_sets
from mrnet_features.stacks.discretisation import Discretisation
from mrnet_features.stacks.exam_slices import lay_out
from mrnet_features.stacks.foreground import find_foreground
from mrnet_features.stacks.locate import find_knees
from mrnet_features.stacks.pixel_passes import count_grey, map_grey
from mrnet_features.stacks.stack import Group, Stack, check_stack, lay_end_to_end

__all__ = [
    "Discretisation",
    "Group",
    "Stack",
    "check_stack",
    "lay_end_to_end",
    "prepare",
    "prepare_batch",
    "prepare_sets",
]


def prepare(
    grey: UInt8Array,
    *,
    discretisation: Discretisation | None = None,
    find_regions: Callable[[UInt8Array], BoolArray] = find_foreground,
    device: Device = "cpu",
) -> Stack:
    """Stack of a plane's pixels: foreground found, grey levels discretised.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
        Grey levels 0 to 255.
    discretisation : Discretisation, optional
        Default: 32 levels between the foreground's robust limits.
    find_regions : callable, default `find_foreground`
        From `grey` to a mask (bool) of its shape.
    device : {"cpu", "cuda"}, default "cpu"
        Where the three arrays shall live.

    Returns
    -------
    Stack
        With one region, "knee".

    Raises
    ------
    TypeError
        If `grey` is not a uint8 array.
    ValueError
        If `grey` is not three-dimensional, or empty.

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
    owner = lay_out((0,), grey).owner
    table = chosen.table(count_grey(grey, regions, owner, 1)[0])
    levels = map_grey(grey, table[None], owner)
    return _move(Stack(grey, levels, regions, chosen.n_levels), device)


def prepare_sets(
    grey: UInt8Array,
    plane: str,
    region_sets: Iterable[str],
    *,
    discretisation: Discretisation | None = None,
    device: Device = "cpu",
) -> dict[str, Stack]:
    """Stacks of one plane, one for each region set.

    Foreground, knee box, joint line and levels are found once. A set of boxes is cut to the window
    that holds them and a margin of 24 pixels, since nothing farther away is looked at. Its slices
    are those that the boxes reach: thirds and depths of such a set are those of its own slices.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
        Grey levels 0 to 255.
    plane : {"axial", "coronal", "sagittal"}
    region_sets : iterable of str
        ``knee`` or names of ``mrnet_features.stacks.atlas.REGION_SETS``.
    discretisation : Discretisation, optional
        As `prepare`.
    device : {"cpu", "cuda"}, default "cpu"

    Returns
    -------
    dict of str to Stack
        By region set, with ``knee`` among them.

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
    groups = prepare_batch([grey], plane, region_sets, discretisation=discretisation)
    return {name: _move(found[0].stack, device) for name, found in groups.items()}


def prepare_batch(
    greys: Sequence[Array],
    plane: str,
    region_sets: Iterable[str],
    *,
    discretisation: Discretisation | None = None,
) -> dict[str, list[Group]]:
    """Stacks of one plane of several exams, laid end to end, for each region set.

    As `prepare_sets`, but that the windows of a set are as large as the largest that an exam of
    the batch needs, wherever the picture is large enough: then exams share one size. Each exam's
    ``origins`` say where its own window would have begun.

    On a device the passes over the pixels run there. The host waits for it twice for each size of
    pictures: for what the knees are like, from which it makes tables of levels and finds joint
    rows, and for how far they reach in boxes.

    Parameters
    ----------
    greys : sequence of array of shape (n_slices, height, width), uint8
        Grey levels 0 to 255; at least one exam. All live in one place, and so will the stacks.
    plane : {"axial", "coronal", "sagittal"}
    region_sets : iterable of str
        ``knee`` or names of ``mrnet_features.stacks.atlas.REGION_SETS``.
    discretisation : Discretisation, optional
        As `prepare`.

    Returns
    -------
    dict of str to list of Group
        By region set, with ``knee`` among them; every exam is in one group of each.

    Raises
    ------
    TypeError, ValueError
        As `prepare_sets`.

    Examples
    --------
    >>> grey = np.zeros((4, 64, 64), np.uint8)
    >>> grey[:, 8:56, 8:56] = 200
    >>> [group] = prepare_batch([grey, grey[:3]], "sagittal", ["notch"])["knee"]
    >>> group.places, group.stack.starts
    ((0, 1), (0, 4))
    """
    wanted = [name for name in dict.fromkeys(region_sets) if name != KNEE]
    for name in wanted:
        region_names(name, plane)  # one that has no boxes here is an error before any work
    for grey in greys:
        check_stack(grey, "stack")
    by_size: dict[tuple[int, ...], list[int]] = {}
    for place, grey in enumerate(greys):
        by_size.setdefault(tuple(grey.shape[1:]), []).append(place)
    knees = [
        find_knees(greys, places, plane if wanted else None, discretisation or Discretisation())
        for places in by_size.values()
    ]
    whole = [Group(found.places, found.stack) for found in knees]
    return {KNEE: whole, **cut_sets(knees, plane, wanted)}


def _move(stack: Stack, device: Device) -> Stack:
    """Stack with its arrays on the device; itself where they are there already."""
    if device == "cpu":
        return stack
    grey, levels, regions = (
        to_device(part, device) for part in (stack.grey, stack.levels, stack.regions)
    )
    return dataclasses.replace(stack, grey=grey, levels=levels, regions=regions)
