"""Fluid: how much, where along the stack, in what pools; bright where fat is suppressed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from mrnet_features.arrays import Array, namespace
from mrnet_features.counts.boundaries import Rims, rims
from mrnet_features.counts.components_3d import Pools, pools
from mrnet_features.counts.histogram import histogram
from mrnet_features.counts.once import count_once
from mrnet_features.counts.region_extents import bounds
from mrnet_features.families.base import Counts, Family, Statistics
from mrnet_features.formulas.component_shapes import describe_largest, describe_sizes
from mrnet_features.formulas.exam_axis import merge_slices, pad_slices, spread_stacks
from mrnet_features.formulas.histogram import (
    as_float,
    divide,
    median_of_stacks,
    moment,
    quantile,
)
from mrnet_features.stacks.prepare import Stack
from mrnet_features.stacks.slices import count_slices

MAD_TO_SD = 1.4826  # of a normal distribution
CORE_SIDE = 5  # pixels, about 3 mm: as thick as the cartilage of patella and femur
BRIGHTEST, SHARE = 0.999, 0.9  # fluid begins at this share of this quantile


class FluidCounts(NamedTuple):
    """What the fluid families count.

    Attributes
    ----------
    histogram : array of shape (n_slices, n_regions, 256), int32
    thresholds : tuple of array of shape (n_slices,), int32
        Grey levels from which a pixel is fluid; the same in all slices of an exam.
    pools : tuple of Pools
        Pools at each threshold.
    rims : tuple of Rims
        Cores and rims at each threshold.
    boxes : array of shape (n_stacks, n_regions, 6), int32
        How far each region of each exam reaches.
    """

    histogram: Array
    thresholds: tuple[Array, ...]
    pools: tuple[Pools, ...]
    rims: tuple[Rims, ...]
    boxes: Array


@dataclass(frozen=True)
class Fluid(Family):
    """Pixels as bright as fluid, on the planes where fluid is bright.

    Effusion, oedema and a meniscal or Baker's cyst are bright on fat-suppressed images, and
    abnormal fluid, in amount or place, is the key sign of pathology (Bien et al. 2018). A pixel
    counts as fluid from a grey level T on: each of `thresholds`, named in the statistic;
    ``adaptive``, the median of the stack's regions, which is suppressed fat and marrow, plus
    `deviations` robust standard deviations (1.4826 times the median absolute deviation); and
    ``brightest``, nine tenths of the 99.9th percentile and at least ``adaptive``: nothing outshines
    free fluid.

    Cartilage is nearly as bright, but thin: the core, what an erosion by 5 by 5 pixels leaves,
    is an effusion and no cartilage. f is the fraction of a region's pixels at or above T; f_k of
    slice k; z_k from 0 to 1 the depth of slice k. Pools are 3-D, 26-connected. The knee is
    described as a whole, and by recess: an effusion gathers in the suprapatellar pouch, a Baker's
    cyst behind the joint.

    ========================= ============================================= =========== =======
    statistic                 formula                                       unit        range
    ========================= ============================================= =========== =======
    fraction_*                f                                             fraction    0..1
    core_*                    squares of 5 x 5 fluid pixels / region        fraction    0..1
    sharpness_*               mean grey step across the rim of the fluid    grey levels 1..255
    largest_pool_*            pixels of the largest pool / region           fraction    0..1
    top3_pools_*              pixels of the three largest / region          fraction    0..1
    n_pools_*                 pools of at least .0001 region                1           0..
    peak_brightest            max f_k / mean f_k                            1           1..
    peak_place_brightest      abs(2z - 1) at the max, the mean if tied      1           0..1
    off_centre_brightest      abs(2c - 1), c = sum(z f) / sum(f)            1           0..1
    spread_brightest          sqrt(sum((z - c)^2 f) / sum(f))               1           0...5
    pool_row_brightest        centre of the largest pool, 0 top, 1 bottom   1           0..1
    pool_aside_brightest      abs(2x - 1), x its column in the region, 0..1 1           0..1
    pool_along_brightest      abs(2z - 1), z its depth in the region, 0..1  1           0..1
    pool_elongation_brightest longer / shorter axis in plane (standard
                              deviations)                                   1           1..
    pool_fill_brightest       pixels / pixels of its bounding box           fraction    0..1
    ========================= ============================================= =========== =======

    ``*`` is the threshold, ``adaptive`` or ``brightest``. ``fraction_*`` of each slice too, for
    ``adaptive`` and ``brightest``; all else of the stack only. NaN where the region has no pixel;
    ``sharpness_*`` also where fluid has no rim, and what follows ``n_pools_*`` where there is no
    fluid. Places are folded about the middle, so that neither the order of the slices nor the side
    of the leg matters.

    Parameters
    ----------
    thresholds : tuple of int, default (192,)
        Grey levels. Released MRNet stacks are standardised per sequence, so fixed ones mean
        the same in every exam.
    deviations : float, default 3.0

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((1, 1, 4), np.uint8)
    >>> family, stack = Fluid(), Stack(np.uint8([[[9, 9, 9, 200]]]), ones, ones, n_levels=1)
    >>> float(family.describe_stack(family.count(stack), stack.starts)["fraction_192"][0, 0])
    0.25
    """

    name: ClassVar[str] = "fluid"
    planes: ClassVar[tuple[str, ...]] = ("axial", "sagittal")
    region_sets: ClassVar[tuple[str, ...]] = ("knee", "recesses")
    uses_neighbouring_slices: ClassVar[bool] = True

    thresholds: tuple[int, ...] = (192,)
    deviations: float = 3.0

    def __post_init__(self) -> None:
        if not all(1 <= threshold <= 255 for threshold in self.thresholds):
            raise ValueError(f"`thresholds` must be grey levels 1 to 255, got {self.thresholds}.")
        if len(set(self.thresholds)) < len(self.thresholds):
            raise ValueError(f"`thresholds` must differ, got {self.thresholds}.")

    def count(self, stack: Stack) -> Counts:
        """Histogram; pools, cores and rims at every threshold."""
        counts = count_once(stack, histogram, "grey", n_values=256)
        adaptive, brightest = self._adapt(merge_slices(counts, stack.starts))
        xp = namespace(counts)
        fixed = (xp.full_like(adaptive, threshold) for threshold in self.thresholds)
        return _count_fluid(stack, stack.grey, counts, (*fixed, adaptive, brightest))

    def describe(self, counts: Counts) -> Statistics:
        """Fractions of each slice at the two thresholds that follow the stack."""
        pairs = list(zip(self._names(), counts.thresholds, strict=True))[-2:]
        return {f"fraction_{name}": _fraction(counts.histogram, at) for name, at in pairs}

    def describe_stack(self, counts: Counts, starts: Sequence[int]) -> Statistics:
        """All of the table above."""
        statistics: dict[str, Array] = {}
        for name, values in zip(self._names(), _describe_each(counts, starts), strict=True):
            statistics |= {f"{key}_{name}": value for key, value in values.items()}
        slices = _fraction(counts.histogram, counts.thresholds[-1])
        last = _describe_profile(slices, starts)
        last |= describe_largest(counts.pools[-1], counts.boxes)
        return statistics | {f"{key}_brightest": value for key, value in last.items()}

    def _names(self) -> list[str]:
        return [*(str(threshold) for threshold in self.thresholds), "adaptive", "brightest"]

    def _adapt(self, merged: Array) -> tuple[Array, Array]:
        """Grey levels that stand out from an exam's regions, and are its brightest; 1..255."""
        xp = namespace(merged)
        total = as_float(xp.sum(merged, axis=1))
        grey = xp.arange(256, dtype=xp.float64)
        median = median_of_stacks(merged)
        # distances to a median of x.5 end in .5 too: twice the distance is a whole number
        twice = xp.arange(511, dtype=xp.float64)
        distance = xp.abs(2 * grey - 2 * median[:, None])
        by_distance = xp.sum(
            xp.where(distance[:, None, :] == twice[:, None], total[:, None, :], 0.0), axis=-1
        )
        deviation = MAD_TO_SD * quantile(by_distance, twice, 0.5) / 2
        beyond = self.deviations * xp.maximum(deviation, xp.ones_like(deviation))
        brightest = SHARE * quantile(total, grey, BRIGHTEST)
        is_known = xp.sum(total, axis=-1) > 0

        def as_level(values: Array) -> Array:
            nothing = xp.full_like(values, 255.0)
            return xp.astype(xp.where(is_known, xp.minimum(values, nothing), nothing), xp.int32)

        adaptive = as_level(xp.floor(median + beyond) + 1)
        return adaptive, xp.maximum(as_level(xp.floor(brightest)), adaptive)


@dataclass(frozen=True)
class DarkFluid(Family):
    """Pixels as dark as fluid where fat is bright: the T1 counterpart of `Fluid`.

    On T1 images an effusion is dark grey and displaces bright fat in the recesses of the joint.
    Muscle, ligament and cortex are dark as well, so this counts less than bright fluid. Dark is
    what has at most `share` of the median grey level of the stack's regions.

    ============ ============================================= ======== =====
    statistic    formula                                       unit     range
    ============ ============================================= ======== =====
    fraction     dark pixels / region                          fraction 0..1
    core         squares of 5 x 5 dark pixels / region         fraction 0..1
    largest_pool pixels of the largest 3-D pool / region       fraction 0..1
    ============ ============================================= ======== =====

    All of the stack only. NaN where the region has no pixel.

    Parameters
    ----------
    share : float, default 0.6

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((1, 1, 4), np.uint8)
    >>> family, stack = DarkFluid(), Stack(np.uint8([[[9, 99, 99, 99]]]), ones, ones, n_levels=1)
    >>> float(family.describe_stack(family.count(stack), stack.starts)["fraction"][0, 0])
    0.25
    """

    name: ClassVar[str] = "dark_fluid"
    planes: ClassVar[tuple[str, ...]] = ("coronal",)
    region_sets: ClassVar[tuple[str, ...]] = ("recesses",)
    uses_neighbouring_slices: ClassVar[bool] = True

    share: float = 0.6

    def count(self, stack: Stack) -> Counts:
        """Histogram, pools and cores of the inverted grey levels."""
        counts = count_once(stack, histogram, "grey", n_values=256)
        xp = namespace(counts)
        darkest = xp.floor(self.share * median_of_stacks(merge_slices(counts, stack.starts)))
        least = 255 - xp.astype(darkest, xp.int32)
        return _count_fluid(stack, 255 - stack.grey, xp.flip(counts, axis=-1), (least,))

    def describe(self, counts: Counts) -> Statistics:  # noqa: ARG002
        """Nothing: a slice says little of the amount."""
        return {}

    def describe_stack(self, counts: Counts, starts: Sequence[int]) -> Statistics:
        """All of the table above."""
        values = _describe_each(counts, starts)[0]
        return {name: values[name] for name in ("fraction", "core", "largest_pool")}


def _count_fluid(
    stack: Stack, grey: Array, counts: Array, thresholds: tuple[Array, ...]
) -> FluidCounts:
    """Counts at thresholds of shape (n_stacks,)."""
    regions, n_regions = stack.regions, stack.n_regions
    of_slices = [spread_stacks(each, stack.starts, stack.n_slices) for each in thresholds]
    layout: dict[str, Any] = {
        "n_regions": n_regions,
        "starts": stack.starts,
        "origins": stack.origins,
    }
    found = (pools(grey, regions, threshold=each, **layout) for each in of_slices)
    edges = (
        rims(grey, regions, threshold=each, n_regions=n_regions, side=CORE_SIDE)
        for each in of_slices
    )
    boxes = bounds(regions, **layout)
    return FluidCounts(counts, tuple(of_slices), tuple(found), tuple(edges), boxes)


def _describe_each(counts: FluidCounts, starts: Sequence[int]) -> list[dict[str, Array]]:
    """Amount, rim and pools of each exam at each threshold."""
    xp = namespace(counts.histogram)
    merged = merge_slices(counts.histogram, starts)
    n_pixels = xp.sum(as_float(merged), axis=-1)
    firsts = xp.asarray(np.asarray(starts))
    found = []
    for threshold, edge, pool in zip(counts.thresholds, counts.rims, counts.pools, strict=True):
        core, n_steps, steps = (as_float(part) for part in merge_slices(edge, starts))
        values = {
            "fraction": _fraction(merged, xp.take(threshold, firsts, axis=0)),
            "core": divide(core, n_pixels),
            "sharpness": divide(steps, n_steps),
        }
        found.append(values | describe_sizes(pool, n_pixels))
    return found


def _fraction(counts: Array, threshold: Array) -> Array:
    """Fraction of pixels at or above a grey level; both arrays have one first axis."""
    xp = namespace(counts)
    counts = as_float(counts)
    is_above = xp.arange(256, dtype=xp.int32) >= threshold[:, None, None]
    return divide(xp.sum(xp.where(is_above, counts, 0.0), axis=-1), xp.sum(counts, axis=-1))


def _describe_profile(slices: Array, starts: Sequence[int]) -> dict[str, Array]:
    """Shape of a fraction's profile over an exam's slices, whichever end comes first."""
    xp = namespace(slices)
    n_slices = xp.asarray(count_slices(starts, slices.shape[0]).astype(np.float64))[:, None]
    slices = pad_slices(slices, starts)
    depth = ((xp.arange(slices.shape[1], dtype=xp.float64) + 0.5) / n_slices)[:, None, :]
    profile = xp.permute_dims(xp.where(xp.isnan(slices), 0.0, slices), (0, 2, 1))
    share = divide(profile, xp.sum(profile, axis=-1, keepdims=True))
    highest = xp.max(profile, axis=-1)
    at_peak = xp.astype(profile == highest[..., None], xp.float64)
    place = divide(xp.sum(at_peak * xp.abs(2 * depth - 1), axis=-1), xp.sum(at_peak, axis=-1))
    centre = moment(share, depth)
    return {
        "peak": n_slices * xp.max(share, axis=-1),
        "peak_place": place + 0 * centre,
        "off_centre": xp.abs(2 * centre - 1),
        "spread": xp.sqrt(moment(share, depth, 2, about=centre)),
    }
