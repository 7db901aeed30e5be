"""Amount of fluid at grey-level thresholds, for bright and dark fluid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mrnet_features.arrays import Array, namespace, upload_once
from mrnet_features.counts.boundaries import Boundaries, boundaries
from mrnet_features.counts.components_3d import Components3D, components_3d
from mrnet_features.counts.region_extents import region_bounds
from mrnet_features.formulas.component_shapes import describe_sizes
from mrnet_features.formulas.exam_axis import merge_slices, repeat_exams
from mrnet_features.formulas.histogram import as_float, divide
from mrnet_features.stacks.stack import Stack

CORE_SIDE = 5  # pixels, about 3 mm: as thick as the cartilage of patella and femur


class FluidCounts(NamedTuple):
    """Counts of the fluid families.

    Attributes
    ----------
    histogram : array of shape (n_slices, n_regions, 256), int32
    thresholds : tuple of array of shape (n_slices,), int32
        Grey levels from which a pixel is fluid; the same in all slices of an exam.
    components : tuple of Components3D
        Components at each threshold.
    boundaries : tuple of Boundaries
        Cores and boundaries at each threshold.
    boxes : array of shape (n_exams, n_regions, 6), int32
        Bounding box of each region of each exam.
    """

    histogram: Array
    thresholds: tuple[Array, ...]
    components: tuple[Components3D, ...]
    boundaries: tuple[Boundaries, ...]
    boxes: Array


def count_fluid(stack: Stack, counts: Array, thresholds: tuple[Array, ...]) -> FluidCounts:
    """Components, boundaries and bounding boxes at grey-level thresholds.

    Parameters
    ----------
    stack : Stack
    counts : array of shape (n_slices, n_regions, 256), int32
        Histogram of the grey levels.
    thresholds : tuple of array of shape (n_exams,), int32
        Grey levels from which a pixel is fluid.

    Returns
    -------
    FluidCounts
    """
    of_slices = [repeat_exams(each, stack.exam_starts, stack.n_slices) for each in thresholds]
    return FluidCounts(
        counts,
        tuple(of_slices),
        tuple(components_3d(stack, threshold=each) for each in of_slices),
        tuple(boundaries(stack, threshold=each, side=CORE_SIDE) for each in of_slices),
        region_bounds(stack),
    )


def describe_amounts(counts: FluidCounts, exam_starts: Sequence[int]) -> list[dict[str, Array]]:
    """Fraction, core, sharpness and component sizes of each exam.

    Parameters
    ----------
    counts : FluidCounts
    exam_starts : sequence of int
        First slice of each exam.

    Returns
    -------
    list of dict of str to array of shape (n_exams, n_regions), float64
        One dict per threshold.
    """
    xp = namespace(counts.histogram)
    merged = merge_slices(counts.histogram, exam_starts)
    n_pixels = xp.sum(as_float(merged), axis=-1)
    firsts = upload_once(np.asarray, tuple(exam_starts), like=counts.histogram)
    # one row per slice and threshold, so that all thresholds are described at once
    rows = [xp.stack(parts, axis=1) for parts in zip(*counts.boundaries, strict=True)]
    core, n_steps, steps = (as_float(merge_slices(part, exam_starts)) for part in rows)
    core, sharpness = divide(core, n_pixels[:, None, :]), divide(steps, n_steps)
    sizes = describe_sizes(counts.components, n_pixels)
    return [
        {
            "fraction": fraction_from(merged, xp.take(threshold, firsts, axis=0)),
            "core": core[:, k, :],
            "sharpness": sharpness[:, k, :],
            **{name: values[k, ...] for name, values in sizes.items()},
        }
        for k, threshold in enumerate(counts.thresholds)
    ]


def fraction_from(counts: Array, threshold: Array) -> Array:
    """Fraction of the pixels at or above a grey level; NaN where the region has no pixel.

    Parameters
    ----------
    counts : array of shape (n, n_regions, 256), integer
        Histograms of slices or exams.
    threshold : array of shape (n,), int32

    Returns
    -------
    array of shape (n, n_regions), float64
    """
    xp = namespace(counts)
    counts = as_float(counts)
    is_above = xp.arange(256, dtype=xp.int32) >= threshold[:, None, None]
    return divide(xp.sum(xp.where(is_above, counts, 0.0), axis=-1), xp.sum(counts, axis=-1))
