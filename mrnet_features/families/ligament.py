"""Cruciate ligaments: dark bands in the notch of sagittal slices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mrnet_features.arrays import Array, namespace
from mrnet_features.counts.line_detector import (
    N_ORIENTATIONS,
    N_SAMPLES,
    PATCH,
    DarkLines,
    dark_lines,
    locate_lines,
)
from mrnet_features.families.base import Counts, Family, Statistics, Words
from mrnet_features.families.documentation import fill_nouns
from mrnet_features.formulas.exam_axis import pad_slices
from mrnet_features.formulas.histogram import as_float, divide, nan_mean
from mrnet_features.stacks.mark import Segment, SliceMark
from mrnet_features.stacks.stack import Stack

STEP = 180 / N_ORIENTATIONS  # degrees between orientations
ACL = (2, 3, 4, 5)  # 30 to 75 degrees, rising to the back
PCL = (7, 8, 9, 10)  # 105 to 150 degrees, falling to the back
ANGLES_ACL, ANGLES_PCL = (1, 2, 3, 4, 5, 6), (6, 7, 8, 9, 10, 11)  # averaged to an angle
SEEN = 12.0  # contrast in grey levels from which a band counts as seen
SHARPNESS = 4  # orientations are weighted by this power of the contrast

_INTACT = "a darker, more complete band: less likely torn"
_BEST = "on the slice where the band is most distinct"
_BANDS = {
    "acl": ("ACL band", "dark band of the anterior cruciate ligament"),
    "pcl": ("PCL band", "dark band of the posterior cruciate ligament"),
}


@dataclass(frozen=True)
class Ligament(Family):
    """Dark oblique bands in the intercondylar notch.

    An intact anterior cruciate ligament is a dark band in the notch that rises to the back; torn,
    it is absent or flat, with brighter tissue instead. An angle below 45 degrees has a
    sensitivity of 90 % and a specificity of 97 % for a tear, and the posterior cruciate ligament
    buckles (Gentili et al. 1994, Radiology 193:835). A band is 21 pixels long; its
    contrast c is the darker of its two sides minus the band, in mean grey levels, at the
    position in the region where it is largest. Bands are searched for in 12 orientations, 15
    degrees apart, and several widths; c_k is the largest contrast of orientation k over the widths,
    c+ = max(c, 0). The anterior ligament is searched for at 30 to 75 degrees, the posterior at 105
    to 150.

    ============== ============================================ ============ ======
    statistic      formula                                      unit         range
    ============== ============================================ ============ ======
    acl_contrast   max c_k over the anterior range              grey levels  ..255
    pcl_contrast   max c_k over the posterior range             grey levels  ..255
    acl_relative   acl_contrast / the darker side               fraction     ..1
    acl_continuity samples darker than both sides, of the same
                   band                                         fraction     0..1
    acl_angle      sum(k c+_k^4) / sum(c+_k^4), of orientations
                   15 to 90                                     degrees      15..90
    pcl_angle      likewise, of 90 to 165                       degrees      90..165
    acl_seen       slices with acl_contrast of at least 12 /
                   slices (stack only)                          fraction     0..1
    pcl_seen       likewise for pcl_contrast (stack only)       fraction     0..1
    ============== ============================================ ============ ======

    For the stack, the other statistics are those of the slice with the highest contrast of that
    ligament, averaged over ties. NaN where no band fits into the slice around the
    region; angles also where no orientation is darker than its sides.

    The mark of a slice is the band with the largest contrast in the ligament's range, for an angle
    in its wider range. `describe_slices` has 1 or 0 as ``acl_seen`` and ``pcl_seen``.

    Parameters
    ----------
    offsets : tuple of int, default (3, 5, 8)
        Pixels between the middle of a band and its sides: the widths searched for.

    Examples
    --------
    >>> import numpy as np
    >>> y, x = np.mgrid[:61, :61]
    >>> band = np.abs((60 - y) - x) <= 4  # rises to the right by 45 degrees
    >>> ones = np.ones((1, 61, 61), np.uint8)
    >>> stack = Stack(np.where(band, 20, 120).astype(np.uint8)[None], ones, ones, n_levels=1)
    >>> family = Ligament()
    >>> float(family.describe(family.count(stack))["acl_angle"][0, 0].round())
    45.0
    """

    name: ClassVar[str] = "ligament"
    planes: ClassVar[tuple[str, ...]] = ("sagittal",)
    region_sets: ClassVar[tuple[str, ...]] = ("notch",)
    words: ClassVar[Mapping[str, Words]] = fill_nouns(
        {
            "@_contrast": Words("@ contrast", _INTACT, "contrast of the @ with its sides", _BEST),
            "@_relative": Words(
                "relative @ contrast",
                _INTACT,
                "contrast of the @ with its sides over their brightness",
                _BEST,
            ),
            "@_continuity": Words(
                "@ continuity",
                _INTACT,
                "unbroken share of the length of the @",
                _BEST,
            ),
            "@_seen": Words(
                "slices that show the @", _INTACT, "share of the slices with a distinct @"
            ),
        },
        _BANDS,
    ) | {
        "acl_angle": Words(
            "ACL band angle",
            "a steeper band: less likely torn",
            "angle of the dark band of the ACL with the rows",
            _BEST,
        ),
        "pcl_angle": Words(
            "PCL band angle",
            "a flatter band",
            "angle of the dark band of the PCL with the rows",
            _BEST,
        ),
    }

    offsets: tuple[int, ...] = (3, 5, 8)

    def count(self, stack: Stack) -> Counts:
        """Strongest band for each slice, band width and orientation."""
        return dark_lines(stack, offsets=self.offsets)

    def describe(self, counts: Counts) -> Statistics:
        """First six statistics of the table in the class docstring."""
        acl, pcl = _describe_range(counts, ACL), _describe_range(counts, PCL)
        return {
            "acl_contrast": acl["contrast"],
            "pcl_contrast": pcl["contrast"],
            "acl_relative": acl["relative"],
            "acl_continuity": acl["continuity"],
            "acl_angle": _angle(counts, ANGLES_ACL),
            "pcl_angle": _angle(counts, ANGLES_PCL),
        }

    def describe_stack(self, counts: Counts, exam_starts: Sequence[int]) -> Statistics:
        """All statistics of the table in the class docstring."""
        described = self.describe(counts)
        slices = {name: pad_slices(values, exam_starts) for name, values in described.items()}
        xp = namespace(slices["acl_contrast"])
        found: dict[str, Array] = {}
        for name, values in slices.items():
            contrast = slices[f"{name[:3]}_contrast"]
            known = ~xp.isnan(contrast)
            highest = xp.max(xp.where(known, contrast, -float("inf")), axis=1)
            best = known & (contrast == highest[:, None, :])
            found[name] = nan_mean(xp.where(best, values, float("nan")), axis=1)
        for ligament in ("acl", "pcl"):
            contrast = slices[f"{ligament}_contrast"]
            known = xp.sum(xp.astype(~xp.isnan(contrast), xp.float64), axis=1)
            seen = xp.astype(xp.where(xp.isnan(contrast), 0.0, contrast) >= SEEN, xp.float64)
            found[f"{ligament}_seen"] = divide(xp.sum(seen, axis=1), known)
        return found

    def describe_slices(self, stack: Stack) -> Statistics:
        """All statistics of each slice."""
        found = dict(self.describe(self.counts_of(stack)))
        for ligament in ("acl", "pcl"):
            contrast = found[f"{ligament}_contrast"]
            seen = (contrast >= SEEN).astype(np.float64)
            found[f"{ligament}_seen"] = np.where(np.isnan(contrast), np.nan, seen)
        return found

    def mark(self, stack: Stack, statistic: str) -> tuple[SliceMark, ...]:
        """The strongest band of each slice that has a value."""
        marks = super().mark(stack, statistic)
        segments = self._find_segments(stack, statistic)
        return tuple(
            mark._replace(outline=None, segment=segments[mark.slice, mark.region])
            for mark in marks
            if not np.isnan(mark.value)
        )

    def mark_stack(self, stack: Stack, statistic: str) -> tuple[SliceMark, ...]:
        """The band of the slice with the highest contrast; all bands for the share of slices."""
        marks = self.mark(stack, statistic)
        strength = self.mark(stack, f"{statistic[:3]}_contrast")
        contrast = {(mark.slice, mark.region): mark.value for mark in strength}
        highest: dict[str, float] = {}
        for mark in strength:
            highest[mark.region] = max(mark.value, highest.get(mark.region, mark.value))
        is_share = statistic.endswith("_seen")
        kept = [
            mark
            for mark in marks
            if is_share or contrast[mark.slice, mark.region] == highest[mark.region]
        ]
        return tuple(sorted(kept, key=lambda mark: -contrast[mark.slice, mark.region]))

    def _find_segments(self, stack: Stack, statistic: str) -> dict[tuple[int, str], Segment]:
        """Ends of the band with the largest contrast, by slice and region."""
        ligament, _, name = statistic.partition("_")
        acl, pcl = (ANGLES_ACL, ANGLES_PCL) if name == "angle" else (ACL, PCL)
        first, *_, last = acl if ligament == "acl" else pcl
        contrast = _contrast(self.counts_of(stack))[..., first : last + 1]
        ends = locate_lines(stack, offsets=self.offsets)[..., first : last + 1, :, :]
        segments: dict[tuple[int, str], Segment] = {}
        for s in range(stack.n_slices):
            for r, region in enumerate(stack.region_names):
                best = int(np.argmax(contrast[s, r]))
                (y, x), (end_y, end_x) = ends[s, r].reshape(-1, 2, 2)[best].tolist()
                segments[s, region] = (float(y), float(x)), (float(end_y), float(end_x))
        return segments


def _contrast(counts: DarkLines) -> Array:
    """Grey levels by which bands are darker than their sides; -256 where there is none."""
    xp = namespace(counts.inside)
    contrast = (as_float(counts.beside) - as_float(counts.inside)) / (PATCH * N_SAMPLES)
    return xp.where(counts.found > 0, contrast, -256.0)


def _describe_range(counts: DarkLines, orientations: tuple[int, ...]) -> dict[str, Array]:
    """Contrast, relative contrast and continuity of the band with the highest contrast."""
    xp = namespace(counts.inside)
    first, last = orientations[0], orientations[-1] + 1

    def flat(values: Array) -> Array:
        return xp.reshape(values[..., first:last], (*values.shape[:2], -1))

    contrast = flat(_contrast(counts))
    highest = xp.max(contrast, axis=-1, keepdims=True)
    best = xp.astype(contrast == highest, xp.float64)
    share = best / xp.sum(best, axis=-1, keepdims=True)
    nothing = xp.zeros_like(highest[..., 0])
    unknown = xp.where(highest[..., 0] > -256, nothing, float("nan"))
    side = xp.sum(share * flat(as_float(counts.beside)), axis=-1) / (PATCH * N_SAMPLES)
    continuity = xp.sum(share * flat(as_float(counts.continuity)), axis=-1) / N_SAMPLES
    contrast = highest[..., 0] + unknown
    return {
        "contrast": contrast,
        "relative": divide(contrast, side, 0.0) + unknown,
        "continuity": continuity + unknown,
    }


def _angle(counts: DarkLines, orientations: tuple[int, ...]) -> Array:
    """Mean orientation in degrees, weighted by a power of the positive contrast."""
    xp = namespace(counts.inside)
    first, last = orientations[0], orientations[-1] + 1
    contrast = xp.max(_contrast(counts), axis=2)[..., first:last]
    weight = xp.maximum(contrast, 0.0) ** SHARPNESS
    degrees = STEP * xp.arange(first, last, dtype=xp.float64)
    return divide(xp.sum(weight * degrees, axis=-1), xp.sum(weight, axis=-1))
