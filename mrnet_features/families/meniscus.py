"""Menisci: dark wedges at the joint line and bright clefts in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mrnet_features.arrays import Array, BoolArray, namespace
from mrnet_features.counts.histogram import histogram
from mrnet_features.counts.morphology import DarkAreas, dark_areas, find_clefts, find_dark_holes
from mrnet_features.families.base import Counts, Family, Statistics, Words
from mrnet_features.families.documentation import fill_nouns
from mrnet_features.formulas.exam_axis import merge_slices, pad_slices, repeat_exams
from mrnet_features.formulas.histogram import (
    as_float,
    divide,
    median_of_stacks,
    nan_mean,
)
from mrnet_features.stacks.mark import SliceMark, paint_values, sort_marks
from mrnet_features.stacks.stack import Stack

N_TOP = 3  # slices; a tear is seen on two or three

_SLICES = {
    "mean": ("mean of slices", "averaged over the slices"),
    "top": ("top 3 slices", "averaged over the three slices with the highest values"),
}


@dataclass(frozen=True)
class Meniscus(Family):
    """Bright clefts in dark menisci.

    A meniscus is a dark wedge on every sequence. A tear is a bright line or spot inside it, on at
    least two slices, most often in the back horn of the medial meniscus; a torn-off part leaves a
    short or blunt wedge (De Smet 2012, AJR 199:481). Dark pixels have at most `share` of the median
    grey level of the stack's regions. For a square of each of `sides` pixels, the cleft is the
    pixels that a closing adds to the dark ones: bright lines and spots up to that width. Each
    statistic is computed per slice; ``_mean`` is its mean over the slices of the region, ``_top``
    the mean of its three highest. The extractor folds the two sides of the knee, which gives their
    asymmetry.

    ================= ============================================== =========== =======
    statistic         formula                                        unit        range
    ================= ============================================== =========== =======
    dark_mean         dark pixels / region                           fraction    0..1
    dark_top          likewise                                       fraction    0..1
    blunt_mean        dark pixels / (columns x rows with two dark
                      pixels): .5 for a triangle, 1 for a block      fraction    0..1
    cleft*_mean       cleft pixels / (dark and cleft pixels)         fraction    0..1
    cleft*_top        likewise                                       fraction    0..1
    residue*_mean     white top-hat over the cleft / (dark and cleft
                      pixels)                                        grey levels 0..255
    residue*_top      likewise                                       grey levels 0..255
    hole_top          pixels enclosed by dark ones / dark pixels     fraction    0..
    hole_residue_top  their grey levels above dark / dark pixels     grey levels 0..
    ================= ============================================== =========== =======

    ``*`` is the side of the square. For the stack only. NaN where no slice has a pixel of the
    region, or no dark pixel where that is the denominator.

    Marks are the dark pixels, the cleft or the holes; of ``_top`` on the three slices with the
    highest values. `describe_slices` has the values that are averaged.

    Parameters
    ----------
    sides : tuple of int, default (3, 5, 7)
        Widths of clefts in pixels, odd; a pixel is about .6 mm.
    share : float, default 0.55

    Examples
    --------
    >>> import numpy as np
    >>> grey = np.full((1, 7, 20), 100, np.uint8)
    >>> grey[0, :, :9] = 10
    >>> grey[0, 3, 2:7] = 60
    >>> ones = np.ones_like(grey)
    >>> family, stack = Meniscus(sides=(3,)), Stack(grey, ones, ones, n_levels=1)
    >>> found = family.describe_stack(family.count(stack), stack.exam_starts)
    >>> float(found["cleft3_top"][0, 0].round(3))
    0.079
    """

    name: ClassVar[str] = "meniscus"
    planes: ClassVar[tuple[str, ...]] = ("coronal", "sagittal")
    region_sets: ClassVar[tuple[str, ...]] = ("menisci",)
    uses_neighbouring_slices: ClassVar[bool] = True
    words: ClassVar[Mapping[str, Words]] = fill_nouns(
        {
            "dark_@": Words(
                "dark area {where}, @", "more dark meniscus", "share of dark pixels", "@"
            ),
            "blunt_@": Words(
                "blunt wedge {where}, @", "a blunter wedge", "bluntness of the dark wedge", "@"
            ),
            "cleft*_@": Words(
                "{0} px cleft {where}, @",
                "more clefts",
                "share of bright clefts up to {0} pixels wide in the dark wedge",
                "@",
            ),
            "residue*_@": Words(
                "{0} px cleft signal {where}, @",
                "more or brighter clefts",
                "brightness of clefts up to {0} pixels wide in the dark wedge",
                "@",
            ),
            "hole_@": Words(
                "bright spots {where}, @",
                "more spots",
                "share of bright spots enclosed by the dark wedge",
                "@",
            ),
            "hole_residue_@": Words(
                "spot signal {where}, @",
                "more or brighter spots",
                "brightness of spots enclosed by the dark wedge",
                "@",
            ),
        },
        _SLICES,
    )

    sides: tuple[int, ...] = (3, 5, 7)
    share: float = 0.55

    def count(self, stack: Stack) -> Counts:
        """Dark areas, from a threshold at a share of the median."""
        return dark_areas(stack, threshold=self._find_threshold(stack), sides=self.sides)

    def describe(self, counts: Counts) -> Statistics:  # noqa: ARG002
        """No statistics: most slices of a region show no meniscus."""
        return {}

    def describe_stack(self, counts: Counts, exam_starts: Sequence[int]) -> Statistics:
        """All statistics of the table in the class docstring."""
        slices = self._describe_slices(counts)
        return {
            f"{name}_{pool}": _POOLS[pool](pad_slices(slices[name], exam_starts))
            for name, pool in self._list_statistics()
        }

    def describe_slices(self, stack: Stack) -> Statistics:
        """The same statistics of each slice, before they are averaged."""
        slices = self._describe_slices(self.counts_of(stack))
        return {f"{name}_{pool}": slices[name] for name, pool in self._list_statistics()}

    def find_pixels(self, stack: Stack, statistic: str) -> BoolArray:
        """Dark pixels, clefts or holes."""
        name = statistic.rpartition("_")[0]
        threshold = self._find_threshold(stack)
        if name.startswith("hole"):
            return find_dark_holes(stack, threshold=threshold)
        side = name.removeprefix("cleft").removeprefix("residue")
        if side != name:
            return find_clefts(stack, threshold=threshold, side=int(side))
        dark: BoolArray = (stack.grey <= threshold[:, None, None]) & (stack.regions > 0)
        return dark

    def find_stack_pixels(self, stack: Stack, statistic: str) -> BoolArray:
        """Of ``_top``, pixels on the three slices with the highest values, and on ties."""
        pixels = self.find_pixels(stack, statistic)
        if statistic.endswith("_mean"):
            return pixels
        slices = self.describe_slices(stack)[statistic]
        known = np.sort(np.where(np.isnan(slices), -1.0, slices), axis=0)
        is_top = slices >= known[-min(N_TOP, len(known))]
        found: BoolArray = pixels & paint_values(stack.regions, is_top, False)
        return found

    def mark_stack(self, stack: Stack, statistic: str) -> tuple[SliceMark, ...]:
        """Marks of the slices that are averaged, the highest value first."""
        return sort_marks(super().mark_stack(stack, statistic), stack.n_slices, by_value=True)

    def _find_threshold(self, stack: Stack) -> Array:
        """Highest grey level of a dark pixel in each slice."""
        counts = histogram(stack)
        xp = namespace(counts)
        darkest = xp.floor(self.share * median_of_stacks(merge_slices(counts, stack.exam_starts)))
        return repeat_exams(xp.astype(darkest, xp.int32), stack.exam_starts, stack.n_slices)

    def _list_statistics(self) -> list[tuple[str, str]]:
        """Name and pool of each statistic."""
        names = [("dark", "mean"), ("dark", "top"), ("blunt", "mean")]
        for side in self.sides:
            for part in ("cleft", "residue"):
                names += [(f"{part}{side}", "mean"), (f"{part}{side}", "top")]
        return [*names, ("hole", "top"), ("hole_residue", "top")]

    def _describe_slices(self, counts: DarkAreas) -> dict[str, Array]:
        """Values of each slice, by name without the pool."""
        dark = as_float(counts.dark)
        found = {
            "dark": divide(dark, as_float(counts.n_pixels)),
            "blunt": divide(dark, as_float(counts.width) * as_float(counts.height)),
            "hole": divide(as_float(counts.holes), dark),
            "hole_residue": divide(as_float(counts.hole_excess), dark),
        }
        for k, side in enumerate(self.sides):
            cleft = as_float(counts.filled[..., k])
            found[f"cleft{side}"] = divide(cleft, dark + cleft)
            found[f"residue{side}"] = divide(as_float(counts.residue[..., k]), dark + cleft)
        return found


def _mean(slices: Array) -> Array:
    return nan_mean(slices, axis=1)


def _top(slices: Array) -> Array:
    """Mean of the three highest values of each exam, or of fewer where fewer are not NaN."""
    xp = namespace(slices)
    known = ~xp.isnan(slices)
    lowest = xp.full_like(slices, -1.0)
    ordered = xp.sort(xp.where(known, slices, lowest), axis=1)
    highest = ordered[:, -min(N_TOP, slices.shape[1]) :, ...]
    return nan_mean(xp.where(highest < 0, float("nan"), highest), axis=1)


_POOLS = {"mean": _mean, "top": _top}
