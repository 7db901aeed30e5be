"""Profiles: change of grey-level statistics over the slices of the stack."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from mrnet_features.arrays import Array, namespace
from mrnet_features.counts.histogram import histogram
from mrnet_features.families.base import Counts, Family, Statistics, Words
from mrnet_features.families.documentation import fill_nouns
from mrnet_features.formulas.exam_axis import pad_slices
from mrnet_features.formulas.histogram import as_float, moment, nan_mean, normalise, quantiles
from mrnet_features.stacks.exam_slices import upload_lengths
from mrnet_features.stacks.stack import Stack

N_POINTS = 16
WAVES = (2, 4, 6)  # even waves do not change when the slices are reversed

_PROFILES = {
    "mean": ("mean grey level", "mean grey level"),
    "std": ("spread of grey levels", "standard deviation of grey levels"),
    "p10": ("dark tissue", "10th percentile of grey levels"),
    "p90": ("bright tissue", "90th percentile of grey levels"),
}


@dataclass(frozen=True)
class Profiles(Family):
    """Change of grey-level statistics over the depth of the stack.

    A lesion fills only some slices, so it bends the profile of brightness. A profile v is a
    statistic by slice (``mean``, ``std``, the 10th and 90th percentile ``p10`` and ``p90`` of the
    grey levels), resampled to 16 points. Its shape is described by discrete cosine coefficients: 2
    is middle against ends, 4 and 6 are finer. Odd coefficients change sign when the slices are
    reversed and are left out.

    ============ ====================================================== =========== =========
    statistic    formula                                                unit        range
    ============ ====================================================== =========== =========
    mean_*       c_k = 1/16 sum_j v_j cos(pi k (j + 1/2) / 16), k = *   grey levels -255..255
    std_*        likewise                                               grey levels -255..255
    p10_*        likewise                                               grey levels -255..255
    p90_*        likewise                                               grey levels -255..255
    ============ ====================================================== =========== =========

    ``*`` is 2, 4 or 6, or ``steps``: the root mean square of the differences between neighbouring
    points of the resampled profile, 0..255. For the stack only. A slice without a pixel of the
    region takes the mean of the others; NaN where no slice has one.

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((4, 1, 2), np.uint8)
    >>> family, stack = Profiles(), Stack(ones * np.uint8(9), ones, ones, n_levels=1)
    >>> float(family.describe_stack(family.count(stack), stack.exam_starts)["mean_steps"][0, 0])
    0.0
    """

    name: ClassVar[str] = "profiles"
    uses_neighbouring_slices: ClassVar[bool] = True
    words: ClassVar[Mapping[str, Words]] = fill_nouns(
        {
            "@_2": Words(
                "@: ends against middle of the stack",
                "more at the ends of the stack",
                "difference in @ between the ends and the middle of the stack",
            ),
            "@_4": Words(
                "@: ends and middle against the rest",
                "more at the ends and in the middle of the stack",
                "difference in @ between ends and middle and the rest of the stack",
            ),
            "@_6": Words("@: fine wave over the slices", "", "fine wave over the slices of @"),
            "@_steps": Words(
                "@: steps between slices",
                "changes more from slice to slice",
                "root mean square step from slice to slice of @",
            ),
        },
        _PROFILES,
    )

    def count(self, stack: Stack) -> Counts:
        """Histogram of grey levels."""
        return histogram(stack)

    def describe(self, counts: Counts) -> Statistics:  # noqa: ARG002
        """No statistics: a profile needs all slices."""
        return {}

    def describe_stack(self, counts: Counts, exam_starts: Sequence[int]) -> Statistics:
        """All statistics of the table in the class docstring."""
        xp = namespace(counts)
        counts = as_float(counts)
        grey = xp.arange(256, dtype=xp.float64)
        shares = normalise(counts)
        mean = moment(shares, grey)
        p10, p90 = quantiles(counts, grey, (0.1, 0.9))
        slices = {
            "mean": mean,
            "std": xp.sqrt(moment(shares, grey, 2, about=mean)),
            "p10": p10,
            "p90": p90,
        }
        points = xp.arange(N_POINTS, dtype=xp.float64) + 0.5
        found: dict[str, Array] = {}
        for name, values in slices.items():
            profile = _resample(values, exam_starts)
            for k in WAVES:
                wave = xp.cos(math.pi * k / N_POINTS * points)[:, None]
                found[f"{name}_{k}"] = xp.mean(profile * wave, axis=1)
            steps = profile[:, 1:, :] - profile[:, :-1, :]
            found[f"{name}_steps"] = xp.sqrt(xp.mean(steps**2, axis=1))
        return found


def _resample(slices: Array, exam_starts: Sequence[int]) -> Array:
    """Profiles at 16 evenly spaced depths, linear between slices, constant beyond them."""
    xp = namespace(slices)
    padded = pad_slices(slices, exam_starts)
    filled = xp.where(xp.isnan(padded), nan_mean(padded, axis=1)[:, None, :], padded)
    n_slices = upload_lengths(exam_starts, slices)[:, None]
    depth = (xp.arange(N_POINTS, dtype=xp.float64) + 0.5) / N_POINTS * n_slices - 0.5
    position = xp.minimum(xp.maximum(depth, 0.0), n_slices - 1.0)
    distance = xp.abs(position[:, :, None] - xp.arange(padded.shape[1], dtype=xp.float64))
    weight = xp.maximum(1 - distance, 0.0)
    return xp.sum(weight[..., None] * filled[:, None, ...], axis=2)
