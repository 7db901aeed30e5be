"""Fluid: amount, position and components of bright fluid, and dark fluid on T1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from mrnet_features.arrays import Array, namespace
from mrnet_features.counts.boundaries import Boundaries, boundaries
from mrnet_features.counts.components_3d import Components3D, components_3d
from mrnet_features.counts.histogram import histogram
from mrnet_features.counts.region_extents import region_bounds
from mrnet_features.families.base import Counts, Family, Statistics
from mrnet_features.formulas.component_shapes import describe_largest, describe_sizes
from mrnet_features.formulas.exam_axis import merge_slices, pad_slices, repeat_exams
from mrnet_features.formulas.histogram import (
    as_float,
    divide,
    median_of_stacks,
    moment,
    quantile,
)
from mrnet_features.stacks.exam_slices import count_slices
from mrnet_features.stacks.stack import Stack

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
    components : tuple of Components3D
        Components at each threshold.
    boundaries : tuple of Boundaries
        Cores and boundaries at each threshold.
    boxes : array of shape (n_exams, n_regions, 6), int32
        How far each region of each exam reaches.
    """

    histogram: Array
    thresholds: tuple[Array, ...]
    components: tuple[Components3D, ...]
    boundaries: tuple[Boundaries, ...]
    boxes: Array


@dataclass(frozen=True)
class Fluid(Family):
    """Pixels as bright as fluid, on the planes where fluid is bright.

    Effusion, oedema and a meniscal or Baker's cyst are bright on fat-suppressed images, and an
    abnormal amount or position of fluid is the key sign of pathology (Bien et al. 2018). A pixel
    counts as fluid at or above a grey level T: each of `thresholds`, named in the statistic;
    ``adaptive``, the median of the regions of the stack, which is suppressed fat and marrow, plus
    `deviations` robust standard deviations (1.4826 times the median absolute deviation); and
    ``brightest``, nine tenths of the 99.9th percentile and at least ``adaptive``, because free
    fluid is the brightest tissue.

    Cartilage is nearly as bright, but thin: the core, which an erosion by 5 by 5 pixels leaves,
    holds effusion and no cartilage. f is the fraction of the pixels of a region at or above T; f_k
    that of slice k; z_k from 0 to 1 the depth of slice k. Components are 3-D, 26-connected. The
    knee is described as a whole and by recess: an effusion collects in the suprapatellar pouch, a
    Baker's cyst behind the joint.

    ================================= ======================================== =========== ======
    statistic                         formula                                  unit        range
    ================================= ======================================== =========== ======
    fraction_*                        f                                        fraction    0..1
    core_*                            squares of 5 x 5 fluid pixels / region   fraction    0..1
    sharpness_*                       mean grey step across its boundary       grey levels 1..255
    largest_component_*               pixels of the largest component / region fraction    0..1
    top3_components_*                 pixels of the three largest / region     fraction    0..1
    n_components_*                    components of at least .0001 region      1           0..
    peak_brightest                    max f_k / mean f_k                       1           1..
    peak_slice_offset_brightest       abs(2z - 1) at the max, the mean if tied 1           0..1
    centre_slice_offset_brightest     abs(2c - 1), c = sum(z f) / sum(f)       1           0..1
    spread_brightest                  sqrt(sum((z - c)^2 f) / sum(f))          1           0...5
    component_row_brightest           centre of the largest, 0 top, 1 bottom   1           0..1
    component_column_offset_brightest abs(2x - 1), x its column in the region  1           0..1
    component_slice_offset_brightest  abs(2z - 1), z its depth in the region   1           0..1
    component_elongation_brightest    longer / shorter axis in the slice (SDs) 1           1..
    component_fill_brightest          pixels / pixels of its bounding box      fraction    0..1
    ================================= ======================================== =========== ======

    ``*`` is the threshold, ``adaptive`` or ``brightest``. ``fraction_*`` of each slice too, for
    ``adaptive`` and ``brightest``; all else of the stack only. NaN where the region has no pixel;
    ``sharpness_*`` also where fluid has no boundary, and the statistics of ``brightest`` below
    ``n_components_*`` also where there is no fluid. Offsets are from the middle, so that neither
    the order of the slices nor the side of the leg matters.

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
    >>> float(family.describe_stack(family.count(stack), stack.exam_starts)["fraction_192"][0, 0])
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
        counts = histogram(stack)
        adaptive, brightest = self._adapt(merge_slices(counts, stack.exam_starts))
        xp = namespace(counts)
        fixed = (xp.full_like(adaptive, threshold) for threshold in self.thresholds)
        return _count_fluid(stack, counts, (*fixed, adaptive, brightest))

    def describe(self, counts: Counts) -> Statistics:
        """Fractions of each slice at the two thresholds that follow the stack."""
        pairs = list(zip(self._names(), counts.thresholds, strict=True))[-2:]
        return {f"fraction_{name}": _fraction(counts.histogram, at) for name, at in pairs}

    def describe_stack(self, counts: Counts, exam_starts: Sequence[int]) -> Statistics:
        """All of the table above."""
        statistics: dict[str, Array] = {}
        for name, values in zip(self._names(), _describe_each(counts, exam_starts), strict=True):
            statistics |= {f"{key}_{name}": value for key, value in values.items()}
        slices = _fraction(counts.histogram, counts.thresholds[-1])
        last = _describe_profile(slices, exam_starts)
        last |= describe_largest(counts.components[-1], counts.boxes)
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

    ================= ============================================ ======== =====
    statistic         formula                                      unit     range
    ================= ============================================ ======== =====
    fraction          dark pixels / region                         fraction 0..1
    core              squares of 5 x 5 dark pixels / region        fraction 0..1
    largest_component pixels of the largest 3-D component / region fraction 0..1
    ================= ============================================ ======== =====

    All of the stack only. NaN where the region has no pixel.

    Parameters
    ----------
    share : float, default 0.6

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((1, 1, 4), np.uint8)
    >>> family, stack = DarkFluid(), Stack(np.uint8([[[9, 99, 99, 99]]]), ones, ones, n_levels=1)
    >>> float(family.describe_stack(family.count(stack), stack.exam_starts)["fraction"][0, 0])
    0.25
    """

    name: ClassVar[str] = "dark_fluid"
    planes: ClassVar[tuple[str, ...]] = ("coronal",)
    region_sets: ClassVar[tuple[str, ...]] = ("recesses",)
    uses_neighbouring_slices: ClassVar[bool] = True

    share: float = 0.6

    def count(self, stack: Stack) -> Counts:
        """Histogram, pools and cores of the inverted grey levels."""
        counts = histogram(stack)
        xp = namespace(counts)
        darkest = xp.floor(self.share * median_of_stacks(merge_slices(counts, stack.exam_starts)))
        least = 255 - xp.astype(darkest, xp.int32)
        inverted = stack.with_grey(255 - stack.grey)
        return _count_fluid(inverted, xp.flip(counts, axis=-1), (least,))

    def describe(self, counts: Counts) -> Statistics:  # noqa: ARG002
        """Nothing: a slice says little of the amount."""
        return {}

    def describe_stack(self, counts: Counts, exam_starts: Sequence[int]) -> Statistics:
        """All of the table above."""
        values = _describe_each(counts, exam_starts)[0]
        return {name: values[name] for name in ("fraction", "core", "largest_component")}


def _count_fluid(stack: Stack, counts: Array, thresholds: tuple[Array, ...]) -> FluidCounts:
    """Counts at thresholds of shape (n_exams,)."""
    of_slices = [repeat_exams(each, stack.exam_starts, stack.n_slices) for each in thresholds]
    return FluidCounts(
        counts,
        tuple(of_slices),
        tuple(components_3d(stack, threshold=each) for each in of_slices),
        tuple(boundaries(stack, threshold=each, side=CORE_SIDE) for each in of_slices),
        region_bounds(stack),
    )


def _describe_each(counts: FluidCounts, exam_starts: Sequence[int]) -> list[dict[str, Array]]:
    """Amount, rim and pools of each exam at each threshold."""
    xp = namespace(counts.histogram)
    merged = merge_slices(counts.histogram, exam_starts)
    n_pixels = xp.sum(as_float(merged), axis=-1)
    firsts = xp.asarray(np.asarray(exam_starts))
    found = []
    for threshold, edge, found_3d in zip(
        counts.thresholds, counts.boundaries, counts.components, strict=True
    ):
        core, n_steps, steps = (as_float(part) for part in merge_slices(edge, exam_starts))
        values = {
            "fraction": _fraction(merged, xp.take(threshold, firsts, axis=0)),
            "core": divide(core, n_pixels),
            "sharpness": divide(steps, n_steps),
        }
        found.append(values | describe_sizes(found_3d, n_pixels))
    return found


def _fraction(counts: Array, threshold: Array) -> Array:
    """Fraction of pixels at or above a grey level; both arrays have one first axis."""
    xp = namespace(counts)
    counts = as_float(counts)
    is_above = xp.arange(256, dtype=xp.int32) >= threshold[:, None, None]
    return divide(xp.sum(xp.where(is_above, counts, 0.0), axis=-1), xp.sum(counts, axis=-1))


def _describe_profile(slices: Array, exam_starts: Sequence[int]) -> dict[str, Array]:
    """Shape of a fraction's profile over an exam's slices, whichever end comes first."""
    xp = namespace(slices)
    n_slices = xp.asarray(count_slices(exam_starts, slices.shape[0]).astype(np.float64))[:, None]
    slices = pad_slices(slices, exam_starts)
    depth = ((xp.arange(slices.shape[1], dtype=xp.float64) + 0.5) / n_slices)[:, None, :]
    profile = xp.permute_dims(xp.where(xp.isnan(slices), 0.0, slices), (0, 2, 1))
    share = divide(profile, xp.sum(profile, axis=-1, keepdims=True))
    highest = xp.max(profile, axis=-1)
    at_peak = xp.astype(profile == highest[..., None], xp.float64)
    place = divide(xp.sum(at_peak * xp.abs(2 * depth - 1), axis=-1), xp.sum(at_peak, axis=-1))
    centre = moment(share, depth)
    return {
        "peak": n_slices * xp.max(share, axis=-1),
        "peak_slice_offset": place + 0 * centre,
        "centre_slice_offset": xp.abs(2 * centre - 1),
        "spread": xp.sqrt(moment(share, depth, 2, about=centre)),
    }
