"""Fluid: amount, position and components of bright fluid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mrnet_features.arrays import Array, BoolArray, namespace
from mrnet_features.counts.histogram import histogram
from mrnet_features.families.base import Counts, Family, Statistics, Words
from mrnet_features.families.documentation import fill_nouns
from mrnet_features.formulas.component_shapes import describe_largest
from mrnet_features.formulas.exam_axis import merge_slices, pad_slices
from mrnet_features.formulas.fluid_amount import count_fluid, describe_amounts, fraction_from
from mrnet_features.formulas.fluid_marks import describe_amount_slices, find_fluid
from mrnet_features.formulas.histogram import (
    as_float,
    divide,
    median_of_stacks,
    moment,
    quantile,
)
from mrnet_features.stacks.exam_slices import upload_lengths
from mrnet_features.stacks.mark import paint_values
from mrnet_features.stacks.stack import Stack

MAD_TO_SD = 1.4826  # of a normal distribution
BRIGHTEST, SHARE = 0.999, 0.9  # quantile of the grey levels; share of it where fluid begins

_ENDS = "nearer to one end of the stack"
_FLUIDS = {
    "brightest": ("free fluid", "free fluid (nearly as bright as the brightest tissue)"),
    "adaptive": ("bright tissue", "bright tissue (clearly brighter than fat and marrow)"),
    "*": ("fluid (grey {0}+)", "fluid (grey level {0} or more)"),
}


@dataclass(frozen=True)
class Fluid(Family):
    """Pixels as bright as fluid, on the series where fluid is bright.

    Effusion, oedema and a meniscal or Baker's cyst are bright on fat-suppressed images, and an
    abnormal amount or position of fluid is the key sign of pathology (Bien et al. 2018). A pixel
    counts as fluid at or above a grey level T. T is each of `thresholds`; ``adaptive``, the lowest
    grey level above the median of the regions of the stack (suppressed fat and marrow) plus
    `deviations` robust standard deviations (1.4826 times the median absolute deviation, at least
    1); and ``brightest``, nine tenths of the 99.9th percentile, rounded down, and at least
    ``adaptive``, because free fluid is the brightest tissue. Both are at most 255.

    Cartilage is nearly as bright, but thin: the core, which remains after an erosion by 5 by 5
    pixels, holds effusion and no cartilage. f is the fraction of the pixels of a region at or above
    T; f_k that of slice k; z_k from 0 to 1 the depth of slice k. Components are 3-D, 26-connected.
    The knee is described as a whole and by recess: an effusion collects in the suprapatellar pouch,
    a Baker's cyst behind the joint.

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

    ``*`` is a threshold, ``adaptive`` or ``brightest``. ``fraction_adaptive`` and
    ``fraction_brightest`` are also given for each slice, all else for the stack only. NaN where the
    region has no pixel; ``sharpness_*`` also where fluid has no boundary, and the statistics of
    ``brightest`` below ``n_components_*`` also where there is no fluid. Offsets are from the
    middle, so that neither the order of the slices nor the side of the leg matters.

    Marks are the fluid, its cores, its boundary or the 3-D components described. `describe_slices`
    has the statistics down to ``n_components_*``, of the part of those components on the slice, and
    f_k / mean f_k as ``peak_brightest``; positions and shapes have no value per slice.

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
    weightings: ClassVar[tuple[str, ...]] = ("fluid",)
    region_sets: ClassVar[tuple[str, ...]] = ("knee", "recesses")
    uses_neighbouring_slices: ClassVar[bool] = True
    words: ClassVar[Mapping[str, Words]] = fill_nouns(
        {
            "fraction_@": Words("@", "more @", "share of @"),
            "core_@": Words("thick @", "thicker @", "share of @ in layers of 5 pixels or more"),
            "sharpness_@": Words(
                "edge of @", "sharper edge", "mean grey level step at the edge of @"
            ),
            "largest_component_@": Words(
                "largest pocket of @", "a larger pocket", "share taken by the largest pocket of @"
            ),
            "top3_components_@": Words(
                "3 largest pockets of @",
                "larger pockets",
                "share taken by the three largest pockets of @",
            ),
            "n_components_@": Words("number of pockets of @", "more separate pockets"),
        },
        _FLUIDS,
    ) | fill_nouns(
        {
            "peak_@": Words(
                "@ {where}: peak slice over mean",
                "concentrated on few slices",
                "share of @ on the fullest slice over that of the mean slice",
            ),
            "peak_slice_offset_@": Words(
                "@ {where}: peak off middle slice",
                _ENDS,
                "distance from the middle slice to the slice with the most @",
            ),
            "centre_slice_offset_@": Words(
                "@ {where}: centre off middle slice",
                _ENDS,
                "distance from the middle slice to the centre of @",
            ),
            "spread_@": Words(
                "@ {where}: extent over slices",
                "on more slices",
                "standard deviation over the slices of the position of @",
            ),
            "component_row_@": Words(
                "largest fluid pocket {where}: how low",
                "further down (axial: further back)",
                "row, 0 at the top and 1 at the bottom of the region, of the largest pocket of @",
            ),
            "component_column_offset_@": Words(
                "largest fluid pocket {where}: off middle column",
                "further from the middle column",
                "distance from the middle column to the largest pocket of @",
            ),
            "component_slice_offset_@": Words(
                "largest fluid pocket {where}: off middle slice",
                _ENDS,
                "distance from the middle slice to the largest pocket of @",
            ),
            "component_elongation_@": Words(
                "largest fluid pocket {where}: elongation",
                "longer and thinner",
                "longer over shorter axis of the largest pocket of @",
            ),
            "component_fill_@": Words(
                "largest fluid pocket {where}: fullness",
                "more like a box",
                "share of its bounding box filled by the largest pocket of @",
            ),
        },
        {"brightest": _FLUIDS["brightest"]},
    )

    thresholds: tuple[int, ...] = (192,)
    deviations: float = 3.0

    def __post_init__(self) -> None:
        if not all(1 <= threshold <= 255 for threshold in self.thresholds):
            raise ValueError(f"`thresholds` must be grey levels 1 to 255, got {self.thresholds}.")
        if len(set(self.thresholds)) < len(self.thresholds):
            raise ValueError(f"`thresholds` must not repeat a value, got {self.thresholds}.")

    def count(self, stack: Stack) -> Counts:
        """Histogram; components, cores and boundaries at each threshold."""
        counts = histogram(stack)
        adaptive, brightest = self._adapt(merge_slices(counts, stack.exam_starts))
        xp = namespace(counts)
        fixed = (xp.full_like(adaptive, threshold) for threshold in self.thresholds)
        return count_fluid(stack, counts, (*fixed, adaptive, brightest))

    def describe(self, counts: Counts) -> Statistics:
        """Fraction of each slice at the adaptive and the brightest threshold."""
        pairs = list(zip(self._names(), counts.thresholds, strict=True))[-2:]
        return {f"fraction_{name}": fraction_from(counts.histogram, at) for name, at in pairs}

    def describe_stack(self, counts: Counts, exam_starts: Sequence[int]) -> Statistics:
        """All statistics of the table in the class docstring."""
        statistics: dict[str, Array] = {}
        for name, values in zip(self._names(), describe_amounts(counts, exam_starts), strict=True):
            statistics |= {f"{key}_{name}": value for key, value in values.items()}
        slices = fraction_from(counts.histogram, counts.thresholds[-1])
        last = _describe_profile(slices, exam_starts)
        last |= describe_largest(counts.components[-1], counts.boxes)
        return statistics | {f"{key}_brightest": value for key, value in last.items()}

    def describe_slices(self, stack: Stack) -> Statistics:
        """Amounts on each slice, and the profile of the brightest fluid over the slices."""
        counts = self.counts_of(stack)
        found: dict[str, Array] = {}
        for k, name in enumerate(self._names()):
            amounts = describe_amount_slices(stack, counts, k)
            found |= {f"{key}_{name}": values for key, values in amounts.items()}
        slices = found["fraction_brightest"]
        profile = np.where(np.isnan(slices), 0.0, slices)
        relative = divide(profile, np.mean(profile, axis=0) + 0 * profile)
        return found | {"peak_brightest": relative + 0 * slices}

    def find_pixels(self, stack: Stack, statistic: str) -> BoolArray:
        """Fluid, its cores, its boundary or its components."""
        part, _, name = statistic.rpartition("_")
        if part.startswith("component_"):
            part = "largest_component"
        return find_fluid(stack, self.counts_of(stack), self._names().index(name), part)

    def find_stack_pixels(self, stack: Stack, statistic: str) -> BoolArray:
        """Of the peak, the fluid on the slices with the highest fraction."""
        pixels = self.find_pixels(stack, statistic)
        if not statistic.startswith("peak"):
            return pixels
        counts = self.counts_of(stack)
        slices = fraction_from(counts.histogram, counts.thresholds[-1])
        highest = slices == np.max(np.where(np.isnan(slices), -1.0, slices), axis=0)
        found: BoolArray = pixels & paint_values(stack.regions, highest, False)
        return found

    def _names(self) -> list[str]:
        return [*(str(threshold) for threshold in self.thresholds), "adaptive", "brightest"]

    def _adapt(self, merged: Array) -> tuple[Array, Array]:
        """Adaptive and brightest threshold of each exam, 1..255."""
        xp = namespace(merged)
        total = as_float(xp.sum(merged, axis=1))
        grey = xp.arange(256, dtype=xp.float64)
        median = median_of_stacks(merged)
        # the median may end in .5, so distances are doubled to whole numbers
        twice = xp.arange(511, dtype=xp.float64)
        distance = xp.abs(2 * grey - 2 * median[:, None])
        by_distance = xp.sum(
            xp.where(distance[:, None, :] == twice[:, None], total[:, None, :], 0.0), axis=-1
        )
        deviation = MAD_TO_SD * quantile(by_distance, twice, 0.5) / 2
        beyond = self.deviations * xp.maximum(deviation, 1.0)
        brightest = SHARE * quantile(total, grey, BRIGHTEST)
        is_known = xp.sum(total, axis=-1) > 0

        def as_level(values: Array) -> Array:
            nothing = xp.full_like(values, 255.0)
            return xp.astype(xp.where(is_known, xp.minimum(values, nothing), nothing), xp.int32)

        adaptive = as_level(xp.floor(median + beyond) + 1)
        return adaptive, xp.maximum(as_level(xp.floor(brightest)), adaptive)


def _describe_profile(slices: Array, exam_starts: Sequence[int]) -> dict[str, Array]:
    """Peak, centre and spread of a profile over the slices of an exam."""
    xp = namespace(slices)
    n_slices = upload_lengths(exam_starts, slices)[:, None]
    slices = pad_slices(slices, exam_starts)
    depth = ((xp.arange(slices.shape[1], dtype=xp.float64) + 0.5) / n_slices)[:, None, :]
    profile = xp.permute_dims(xp.where(xp.isnan(slices), 0.0, slices), (0, 2, 1))
    share = divide(profile, xp.sum(profile, axis=-1, keepdims=True))
    highest = xp.max(profile, axis=-1)
    at_peak = xp.astype(profile == highest[..., None], xp.float64)
    peak_offset = divide(xp.sum(at_peak * xp.abs(2 * depth - 1), axis=-1), xp.sum(at_peak, axis=-1))
    centre = moment(share, depth)
    return {
        "peak": n_slices * xp.max(share, axis=-1),
        "peak_slice_offset": peak_offset + 0 * centre,
        "centre_slice_offset": xp.abs(2 * centre - 1),
        "spread": xp.sqrt(moment(share, depth, 2, about=centre)),
    }
