"""Cells: grey level and thin structures at each place around the joint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mrnet_features.arrays import Array, BoolArray, Int64Array, UInt8Array, namespace, upload_once
from mrnet_features.counts.smoothing import smooth
from mrnet_features.counts.top_hats import TopHats, find_top_hats, top_hats
from mrnet_features.families.base import Counts, Family, Statistics, Words
from mrnet_features.families.documentation import fill_nouns
from mrnet_features.formulas.exam_axis import merge_slices, pad_slices
from mrnet_features.formulas.histogram import as_float, divide
from mrnet_features.stacks.exam_slices import count_slices
from mrnet_features.stacks.mark import SliceMark, paint_values, sort_marks
from mrnet_features.stacks.stack import Stack

SMOOTHING = 3  # pixels: the highest top-hat of single pixels would measure noise

_AT = "from @, relative to the contrast of the stack"
_DEPTHS = {
    "depth0": ("outer slices", "the slices in the outer half of the stack"),
    "depth1": ("inner slices", "the slices in the inner half of the stack"),
    "depth*": (
        "depth {0:+1}",
        "the slices at depth {0:+1} of {n_depths} from both ends of the stack",
    ),
}


@dataclass(frozen=True)
class Cells(Family):
    """Grey level and top-hats of each cell of a grid on the joint.

    Where a bright line lies tells a torn meniscus from joint fluid, and a defect from whole
    cartilage; so each small box has its own columns. The grid follows the joint plane: femoral
    cartilage, menisci, tibial cartilage and the bone beside them. Grey levels are first averaged
    over 3 by 3 pixels.
    The white top-hat w keeps bright structures narrower than `side` pixels, the black top-hat b
    dark ones (Soille 2004, Morphological Image Analysis, chapter 4). All statistics are in units
    of the contrast S of the stack, so that they do not depend on the gain of the scanner: M is the
    median, S the 90th minus the 10th percentile of the mean grey levels of its cells.

    ============= =============================== ========== =====
    statistic     formula                         unit       range
    ============= =============================== ========== =====
    level_depth*  (mean grey level - M) / S       contrast S real
    bright_depth* highest w of a pixel / S        contrast S 0..
    dark_depth*   highest b of a pixel / S        contrast S 0..
    ============= =============================== ========== =====

    ``*`` is the depth: 0 for the slices at both ends of the stack, the highest for those in the
    middle; the order of slices is unknown. All are statistics of the stack. NaN where the cell has
    no pixel at that depth, or S is 0.

    Marks are the cell, or the square around the pixel with the highest top-hat. `describe_slices`
    has all statistics, on the slices of their depth.

    Parameters
    ----------
    side : int, default 5
        Side of the square in pixels, odd; a pixel is about .6 mm.
    n_depths : int, default 2

    Examples
    --------
    >>> import numpy as np
    >>> grey = np.full((2, 9, 5), 40, np.uint8)
    >>> grey[0, 4] = 94  # one row, so 18 above 40 when averaged; the mean is 46
    >>> grey[1] = 121  # S = 0.9 (121 - 46) - 0.1 (121 - 46) = 60
    >>> regions = np.ones_like(grey)
    >>> regions[1] = 2
    >>> stack = Stack(grey, np.ones_like(grey), regions, 1, ("one", "other"))
    >>> family = Cells(n_depths=1)
    >>> found = family.describe_stack(family.count(stack), stack.exam_starts)
    >>> found["bright_depth0"].round(3), found["level_depth0"].round(3)
    (array([[0.3, 0. ]]), array([[-0.625,  0.625]]))
    """

    name: ClassVar[str] = "cells"
    planes: ClassVar[tuple[str, ...]] = ("coronal", "sagittal")
    region_sets: ClassVar[tuple[str, ...]] = ("cells",)
    uses_neighbouring_slices: ClassVar[bool] = True
    words: ClassVar[Mapping[str, Words]] = fill_nouns(
        {
            "level_@": Words("grey level {where}, @", "brighter", "grey level", _AT),
            "bright_@": Words(
                "bright line {where}, @",
                "a brighter thin line or spot",
                "strongest thin bright line or spot",
                _AT,
            ),
            "dark_@": Words(
                "dark line {where}, @",
                "a darker thin line or spot",
                "strongest thin dark line or spot",
                _AT,
            ),
        },
        _DEPTHS,
    )

    side: int = 5
    n_depths: int = 2

    def __post_init__(self) -> None:
        if self.n_depths < 1:
            raise ValueError(f"`n_depths` must be 1 or more, got {self.n_depths}.")

    def count(self, stack: Stack) -> Counts:
        """Top-hats of the averaged grey levels."""
        return top_hats(stack.with_grey(smooth(stack, side=SMOOTHING)), side=self.side)

    def describe(self, counts: Counts) -> Statistics:  # noqa: ARG002
        """No statistics: a cell extends over several slices."""
        return {}

    def describe_stack(self, counts: TopHats, exam_starts: Sequence[int]) -> Statistics:
        """All statistics of the table in the class docstring."""
        xp = namespace(counts.grey)
        parts = self._split_depths(counts, exam_starts)
        levels = _average(parts, exam_starts)
        middle, contrast = _measure_contrast(levels)
        found = {
            f"level_depth{k}": divide(level - middle, contrast) for k, level in enumerate(levels)
        }
        for name in ("bright", "dark"):
            for k, part in enumerate(parts):
                slices = pad_slices(getattr(part, f"{name}_max"), exam_starts, fill=0)
                unknown = levels[k] - levels[k]  # NaN where there is no pixel, else 0
                highest = divide(as_float(xp.max(slices, axis=1)), contrast)
                found[f"{name}_depth{k}"] = highest + unknown
        return found

    def describe_slices(self, stack: Stack) -> Statistics:
        """The same statistics of each slice, NaN at other depths."""
        counts = self.counts_of(stack)
        parts = self._split_depths(counts, stack.exam_starts)
        middle, contrast = _measure_contrast(_average(parts, stack.exam_starts))
        found: dict[str, Array] = {}
        for k, part in enumerate(parts):
            level = divide(as_float(part.grey), as_float(part.n_pixels))
            scale = contrast + 0 * level
            found[f"level_depth{k}"] = divide(level - middle, scale)
            found[f"bright_depth{k}"] = divide(as_float(part.bright_max), scale)
            found[f"dark_depth{k}"] = divide(as_float(part.dark_max), scale)
        return found

    def find_pixels(self, stack: Stack, statistic: str) -> BoolArray:
        """Cells, or squares around the pixels with the highest top-hat, at that depth."""
        return self._find_pixels(stack, statistic, is_whole=False)

    def find_stack_pixels(self, stack: Stack, statistic: str) -> BoolArray:
        """Cells, or squares around the pixels with the highest top-hat of all slices."""
        return self._find_pixels(stack, statistic, is_whole=True)

    def mark_stack(self, stack: Stack, statistic: str) -> tuple[SliceMark, ...]:
        """Marks of the slices at that depth, the highest value first."""
        return sort_marks(super().mark_stack(stack, statistic), stack.n_slices, by_value=True)

    def _find_pixels(self, stack: Stack, statistic: str, *, is_whole: bool) -> BoolArray:
        name, _, depth = statistic.partition("_depth")
        at_depth = _find_depths(stack.exam_starts, stack.n_slices, self.n_depths) == int(depth)
        inside: BoolArray = (stack.regions > 0) & at_depth[:, None, None]
        if name == "level":
            return inside
        highest = getattr(self.counts_of(stack), f"{name}_max") * at_depth[:, None]
        if is_whole:
            highest = np.broadcast_to(highest.max(axis=0), highest.shape)
        top_hat = stack.remember((self, "top_hats"), lambda: self._find_top_hats(stack))[name]
        found = (top_hat == paint_values(stack.regions, highest, -1)) & (top_hat > 0) & inside
        return _draw_squares(found, stack.regions, self.side)

    def _find_top_hats(self, stack: Stack) -> dict[str, UInt8Array]:
        smoothed = stack.with_grey(smooth(stack, side=SMOOTHING))
        bright, dark = find_top_hats(smoothed, side=self.side)
        return {"bright": bright, "dark": dark}

    def _split_depths(self, counts: TopHats, exam_starts: Sequence[int]) -> list[TopHats]:
        """Counts of each depth, with zeros for the slices of other depths."""
        n_slices = counts.grey.shape[0]
        at_depth = upload_once(
            _find_depths, tuple(exam_starts), n_slices, self.n_depths, like=counts.grey
        )
        return [_keep_slices(counts, at_depth == k) for k in range(self.n_depths)]


def _draw_squares(centres: BoolArray, regions: UInt8Array, side: int) -> BoolArray:
    """Pixels of the squares around some pixels that lie in the same cell."""
    half = side // 2
    _, height, width = regions.shape
    margin = ((0, 0), (half, half), (half, half))
    cell_of = np.pad(np.where(centres, regions, np.uint8(0)), margin)
    drawn = np.zeros(regions.shape, bool)
    for y in range(side):
        for x in range(side):
            drawn |= cell_of[:, y : y + height, x : x + width] == regions
    found: BoolArray = drawn & (regions > 0)
    return found


def _average(parts: Sequence[TopHats], exam_starts: Sequence[int]) -> list[Array]:
    """Mean grey level of each cell at each depth: arrays of shape (n_exams, n_regions)."""
    merged = [merge_slices((part.n_pixels, part.grey), exam_starts) for part in parts]
    return [divide(as_float(grey), as_float(n_pixels)) for n_pixels, grey in merged]


def _measure_contrast(levels: Sequence[Array]) -> tuple[Array, Array]:
    """Median M and contrast S of the cells of each exam, of shape (n_exams, 1 or n_regions)."""
    xp = namespace(levels[0])
    together = xp.concat(list(levels), axis=1)
    low, middle, high = (_quantile(together, q)[:, None] for q in (0.1, 0.5, 0.9))
    return middle, high - low + xp.zeros_like(levels[0])


def _find_depths(exam_starts: Sequence[int], n_slices: int, n_depths: int) -> Int64Array:
    """Depth of each slice: 0 at both ends of its exam, `n_depths` - 1 in the middle."""
    lengths = count_slices(exam_starts, n_slices)
    length = lengths.repeat(lengths)
    position = np.arange(n_slices) - np.asarray(exam_starts, np.int64).repeat(lengths)
    from_end: Int64Array = np.minimum(position, length - 1 - position)
    depth: Int64Array = (2 * from_end + 1) * n_depths // length
    return np.minimum(depth, n_depths - 1)


def _keep_slices(counts: TopHats, is_kept: Array) -> TopHats:
    """Counts with zeros for the slices that are not kept."""
    xp = namespace(counts.grey)
    return TopHats(*(xp.where(is_kept[:, None], part, 0) for part in counts))


def _quantile(levels: Array, q: float) -> Array:
    """Quantile of the known values of each row, linear between order statistics; NaN for none."""
    xp = namespace(levels)
    unknown = xp.isnan(levels)
    infinite = xp.full_like(levels, float("inf"))
    ordered = xp.sort(xp.where(unknown, infinite, levels), axis=1)
    last = xp.sum(xp.astype(~unknown, xp.float64), axis=1, keepdims=True) - 1.0
    rank = q * xp.maximum(last, 0.0)
    lower = xp.floor(rank)
    upper = xp.minimum(lower + 1.0, xp.maximum(last, 0.0))
    at_lower, at_upper = (
        xp.take_along_axis(ordered, xp.astype(index, xp.int64), axis=1)[:, 0]
        for index in (lower, upper)
    )
    is_known = last[:, 0] >= 0
    at_lower = xp.where(is_known, at_lower, float("nan"))
    at_upper = xp.where(is_known, at_upper, at_lower)
    return at_lower + (rank - lower)[:, 0] * (at_upper - at_lower)
