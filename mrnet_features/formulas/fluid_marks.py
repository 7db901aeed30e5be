"""Amount of fluid on each slice, and the pixels counted, for marks; on the CPU, for one exam."""

from __future__ import annotations

import numpy as np

from mrnet_features.arrays import Array, BoolArray, Float64Array
from mrnet_features.counts.boundaries import find_cores
from mrnet_features.counts.components_3d import (
    count_by_slice,
    find_largest,
    number_components,
    sum_by_region,
)
from mrnet_features.formulas.component_shapes import MIN_COMPONENT
from mrnet_features.formulas.fluid_amount import CORE_SIDE, FluidCounts, fraction_from
from mrnet_features.formulas.histogram import as_float, divide
from mrnet_features.stacks.stack import Stack

COMPONENTS = ("largest_component", "top3_components", "n_components")


def describe_amount_slices(stack: Stack, counts: FluidCounts, k: int) -> dict[str, Array]:
    """Statistics of `describe_amounts` on each slice.

    Parameters
    ----------
    stack : Stack
    counts : FluidCounts
        Of this stack.
    k : int
        Index of the threshold.

    Returns
    -------
    dict of str to ndarray of shape (n_slices, n_regions), float64
        Components are those of the whole stack: the fraction of the region's pixels on the slice
        that lie in them, and the number of them that reach the slice. NaN where the region has no
        pixel, and for ``sharpness`` where fluid has no boundary.
    """
    n_pixels = as_float(counts.histogram.sum(axis=-1))
    core, n_steps, steps = (as_float(part) for part in counts.boundaries[k])
    found = counts.components[k]
    by_slice = count_by_slice(stack, threshold=counts.thresholds[k])

    def share(chosen: BoolArray) -> Array:
        inside = sum_by_region(by_slice * chosen, found, stack.n_regions)
        return divide(as_float(inside), n_pixels)

    reached = sum_by_region((by_slice > 0) & _find_counted(counts, k), found, stack.n_regions)
    return {
        "fraction": fraction_from(counts.histogram, counts.thresholds[k]),
        "core": divide(core, n_pixels),
        "sharpness": divide(steps, n_steps),
        "largest_component": share(find_largest(found, 1)),
        "top3_components": share(find_largest(found, 3)),
        "n_components": np.where(n_pixels > 0, reached, np.nan),
    }


def find_fluid(stack: Stack, counts: FluidCounts, k: int, part: str) -> BoolArray:
    """Pixels of the fluid, of its cores, of its boundary or of components.

    Parameters
    ----------
    stack, counts, k
        As for `describe_amount_slices`.
    part : str
        A statistic of `describe_amounts`, or another text for all fluid. ``largest_component`` is
        the largest 3-D component of each region, ``sharpness`` the fluid pixels at a boundary.

    Returns
    -------
    ndarray of shape (n_slices, height, width), bool
    """
    threshold = counts.thresholds[k]
    if part == "core":
        return find_cores(stack, threshold=threshold, side=CORE_SIDE)
    if part in COMPONENTS:
        found = counts.components[k]
        chosen = (
            _find_counted(counts, k)
            if part == "n_components"
            else find_largest(found, 1 if part == "largest_component" else 3)
        )
        return _take(chosen, number_components(stack, threshold=threshold))
    fluid: BoolArray = (stack.grey >= threshold[:, None, None]) & (stack.regions > 0)
    return _find_boundary(stack, fluid) if part == "sharpness" else fluid


def _find_counted(counts: FluidCounts, k: int) -> BoolArray:
    """Whether each component is large enough for ``n_components``."""
    found = counts.components[k]
    n_pixels: Float64Array = as_float(counts.histogram.sum(axis=(0, 2)))
    counted: BoolArray = found.size >= np.maximum(MIN_COMPONENT * n_pixels, 1.0)[found.region]
    return counted


def _take(chosen: BoolArray, numbers: Array) -> BoolArray:
    taken: BoolArray = np.append(False, chosen)[numbers]
    return taken


def _find_boundary(stack: Stack, fluid: BoolArray) -> BoolArray:
    """Fluid pixels with a neighbour of the same region, in a row or a column, that is not fluid."""
    boundary = np.zeros(fluid.shape, bool)
    for one, other in (
        (np.s_[:, 1:, :], np.s_[:, :-1, :]),
        (np.s_[:, :, 1:], np.s_[:, :, :-1]),
    ):
        differs = (fluid[one] != fluid[other]) & (stack.regions[one] == stack.regions[other])
        boundary[one] |= differs
        boundary[other] |= differs
    return boundary & fluid
