"""Acquisition: size of the stack and of the region, which depend on protocol and knee size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from mrnet_features.arrays import namespace
from mrnet_features.counts.region_extents import region_extents
from mrnet_features.families.base import Counts, Family, Statistics, Words
from mrnet_features.formulas.exam_axis import pad_slices
from mrnet_features.formulas.histogram import as_float
from mrnet_features.stacks.exam_slices import upload_lengths
from mrnet_features.stacks.stack import Stack


@dataclass(frozen=True)
class Acquisition(Family):
    """Size of the stack and of the region.

    They can be shortcuts to the labels, so no preset contains them.

    On MRNet the number of slices alone reaches an AUC of .69 to .71 for abnormal, because it
    depends on the protocol, the year and the size of the patient. Add this family to see how much
    of a score comes from such shortcuts.

    ============ ========================================== ======== ======
    statistic    formula                                    unit     range
    ============ ========================================== ======== ======
    area         pixels in the region                       pixels   0..
    n_rows       rows in which the region has a pixel       pixels   0..
    n_columns    columns in which the region has a pixel    pixels   0..
    n_slices     slices of the stack (stack only)           slices   1..
    height       rows of a slice (stack only)               pixels   1..
    width        columns of a slice (stack only)            pixels   1..
    ============ ========================================== ======== ======

    For the stack, ``area`` is the sum and ``n_rows`` and ``n_columns`` are the largest
    over the slices. Never NaN.

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((2, 4, 3), np.uint8)
    >>> family, stack = Acquisition(), Stack(ones, ones, ones, n_levels=1)
    >>> float(family.describe_stack(family.count(stack), stack.exam_starts)["n_slices"][0, 0])
    2.0
    """

    name: ClassVar[str] = "acquisition"
    words: ClassVar[Mapping[str, Words]] = {
        "area": Words("area of the knee", "a larger knee or more slices"),
        "n_rows": Words("height of the knee", "a taller knee", stack="on the largest slice"),
        "n_columns": Words("width of the knee", "a wider knee", stack="on the largest slice"),
        "n_slices": Words("number of slices", "more slices", "number of slices of the knee", ""),
        "height": Words(
            "height of the picture", "more rows", "height of the picture of the knee", ""
        ),
        "width": Words(
            "width of the picture", "more columns", "width of the picture of the knee", ""
        ),
    }

    def count(self, stack: Stack) -> Counts:
        """Extents of the regions and of the slices."""
        return region_extents(stack)

    def describe(self, counts: Counts) -> Statistics:
        """First three statistics of the table in the class docstring."""
        counts = as_float(counts)
        return {name: counts[..., k] for k, name in enumerate(("area", "n_rows", "n_columns"))}

    def describe_stack(self, counts: Counts, exam_starts: Sequence[int]) -> Statistics:
        """All statistics of the table in the class docstring."""
        xp = namespace(counts)
        slices = pad_slices(as_float(counts), exam_starts, 0.0)
        largest = xp.max(slices, axis=1)
        n_slices = upload_lengths(exam_starts, counts)
        return {
            "area": xp.sum(slices[..., 0], axis=1),
            "n_rows": largest[..., 1],
            "n_columns": largest[..., 2],
            "n_slices": n_slices[:, None] + xp.zeros_like(largest[..., 0]),
            "height": largest[..., 3],
            "width": largest[..., 4],
        }
