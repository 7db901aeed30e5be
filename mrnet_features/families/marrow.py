"""Marrow: oedema in the bones, dark on T1 and bright where fat is suppressed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from mrnet_features.arrays import Array, BoolArray, namespace
from mrnet_features.counts.boundaries import boundaries, find_cores
from mrnet_features.counts.components_3d import (
    Components3D,
    components_3d,
    count_by_slice,
    find_largest,
    number_components,
    sum_by_region,
)
from mrnet_features.counts.histogram import histogram
from mrnet_features.counts.smoothing import smooth
from mrnet_features.families.base import Counts, Family, Statistics, Words
from mrnet_features.families.documentation import fill_nouns
from mrnet_features.formulas.component_shapes import sum_sizes
from mrnet_features.formulas.exam_axis import merge_slices, repeat_exams
from mrnet_features.formulas.histogram import (
    as_float,
    divide,
    median_of_stacks,
    moment,
    normalise,
    quantile,
    quantiles,
)
from mrnet_features.stacks.mark import paint_values
from mrnet_features.stacks.stack import Stack

SIDE = 5  # pixels averaged: about 3 mm, to remove trabeculae and the scar of the growth plate
LEVELS = {"level_p1": 0.01, "level_p10": 0.1, "level_p90": 0.9, "level_p99": 0.99}  # quantiles
CORE_SIDE = 9  # pixels, about 5 mm: thicker than cartilage and cortex at the edge of a box


class MarrowCounts(NamedTuple):
    """Counts of the marrow family.

    Attributes
    ----------
    histogram : array of shape (n_slices, n_regions, 256), int32
        Of the averaged grey levels.
    reference : array of shape (n_exams,), int32
        Grey level of healthy marrow of each exam, doubled.
    patches : tuple of Components3D
        Components of each share: bright for shares above 1, else dark.
    cores : tuple of array of shape (n_slices, n_regions), int32
        Number of squares of 9 by 9 pixels in those patches.
    """

    histogram: Array
    reference: Array
    patches: tuple[Components3D, ...]
    cores: tuple[Array, ...]


@dataclass(frozen=True)
class Marrow(Family):
    """Patches of oedema in the marrow above and below the joint line.

    Bone bruise and oedema replace fat by water: a dark patch in bright marrow on T1, a bright
    patch in dark marrow where fat is suppressed. A bruise of the lateral compartment has a
    sensitivity of 54 % and a specificity of 100 % for an ACL tear (Gentili et al. 1994), and
    subchondral oedema comes with meniscal and cartilage lesions. Grey levels are averaged over 5
    by 5 pixels; R is their median over the bones. A patch is the pixels at or above a share of R
    if the share is above 1, else the pixels at or below it. Femur and tibia are separate regions;
    the extractor folds their two sides, which gives the asymmetry.

    ============== =========================================== ======== =====
    statistic      formula                                     unit     range
    ============== =========================================== ======== =====
    fraction_*     patch pixels / region                       fraction 0..1
    largest_*      pixels of the largest 3-D patch / region    fraction 0..1
    core_*         squares of 9 x 9 patch pixels / region      fraction 0..1
    level_p1       1st percentile / R                          fraction 0..
    level_p10      10th percentile / R                         fraction 0..
    level_p90      90th percentile / R                         fraction 0..
    level_p99      99th percentile / R                         fraction 0..
    level_spread   standard deviation / R                      fraction 0..
    ============== =========================================== ======== =====

    ``*`` is the share. For the stack only. NaN where the region has no pixel; levels also
    where R is 0.

    Marks are the patches, their cores, the largest 3-D patch, and the averaged pixels at or below
    the percentile (1st, 10th) or at or above it (90th, 99th). `describe_slices` has all statistics;
    ``largest_*`` is the part of the stack's largest patch on the slice.

    Parameters
    ----------
    shares : tuple of float, default (0.6, 0.8, 1.25, 1.6)

    Examples
    --------
    >>> import numpy as np
    >>> grey = np.full((1, 40, 40), 50, np.uint8)
    >>> grey[0, :, :10] = 100
    >>> ones = np.ones_like(grey)
    >>> family, stack = Marrow(), Stack(grey, ones, ones, n_levels=1)
    >>> found = family.describe_stack(family.count(stack), stack.exam_starts)
    >>> float(found["fraction_1p6"][0, 0].round(3))
    0.25
    """

    name: ClassVar[str] = "marrow"
    region_sets: ClassVar[tuple[str, ...]] = ("bones",)
    uses_neighbouring_slices: ClassVar[bool] = True
    words: ClassVar[Mapping[str, Words]] = (
        fill_nouns(
            {
                "fraction_0p*": Words(
                    "dark marrow (0.{0} x)", "more dark marrow", "share of marrow @"
                ),
                "largest_0p*": Words(
                    "largest dark patch (0.{0} x)",
                    "a larger dark patch",
                    "share taken by the largest patch of marrow @",
                ),
                "core_0p*": Words(
                    "thick dark patches (0.{0} x)",
                    "thicker dark patches",
                    "share of thick patches (9 pixels or more) of marrow @",
                ),
            },
            {"": ("", "at or below 0.{0} times its median, as oedema is on T1,")},
        )
        | fill_nouns(
            {
                "fraction_*": Words(
                    "bright marrow ({0} x)", "more bright marrow", "share of marrow @"
                ),
                "largest_*": Words(
                    "largest bright patch ({0} x)",
                    "a larger bright patch",
                    "share taken by the largest patch of marrow @",
                ),
                "core_*": Words(
                    "thick bright patches ({0} x)",
                    "thicker bright patches",
                    "share of thick patches (9 pixels or more) of marrow @",
                ),
            },
            {"": ("", "at or above {0} times its median, as oedema is where fat is suppressed,")},
        )
        | {
            "level_p1": Words(
                "darkest marrow (1 %)",
                "fewer dark patches",
                "1st percentile over median of the marrow",
            ),
            "level_p10": Words(
                "dark marrow (10 %)",
                "fewer dark patches",
                "10th percentile over median of the marrow",
            ),
            "level_p90": Words(
                "bright marrow (90 %)",
                "more bright patches",
                "90th percentile over median of the marrow",
            ),
            "level_p99": Words(
                "brightest marrow (99 %)",
                "more bright patches",
                "99th percentile over median of the marrow",
            ),
            "level_spread": Words(
                "patchiness of marrow",
                "patchier marrow",
                "standard deviation over median of the marrow",
            ),
        }
    )

    shares: tuple[float, ...] = (0.6, 0.8, 1.25, 1.6)

    def __post_init__(self) -> None:
        if not self.shares or any(share <= 0 or share == 1 for share in self.shares):
            raise ValueError(
                f"`shares` must hold at least one value, each above 0 and not 1, got {self.shares}."
            )

    def count(self, stack: Stack) -> Counts:
        """Histogram and patches of the averaged grey levels."""
        mean = stack.with_grey(smooth(stack, side=SIDE))
        counts = histogram(mean)
        xp = namespace(counts)
        median = median_of_stacks(merge_slices(counts, stack.exam_starts))
        patches, cores = [], []
        for share in self.shares:
            image, threshold = _cut(mean, share, median)
            patches.append(components_3d(image, threshold=threshold))
            cores.append(boundaries(image, threshold=threshold, side=CORE_SIDE).core)
        reference = xp.astype(xp.floor(2 * median), xp.int32)
        return MarrowCounts(counts, reference, tuple(patches), tuple(cores))

    def describe(self, counts: Counts) -> Statistics:  # noqa: ARG002
        """No statistics: a patch is 3-D."""
        return {}

    def describe_stack(self, counts: Counts, exam_starts: Sequence[int]) -> Statistics:
        """All statistics of the table in the class docstring."""
        xp = namespace(counts.histogram)
        merged = as_float(merge_slices(counts.histogram, exam_starts))
        n_pixels = xp.sum(merged, axis=-1)
        cores = merge_slices(xp.stack(counts.cores, axis=1), exam_starts)
        core = divide(as_float(cores), n_pixels[:, None, :])
        patches = sum_sizes(counts.patches, *n_pixels.shape)
        found: dict[str, Array] = {}
        for k, share in enumerate(self.shares):
            name = _name_share(share)
            found[f"fraction_{name}"] = divide(patches["total"][k, ...], n_pixels)
            found[f"largest_{name}"] = divide(patches["largest"][k, ...], n_pixels)
            found[f"core_{name}"] = core[:, k, :]
        return found | _describe_levels(merged, as_float(counts.reference)[:, None] / 2)

    def describe_slices(self, stack: Stack) -> Statistics:
        """The same statistics of each slice."""
        counts = self.counts_of(stack)
        hist = as_float(counts.histogram)
        n_pixels = hist.sum(axis=-1)
        found: dict[str, Array] = {}
        mean = stack.with_grey(smooth(stack, side=SIDE))
        for share, patch, core in zip(self.shares, counts.patches, counts.cores, strict=True):
            name = _name_share(share)
            image, threshold = _cut(mean, share, as_float(counts.reference) / 2)
            by_slice = count_by_slice(image, threshold=threshold)
            for part, pixels in (
                ("fraction", by_slice),
                ("largest", by_slice * find_largest(patch, 1)),
            ):
                number = sum_by_region(pixels, patch, stack.n_regions)
                found[f"{part}_{name}"] = divide(as_float(number), n_pixels)
            found[f"core_{name}"] = divide(as_float(core), n_pixels)
        return found | _describe_levels(hist, as_float(counts.reference)[:, None] / 2)

    def find_pixels(self, stack: Stack, statistic: str) -> BoolArray:
        """Patches, cores, the largest patches, or averaged pixels at or beyond a percentile.

        The percentile of ``level_*`` is that of the whole stack, as in the feature. A slice of
        `describe_slices` is a stack of its own, so its value is the percentile of that slice.
        """
        counts = self.counts_of(stack)
        mean = stack.with_grey(smooth(stack, side=SIDE))
        if statistic == "level_spread":
            return super().find_pixels(stack, statistic)
        if statistic in LEVELS:
            merged = as_float(merge_slices(counts.histogram, stack.exam_starts))
            level = quantile(merged, np.arange(256.0), LEVELS[statistic])
            beyond = paint_values(stack.regions, level.repeat(stack.n_slices, axis=0), np.nan)
            is_low = LEVELS[statistic] < 0.5
            found: BoolArray = mean.grey <= beyond if is_low else mean.grey >= beyond
            return found
        part, _, name = statistic.partition("_")
        k = [_name_share(share) for share in self.shares].index(name)
        image, threshold = _cut(mean, self.shares[k], as_float(counts.reference) / 2)
        if part == "core":
            return find_cores(image, threshold=threshold, side=CORE_SIDE)
        if part == "largest":
            numbers = number_components(image, threshold=threshold)
            found = np.append(False, find_largest(counts.patches[k], 1))[numbers]
        else:
            found = (image.grey >= threshold[:, None, None]) & (stack.regions > 0)
        return found


def _name_share(share: float) -> str:
    return str(share).replace(".", "p")


def _cut(mean: Stack, share: float, median: Array) -> tuple[Stack, Array]:
    """Averaged grey levels, inverted to make dark patches bright, and the least level of a patch.

    The level is that of each slice; `median` is that of each exam.
    """
    xp = namespace(mean.grey)
    dark = share < 1
    image = mean.remember("inverted", lambda: mean.with_grey(255 - mean.grey)) if dark else mean
    level = 255 - xp.floor(share * median) if dark else xp.ceil(share * median)
    # `clip` of array-api-compat would make the host wait for a GPU
    level = xp.astype(xp.minimum(xp.maximum(level, 1.0), 256.0), xp.int32)
    return image, repeat_exams(level, mean.exam_starts, mean.n_slices)


def _describe_levels(counts: Array, reference: Array) -> dict[str, Array]:
    """Percentiles and standard deviation of histograms, in units of the reference."""
    xp = namespace(counts)
    grey = xp.arange(256, dtype=xp.float64)
    reference = reference + 0 * xp.sum(counts, axis=-1)
    at = quantiles(counts, grey, tuple(LEVELS.values()))
    found = {name: divide(level, reference) for name, level in zip(LEVELS, at, strict=True)}
    shares = normalise(counts)
    spread = xp.sqrt(moment(shares, grey, 2, about=moment(shares, grey)))
    return found | {"level_spread": divide(spread, reference)}
